"""Status words in plain words, and the numbers inside some of them."""

from __future__ import annotations

import pytest

from mumei_core.commands.codes import STATUS_WORDS
from mumei_core.iso7816 import status_word


def test_every_named_status_word_is_described() -> None:
    for sw, meaning in STATUS_WORDS.items():
        assert meaning in status_word.describe(sw)


@pytest.mark.parametrize(
    ("sw", "said"),
    [(0x63C2, "(2)"), (0x6100, "(256)"), (0x610A, "(10)"), (0x6C08, "(8)"), (0x6A82, "6A82: no such file")],
)
def test_numbers_are_read_out(sw: int, said: str) -> None:
    assert said in status_word.describe(sw)


def test_an_unknown_status_word_says_so() -> None:
    assert "no specification" in status_word.describe(0x6FFF)


def test_kinds_are_told_apart() -> None:
    assert status_word.is_success(0x9000)
    assert status_word.is_success(0x6110)
    assert status_word.is_warning(0x6282)
    assert status_word.is_warning(0x63C1)
    assert status_word.is_error(0x6A82)
    assert not status_word.is_error(0x63C1)
    assert status_word.tries_left(0x63C0) == 0
    assert status_word.tries_left(0x6300) is None
    assert status_word.right_le(0x6C00) == 256
    assert status_word.right_le(0x6700) is None
