"""Enrolling a resident with a new card, as a plan (mumei protocol 2.2).

The order of the steps is the protocol's: nothing is signed before its terms are on record, nothing is on record as
stored before the card has given it back from its own memory, and a standard card closes itself at the very end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from mumei.issuer.issuance import Purpose
from mumei.office.clerks.approvals import Approvals, Operation, use
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import NOTHING, Flow, Plan, Result, Step
from mumei.office.counter.seat import Seat
from mumei.office.database.models import EnrolmentState
from mumei.office.database.models_plans import PlanKind
from mumei.office.records import EnrolmentRecord
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.session.scp03 import IssuedCardError, Scp03Channel
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.errors import WrongCardError

CARD: Final = "right card"
APPROVAL: Final = "approval"
BEGIN: Final = "begin"
RESERVE: Final = "reserve"
PIN: Final = "pin"
SIGN: Final = "sign"
STORE: Final = "store"
READ_BACK: Final = "read back"
RECORD: Final = "record"
SECURE: Final = "secure"
LETTER: Final = "letter"


class OfficeSteps(Protocol):
    """What an office does with a card, step by step: :class:`mumei.office.enrolment.Office`."""

    def open(self, channel: Channel, card_number: bytes | None = None) -> Channel:
        """Is it a card of our kind, the one that is meant? Then the channel to write through."""

    def pin(self, channel: Channel, record: EnrolmentRecord, today: date) -> None:
        """Parameters and trust points on the card, if it has none."""

    def commit(self, channel: Channel, record: EnrolmentRecord) -> EnrolmentAnswer:
        """The card's commitment for this record, checked, of a genuine card; the same again."""

    def sign(self, record: EnrolmentRecord, answer: EnrolmentAnswer, today: date) -> EnrolmentRecord:
        """Answer and terms, then the issuer's signature, on record; the same again."""

    def store(self, channel: Channel, record: EnrolmentRecord) -> None:
        """The card checks its credential and keeps it; the same again, and the card confirms it."""

    def secure(self, channel: Channel) -> None:
        """A standard card closes its security domain."""


@dataclass(kw_only=True)
class Till:
    """What is always there: the registry, and who works with it."""

    registry: Registry
    clerk: str


@dataclass(kw_only=True)
class EnrolDesk(Till):
    """A desk with everything that an enrolment needs. ``letter``: prints it, None where the maker's letter goes
    with the card; told the enrolment's number and whether one was perhaps printed before. ``session``: who asks,
    where a second card takes the approval of somebody else.
    """

    office: OfficeSteps
    seat: Seat[Channel]
    today: date
    letter: Callable[[int, bool], None] | None = None
    session: ClerkSession | None = None

    def record(self, plan: Plan) -> EnrolmentRecord:
        """The enrolment that the plan began."""
        return self.registry.enrolment(plan.integer(BEGIN, "enrolment"))

    def card_of(self, plan: Plan) -> Channel:
        """The card, and no other than the one taken out of the stock for this plan. Raises WrongCardError."""
        channel = self.seat.card()
        if isinstance(channel, Scp03Channel) and plan.is_done(RESERVE):
            found = self.registry.card_in_stock(channel.diversification_data)
            if found is None or found.card != plan.integer(RESERVE, "card"):
                raise WrongCardError(
                    "this is not the card that was taken out of the stock for this enrolment",
                    hint="Put back the card that it began with; nothing was written to this one.",
                )
        return channel

    @property
    def keeps_stock(self) -> bool:
        """Whether cards come with delivery notes here: then only such are used."""
        return Journal(self.registry, clerk=self.clerk).keeps_stock()


def _approval(desk: EnrolDesk, plan: Plan) -> Result:
    """A second card takes a second person."""
    if desk.session is None:
        return NOTHING
    approvals = Approvals(desk.registry)
    number = approvals.needed(Operation.SECOND_CARD, plan.resident_number, by=desk.session)
    return {"approval": number} if number is not None else NOTHING


def _begin(desk: EnrolDesk, plan: Plan) -> Result:
    is_second = plan.arguments.get("replacement") is True
    approval, step = plan.result(APPROVAL).get("approval") if is_second else None, plan.step(BEGIN)
    if isinstance(approval, int) and desk.session is not None and step is not None and step.attempts == 1:
        approvals = Approvals(desk.registry)
        with approvals._writing(desk.clerk) as transaction:
            use(
                transaction,
                approval,
                Operation.SECOND_CARD,
                plan.resident_number,
                by=desk.session,
                at=approvals._clock(),
            )
    record = desk.registry.begin_enrolment(plan.resident_number, clerk=desk.clerk, replacement=is_second)
    return {"enrolment": record.number}


