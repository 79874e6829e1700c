"""Card-verifiable certificates: reading and building, TR-03110-3 v2.21, annex C and D.

``7F21 { 7F4E { 5F29 profile, 42 CAR, 7F49 public key, 5F20 CHR, 7F4C CHAT, 5F25 effective, 5F24 expiration,
[65 extensions] }, 5F37 signature }`` in this order. The signature is over 7F4E with tag and length, exactly as it
came. Reading checks form only: whose signature it is, and whether the curve is one the card knows, is
:mod:`mumei_core.eac.trust`'s business, so certificates of other curves and hashes can be read and shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from mumei_core.commands import codes
from mumei_core.eac.chat import Chat, Role
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv

#: Country (2), mnemonic (0..9), sequence number (5): C.1.1.
REFERENCE_LENGTHS: Final = range(7, 17)
#: Far above what a card takes in one command.
MAX_CERTIFICATE: Final = 4096
_CENTURY = 2000
_DATE_LENGTH = 6
_UNCOMPRESSED = 0x04
_ORDER = (
    codes.TAG_CERTIFICATE_PROFILE,
    codes.TAG_CERTIFICATE_CAR,
    codes.TAG_PUBLIC_KEY,
    codes.TAG_CERTIFICATE_CHR,
    codes.TAG_CHAT,
    codes.TAG_CERTIFICATE_EFFECTIVE,
    codes.TAG_CERTIFICATE_EXPIRATION,
)
_PARAMETER_TAGS = (
    codes.TAG_KEY_PRIME,
    codes.TAG_KEY_A,
    codes.TAG_KEY_B,
    codes.TAG_KEY_GENERATOR,
    codes.TAG_KEY_ORDER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainParameters:
    """An elliptic curve, y^2 = x^3 + ax + b modulo p. All but ``G`` (04 || X || Y) unsigned, shortest form."""

    p: bytes
    a: bytes
    b: bytes
    G: bytes
    order: bytes
    cofactor: bytes


#: The only curve that the card takes (FIPS 186-4, D.1.2.3).
P256: Final = DomainParameters(
    p=bytes.fromhex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"),
    a=bytes.fromhex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC"),
    b=bytes.fromhex("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"),
    G=bytes.fromhex(
        "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
        "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
    ),
    order=bytes.fromhex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
    cofactor=b"\1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """7F49. ``algorithm``: value octets of the OID; ``point``: 04 || X || Y of whatever curve.

    ``parameters`` are None where they are inherited: document verifiers and terminals MUST NOT carry them.
    """

    algorithm: bytes = codes.OID_TA_ECDSA_SHA_256
    point: bytes
    parameters: DomainParameters | None = None

    def to_octets(self) -> bytes:
        values = [(codes.TAG_OBJECT_IDENTIFIER, self.algorithm)]
        if self.parameters is not None:
            p = self.parameters
            values += zip(_PARAMETER_TAGS, (p.p, p.a, p.b, p.G, p.order), strict=True)
        values.append((codes.TAG_PUBLIC_POINT, self.point))
        if self.parameters is not None:
            values.append((codes.TAG_KEY_COFACTOR, self.parameters.cofactor))
        return ber_tlv.encode(codes.TAG_PUBLIC_KEY, b"".join(ber_tlv.encode(*item) for item in values))

    @classmethod
    def from_tlv(cls, item: Tlv) -> PublicKey:
        """Raises :class:`DecodingError`."""
        children = item.children()
        values = {child.tag: child.value for child in children}
        bare = [codes.TAG_OBJECT_IDENTIFIER, codes.TAG_PUBLIC_POINT]
        whole = [
            codes.TAG_OBJECT_IDENTIFIER,
            *_PARAMETER_TAGS,
            codes.TAG_PUBLIC_POINT,
            codes.TAG_KEY_COFACTOR,
        ]
        tags = [child.tag for child in children]
        if tags not in (bare, whole):
            raise DecodingError("a public key has all domain parameters or none, in their order")
        point = _point(values[codes.TAG_PUBLIC_POINT])
        parameters = None
        if tags == whole:
            p, a, b, G, order = (values[tag] for tag in _PARAMETER_TAGS)
            for number in (p, a, b, order, values[codes.TAG_KEY_COFACTOR]):
                if not number or number[0] == 0:
                    raise DecodingError("a domain parameter is not in its shortest form")
            parameters = DomainParameters(
                p=p, a=a, b=b, G=_point(G), order=order, cofactor=values[codes.TAG_KEY_COFACTOR]
            )
        algorithm = values[codes.TAG_OBJECT_IDENTIFIER]
        return cls(algorithm=algorithm, point=point, parameters=parameters)


@dataclass(frozen=True, slots=True)
class Extension:
    """73 { 06 OID, ... }: one certificate extension, as it came. ``content``: the objects behind the OID."""

    oid: bytes
    content: tuple[Tlv, ...]

    def to_octets(self) -> bytes:
        inner = ber_tlv.encode(codes.TAG_OBJECT_IDENTIFIER, self.oid)
        return ber_tlv.encode(codes.TAG_EXTENSION, inner + b"".join(item.to_bytes() for item in self.content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """7F4E, what is signed. ``car``: who signs; ``chr``: whose key it is; both days are inclusive."""

    car: bytes
    public_key: PublicKey
    chr: bytes
    chat: Chat
    effective: date
    expiration: date
    extensions: tuple[Extension, ...] = ()

    def __post_init__(self) -> None:
        for reference in (self.car, self.chr):
            check_reference(reference)
        if self.expiration < self.effective:
            raise DecodingError("a certificate expires before it is effective")

    def to_octets(self) -> bytes:
        values = (
            bytes([codes.CERTIFICATE_PROFILE]),
            self.car,
            None,
            self.chr,
            None,
            encode_date(self.effective),
            encode_date(self.expiration),
        )
        whole = {codes.TAG_PUBLIC_KEY: self.public_key.to_octets(), codes.TAG_CHAT: self.chat.to_octets()}
        parts = [
            whole[tag] if value is None else ber_tlv.encode(tag, value)
            for tag, value in zip(_ORDER, values, strict=True)
        ]
        if self.extensions:
            joined = b"".join(extension.to_octets() for extension in self.extensions)
            parts.append(ber_tlv.encode(codes.TAG_CERTIFICATE_EXTENSIONS, joined))
        return ber_tlv.encode(codes.TAG_CERTIFICATE_BODY, b"".join(parts))

    @classmethod
    def from_octets(cls, octets: bytes) -> Body:
        """Raises :class:`DecodingError` for anything that :meth:`to_octets` would not give."""
        children = ber_tlv.parse_one(octets, codes.TAG_CERTIFICATE_BODY).children()
        tags = tuple(child.tag for child in children)
        if tags not in (_ORDER, (*_ORDER, codes.TAG_CERTIFICATE_EXTENSIONS)):
            raise DecodingError("objects in a certificate are missing, repeated or out of order")
        profile, car, key, chr_, chat, effective, expiration = children[: len(_ORDER)]
        if profile.value != bytes([codes.CERTIFICATE_PROFILE]):
            raise DecodingError("unknown certificate profile")
        return cls(
            car=car.value,
            public_key=PublicKey.from_tlv(key),
            chr=chr_.value,
            chat=Chat.from_octets(chat.to_bytes()),
            effective=decode_date(effective.value),
            expiration=decode_date(expiration.value),
            extensions=_extensions(children[-1]) if len(children) > len(_ORDER) else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A CV certificate as it came. ``signed``: 7F4E with tag and length; ``signature``: plain r || s."""

    body: Body
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def issue(cls, body: Body, key: SigningKey) -> Certificate:
        """Sign ``body`` with the issuer's key."""
        signed = body.to_octets()
        return cls(body=body, signed=signed, signature=key.sign(signed))

    @property
    def role(self) -> Role:
        return self.body.chat.role

    @property
    def is_self_signed(self) -> bool:
        """Whether it names its own key as the signing one; says nothing about the signature."""
        return self.body.car == self.body.chr

    def to_pso(self) -> bytes:
        """7F4E and 5F37 without 7F21: the data field of PSO: Verify Certificate (B.3)."""
        return self.signed + ber_tlv.encode(codes.TAG_CERTIFICATE_SIGNATURE, self.signature)

    def to_octets(self) -> bytes:
        """7F21, as files hold it."""
        return ber_tlv.encode(codes.TAG_CERTIFICATE, self.to_pso())

    @classmethod
    def from_pso(cls, octets: bytes) -> Certificate:
        """Reads 7F4E and 5F37. Raises :class:`DecodingError`."""
        if len(octets) > MAX_CERTIFICATE:
            raise DecodingError("longer than any certificate")
        items = ber_tlv.parse(octets)
        if [item.tag for item in items] != [codes.TAG_CERTIFICATE_BODY, codes.TAG_CERTIFICATE_SIGNATURE]:
            raise DecodingError("a certificate is a body and a signature")
        signed, signature = items[0].to_bytes(), items[1].value
        if not signature or len(signature) % 2:
            raise DecodingError("a plain signature has two halves of one length")
        return cls(body=Body.from_octets(signed), signed=signed, signature=signature)

    @classmethod
    def from_octets(cls, octets: bytes) -> Certificate:
        """Reads 7F21. Raises :class:`DecodingError`."""
        return cls.from_pso(ber_tlv.parse_one(octets, codes.TAG_CERTIFICATE).value)


