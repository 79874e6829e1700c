"""Reports to the issuer: a card that was lost is not renewed, whichever office it is brought to (protocol 2.2).

A loss is on record at once, also where no issuer can be reached. Whoever next has the issuer at hand, at any desk
of this registry, tells it first, before anything is issued.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from mumei.issuer.issuance import IssuanceRefused
from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.models import ResidentRow
from mumei.office.database.models_cards import CardRow, CardState
from mumei.office.database.models_cases import IssuerReportRow
from mumei.office.registry_base import RegistryBase


class TakesReports(Protocol):
    """The issuer, as far as losses go."""

    def report(self, record: bytes, *, reported: bool) -> None:
        """All that was issued to the record (16 octets) until now is lost, or found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerReport:
    """What the issuer has not heard yet. ``record``: what it knows the resident by, 16 octets."""

    resident: int
    record: bytes
    lost: bool


class IssuerReports(RegistryBase):
    """The reports of a registry."""

    def __init__(self, registry: RegistryBase) -> None:
        super().__init__(registry._engine, registry._clock)

    def pending(self) -> tuple[IssuerReport, ...]:
        """All that the issuer has not heard, by record number."""
        query = (
            select(IssuerReportRow, ResidentRow.record)
            .join(ResidentRow, ResidentRow.id == IssuerReportRow.resident_id)
            .where(IssuerReportRow.told.is_(False))
            .order_by(IssuerReportRow.resident_id)
        )
        with self._reading() as session:
            return tuple(
                IssuerReport(resident=row.resident_id, record=known_as, lost=row.lost)
                for row, known_as in session.execute(query)
            )

    def send(self, issuer: TakesReports, *, clerk: str) -> int:
        """Tell the issuer; again is fine. Returns how many reports went out. Raises IssuerUnreachableError."""
        sent = 0
        for report in self.pending():
            # A report covers all that was issued until it arrives: too late for one whose next card is out already.
            if not (report.lost and self._has_card(report.resident)):
                # Refused: it never issued to this record through this office, and there is nothing to renew.
                with suppress(IssuanceRefused):
                    issuer.report(report.record, reported=report.lost)
                sent += 1
            self._told(report, clerk)
        return sent

    def _has_card(self, resident: int) -> bool:
        query = select(CardRow.id).where(
            CardRow.resident_id == resident, CardRow.state == CardState.ISSUED.value
        )
        with self._reading() as session:
            return session.scalars(query).first() is not None

    def _told(self, report: IssuerReport, clerk: str) -> None:
        with self._writing(clerk) as session:
            row = session.get(IssuerReportRow, report.resident, with_for_update=True)
            if row is None or row.told or row.lost != report.lost:
                return
            row.told = True
            record(
                session,
                at=self._clock(),
                clerk=clerk,
                action=AuditAction.ISSUER_TOLD,
                resident=report.resident,
            )
