"""``mumei issuer ceremony | ceremony-verify``: the key made before witnesses, and its record checked by anyone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from mumei.cli.issuer.options import FOLDER, PATH, secret
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.public_keys import read_public_key
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import all_or_none, make_folder, read_file
from mumei.issuer.ceremony import PRINT_FILE, RECORD_FILE, CeremonyRecord, check_record, make_keys
from mumei.issuer.folder import KEY_FILE, PARAMETERS_FILE
from mumei.issuer.parameters import PublicParameters
from mumei.key_file import check_passphrase
from mumei_core.commands.codes import PROFILE_DEVELOPMENT, PROFILE_STANDARD
from mumei_core.errors import DecodingError, TrustError, UsageError
from mumei_core.statements import SignedStatement

_TRIES = 3
_STATEMENT_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyInfo:
    """A ceremony, done or checked."""

    issuer: str
    key_id: str
    digit_table: str
    code: str
    witnesses: tuple[str, ...]
    folder: str
    statements: int | None = None

    @classmethod
    def of(cls, record: CeremonyRecord, folder: Path, *, statements: int | None = None) -> CeremonyInfo:
        return cls(
            issuer=record.issuer,
            key_id=record.key_id,
            digit_table=record.digit_table,
            code=record.code,
            witnesses=record.witnesses,
            folder=str(folder),
            statements=statements,
        )

    def text(self) -> str:
        """One line a fact."""
        lines = [
            f"issuer: {self.issuer}",
            f"key: SHA-256 {self.key_id}",
            f"digit table: SHA-256 {self.digit_table}; the key that signed it is destroyed",
            f"witnesses: {', '.join(self.witnesses)}; code {self.code}",
        ]
        if self.statements is None:
            lines.append(f"made: {self.folder}/{KEY_FILE}, {PARAMETERS_FILE}, {RECORD_FILE}, {PRINT_FILE}")
            lines.append(f"Print {PRINT_FILE} and have it signed; then root and auditor sign, then back up.")
        else:
            lines.append(f"verified: the record, all 256 digit signatures, and {self.statements} statements")
        return "\n".join(lines)


@click.command()
@FOLDER
@click.option("--name", required=True, help="The issuer's name, for people.")
@click.option("--witness", "witnesses", multiple=True, required=True, metavar="NAME", help="At least two.")
@click.option("--issuer-root", type=PATH, metavar="FILE", help="Public key of the root that will sign.")
@click.option("--auditor", type=PATH, metavar="FILE", help="Public key of the auditor who will sign.")
@click.option("--development", is_flag=True, help="For development cards, which anyone can read and write.")
@secret_options("passphrase", "the passphrase")
@json_option
def ceremony(
    folder: Path,
    name: str,
    witnesses: tuple[str, ...],
    issuer_root: Path | None,
    auditor: Path | None,
    development: bool,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Make the issuer's key in FOLDER before witnesses, each of whom types a code that stands for the record.

    Nothing is written before the last witness has typed it.

    \b
    Examples:
      mumei issuer ceremony gifu --name "Gifu Prefecture" --witness "A. Mori" --witness "K. Ono" \\
        --issuer-root root/root.pub --auditor auditor.pub
    """
    files = [folder / name for name in (KEY_FILE, PARAMETERS_FILE, RECORD_FILE, PRINT_FILE)]
    for file in files:
        if file.exists():
            raise UsageError(f"{file} is there already", hint="Choose another folder.")
    words = secret(passphrase, "passphrase for the issuer's key", confirm=True)
    check_passphrase(words)
    progress("making the key and 256 digit signatures")
    key, parameters = make_keys(name, profile=PROFILE_DEVELOPMENT if development else PROFILE_STANDARD)
    record = CeremonyRecord.of(
        parameters,
        at=datetime.now(UTC),
        witnesses=witnesses,
        issuer_root=b"" if issuer_root is None else read_public_key(issuer_root),
        auditor=b"" if auditor is None else read_public_key(auditor),
    )
    progress(record.text())
    for witness in record.witnesses:
        _ask(witness, record.code)
    make_folder(folder)
    with all_or_none() as written:
        key.save(folder / KEY_FILE, words)
        written.append(folder / KEY_FILE)
        parameters.save(folder / PARAMETERS_FILE)
        written.append(folder / PARAMETERS_FILE)
        record.save(folder)
    emit(CeremonyInfo.of(record, folder), as_json=as_json)


@click.command("ceremony-verify")
@FOLDER
@click.option(
    "--statement",
    "statements",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="What root and auditor signed about digits or key. May be repeated.",
)
@click.option("--issuer-root", type=PATH, metavar="FILE", help="Public key of the issuer's root.")
@click.option("--auditor", type=PATH, metavar="FILE", help="The auditor's public key.")
@json_option
def ceremony_verify(
    folder: Path,
    statements: tuple[Path, ...],
    issuer_root: Path | None,
    auditor: Path | None,
    as_json: bool,
) -> None:
    """Check the record of a ceremony in FOLDER against the parameters, and what was signed about them.

    \b
    Examples:
      mumei issuer ceremony-verify gifu --statement digits.statement --issuer-root root/root.pub \\
        --auditor auditor.pub
    """
    record = CeremonyRecord.load(folder / RECORD_FILE)
    check_record(
        record,
        PublicParameters.load(folder / PARAMETERS_FILE),
        [_statement(path) for path in statements],
        root_keys=() if issuer_root is None else (read_public_key(issuer_root),),
        auditor_keys=() if auditor is None else (read_public_key(auditor),),
    )
    emit(CeremonyInfo.of(record, folder, statements=len(statements)), as_json=as_json)


def _ask(witness: str, code: str) -> None:
    for _ in range(_TRIES):
        typed: str = click.prompt(
            f"{witness}, type the record's code", err=True, default="", show_default=False
        )
        if typed.strip().lower().replace("-", "") == code.replace("-", ""):
            return
        progress("that is not the code; compare the record")
    raise UsageError(
        f"{witness} did not type the code; nothing was made", hint="Begin the ceremony again, with everybody."
    )


def _statement(path: Path) -> SignedStatement:
    try:
        return SignedStatement.from_octets(read_file(path, what="statement", limit=_STATEMENT_LIMIT))
    except DecodingError as error:
        raise TrustError(f"{path} holds no statement: {error}", hint="Get it anew.") from None
