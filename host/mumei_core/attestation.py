"""A genuine chip shows itself once, at enrolment: the card maker's certificates and the message that a card attests
(mumei protocol 2.2).

Certificates are signed records in this project's DER and no X.509: two kinds, no extension, no choice of algorithm
and no chain, so a key's purpose is its kind and there is nothing to read leniently. ASN.1: apdu_specs/mumei.asn1.
A card's certificate tells the card from all others: cards answer it inside a personalisation channel only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from mumei_core.commands.template import expect_length
from mumei_core.eac import der
from mumei_core.eac.signature import COORDINATE_LENGTH, SIGNATURE_LENGTH, SigningKey, check_point, verify
from mumei_core.errors import DecodingError, InvalidProof

LABEL: Final = "MUMEI-MAKER-V1"
MAX_MAKER_OCTETS: Final = 64
#: The longest certificate.
MAX_CERTIFICATE_OCTETS: Final = 256
NONCE_LENGTH: Final = 32
#: C, s^, two responses (handle and nym), c.
COMMITMENT_LENGTH: Final = 176


class Purpose(IntEnum):
    """What a key of the maker's is for, and all that it is for."""

    ROOT = 0
    """Signs certificates of cards."""
    CARD = 1
    """Signs one card's attested message, in personalisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerCertificate:
    """``maker``: its name, 1..64 octets of UTF-8; ``key``: 65 octets; ``signature``: the root's, 64 octets."""

    purpose: Purpose
    maker: str
    key: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_point(self.key)
        expect_length("a certificate's signature", self.signature, SIGNATURE_LENGTH)
        if not 1 <= len(self.maker.encode()) <= MAX_MAKER_OCTETS:
            raise DecodingError(f"a card maker's name has 1 to {MAX_MAKER_OCTETS} octets")

    @classmethod
    def issue(cls, purpose: Purpose, maker: str, key: bytes, root: SigningKey) -> Self:
        """Signed by ``root``, which for a root's own certificate is the key itself. Raises DecodingError."""
        return cls(purpose=purpose, maker=maker, key=key, signature=root.sign(_body(purpose, maker, key)))

    def to_octets(self) -> bytes:
        """``SEQUENCE { body, signature }``."""
        return der.sequence(_body(self.purpose, self.maker, self.key), der.octet_string(self.signature))

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodingError; the signature is not checked."""
        if len(octets) > MAX_CERTIFICATE_OCTETS:
            raise DecodingError("too long for a card maker's certificate")
        items = der.read_sequence(octets)
        if len(items) != 2:
            raise DecodingError("a certificate is a body and a signature")
        fields = der.read_sequence(items[0].to_bytes())
        if len(fields) != 4 or der.read_text(fields[0]) != LABEL:
            raise DecodingError("no certificate of a card maker")
        number = der.read_integer(fields[1])
        if number not in tuple(Purpose):
            raise DecodingError("a card maker's certificate for an unknown purpose")
        return cls(
            purpose=Purpose(number),
            maker=der.read_text(fields[2]),
            key=der.read_octets(fields[3]),
            signature=der.read_octets(items[1]),
        )

    def check_root(self) -> None:
        """Raises InvalidProof unless it is a root's and signed by its own key."""
        if self.purpose is not Purpose.ROOT:
            raise InvalidProof("a card's certificate is no card maker's root")
        self._check_signature(self.key)

    def check_card(self, root: MakerCertificate) -> None:
        """Raises InvalidProof unless it is a card's, under ``root``, whose own signature is checked too."""
        root.check_root()
        if self.purpose is not Purpose.CARD:
            raise InvalidProof("a card maker's root is no card's certificate")
        if self.maker != root.maker:
            raise InvalidProof("the certificate names another card maker")
        self._check_signature(root.key)

    def _check_signature(self, key: bytes) -> None:
        verify(key, _body(self.purpose, self.maker, self.key), self.signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationKey:
    """What a card attests with. ``secret``: the private key, 32 octets, never shown by ``repr``."""

    secret: bytes = field(repr=False)
    certificate: MakerCertificate

    def __post_init__(self) -> None:
        expect_length("an attestation key", self.secret, COORDINATE_LENGTH)
        if self.certificate.purpose is not Purpose.CARD or self._key().point != self.certificate.key:
            raise DecodingError("attestation key and certificate do not belong together")

    def sign(self, message: bytes) -> bytes:
        """r || s over SHA-256 of ``message``, 64 octets; another one each time."""
        return self._key().sign(message)

    def _key(self) -> SigningKey:
        return SigningKey(int.from_bytes(self.secret))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a card answers at enrolment: its certificate, and its signature over the attested message."""

    certificate: MakerCertificate
    signature: bytes

    def __post_init__(self) -> None:
        expect_length("an attestation", self.signature, SIGNATURE_LENGTH)

    def check_signature(self, message: bytes) -> None:
        """The certified key's over ``message``; whose certificate it is, is not asked. Raises InvalidProof."""
        verify(self.certificate.key, message, self.signature)


def attested_message(*, nonce: bytes, commitment: bytes, linked: bytes = b"") -> bytes:
    """What a card signs: nonce (32 octets) || commitment with proof (176) || what is linked with it.

    ``linked``: points, link proof, hash of the trustees, sealed shares; nothing in version 1 of ENROL's data, so no
    message of one version is a message of the other. Raises DecodingError for other lengths.
    """
    expect_length("nonce", nonce, NONCE_LENGTH)
    return nonce + expect_length("commitment", commitment, COMMITMENT_LENGTH) + linked


def _body(purpose: Purpose, maker: str, key: bytes) -> bytes:
    return der.sequence(
        der.utf8_string(LABEL), der.integer(purpose), der.utf8_string(maker), der.octet_string(key)
    )
