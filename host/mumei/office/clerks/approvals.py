"""What takes two persons: one asks, a supervisor who is somebody else approves, and it is done once.

Second card, wipe and revoke. An approval is for one operation on one record, for its requester, for a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session, aliased

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import lock, record
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession, NoRightError, NotLoggedInError
from mumei.office.database.models_clerks import ApprovalRow, ClerkRow
from mumei.office.records import NotFoundError
from mumei.office.registry_base import RegistryBase
from mumei_core.errors import DataError, HostEnvironmentError

LIFETIME: Final = timedelta(hours=24)
_NUMBER_LIMIT: Final = 1 << 31


class Operation(StrEnum):
    """What takes two persons, and of which kind of record the subject's number is."""

    SECOND_CARD = "SECOND_CARD"
    WIPE = "WIPE"
    REVOKE = "REVOKE"

    @property
    def kind(self) -> str:
        """What the subject is: its number stands under this word in the audit trail."""
        return "card" if self is Operation.WIPE else "resident"


class ApprovalState(StrEnum):
    """How far a request is; EXPIRED is not kept but found by the clock."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    USED = "USED"
    EXPIRED = "EXPIRED"


class ApprovalNeededError(HostEnvironmentError):
    """Somebody else has to approve first. The request is on record, as ``number``; nothing else changed."""

    def __init__(self, message: str, *, number: int) -> None:
        super().__init__(
            message, hint=f"A supervisor who is somebody else runs: mumei office approve {number}"
        )
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request and what became of it. ``subject`` is a record number: a resident's, or for WIPE a card's."""

    number: int
    operation: Operation
    subject: int
    state: ApprovalState
    requester: str
    requested_at: datetime
    expires_at: datetime
    decider: str | None

    @classmethod
    def from_row(cls, row: ApprovalRow, requester: str, decider: str | None, now: datetime) -> Self:
        """The row's value, as it stands now."""
        state = ApprovalState(row.state)
        open_still = state in (ApprovalState.REQUESTED, ApprovalState.APPROVED)
        return cls(
            number=row.id,
            operation=Operation(row.operation),
            subject=row.subject,
            state=ApprovalState.EXPIRED if open_still and row.expires_at <= now else state,
            requester=requester,
            requested_at=row.requested_at,
            expires_at=row.expires_at,
            decider=decider,
        )


class Approvals(RegistryBase):
    """The requests of a registry."""

    def __init__(self, registry: RegistryBase) -> None:
        super().__init__(registry._engine, registry._clock)

    def all(self, *, open_only: bool = False) -> tuple[Approval, ...]:
        """Every request, oldest first; or those that wait for somebody."""
        waiting = (ApprovalState.REQUESTED, ApprovalState.APPROVED)
        return tuple(item for item in self._found() if not open_only or item.state in waiting)

    def approval(self, number: int) -> Approval:
        """One request. Raises NotFoundError."""
        for item in self._found(ApprovalRow.id == number if 0 < number < _NUMBER_LIMIT else false()):
            return item
        raise _not_found(number)

    def _found(self, *which: ColumnElement[bool]) -> tuple[Approval, ...]:
        decider = aliased(ClerkRow)
        query = (
            select(ApprovalRow, ClerkRow.name, decider.name)
            .join(ClerkRow, ClerkRow.id == ApprovalRow.requester)
            .outerjoin(decider, decider.id == ApprovalRow.decider)
            .where(*which)
            .order_by(ApprovalRow.id)
        )
        now = self._clock()
        with self._reading() as session:
            return tuple(Approval.from_row(*row, now) for row in session.execute(query))

    def needed(self, operation: Operation, subject: int, *, by: ClerkSession) -> int | None:
        """The approval to go on with; None in set-up, where there is nobody to ask.

        Where there is none yet, the request is put on record and ApprovalNeededError says its number. Hand the
        number to :func:`use` in the transaction of the operation itself.
        """
        if not by.named:
            return None
        with self._writing(by.name) as session:
            found = _pending(session, operation, subject, by, self._clock())
            if found is None:
                found = self._request(session, operation, subject, by)
            number, state = found.id, found.state
        if state != ApprovalState.APPROVED.value:
            raise ApprovalNeededError(
                f"{_words(operation)} takes a second person; request {number} is on record", number=number
            )
        return number

    def decide(self, number: int, *, approve: bool, by: ClerkSession) -> Approval:
        """Approve or refuse, as somebody else than the requester.

        Raises NoRightError, NotLoggedInError, NotFoundError; DataError for one that is decided or has expired.
        """
        by.require(Right.APPROVE)
        if by.number is None:
            raise NotLoggedInError("an approval is given under a name", hint="Run: mumei office login NAME")
        with self._writing(by.name) as session:
            row = _row(session, number)
            now = self._clock()
            if row.requester == by.number:
                raise NoRightError(
                    "nobody approves their own request", hint="Another supervisor has to look at it."
                )
            if row.state != ApprovalState.REQUESTED.value or row.expires_at <= now:
                raise DataError(
                    f"request {number} was decided already, or has expired",
                    hint="See: mumei office approvals --all",
                )
            state = ApprovalState.APPROVED if approve else ApprovalState.REFUSED
            row.state, row.decider, row.decided_at = state.value, by.number, now
            action = AuditAction.APPROVAL_GIVEN if approve else AuditAction.APPROVAL_REFUSED
            _record(session, now, by, action, row)
        return self.approval(number)

    def _request(self, session: Session, operation: Operation, subject: int, by: ClerkSession) -> ApprovalRow:
        now = self._clock()
        row = ApprovalRow(
            operation=operation.value,
            subject=subject,
            state=ApprovalState.REQUESTED.value,
            requester=by.number,
            requested_at=now,
            expires_at=now + LIFETIME,
        )
        session.add(row)
        session.flush()
        _record(session, now, by, AuditAction.APPROVAL_REQUESTED, row)
        return row


