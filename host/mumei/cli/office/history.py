"""``mumei office history``: who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import click

from mumei.cli.office.options import read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.office.clerks.roles import Right
from mumei.office.records import AuditEntry
from mumei.office.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One entry of the audit trail."""

    at: datetime
    clerk: str
    action: str
    resident: int | None
    enrolment: int | None

    @classmethod
    def of(cls, entry: AuditEntry) -> HistoryLine:
        return cls(
            at=entry.at,
            clerk=entry.clerk,
            action=entry.action.value,
            resident=entry.resident,
            enrolment=entry.enrolment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One page of the audit trail."""

    entries: tuple[HistoryLine, ...]

    def text(self) -> str:
        """One line an entry."""
        return "\n".join(
            f"{line.at:%Y-%m-%d %H:%M:%S}Z  {line.clerk}  {line.action}"
            + (f"  resident {line.resident}" if line.resident else "")
            + (f"  enrolment {line.enrolment}" if line.enrolment else "")
            for line in self.entries
        )


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
