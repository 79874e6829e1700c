"""Prefectures and municipalities against the published tables."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mumei.office.residents.japan_codes import (
    MUNICIPALITIES,
    PREFECTURES,
    MunicipalityCode,
    check_consistent,
    find_prefecture,
    municipality_check_digit,
    prefecture,
)
from mumei_core.errors import DataError

_VECTORS = Path(os.environ.get("MUMEI_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))
_PUBLISHED: dict[str, Any] = json.loads((_VECTORS / "standards" / "japan_codes.json").read_text("utf-8"))


def test_all_prefectures_are_the_published_ones() -> None:
    published = {
        int(entry["code"]): (entry["kanji"], entry["romaji"]) for entry in _PUBLISHED["prefectures"]["list"]
    }
    assert {code: (found.kanji, found.romaji) for code, found in PREFECTURES.items()} == published
    assert len(published) == 47


@pytest.mark.parametrize("example", _PUBLISHED["municipality_code"]["examples"], ids=lambda e: e["code6"])
def test_published_municipalities(example: dict[str, Any]) -> None:
    assert municipality_check_digit(example["code5"]) == example["check_digit"]
    code = MunicipalityCode(digits=example["code6"])
    assert code.number == int(example["code6"])
    assert example["kanji"].startswith(prefecture(code.prefecture).kanji)


@pytest.mark.parametrize("entry", _PUBLISHED["prefectures"]["list"], ids=lambda e: e["code"])
def test_a_prefectures_own_code_has_a_good_check_digit_and_is_no_municipality(entry: dict[str, Any]) -> None:
    code6 = entry["municipality_form_code6"]
    assert municipality_check_digit(code6[:5]) == int(code6[5])
    with pytest.raises(DataError, match="of a prefecture"):
        MunicipalityCode(digits=code6)


def test_the_table_of_municipalities_has_good_codes() -> None:
    for digits in MUNICIPALITIES:
        assert MunicipalityCode(digits=digits).digits == digits


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("212010", "check digit is wrong"),
        ("21201", "6 digits, not 5"),
        ("2120166", "6 digits, not 7"),
        ("21２016", "FULLWIDTH DIGIT TWO"),
        ("212 16", "SPACE"),
        ("131017", "check digit is wrong"),
        ("", "6 digits, not 0"),
    ],
)
def test_mistyped_municipalities_are_refused(typed: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        MunicipalityCode(digits=typed)
    assert refused.value.hint


@pytest.mark.parametrize("first_five", ["00201", "48201", "99201"])
def test_a_good_check_digit_does_not_make_a_prefecture(first_five: str) -> None:
    with pytest.raises(DataError, match="no prefecture"):
        MunicipalityCode(digits=f"{first_five}{municipality_check_digit(first_five)}")


def test_a_municipality_of_another_prefecture_is_refused_and_both_are_named() -> None:
    gifu_city = MunicipalityCode(digits="212016")
    check_consistent(21, gifu_city)
    with pytest.raises(DataError, match="岐阜県, not in 愛知県"):
        check_consistent(23, gifu_city)
    with pytest.raises(DataError, match="no prefecture 48"):
        check_consistent(48, gifu_city)


@pytest.mark.parametrize("text", ["21", "岐阜県", "岐阜", "Gifu", "gifu"])
def test_a_prefecture_is_found_however_it_is_written(text: str) -> None:
    assert find_prefecture(text).code == 21


def test_hokkaido_keeps_its_last_character() -> None:
    assert find_prefecture("北海道").code == find_prefecture("1").code == 1


@pytest.mark.parametrize("text", ["", "0", "48", "21 ", "２１", "Edo", "北海", "\ud800"])
def test_what_is_no_prefecture_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        find_prefecture(text)
