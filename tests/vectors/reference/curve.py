"""The groups G1 (y^2 = x^3 + 4 over Fp) and G2 (y^2 = x^3 + 4 (1 + u) over Fp2) of BLS12-381.

Source: draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1 (curves and base points). Operators are the
drafts': `P + Q`, `-P`, `P - Q`, `P * x`. Points are Jacobian inside, (x / z^2, y / z^3) outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, TypeAlias, TypeVar, final

from .field import Fp, Fp2, R

F = TypeVar("F", Fp, Fp2)


@final
class Point(Generic[F]):
    """A point of y^2 = x^3 + b in Jacobian coordinates; z = 0 is the identity."""

    __slots__ = ("b", "x", "y", "z")

    def __init__(self, x: F, y: F, z: F, b: F) -> None:
        self.x: F = x
        self.y: F = y
        self.z: F = z
        self.b: F = b

    def _identity(self) -> Point[F]:
        # Any non-zero x and y do; b is at hand.
        return Point(self.b, self.b, self.b - self.b, self.b)

    def is_identity(self) -> bool:
        return self.z.is_zero()

    def double(self) -> Point[F]:
        x, y, z = self.x, self.y, self.z
        yy = y * y
        s = x * yy
        s = s + s + s + s
        xx = x * x
        m = xx + xx + xx
        yyyy = yy + yy
        yyyy = yyyy * (yyyy + yyyy)  # 8 y^4
        x3 = m * m - s - s
        yz = y * z
        return Point(x3, m * (s - x3) - yyyy, yz + yz, self.b)

    def __add__(self, other: Point[F]) -> Point[F]:
        if self.is_identity():
            return other
        if other.is_identity():
            return self
        z1z1 = self.z * self.z
        z2z2 = other.z * other.z
        u1 = self.x * z2z2
        s1 = self.y * z2z2 * other.z
        h = other.x * z1z1 - u1
        t = other.y * z1z1 * self.z - s1
        if h.is_zero():
            return self.double() if t.is_zero() else self._identity()
        hh = h * h
        hhh = hh * h
        v = u1 * hh
        x3 = t * t - hhh - v - v
        return Point(x3, t * (v - x3) - s1 * hhh, self.z * other.z * h, self.b)

    def __neg__(self) -> Point[F]:
        return Point(self.x, -self.y, self.z, self.b)

    def __sub__(self, other: Point[F]) -> Point[F]:
        return self + -other

    def __mul__(self, scalar: int) -> Point[F]:
        """Double and add. The scalar is not reduced mod r: a point outside the subgroup has another order."""
        if scalar < 0:
            return -self * -scalar
        result = self._identity()
        for bit in f"{scalar:b}":
            result = result.double()
            if bit == "1":
                result = result + self
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Point):
            return NotImplemented
        if self.is_identity() or other.is_identity():
            return self.is_identity() and other.is_identity()
        return bool(self.affine() == other.affine())

    def __hash__(self) -> int:
        return hash(None if self.is_identity() else self.affine())

    def affine(self) -> tuple[F, F]:
        """(x, y); raises ValueError for the identity, which has no such form."""
        if self.is_identity():
            raise ValueError("the identity has no affine coordinates")
        inverse = self.z.inverse()
        square = inverse * inverse
        return self.x * square, self.y * square * inverse

    def in_subgroup(self) -> bool:
        """Whether the order divides r (true for the identity too)."""
        return (self * R).is_identity()


G1: TypeAlias = Point[Fp]
G2: TypeAlias = Point[Fp2]

B1: Final = Fp(4)
B2: Final = Fp2(4, 4)


def g1(x: Fp, y: Fp) -> G1:
    """The point (x, y) of E1; raises ValueError if it is not on the curve."""
    if y * y != x * x * x + B1:
        raise ValueError("not on the curve E1")
    return Point(x, y, Fp(1), B1)


def g2(x: Fp2, y: Fp2) -> G2:
    """The point (x, y) of E2; raises ValueError if it is not on the curve."""
    if y * y != x * x * x + B2:
        raise ValueError("not on the curve E2")
    return Point(x, y, Fp2(1, 0), B2)


IDENTITY_G1: Final = Point(B1, B1, Fp(0), B1)
IDENTITY_G2: Final = Point(B2, B2, Fp2(0, 0), B2)

BP1: Final = g1(
    Fp(0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB),
    Fp(0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1),
)
BP2: Final = g2(
    Fp2(
        0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
        0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
    ),
    Fp2(
        0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
        0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE,
    ),
)


def linear_combination(points: Iterable[G1], scalars: Iterable[int]) -> G1:
    """Sum of points[i] * scalars[i]; raises ValueError if one list is longer."""
    total = IDENTITY_G1
    for point, scalar in zip(points, scalars, strict=True):
        total = total + point * scalar
    return total
