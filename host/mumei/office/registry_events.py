"""The registry's events of residents: moves, new names, corrections, deaths; what was before is kept.

What is kept, and for how long: an event is never removed, and nobody's record is. After somebody moved out or died
the law wants the entries kept for 150 years (住民基本台帳法施行令 Art. 34), and enrolments have to be found for as
long as a credential may be shown. So there is no command that deletes a person.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.database.engine import DuplicateError
from mumei.office.database.errors import retrying
from mumei.office.database.models import ResidentRow, ResidentState
from mumei.office.database.models_cards import CardRow, CardState, Recall
from mumei.office.database.models_residents import EventKind, EventReason, ResidentEventRow
from mumei.office.records import ResidentRecord, ResidentStateError, StaleRecordError, resident_of
from mumei.office.registry_residents import ResidentRegistry
from mumei.office.residents.japan_codes import MunicipalityCode
from mumei.office.residents.resident import Resident
from mumei.office.residents.resident_events import (
    ResidentChange,
    ResidentEvent,
    before_json,
    check_day,
    differences,
)
from mumei.office.rows import (
    audit,
    check_lives_here,
    find_by_code,
    locked_resident_row,
    not_here,
    plain_entries_of,
    resident_row,
)
from mumei_core.dates import today


class ResidentEventRegistry(ResidentRegistry):
    """Events of residents.

    ``on`` is the day on which it happened, not after today; ``reason`` the ground of the entry. ``version``, where
    given, is the one that the clerk saw: StaleRecordError if somebody changed the record since. All raise
    NotFoundError, ResidentStateError, DataError and UsageError (a change of nothing).
    """

    def move_within(
        self,
        number: int,
        *,
        address: str,
        on: date,
        clerk: str,
        municipality: MunicipalityCode | None = None,
        reason: EventReason = EventReason.NOTIFICATION,
        version: int | None = None,
    ) -> ResidentRecord:
        """A resident has another address; another ward of the same city has a ``municipality`` of its own."""
        change = ResidentChange(address=address, municipality=municipality)
        return self._change(number, EventKind.MOVED_WITHIN, change, on, reason, clerk, version)

    def move_out(
        self,
        number: int,
        *,
        on: date,
        clerk: str,
        reason: EventReason = EventReason.NOTIFICATION,
        version: int | None = None,
    ) -> ResidentRecord:
        """A resident has left: the card in hand is recalled, and none is issued any more."""
        return self._leave(number, EventKind.MOVED_OUT, on, reason, clerk, version)

    def record_death(
        self,
        number: int,
        *,
        on: date,
        clerk: str,
        reason: EventReason = EventReason.NOTIFICATION,
        version: int | None = None,
    ) -> ResidentRecord:
        """A resident has died: the card in hand is recalled, and none is issued any more."""
        return self._leave(number, EventKind.DIED, on, reason, clerk, version)

    @retrying
    def move_in_again(
        self,
        number: int,
        *,
        address: str,
        municipality: MunicipalityCode,
        on: date,
        clerk: str,
        reason: EventReason = EventReason.NOTIFICATION,
        version: int | None = None,
    ) -> ResidentRecord:
        """Somebody who had moved out is back. Who was never here is added (:meth:`add_resident`)."""
        with self._writing(clerk) as session:
            vault = self._vault(session, writing=True)
            row = self._locked(session, number, version)
            if row.state != ResidentState.MOVED_OUT:
                raise ResidentStateError(
                    f"resident {number} has not moved out", hint="Use the move within the municipality."
                )
            before = resident_of(row, vault)
            after = ResidentChange(address=address, municipality=municipality).applied_to(before)
            check_day(on, before, today(self._clock))
            self._keep(session, row, EventKind.MOVED_IN, on, reason, clerk, differences(before, after))
            self._write(row, after)
            row.state, row.state_since = ResidentState.RESIDENT.value, on
            _recall(session, row.id, None, None)
            session.flush()
            audit(session, self._clock(), clerk, AuditAction.RESIDENT_MOVED_IN, row)
            return ResidentRecord.from_row(row, vault)

    @retrying
    def reinstate(
        self,
        number: int,
        *,
        on: date,
        clerk: str,
        reason: EventReason = EventReason.ENTRY_ERROR,
        version: int | None = None,
    ) -> ResidentRecord:
        """Somebody was entered as dead or moved out by mistake: they live here, and keep the card in hand."""
        with self._writing(clerk) as session:
            row = self._locked(session, number, version)
            if row.state == ResidentState.RESIDENT:
                raise ResidentStateError(f"resident {number} lives here", hint="There is nothing to undo.")
            vault = self._vault(session)
            check_day(on, resident_of(row, vault), today(self._clock))
            changed = frozenset({"state", "state_since"})
            self._keep(session, row, EventKind.CORRECTED, on, reason, clerk, changed)
            row.state, row.state_since = ResidentState.RESIDENT.value, on
            row.changed_at = self._clock()
            _recall(session, row.id, None, None)
            session.flush()
            audit(session, self._clock(), clerk, AuditAction.RESIDENT_CORRECTED, row)
            return ResidentRecord.from_row(row, vault)

    def change_name(
        self,
        number: int,
        change: ResidentChange,
        *,
        on: date,
        clerk: str,
        reason: EventReason = EventReason.NOTIFICATION,
        version: int | None = None,
    ) -> ResidentRecord:
        """A resident has another name: names and readings of ``change``."""
        return self._change(number, EventKind.NAME_CHANGED, change, on, reason, clerk, version)

    def correct(
        self,
        number: int,
        change: ResidentChange,
        *,
        on: date,
        clerk: str,
        reason: EventReason = EventReason.ENTRY_ERROR,
        version: int | None = None,
    ) -> ResidentRecord:
        """An entry was wrong, the resident code included. Raises DuplicateError for another one's code."""
        return self._change(number, EventKind.CORRECTED, change, on, reason, clerk, version)

    def events_of(self, number: int) -> tuple[ResidentEvent, ...]:
        """All events of a resident, oldest first. Raises NotFoundError."""
        query = (
            select(ResidentEventRow)
            .where(ResidentEventRow.resident_id == number)
            .order_by(ResidentEventRow.id)
        )
        with self._reading() as session:
            resident_row(session, number)
            return tuple(ResidentEvent.from_row(row) for row in session.scalars(query))

    # How

    def _locked(self, session: Session, number: int, version: int | None) -> ResidentRow:
        row = locked_resident_row(session, number)
        if version is not None and version != row.version:
            raise StaleRecordError(
                f"resident {number} was changed by somebody else meanwhile",
                hint="Look the resident up again, and enter what is still to be changed.",
            )
        return row

    @retrying
    def _change(
        self,
        number: int,
        kind: EventKind,
        change: ResidentChange,
        on: date,
        reason: EventReason,
        clerk: str,
        version: int | None,
    ) -> ResidentRecord:
        with self._writing(clerk) as session:
            # Before the resident, as who changes the key takes them: or the two would wait for each other.
            vault = self._vault(session, writing=True)
            row = self._locked(session, number, version)
            if kind is not EventKind.CORRECTED:
                check_lives_here(row)
            before = resident_of(row, vault)
            after = change.applied_to(before)
            after.check_born_by(today(self._clock))
            check_day(on, after, today(self._clock))
            changed = differences(before, after)
            event = self._keep(session, row, kind, on, reason, clerk, changed)
            if "resident_code" in changed:
                found = find_by_code(session, vault, after.resident_code)
                if found is not None:
                    raise DuplicateError(
                        f"the code is on record already, as number {found.id}",
                        hint=f"Open record {found.id}: one of the two codes is wrong.",
                    )
                event.code_before = row.code_sealed
                row.code_index = vault.index(after.resident_code)
                row.code_sealed = vault.seal(after.resident_code, row.record)
            self._write(row, after)
            session.flush()
            audit(session, self._clock(), clerk, _ACTIONS[kind], row)
            return ResidentRecord.from_row(row, vault)

    @retrying
    def _leave(
        self, number: int, kind: EventKind, on: date, reason: EventReason, clerk: str, version: int | None
    ) -> ResidentRecord:
        state, recall = _LEAVING[kind]
        with self._writing(clerk) as session:
            row = self._locked(session, number, version)
            vault = self._vault(session)
            if row.state == ResidentState.DECEASED or row.state == state:
                raise not_here(row)
            check_day(on, resident_of(row, vault), today(self._clock))
            self._keep(session, row, kind, on, reason, clerk, frozenset({"state"}))
            row.state, row.state_since, row.changed_at = state.value, on, self._clock()
            _recall(session, row.id, recall, on)
            session.flush()
            audit(session, self._clock(), clerk, _ACTIONS[kind], row)
            return ResidentRecord.from_row(row, vault)

    def _keep(
        self,
        session: Session,
        row: ResidentRow,
        kind: EventKind,
        on: date,
        reason: EventReason,
        clerk: str,
        changed: frozenset[str],
    ) -> ResidentEventRow:
        event = ResidentEventRow(
            resident_id=row.id,
            kind=kind.value,
            reason=reason.value,
            happened_on=on,
            at=self._clock(),
            clerk=clerk,
            before=before_json(row, changed),
        )
        session.add(event)
        return event

    def _write(self, row: ResidentRow, resident: Resident) -> None:
        for name, value in plain_entries_of(resident).items():
            setattr(row, name, value)
        row.changed_at = self._clock()


_ACTIONS: Final = MappingProxyType(
    {
        EventKind.MOVED_WITHIN: AuditAction.RESIDENT_MOVED_WITHIN,
        EventKind.MOVED_OUT: AuditAction.RESIDENT_MOVED_OUT,
        EventKind.NAME_CHANGED: AuditAction.RESIDENT_NAME_CHANGED,
        EventKind.CORRECTED: AuditAction.RESIDENT_CORRECTED,
        EventKind.DIED: AuditAction.RESIDENT_DIED,
    }
)
_LEAVING: Final = MappingProxyType(
    {
        EventKind.MOVED_OUT: (ResidentState.MOVED_OUT, Recall.MOVED_OUT),
        EventKind.DIED: (ResidentState.DECEASED, Recall.DIED),
    }
)


def _recall(session: Session, resident_number: int, recall: Recall | None, on: date | None) -> None:
    """Call the card in this resident's hands back, or no longer."""
    session.execute(
        update(CardRow)
        .where(CardRow.resident_id == resident_number, CardRow.state == CardState.ISSUED.value)
        .values(recall=None if recall is None else recall.value, recall_on=on, version=CardRow.version + 1)
    )
