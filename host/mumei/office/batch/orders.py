"""Orders in the registry: taken in once, their items claimed by readers, each with its result (restartable)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.batch.order_file import OrderFile
from mumei.office.counter.journal import LEASE
from mumei.office.counter.plan import LeaseLostError
from mumei.office.counter.workstation import Workstation
from mumei.office.database.models_plans import (
    ItemState,
    OrderItemRow,
    OrderRow,
    OrderState,
    PlanKind,
    PlanRow,
    PlanState,
)
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei.office.registry_base import RegistryBase, check_page
from mumei.office.rows import resident_row

_LONGEST_READER: Final = 100
_LONGEST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order and how many of its items are in each state."""

    number: int
    name: str
    state: OrderState
    clerk: str
    added_at: datetime
    items: int
    done: int
    failed: int

    @property
    def left(self) -> int:
        """Items that are neither done nor failed."""
        return self.items - self.done - self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One card of an order. ``failure`` and ``detail``: the kind of error and its sentence, of the last attempt."""

    number: int
    order: int
    resident: int
    card_number: bytes | None
    replacement: bool
    state: ItemState
    attempts: int
    reader: str | None
    enrolment: int | None
    failure: str | None
    detail: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An item that this reader works on. ``is_bound``: this very card has worked on it before."""

    item: Item
    lease: bytes
    is_bound: bool


