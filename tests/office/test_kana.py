"""Readings: whatever kana is typed, one spelling is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei.office.residents.kana import check_reading, to_katakana
from mumei_core.errors import DataError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ハナコ", "ハナコ"),
        ("はなこ", "ハナコ"),
        ("ﾊﾅｺ", "ハナコ"),
        ("ｶﾞｷﾞﾊﾟ", "ガギパ"),
        ("カ\u3099", "ガ"),
        ("か\u3099", "ガ"),
        ("う\u3099", "ヴ"),
        ("ｳﾞｧﾝ", "ヴァン"),
        ("ケイコｰ", "ケイコー"),
        ("ゝゞ", "ヽヾ"),
        ("ジョン･スミス", "ジョン・スミス"),
        ("ジョン\u3000スミス ", "ジョン スミス"),
        ("ゕゖ", "ヵヶ"),
    ],
)
def test_kana_of_any_kind_become_full_width_katakana(typed: str, kept: str) -> None:
    assert to_katakana(typed) == kept


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        ("花子", "CJK UNIFIED IDEOGRAPH"),
        ("Hanako", "LATIN CAPITAL LETTER H"),
        ("Ｈ", "FULLWIDTH LATIN CAPITAL LETTER H"),
        ("ハナコ1", "DIGIT ONE"),
        ("ハ゛", "VOICED SOUND MARK"),
        ("ア\u3099", "VOICED SOUND MARK"),
        ("\uff9f", "SEMI-VOICED SOUND MARK"),
        ("ハナコ\ud83d", r"U\+D83D"),
        ("ハナコ\n", r"U\+000A"),
        ("ー", "not a reading"),
        ("ハナ  コ", "not a reading"),
        ("", "empty"),
        ("ア" * 101, "100 are the most"),
    ],
)
def test_what_is_no_reading_is_refused_and_named(reading: str, named: str) -> None:
    with pytest.raises(DataError, match=named) as refused:
        check_reading("reading", to_katakana(reading), limit=100)
    assert refused.value.hint


@given(st.text(st.characters(min_codepoint=0x3041, max_codepoint=0x3096), min_size=1, max_size=30))
def test_every_hiragana_reading_is_accepted(reading: str) -> None:
    check_reading("reading", to_katakana(reading), limit=100)


@given(st.text())
def test_converting_twice_changes_nothing_more(text: str) -> None:
    assert to_katakana(to_katakana(text)) == to_katakana(text)
