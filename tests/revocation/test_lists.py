"""Lists: what was signed is what is asked, to the octet; a delta gives the full list; the look-up is exact."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.revocation.lists import AUTHORITY, EPOCH, KEYS, NAME, TODAY, entries, make_list, token

from mumei.revocation.lists import DeltaList, ListName, RevocationList, read_list
from mumei.revocation.lookup import LoadedList
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, TrustError


def test_a_list_comes_back_as_it_was_written() -> None:
    made = make_list(range(20))
    found = read_list(made.to_octets())
    assert found == made
    found.check(KEYS) if isinstance(found, RevocationList) else pytest.fail("a full list")


def test_entries_are_sorted_and_come_once() -> None:
    made = make_list([5, 1, 5, 9])
    assert made.header.count == 3
    assert made.body == b"".join(sorted(entries([1, 5, 9])))


@given(st.sets(st.integers(0, 5000), max_size=400), st.sets(st.integers(0, 5000), max_size=50))
@settings(max_examples=25, deadline=None)
def test_the_look_up_says_what_the_list_holds_and_no_more(on: set[int], asked: set[int]) -> None:
    loaded = LoadedList.of(make_list(on))
    assert [number for number in sorted(asked | on) if loaded.holds(token(number))] == sorted(on)
    assert len(loaded) == len(on)


def test_a_token_that_agrees_in_less_than_an_entry_is_not_on_the_list() -> None:
    loaded = LoadedList.of(make_list([1]))
    near = bytearray(token(1))
    near[15] ^= 1
    assert not loaded.holds(bytes(near))
    with pytest.raises(DecodingError):
        loaded.holds(token(1)[:16])


def test_every_altered_octet_of_a_list_is_found_out() -> None:
    octets = make_list([1, 2, 3]).to_octets()
    for place in range(len(octets)):
        altered = octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]
        with pytest.raises((DecodingError, TrustError)):
            found = read_list(altered)
            assert isinstance(found, RevocationList)
            found.check(KEYS)


@pytest.mark.parametrize("cut", [1, 15, 16, 64, 100])
def test_a_list_that_is_cut_short_or_longer_is_found_out(cut: int) -> None:
    octets = make_list([1, 2, 3]).to_octets()
    for wrong in (octets[:-cut], octets + bytes(cut)):
        with pytest.raises((DecodingError, TrustError)):
            found = read_list(wrong)
            assert isinstance(found, RevocationList)
            found.check(KEYS)


def test_another_authoritys_list_is_found_out() -> None:
    with pytest.raises(TrustError, match="not signed"):
        make_list([1], key=SigningKey(0xB2)).check(KEYS)


def test_while_a_key_changes_either_signs() -> None:
    make_list([1], key=SigningKey(0xB2)).check((AUTHORITY.point, SigningKey(0xB2).point))


def test_a_signed_body_must_ascend() -> None:
    body = b"".join(sorted(entries([1, 2]), reverse=True))
    with pytest.raises(DecodingError, match="ascend"):
        RevocationList.of_body(NAME, body, number=1, day=TODAY, key=AUTHORITY)
    twice = entries([1])[0] * 2
    with pytest.raises(DecodingError, match="twice"):
        RevocationList.of_body(NAME, twice, number=1, day=TODAY, key=AUTHORITY)


def test_a_delta_gives_the_list_that_was_signed() -> None:
    old, new = make_list([1, 2]), make_list(range(30), number=2)
    delta = new.delta_since(old)
    found = read_list(delta.to_octets())
    assert isinstance(found, DeltaList)
    assert len(delta.to_octets()) < len(new.to_octets())
    merged = found.applied_to(old)
    merged.check(KEYS)
    assert merged == new


def test_a_delta_fits_its_base_only() -> None:
    old, new = make_list([1, 2]), make_list([1, 2, 3], number=2)
    delta = new.delta_since(old)
    with pytest.raises(TrustError, match="extends list 1"):
        delta.applied_to(make_list([1, 2], number=3))
    with pytest.raises(TrustError, match="not the one that was signed"):
        delta.applied_to(make_list([1, 5])).check(KEYS)
    added = dataclasses.replace(delta, additions=b"".join(entries([4])))
    with pytest.raises(TrustError, match="not the one that was signed"):
        added.applied_to(old).check(KEYS)


def test_within_an_epoch_a_list_does_not_shrink() -> None:
    with pytest.raises(DecodingError, match="only grows"):
        make_list([1], number=2).delta_since(make_list([1, 2]))
    with pytest.raises(DecodingError, match="later one"):
        make_list([1, 2]).delta_since(make_list([1], number=2))


@pytest.mark.parametrize(
    "fields",
    [
        {"bucket": 64, "slot": 0},
        {"bucket": 0, "slot": 16},
        {"bucket": 0, "slot": 255},
        {"bucket": 1, "slot": 255, "rp_context": b"x"},
        {"bucket": 0, "slot": 1, "rp_context": b"x"},
        {"bucket": 0, "slot": 255, "rp_context": bytes(256)},
    ],
)
def test_there_are_no_other_names(fields: dict[str, int]) -> None:
    with pytest.raises(DecodingError):
        ListName(epoch=EPOCH, **fields)  # type: ignore[arg-type]
