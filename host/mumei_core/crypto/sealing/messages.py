"""HPKE base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM: labels and key schedule of both sides.

Source: RFC 9180 (February 2022), sections 4, 4.1, 5.1; ciphersuite 0x0010, 0x0001, 0x0001. One message per key.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from mumei_core.metering import count_hmac_sha256

#: Npk, Nenc: 04 || X || Y.
ENC_LENGTH: Final = 65
#: Nt of AES-128-GCM.
TAG_LENGTH: Final = 16
#: What sealing adds to a message.
OVERHEAD: Final = ENC_LENGTH + TAG_LENGTH
_HASH_LENGTH = 32
_KEY_LENGTH = 16
_NONCE_LENGTH = 12
_MODE_BASE = b"\x00"
_VERSION = b"HPKE-v1"
_KEM_ID, _KDF_ID, _AEAD_ID = b"\x00\x10", b"\x00\x01", b"\x00\x01"
_KEM_SUITE = b"KEM" + _KEM_ID
_SUITE = b"HPKE" + _KEM_ID + _KDF_ID + _AEAD_ID


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keys:
    """``key``: 16 octets; ``nonce``: base_nonce, 12 octets, which is the nonce of sequence number 0."""

    key: bytes
    nonce: bytes


def key_schedule(dh: bytes, enc: bytes, recipient: bytes, info: bytes) -> Keys:
    """KeyScheduleS or -R of mode_base after Encap or Decap.

    ``dh``: x-coordinate of the shared point, 32 octets; ``enc`` and ``recipient``: public keys, 65 octets each.
    """
    eae_prk = _labeled_extract(b"", _KEM_SUITE, b"eae_prk", dh)
    shared_secret = _labeled_expand(eae_prk, _KEM_SUITE, b"shared_secret", enc + recipient, _HASH_LENGTH)
    psk_id_hash = _labeled_extract(b"", _SUITE, b"psk_id_hash", b"")
    info_hash = _labeled_extract(b"", _SUITE, b"info_hash", info)
    context = _MODE_BASE + psk_id_hash + info_hash
    secret = _labeled_extract(shared_secret, _SUITE, b"secret", b"")
    return Keys(
        key=_labeled_expand(secret, _SUITE, b"key", context, _KEY_LENGTH),
        nonce=_labeled_expand(secret, _SUITE, b"base_nonce", context, _NONCE_LENGTH),
    )


def _labeled_extract(salt: bytes, suite: bytes, label: bytes, ikm: bytes) -> bytes:
    """HKDF-Extract; an absent salt is a block of zeros to HMAC, whatever its length."""
    return _hmac(salt, _VERSION + suite + label + ikm)


def _labeled_expand(prk: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand for at most one block of output."""
    return _hmac(prk, length.to_bytes(2) + _VERSION + suite + label + info + b"\x01")[:length]


def _hmac(key: bytes, message: bytes) -> bytes:
    count_hmac_sha256(len(message))
    return hmac.digest(key, message, "sha256")
