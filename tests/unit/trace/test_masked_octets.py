"""Octets of which some are hidden: as text and back, cut, joined, compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei.transport.masked_octets import MaskedOctets
from mumei_core.errors import DecodingError

octets = st.binary(max_size=40)
ranges = st.lists(st.tuples(st.integers(-3, 45), st.integers(-3, 45)), max_size=5)


@given(octets, ranges)
def test_text_and_back(whole: bytes, secrets: list[tuple[int, int]]) -> None:
    masked = MaskedOctets.masking(whole, secrets)
    assert len(masked) == len(whole)
    assert MaskedOctets.from_text(masked.to_text()) == masked
    for place, octet in enumerate(whole):
        hidden = any(start <= place < end for start, end in secrets)
        assert masked.zeroed[place] == (0 if hidden else octet)


@given(octets, ranges, st.integers(0, 40), st.integers(0, 40))
def test_cutting_and_joining_keep_what_is_hidden(
    whole: bytes, secrets: list[tuple[int, int]], first: int, second: int
) -> None:
    masked = MaskedOctets.masking(whole, secrets)
    assert masked.cut(0, first) + masked.cut(first, len(whole)) == masked
    start, end = sorted((first, second))
    assert masked.cut(start, end).hidden_octets <= masked.hidden_octets


@given(octets, ranges)
def test_it_agrees_with_what_it_was_made_of_and_with_nothing_else_that_shows(
    whole: bytes, secrets: list[tuple[int, int]]
) -> None:
    masked = MaskedOctets.masking(whole, secrets)
    assert masked.agrees_with(whole)
    assert not masked.agrees_with(whole + b"\0")
    for place in range(len(whole)):
        other = whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :]
        hidden = any(start <= place < end for start, end in masked.hidden)
        assert masked.agrees_with(other) is hidden


@pytest.mark.parametrize(
    "text",
    ["0", "0G", "0A", "[0]", "[01]", "[]", "[1][2]", "[1", "1]", "00 00", "[1000000]", "[70000]", "‹2›"],
)
def test_only_one_form_is_read(text: str) -> None:
    with pytest.raises(DecodingError):
        MaskedOctets.from_text(text)
