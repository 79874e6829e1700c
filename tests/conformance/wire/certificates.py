"""CV certificates and a terminal's signature: TR-03110-3 v2.21, A.7, C and D. Nothing here imports the project."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .tlv import octets, parse, tlv, tree

ECDSA_SHA_256 = octets("04007F00070202020203")
AUTHENTICATION_TERMINAL = octets("04007F000703010202")
MUMEI_RIGHTS = octets("6981F790E2FCE18BB2DBD598F0FAC2EADADFD918")
#: Role bits of a CHAT's first octet.
CVCA, OFFICIAL, NON_OFFICIAL, TERMINAL = 0xC0, 0x80, 0x40, 0x00
_P = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"
_A = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC"
_B = "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"
_G = (
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
)
_R = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#: DO 81 to 85 and 87 of P-256, 86 being left out.
DOMAIN_PARAMETERS = tuple(
    (tag, octets(value)) for tag, value in (("81", _P), ("82", _A), ("83", _B), ("84", _G), ("85", _R))
)


@dataclass(frozen=True, slots=True)
class Key:
    """A private key of P-256."""

    secret: int = field(repr=False)

    @classmethod
    def fresh(cls) -> Key:
        return cls(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value)

    @property
    def point(self) -> bytes:
        public = ec.derive_private_key(self.secret, ec.SECP256R1()).public_key()
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, message: bytes) -> bytes:
        """r || s over SHA-256."""
        private = ec.derive_private_key(self.secret, ec.SECP256R1())
        r, s = utils.decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def day(value: date) -> bytes:
    """YYMMDD, a digit an octet."""
    return bytes(int(digit) for digit in value.strftime("%y%m%d"))


def chat(role: int, bits: int = 0) -> bytes:
    """7F4C of an authentication terminal."""
    rights = bytes((role | bits >> 32 & 0x3F,)) + (bits & 0xFFFFFFFF).to_bytes(4, "big")
    return tlv("7F4C", tlv("06", AUTHENTICATION_TERMINAL) + tlv("53", rights))


#: *CAN allowed*, *PIN management*, restricted identification, age verification.
ALL_BITS = 0x35


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate as octets: 7F4E and 5F37, as PSO takes them."""

    body: bytes
    signature: bytes

    @classmethod
    def from_whole(cls, whole: bytes) -> Certificate:
        """From 7F21."""
        objects = parse(tree(whole)["7F21"])
        return cls(body=tlv(*objects[0]), signature=tlv(*objects[1]))

    @property
    def pso(self) -> bytes:
        return self.body + self.signature

    @property
    def fields(self) -> dict[str, bytes]:
        return tree(tree(self.body)["7F4E"])

    @property
    def car(self) -> bytes:
        return self.fields["42"]

    @property
    def chr(self) -> bytes:
        return self.fields["5F20"]

    @property
    def chat(self) -> bytes:
        return tlv("7F4C", self.fields["7F4C"])


def issue(
    *,
    car: bytes,
    signer: Key,
    chr: bytes,
    point: bytes,
    role: int,
    effective: date,
    expiration: date,
    bits: int = ALL_BITS,
    extension: bytes = b"",
    with_parameters: bool = False,
    algorithm: bytes = ECDSA_SHA_256,
) -> Certificate:
    """A certificate by ``signer``. ``extension``: content of DO 80 of the project's extension."""
    parameters = DOMAIN_PARAMETERS if with_parameters else ()
    key = tlv("06", algorithm) + b"".join(tlv(tag, value) for tag, value in parameters) + tlv("86", point)
    if with_parameters:
        key += tlv("87", b"\x01")
    fields = tlv("5F29", b"\x00") + tlv("42", car) + tlv("7F49", key) + tlv("5F20", chr) + chat(role, bits)
    fields += tlv("5F25", day(effective)) + tlv("5F24", day(expiration))
    if extension:
        fields += tlv("65", tlv("73", tlv("06", MUMEI_RIGHTS) + tlv("80", extension)))
    body = tlv("7F4E", fields)
    return Certificate(body=body, signature=tlv("5F37", signer.sign(body)))


def challenge_input(card_key: bytes, challenge: bytes, terminal_key: bytes, auxiliary: bytes = b"") -> bytes:
    """What a terminal signs: ID_PICC || r_PICC || Comp(PK_PCD) || A_PCD (TR-03110-3, B.3)."""
    return card_key[1:33] + challenge + terminal_key[1:33] + auxiliary


#: Flags of the project's rights.
RECOGNISE = 0x02


def age_rights(
    context: bytes, name: str, *, ages: tuple[int, ...] = (20,), pin: bool = False, flags: int = 0
) -> bytes:
    """The project's CertificateRights (mumei.asn1): these ages or over, and what ``flags`` say."""
    predicates = b"".join(tlv("80", bytes((1, years))) for years in ages)
    party = tlv("04", context) + tlv("0C", name.encode())
    content = tlv("02", b"\x01") + tlv("A0", party) + tlv("A1", predicates)
    if flags:
        content += tlv("83", bytes((flags,)))
    if not pin:
        content += tlv("84", b"\x00")
    return tlv("30", content)
