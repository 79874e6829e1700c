"""Tables of multiples: whatever the scalar, the same product as without a table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumei_core.crypto.curve import BP1, IDENTITY, FixedBase, R


def prepared() -> FixedBase:
    base = FixedBase(BP1)
    base.prepare()
    return base


BASE = prepared()

# Digits at both ends of their range, carries through every place, and the ends of the scalars' range.
EDGES = [
    1,
    127,
    128,
    129,
    255,
    256,
    *(int.from_bytes(bytes([octet]) * 31, "big") for octet in (0x7F, 0x80, 0x81, 0xFF)),
    R // 2,
    R - 128,
    R - 1,
    R + 1,
    2**255,
]


@pytest.mark.parametrize("scalar", EDGES, ids=hex)
def test_edges_of_the_digits(scalar: int) -> None:
    assert BASE.multiply(scalar) == BP1 * scalar


@given(st.integers(min_value=0, max_value=R - 1))
@settings(max_examples=100, deadline=None)
def test_any_scalar(scalar: int) -> None:
    assert BASE.multiply(scalar) == BP1 * scalar


@pytest.mark.parametrize("scalar", [0, R])
def test_zero_gives_the_identity(scalar: int) -> None:
    assert BASE.multiply(scalar) == IDENTITY
