"""``mumei office history``: who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import click

from mumei.cli.office.options import read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.office.clerks.roles import Right
from mumei.office.records import AuditEntry
from mumei.office.registry import Registry

_RECORDS: Final = ("resident", "enrolment", "card", "order", "plan", "case", "approval")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One entry of the audit trail; what it does not concern is None. ``about`` is a clerk's name."""

    number: int
    at: datetime
    clerk: str
    action: str
    resident: int | None
    enrolment: int | None
    card: int | None
    order: int | None
    plan: int | None
    case: int | None
    approval: int | None
    about: str | None
    signed: bool

    @classmethod
    def of(cls, entry: AuditEntry) -> HistoryLine:
        return cls(
            number=entry.number,
            at=entry.at,
            clerk=entry.clerk,
            action=str(entry.action),
            resident=entry.resident,
            enrolment=entry.enrolment,
            card=entry.card,
            order=entry.order,
            plan=entry.plan,
            case=entry.case,
            approval=entry.approval,
            about=entry.about,
            signed=entry.signature is not None,
        )

    def text(self) -> str:
        """One line."""
        records = ((name, getattr(self, name)) for name in _RECORDS)
        parts = [f"{name} {number}" for name, number in records if number is not None]
        parts += [f"clerk {self.about}"] if self.about else []
        return "  ".join((f"{self.at:%Y-%m-%d %H:%M:%S}Z", self.clerk, self.action, *parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One page of the audit trail."""

    entries: tuple[HistoryLine, ...]

    def text(self) -> str:
        """One line an entry."""
        return "\n".join(line.text() for line in self.entries)


@click.command()
@registry_option
@read_option(Right.SEE_TRAIL)
@click.option("--resident", type=int, metavar="NUMBER", help="Only this resident's.")
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this entry.")
@click.option("--limit", default=100, show_default=True, help="Longest page.")
@json_option
def history(registry: str, resident: int | None, after: int, limit: int, as_json: bool) -> None:
    """Show who did what, oldest first.

    \b
    Examples:
      mumei office history --registry ward.db --resident 1
    """
    with Registry.open(registry) as open_registry:
        entries = open_registry.history(resident_number=resident, after=after, limit=limit)
    emit(History(entries=tuple(map(HistoryLine.of, entries))), as_json=as_json)
