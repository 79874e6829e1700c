"""A trustee's evaluations for one card with their proof, and the hashing that both ends do alike.

R_j = Q_j * share for all points Q_j at once; one proof says that each has the logarithm that P_i = BP1 * share has.
Weights w_j fold them into one equation; they come of a hash over all Q and R, so nobody can choose an R_j to fit.
Source: mumei protocol 2.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import (
    POINT_LENGTH,
    SCALAR_LENGTH,
    Point,
    scalar_from_octets,
    scalar_to_octets,
)
from mumei_core.crypto.hashing import MUMEI, serialize, sha256
from mumei_core.errors import DecodingError

MAX_POINTS: Final = 0xFFFF
"""The number of points has two octets."""
_HEAD_LENGTH: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """``index``: i, from 1; ``products``: R_0 || R_1 || .., 48 octets each; (c, z): the proof."""

    index: int
    products: bytes
    c: int
    z: int

    @property
    def count(self) -> int:
        """The number of points."""
        return len(self.products) // POINT_LENGTH

    def to_octets(self) -> bytes:
        """I2OSP(i,2) || I2OSP(number of points,2) || R.. || c || z."""
        head = self.index.to_bytes(2) + self.count.to_bytes(2)
        return head + self.products + scalar_to_octets(self.c) + scalar_to_octets(self.z)

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`; points are decoded where they are checked."""
        length = evaluation_length(int.from_bytes(octets[2:_HEAD_LENGTH]))
        if len(octets) < _HEAD_LENGTH or len(octets) != length:
            raise DecodingError("an evaluation is cut short, or has octets behind it")
        proof = length - 2 * SCALAR_LENGTH
        return cls(
            index=int.from_bytes(octets[:2]),
            products=octets[_HEAD_LENGTH:proof],
            c=scalar_from_octets(octets[proof : proof + SCALAR_LENGTH]),
            z=scalar_from_octets(octets[proof + SCALAR_LENGTH :]),
        )


def evaluation_length(points: int) -> int:
    """Octets of an evaluation at so many points."""
    return _HEAD_LENGTH + POINT_LENGTH * points + 2 * SCALAR_LENGTH


def weights(F: Sequence[Point], bases: bytes, products: bytes, index: int) -> list[int]:
    """w_j = hash_to_scalar(seed || I2OSP(j,4), api_id || "TRUSTEE_W_"), j from 0.

    seed = SHA-256(serialize((F.., Q.., R..)) || I2OSP(number of Q,2) || I2OSP(i,2)); ``bases``: Q_0 || Q_1 || ..
    """
    count = len(bases) // POINT_LENGTH
    seed = sha256(serialize(*F) + bases + products + count.to_bytes(2) + index.to_bytes(2))
    return hashing.hash_to_scalars(MUMEI, seed, count, hashing.TRUSTEE_WEIGHT)


def challenge(P_i: Point, Q_star: Point, R_star: Point, T_P: Point, T_Q: Point) -> int:
    """c = hash_to_scalar(serialize((P_i, Q*, R*, BP1 * k, Q* * k)), api_id || "TRUSTEE_H2S_")."""
    return MUMEI.hash_to_scalar(serialize(P_i, Q_star, R_star, T_P, T_Q), hashing.TRUSTEE)
