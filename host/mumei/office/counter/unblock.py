"""Giving the holder the PIN's tries again, as a plan: the clerk has seen who it is, the holder types the PUK.

A standard card keeps its PIN; a development card takes a new one with the PUK. Who has forgotten the PIN of a
standard card gets another card: no command of the chip sets a PIN without the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.counter.enrol import Till
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import NOTHING, Flow, Plan, Result, Step
from mumei.office.counter.seat import Seat
from mumei.office.database.models_plans import PlanKind
from mumei.session.application import Application
from mumei.session.channel import Channel

IDENTIFY: Final = "identify"
UNBLOCK_PIN: Final = "unblock"
RECORD: Final = "record"


@dataclass(kw_only=True)
class UnblockDesk(Till):
    """``unblock``: what is done with the opened card, at the PIN pad; it may be done again."""

    seat: Seat[tuple[Channel, Application]]
    unblock: Callable[[Channel, Application], None]


def _identify(desk: UnblockDesk, plan: Plan) -> Result:
    """The resident is on record, and a card of ours lies there: whose it is, its face says to the clerk."""
    desk.registry.resident(plan.resident_number)
    desk.seat.card()
    return NOTHING


def _unblock(desk: UnblockDesk, _plan: Plan) -> Result:
    desk.unblock(*desk.seat.card())
    return NOTHING


def _record(desk: UnblockDesk, plan: Plan) -> Result:
    journal = Journal(desk.registry, clerk=desk.clerk)
    with journal._writing(desk.clerk) as session:
        record(
            session,
            at=journal._clock(),
            clerk=desk.clerk,
            action=AuditAction.PIN_UNBLOCKED,
            resident=plan.resident_number,
            plan=plan.number,
        )
    return NOTHING


UNBLOCK: Final[Flow[UnblockDesk]] = Flow(
    kind=PlanKind.UNBLOCK,
    steps=(
        Step(name=IDENTIFY, run=_identify, only_looks=True),
        Step(name=UNBLOCK_PIN, run=_unblock, says="the holder types the PUK"),
        Step(name=RECORD, run=_record),
    ),
)
