"""BLS12-381 G1 and its scalar field, with decoding that refuses everything it should.

Point encoding: draft-irtf-cfrg-pairing-friendly-curves, Appendix C (48 octets compressed, 96 uncompressed).
Scalars are ``int`` modulo the group order ``R``; on the wire they are I2OSP(x, 32) with 0 < x < R.
Multiplication is constant-time in the library (blst); additions and comparisons are not, and are used on
values that will be published or are already blinded.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import py_arkworks_bls12381 as _arkworks
import pyblst as _blst

from mumei_core.errors import DecodingError

#: Order of G1 and G2.
R: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
#: Characteristic of the base field.
P: Final = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB

POINT_LENGTH: Final = 48
UNCOMPRESSED_LENGTH: Final = 96
SCALAR_LENGTH: Final = 32

_COMPRESSED_BIT = 0x80
_INFINITY_BIT = 0x40
_SIGN_BIT = 0x20
_FLAGS = _COMPRESSED_BIT | _INFINITY_BIT | _SIGN_BIT


class Point:
    """A point of the prime-order group G1. Every instance is on the curve and in the subgroup.

    Only results of arithmetic can be the identity: neither decoder accepts it.
    """

    __slots__ = ("_element", "_octets")

    def __init__(self, element: Any, octets: bytes | None = None) -> None:
        self._element = element
        self._octets = octets

    @classmethod
    def from_octets(cls, octets: bytes) -> Point:
        """Decode 48 octets, compressed and canonical; refuse the identity and points outside the subgroup.

        Raises :class:`DecodingError`.
        """
        if len(octets) != POINT_LENGTH:
            raise DecodingError(f"a point of G1 has {POINT_LENGTH} octets, not {len(octets)}")
        flags = octets[0] & _FLAGS
        if not flags & _COMPRESSED_BIT:
            raise DecodingError("a point of G1 must be in compressed form")
        if flags & _INFINITY_BIT:
            raise DecodingError("the identity is not accepted as a point of G1")
        if int.from_bytes(octets, "big") & ~(_FLAGS << 376) >= P:
            raise DecodingError("the x-coordinate of a point of G1 is not reduced")
        try:
            # blst refuses an x without a point and a point outside the subgroup.
            element = _blst.BlstP1Element.uncompress(octets)
        except ValueError:
            raise DecodingError("not a point of G1") from None
        return cls(element, bytes(octets))

    @classmethod
    def from_uncompressed(cls, octets: bytes) -> Point:
        """Decode 96 octets x || y with the same checks as :meth:`from_octets`."""
        if len(octets) != UNCOMPRESSED_LENGTH:
            raise DecodingError(
                f"an uncompressed point of G1 has {UNCOMPRESSED_LENGTH} octets, not {len(octets)}"
            )
        x, y = int.from_bytes(octets[:48], "big"), int.from_bytes(octets[48:], "big")
        if x >= P or y >= P or (y * y - x * x * x - 4) % P:
            raise DecodingError("not a point of the curve")
        return cls.from_octets(compress(octets))

    def to_octets(self) -> bytes:
        """48 octets, compressed."""
        if self._octets is None:
            self._octets = bytes(self._element.compress())
        return self._octets

    def to_uncompressed(self) -> bytes:
        """96 octets x || y; takes a square root, so it is for making tables, not for a chip."""
        octets = self.to_octets()
        if octets[0] & _INFINITY_BIT:
            raise DecodingError("the identity has no affine coordinates")
        return bytes(_arkworks.G1Point.from_compressed_bytes_unchecked(octets).to_xy_bytes_be())

    @property
    def is_identity(self) -> bool:
        return bool(self._element == _IDENTITY)

    def __add__(self, other: Point) -> Point:
        return Point(self._element + other._element)

    def __neg__(self) -> Point:
        return Point(-self._element)

    def __sub__(self, other: Point) -> Point:
        return Point(self._element + -other._element)

    def __mul__(self, scalar: int) -> Point:
        return Point(self._element.scalar_mul(scalar % R))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and bool(self._element == other._element)

    def __hash__(self) -> int:
        return hash(self.to_octets())

    def __repr__(self) -> str:
        return f"Point({self.to_octets().hex()[:16]}…)"


_IDENTITY: Final = _blst.BlstP1Element()
IDENTITY: Final = Point(_IDENTITY)

#: BP1, the base point of G1 (draft-irtf-cfrg-pairing-friendly-curves, 4.2.1).
BP1: Final = Point.from_octets(
    bytes.fromhex(
        "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    )
)


def compress(octets: bytes) -> bytes:
    """x || y (96 octets) to the compressed form (48 octets), without any check: no square root is needed."""
    sign = _SIGN_BIT if int.from_bytes(octets[48:], "big") > (P - 1) // 2 else 0
    return bytes([octets[0] | _COMPRESSED_BIT | sign]) + octets[1:48]


def scalar_from_octets(octets: bytes) -> int:
    """32 octets to a scalar with 0 < s < R; nothing is reduced. Raises :class:`DecodingError`."""
    if len(octets) != SCALAR_LENGTH:
        raise DecodingError(f"a scalar has {SCALAR_LENGTH} octets, not {len(octets)}")
    scalar = int.from_bytes(octets, "big")
    if not 0 < scalar < R:
        raise DecodingError("a scalar must lie between 1 and r - 1")
    return scalar


def scalar_to_octets(scalar: int) -> bytes:
    """I2OSP(scalar, 32)."""
    return scalar.to_bytes(SCALAR_LENGTH, "big")


class Group:
    """The arithmetic of G1 as a prover uses it; a card puts its own, which counts, in this place."""

    def multiply(self, point: Point, scalar: int) -> Point:
        """point * scalar, constant-time in the scalar."""
        return point * scalar

    def multiply_fixed(self, point: Point, scalar: int) -> Point:
        """The same for a point that is a constant of whoever computes, so that a table of it would pay.

        None is used here: a table's look-ups are as secret as the scalar. A card counts these apart.
        """
        return self.multiply(point, scalar)

    def add(self, left: Point, right: Point) -> Point:
        return left + right

    def subtract(self, left: Point, right: Point) -> Point:
        return self.add(left, -right)

    def sum_of_products(self, terms: Iterable[tuple[Point, int]], start: Point | None = None) -> Point:
        """start + P_1 * x_1 + P_2 * x_2 + …; at least one summand must be given."""
        return self._sum(self.multiply, terms, start)

    def sum_of_fixed_products(self, terms: Iterable[tuple[Point, int]], start: Point | None = None) -> Point:
        """The same with :meth:`multiply_fixed`: every P_i is a constant."""
        return self._sum(self.multiply_fixed, terms, start)

    def _sum(
        self,
        multiply: Callable[[Point, int], Point],
        terms: Iterable[tuple[Point, int]],
        start: Point | None,
    ) -> Point:
        total = start
        for point, scalar in terms:
            product = multiply(point, scalar)
            total = product if total is None else self.add(total, product)
        if total is None:
            raise ValueError("a sum of no points")
        return total


#: Plain arithmetic for the host.
GROUP: Final = Group()


class FixedBase:
    """Multiplication of one public point by public scalars from a table of its multiples (32 additions).

    Not constant-time: for verifiers, never for secrets. A table holds 4,128 points, about 0.8 MB.
    """

    __slots__ = ("_point", "_rows")

    def __init__(self, point: Point) -> None:
        self._point = point
        self._rows: list[list[Any]] | None = None

    def prepare(self) -> None:
        """Fill the table (about 3 ms); worth it for a process that verifies many proofs."""
        rows, base = [], self._point._element
        for _ in range(SCALAR_LENGTH):
            multiples = [_IDENTITY]
            for _ in range(_HALF):
                multiples.append(multiples[-1] + base)
            rows.append([multiples[abs(octet - _HALF)] for octet in range(256)])
            base = multiples[_HALF] + multiples[_HALF]
        self._rows = rows

    def multiply(self, scalar: int) -> Point:
        """point * scalar for a public scalar."""
        if self._rows is None:
            return self._point * scalar
        total, half = _IDENTITY, _HALF
        octets = (scalar % R + _EXCESS).to_bytes(SCALAR_LENGTH, "little")
        for row, octet in zip(self._rows, octets, strict=True):
            if octet > half:
                total = total + row[octet]
            elif octet < half:
                total = total + -row[octet]
        return Point(total)


# Digits of base 256 from -128 to 127, for a negation costs next to nothing and halves the table: with 128 added
# in each place, the octets are the digits plus 128. R and the excess together stay below 2^256.
_HALF: Final = 128
_EXCESS: Final = int.from_bytes(bytes([_HALF]) * SCALAR_LENGTH, "little")


class ManyScalars:
    """Scalars by which one point after the other is multiplied, each point with a table of its multiples.

    Not constant-time: a table's look-ups depend on the scalar. Windows are as wide as pays for so many scalars.
    """

    __slots__ = ("_digits", "_half", "_rows")

    def __init__(self, scalars: Sequence[int]) -> None:
        width = min(_WIDTHS, key=lambda width: _additions(width, len(scalars)))
        self._half, self._rows = 1 << width - 1, -(-256 // width)
        # Digits from -half to half - 1, lowest first: with half added in each place they are the windows' values.
        excess = sum(self._half << width * row for row in range(self._rows))
        mask = (1 << width) - 1
        self._digits = [
            [((scalar % R + excess) >> width * row & mask) - self._half for row in range(self._rows)]
            for scalar in scalars
        ]

    def products(self, point: Point) -> list[bytes]:
        """point * scalar for each scalar, 48 octets compressed."""
        rows, base = [], point._element
        for _ in range(self._rows):
            multiples = [_IDENTITY]
            for _ in range(self._half):
                multiples.append(multiples[-1] + base)
            base = multiples[self._half] + multiples[self._half]
            # A negative digit finds its multiple from the end.
            rows.append(multiples[:-1] + [-each for each in reversed(multiples[1:])])
        return [
            bytes(functools.reduce(operator.add, map(operator.getitem, rows, digits)).compress())
            for digits in self._digits
        ]


def _additions(width: int, scalars: int) -> float:
    """For one scalar: its sum, and its part of the table."""
    rows = -(-256 // width)
    return rows + rows * ((1 << width - 1) + 1) / max(scalars, 1)


_WIDTHS: Final = range(4, 11)


def sum_of_public_products(points: Sequence[Point], scalars: Sequence[int]) -> Point:
    """Σ P_i * x_i for public values: variable time, faster than one by one from eight points on."""
    if len(points) < _PIPPENGER_PAYS_FROM:
        # Weight 1 is common (one equation of a product may have it) and costs nothing.
        products = (p if x == 1 else p * x for p, x in zip(points, scalars, strict=True))
        return functools.reduce(Point.__add__, products)
    elements = [_arkworks.G1Point.from_compressed_bytes_unchecked(point.to_octets()) for point in points]
    total = _arkworks.G1Point.multiexp_unchecked(elements, [_arkworks.Scalar(x % R) for x in scalars])
    return Point(_blst.BlstP1Element.uncompress(bytes(total.to_compressed_bytes())))


# Measured with 128-bit weights: below this, conversion between the libraries costs more than the buckets save.
_PIPPENGER_PAYS_FROM = 8


class PublicPoints:
    """Many public points decoded once: for sums over all of them, thousands of points at a time.

    Kept in the form of the library whose sums are fast; nothing here is constant-time.
    """

    __slots__ = ("_elements", "octets")

    def __init__(self, elements: list[Any], octets: bytes) -> None:
        self._elements = elements
        self.octets = octets

    @classmethod
    def of(cls, points: Sequence[Point]) -> PublicPoints:
        """Points that are decoded already."""
        octets = [point.to_octets() for point in points]
        elements = [_arkworks.G1Point.from_compressed_bytes_unchecked(each) for each in octets]
        return cls(elements, b"".join(octets))

    @classmethod
    def from_octets(cls, octets: bytes) -> PublicPoints:
        """48 octets each, with every check of :meth:`Point.from_octets`. Raises :class:`DecodingError`."""
        pieces = range(0, len(octets), POINT_LENGTH)
        return cls.of([Point.from_octets(octets[at : at + POINT_LENGTH]) for at in pieces])

    def __len__(self) -> int:
        return len(self._elements)

    def sum_of_products(self, scalars: Sequence[int]) -> Point:
        """Σ P_i * x_i over all of them."""
        weights = [_arkworks.Scalar(x % R) for x, _ in zip(scalars, self._elements, strict=True)]
        total = _arkworks.G1Point.multiexp_unchecked(self._elements, weights)
        return Point(_blst.BlstP1Element.uncompress(bytes(total.to_compressed_bytes())))


def point_sums(sets: Sequence[PublicPoints], scalars: Sequence[int], scale: int = 1) -> list[bytes]:
    """For each place j: (Σ over the sets of P_j * x) * scale, 48 octets compressed; ``scalars``: one x a set.

    Small x of either sign cost a few additions. An identity comes out as the library encodes it.
    """
    columns = [_multiples(each._elements, scalar % R) for each, scalar in zip(sets, scalars, strict=True)]
    sums = columns[0]
    for column in columns[1:]:
        sums = [left + right for left, right in zip(sums, column, strict=True)]
    return [bytes(each.to_compressed_bytes()) for each in _multiples(sums, scale % R)]


def _multiples(elements: list[Any], scalar: int) -> list[Any]:
    if scalar > R // 2:
        return [-each for each in _multiples(elements, R - scalar)]
    if scalar > _FEW_ADDITIONS:
        weight = _arkworks.Scalar(scalar)
        return [each * weight for each in elements]
    total: list[Any] = []
    for bit in bin(scalar)[2:]:
        total = [each + each for each in total]
        if bit == "1":
            total = [left + right for left, right in zip(total, elements, strict=True)] if total else elements
    return total


_FEW_ADDITIONS = 1 << 16
