"""Elliptic-curve groups as PACE needs them: points that were checked, and two operations (TR-03110-3 v2.21, A.2.2).

Every value that leaves a group is a finite point of it: what would be the point at infinity is refused, on the way
in and as a result (TR-03110-3 v2.21, A.2.2.3; TR-03110-2 v2.21, 3.2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mumei_core.errors import DecodingError

UNCOMPRESSED = 0x04

RandomSource = Callable[[int], bytes]
"""n -> n random octets."""


class PointError(DecodingError):
    """Octets are no point of the curve, or a result is the point at infinity."""


@dataclass(frozen=True, slots=True)
class EcPoint:
    """A point that its group has checked. ``octets``: 04 || X || Y, coordinates as long as the field.

    Coordinates stay octets throughout, so no leading zero is ever lost. ``repr`` shows nothing: a shared
    secret is a point too.
    """

    octets: bytes

    def __repr__(self) -> str:
        return f"EcPoint({len(self.octets)} octets)"

    @property
    def x(self) -> bytes:
        """The x-coordinate: a compressed public key Comp(PK), and the K of ECDH (A.2.2.3)."""
        return self.octets[1 : 1 + len(self.octets) // 2]


class EcGroup(Protocol):
    """A group of prime order. Scalars are reduced by nobody: 0 < scalar < ``order``."""

    @property
    def name(self) -> str:
        """The curve's usual name."""

    @property
    def parameter_id(self) -> int:
        """Number of its standardised domain parameters (TR-03110-3 v2.21, table 4)."""

    @property
    def order(self) -> int:
        """Order of the generator, a prime."""

    @property
    def generator(self) -> EcPoint:
        """The base point."""

    @property
    def length(self) -> int:
        """Octets of a coordinate."""

    def decode(self, octets: bytes) -> EcPoint:
        """The point ``04 || X || Y``. Raises :class:`PointError` for another form, another curve, infinity."""

    def multiply(self, point: EcPoint, scalar: int) -> EcPoint:
        """``scalar * point``. Raises :class:`PointError` when that is the point at infinity."""

    def add(self, p: EcPoint, q: EcPoint) -> EcPoint:
        """``p + q``. Raises :class:`PointError` when that is the point at infinity."""


def coordinates(octets: bytes, length: int) -> tuple[int, int]:
    """X and Y of ``04 || X || Y`` as numbers. Raises :class:`PointError` for another form or length."""
    if len(octets) != 1 + 2 * length or octets[0] != UNCOMPRESSED:
        raise PointError("not an uncompressed point of this curve")
    return int.from_bytes(octets[1 : 1 + length]), int.from_bytes(octets[1 + length :])


def point_from_coordinates(x: int, y: int, length: int) -> EcPoint:
    """The opposite of :func:`coordinates`, for groups whose library holds numbers."""
    return EcPoint(bytes((UNCOMPRESSED,)) + x.to_bytes(length) + y.to_bytes(length))


def random_scalar(group: EcGroup, random: RandomSource) -> int:
    """A secret scalar, evenly from 1 to order - 1: octets are drawn anew until they are one."""
    while True:
        scalar = int.from_bytes(random(group.length))
        if 0 < scalar < group.order:
            return scalar