class Orders(RegistryBase):
    """The orders of a registry, for one clerk; each reader of a run has one of its own."""

    def __init__(
        self,
        registry: Registry,
        *,
        clerk: str,
        workstation: Workstation | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        super().__init__(registry._engine, registry._clock)
        self._clerk, self._lease = clerk, lease
        self._workstation = workstation or Workstation.this()

    def take_in(self, file: OrderFile) -> Order:
        """Put an order on record; the same file again is the same order. Raises NotFoundError for a resident who is
        not on record: then nothing was ordered.
        """
        with self._writing(self._clerk) as session:
            row = session.scalar(select(OrderRow).where(OrderRow.digest == file.digest))
            if row is not None:
                return _order(session, row)
            now = self._clock()
            row = OrderRow(
                name=file.name,
                digest=file.digest,
                state=OrderState.OPEN.value,
                clerk=self._clerk,
                added_at=now,
            )
            session.add(row)
            session.flush()
            for line in file.lines:
                resident_row(session, line.resident)
                session.add(
                    OrderItemRow(
                        order_id=row.id,
                        resident_id=line.resident,
                        card_number=line.card_number,
                        replacement=line.replacement,
                        state=ItemState.OPEN.value,
                        attempts=0,
                        changed_at=now,
                    )
                )
            session.flush()
            record(
                session,
                at=now,
                clerk=self._clerk,
                action=AuditAction.ORDER_TAKEN_IN,
                order=row.id,
                digest=file.digest,
            )
            return _order(session, row)

    def order(self, number: int) -> Order:
        """Raises NotFoundError."""
        with self._reading() as session:
            return _order(session, _found(session.get(OrderRow, number), number))

    def orders(self, *, after: int = 0, limit: int = 100) -> tuple[Order, ...]:
        """A page of orders with numbers above ``after``, ascending."""
        check_page(after, limit)
        query = select(OrderRow).where(OrderRow.id > after).order_by(OrderRow.id).limit(limit)
        with self._reading() as session:
            return tuple(_order(session, row) for row in session.scalars(query))

    def items(
        self, order: int, *, state: ItemState | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[Item, ...]:
        """A page of an order's items with numbers above ``after``, ascending. Raises NotFoundError."""
        check_page(after, limit)
        query = select(OrderItemRow).where(OrderItemRow.order_id == order, OrderItemRow.id > after)
        if state is not None:
            query = query.where(OrderItemRow.state == state.value)
        with self._reading() as session:
            _found(session.get(OrderRow, order), order)
            return tuple(map(_item, session.scalars(query.order_by(OrderItemRow.id).limit(limit))))

    def reopen_failed(self, order: int) -> int:
        """Let failed items be tried again; returns how many. Raises NotFoundError."""
        with self._writing(self._clerk) as session:
            row = _found(session.get(OrderRow, order, with_for_update=True), order)
            failed = session.scalars(
                select(OrderItemRow).where(
                    OrderItemRow.order_id == order, OrderItemRow.state == ItemState.FAILED.value
                )
            ).all()
            for item in failed:
                item.state, item.changed_at = ItemState.OPEN.value, self._clock()
                if not _has_plan(session, item.resident_id):
                    # Its plan was cancelled: any card may take it.
                    item.card_number = None
            if failed:
                row.state = OrderState.OPEN.value
            return len(failed)

    def claim(self, order: int, reader: str, card_number: bytes | None) -> Claim | None:
        """The item for the card that lies in the reader, or None where the order has none for it.

        A card that has begun an item goes on with it; else it gets the item that names it, else the first that
        names no card. ``card_number``: 10 octets, None for cards that have none.
        """
        with self._writing(self._clerk) as session:
            query = select(OrderItemRow).where(
                OrderItemRow.order_id == order, OrderItemRow.state == ItemState.OPEN.value
            )
            named = None
            if card_number is not None:
                named = self._first_free(session, query.where(OrderItemRow.card_number == card_number))
            row = named or self._first_free(session, query.where(OrderItemRow.card_number.is_(None)))
            if row is None:
                return None
            is_bound = row.card_number is not None and row.attempts > 0
            row.lease, row.lease_until = secrets.token_bytes(16), self._clock() + self._lease
            row.reader, row.workstation = reader[:_LONGEST_READER], str(self._workstation)
            row.card_number = card_number
            row.attempts += 1
            row.changed_at = self._clock()
            session.flush()
            return Claim(item=_item(row), lease=row.lease, is_bound=is_bound)

    def finish(self, claim: Claim, enrolment: int) -> None:
        """The card is issued; its number is forgotten. Raises LeaseLostError."""
        with self._writing(self._clerk) as session:
            row = self._locked(session, claim)
            row.state, row.enrolment_id = ItemState.DONE.value, enrolment
            row.card_number = row.failure = row.detail = None
            self._let_go(session, row)

    def fail(self, claim: Claim, error: Exception, *, keep_card: bool) -> None:
        """It was not. ``keep_card``: only the same card may go on with it. Raises LeaseLostError."""
        with self._writing(self._clerk) as session:
            row = self._locked(session, claim)
            row.state = ItemState.FAILED.value
            row.failure, row.detail = type(error).__name__[:40], str(error)[:_LONGEST_DETAIL]
            if not keep_card:
                row.card_number = None
            self._let_go(session, row)

    def put_back(self, claim: Claim) -> None:
        """Nobody works on it any more, and it is as it was; nothing where somebody else does."""
        with self._writing(self._clerk) as session:
            row = session.get(OrderItemRow, claim.item.number, with_for_update=True)
            if row is not None and row.lease is not None and hmac.compare_digest(row.lease, claim.lease):
                row.lease = row.lease_until = row.workstation = None

    def _first_free(self, session: Session, query: Select[Any]) -> OrderItemRow | None:
        free = or_(OrderItemRow.lease.is_(None), OrderItemRow.lease_until <= self._clock())
        first: OrderItemRow | None = session.scalar(
            query.where(free).order_by(OrderItemRow.id).limit(1).with_for_update(skip_locked=True)
        )
        if first is not None:
            return first
        held = query.where(OrderItemRow.lease.is_not(None)).order_by(OrderItemRow.id)
        row: OrderItemRow
        for row in session.scalars(held.limit(100).with_for_update(skip_locked=True)):
            if Workstation.parse(row.workstation or "").is_gone():
                return row
        return None

    def _locked(self, session: Session, claim: Claim) -> OrderItemRow:
        row = session.get(OrderItemRow, claim.item.number, with_for_update=True)
        if row is None or row.lease is None or not hmac.compare_digest(row.lease, claim.lease):
            raise LeaseLostError(
                f"item {claim.item.number} was taken over by another reader",
                hint="Nothing more is written from here.",
            )
        return row

    def _let_go(self, session: Session, row: OrderItemRow) -> None:
        row.lease = row.lease_until = row.workstation = None
        row.changed_at = self._clock()
        session.flush()
        left = select(func.count()).where(
            OrderItemRow.order_id == row.order_id, OrderItemRow.state == ItemState.OPEN.value
        )
        if not session.scalar(left):
            order = session.get(OrderRow, row.order_id, with_for_update=True)
            if order is not None:
                order.state = OrderState.DONE.value


def _has_plan(session: Session, resident: int) -> bool:
    query = select(PlanRow.id).where(
        PlanRow.resident_id == resident,
        PlanRow.kind == PlanKind.ENROL.value,
        PlanRow.state == PlanState.OPEN.value,
    )
    return session.scalar(query) is not None


def _found(row: OrderRow | None, number: int) -> OrderRow:
    if row is None:
        raise NotFoundError(f"there is no order number {number}", hint="List them: mumei office batch show.")
    return row


def _order(session: Session, row: OrderRow) -> Order:
    query = (
        select(OrderItemRow.state, func.count())
        .where(OrderItemRow.order_id == row.id)
        .group_by(OrderItemRow.state)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in session.execute(query)}
    return Order(
        number=row.id,
        name=row.name,
        state=OrderState(row.state),
        clerk=row.clerk,
        added_at=row.added_at,
        items=sum(counts.values()),
        done=counts.get(ItemState.DONE.value, 0),
        failed=counts.get(ItemState.FAILED.value, 0),
    )


def _item(row: OrderItemRow) -> Item:
    return Item(
        number=row.id,
        order=row.order_id,
        resident=row.resident_id,
        card_number=row.card_number,
        replacement=row.replacement,
        state=ItemState(row.state),
        attempts=row.attempts,
        reader=row.reader,
        enrolment=row.enrolment_id,
        failure=row.failure,
        detail=row.detail,
        changed_at=row.changed_at,
    )
