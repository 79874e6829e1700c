"""Headings, dates and characters of imported files, one by one."""

from __future__ import annotations

from datetime import date

import pytest
from tests.office.forms import TODAY, resident_with
from tests.office.import_desk import HANAKO, HEADING, change

from mumei.office.residents.characters import Repertoire, rare_characters, replaced_by_nfc
from mumei.office.residents.import_columns import Columns


class TestColumns:
    @pytest.mark.parametrize(
        "heading",
        [
            "resident_code,family_name,given_name,family_reading,given_reading,sex,birth_date,address,municipality",
            "Code,Surname,First name,セイ,メイ,Gender,Date of birth,Address,Municipality code",
            "住民票コード,氏,名,氏フリガナ,名フリガナ,性別,生年月日,住所,全国地方公共団体コード",
            "住民票ｺｰﾄﾞ,姓,名,姓カナ,名カナ,性別,生年月日,住所,団体コード",
        ],
    )
    def test_headings(self, heading: str) -> None:
        columns = Columns(heading.split(","))
        row = [
            "24727059608",
            "岐阜",
            "花子",
            "ぎふ",
            "はなこ",
            "2",
            "20040229",
            "岐阜県岐阜市架空町1番地",
            "212016",
        ]
        assert columns.resident(row, today=TODAY) == resident_with()
        assert columns.unknown == ()

    def test_columns_that_nobody_asked_for_are_passed_over(self) -> None:
        assert Columns([*HEADING.split(","), "備考", ""]).unknown == ("備考",)

    @pytest.mark.parametrize(
        "written",
        [
            "2004-02-29",
            "2004/2/29",
            "2004.02.29",
            "20040229",
            "2004年2月29日",
            "平成16年2月29日",
            "H16.2.29",
            "H16/02/29",
        ],
    )
    def test_dates(self, written: str) -> None:
        columns = Columns(HEADING.split(","))
        assert columns.resident(change(HANAKO, 4, written).split(","), today=TODAY) == resident_with()

    @pytest.mark.parametrize(
        ("written", "day"),
        [
            ("令和元年5月1日", date(2019, 5, 1)),
            ("平成31年4月30日", date(2019, 4, 30)),
            ("昭和64年1月7日", date(1989, 1, 7)),
            ("S1.12.25", date(1926, 12, 25)),
            ("大正1年7月30日", date(1912, 7, 30)),
            ("明治45年7月29日", date(1912, 7, 29)),
        ],
    )
    def test_eras_begin_and_end(self, written: str, day: date) -> None:
        columns = Columns(HEADING.split(","))
        found = columns.resident(change(HANAKO, 4, written).split(","), today=TODAY)
        assert found.birth_date == day


class TestCharacters:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("岐阜 花子", []),
            ("1－2～3", []),
            ("俱", [(1, "俱", Repertoire.JIS_X_0213)]),
            ("𠮟る", [(1, "𠮟", Repertoire.JIS_X_0213)]),
            ("𠮷田", [(1, "𠮷", Repertoire.UNICODE)]),
            ("高髙", [(2, "髙", Repertoire.UNICODE)]),
            ("a葛\U000e0100b", [(2, "葛\U000e0100", Repertoire.VARIATION)]),
        ],
    )
    def test_where_a_rare_one_is_found(self, text: str, found: list[tuple[int, str, Repertoire]]) -> None:
        rare = rare_characters(text)
        assert [(one.place, one.sequence, one.repertoire) for one in rare] == found
        assert all(one.words().isprintable() for one in rare)

    def test_only_compatibility_forms_are_replaced(self) -> None:
        assert replaced_by_nfc("神\ufa19\ufa11が") == ("\ufa19",)
