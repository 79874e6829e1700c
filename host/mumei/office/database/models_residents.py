"""Tables around residents: which key seals the codes, imports, and what happened to a resident's entries."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mumei.office.database.models import Base, UtcDateTime


class EventKind(StrEnum):
    """What happened to a resident's entries."""

    ADDED = "ADDED"
    MOVED_IN = "MOVED_IN"
    MOVED_WITHIN = "MOVED_WITHIN"
    MOVED_OUT = "MOVED_OUT"
    NAME_CHANGED = "NAME_CHANGED"
    CORRECTED = "CORRECTED"
    DIED = "DIED"


class EventReason(StrEnum):
    """On what ground an entry was made; the words of the resident register (届出, 職権, 誤記, 裁判)."""

    NOTIFICATION = "NOTIFICATION"
    EX_OFFICIO = "EX_OFFICIO"
    ENTRY_ERROR = "ENTRY_ERROR"
    COURT_DECISION = "COURT_DECISION"
    IMPORT = "IMPORT"


_KINDS: Final = ", ".join(f"'{kind}'" for kind in EventKind)
_REASONS: Final = ", ".join(f"'{reason}'" for reason in EventReason)


class RegistryKeyRow(Base):
    """The one row that says which key of the key file is in use, and by what it is known.

    ``swept``: no page of the database file may still hold a code in clear.
    """

    __tablename__ = "registry_key"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int]
    check_value: Mapped[bytes] = mapped_column(LargeBinary(16))
    swept: Mapped[bool]


class ImportRow(Base):
    """One import: whose, when, and SHA-256 of the file, which the audit trail holds too."""

    __tablename__ = "resident_import"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    clerk: Mapped[str] = mapped_column(String(50))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    added: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    refused: Mapped[int]


class ResidentEventRow(Base):
    """One event of a resident, and what stood there before: JSON of the changed entries, the code sealed."""

    __tablename__ = "resident_event"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint(f"reason IN ({_REASONS})", name="reason"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(14))
    happened_on: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    clerk: Mapped[str] = mapped_column(String(50))
    before: Mapped[str | None] = mapped_column(Text)
    code_before: Mapped[bytes | None] = mapped_column(LargeBinary(29))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("resident_import.id"))
