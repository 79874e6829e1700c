"""Cases: a record whose card was reported lost, on its way to trustees and authority, and back if found (2.5).

A case covers all unexpired handles of the record. What leaves the office is a file with a random number and the
handles: no name, no resident's number, no card's. No handle is in two cases at a time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.models import EnrolmentRow
from mumei.office.database.models_cases import CaseHandleRow, CaseRow, CaseState
from mumei.office.database.models_issuing import IssuingRow
from mumei.office.handles import confirmed, handle_row, sealed_handle, unexpired
from mumei.office.records import EnrolmentConflictError, NotFoundError
from mumei.office.registry_base import RegistryBase
from mumei.office.rows import NUMBER_LIMIT, locked_resident_row
from mumei.trustee.documents import CASE_NUMBER_LENGTH, CaseFile, CaseHandle, case_words
from mumei_core.dates import day_number, today

_STEPS: Final = {
    CaseState.OPEN: frozenset({CaseState.EXPORTED, CaseState.WITHDRAWN}),
    CaseState.EXPORTED: frozenset({CaseState.LISTED, CaseState.WITHDRAWN}),
    CaseState.LISTED: frozenset({CaseState.WITHDRAWN}),
    CaseState.WITHDRAWN: frozenset[CaseState](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case. ``words``: the number that people say; ``enrolments``: whose handles it covers;

    ``irrevocable``: unexpired enrolments of the record that cannot be listed: no shares, or too few confirmed.
    """

    number: int
    words: str
    resident: int
    state: CaseState
    consent: bool
    opened: date
    enrolments: tuple[int, ...]
    irrevocable: tuple[int, ...]


class Cases(RegistryBase):
    """The cases of a registry."""

    def __init__(self, registry: RegistryBase) -> None:
        super().__init__(registry._engine, registry._clock)

    def open_case(self, resident: int, *, clerk: str, consent: bool = False) -> Case:
        """Open a case for a record, or answer the one that is open, to go on with.

        ``consent``: the holder was told that this week's earlier visits become linkable to each other, and wants
        the card listed within the week. Raises EnrolmentConflictError where no unexpired card made shares;
        NotFoundError.
        """
        with self._writing(clerk) as session:
            return open_case(session, self, resident, clerk=clerk, consent=consent)

    def withdraw_case(self, number: int, *, clerk: str) -> Case:
        """The card was found: gone from the next epoch's lists. Again is fine. Raises NotFoundError."""
        with self._writing(clerk) as session:
            row = _case_row(session, number)
            if row.state != CaseState.WITHDRAWN:
                self._step(session, row, CaseState.WITHDRAWN, AuditAction.CASE_WITHDRAWN, clerk)
            return self._case(session, row)

    def case_file(self, number: int, *, clerk: str) -> CaseFile:
        """What goes to trustees and authority; a withdrawn case says so. Raises NotFoundError."""
        with self._writing(clerk) as session:
            row = _case_row(session, number)
            file = CaseFile(
                number=row.number,
                opened=day_number(row.opened_on),
                consent=row.consent,
                withdrawn=row.state == CaseState.WITHDRAWN,
                handles=tuple(self._handles(session, row)),
            )
            if row.state == CaseState.OPEN:
                self._step(session, row, CaseState.EXPORTED, AuditAction.CASE_EXPORTED, clerk)
            return file

    def mark_listed(self, number: int, *, clerk: str) -> Case:
        """The authority has said that the case is on its lists. Raises EnrolmentConflictError, NotFoundError."""
        with self._writing(clerk) as session:
            row = _case_row(session, number)
            if row.state != CaseState.LISTED:
                self._step(session, row, CaseState.LISTED, AuditAction.CASE_LISTED, clerk)
            return self._case(session, row)

    def case(self, number: int) -> Case:
        """One case. Raises NotFoundError."""
        with self._reading() as session:
            return self._case(session, _case_row(session, number))

    def cases(self, *, live_only: bool = False) -> tuple[Case, ...]:
        """All, oldest first, or those that were not withdrawn."""
        query = select(CaseRow).order_by(CaseRow.id)
        if live_only:
            query = query.where(CaseRow.state != CaseState.WITHDRAWN.value)
        with self._reading() as session:
            return tuple(self._case(session, row) for row in session.scalars(query))

    def live_case_of(self, resident: int) -> Case | None:
        """The case of a record that was not withdrawn, if any."""
        with self._reading() as session:
            row = _live(session, resident)
            return self._case(session, row) if row is not None else None

    def _case(self, session: Session, row: CaseRow) -> Case:
        day = day_number(today(self._clock))
        pairs = unexpired(session, day, resident=row.resident_id)
        stands = [confirmed(session, *pair) for pair in pairs]
        return Case(
            number=row.id,
            words=case_words(row.number),
            resident=row.resident_id,
            state=CaseState(row.state),
            consent=row.consent,
            opened=row.opened_on,
            enrolments=tuple(_covered(session, row)),
            irrevocable=tuple(each.enrolment for each in stands if not each.revocable),
        )

    def _handles(self, session: Session, row: CaseRow) -> list[CaseHandle]:
        found = []
        for number in _covered(session, row):
            enrolment, issuing = session.get_one(EnrolmentRow, number), session.get_one(IssuingRow, number)
            handle = sealed_handle(issuing)
            if handle is not None and enrolment.valid_until is not None:
                found.append(CaseHandle(handle=handle, valid_until=enrolment.valid_until))
        return found

    def _step(
        self, session: Session, row: CaseRow, state: CaseState, action: AuditAction, clerk: str
    ) -> None:
        if state not in _STEPS[CaseState(row.state)]:
            raise EnrolmentConflictError(
                f"case {case_words(row.number)} is {row.state}; it cannot become {state.value}",
                hint="Look the case up: mumei office cases list.",
            )
        row.state, row.changed_at = state.value, self._clock()
        record(session, at=self._clock(), clerk=clerk, action=action, resident=row.resident_id, case=row.id)


