"""The issuer's proof that a signature is under its one public key: message and challenge.

A card cannot pair, so the issuer proves in G1 that log_BP1(W1) = log_A(S) with S = B - A * e, which is A * sk.
This is what stops an issuer from marking cards with private keys of their own. Source: mumei protocol 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import BP1, SCALAR_LENGTH, Point, scalar_from_octets, scalar_to_octets
from mumei_core.crypto.hashing import MUMEI, serialize
from mumei_core.errors import DecodingError

COMMON_KEY_PROOF_LENGTH: Final = 2 * SCALAR_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonKeyProof:
    """(c, z): 64 octets."""

    c: int
    z: int

    @classmethod
    def from_octets(cls, octets: bytes) -> CommonKeyProof:
        """Raises :class:`DecodingError`."""
        if len(octets) != COMMON_KEY_PROOF_LENGTH:
            raise DecodingError(f"a common-key proof has {COMMON_KEY_PROOF_LENGTH} octets, not {len(octets)}")
        return cls(c=scalar_from_octets(octets[:32]), z=scalar_from_octets(octets[32:]))

    def to_octets(self) -> bytes:
        return scalar_to_octets(self.c) + scalar_to_octets(self.z)


def common_key_challenge(W1: Point, A: Point, S: Point, T1: Point, TA: Point) -> int:
    """c = hash_to_scalar(serialize((BP1, W1, A, S, T1, TA)), api_id || "COMMON_KEY_H2S_")."""
    return MUMEI.hash_to_scalar(serialize(BP1, W1, A, S, T1, TA), hashing.COMMON_KEY)
