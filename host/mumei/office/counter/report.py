"""Codes to report a card lost with, as the registry knows them: by a keyed hash only."""

from __future__ import annotations

from sqlalchemy import select

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.models import EnrolmentRow
from mumei.office.database.models_plans import ReportCodeRow
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei.office.registry_base import RegistryBase
from mumei.office.report_codes import make_code, read_code

_LABEL = "MUMEI-REPORT-CODE-V1"


class ReportCodes(RegistryBase):
    """The codes of a registry's letters."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry._engine, registry._clock)
        self._keyed_hash = registry.keyed_hash

    def new_code(self, enrolment: int, *, clerk: str) -> str:
        """The code for an enrolment's letter; one that was made before is worth nothing from here on."""
        code = make_code()
        hashed, now = self._hash(code), self._clock()
        with self._writing(clerk) as session:
            row = session.get(ReportCodeRow, enrolment, with_for_update=True)
            if row is None:
                session.add(ReportCodeRow(enrolment_id=enrolment, hash=hashed, made_at=now))
            else:
                row.hash, row.made_at = hashed, now
            found = session.get_one(EnrolmentRow, enrolment)
            record(
                session,
                at=now,
                clerk=clerk,
                action=AuditAction.LETTER_PRINTED,
                resident=found.resident_id,
                enrolment=enrolment,
            )
        return code

    def resident_of(self, typed: str) -> int:
        """Whose card the code reports. Raises DataError for a misread code, NotFoundError for an unknown one."""
        hashed = self._hash(read_code(typed))
        query = (
            select(EnrolmentRow.resident_id)
            .join(ReportCodeRow, ReportCodeRow.enrolment_id == EnrolmentRow.id)
            .where(ReportCodeRow.hash == hashed)
        )
        with self._reading() as session:
            found = session.scalar(query)
        if found is None:
            raise NotFoundError(
                "no letter of this registry has this code",
                hint="A newer letter makes an older one's code worthless; else identify the holder otherwise.",
            )
        return found

    def _hash(self, code: str) -> bytes:
        return self._keyed_hash(_LABEL, code.encode("ascii"))
