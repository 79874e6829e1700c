"""``mumei office enrol | cancel``: a card for a resident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from mumei.cli.office.desk import Desk, desk_options
from mumei.cli.office.options import Done, clerk_option, registry_option, session_option
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit, progress
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.cancelling import cancel_enrolment
from mumei.office.counter.enrol import BEGIN, ENROL, SIGN, EnrolDesk
from mumei.office.counter.journal import Journal
from mumei.office.counter.letter import LetterDesk, MakersLetter, read_sender
from mumei.office.counter.plan import Carried, carry_out
from mumei.office.counter.seat import Seat
from mumei.office.database.models_plans import PlanKind
from mumei.office.registry import Registry
from mumei_core.dates import date_of, today
from mumei_core.errors import UsageError
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What the clerk sees at the end. ``resumed``: an earlier attempt was finished."""

    enrolment: int
    resident: int
    plan: int
    card: str
    valid_until: date
    resumed: bool
    development: bool

    @classmethod
    def of(cls, carried: Carried, *, card: str, development: bool) -> Issued:
        """The result of an enrolment's plan."""
        plan = carried.plan
        return cls(
            enrolment=plan.integer(BEGIN, "enrolment"),
            resident=plan.resident_number,
            plan=plan.number,
            card=card,
            valid_until=date_of(plan.integer(SIGN, "valid_until")),
            resumed=carried.resumed,
            development=development,
        )

    def text(self) -> str:
        words = "an enrolment that had broken off is finished" if self.resumed else "the card is issued"
        lines = [
            f"Enrolment {self.enrolment}: {words}; the credential is good until {self.valid_until.isoformat()}.",
            "The holder now sets a PIN: mumei card pin change",
        ]
        if self.development:
            lines.append("DEVELOPMENT CARD: anyone can read and write it. Not for real residents.")
        return "\n".join(lines)


@click.command()
@click.argument("resident", type=int)
@registry_option
@click.option("--replacement", is_flag=True, help="The resident's earlier card is lost or taken back.")
@desk_options
@click.option("--card-number", metavar="HEX", help="Write to the standard card with this number only.")
@click.option(
    "--take-over", is_flag=True, help="Go on although another workstation, now dead, seems to work on it."
)
@click.option(
    "--maker-letter",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The card maker's letter with transport PIN and PUK: the holder's is printed from it, and it is wiped.",
)
@click.option(
    "--letter", type=click.Path(path_type=Path), metavar="FILE", help="Write the holder's letter, a PDF."
)
@click.option("--printer", metavar="NAME", help="Print the holder's letter, and keep no file.")
@click.option(
    "--letter-from",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who sends letters: JSON with name, address, telephone and hours.",
)
@session_option(Right.ISSUE_CARDS)
@card_options
@json_option
def enrol(
    resident: int,
    registry: str,
    replacement: bool,
    desk: Desk,
    card_number: str | None,
    take_over: bool,
    maker_letter: Path | None,
    letter: Path | None,
    printer: str | None,
    letter_from: Path | None,
    clerk: ClerkSession,
    place: CardPlace,
    as_json: bool,
) -> None:
    """Issue a card to RESIDENT (a record number), or finish an enrolment that broke off.

    Whatever happens in between, the same command with the same card goes on where it was, on any workstation.

    \b
    Examples:
      mumei office enrol 1 --registry ward.db --issuer gifu --card hanako.card
      mumei office enrol 1 --registry ward.db --issuer gifu --reader ACR122 --wait 30
      mumei office enrol 1 --registry ward.db --issuer gifu --card-master maker.key \\
        --maker-root maker/maker.root --root root/certificate.cvcert --auditor auditor/auditor.pub \\
        --issuer-root auditor/root.pub --authority revocation/authority.pub --digits gifu/digits.statement \\
        --trustees trustees.statement --issuer-key gifu-key.statement
    """
    number = None if card_number is None else _card_number(card_number)
    if (maker_letter is None) != (letter is None and printer is None):
        raise UsageError(
            "a letter is printed from the card maker's",
            hint="Give --maker-letter with --letter or --printer.",
        )
    material = desk.load()
    clerk.check_card(development=material.parameters.is_development)
    with (
        Registry.open(registry) as open_registry,
        material.office(open_registry, clerk.name) as office,
        Seat(place.open, lambda channel: office.open(channel, number)) as seat,
    ):
        hold = Journal(open_registry, clerk=clerk.name).begin(
            PlanKind.ENROL, resident, {"replacement": replacement}, take_over=take_over
        )
        table = EnrolDesk(
            registry=open_registry,
            office=office,
            seat=seat,
            clerk=clerk.name,
            today=today(),
            session=clerk,
        )
        if maker_letter is not None:
            table.letter = LetterDesk(
                registry=open_registry,
                clerk=clerk.name,
                today=today(),
                maker=MakersLetter(file=maker_letter),
                office=read_sender(letter_from),
                development=material.parameters.is_development,
                progress=progress,
                printer=printer,
                out=letter,
            ).print
        carried = carry_out(ENROL, hold, table, progress=progress)
        issued = Issued.of(carried, card=seat.name, development=material.parameters.is_development)
    emit(issued, as_json=as_json)


@click.command()
@click.argument("enrolment", type=int)
@registry_option
@clerk_option(Right.ISSUE_CARDS)
@json_option
def cancel(enrolment: int, registry: str, clerk: str, as_json: bool) -> None:
    """End an open ENROLMENT (a record number), so that the resident can begin anew with another card.

    \b
    Examples:
      mumei office cancel 3 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        cancel_enrolment(open_registry, enrolment, clerk=clerk)
    emit(Done(done=f"enrolment {enrolment} is cancelled", residents=0), as_json=as_json)


def _card_number(text: str) -> bytes:
    try:
        number = bytes.fromhex(text)
    except ValueError:
        number = b""
    if len(number) != DIVERSIFICATION_DATA_OCTETS:
        raise UsageError(
            f"a card number is {2 * DIVERSIFICATION_DATA_OCTETS} hex digits",
            hint="It is on the delivery note of the card.",
        )
    return number
