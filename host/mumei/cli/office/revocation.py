"""``mumei office``, towards trustees and revocation authority: envelopes, confirmations, cases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.office.options import clerk_option, read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, warn
from mumei.cli.public_keys import read_public_key
from mumei.files import make_folder, read_file
from mumei.office.cases import Case, Cases
from mumei.office.clerks.roles import Right
from mumei.office.envelopes import TrusteeDesk
from mumei.office.handles import Confirmed
from mumei.office.registry import Registry
from mumei.trustee.documents import Confirmations, TrusteeInfo
from mumei_core.dates import date_of
from mumei_core.errors import DecodingError, TrustError
from mumei_core.statements import SignedStatement

_PATH = click.Path(path_type=Path)
_STATEMENT_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Something was done to so many things."""

    done: str
    count: int

    def text(self) -> str:
        """One line."""
        return self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationsTaken:
    """What confirmations changed."""

    new: int
    revocable: int
    unknown: int

    def text(self) -> str:
        """One or two lines."""
        foreign = f"\n{self.unknown} are of no card of this office" if self.unknown else ""
        return f"{self.new} new confirmations; {self.revocable} more cards can be revoked now{foreign}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Unexpired cards that cannot be revoked."""

    cards: tuple[Confirmed, ...]

    def text(self) -> str:
        """One line a card."""
        if not self.cards:
            return "every unexpired card can be revoked"
        return "\n".join(map(_waiting_line, self.cards))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """Cases, oldest first."""

    cases: tuple[Case, ...]

    def text(self) -> str:
        """One line a case."""
        if not self.cases:
            return "no cases"
        return "\n".join(
            f"{case.number:>5}  {case.words}  {case.opened.isoformat()}  resident {case.resident}  "
            f"{case.state.value.lower()}"
            + (
                f"  NOT COVERED: enrolments {', '.join(map(str, case.irrevocable))}"
                if case.irrevocable
                else ""
            )
            for case in self.cases
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A case's file was written, for trustees and authority."""

    case: str
    file: str
    handles: int
    withdrawn: bool

    def text(self) -> str:
        """Two lines."""
        what = "that the card was found" if self.withdrawn else f"{self.handles} handle(s)"
        return (
            f"case {self.case}: {what}, in {self.file}\n"
            "Send it to every trustee and to the revocation authority, and tell them the number by telephone."
        )


@click.command()
@click.argument("file", type=_PATH)
@registry_option
@click.option("--trustee", "members", multiple=True, required=True, type=_PATH, help="Each trustee's .pub.")
@click.option("--root", required=True, type=_PATH, help="The issuer's root's public key.")
@click.option("--auditor", required=True, type=_PATH, help="The auditor's public key.")
@clerk_option(Right.MANAGE_REGISTRY)
@json_option
def trustees(
    file: Path,
    registry: str,
    members: tuple[Path, ...],
    root: Path,
    auditor: Path,
    clerk: str,
    as_json: bool,
) -> None:
    """Take in the list of trustees that root and auditor have signed, with the trustees' own keys.

    \b
    Examples:
      mumei office trustees trustees.statement --registry ward.db --root root.pub --auditor auditor.pub \\
        --trustee ombudsman.pub --trustee court.pub --trustee board.pub
    """
    try:
        octets = read_file(file, what="list of trustees", limit=_STATEMENT_LIMIT)
        statement = SignedStatement.from_octets(octets)
    except DecodingError as error:
        raise TrustError(f"{file.name} holds no statement: {error}", hint="Get it anew.") from error
    with Registry.open(registry) as opened:
        found = TrusteeDesk(opened).know_trustees(
            statement,
            [TrusteeInfo.load(path) for path in members],
            root_keys=(read_public_key(root),),
            auditor_keys=(read_public_key(auditor),),
            clerk=clerk,
        )
    emit(
        Done(done=f"trustees, version {found.version}: {found.t} of {found.n}", count=found.n),
        as_json=as_json,
    )


@click.command()
@click.argument("file", type=_PATH)
@registry_option
@clerk_option(Right.EXPORT_CASES)
@json_option
def envelopes(file: Path, registry: str, clerk: str, as_json: bool) -> None:
    """Write the envelopes of all cards that not every trustee has confirmed yet to FILE. It names nobody.

    \b
    Examples:
      mumei office envelopes 2026-11-24.envelopes --registry ward.db
    """
    with Registry.open(registry) as opened:
        made = TrusteeDesk(opened).envelopes(clerk=clerk)
    made.save(file)
    count = len(made.handles)
    emit(Done(done=f"{count} envelopes, for every trustee: {file}", count=count), as_json=as_json)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_PATH)
