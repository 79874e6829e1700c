"""Tables of revocation: trustees and what they confirmed, cases of reported cards (protocol 2.5)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Date, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import Base, UtcDateTime


class CaseState(StrEnum):
    """How far a case is. LISTED: the authority has said so; WITHDRAWN: the card was found."""

    OPEN = "OPEN"
    EXPORTED = "EXPORTED"
    LISTED = "LISTED"
    WITHDRAWN = "WITHDRAWN"


_STATES: Final = ", ".join(f"'{state}'" for state in CaseState)


class TrusteeListRow(Base):
    """A list of trustees that cards seal shares to: what root and auditor have signed."""

    __tablename__ = "trustee_list"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    record: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TrusteeRow(Base):
    """One of a list, by its number from 1; ``signing``: the key that its confirmations are signed with."""

    __tablename__ = "trustee"

    list_digest: Mapped[bytes] = mapped_column(ForeignKey("trustee_list.digest"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64))
    signing: Mapped[bytes] = mapped_column(LargeBinary(65))


class HandleRow(Base):
    """The name under which trustees and authority speak of an enrolment's handle; made at its first export."""

    __tablename__ = "handle"

    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id"), primary_key=True, autoincrement=False
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)


class ConfirmationRow(Base):
    """A trustee's word that it holds its share."""

    __tablename__ = "confirmation"

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), primary_key=True)
    trustee: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseRow(Base):
    """A reported record. ``number``: random, the only thing about it that leaves the office beside handles."""

    __tablename__ = "revocation_case"
    __table_args__ = (CheckConstraint(f"state IN ({_STATES})", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    state: Mapped[str] = mapped_column(String(9))
    consent: Mapped[bool]
    opened_on: Mapped[date] = mapped_column(Date)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseHandleRow(Base):
    """Which enrolments' handles a case covers."""

    __tablename__ = "revocation_case_handle"

    case_id: Mapped[int] = mapped_column(ForeignKey("revocation_case.id"), primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), primary_key=True, index=True)


class IssuerReportRow(Base):
    """What the issuer still has to hear of a record, or has heard: its cards are lost, or found again."""

    __tablename__ = "issuer_report"

    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True, autoincrement=False)
    lost: Mapped[bool]
    told: Mapped[bool]
