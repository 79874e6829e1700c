"""One point by many scalars with a table, and sums over many points: the same as one by one."""

from __future__ import annotations

import random

import pytest

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import BP1, ManyScalars, Point, PublicPoints, R, point_sums
from mumei_core.crypto.hashing import MUMEI
from mumei_core.errors import DecodingError

RNG = random.Random("many scalars")
EDGES = [1, 2, R - 1, R - 2, 1 << 254, (1 << 254) - 1, 0x80, 0x7F]


def points(count: int) -> list[Point]:
    return [BP1 * RNG.randrange(1, R) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 20, 60, 300, 1500])
def test_tables_of_every_width_give_what_single_multiplications_give(count: int) -> None:
    scalars = (EDGES + [RNG.randrange(1, R) for _ in range(count)])[:count]
    (point,) = points(1)
    found = ManyScalars(scalars).products(point)
    assert len(found) == count
    for scalar, octets in list(zip(scalars, found, strict=True))[:24]:
        assert octets == (point * scalar).to_octets()


def test_sums_over_many_points() -> None:
    some = points(9)
    scalars = [RNG.randrange(R) for _ in some]
    total = some[0] * scalars[0]
    for point, scalar in zip(some[1:], scalars[1:], strict=True):
        total = total + point * scalar
    decoded = PublicPoints.from_octets(b"".join(point.to_octets() for point in some))
    assert decoded.sum_of_products(scalars) == PublicPoints.of(some).sum_of_products(scalars) == total
    with pytest.raises(ValueError, match="zip"):
        decoded.sum_of_products(scalars[1:])


@pytest.mark.parametrize("scalars", [(2, -1), (1, 1), (3, 65537), (R - 1, R - 2)])
def test_place_by_place(scalars: tuple[int, int]) -> None:
    left, right = points(3), points(3)
    found = point_sums([PublicPoints.of(left), PublicPoints.of(right)], scalars, 7)
    assert found == [
        ((p * scalars[0] + q * scalars[1]) * 7).to_octets() for p, q in zip(left, right, strict=True)
    ]


def test_every_point_is_decoded_as_strictly_as_one() -> None:
    good = BP1.to_octets()
    for bad in (good[:-1], good + bytes(48), good + bytes([0xC0]) + bytes(47), good + b"\xff" * 48):
        with pytest.raises(DecodingError):
            PublicPoints.from_octets(bad)


def test_scalars_hashed_together_are_those_hashed_alone() -> None:
    prefix, label = b"p" * 45, hashing.TRUSTEE_WEIGHT
    found = hashing.hash_to_scalars(MUMEI, prefix, 5, label)
    assert found == [MUMEI.hash_to_scalar(prefix + j.to_bytes(4, "big"), label) for j in range(5)]
