"""What happened to a resident's entries: kinds, grounds, and what stood there before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Self

from mumei.office.database.models import ResidentRow
from mumei.office.database.models_residents import EventKind, EventReason, ResidentEventRow
from mumei.office.residents.japan_codes import MunicipalityCode
from mumei.office.residents.resident import Resident, Sex
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.rows import plain_entries_of
from mumei_core.errors import DataError, UsageError

ON_THE_CARD: Final = frozenset(
    {
        "family_name",
        "given_name",
        "family_reading",
        "given_reading",
        "sex",
        "birth_date",
        "address",
        "prefecture",
        "municipality",
        "resident_code",
    }
)
"""Entries that a credential holds (2.2): after a change the card in hand says something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentEvent:
    """One event. ``before``: the changed entries as they were; ``repr`` shows none.

    ``at`` is when it was entered (UTC), ``happened_on`` when it took effect.
    """

    number: int
    resident_number: int
    kind: EventKind
    reason: EventReason
    happened_on: date
    at: datetime
    clerk: str
    before: Mapping[str, str] = field(repr=False)
    import_number: int | None = None

    @classmethod
    def from_row(cls, row: ResidentEventRow) -> Self:
        """The row's value. A resident code of before is only said to have been another."""
        before = {} if row.before is None else json.loads(row.before)
        if row.code_before is not None:
            before["resident_code"] = "another one"
        return cls(
            number=row.id,
            resident_number=row.resident_id,
            kind=EventKind(row.kind),
            reason=EventReason(row.reason),
            happened_on=row.happened_on,
            at=row.at,
            clerk=row.clerk,
            before=MappingProxyType(before),
            import_number=row.import_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentChange:
    """What becomes different; None stays as it is. Texts are tidied as :meth:`Resident.from_form` does."""

    resident_code: ResidentCode | None = field(default=None, repr=False)
    family_name: str | None = field(default=None, repr=False)
    given_name: str | None = field(default=None, repr=False)
    family_reading: str | None = field(default=None, repr=False)
    given_reading: str | None = field(default=None, repr=False)
    sex: Sex | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    municipality: MunicipalityCode | None = field(default=None, repr=False)

    def applied_to(self, resident: Resident) -> Resident:
        """The resident afterwards, checked as any other. Raises DataError; UsageError for a change of nothing."""
        names = (name for name in self.__dataclass_fields__ if getattr(self, name) is not None)
        given = {name: getattr(self, name) for name in names}
        if self.municipality is not None:
            given["prefecture"] = self.municipality.prefecture
        changed = replace(resident, **given)
        if changed == resident:
            raise UsageError(
                "nothing would change", hint="What you entered is on record already: look the resident up."
            )
        return changed


def differences(before: Resident, after: Resident) -> frozenset[str]:
    """The names of the columns in which two differ, ``resident_code`` among them."""
    old, new = plain_entries_of(before), plain_entries_of(after)
    changed = {name for name in old if old[name] != new[name]}
    if before.resident_code != after.resident_code:
        changed.add("resident_code")
    return frozenset(changed)


def before_json(row: ResidentRow, names: frozenset[str]) -> str | None:
    """The entries that are about to change, as they are, without the code."""
    kept = {name: str(getattr(row, name)) for name in sorted(names - {"resident_code"})}
    return json.dumps(kept, ensure_ascii=False) if kept else None


def check_day(on: date, resident: Resident, today: date) -> None:
    """Raise DataError for an event before birth or after today."""
    if on > today:
        raise DataError(f"the day lies after today, {today.isoformat()}", hint="Enter it when it has come.")
    if on < resident.birth_date:
        raise DataError("the day lies before the birth date", hint="Check the year.")
