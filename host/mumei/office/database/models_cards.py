"""Tables of cards: deliveries from the card maker, and each card from stock to its end."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import Base, UtcDateTime


class CardState(StrEnum):
    """Where a card is. ``EXPIRED`` is one that a new card followed after its last day."""

    STOCK = "STOCK"
    ISSUED = "ISSUED"
    RETURNED = "RETURNED"
    LOST = "LOST"
    EXPIRED = "EXPIRED"
    DESTROYED = "DESTROYED"


class Recall(StrEnum):
    """Why a card in somebody's hands has to come back."""

    MOVED_OUT = "MOVED_OUT"
    DIED = "DIED"


_STATES: Final = ", ".join(f"'{state}'" for state in CardState)
_RECALLS: Final = ", ".join(f"'{recall}'" for recall in Recall)
_VALID: Final = text("state = 'ISSUED'")


class DeliveryRow(Base):
    """One delivery note; the same note is never taken in twice."""

    __tablename__ = "card_delivery"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    clerk: Mapped[str] = mapped_column(String(50))
    cards: Mapped[int]


class CardRow(Base):
    """One card. ``number``, the diversification data, is forgotten when the card leaves the stock.

    So that nothing in the registry tells which chip a resident carries; ``record`` is a random name. At most one
    issued card per resident: the database sees to it. A card in stock with an enrolment is being written to.
    """

    __tablename__ = "card"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(f"recall IN ({_RECALLS})", name="recall"),
        CheckConstraint("state = 'STOCK' OR number IS NULL", name="number_in_stock_only"),
        CheckConstraint("state <> 'ISSUED' OR resident_id IS NOT NULL", name="issued_to_somebody"),
        Index("uq_card_valid", "resident_id", unique=True, sqlite_where=_VALID, postgresql_where=_VALID),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    record: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    number: Mapped[bytes | None] = mapped_column(LargeBinary(10), unique=True)
    attestation: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("card_delivery.id"))
    state: Mapped[str] = mapped_column(String(9))
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment.id"), unique=True)
    valid_until: Mapped[int | None]
    recall: Mapped[str | None] = mapped_column(String(9))
    recall_on: Mapped[date | None] = mapped_column(Date)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - as SQLAlchemy wants it
