"""Fictitious residents to try the system with: invented people at real municipalities.

Every person is made up, and every address says so (架空, "fictitious"). The ages that matter at a counter are
there: 19 with the twentieth birthday tomorrow, exactly 20, born on 29 February, 67, and a child of 11.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, NamedTuple

from mumei.office.residents.japan_codes import MUNICIPALITIES, MunicipalityCode, prefecture
from mumei.office.residents.resident import Resident, Sex
from mumei.office.residents.resident_code import ResidentCode, check_digit
from mumei_core.dates import age_on, day_number


class _Sample(NamedTuple):
    """``born`` is a date of birth, or the age to have today with the days to go until the birthday."""

    name: str
    reading: str
    sex: Sex
    municipality: str
    born: date | tuple[int, int]


_SAMPLES: Final = (
    _Sample("岐阜 花子", "ギフ ハナコ", Sex.FEMALE, "212016", (20, 0)),
    _Sample("見本 太郎", "ミホン タロウ", Sex.MALE, "212016", (19, 1)),
    _Sample("閏間 うるう", "ウルマ ウルウ", Sex.FEMALE, "212024", date(2004, 2, 29)),
    _Sample("架空 一郎", "カクウ イチロウ", Sex.MALE, "212032", (67, 100)),
    _Sample("例野 こども", "レイノ コドモ", Sex.FEMALE, "212016", (11, 40)),
    _Sample("仮名 小百合", "カリナ サユリ", Sex.FEMALE, "131041", (34, 200)),
    _Sample("試山 健", "タメシヤマ ケン", Sex.MALE, "012025", (45, 17)),
    _Sample("雛形 みどり", "ヒナガタ ミドリ", Sex.FEMALE, "472018", (28, 300)),
    _Sample("想定 信", "ソウテイ マコト", Sex.MALE, "202011", (59, 5)),
    _Sample("案内 恵", "アンナイ メグミ", Sex.FEMALE, "122254", (17, 90)),
    _Sample("虚野 三郎", "ウロノ サブロウ", Sex.MALE, "212041", (91, 250)),
    _Sample("テスト 桜", "テスト サクラ", Sex.FEMALE, "131130", (40, 0)),
)  # fmt: skip


def sample_residents(today: date) -> tuple[Resident, ...]:
    """Twelve fictitious residents whose ages hold on ``today`` (Japan's date); always the same for one day.

    In this order: 岐阜 花子, 20 today; 見本 太郎, 19 and 20 tomorrow; 閏間 うるう, born 29 February 2004;
    架空 一郎, 67; 例野 こども, 11; then seven adults and youths elsewhere. ``today`` is 2005 or later;
    raises DataError where a birth date would fall before 1880 or in the future.
    """
    residents = tuple(_resident(place, sample, today) for place, sample in enumerate(_SAMPLES, start=1))
    for resident in residents:
        resident.check_born_by(today)
    return residents


def _resident(place: int, sample: _Sample, today: date) -> Resident:
    family_name, given_name = sample.name.split()
    family_reading, given_reading = sample.reading.split()
    municipality = MunicipalityCode(digits=sample.municipality)
    first_ten = f"90000{place:05d}"
    area = f"{prefecture(municipality.prefecture).kanji}{MUNICIPALITIES[sample.municipality]}"
    return Resident(
        resident_code=ResidentCode(digits=f"{first_ten}{check_digit(first_ten)}"),
        family_name=family_name,
        given_name=given_name,
        family_reading=family_reading,
        given_reading=given_reading,
        sex=sample.sex,
        birth_date=sample.born if isinstance(sample.born, date) else _born(*sample.born, today),
        address=f"{area}架空町{place}番地",
        prefecture=municipality.prefecture,
        municipality=municipality,
    )


def _born(age: int, days_to_birthday: int, today: date) -> date:
    """The birth date of who is ``age`` today and has the next birthday (or today's) in so many days."""
    birthday = today + timedelta(days=days_to_birthday)
    born = _years_before(birthday, age + (1 if days_to_birthday else 0))
    # A birthday put off from 29 February to 28 February could come a day early: stay with the age asked for.
    while age_on(day_number(born), day_number(today)) > age:
        born += timedelta(days=1)
    return born


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)
