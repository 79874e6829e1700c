"""The registry's tables (SQLAlchemy 2): residents, enrolment records, audit trail; others in ``models_*``.

**Sensitive:** ``enrolment.signer_nym_entropy``. Together with a card's own part it fixes that card's
pseudonyms; alone it computes none, but it must not leave the office. Of the residents only the code is encrypted
(:mod:`mumei.office.database.code_vault`); names, birth dates and addresses are not: protect the database (mode
0600, encrypted disk, encrypted back-ups).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mumei.office.audit.actions import AuditAction as AuditAction

VERSION_TABLE: Final = "mumei_registry_version"
"""Alembic's version table under a name of our own: it tells a registry from any other database."""


class EnrolmentState(StrEnum):
    """How far an enrolment has come; :mod:`mumei.office.rows` holds the table of steps."""

    STARTED = "STARTED"
    COMMITTED = "COMMITTED"
    SIGNED = "SIGNED"
    STORED = "STORED"
    CANCELLED = "CANCELLED"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with time zone, kept in UTC: SQLite forgets zones, so they are put on and taken off here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Common metadata; constraints have predictable names so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class ResidentState(StrEnum):
    """Whether somebody lives here: only then a card is issued to them."""

    RESIDENT = "RESIDENT"
    MOVED_OUT = "MOVED_OUT"
    DECEASED = "DECEASED"


_RESIDENT_STATES: Final = ", ".join(f"'{state}'" for state in ResidentState)


class ResidentRow(Base):
    """One resident; ``id`` is the record number that clerks use, ``record`` the random one that leaves the office.

    ``version`` counts changes: whoever changes a row that somebody else changed meanwhile is refused.
    """

    __tablename__ = "resident"
    __table_args__ = (
        CheckConstraint(f"state IN ({_RESIDENT_STATES})", name="state"),
        Index("ix_resident_birth_date", "birth_date", "family_reading"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    record: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    code_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    code_sealed: Mapped[bytes] = mapped_column(LargeBinary(29))
    family_name: Mapped[str] = mapped_column(String(50))
    given_name: Mapped[str] = mapped_column(String(50))
    family_reading: Mapped[str] = mapped_column(String(100), index=True)
    given_reading: Mapped[str] = mapped_column(String(100))
    sex: Mapped[int]
    birth_date: Mapped[date] = mapped_column(Date)
    address: Mapped[str] = mapped_column(String(200))
    prefecture: Mapped[int]
    municipality: Mapped[str] = mapped_column(String(6))
    state: Mapped[str] = mapped_column(String(9), default=ResidentState.RESIDENT.value)
    state_since: Mapped[date | None] = mapped_column(Date)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("resident_import.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - as SQLAlchemy wants it


_STATES: Final = ", ".join(f"'{state}'" for state in EnrolmentState)
_OPEN: Final = text("state IN ('STARTED', 'COMMITTED', 'SIGNED')")


class EnrolmentRow(Base):
    """One enrolment of one card; at most one open enrolment per resident."""

    __tablename__ = "enrolment"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        # What 2.2 asks for: the entropy is on file before a signature can be.
        CheckConstraint("signature IS NULL OR signer_nym_entropy IS NOT NULL", name="entropy_first"),
        Index("uq_enrolment_open", "resident_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    state: Mapped[str] = mapped_column(String(9))
    nonce: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    signer_nym_entropy: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    valid_until: Mapped[int | None]
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    signature: Mapped[bytes | None] = mapped_column(LargeBinary(80))
    common_key_proof: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditRow(Base):
    """One entry of the audit trail, linked to the one before (:mod:`mumei.office.audit.entry`).

    Triggers refuse change and removal; there is no column for free text. No foreign keys: the trail outlives the
    records it tells of.
    """

    __tablename__ = "audit_trail"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    clerk: Mapped[str] = mapped_column(String(50))
    action: Mapped[str] = mapped_column(String(40))
    resident_id: Mapped[int | None] = mapped_column(index=True)
    enrolment_id: Mapped[int | None]
    card_id: Mapped[int | None]
    order_id: Mapped[int | None]
    plan_id: Mapped[int | None]
    case_id: Mapped[int | None]
    approval_id: Mapped[int | None]
    about: Mapped[str | None] = mapped_column(String(50))
    digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    link: Mapped[bytes] = mapped_column(LargeBinary(32))
    signature: Mapped[bytes | None] = mapped_column(LargeBinary(64))
