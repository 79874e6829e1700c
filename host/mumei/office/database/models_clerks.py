"""The tables of clerks: accounts, keys, sessions, wrong tries, approvals; no password and no open key in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import Base, UtcDateTime


class ClerkRow(Base):
    """One person. A name is given once and stays: entries of the audit trail speak of it."""

    __tablename__ = "clerk"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    roles: Mapped[str] = mapped_column(String(40))
    password: Mapped[str] = mapped_column(String(200))
    temporary: Mapped[bool]
    disabled: Mapped[bool]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


_CURRENT = text("wrapped IS NOT NULL")


class ClerkKeyRow(Base):
    """A clerk's signing key, wrapped under the password. Of earlier ones only the public point stays."""

    __tablename__ = "clerk_key"
    __table_args__ = (
        Index(
            "uq_clerk_key_current", "clerk_id", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clerk_id: Mapped[int] = mapped_column(ForeignKey("clerk.id"))
    point: Mapped[bytes] = mapped_column(LargeBinary(65), unique=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ClerkSessionRow(Base):
    """A clerk at one desk. The token's hash finds it; the key is sealed under the token, and gone while locked."""

    __tablename__ = "clerk_session"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clerk_id: Mapped[int] = mapped_column(ForeignKey("clerk.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginTryRow(Base):
    """Wrong passwords for one clerk from one place, since the last right one."""

    __tablename__ = "login_try"

    clerk_id: Mapped[int] = mapped_column(ForeignKey("clerk.id"), primary_key=True)
    place: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tries: Mapped[int]
    wait_until: Mapped[datetime] = mapped_column(UtcDateTime)


class ApprovalRow(Base):
    """What one person asked for and another has to approve."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("state IN ('REQUESTED', 'APPROVED', 'REFUSED', 'USED')", name="state"),
        CheckConstraint("decider IS NULL OR decider <> requester", name="two_persons"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    operation: Mapped[str] = mapped_column(String(20))
    subject: Mapped[int] = mapped_column(Integer, index=True)
    state: Mapped[str] = mapped_column(String(9))
    requester: Mapped[int] = mapped_column(ForeignKey("clerk.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decider: Mapped[int | None] = mapped_column(ForeignKey("clerk.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
