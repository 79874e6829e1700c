"""What ``mumei auditor sign`` and ``verify`` do about statements of types 2 to 5: epochs, issuer keys, trustees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from mumei.auditor.audit import AUDITOR_KEY, ROOT_KEY
from mumei.auditor.epochs import sign_epoch, verify_epoch
from mumei.auditor.files import load_statement, save_statement
from mumei.auditor.issuing import IssuingRecord, sign_issuing, verify_issuing
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.cli.public_keys import read_public_key
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import replace_file
from mumei.issuer.parameters import PublicParameters
from mumei.revocation.statements import SIGNED, UNAUDITED, HalfSigned
from mumei.signing_key import load_key
from mumei.trustee.documents import TrusteeInfo
from mumei_core.commands import codes
from mumei_core.dates import date_of, day_number, today
from mumei_core.eac.signature import SigningKey
from mumei_core.epoch_statements import EpochRecord, SlotRecord
from mumei_core.errors import DecodingError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import record_type

_PATH: Final = click.Path(path_type=Path)
_KEY_FILE, _ROOT_KEY_FILE = "auditor.key", "root.key"
_DAY = click.DateTime(["%Y-%m-%d"])
_OF_EPOCHS: Final = (codes.STATEMENT_SLOTS, codes.STATEMENT_RECOGNISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsInfo:
    """Statements of an epoch were recomputed and signed."""

    signed: int
    folder: str

    def text(self) -> str:
        """One line."""
        return f"{self.signed} statements recomputed and signed, in {self.folder}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementInfo:
    """A statement that stands. ``about``: what it says, for people; days: on which it is good, where it has any."""

    file: str
    about: str
    first_day: str | None = None
    last_day: str | None = None

    def text(self) -> str:
        """One line a fact."""
        days = f"\ndays: {self.first_day} to {self.last_day}" if self.first_day else ""
        return f"{self.about}{days}\nrecomputed, and signed by both: {self.file}"

    @classmethod
    def of_epoch(cls, record: EpochRecord, file: Path) -> StatementInfo:
        first, last = (date_of(day).isoformat() for day in record.days)
        about = (
            f"epoch {record.epoch}, bucket {record.bucket}"
            if isinstance(record, SlotRecord)
            else f"epoch {record.epoch}, recognition by {record.rp_context.decode('utf-8', 'replace')}"
        )
        return cls(file=str(file), about=about, first_day=first, last_day=last)

    @classmethod
    def of_issuing(cls, record: IssuingRecord, file: Path) -> StatementInfo:
        if isinstance(record, TrusteeListRecord):
            about = f"trustees, version {record.version}: {record.t} of {record.n}"
            return cls(file=str(file), about=about)
        return cls(
            file=str(file),
            about=f"issuer key {record.key_id.hex()}",
            first_day=date_of(record.first_day).isoformat(),
            last_day=date_of(record.last_day).isoformat(),
        )


@click.command("statements")
@click.argument("folder", type=_PATH)
@click.option("--by", "auditor", required=True, type=_PATH, help="The auditor's folder.")
@click.option("--authority", required=True, type=_PATH, help="The revocation authority's public key.")
@secret_options("passphrase", "the auditor's passphrase")
@json_option
def sign_statements(
    folder: Path, auditor: Path, authority: Path, passphrase: SecretSource, as_json: bool
) -> None:
    """Recompute all points of the statements in FOLDER, and sign; none before its first day.

    \b
    Examples:
      mumei auditor sign statements week --by auditor --authority authority/authority.pub
    """
    files = sorted(folder.glob(f"*{UNAUDITED}"))
    if not files:
        raise UsageError(
            f"there is no statement to sign in {folder}", hint="Make some: mumei revocation statements."
        )
    keys = (read_public_key(authority),)
    key = _auditor_key(auditor, passphrase)
    day = day_number(today())
    signed = [(path, sign_epoch(HalfSigned.load(path), key, authority_keys=keys, day=day)) for path in files]
    for path, statement in signed:
        replace_file(path.with_suffix(SIGNED), statement.to_octets(), mode=0o644)
    emit(StatementsInfo(signed=len(signed), folder=str(folder)), as_json=as_json)


@click.command("trustees")
@click.argument("file", type=_PATH)
@click.option("--by", "auditor", required=True, type=_PATH, help="The auditor's folder.")
@click.option("--root", "root_folder", required=True, type=_PATH, help="Folder of the issuer's root key.")
@click.option(
    "--trustee", "members", multiple=True, required=True, type=_PATH, help="Each one's .pub, in order."
)
@click.option("--threshold", required=True, type=click.IntRange(min=2), help="So many are needed.")
@click.option("--version", default=1, show_default=True, type=click.IntRange(min=1), help="Of the list.")
@secret_options("passphrase", "the auditor's passphrase")
@secret_options("root-passphrase", "the root's passphrase")
@json_option
def sign_trustees(
    file: Path,
    auditor: Path,
    root_folder: Path,
    members: tuple[Path, ...],
    threshold: int,
    version: int,
    passphrase: SecretSource,
    root_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Sign the list of revocation trustees into FILE, which cards pin: an office cannot bring its own.

    \b
    Examples:
      mumei auditor sign trustees trustees.statement --by auditor --root gifu-root --threshold 2 \\
        --trustee ombudsman/trustee.pub --trustee court/trustee.pub --trustee board/trustee.pub
    """
    try:
        record = TrusteeListRecord(
            version=version, t=threshold, keys=tuple(TrusteeInfo.load(path).sealing for path in members)
        )
    except DecodingError as error:
        raise UsageError(
            f"this is no list of trustees: {error}", hint="Check --trustee and --threshold."
        ) from error
    root = _root_key(root_folder, root_passphrase)
    save_statement(file, sign_issuing(record, root=root, auditor=_auditor_key(auditor, passphrase)))
    emit(StatementInfo.of_issuing(record, file), as_json=as_json)


