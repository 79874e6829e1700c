"""``mumei office``: the resident registry, and issuing cards from it."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from mumei.auditor.files import load_statement
from mumei.authority.folder import read_certificate
from mumei.cli.auditor import read_public_key
from mumei.cli.issuer import KEY_FILE, PARAMETERS_FILE
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters
from mumei.issuer.signing import SigningService
from mumei.maker.master_key import MasterKey
from mumei.office.enrolment import Office, month_of
from mumei.office.records import AuditEntry, EnrolmentRecord, ResidentRecord
from mumei.office.registry import Registry
from mumei.office.residents import residents_from_json
from mumei.office.samples import sample_residents
from mumei.session.channel import Channel
from mumei_core.commands.trust import CardTrust
from mumei_core.dates import date_of, today
from mumei_core.errors import DataError, UsageError
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    done: str
    residents: int

    def text(self) -> str:
        """One sentence."""
        return self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLine:
    """A resident in a list. ``cards``: how far the enrolments are, oldest first."""

    number: int
    name: str
    reading: str
    birth_date: str
    municipality: str
    cards: tuple[str, ...]

    @classmethod
    def of(cls, record: ResidentRecord, enrolments: tuple[EnrolmentRecord, ...]) -> ResidentLine:
        resident = record.resident
        return cls(
            number=record.number,
            name=resident.name,
            reading=resident.reading,
            birth_date=resident.birth_date.isoformat(),
            municipality=resident.municipality.digits,
            cards=tuple(_card_words(enrolment) for enrolment in enrolments),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentList:
    """One page of the registry."""

    residents: tuple[ResidentLine, ...]

    def text(self) -> str:
        """One line a resident."""
        if not self.residents:
            return "no residents on this page"
        return "\n".join(
            f"{line.number:>5}  {line.birth_date}  {line.municipality}  {line.name} ({line.reading})"
            + (f"  [{'; '.join(line.cards)}]" if line.cards else "")
            for line in self.residents
        )


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
            resident=entry.resident_number,
            enrolment=entry.enrolment_number,
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


def registry_option(function: Command) -> Command:
    """Add --registry; the command gets ``registry: str``."""
    return click.option(
        "--registry", required=True, metavar="FILE", help="The registry: an SQLite file, or a database URL."
    )(function)


def clerk_option(function: Command) -> Command:
    """Add --clerk; the command gets ``clerk: str``."""
    return click.option(
        "--clerk", default=getpass.getuser, metavar="NAME", help="Who does it. [default: your login]"
    )(function)


@click.group()
def office() -> None:
    """The ward office: the resident registry, and issuing cards from it."""


@office.command()
@registry_option
@json_option
def init(registry: str, as_json: bool) -> None:
    """Make a new, empty registry.

    \b
    Examples:
      mumei office init --registry ward.db
    """
    Registry.create(registry).close()
    emit(
        Done(done=f"{registry} is made; add residents with 'mumei office import'", residents=0),
        as_json=as_json,
    )


@office.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--samples", is_flag=True, help="Twelve fictitious residents to try with.")
@registry_option
@clerk_option
@json_option
def import_residents(file: Path | None, samples: bool, registry: str, clerk: str, as_json: bool) -> None:
    """Put residents on record: all of FILE or, if one is refused, none.

    FILE is a JSON array of objects with resident_code (11 digits), family_name, given_name, family_reading,
    given_reading, sex, birth_date (YYYY-MM-DD), address, municipality (6 digits).

    \b
    Examples:
      mumei office import --registry ward.db --samples
      mumei office import residents.json --registry ward.db
    """
    if samples == (file is not None):
        raise UsageError("name a FILE, or say --samples", hint="One of the two, not both.")
    day = today()
    residents = sample_residents(day) if file is None else residents_from_json(_read(file), today=day)
    with Registry.open(registry) as open_registry:
        added = open_registry.import_residents(residents, clerk=clerk)
    emit(Done(done=f"{len(added)} residents are on record", residents=len(added)), as_json=as_json)


@office.command()
@registry_option
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this record number.")
@click.option("--limit", default=50, show_default=True, help="Longest page.")
@json_option
def residents(registry: str, after: int, limit: int, as_json: bool) -> None:
    """List residents and how far their cards are.

    \b
    Examples:
      mumei office residents --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        page = tuple(
            ResidentLine.of(record, open_registry.enrolments_of(record.number))
            for record in open_registry.residents(after=after, limit=limit)
        )
    emit(ResidentList(residents=page), as_json=as_json)