def use(
    session: Session,
    number: int | None,
    operation: Operation,
    subject: int,
    *,
    by: ClerkSession,
    at: datetime,
) -> None:
    """Spend an approval, in the transaction of what it allows. ``number``: as :meth:`Approvals.needed` gave it.

    Raises DataError where it is not for this operation, record and clerk, not approved, expired or spent.
    """
    if not by.named:
        return
    row = None if number is None else _row(session, number)
    if (
        row is None
        or row.operation != operation.value
        or row.subject != subject
        or row.requester != by.number
        or row.state != ApprovalState.APPROVED.value
        or row.expires_at <= at
    ):
        raise DataError(
            f"{_words(operation)} is not approved for this record and clerk",
            hint="Ask for it anew: an approval is for one time, one record and its requester.",
        )
    row.state, row.used_at = ApprovalState.USED.value, at
    _record(session, at, by, AuditAction.APPROVAL_USED, row)


def _pending(
    session: Session, operation: Operation, subject: int, by: ClerkSession, now: datetime
) -> ApprovalRow | None:
    # Two commands of one clerk at once make one request.
    lock(session)
    return session.scalar(
        select(ApprovalRow)
        .where(
            ApprovalRow.operation == operation.value,
            ApprovalRow.subject == subject,
            ApprovalRow.requester == by.number,
            ApprovalRow.state.in_((ApprovalState.REQUESTED.value, ApprovalState.APPROVED.value)),
            ApprovalRow.expires_at > now,
        )
        .order_by(ApprovalRow.id)
    )


def _row(session: Session, number: int) -> ApprovalRow:
    row = session.get(ApprovalRow, number, with_for_update=True) if 0 < number < _NUMBER_LIMIT else None
    if row is None:
        raise _not_found(number)
    return row


def _record(session: Session, at: datetime, by: ClerkSession, action: AuditAction, row: ApprovalRow) -> None:
    kind = Operation(row.operation).kind
    record(
        session,
        at=at,
        clerk=by.name,
        action=action,
        approval=row.id,
        resident=row.subject if kind == "resident" else None,
        card=row.subject if kind == "card" else None,
    )


def _words(operation: Operation) -> str:
    return {
        Operation.SECOND_CARD: "a second card",
        Operation.WIPE: "wiping a card",
        Operation.REVOKE: "revoking a card",
    }[operation]


def _not_found(number: int) -> NotFoundError:
    return NotFoundError(f"there is no request number {number}", hint="See: mumei office approvals")
