"""Renewing a resident's card, at its end or after a move or another name, as a plan (mumei protocol 2.2).

The card shows by its pseudonym under "mumei:renewal" that it is this record's, before anything is written to it.
It keeps its pseudonyms; the old credential works until the new one has passed the card's checks.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from mumei.issuer.issuance import Purpose
from mumei.office.counter.enrol import Till
from mumei.office.counter.plan import NOTHING, Flow, Plan, PlanConflictError, Result, Step
from mumei.office.counter.seat import Seat
from mumei.office.database.models import EnrolmentState
from mumei.office.database.models_cards import CardState
from mumei.office.database.models_plans import PlanKind
from mumei.office.records import EnrolmentRecord
from mumei.office.renewal import Inside, RenewalDesk
from mumei.session.credential import present
from mumei_core.commands.request import Request
from mumei_core.dates import day_number
from mumei_core.eac.authorisation import RENEWAL_CONTEXT
from mumei_core.errors import ProtocolError, WrongCardError
from mumei_core.presentation.messages import Presentation

CARD: Final = "right card"
BEGIN: Final = "begin"
COMMIT: Final = "commit"
SIGN: Final = "sign"
STORE: Final = "store"
READ_BACK: Final = "read back"
RECORD: Final = "record"


@dataclass(kw_only=True)
class RenewDesk(Till):
    """A desk with everything that a renewal needs; the seat opens the card with the holder's PIN."""

    steps: RenewalDesk
    seat: Seat[Inside]
    today: date
    _has_presented: bool = field(default=False, init=False, repr=False)

    def fresh(self) -> Inside:
        """A session that has not presented yet: there is one presentation in each."""
        inside = self.seat.again() if self._has_presented else self.seat.card()
        self._has_presented = False
        return inside

    def presents(self) -> Inside:
        """The same, of a session whose one presentation is used now."""
        inside = self.fresh()
        self._has_presented = True
        return inside

    def record(self, plan: Plan) -> EnrolmentRecord:
        """The renewal that the plan began."""
        return self.registry.enrolment(plan.integer(BEGIN, "enrolment"))


def _card(desk: RenewDesk, plan: Plan) -> Result:
    """Is it this resident's card? Only asked, and only by the pseudonym that links to nothing else."""
    cards = desk.registry.cards_of(plan.resident_number)
    if not any(card.state is CardState.ISSUED for card in cards):
        raise PlanConflictError(
            "this resident has no card in use",
            hint="A card reported lost and found again is withdrawn first: mumei office found. "
            "Else enrol a new one.",
        )
    known = [kept.renewal_pseudonym for kept in desk.registry.issuings_of(plan.resident_number)]
    shown = _pseudonym(desk.presents(), day_number(desk.today))
    if not any(pseudonym is not None and hmac.compare_digest(pseudonym, shown) for pseudonym in known):
        raise WrongCardError(
            f"this is not the card of resident {plan.resident_number}",
            hint="Ask for the resident's own card; nothing was written to this one.",
        )
    return NOTHING


def _pseudonym(inside: Inside, day: int) -> bytes:
    """What the card shows under "mumei:renewal", unproven: the issuer checks the proof that comes later."""
    request = Request(
        rp_context=RENEWAL_CONTEXT,
        nonce=secrets.token_bytes(32),
        date=day,
        channel_binding=inside.binding,
        pseudonym=True,
    )
    shown = Presentation.from_octets(present(inside.channel, request.to_octets()), request).pseudonym
    if shown is None:
        raise ProtocolError("the card shows no pseudonym", hint="Try once more; then use another card.")
    return shown.to_octets()


def _begin(desk: RenewDesk, plan: Plan) -> Result:
    return {"enrolment": desk.steps.begin(plan.resident_number).number}


def _cancel(desk: Till, plan: Plan) -> None:
    named = plan.integer(BEGIN, "enrolment") if plan.is_done(BEGIN) else None
    for record in desk.registry.enrolments_of(plan.resident_number):
        kept = desk.registry.issuing(record.number)
        renews = kept is not None and kept.purpose is Purpose.RENEW
        is_over = record.state in (EnrolmentState.STORED, EnrolmentState.CANCELLED)
        if not is_over and (record.number == named or (named is None and renews)):
            desk.registry.cancel_enrolment(record.number, clerk=desk.clerk)


def _commit(desk: RenewDesk, plan: Plan) -> Result:
    """Commitment and evidence, both of one session: the presentation is for this commitment."""
    record = desk.record(plan)
    if record.state in (EnrolmentState.STARTED, EnrolmentState.COMMITTED):
        inside = desk.presents()
        answer = desk.steps.commit(inside, record)
        desk.steps.show(inside, record, answer, today=desk.today)
    return NOTHING


def _sign(desk: RenewDesk, plan: Plan) -> Result:
    record = desk.record(plan)
    if record.state is EnrolmentState.COMMITTED:
        kept = desk.registry.issuing(record.number)
        if kept is None or kept.evidence is None:
            raise PlanConflictError(
                "the old credential was not shown", hint="Cancel the plan and begin anew."
            )
        answer = desk.steps.answer_on_record(record)
        record = desk.steps.sign(record, answer, kept.evidence, today=desk.today)
    return {"valid_until": record.valid_until or 0}


def _store(desk: RenewDesk, plan: Plan) -> Result:
    desk.steps.store(desk.seat.card(), desk.record(plan))
    return NOTHING


def _read_back(desk: RenewDesk, plan: Plan) -> Result:
    desk.steps.store(desk.seat.again(), desk.record(plan))
    return NOTHING


def _record(desk: RenewDesk, plan: Plan) -> Result:
    desk.registry.mark_stored(desk.record(plan).number, clerk=desk.clerk)
    return NOTHING


_STEPS: Final = (
    Step(name=CARD, run=_card, says="is it this resident's card?", only_looks=True),
    Step(name=BEGIN, run=_begin, undo=_cancel),
    Step(name=COMMIT, run=_commit, says="the card commits anew, and shows its old credential for it"),
    Step(name=SIGN, run=_sign),
    Step(name=STORE, run=_store, says="the card checks its new credential and swaps"),
    Step(name=READ_BACK, run=_read_back, says="the credential is read back from the card"),
    Step(name=RECORD, run=_record),
)
RENEW: Final[Flow[RenewDesk]] = Flow(kind=PlanKind.RENEW, steps=_STEPS, point_of_no_return=RECORD)
CHANGE: Final[Flow[RenewDesk]] = Flow(kind=PlanKind.CHANGE, steps=_STEPS, point_of_no_return=RECORD)
"""The same steps: what has changed is the resident's record, from which the attributes are taken."""
