"""The journal of plans in the registry: each write one transaction, on disk before anything else happens.

A plan is worked on under a lease. It ends with the plan's end or an error; that of a process that was killed is
over when it has expired, at once where the same machine can see that the process is gone, or by a clerk's word.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.counter.plan import (
    NO_STEPS,
    NOTHING,
    LeaseLostError,
    Plan,
    PlanBusyError,
    PlanConflictError,
    Result,
    StepRecord,
)
from mumei.office.counter.workstation import Workstation
from mumei.office.database.models_cards import DeliveryRow
from mumei.office.database.models_plans import PlanKind, PlanRow, PlanState, PlanStepRow, StepState
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei.office.registry_base import RegistryBase, check_page
from mumei.office.rows import resident_row
from mumei_core.errors import DataError

#: How long a plan waits for a workstation that says nothing: longer than any step takes, a person's included.
LEASE: Final = timedelta(minutes=5)
_UNFINISHED: Final = (PlanState.OPEN.value, PlanState.CANCELLING.value)
_LONGEST: Final = 500


class Journal(RegistryBase):
    """The plans of a registry, for one clerk at one workstation."""

    def __init__(
        self,
        registry: Registry,
        *,
        clerk: str,
        workstation: Workstation | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        super().__init__(registry._engine, registry._clock)
        self._clerk = clerk
        self._workstation = workstation or Workstation.this()
        self._lease = lease

    def begin(
        self, kind: PlanKind, resident_number: int, arguments: Result = NOTHING, *, take_over: bool = False
    ) -> HeldPlan:
        """A new plan, or the resident's unfinished one of this kind, held by this workstation.

        Raises PlanConflictError where an unfinished one was begun with other arguments; PlanBusyError as
        :meth:`resume`; NotFoundError for an unknown resident.
        """
        wanted = _to_json(arguments)
        with self._writing(self._clerk) as session:
            resident_row(session, resident_number)
            row = session.scalar(
                select(PlanRow)
                .where(
                    PlanRow.resident_id == resident_number,
                    PlanRow.kind == kind.value,
                    PlanRow.state.in_(_UNFINISHED),
                )
                .with_for_update()
            )
            if row is None:
                now = self._clock()
                row = PlanRow(
                    kind=kind.value,
                    state=PlanState.OPEN.value,
                    resident_id=resident_number,
                    arguments=wanted,
                    clerk=self._clerk,
                    started_at=now,
                    changed_at=now,
                )
                session.add(row)
                session.flush()
            elif row.arguments != wanted:
                raise PlanConflictError(
                    f"plan {row.id} was begun for this resident in another way: {row.arguments}",
                    hint=f"Go on in that way, or cancel it: mumei office plan cancel {row.id}",
                )
            return self._held(session, row, take_over=take_over)

    def resume(self, number: int, *, take_over: bool = False) -> HeldPlan:
        """Hold a plan that is on record. ``take_over``: although another workstation seems to work on it.

        Raises NotFoundError, PlanConflictError for one that is over, PlanBusyError.
        """
        with self._writing(self._clerk) as session:
            row = _locked(session, number)
            if row.state not in _UNFINISHED:
                raise PlanConflictError(
                    f"plan {number} is {row.state.lower()}", hint="Begin a new one if one is needed."
                )
            return self._held(session, row, take_over=take_over)

    def plan(self, number: int) -> Plan:
        """The plan with this record number. Raises NotFoundError."""
        with self._reading() as session:
            return _plan(session, _found(session.get(PlanRow, number), number))

    def plans(
        self,
        *,
        resident_number: int | None = None,
        unfinished: bool = False,
        after: int = 0,
        limit: int = 100,
    ) -> tuple[Plan, ...]:
        """A page of plans with numbers above ``after``, ascending."""
        check_page(after, limit)
        query = select(PlanRow).where(PlanRow.id > after).order_by(PlanRow.id).limit(limit)
        if resident_number is not None:
            query = query.where(PlanRow.resident_id == resident_number)
        if unfinished:
            query = query.where(PlanRow.state.in_(_UNFINISHED))
        with self._reading() as session:
            return tuple(_plan(session, row) for row in session.scalars(query))

    def keeps_stock(self) -> bool:
        """Whether a delivery of cards was ever taken in."""
        with self._reading() as session:
            return session.scalar(select(DeliveryRow.id).limit(1)) is not None

    def _held(self, session: Session, row: PlanRow, *, take_over: bool) -> HeldPlan:
        if row.lease is not None and not take_over and not self._is_over(row):
            holder = Workstation.parse(row.workstation or "")
            raise PlanBusyError(
                f"plan {row.id} is being worked on at {holder.name}",
                hint=f"Wait for it. If that workstation is dead, go on here with --take-over; "
                f"unheard of, it may be gone on with after {row.lease_until:%H:%M} UTC.",
            )
        taken_over = row.lease is not None
        row.lease = secrets.token_bytes(16)
        row.workstation = str(self._workstation)
        row.lease_until = self._clock() + self._lease
        row.changed_at = self._clock()
        session.flush()
        if taken_over:
            self.note(session, AuditAction.PLAN_TAKEN_OVER, row)
        return HeldPlan(self, row.lease, _plan(session, row))

    def note(self, session: Session, action: AuditAction, row: PlanRow) -> None:
        """An entry of the audit trail about a plan."""
        record(
            session,
            at=self._clock(),
            clerk=self._clerk,
            action=action,
            resident=row.resident_id,
            plan=row.id,
        )

    def _is_over(self, row: PlanRow) -> bool:
        holder = Workstation.parse(row.workstation or "")
        return (row.lease_until is not None and row.lease_until <= self._clock()) or holder.is_gone()


class HeldPlan:
    """A plan under this workstation's lease; every write renews the lease. Raises LeaseLostError everywhere."""

    def __init__(self, journal: Journal, lease: bytes, plan: Plan) -> None:
        self._journal, self._lease, self._plan = journal, lease, plan

    @property
    def plan(self) -> Plan:
        """As it stands."""
        return self._plan

    def write(
        self, *, done: Mapping[str, Result] = NO_STEPS, started: str | None = None, ends: bool = False
    ) -> Plan:
        """The end of steps, the next one's beginning, the plan's end: in one transaction."""
        with self._journal._writing(self._journal._clerk) as session:
            row = self._locked(session)
            for name, result in done.items():
                step = _step(session, row.id, name) or self._start(session, row.id, name)
                step.state, step.result = StepState.DONE.value, _to_json(result)
                step.changed_at = self._journal._clock()
            if started is not None:
                self._start(session, row.id, started)
            if ends:
                self._end(row, PlanState.DONE)
            return self._kept(session, row)

    def begin_cancelling(self) -> Plan:
        """From here on the plan only goes back."""
        with self._journal._writing(self._journal._clerk) as session:
            row = self._locked(session)
            row.state = PlanState.CANCELLING.value
            return self._kept(session, row)

    def undone(self, name: str | None) -> Plan:
        """The step was taken back; None: all were, and the plan is cancelled."""
        with self._journal._writing(self._journal._clerk) as session:
            row = self._locked(session)
            step = _step(session, row.id, name) if name is not None else None
            if step is not None:
                step.state, step.changed_at = StepState.UNDONE.value, self._journal._clock()
            if name is None:
                if row.state == PlanState.CANCELLING.value:
                    self._journal.note(session, AuditAction.PLAN_CANCELLED, row)
                self._end(row, PlanState.CANCELLED)
            return self._kept(session, row)

    def release(self) -> None:
        """Another workstation may go on. Nothing happens where one does already."""
        with self._journal._writing(self._journal._clerk) as session:
            row = _locked(session, self._plan.number)
            if row.lease is not None and hmac.compare_digest(row.lease, self._lease):
                row.lease = row.workstation = row.lease_until = None

    def _locked(self, session: Session) -> PlanRow:
        row = _locked(session, self._plan.number)
        if row.lease is None or not hmac.compare_digest(row.lease, self._lease):
            raise LeaseLostError(
                f"plan {row.id} was taken over by another workstation",
                hint="Nothing more is written from here. Leave the card to the other one.",
            )
        now = self._journal._clock()
        row.changed_at, row.lease_until = now, now + self._journal._lease
        return row

    def _start(self, session: Session, number: int, name: str) -> PlanStepRow:
        now, workstation = self._journal._clock(), str(self._journal._workstation)
        step = _step(session, number, name)
        if step is None:
            step = PlanStepRow(
                plan_id=number,
                name=name,
                state=StepState.STARTED.value,
                attempts=0,
                started_at=now,
            )
            session.add(step)
        step.attempts += 1
        step.workstation, step.changed_at = workstation, now
        return step

    def _end(self, row: PlanRow, state: PlanState) -> None:
        row.state = state.value
        row.lease = row.workstation = row.lease_until = None

    def _kept(self, session: Session, row: PlanRow) -> Plan:
        session.flush()
        self._plan = _plan(session, row)
        return self._plan


