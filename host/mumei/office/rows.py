"""The registry's rows inside one transaction: found, made, moved on; each change goes to the audit trail."""

from __future__ import annotations

import secrets
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.code_vault import RECORD_OCTETS, CodeVault
from mumei.office.database.engine import DuplicateError
from mumei.office.database.models import EnrolmentRow, EnrolmentState, ResidentRow, ResidentState
from mumei.office.records import EnrolmentConflictError, NotFoundError, ResidentStateError
from mumei.office.residents.resident import Resident
from mumei.office.residents.resident_code import ResidentCode

NUMBER_LIMIT: Final = 1 << 31

STEPS: Final = MappingProxyType(
    {
        EnrolmentState.STARTED: frozenset({EnrolmentState.COMMITTED, EnrolmentState.CANCELLED}),
        EnrolmentState.COMMITTED: frozenset({EnrolmentState.SIGNED, EnrolmentState.CANCELLED}),
        EnrolmentState.SIGNED: frozenset({EnrolmentState.STORED, EnrolmentState.CANCELLED}),
        EnrolmentState.STORED: frozenset[EnrolmentState](),
        EnrolmentState.CANCELLED: frozenset[EnrolmentState](),
    }
)
"""The state machine of an enrolment: from each state, the ones that may follow. Open are those with any."""


def resident_row(session: Session, number: int) -> ResidentRow:
    """The resident with this record number. Raises NotFoundError."""
    row = session.get(ResidentRow, number) if 0 < number < NUMBER_LIMIT else None
    if row is None:
        raise NotFoundError(f"there is no resident number {number}", hint="Look the number up in the list.")
    return row


def locked_resident_row(session: Session, number: int) -> ResidentRow:
    """The same, locked to the transaction's end. Raises NotFoundError."""
    resident_row(session, number)
    # The lock matters on PostgreSQL; on SQLite the whole transaction holds one.
    return session.get_one(ResidentRow, number, with_for_update=True, populate_existing=True)


def check_lives_here(row: ResidentRow) -> None:
    """Raise ResidentStateError for somebody who moved out or died."""
    if row.state != ResidentState.RESIDENT:
        raise not_here(row)


def not_here(row: ResidentRow) -> ResidentStateError:
    """What to say of somebody who moved out or died."""
    since = f" on {row.state_since.isoformat()}" if row.state_since else ""
    if row.state == ResidentState.DECEASED:
        return ResidentStateError(
            f"resident {row.id} died{since}", hint="If that is an error: mumei office resident reinstate."
        )
    return ResidentStateError(
        f"resident {row.id} moved out{since}", hint="If they are back, enter that they moved in again first."
    )


def find_by_code(session: Session, vault: CodeVault, code: ResidentCode) -> ResidentRow | None:
    """The resident with this code, if any."""
    return session.scalar(select(ResidentRow).where(ResidentRow.code_index == vault.index(code)))


def insert_resident(session: Session, vault: CodeVault, resident: Resident, now: datetime) -> ResidentRow:
    """A new row, flushed so that it has its number. Raises DuplicateError for a code that is there."""
    found = find_by_code(session, vault, resident.resident_code)
    if found is not None:
        raise DuplicateError(
            f"a resident with this code is on record already, as number {found.id}",
            hint=f"Open record {found.id}; if it is another person, one of the two codes is wrong.",
        )
    row = ResidentRow(**entries_of(resident, vault), added_at=now, changed_at=now)
    session.add(row)
    session.flush()
    return row


def entries_of(resident: Resident, vault: CodeVault) -> dict[str, object]:
    """The columns of a new resident, under a record drawn here."""
    record = secrets.token_bytes(RECORD_OCTETS)
    return {
        "record": record,
        "code_index": vault.index(resident.resident_code),
        "code_sealed": vault.seal(resident.resident_code, record),
        **plain_entries_of(resident),
        "state": ResidentState.RESIDENT.value,
    }


def plain_entries_of(resident: Resident) -> dict[str, object]:
    """The columns that are kept in clear."""
    return {
        "family_name": resident.family_name,
        "given_name": resident.given_name,
        "family_reading": resident.family_reading,
        "given_reading": resident.given_reading,
        "sex": int(resident.sex),
        "birth_date": resident.birth_date,
        "address": resident.address,
        "prefecture": resident.prefecture,
        "municipality": resident.municipality.digits,
    }


def enrolment_row(session: Session, number: int) -> EnrolmentRow:
    """The enrolment with this record number, locked to the transaction's end. Raises NotFoundError."""
    # The lock matters on PostgreSQL; on SQLite the whole transaction holds one.
    known = 0 < number < NUMBER_LIMIT
    row = session.get(EnrolmentRow, number, with_for_update=True) if known else None
    if row is None:
        raise NotFoundError(f"there is no enrolment number {number}", hint="Look it up under the resident.")
    return row


def open_enrolment_row(session: Session, number: int) -> EnrolmentRow:
    """The same, if it is still open. Raises NotFoundError, EnrolmentConflictError."""
    row = enrolment_row(session, number)
    if not is_open(row):
        raise EnrolmentConflictError(
            f"enrolment {number} is {row.state} and takes nothing more",
            hint="Begin a new enrolment if one is needed.",
        )
    return row


def is_open(row: EnrolmentRow) -> bool:
    """Whether any step may follow."""
    return bool(STEPS[EnrolmentState(row.state)])


def step(row: EnrolmentRow, state: EnrolmentState, now: datetime) -> None:
    """Move the enrolment on. Raises EnrolmentConflictError where the table of steps has no such step."""
    if state not in STEPS[EnrolmentState(row.state)]:
        raise EnrolmentConflictError(
            f"enrolment {row.id} is {row.state}; it cannot become {state.value}",
            hint="Look the enrolment up and go on from the state it is in.",
        )
    row.state, row.changed_at = state.value, now


def audit(
    session: Session,
    now: datetime,
    clerk: str,
    action: AuditAction,
    row: ResidentRow | EnrolmentRow,
    *,
    card: int | None = None,
) -> None:
    """Add an entry about a flushed row, and the card it was done with."""
    enrolment = row if isinstance(row, EnrolmentRow) else None
    record(
        session,
        at=now,
        clerk=clerk,
        action=action,
        resident=enrolment.resident_id if enrolment else row.id,
        enrolment=enrolment.id if enrolment else None,
        card=card,
    )