@office.command()
@click.argument("resident", type=int)
@registry_option
@click.option(
    "--issuer",
    "issuer_folder",
    required=True,
    type=click.Path(path_type=Path),
    help="The issuer's folder: issuer.key and parameters.cbor.",
)
@click.option("--replacement", is_flag=True, help="The resident's earlier card is lost or taken back.")
@click.option(
    "--card-master",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The card maker's master key; standard cards are written to with it only.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The root authority's certificate, to pin.",
)
@click.option(
    "--auditor", type=click.Path(path_type=Path), metavar="FILE", help="The auditor's public key, to pin."
)
@click.option(
    "--issuer-root", type=click.Path(path_type=Path), metavar="FILE", help="The issuer's root key, to pin."
)
@click.option(
    "--digits",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Digits and ages, signed by root and auditor.",
)
@click.option(
    "--maker-root",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The card maker's root, maker.root; standard cards must show that they are genuine.",
)
@click.option("--card-number", metavar="HEX", help="Write to the standard card with this number only.")
@clerk_option
@card_options
@secret_options("passphrase", "the passphrase of the issuer's key")
@secret_options("card-master-passphrase", "the passphrase of the master key")
@json_option
def enrol(
    resident: int,
    registry: str,
    issuer_folder: Path,
    replacement: bool,
    card_master: Path | None,
    root: Path | None,
    auditor: Path | None,
    issuer_root: Path | None,
    digits: Path | None,
    maker_root: Path | None,
    card_number: str | None,
    clerk: str,
    place: CardPlace,
    passphrase: SecretSource,
    card_master_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Issue a card to RESIDENT (a record number), or finish an enrolment that broke off.

    Whatever happens in between, the same command with the same card goes on where it was.

    \b
    Examples:
      mumei office enrol 1 --registry ward.db --issuer gifu --card hanako.card
      mumei office enrol 1 --registry ward.db --issuer gifu --reader ACR122 --wait 30
      mumei office enrol 1 --registry ward.db --issuer gifu --card-master maker.key \\
        --maker-root maker/maker.root --root root/certificate.cvcert --auditor auditor/auditor.pub \\
        --issuer-root auditor/root.pub --digits gifu/digits.statement
    """
    number = None if card_number is None else _card_number(card_number)
    parameters = PublicParameters.load(issuer_folder / PARAMETERS_FILE)
    secret = passphrase.text(prompt="passphrase of the issuer's key").encode()
    key = IssuerKey.load(issuer_folder / KEY_FILE, secret)
    keys_of = None if card_master is None else _master_key(card_master, card_master_passphrase).keys_of
    trust = _trust(root, auditor, issuer_root)
    statement = None if digits is None else load_statement(digits).to_octets()
    if (trust is None) != (statement is None):
        raise UsageError(
            "the digits' statement goes with what a card pins", hint="Give --digits with --root."
        )
    with Registry.open(registry) as open_registry, place.open() as connection:
        desk = Office(
            open_registry,
            parameters,
            SigningService(key),
            clerk=clerk,
            keys_of=keys_of,
            trust=trust,
            statement=statement,
            maker_root=None if maker_root is None else _read(maker_root),
        )
        enrolled = desk.enrol(
            Channel(connection),
            resident,
            today=today(),
            replacement=replacement,
            card_number=number,
            progress=progress,
        )
    emit(enrolled, as_json=as_json)


@office.command()
@click.argument("enrolment", type=int)
@registry_option
@clerk_option
@json_option
def cancel(enrolment: int, registry: str, clerk: str, as_json: bool) -> None:
    """End an open ENROLMENT (a record number), so that the resident can begin anew with another card.

    \b
    Examples:
      mumei office cancel 3 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        open_registry.cancel_enrolment(enrolment, clerk=clerk)
    emit(Done(done=f"enrolment {enrolment} is cancelled", residents=0), as_json=as_json)


@office.command()
@registry_option
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


def _card_words(enrolment: EnrolmentRecord) -> str:
    until = f" until {date_of(enrolment.valid_until).isoformat()}" if enrolment.valid_until else ""
    return f"enrolment {enrolment.number} {enrolment.state.value.lower()}{until}"


def _master_key(file: Path, passphrase: SecretSource) -> MasterKey:
    return MasterKey.load(file, passphrase.text(prompt="passphrase of the card maker's master key").encode())


def _trust(root: Path | None, auditor: Path | None, issuer_root: Path | None) -> CardTrust | None:
    if root is None and auditor is None and issuer_root is None:
        return None
    if root is None or auditor is None or issuer_root is None:
        raise UsageError(
            "a card pins the root authority, the auditor and the issuer's root",
            hint="Give --root, --auditor and --issuer-root.",
        )
    return CardTrust.of(
        [read_certificate(root)],
        month_of(today()),
        auditor_keys=[read_public_key(auditor)],
        root_keys=[read_public_key(issuer_root)],
    )


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


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", hint="Check the path.") from error