def _cancel(desk: Till, plan: Plan) -> None:
    """The record is closed, if it was made: a step that was killed may have made one that it did not name."""
    named = plan.integer(BEGIN, "enrolment") if plan.is_done(BEGIN) else None
    for record in desk.registry.enrolments_of(plan.resident_number):
        kept = desk.registry.issuing(record.number)
        ours = record.number == named or (named is None and (kept is None or kept.purpose is Purpose.ENROL))
        if ours and record.state not in (EnrolmentState.STORED, EnrolmentState.CANCELLED):
            desk.registry.cancel_enrolment(record.number, clerk=desk.clerk)


def _card(desk: EnrolDesk, _plan: Plan) -> Result:
    """Is it a card of our kind, whose keys we have, and not issued yet? Else nothing is begun."""
    desk.seat.card()
    return NOTHING


def _reserve(desk: EnrolDesk, plan: Plan) -> Result:
    """Out of the stock, and nobody else's. A development card has no number to be known by."""
    channel = desk.seat.card()
    if not isinstance(channel, Scp03Channel):
        return NOTHING
    number, record = channel.diversification_data, desk.record(plan)
    return {"card": desk.registry.reserve_card(number, record.number, clerk=desk.clerk).card}


def _pin(desk: EnrolDesk, plan: Plan) -> Result:
    record = desk.record(plan)
    if record.state is EnrolmentState.STARTED:
        desk.office.pin(desk.card_of(plan), record, desk.today)
    return NOTHING


def _sign(desk: EnrolDesk, plan: Plan) -> Result:
    record = desk.record(plan)
    if record.state in (EnrolmentState.STARTED, EnrolmentState.COMMITTED):
        answer = desk.office.commit(desk.card_of(plan), record)
        record = desk.office.sign(record, answer, desk.today)
    return {"valid_until": record.valid_until or 0}


def _store(desk: EnrolDesk, plan: Plan) -> Result:
    desk.office.store(desk.card_of(plan), desk.record(plan))
    return NOTHING


def _read_back(desk: EnrolDesk, plan: Plan) -> Result:
    desk.office.store(desk.seat.again(), desk.record(plan))
    return NOTHING


def _record(desk: EnrolDesk, plan: Plan) -> Result:
    desk.registry.mark_stored(desk.record(plan).number, clerk=desk.clerk)
    return NOTHING


def _secure(desk: EnrolDesk, plan: Plan) -> Result:
    step = plan.step(SECURE)
    try:
        # Its own credential once more: whose card this is nobody can ask it afterwards.
        channel = desk.seat.card()
        desk.office.store(channel, desk.record(plan))
    except IssuedCardError:
        if step is None or step.attempts == 1:
            raise
        # An attempt before this one may have closed it, and a closed card does not say whose it is.
        return {"seen": False}
    desk.office.secure(channel)
    return {"seen": True}


def _letter(desk: EnrolDesk, plan: Plan) -> Result:
    if desk.letter is None:
        return {"printed": False}
    step = plan.step(LETTER)
    desk.letter(desk.record(plan).number, step is not None and step.attempts > 1)
    return {"printed": True}


ENROL: Final[Flow[EnrolDesk]] = Flow(
    kind=PlanKind.ENROL,
    steps=(
        Step(name=CARD, run=_card, says="is it the right card?", only_looks=True),
        Step(
            name=APPROVAL,
            run=_approval,
            only_looks=True,
            wanted=lambda _desk, plan: plan.arguments.get("replacement") is True,
        ),
        Step(name=BEGIN, run=_begin, undo=_cancel),
        Step(name=RESERVE, run=_reserve, wanted=lambda desk, _plan: desk.keeps_stock),
        Step(name=PIN, run=_pin),
        Step(name=SIGN, run=_sign, says="the card draws its secrets and commits to them"),
        Step(name=STORE, run=_store, says="the card checks its credential and stores it"),
        Step(name=READ_BACK, run=_read_back, says="the credential is read back from the card"),
        Step(name=RECORD, run=_record),
        Step(name=SECURE, run=_secure),
        Step(name=LETTER, run=_letter),
    ),
    # Before it the card may hold a good credential already: the resident's next enrolment is then a replacement.
    point_of_no_return=RECORD,
)
