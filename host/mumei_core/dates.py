"""Dates as day numbers, and the age rules card and terminal must compute alike (mumei protocol 2.2, 2.4).

A day number counts days since 1880-01-01 (day 0) in the proleptic Gregorian calendar, 0 <= day < 2^24. The
calendar of this module ends with 9999-12-31, long before the numbers do: a later day is refused like one out
of range. Dates are Japan's: one time zone, UTC+9, without summer time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from mumei_core.errors import DataError

EPOCH: Final = date(1880, 1, 1)
DAY_LIMIT: Final = 1 << 24
"""Day numbers are below this (2.4: 0 <= D < 2^24)."""

MAX_AGE: Final = 150
"""The highest age a request may ask for (2.3: n in 1..150)."""

JAPAN_TIME: Final = timezone(timedelta(hours=9), "JST")

_EPOCH_ORDINAL: Final = EPOCH.toordinal()
_LAST_DAY: Final = date.max.toordinal() - _EPOCH_ORDINAL


def day_number(day: date) -> int:
    """The number of a calendar day, 0 for 1880-01-01. Raises DataError for an earlier one."""
    number = day.toordinal() - _EPOCH_ORDINAL
    if number < 0:
        raise DataError(
            f"{day.isoformat()} is before {EPOCH.isoformat()}",
            hint="Day numbers begin with 1880-01-01: check the year (Meiji 13 is 1880).",
        )
    return number


def date_of(day: int) -> date:
    """The calendar day of a day number. Raises DataError for one outside 1880-01-01 .. 9999-12-31."""
    if not 0 <= day < DAY_LIMIT:
        raise DataError(f"day number {day} is outside 0..{DAY_LIMIT - 1}")
    if day > _LAST_DAY:
        raise DataError(f"day number {day} is after {date.max.isoformat()}, where the calendar ends")
    return date.fromordinal(day + _EPOCH_ORDINAL)


def cutoff(years: int, day: int) -> int:
    """D of 2.4: the last birth date, as a day number, of people who have completed ``years`` on ``day``.

    Age >= n on T is ``birth_date <= cutoff(n, T)``; age < n is ``birth_date >= cutoff(n, T) + 1``. A year is
    completed on the day of the birthday itself; who was born on 29 February completes it on 1 March in common
    years, so 29 February minus years that end in a common year is 28 February. ``years`` is 1..150; raises
    DataError for another, for a day out of range, and where D would lie before 1880-01-01.
    """
    if not 1 <= years <= MAX_AGE:
        raise DataError(f"an age of {years} is outside 1..{MAX_AGE}")
    on = date_of(day)
    year = on.year - years
    if year < EPOCH.year:
        raise DataError(f"{years} years before {on.isoformat()} is before {EPOCH.isoformat()}")
    if (on.month, on.day) == (2, 29) and not _is_leap(year):
        return day_number(date(year, 2, 28))
    return day_number(on.replace(year=year))


def age_on(birth_date: int, day: int) -> int:
    """Years completed on ``day`` by who was born on ``birth_date``; both are day numbers.

    Agrees with :func:`cutoff`. Raises DataError for days out of range and for a birth after ``day``.
    """
    born, on = date_of(birth_date), date_of(day)
    if born > on:
        raise DataError(f"born on {born.isoformat()}, after {on.isoformat()}")
    # Comparing (month, day) puts the anniversary of 29 February on 1 March in common years, as 2.4 wants it.
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_valid_until(day: int) -> bool:
    """Whether a credential may end on this day: only on 30 June and 31 December (2.2).

    Two ends a year for everyone, so that none singles out a card. A day out of range is just not one of them.
    """
    if not 0 <= day <= _LAST_DAY:
        return False
    on = date_of(day)
    return (on.month, on.day) in ((6, 30), (12, 31))


def valid_until_on_or_after(day: int) -> int:
    """The first 30 June or 31 December that is ``day`` or later, as a day number.

    Raises DataError for a day out of range.
    """
    on = date_of(day)
    return day_number(date(on.year, 6, 30) if on <= date(on.year, 6, 30) else date(on.year, 12, 31))


def _utc_now() -> datetime:
    return datetime.now(UTC)


def today(clock: Callable[[], datetime] = _utc_now) -> date:
    """Today's date in Japan. ``clock`` gives the moment with its time zone; DataError if it names none."""
    moment = clock()
    if moment.tzinfo is None:
        raise DataError("the clock gave a time without time zone")
    return moment.astimezone(JAPAN_TIME).date()


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
