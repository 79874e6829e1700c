"""The tables of the audit trail: entries, the head of their chain, seals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import AuditRow as AuditRow
from mumei.office.database.models import Base, UtcDateTime


class AuditHeadRow(Base):
    """The only row: how far the chain is. It is locked while entries are added, so that a chain cannot fork."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    trail_id: Mapped[bytes] = mapped_column(LargeBinary(16))
    number: Mapped[int]
    link: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditSealRow(Base):
    """A signed checkpoint: that the chain has this link after this entry."""

    __tablename__ = "audit_seal"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    entries: Mapped[int]
    link: Mapped[bytes] = mapped_column(LargeBinary(32))
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    key: Mapped[bytes] = mapped_column(LargeBinary(65))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