@registry_option
@clerk_option(Right.EXPORT_CASES)
@json_option
def confirmations(files: tuple[Path, ...], registry: str, clerk: str, as_json: bool) -> None:
    """Take in trustees' confirmations. A card can be revoked once enough trustees have confirmed.

    \b
    Examples:
      mumei office confirmations from-ombudsman/*.confirmations --registry ward.db
    """
    new = revocable = unknown = 0
    with Registry.open(registry) as opened:
        desk = TrusteeDesk(opened)
        for file in files:
            taken = desk.take_confirmations(Confirmations.load(file), clerk=clerk)
            new, revocable, unknown = new + taken.new, revocable + taken.revocable, unknown + taken.unknown
    emit(ConfirmationsTaken(new=new, revocable=revocable, unknown=unknown), as_json=as_json)


@click.command()
@registry_option
@read_option(Right.SEE_RESIDENTS)
@json_option
def irrevocable(registry: str, as_json: bool) -> None:
    """List unexpired cards that cannot be revoked: too few trustees have confirmed, or they made no shares.

    \b
    Examples:
      mumei office irrevocable --registry ward.db
    """
    with Registry.open(registry) as opened:
        found = TrusteeDesk(opened).waiting()
    emit(Waiting(cards=found), as_json=as_json)


@click.group()
def cases() -> None:
    """Reported cards, on their way to trustees and lists. 'mumei office lost' opens a case."""


@cases.command("list")
@registry_option
@click.option("--all", "everything", is_flag=True, help="Withdrawn ones too.")
@read_option(Right.REPORT_LOST)
@json_option
def list_cases(registry: str, everything: bool, as_json: bool) -> None:
    """List cases and how far they are.

    \b
    Examples:
      mumei office cases list --registry ward.db
    """
    with Registry.open(registry) as opened:
        found = Cases(opened).cases(live_only=not everything)
    emit(CaseList(cases=found), as_json=as_json)


@cases.command("export")
@click.argument("number", type=int)
@registry_option
@click.option("--out", required=True, type=_PATH, help="Folder for the case's file.")
@clerk_option(Right.EXPORT_CASES)
@json_option
def export_case(number: int, registry: str, out: Path, clerk: str, as_json: bool) -> None:
    """Write case NUMBER for trustees and authority: handles and a random number, no name.

    \b
    Examples:
      mumei office cases export 1 --registry ward.db --out to-trustees
    """
    with Registry.open(registry) as opened:
        found = Cases(opened)
        file = found.case_file(number, clerk=clerk)
        lacking = found.case(number).irrevocable
    make_folder(out)
    path = out / f"{file.words}{'-found' if file.withdrawn else ''}.case"
    file.save(path)
    emit(
        Exported(case=file.words, file=str(path), handles=len(file.handles), withdrawn=file.withdrawn),
        as_json=as_json,
    )
    if lacking and not file.withdrawn:
        warn(
            f"not enough trustees have confirmed enrolments {', '.join(map(str, lacking))}",
            hint="Those cards may not be listed: see 'mumei office irrevocable'.",
        )


@cases.command("listed")
@click.argument("number", type=int)
@registry_option
@clerk_option(Right.EXPORT_CASES)
@json_option
def mark_listed(number: int, registry: str, clerk: str, as_json: bool) -> None:
    """Note that the authority has put case NUMBER on its lists.

    \b
    Examples:
      mumei office cases listed 1 --registry ward.db
    """
    with Registry.open(registry) as opened:
        case = Cases(opened).mark_listed(number, clerk=clerk)
    emit(Done(done=f"case {case.words} is on the lists", count=1), as_json=as_json)


def _waiting_line(card: Confirmed) -> str:
    until = date_of(card.valid_until).isoformat()
    if not card.needed:
        why = "made no shares: enrol anew"
    else:
        why = f"{card.have} of {card.needed} trustees have confirmed"
    return f"{card.enrolment:>5}  resident {card.resident}  until {until}  {why}"
