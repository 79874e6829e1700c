"""Decoding of scalars: 0 < s < r in 32 octets, nothing reduced on the way."""

from __future__ import annotations

import pytest

from mumei_core.crypto.curve import R, scalar_from_octets, scalar_to_octets
from mumei_core.errors import DecodingError

MODULUS = R


@pytest.mark.parametrize("value", [0, R, R + 1, 2 * R, (1 << 255), (1 << 256) - 1])
def test_numbers_outside_the_field_are_refused(value: int) -> None:
    with pytest.raises(DecodingError):
        scalar_from_octets(value.to_bytes(32, "big"))


@pytest.mark.parametrize("value", [1, 2, R - 1, R // 2, 1 << 254])
def test_numbers_of_the_field_come_back_as_they_are(value: int) -> None:
    assert scalar_from_octets(scalar_to_octets(value)) == value


@pytest.mark.parametrize("length", [0, 1, 31, 33, 48, 64])
def test_a_scalar_has_32_octets(length: int) -> None:
    with pytest.raises(DecodingError):
        scalar_from_octets(b"\1" * length)


@pytest.mark.parametrize("length", [31, 33])
def test_leading_zeros_do_not_make_another_encoding(length: int) -> None:
    with pytest.raises(DecodingError):
        scalar_from_octets((1).to_bytes(length, "big"))
