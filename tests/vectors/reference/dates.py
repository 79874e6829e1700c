"""Day numbers, and the last birth date that has completed n years on a day (date predicates, section 2.4).

A day number counts days since 1880-01-01 in the proleptic Gregorian calendar; that day is 0.
"""

from __future__ import annotations

from typing import Final

DAYS_PER_400_YEARS: Final = 146_097
MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap_year(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap_year(year) else MONTH_LENGTHS[month - 1]


def _days_before_year(year: int) -> int:
    """Days from 0001-01-01 to the first day of the year (any sign)."""
    y = year - 1
    return 365 * y + y // 4 - y // 100 + y // 400


EPOCH: Final = _days_before_year(1880)


def day_number(year: int, month: int, day: int) -> int:
    """The day number of a date; negative before 1880. Raises ValueError if there is no such date."""
    if not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        raise ValueError("no such date")
    before = sum(month_length(year, m) for m in range(1, month))
    return _days_before_year(year) - EPOCH + before + day - 1


def date_of(number: int) -> tuple[int, int, int]:
    """(year, month, day) of a day number."""
    absolute = number + EPOCH
    year = absolute * 400 // DAYS_PER_400_YEARS + 1
    while _days_before_year(year) > absolute:
        year -= 1
    while _days_before_year(year + 1) <= absolute:
        year += 1
    rest, month = absolute - _days_before_year(year), 1
    while rest >= month_length(year, month):
        rest -= month_length(year, month)
        month += 1
    return year, month, rest + 1


def cutoff(n: int, day: int) -> int:
    """The last birth date that has completed n years on the day; both are day numbers.

    Born 29 February completes a year on 1 March in common years; so 29 February minus n years, where that is
    no date, is 28 February.
    """
    year, month, day_of_month = date_of(day)
    return day_number(year - n, month, min(day_of_month, month_length(year - n, month)))


def is_validity_end(day: int) -> bool:
    """Whether the day is a 30 June or a 31 December, the only ends of validity there are."""
    return date_of(day)[1:] in ((6, 30), (12, 31))
