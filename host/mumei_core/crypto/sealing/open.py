"""OpenBase: what a trustee computes on what a card sealed. Host only. Source: RFC 9180, 4.1 (Decap), 5.2, 6.1.

``cryptography`` has HPKE itself, without associated data in its interface; its ECDH and AES-GCM are used here, and
tests hold both against each other.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mumei_core.crypto.sealing.messages import ENC_LENGTH, OVERHEAD, key_schedule
from mumei_core.eac.signature import check_point
from mumei_core.errors import DecodingError, InvalidProof


def open_sealed(secret: bytes, sealed: bytes, *, info: bytes, aad: bytes) -> bytes:
    """The plaintext of ``sealed`` = enc || ct. ``secret``: the recipient's private key, 32 octets.

    Raises :class:`DecodingError` for what has no such form, :class:`InvalidProof` where it does not open: sealed
    to another key, under another info or aad, or changed.
    """
    if len(sealed) < OVERHEAD:
        raise DecodingError("too short to be sealed")
    enc, ct = sealed[:ENC_LENGTH], sealed[ENC_LENGTH:]
    private_key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), check_point(enc))
    recipient = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = key_schedule(private_key.exchange(ec.ECDH(), ephemeral), enc, recipient, info)
    try:
        return AESGCM(keys.key).decrypt(keys.nonce, ct, aad)
    except InvalidTag:
        raise InvalidProof("sealed to another key, for another purpose, or changed") from None
