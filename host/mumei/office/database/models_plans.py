"""The tables of the counter and of orders: plans with the journal of their steps, orders with their items.

Nothing in them is secret, and nothing names a resident but the record number.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import Base, UtcDateTime


class PlanKind(StrEnum):
    """What is done for a resident."""

    ENROL = "ENROL"
    RENEW = "RENEW"
    CHANGE = "CHANGE"
    UNBLOCK = "UNBLOCK"
    LOST = "LOST"
    FOUND = "FOUND"
    RETURN = "RETURN"


class PlanState(StrEnum):
    """How far a plan is. CANCELLING: what was done is being undone, and nothing else may happen any more."""

    OPEN = "OPEN"
    CANCELLING = "CANCELLING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class StepState(StrEnum):
    """How far a step is. STARTED: it may have happened, and is asked for again."""

    STARTED = "STARTED"
    DONE = "DONE"
    UNDONE = "UNDONE"


class OrderState(StrEnum):
    """DONE: every item is, in one way or the other."""

    OPEN = "OPEN"
    DONE = "DONE"


class ItemState(StrEnum):
    """FAILED items are tried again on request only."""

    OPEN = "OPEN"
    DONE = "DONE"
    FAILED = "FAILED"


def _one_of(states: type[StrEnum]) -> str:
    return "state IN (" + ", ".join(f"'{state}'" for state in states) + ")"


_UNFINISHED: Final = text("state IN ('OPEN', 'CANCELLING')")


class PlanRow(Base):
    """A plan; of one kind a resident has at most one that is not finished.

    ``lease`` is drawn anew by whoever works on the plan, and held against every write of the journal: a workstation
    whose plan was taken over writes nothing more.
    """

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint(_one_of(PlanState), name="state"),
        Index(
            "uq_plan_unfinished",
            "resident_id",
            "kind",
            unique=True,
            sqlite_where=_UNFINISHED,
            postgresql_where=_UNFINISHED,
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    arguments: Mapped[str] = mapped_column(String(500))
    clerk: Mapped[str] = mapped_column(String(50))
    workstation: Mapped[str | None] = mapped_column(String(100))
    lease: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PlanStepRow(Base):
    """One step's journal. ``result``: JSON of a few short, public values."""

    __tablename__ = "plan_step"
    __table_args__ = (
        CheckConstraint(_one_of(StepState), name="state"),
        UniqueConstraint("plan_id", "name"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    name: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(7))
    attempts: Mapped[int]
    workstation: Mapped[str] = mapped_column(String(100))
    result: Mapped[str | None] = mapped_column(String(500))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrderRow(Base):
    """An order of cards, known by the digest of its file: the same file is the same order."""

    __tablename__ = "card_order"
    __table_args__ = (CheckConstraint(_one_of(OrderState), name="state"), UniqueConstraint("digest"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(4))
    clerk: Mapped[str] = mapped_column(String(50))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OrderItemRow(Base):
    """One card of an order. ``reader``: where it was worked on last; ``workstation`` and ``lease``: by whom now.

    ``failure``: the kind of error, and ``detail`` its sentence, which holds nothing of the resident.
    """

    __tablename__ = "card_order_item"
    __table_args__ = (
        CheckConstraint(_one_of(ItemState), name="state"),
        UniqueConstraint("order_id", "resident_id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("card_order.id"), index=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    card_number: Mapped[bytes | None] = mapped_column(LargeBinary(10))
    replacement: Mapped[bool]
    state: Mapped[str] = mapped_column(String(6))
    attempts: Mapped[int]
    reader: Mapped[str | None] = mapped_column(String(100))
    workstation: Mapped[str | None] = mapped_column(String(100))
    lease: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment.id"))
    failure: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(String(300))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReportCodeRow(Base):
    """The keyed hash of the code on an enrolment's letter, by which the holder reports the card lost."""

    __tablename__ = "report_code"

    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id"), primary_key=True, autoincrement=False
    )
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
