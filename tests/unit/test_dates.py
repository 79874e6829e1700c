"""Day numbers and age rules: what card and terminal must agree on, to the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.dates import (
    DAY_LIMIT,
    age_on,
    cutoff,
    date_of,
    day_number,
    is_valid_until,
    today,
    valid_until_on_or_after,
)
from mumei_core.errors import DataError

dates = st.dates(min_value=date(2031, 1, 1), max_value=date(2200, 12, 31))
births = st.dates(min_value=date(1880, 1, 1), max_value=date(2200, 12, 31))


def _day(text: str) -> int:
    return day_number(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1880-01-01", 0), ("1880-02-29", 59), ("1880-03-01", 60), ("1900-03-01", 7364), ("2026-11-23", 53652)],
)
def test_day_numbers_known_by_hand(text: str, number: int) -> None:
    assert _day(text) == number
    assert date_of(number).isoformat() == text


@given(births)
def test_day_number_and_date_are_inverse(day: date) -> None:
    assert date_of(day_number(day)) == day


def test_a_day_before_1880_is_refused_and_said() -> None:
    with pytest.raises(DataError, match="1879-12-31 is before 1880-01-01") as refused:
        day_number(date(1879, 12, 31))
    assert "1880" in refused.value.hint


@pytest.mark.parametrize("number", [-1, DAY_LIMIT, DAY_LIMIT - 1, 2**32 - 1])
def test_a_number_without_calendar_day_is_refused(number: int) -> None:
    with pytest.raises(DataError):
        date_of(number)


def test_the_calendar_ends_with_the_year_9999() -> None:
    last = day_number(date(9999, 12, 31))
    assert date_of(last) == date(9999, 12, 31)
    with pytest.raises(DataError, match="calendar ends"):
        date_of(last + 1)


@pytest.mark.parametrize(
    ("years", "on", "last_birth"),
    [
        (20, "2026-11-23", "2006-11-23"),
        (20, "2024-02-29", "2004-02-29"),
        (1, "2024-02-29", "2023-02-28"),
        (124, "2024-02-29", "1900-02-28"),
        (20, "2024-02-28", "2004-02-28"),
        (19, "2023-02-28", "2004-02-28"),
        (19, "2023-03-01", "2004-03-01"),
        (146, "2026-01-01", "1880-01-01"),
    ],
)
def test_cutoff(years: int, on: str, last_birth: str) -> None:
    assert date_of(cutoff(years, _day(on))).isoformat() == last_birth


def test_born_on_29_february_comes_of_age_on_1_march_in_a_common_year() -> None:
    born = _day("2004-02-29")
    assert age_on(born, _day("2023-02-28")) == 18
    assert born > cutoff(19, _day("2023-02-28"))
    assert age_on(born, _day("2023-03-01")) == 19
    assert born <= cutoff(19, _day("2023-03-01"))
    assert age_on(born, _day("2024-02-28")) == 19
    assert age_on(born, _day("2024-02-29")) == 20


@given(births, dates, st.integers(1, 150))
def test_cutoff_and_age_are_one_rule(birth: date, on: date, years: int) -> None:
    born, day = day_number(birth), day_number(on)
    if birth > on:
        with pytest.raises(DataError):
            age_on(born, day)
    else:
        assert (age_on(born, day) >= years) == (born <= cutoff(years, day))


@pytest.mark.parametrize("years", [-1, 0, 151])
def test_ages_nobody_may_ask_for(years: int) -> None:
    with pytest.raises(DataError, match=r"1\.\.150"):
        cutoff(years, _day("2100-01-01"))


@pytest.mark.parametrize(("years", "on"), [(147, "2026-12-31"), (1, "1880-12-31")])
def test_a_cutoff_before_1880_is_refused(years: int, on: str) -> None:
    with pytest.raises(DataError, match="before 1880-01-01"):
        cutoff(years, _day(on))


@pytest.mark.parametrize("day", [-1, DAY_LIMIT, 2**32 - 1])
def test_a_cutoff_for_no_day_is_refused(day: int) -> None:
    with pytest.raises(DataError):
        cutoff(20, day)


@pytest.mark.parametrize(
    ("on", "until"),
    [
        ("2026-11-23", "2026-12-31"),
        ("2026-12-31", "2026-12-31"),
        ("2027-01-01", "2027-06-30"),
        ("2027-06-30", "2027-06-30"),
        ("2027-07-01", "2027-12-31"),
    ],
)
def test_credentials_end_on_one_of_two_days_a_year(on: str, until: str) -> None:
    found = valid_until_on_or_after(_day(on))
    assert date_of(found).isoformat() == until
    assert is_valid_until(found)


_NO_ENDS = [_day("2026-11-23"), _day("2026-06-29"), _day("2027-01-01"), -1, DAY_LIMIT, DAY_LIMIT - 1]


@pytest.mark.parametrize("day", _NO_ENDS)
def test_no_other_day_is_an_end(day: int) -> None:
    assert not is_valid_until(day)


def test_today_is_japans() -> None:
    assert today(lambda: datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC)) == date(2026, 11, 23)
    assert today(lambda: datetime(2026, 11, 23, 15, 0, tzinfo=UTC)) == date(2026, 11, 24)
    new_york = timezone(timedelta(hours=-5))
    assert today(lambda: datetime(2026, 11, 23, 23, 0, tzinfo=new_york)) == date(2026, 11, 24)


def test_a_clock_without_zone_is_refused() -> None:
    with pytest.raises(DataError, match="time zone"):
        today(lambda: datetime(2026, 11, 23))
