"""A card reported lost, and one found again, as plans (mumei protocol 2.5).

Reporting takes one clerk, and ends the card's use at offices at once; a case for the trustees takes two persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei.office.cards import CardConflictError, CardRecord
from mumei.office.cases import Cases, open_case
from mumei.office.clerks.approvals import Approvals, Operation, use
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.enrol import RECORD as STORED
from mumei.office.counter.enrol import Till
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import NOTHING, Flow, Plan, Result, Step
from mumei.office.database.models_cards import CardState
from mumei.office.database.models_plans import PlanKind

REPORT: Final = "report"
APPROVAL: Final = "approval"
CASE: Final = "case"
FOUND_CARD: Final = "found"
WITHDRAW: Final = "withdraw"


@dataclass(kw_only=True)
class LostDesk(Till):
    """``session``: who asks, for the approval of somebody else."""

    session: ClerkSession


def _report(desk: LostDesk, plan: Plan) -> Result:
    card = _last(desk, plan.resident_number, CardState.ISSUED, CardState.LOST)
    number = desk.registry.report_card_lost(card.card, clerk=desk.clerk).card
    end_enrolment(desk, plan.resident_number)
    return {"card": number}


def _approval(desk: LostDesk, plan: Plan) -> Result:
    number = Approvals(desk.registry).needed(Operation.REVOKE, plan.resident_number, by=desk.session)
    return {"approval": number} if number is not None else NOTHING


def _case(desk: LostDesk, plan: Plan) -> Result:
    """Approval spent and case opened in one transaction; whoever finds it opened was here before."""
    cases, step = Cases(desk.registry), plan.step(CASE)
    found = cases.live_case_of(plan.resident_number)
    if found is None or step is None or step.attempts == 1:
        approval = plan.result(APPROVAL).get("approval")
        number = approval if isinstance(approval, int) else None
        with cases._writing(desk.clerk) as transaction:
            now = cases._clock()
            use(transaction, number, Operation.REVOKE, plan.resident_number, by=desk.session, at=now)
            consent = plan.arguments.get("consent") is True
            found = open_case(transaction, cases, plan.resident_number, clerk=desk.clerk, consent=consent)
    return {"case": found.number, "words": found.words, "irrevocable": len(found.irrevocable)}


def _found(desk: Till, plan: Plan) -> Result:
    card = _last(desk, plan.resident_number, CardState.LOST, CardState.ISSUED)
    return {"card": desk.registry.report_card_found(card.card, clerk=desk.clerk).card}


def _withdraw(desk: Till, plan: Plan) -> Result:
    cases = Cases(desk.registry)
    case = cases.live_case_of(plan.resident_number)
    if case is None:
        return NOTHING
    return {"case": cases.withdraw_case(case.number, clerk=desk.clerk).number}


def _last(desk: Till, resident: int, *states: CardState) -> CardRecord:
    """The resident's newest card in the first of these states that any is in. Raises CardConflictError."""
    cards = desk.registry.cards_of(resident)
    for state in states:
        for card in reversed(cards):
            if card.state is state:
                return card
    raise CardConflictError(
        f"resident {resident} has no card of which this could be said",
        hint="Look at the resident's cards: mumei office show.",
    )


LOST: Final[Flow[LostDesk]] = Flow(
    kind=PlanKind.LOST,
    steps=(
        Step(name=REPORT, run=_report, says="the card is reported lost"),
        Step(name=APPROVAL, run=_approval, says="revoking it takes a second person"),
        Step(name=CASE, run=_case, says="a case for the trustees is opened"),
    ),
    # A report is not unsaid: a card that was found has a plan of its own.
    point_of_no_return=REPORT,
)
FOUND: Final[Flow[Till]] = Flow(
    kind=PlanKind.FOUND,
    steps=(
        Step(name=FOUND_CARD, run=_found, says="the card is back with its holder"),
        Step(name=WITHDRAW, run=_withdraw, says="its case is withdrawn"),
    ),
    point_of_no_return=FOUND_CARD,
)


def end_report(desk: Till, resident: int) -> None:
    """A report whose case nobody has approved yet ends here: the card was found before."""
    journal = Journal(desk.registry, clerk=desk.clerk)
    for plan in journal.plans(resident_number=resident, unfinished=True):
        if plan.kind is PlanKind.LOST:
            journal.resume(plan.number).undone(None)


def end_enrolment(desk: Till, resident: int) -> None:
    """An enrolment that was on record as stored, and whose card did not come to its end, ends with its card."""
    journal = Journal(desk.registry, clerk=desk.clerk)
    for plan in journal.plans(resident_number=resident, unfinished=True):
        if plan.kind is PlanKind.ENROL and plan.is_done(STORED):
            journal.resume(plan.number, take_over=True).undone(None)
