"""``mumei office lost | found | return | show``: cards that are lost and come back, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from mumei.authority.credentials import TerminalCredentials
from mumei.cli.office.options import clerk_option, read_option, registry_option, session_option
from mumei.cli.office.plans import PlanShown
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.maker.master_key import MasterKey
from mumei.office.cards import CardRecord
from mumei.office.cases import Case
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.enrol import Till
from mumei.office.counter.give_back import GIVE_BACK, WIPE, ReturnDesk, Wiping
from mumei.office.counter.journal import Journal
from mumei.office.counter.lost import CASE, FOUND, LOST, LostDesk, end_report
from mumei.office.counter.overview import EnrolmentLine, Overview, overview
from mumei.office.counter.plan import carry_out
from mumei.office.counter.report import ReportCodes
from mumei.office.counter.seat import Seat
from mumei.office.database.models_cards import CardState, Recall
from mumei.office.database.models_cases import CaseState
from mumei.office.database.models_plans import PlanKind
from mumei.office.registry import Registry
from mumei.session.pace import Can
from mumei_core.dates import date_of
from mumei_core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A card that was reported. ``case``: what people call it; ``irrevocable``: how many of its credentials were
    made without shares, so that the trustees can do nothing about them.
    """

    resident: int
    plan: int
    case: str
    irrevocable: int

    def text(self) -> str:
        lines = [
            f"The card of resident {self.resident} is reported lost; case {self.case} goes to the trustees.",
            "It is refused from the next week on, and is not renewed from now on.",
        ]
        if self.irrevocable:
            lines.append(f"{self.irrevocable} of its credentials cannot be revoked, and expire only.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDone:
    """How a flow with one card ended."""

    resident: int
    plan: int
    done: str

    def text(self) -> str:
        return self.done


@click.command()
@click.argument("resident", type=int, required=False)
@registry_option
@click.option("--by-code", is_flag=True, help="The holder says the code on the letter, in RESIDENT's place.")
@click.option(
    "--consent",
    is_flag=True,
    help="List it this week: the holder was told that this week's visits become linkable to each other.",
)
@click.option(
    "--take-over", is_flag=True, help="Go on although another workstation, now dead, seems to work on it."
)
@session_option(Right.REPORT_LOST)
@secret_options("report-code", "the code on the letter")
@json_option
def lost(
    resident: int | None,
    registry: str,
    by_code: bool,
    consent: bool,
    take_over: bool,
    clerk: ClerkSession,
    report_code: SecretSource,
    as_json: bool,
) -> None:
    """Report the card of RESIDENT (a record number) lost, and open a case for the trustees.

    The clerk has identified the holder, or the holder says the code on the letter. The report holds at once;
    the case waits for a second person, and the same command goes on when that has approved.

    \b
    Examples:
      mumei office lost 1 --registry ward.db
      mumei office lost --by-code --registry ward.db
    """
    coded = by_code or report_code.file is not None or report_code.fd is not None
    if coded == (resident is not None):
        raise UsageError("whose card is it?", hint="Give the resident's record number, or --by-code.")
    typed = report_code.text(prompt="code on the letter") if coded else ""
    with Registry.open(registry) as open_registry:
        number = ReportCodes(open_registry).resident_of(typed) if resident is None else resident
        hold = Journal(open_registry, clerk=clerk.name).begin(
            PlanKind.LOST, number, {"consent": consent}, take_over=take_over
        )
        desk = LostDesk(registry=open_registry, clerk=clerk.name, session=clerk)
        plan = carry_out(LOST, hold, desk, progress=progress).plan
    result = plan.result(CASE)
    emit(
        Reported(
            resident=number,
            plan=plan.number,
            case=str(result.get("words")),
            irrevocable=plan.integer(CASE, "irrevocable"),
        ),
        as_json=as_json,
    )


@click.command()
@click.argument("resident", type=int)
@registry_option
@click.option(
    "--take-over", is_flag=True, help="Go on although another workstation, now dead, seems to work on it."
)
@clerk_option(Right.REPORT_LOST)
@json_option
def found(resident: int, registry: str, take_over: bool, clerk: str, as_json: bool) -> None:
    """The lost card of RESIDENT is back with its holder: withdraw the report and its case.

    It is gone from the lists of the next week on.

    \b
    Examples:
      mumei office found 1 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        desk = Till(registry=open_registry, clerk=clerk)
        hold = Journal(open_registry, clerk=clerk).begin(PlanKind.FOUND, resident, take_over=take_over)
        plan = carry_out(FOUND, hold, desk, progress=progress).plan
        end_report(desk, resident)
    words = f"the card of resident {resident} is in use again"
    emit(CardDone(resident=resident, plan=plan.number, done=words), as_json=as_json)


@click.command("return")
@click.argument("resident", type=int)
@registry_option
@click.option("--card-record", type=int, metavar="NUMBER", help="Which card, where the resident had several.")
@click.option("--destroyed", is_flag=True, help="The card was cut in two, and is not wiped.")
@click.option(
    "--terminal",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The office's terminal with the right to reach issued cards.",
)
@click.option(
    "--card-master",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The card maker's master key; standard cards are wiped with it only.",
)
@click.option(
    "--take-over", is_flag=True, help="Go on although another workstation, now dead, seems to work on it."
)
@session_option(Right.SERVE_CARDS)
@card_options
@secret_options("can", "the CAN on the card's back")
@secret_options("passphrase", "the passphrase of the terminal's key")
@secret_options("card-master-passphrase", "the passphrase of the master key")
@json_option
def give_back(
    resident: int,
    registry: str,
    card_record: int | None,
    destroyed: bool,
    terminal: Path | None,
    card_master: Path | None,
    take_over: bool,
    clerk: ClerkSession,
    place: CardPlace,
    can: SecretSource,
    passphrase: SecretSource,
    card_master_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Take back a card of RESIDENT, at a death, a move away, or for another card: it is wiped, or cut in two.

    Wiping takes two persons; the same command goes on when a second one has approved.

    \b
    Examples:
      mumei office return 1 --registry ward.db --destroyed
      mumei office return 1 --registry ward.db --terminal counter --card-master maker.key
    """
    credentials = keys_of = None
    if terminal is not None:
        secret = passphrase.text(prompt="passphrase of the terminal's key").encode()
        credentials = TerminalCredentials.load(terminal, secret)
    if card_master is not None:
        typed = card_master_passphrase.text(prompt="passphrase of the card maker's master key")
        keys_of = MasterKey.load(card_master, typed.encode()).keys_of
    wiping = Wiping(
        ask_can=lambda: can.digits(Can, prompt="CAN (six digits, on the card's back)"),
        credentials=credentials,
        keys_of=keys_of,
    )
    with Registry.open(registry) as open_registry, Seat(place.open, wiping.open) as seat:
        card = card_record or _newest(open_registry.cards_of(resident), resident)
        if open_registry.card(card).resident_number != resident:
            raise UsageError(
                f"card {card} is not resident {resident}'s", hint="Look it up: mumei office show."
            )
        desk = ReturnDesk(
            registry=open_registry,
            clerk=clerk.name,
            session=clerk,
            card=card,
            seat=None if destroyed else seat,
        )
        hold = Journal(open_registry, clerk=clerk.name).begin(
            PlanKind.RETURN, resident, {"card": card}, take_over=take_over
        )
        plan = carry_out(GIVE_BACK, hold, desk, progress=progress).plan
    wiped = plan.result(WIPE).get("wiped") is True
    words = f"card {card} of resident {resident} is returned and {'wiped' if wiped else 'destroyed'}"
    emit(CardDone(resident=resident, plan=plan.number, done=words), as_json=as_json)


def _newest(cards: tuple[CardRecord, ...], resident: int) -> int:
    for card in reversed(cards):
        if card.state not in (CardState.DESTROYED, CardState.STOCK):
            return card.card
    raise UsageError(f"resident {resident} has no card to return", hint="Look: mumei office show.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """One card of a resident; the number that its chip has is not known any more."""

    card: int
    state: CardState
    enrolment: int | None
    valid_until: date | None
    recall: Recall | None

    @classmethod
    def of(cls, card: CardRecord) -> CardLine:
        return cls(
            card=card.card,
            state=card.state,
            enrolment=card.enrolment_number,
            valid_until=None if card.valid_until is None else date_of(card.valid_until),
            recall=card.recall,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case."""

    case: str
    state: CaseState
    opened: date

    @classmethod
    def of(cls, case: Case) -> CaseLine:
        return cls(case=case.words, state=case.state, opened=case.opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentShown:
    """What the office knows of one resident's cards."""

    resident: int
    cards: tuple[CardLine, ...]
    enrolments: tuple[EnrolmentLine, ...]
    plans: tuple[PlanShown, ...]
    cases: tuple[CaseLine, ...]

    @classmethod
    def of(cls, known: Overview) -> ResidentShown:
        return cls(
            resident=known.resident,
            cards=tuple(map(CardLine.of, known.cards)),
            enrolments=known.enrolments,
            plans=tuple(PlanShown.of(plan, steps=False) for plan in known.plans),
            cases=tuple(map(CaseLine.of, known.cases)),
        )

    def text(self) -> str:
        lines = [f"Resident {self.resident}"]
        for card in self.cards:
            until = f", good until {card.valid_until.isoformat()}" if card.valid_until else ""
            recall = f", to be returned: {card.recall.lower().replace('_', ' ')}" if card.recall else ""
            lines.append(f"  card {card.card}: {card.state.lower()}{until}{recall}")
        for one in self.enrolments:
            renews = f", renews {one.renews}" if one.renews else ""
            shares = "" if one.has_shares else ", cannot be revoked"
            lines.append(f"  enrolment {one.enrolment}: {one.state.lower()}{renews}{shares}")
        lines += [
            f"  case {case.case}: {case.state.lower()}, opened {case.opened.isoformat()}"
            for case in self.cases
        ]
        lines += [f"  {plan.text()}" for plan in self.plans]
        return "\n".join(lines)


@click.command()
@click.argument("resident", type=int)
@registry_option
@read_option(Right.SEE_RESIDENTS)
@json_option
def show(resident: int, registry: str, as_json: bool) -> None:
    """Show what the office knows of the cards of RESIDENT (a record number).

    \b
    Examples:
      mumei office show 1 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        known = overview(open_registry, resident)
    emit(ResidentShown.of(known), as_json=as_json)