def _found(row: PlanRow | None, number: int) -> PlanRow:
    if row is None:
        raise NotFoundError(f"there is no plan number {number}", hint="List them: mumei office plan list")
    return row


def _locked(session: Session, number: int) -> PlanRow:
    return _found(session.get(PlanRow, number, with_for_update=True), number)


def _step(session: Session, plan: int, name: str | None) -> PlanStepRow | None:
    return session.scalar(select(PlanStepRow).where(PlanStepRow.plan_id == plan, PlanStepRow.name == name))


def _plan(session: Session, row: PlanRow) -> Plan:
    steps = session.scalars(select(PlanStepRow).where(PlanStepRow.plan_id == row.id).order_by(PlanStepRow.id))
    return Plan(
        number=row.id,
        kind=PlanKind(row.kind),
        state=PlanState(row.state),
        resident_number=row.resident_id,
        arguments=_from_json(row.arguments),
        clerk=row.clerk,
        workstation=None if row.workstation is None else Workstation.parse(row.workstation).name,
        lease_until=row.lease_until,
        steps=_records(steps.all()),
        started_at=row.started_at,
        changed_at=row.changed_at,
    )


def _records(rows: Sequence[PlanStepRow]) -> tuple[StepRecord, ...]:
    return tuple(
        StepRecord(
            name=row.name,
            state=StepState(row.state),
            attempts=row.attempts,
            workstation=Workstation.parse(row.workstation).name,
            result=_from_json(row.result or "{}"),
            started_at=row.started_at,
            changed_at=row.changed_at,
        )
        for row in rows
    )


def _to_json(values: Result) -> str:
    """Raises DataError for what has no place in a journal: long texts are no short public values."""
    if any(not isinstance(value, str | int | bool) for value in values.values()):
        raise DataError("a journal keeps short texts, numbers and yes or no")
    text = json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
    if len(text) > _LONGEST:
        raise DataError("a journal keeps short values only")
    return text


def _from_json(text: str) -> Result:
    found = json.loads(text)
    return found if isinstance(found, dict) else NOTHING
