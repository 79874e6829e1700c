"""``mumei office enrol | cancel``: a card for a resident."""

from __future__ import annotations

from pathlib import Path

import click

from mumei.auditor.files import load_statement
from mumei.authority.folder import read_certificate
from mumei.cli.auditor import read_public_key
from mumei.cli.office.options import Done, clerk_option, read, registry_option
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.issuer.folder import KEY_FILE, PARAMETERS_FILE
from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters
from mumei.issuer.signing import SigningService
from mumei.maker.master_key import MasterKey
from mumei.office.clerks.roles import Right
from mumei.office.enrolment import Office, month_of
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei_core.commands.trust import CardTrust
from mumei_core.dates import today
from mumei_core.errors import UsageError
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS


@click.command()
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
@clerk_option(Right.ISSUE_CARDS)
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
            maker_root=None if maker_root is None else read(maker_root),
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
        open_registry.cancel_enrolment(enrolment, clerk=clerk)
    emit(Done(done=f"enrolment {enrolment} is cancelled", residents=0), as_json=as_json)


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