@click.command("issuer-key")
@click.argument("file", type=_PATH)
@click.option("--by", "auditor", required=True, type=_PATH, help="The auditor's folder.")
@click.option("--root", "root_folder", required=True, type=_PATH, help="Folder of the issuer's root key.")
@click.option("--parameters", required=True, type=_PATH, help="The issuer's parameters.")
@click.option("--first", required=True, type=_DAY, metavar="YYYY-MM-DD", help="The first day it signs on.")
@click.option("--last", required=True, type=_DAY, metavar="YYYY-MM-DD", help="The last day it signs on.")
@secret_options("passphrase", "the auditor's passphrase")
@secret_options("root-passphrase", "the root's passphrase")
@json_option
def sign_issuer_key(
    file: Path,
    auditor: Path,
    root_folder: Path,
    parameters: Path,
    first: datetime,
    last: datetime,
    passphrase: SecretSource,
    root_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Check that an issuer's PK and W1 are one key, and sign them into FILE for a time, which cards pin.

    \b
    Examples:
      mumei auditor sign issuer-key gifu-2026.statement --by auditor --root gifu-root \\
        --parameters gifu/parameters.cbor --first 2026-07-01 --last 2027-12-31
    """
    found = PublicParameters.load(parameters)
    try:
        record = IssuerKeyRecord(
            PK=found.public_key,
            W1=found.W1,
            first_day=day_number(first.date()),
            last_day=day_number(last.date()),
        )
    except DecodingError as error:
        raise UsageError(f"this is no issuer key: {error}", hint="Check --first and --last.") from error
    root = _root_key(root_folder, root_passphrase)
    save_statement(file, sign_issuing(record, root=root, auditor=_auditor_key(auditor, passphrase)))
    emit(StatementInfo.of_issuing(record, file), as_json=as_json)


@click.command("statement")
@click.argument("file", type=_PATH)
@click.option("--auditor", required=True, type=_PATH, help="The auditor's public key.")
@click.option(
    "--authority", type=_PATH, help="The revocation authority's public key: for statements of epochs."
)
@click.option("--root", type=_PATH, help="The root's public key: for issuer keys and trustees.")
@json_option
def verify_statement(
    file: Path, auditor: Path, authority: Path | None, root: Path | None, as_json: bool
) -> None:
    """Recompute what FILE says of an epoch, an issuer key or trustees, and check both signatures.

    \b
    Examples:
      mumei auditor verify statement 7665-bucket003.statement --auditor auditor/auditor.pub \\
        --authority authority/authority.pub
      mumei auditor verify statement trustees.statement --auditor auditor/auditor.pub --root gifu-root/root.pub
    """
    statement = load_statement(file)
    auditor_keys = (read_public_key(auditor),)
    if record_type(statement.record) in _OF_EPOCHS:
        keys = (read_public_key(_named(authority, "--authority")),)
        epoch = verify_epoch(statement, authority_keys=keys, auditor_keys=auditor_keys)
        emit(StatementInfo.of_epoch(epoch, file), as_json=as_json)
    else:
        keys = (read_public_key(_named(root, "--root")),)
        issuing = verify_issuing(statement, root_keys=keys, auditor_keys=auditor_keys)
        emit(StatementInfo.of_issuing(issuing, file), as_json=as_json)


def _named(path: Path | None, option: str) -> Path:
    if path is None:
        raise UsageError("the first signer's key is needed for this statement", hint=f"Name it: {option}.")
    return path


def _auditor_key(folder: Path, passphrase: SecretSource) -> SigningKey:
    secret = passphrase.text(prompt="auditor's passphrase").encode()
    return load_key(folder / _KEY_FILE, AUDITOR_KEY, secret)


def _root_key(folder: Path, passphrase: SecretSource) -> SigningKey:
    secret = passphrase.text(prompt="root's passphrase").encode()
    return load_key(folder / _ROOT_KEY_FILE, ROOT_KEY, secret)
