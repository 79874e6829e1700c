"""Codes on letters: read back however they are said, and nothing misread is taken for another code."""

from __future__ import annotations

import hashlib
import itertools
import random

import pytest

from mumei.office import report_codes
from mumei.office.registry import Registry
from mumei.office.report_codes import ALPHABET, hash_code, in_groups, make_code, read_code
from mumei_core.errors import DataError

CODE = make_code(random.Random(5).choice)


def test_a_code_is_read_as_it_was_printed_or_said() -> None:
    assert len(CODE) == 21 and set(CODE) <= set(ALPHABET)
    printed = in_groups(CODE)
    assert printed.count("-") == 6
    wide = printed.translate({ord(c): ord(c) + 0xFEE0 for c in map(chr, range(0x21, 0x7F))})
    for said in (CODE, printed, printed.lower(), printed.replace("-", " "), wide):
        assert read_code(said) == CODE


def test_letters_that_look_like_digits_are_those_digits() -> None:
    code = next(code for code in iter(make_code, "") if {"0", "1"} <= set(code))
    assert read_code(code.replace("0", "O").replace("1", "l", 1).replace("1", "I")) == code


def test_every_wrong_character_is_found() -> None:
    for place, character in itertools.product(range(21), ALPHABET):
        wrong = CODE[:place] + character + CODE[place + 1 :]
        if wrong != CODE:
            with pytest.raises(DataError):
                read_code(wrong)


def test_every_two_exchanged_characters_are_found() -> None:
    for a, b in itertools.combinations(range(21), 2):
        exchanged = list(CODE)
        exchanged[a], exchanged[b] = exchanged[b], exchanged[a]
        if CODE[a] != CODE[b]:
            with pytest.raises(DataError, match="misread"):
                read_code("".join(exchanged))


@pytest.mark.parametrize("typed", ["", "0", CODE + "0", CODE[:-1], CODE.replace(CODE[3], "U"), "漢字" * 11])
def test_what_is_no_code(typed: str) -> None:
    with pytest.raises(DataError) as refused:
        read_code(typed)
    assert refused.value.hint


def test_codes_differ_and_hold_a_hundred_random_bits() -> None:
    assert len({make_code() for _ in range(100)}) == 100
    assert len(ALPHABET) ** report_codes.RANDOM_LENGTH == 1 << 100


def test_the_registry_s_hash_needs_the_key(registry: Registry) -> None:
    kept = hash_code(CODE, registry.keyed_hash)
    assert len(kept) == 32
    assert kept == hash_code(read_code(in_groups(CODE).lower()), registry.keyed_hash)
    assert kept != hash_code(make_code(), registry.keyed_hash)
    assert kept not in (hashlib.sha256(CODE.encode()).digest(), registry.keyed_hash("x", CODE.encode()))
