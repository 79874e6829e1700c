"""What a terminal wants to know, before it is put into octets: the person's words on one side, 2.3 on the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from mumei_core.commands.request import AgePredicate, Predicate
from mumei_core.credential import ATTRIBUTES, Index
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.dates import date_of, day_number
from mumei_core.errors import DataError, UsageError

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    ``prefecture``: the JIS X 0401 code that the holder must live in; asks for its disclosure. ``disclose``:
    further attribute indexes, ascending. ``transaction``: SHA-256 of what the holder signs, 32 octets.
    """

    predicates: tuple[Predicate, ...] = ()
    prefecture: int | None = None
    disclose: tuple[int, ...] = ()
    pseudonym: bool = False
    transaction: bytes | None = None

    @property
    def disclosed(self) -> tuple[int, ...]:
        """All attribute indexes to be shown, ascending."""
        asked = set(self.disclose) | ({int(Index.PREFECTURE)} if self.prefecture is not None else set())
        return tuple(sorted(asked))


def over(years: int) -> AgePredicate:
    """``years`` or over on the day of the visit."""
    return AgePredicate(kind=Kind.ON_OR_BEFORE, years=years)


def under(years: int) -> AgePredicate:
    """Under ``years`` on the day of the visit."""
    return AgePredicate(kind=Kind.ON_OR_AFTER, years=years)


def born_before(day: date) -> DatePredicate:
    """Born before ``day``, not on it."""
    if day_number(day) == 0:
        raise UsageError("nobody in the registry was born before 1880-01-01", hint="Name a later day.")
    return DatePredicate(kind=Kind.ON_OR_BEFORE, cutoff=day_number(day) - 1)


def born_after(day: date) -> DatePredicate:
    """Born after ``day``, not on it."""
    return DatePredicate(kind=Kind.ON_OR_AFTER, cutoff=day_number(day) + 1)


def describe(predicate: Predicate) -> str:
    """A predicate in words: "20 or over", "under 12", "born before 1960-01-01"."""
    if isinstance(predicate, AgePredicate):
        if predicate.kind is Kind.ON_OR_BEFORE:
            return f"{predicate.years} or over"
        return f"under {predicate.years}"
    try:
        if predicate.kind is Kind.ON_OR_BEFORE:
            return f"born before {(date_of(predicate.cutoff) + timedelta(days=1)).isoformat()}"
        return f"born after {(date_of(predicate.cutoff) - timedelta(days=1)).isoformat()}"
    except (DataError, OverflowError):
        return f"birth date {predicate.kind.name.lower().replace('_', ' ')} day {predicate.cutoff}"


def transaction_hash(file: Path) -> bytes:
    """SHA-256 of a file of any size, 32 octets. Raises DataError where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", hint="Check the path.") from error
    return digest.digest()


def attribute_names(indexes: tuple[int, ...]) -> tuple[str, ...]:
    """The names of attributes 0..4."""
    return tuple(ATTRIBUTES[index].name for index in indexes)