def open_case(
    session: Session, registry: RegistryBase, resident: int, *, clerk: str, consent: bool = False
) -> Case:
    """:meth:`Cases.open_case` inside a caller's writing transaction."""
    cases = registry if isinstance(registry, Cases) else Cases(registry)
    now = registry._clock()
    opened = today(lambda: now)
    locked_resident_row(session, resident)
    row = _live(session, resident)
    covered = _in_live_cases(session, resident)
    found = [
        (enrolment, handle)
        for enrolment, issuing in unexpired(session, day_number(opened), resident=resident)
        if enrolment.id not in covered
        and issuing is not None
        and (handle := sealed_handle(issuing)) is not None
    ]
    if row is None or found:
        if not found:
            raise EnrolmentConflictError(
                "no unexpired card of this resident can be revoked",
                hint="Its enrolment made no shares for trustees: the card has to come back, or expires.",
            )
        row = CaseRow(
            number=secrets.token_bytes(CASE_NUMBER_LENGTH),
            resident_id=resident,
            state=CaseState.OPEN.value,
            consent=consent,
            opened_on=opened,
            changed_at=now,
        )
        session.add(row)
        session.flush()
        for enrolment, handle in found:
            handle_row(session, enrolment.id, handle)
            session.add(CaseHandleRow(case_id=row.id, enrolment_id=enrolment.id))
        session.flush()
        record(session, at=now, clerk=clerk, action=AuditAction.CASE_OPENED, resident=resident, case=row.id)
    return cases._case(session, row)


def _live(session: Session, resident: int) -> CaseRow | None:
    """The newest case of a record that was not withdrawn."""
    query = (
        select(CaseRow)
        .where(CaseRow.resident_id == resident, CaseRow.state != CaseState.WITHDRAWN.value)
        .order_by(CaseRow.id.desc())
    )
    return session.scalars(query).first()


def _in_live_cases(session: Session, resident: int) -> set[int]:
    query = (
        select(CaseHandleRow.enrolment_id)
        .join(CaseRow, CaseRow.id == CaseHandleRow.case_id)
        .where(CaseRow.resident_id == resident, CaseRow.state != CaseState.WITHDRAWN.value)
    )
    return set(session.scalars(query))


def _covered(session: Session, row: CaseRow) -> list[int]:
    query = select(CaseHandleRow.enrolment_id).where(CaseHandleRow.case_id == row.id)
    return list(session.scalars(query.order_by(CaseHandleRow.enrolment_id)))


def _case_row(session: Session, number: int) -> CaseRow:
    known = 0 < number < NUMBER_LIMIT
    row = session.get(CaseRow, number, with_for_update=True) if known else None
    if row is None:
        raise NotFoundError(f"there is no case number {number}", hint="Look it up: mumei office cases list.")
    return row
