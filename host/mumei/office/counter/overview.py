"""What the office knows of a resident's cards: enrolments, plans, cases; nothing that is secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mumei.office.cards import CardRecord
from mumei.office.cases import Case, Cases
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import Plan
from mumei.office.database.models import EnrolmentState
from mumei.office.registry import Registry
from mumei_core.dates import date_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentLine:
    """One credential. ``renews``: in whose place it is on the same card. ``has_shares``: it can be revoked."""

    enrolment: int
    state: EnrolmentState
    valid_until: date | None
    renews: int | None
    has_shares: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of one resident."""

    resident: int
    cards: tuple[CardRecord, ...]
    enrolments: tuple[EnrolmentLine, ...]
    plans: tuple[Plan, ...]
    cases: tuple[Case, ...]


def overview(registry: Registry, resident: int) -> Overview:
    """What is on record. Raises NotFoundError."""
    issuings = {kept.enrolment: kept for kept in registry.issuings_of(resident)}
    lines = []
    for record in registry.enrolments_of(resident):
        kept = issuings.get(record.number)
        lines.append(
            EnrolmentLine(
                enrolment=record.number,
                state=record.state,
                valid_until=None if record.valid_until is None else date_of(record.valid_until),
                renews=None if kept is None else kept.renews,
                has_shares=kept is not None and kept.answer is not None,
            )
        )
    return Overview(
        resident=resident,
        cards=registry.cards_of(resident),
        enrolments=tuple(lines),
        plans=Journal(registry, clerk="-").plans(resident_number=resident),
        cases=tuple(case for case in Cases(registry).cases() if case.resident == resident),
    )
