"""ECDSA on NIST P-256 with SHA-256, signatures in plain format r || s (TR-03110-3 v2.21, A.7.3 and D.3; TR-03111
v2.10, 5.2.1).

One place for everybody who signs: certificates, Terminal Authentication, the auditor.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.metering import count_ecdsa

POINT_LENGTH: Final = 65
COORDINATE_LENGTH: Final = 32
SIGNATURE_LENGTH: Final = 64
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_UNCOMPRESSED = 0x04
_ALGORITHM = ec.ECDSA(hashes.SHA256())


def verify(point: bytes, message: bytes, signature: bytes) -> None:
    """Check ``signature`` (64 octets) over ``message`` under the key ``point`` (65 octets).

    Raises :class:`InvalidProof`, and :class:`DecodingError` for what is no point of the curve.
    """
    key = _public_key(point)
    if len(signature) != SIGNATURE_LENGTH:
        raise InvalidProof("a plain signature has 64 octets")
    r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise InvalidProof("r or s is out of range")
    count_ecdsa(verifications=1)
    try:
        key.verify(utils.encode_dss_signature(r, s), message, _ALGORITHM)
    except InvalidSignature:
        raise InvalidProof("wrong signature") from None


def check_point(octets: bytes) -> bytes:
    """``octets`` themselves, if they are 04 || X || Y of a finite point. Raises :class:`DecodingError`."""
    _public_key(octets)
    return octets


def compress(point: bytes) -> bytes:
    """Comp(PK) = x(PK), 32 octets (TR-03110-3 v2.21, A.2.2.3). Raises :class:`DecodingError`."""
    return check_point(point)[1 : 1 + COORDINATE_LENGTH]


class SigningKey:
    """A private key. ``repr`` shows nothing."""

    __slots__ = ("_key",)

    def __init__(self, secret: int) -> None:
        """``secret``: 0 < d < order. Raises :class:`DecodingError`."""
        if not 0 < secret < ORDER:
            raise DecodingError("a private key lies between 0 and the group's order")
        self._key = ec.derive_private_key(secret, ec.SECP256R1())

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh one from the operating system."""
        return cls(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value)

    @property
    def point(self) -> bytes:
        """The public key, 04 || X || Y, 65 octets."""
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def secret_octets(self) -> bytes:
        """The private key, 32 octets, for a key file."""
        return self._key.private_numbers().private_value.to_bytes(COORDINATE_LENGTH)

    def sign(self, message: bytes) -> bytes:
        """r || s over SHA-256 of ``message``, 64 octets."""
        count_ecdsa(signatures=1)
        r, s = utils.decode_dss_signature(self._key.sign(message, _ALGORITHM))
        return r.to_bytes(COORDINATE_LENGTH) + s.to_bytes(COORDINATE_LENGTH)


def _public_key(octets: bytes) -> ec.EllipticCurvePublicKey:
    if len(octets) != POINT_LENGTH or octets[0] != _UNCOMPRESSED:
        raise DecodingError("a public key is 04 || X || Y, 65 octets")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)
    except ValueError:
        raise DecodingError("a public key is not on the curve P-256") from None
