"""The ward office's registry: residents, their enrolments step by step, who did what (protocol 2.2).

Every method is one transaction: it happens whole and is on disk when it returns, or nothing changed. Every
change names the clerk and leaves its entry in the audit trail in the same transaction. A step asked for
again, with the same values, answers what is on record: so an enrolment that broke off goes on where it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Self

from sqlalchemy import select

from mumei.office.database.engine import create_database, open_database
from mumei.office.database.models import AuditRow
from mumei.office.records import AuditEntry
from mumei.office.registry_base import check_page, utc_now
from mumei.office.registry_enrolments import EnrolmentRegistry
from mumei.office.registry_events import ResidentEventRegistry
from mumei.office.registry_import import ImportRegistry
from mumei.office.registry_issuing import IssuingRegistry
from mumei.office.registry_upkeep import UpkeepRegistry


class Registry(ImportRegistry, ResidentEventRegistry, UpkeepRegistry, EnrolmentRegistry, IssuingRegistry):
    """An open registry. Make one with :meth:`create` or :meth:`open`; use it as a context manager.

    Every method may raise RegistryLockedError, RegistryUnavailableError and ForeignSchemaError
    (:mod:`mumei.office.database.engine`); what else, each says. ``number`` is a record number, 1 or more.
    """

    @classmethod
    def create(
        cls,
        where: str | os.PathLike[str],
        *,
        clock: Callable[[], datetime] = utc_now,
        busy_timeout: float = 5.0,
    ) -> Self:
        """Make a new registry: ``where`` is a path, or a database URL (``sqlite:///...``, ``postgresql://...``).

        Its key file is made beside it, or where :mod:`mumei.office.database.place` says; one that is there is
        used. Files are made with mode 0600; nothing is overwritten (DuplicateError). ``busy_timeout`` is the
        seconds to wait for another program. Raises UsageError for a URL that is none, RegistryKeyError.
        """
        made = create_database(where, busy_timeout=busy_timeout)
        return cls(made.engine, clock, made.ring)

    @classmethod
    def open(
        cls,
        where: str | os.PathLike[str],
        *,
        clock: Callable[[], datetime] = utc_now,
        busy_timeout: float = 5.0,
    ) -> Self:
        """Open a registry; an older schema is brought up to date, a newer or foreign one refused.

        Raises RegistryKeyError without its key file.
        """
        found = open_database(where, busy_timeout=busy_timeout)
        return cls(found.engine, clock, found.ring)

    def close(self) -> None:
        """Let go of the database. Closing twice is harmless."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def history(
        self, *, resident_number: int | None = None, after: int = 0, limit: int = 100
    ) -> tuple[AuditEntry, ...]:
        """A page of the audit trail, oldest first: of one resident or all, numbers above ``after``."""
        check_page(after, limit)
        query = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id).limit(limit)
        if resident_number is not None:
            query = query.where(AuditRow.resident_id == resident_number)
        with self._reading() as session:
            return tuple(AuditEntry.from_row(row) for row in session.scalars(query))
