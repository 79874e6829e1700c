"""The verifier's fast ways to multiply agree with the plain one, at the edges of their digits too."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumei_core.crypto.curve import BP1, IDENTITY, FixedBase, Point, R, sum_of_public_products

EDGES: Final = [
    0,
    1,
    2,
    127,
    128,
    129,
    255,
    256,
    257,
    R - 1,
    R - 2,
    R,
    R + 1,
    R // 2,
    (1 << 254) - 1,
    1 << 254,
    *(int.from_bytes(bytes([octet]) * 31) for octet in (0x7F, 0x80, 0x81, 0xFF)),
    *(128 << 8 * i for i in range(31)),
    *((1 << 8 * i) - 1 for i in range(1, 32)),
]


@cache
def prepared() -> FixedBase:
    base = FixedBase(BP1 * 7)
    base.prepare()
    return base


@pytest.mark.parametrize("scalar", EDGES)
def test_a_table_of_multiples_multiplies(scalar: int) -> None:
    assert prepared().multiply(scalar) == FixedBase(BP1 * 7).multiply(scalar) == BP1 * 7 * scalar


@settings(max_examples=200, deadline=None)
@given(scalar=st.integers(0, 2 * R))
def test_a_table_of_multiples_multiplies_by_anything(scalar: int) -> None:
    assert prepared().multiply(scalar) == BP1 * 7 * scalar


@pytest.mark.parametrize("count", [1, 2, 5, 7, 8, 9, 24, 100])
def test_a_sum_of_products_is_the_sum_whatever_its_length(count: int) -> None:
    """Above some length another library adds; the result must not show it."""
    points = [BP1 * secrets.randbelow(R) for _ in range(count)]
    scalars = [
        secrets.choice((1, 2, R - 1, secrets.randbits(128), secrets.randbelow(R))) for _ in range(count)
    ]
    total: Point = IDENTITY
    for point, scalar in zip(points, scalars, strict=True):
        total = total + point * scalar

    assert sum_of_public_products(points, scalars) == total


@pytest.mark.parametrize("count", [2, 60])
def test_products_that_cancel_give_the_identity(count: int) -> None:
    points = [BP1 * 5, -(BP1 * 5)] * (count // 2)

    assert sum_of_public_products(points, [9] * count).is_identity
