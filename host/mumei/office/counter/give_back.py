"""A card handed in, at a death, a move away, or in exchange for another, as a plan: wiped, and destroyed.

Wiping takes two persons. A standard card lets only a terminal with the personalisation right reach its security
domain, in a channel of the CAN on its back; a development card has none, and is destroyed as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mumei.office.clerks.approvals import Approvals, Operation, use
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.enrol import Till
from mumei.office.counter.lost import end_enrolment
from mumei.office.counter.plan import NOTHING, Flow, Plan, Result, Step
from mumei.office.counter.seat import Seat
from mumei.office.database.models_cards import CardState
from mumei.office.database.models_plans import PlanKind
from mumei.session import pace, security_domain
from mumei.session.application import Application, Profile
from mumei.session.channel import Channel
from mumei.session.pace import Can
from mumei.session.recovery import begin
from mumei.session.renewal import RenewalCredentials
from mumei.session.scp03 import KeyProvider, open_scp03
from mumei.session.terminal_authentication import authenticate
from mumei_core.commands import codes
from mumei_core.commands.messages import card as messages
from mumei_core.errors import UsageError
from mumei_core.gp.life_cycle import LifeCycle

RETURN_CARD: Final = "return"
APPROVAL: Final = "approval"
WIPE: Final = "wipe"
DESTROY: Final = "destroy"


@dataclass(kw_only=True)
class ReturnDesk(Till):
    """``seat``: None where the card is not wiped here. ``card``: the record number of the card handed in."""

    session: ClerkSession
    card: int
    seat: Seat[Channel | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiping:
    """What reaches an issued card: the CAN, a certificate with the personalisation right, the card's keys."""

    ask_can: Callable[[], Can]
    credentials: RenewalCredentials | None
    keys_of: KeyProvider | None

    def open(self, channel: Channel) -> Channel | None:
        """A channel to the card's security domain; None for a card that is wiped already, or has none.

        Raises WrongCardError, UsageError, and what the session raises: nothing was written.
        """
        if is_terminated(channel):
            return None
        application = begin(channel, lambda: Application.identify(channel))
        if application.profile is Profile.DEVELOPMENT:
            return None
        if self.credentials is None or self.keys_of is None:
            raise UsageError(
                "an issued card is wiped by a terminal with the right to it, with the card's keys",
                hint="Give --terminal and --card-master; or cut the card in two and say --destroyed.",
            )
        with self.ask_can() as can:
            opened = pace.establish(channel, can, chat=self.credentials.chat)
        authenticate(channel, opened, self.credentials)
        return open_scp03(channel, self.keys_of)


def is_terminated(channel: Channel) -> bool:
    """Whether the card says that it was wiped: it answers to its name, with conditions that nothing satisfies."""
    return (
        channel.send(messages.select_by_name(p2=0, application_identifier=codes.AID)).sw
        == codes.SW_CONDITIONS
    )


def _return(desk: ReturnDesk, plan: Plan) -> Result:
    card = desk.registry.card(desk.card)
    if card.state is not CardState.DESTROYED:
        desk.registry.return_card(desk.card, clerk=desk.clerk)
    end_enrolment(desk, plan.resident_number)
    return {"card": desk.card}


def _approval(desk: ReturnDesk, _plan: Plan) -> Result:
    number = Approvals(desk.registry).needed(Operation.WIPE, desk.card, by=desk.session)
    return {"approval": number} if number is not None else NOTHING


def _wipe(desk: ReturnDesk, _plan: Plan) -> Result:
    """TERMINATED erases the card's secrets and cannot be undone; a card that was wiped stays so."""
    channel = desk.seat.card() if desk.seat is not None else None
    if channel is not None:
        security_domain.set_life_cycle(channel, LifeCycle.TERMINATED)
    return {"wiped": desk.seat is not None}


def _destroy(desk: ReturnDesk, plan: Plan) -> Result:
    """On record with the approval spent; whoever finds it so was here before."""
    card = desk.registry.card(desk.card)
    if card.state is not CardState.DESTROYED:
        approvals, approval = Approvals(desk.registry), plan.result(APPROVAL).get("approval")
        number = approval if isinstance(approval, int) else None
        step = plan.step(DESTROY)
        if step is None or step.attempts == 1:
            with approvals._writing(desk.clerk) as transaction:
                now = approvals._clock()
                use(transaction, number, Operation.WIPE, desk.card, by=desk.session, at=now)
        desk.registry.destroy_card(desk.card, clerk=desk.clerk)
    return NOTHING


GIVE_BACK: Final[Flow[ReturnDesk]] = Flow(
    kind=PlanKind.RETURN,
    steps=(
        Step(name=RETURN_CARD, run=_return, says="the card is handed in"),
        Step(name=APPROVAL, run=_approval, says="wiping it takes a second person"),
        Step(name=WIPE, run=_wipe, says="the card is wiped"),
        Step(name=DESTROY, run=_destroy),
    ),
    point_of_no_return=RETURN_CARD,
)
