"""The registry's residents: put on record, looked up, listed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.office.database.code_vault import CodeVault
from mumei.office.database.models import AuditAction, ResidentRow
from mumei.office.database.models_residents import EventKind, EventReason, ResidentEventRow
from mumei.office.records import NotFoundError, ResidentRecord
from mumei.office.registry_base import KeyedRegistry, check_page
from mumei.office.residents.resident import Resident
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.rows import audit, find_by_code, insert_resident, resident_row
from mumei_core.dates import today


class ResidentRegistry(KeyedRegistry):
    """Residents on record. ``number`` is a record number, 1 or more."""

    def add_resident(self, resident: Resident, *, clerk: str) -> ResidentRecord:
        """Put a resident on record.

        Raises DuplicateError for a code that is there, DataError for a birth after today.
        """
        return self.import_residents((resident,), clerk=clerk)[0]

    def import_residents(self, residents: Iterable[Resident], *, clerk: str) -> tuple[ResidentRecord, ...]:
        """Put all on record or, if one is refused, none. Raises as :meth:`add_resident`."""
        with self._writing(clerk) as session:
            vault = self._vault(session, writing=True)
            return tuple(self._add(session, vault, resident, clerk) for resident in residents)

    def resident(self, number: int) -> ResidentRecord:
        """The resident with this record number. Raises NotFoundError."""
        with self._reading() as session:
            return ResidentRecord.from_row(resident_row(session, number), self._vault(session))

    def resident_by_code(self, code: ResidentCode) -> ResidentRecord:
        """The resident with this code. Raises NotFoundError."""
        with self._reading() as session:
            vault = self._vault(session)
            return ResidentRecord.from_row(_by_code(session, vault, code), vault)

    def look_up_code(self, code: ResidentCode, *, clerk: str) -> ResidentRecord:
        """As :meth:`resident_by_code`, for a clerk: who looked whom up by code stands in the trail."""
        with self._writing(clerk) as session:
            vault = self._vault(session)
            row = _by_code(session, vault, code)
            audit(session, self._clock(), clerk, AuditAction.RESIDENT_FOUND_BY_CODE, row)
            return ResidentRecord.from_row(row, vault)

    def residents(
        self,
        *,
        after: int = 0,
        limit: int = 50,
        reading: str | None = None,
        birth_date: date | None = None,
    ) -> tuple[ResidentRecord, ...]:
        """A page: at most ``limit`` (1..1000) residents with record numbers above ``after``, ascending.

        ``reading``: only those whose family name's reading it is, in full-width katakana; ``birth_date``: only
        those born on that day.
        """
        check_page(after, limit)
        query = select(ResidentRow).where(ResidentRow.id > after).order_by(ResidentRow.id).limit(limit)
        if reading is not None:
            query = query.where(ResidentRow.family_reading == reading)
        if birth_date is not None:
            query = query.where(ResidentRow.birth_date == birth_date)
        with self._reading() as session:
            vault = self._vault(session)
            return tuple(ResidentRecord.from_row(row, vault) for row in session.scalars(query))

    def _add(self, session: Session, vault: CodeVault, resident: Resident, clerk: str) -> ResidentRecord:
        resident.check_born_by(today(self._clock))
        row = insert_resident(session, vault, resident, self._clock())
        session.add(
            ResidentEventRow(
                resident_id=row.id,
                kind=EventKind.ADDED.value,
                reason=EventReason.NOTIFICATION.value,
                happened_on=today(self._clock),
                at=self._clock(),
                clerk=clerk,
            )
        )
        audit(session, self._clock(), clerk, AuditAction.RESIDENT_ADDED, row)
        return ResidentRecord.from_row(row, vault)


def _by_code(session: Session, vault: CodeVault, code: ResidentCode) -> ResidentRow:
    row = find_by_code(session, vault, code)
    if row is None:
        raise NotFoundError("no resident with this code is on record", hint="Add the resident first.")
    return row
