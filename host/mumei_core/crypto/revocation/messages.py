"""A revocation token and the labels of the points under it (mumei protocol 2.3, 2.5).

K is the slot's point times the card's revocation handle, k says which slot, and salt, fresh in each presentation,
lets a receipt keep a digest in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import POINT_LENGTH, Point
from mumei_core.crypto.hashing import sha256
from mumei_core.errors import DecodingError

SALT_LENGTH: Final = 16
DIGEST_LENGTH: Final = 32
TOKEN_LENGTH: Final = SALT_LENGTH + 1 + POINT_LENGTH
"""Octets of salt || k || K: 65."""


def slots_input(epoch: int, bucket: int) -> bytes:
    """What slot points are hashed from, but for k: "MUMEI-REV-V1" || I2OSP(epoch,4) || I2OSP(bucket,2)."""
    return hashing.SLOT_PREFIX + epoch.to_bytes(4) + bucket.to_bytes(2)


def recognise_input(epoch: int, rp_context: bytes) -> bytes:
    """What R is hashed from: "MUMEI-RECOG-V1" || I2OSP(epoch,4) || rp_context."""
    return hashing.RECOGNISE_PREFIX + epoch.to_bytes(4) + rp_context


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What travels: ``salt``, 16 octets; ``k``: the slot, 255 for recognise; ``K``: to look up in k's list."""

    salt: bytes
    k: int
    K: Point

    @classmethod
    def from_octets(cls, octets: bytes) -> Token:
        """Raises :class:`DecodingError`; whether k fits the request is the presentation's to say."""
        if len(octets) != TOKEN_LENGTH:
            raise DecodingError(f"a token has {TOKEN_LENGTH} octets, not {len(octets)}")
        return cls(
            salt=octets[:SALT_LENGTH],
            k=octets[SALT_LENGTH],
            K=Point.from_octets(octets[SALT_LENGTH + 1 :]),
        )

    def to_octets(self) -> bytes:
        """salt || k || K, 65 octets."""
        return self.salt + bytes([self.k]) + self.K.to_octets()

    def digest(self, t_K: Point) -> bytes:
        """SHA-256(salt || k || K || t_K), 32 octets: its part of ``extra``. A receipt keeps it and nothing else."""
        return sha256(self.to_octets() + t_K.to_octets())
