"""Points of the whole curve, outside the subgroup too: what a decoder without subgroup check would let in.

The curve library holds none; the slow reference's arithmetic takes its place, behind the same operators.
"""

from __future__ import annotations

from tests.vectors.reference.curve import G1, g1
from tests.vectors.reference.curve import Point as ReferencePoint
from tests.vectors.reference.encoding import octets_to_point_e1, point_to_octets_e1
from tests.vectors.reference.field import Fp

from mumei_core.crypto.curve import Point

#: (0, 2), a point of order 3.
ORDER_3 = g1(Fp(0), Fp(2))


class WideElement:
    """Stands where a Point holds the library's element."""

    def __init__(self, point: G1) -> None:
        self.point = point

    @staticmethod
    def of(other: object) -> G1:
        return other.point if isinstance(other, WideElement) else octets_to_point_e1(bytes(other.compress()))  # type: ignore[attr-defined]

    def compress(self) -> bytes:
        return point_to_octets_e1(self.point)

    def scalar_mul(self, scalar: int) -> WideElement:
        return WideElement(self.point * scalar)

    def __add__(self, other: object) -> WideElement:
        return WideElement(self.point + WideElement.of(other))

    __radd__ = __add__

    def __neg__(self) -> WideElement:
        return WideElement(-self.point)

    def __eq__(self, other: object) -> bool:
        return self.compress() == bytes(other.compress())  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.compress())


def uncompress(octets: bytes) -> WideElement:
    """A decoder that looks at the curve and not at the subgroup."""
    return WideElement(octets_to_point_e1(octets))


class WidePoint(Point):
    """Decodes without looking at the subgroup."""

    @classmethod
    def from_octets(cls, octets: bytes) -> Point:
        return Point(uncompress(octets))


def plus_order_3(point: Point) -> bytes:
    """``point`` and a point of order 3, 48 octets."""
    moved: ReferencePoint[Fp] = octets_to_point_e1(point.to_octets()) + ORDER_3
    return point_to_octets_e1(moved)