def check_reference(reference: bytes) -> None:
    """Raises :class:`DecodingError` for what cannot name a key: 7 to 16 octets of printable ISO 8859-1."""
    if len(reference) not in REFERENCE_LENGTHS:
        raise DecodingError("a reference has 7 to 16 octets: country, mnemonic, sequence number")
    if any(octet < 0x20 or 0x7F <= octet <= 0x9F for octet in reference):
        raise DecodingError("a reference holds a control character")


def encode_date(day: date) -> bytes:
    """YYMMDD, one digit an octet (D.2.1.3). Raises :class:`DecodingError` outside 2000..2099."""
    if not _CENTURY <= day.year < _CENTURY + 100:
        raise DecodingError("a certificate's dates lie in 2000 to 2099")
    return bytes(int(digit) for digit in day.strftime("%y%m%d"))


def decode_date(octets: bytes) -> date:
    """The reverse. Raises :class:`DecodingError` for another length, no digits, or no day of the calendar."""
    if len(octets) != _DATE_LENGTH or any(octet > 9 for octet in octets):
        raise DecodingError("a date has six digits, one an octet")
    year, month, day = (10 * octets[i] + octets[i + 1] for i in (0, 2, 4))
    try:
        return date(_CENTURY + year, month, day)
    except ValueError:
        raise DecodingError("there is no such day") from None


def _point(octets: bytes) -> bytes:
    if len(octets) < 3 or len(octets) % 2 == 0 or octets[0] != _UNCOMPRESSED:
        raise DecodingError("a point in a certificate is 04 || X || Y")
    return octets


def _extensions(item: Tlv) -> tuple[Extension, ...]:
    found: Sequence[Tlv] = item.children()
    if not found or any(extension.tag != codes.TAG_EXTENSION for extension in found):
        raise DecodingError("extensions are discretionary data templates, one or more")
    extensions = []
    for extension in found:
        children = extension.children()
        if not children or children[0].tag != codes.TAG_OBJECT_IDENTIFIER or not children[0].value:
            raise DecodingError("an extension begins with its object identifier")
        extensions.append(Extension(children[0].value, children[1:]))
    return tuple(extensions)
