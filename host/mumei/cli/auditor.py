"""``mumei auditor``: recompute what cards cannot, sign it, and check what was signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from mumei.auditor.audit import (
    AUDITOR_KEY,
    ROOT_KEY,
    context_record,
    sign_context,
    sign_digits,
    verify_context,
    verify_digits,
)
from mumei.auditor.files import AuditedContext, load_statement, save_statement
from mumei.cli.auditing import sign_issuer_key, sign_statements, sign_trustees, verify_statement
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.public_keys import read_public_key as read_public_key
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import make_folder, write_new_file
from mumei.issuer.parameters import PublicParameters
from mumei.signing_key import load_key, save_key
from mumei_core.credential import encode_text
from mumei_core.eac.cvc import check_reference
from mumei_core.eac.signature import SigningKey

KEY_FILE: Final = "auditor.key"
PUBLIC_FILE: Final = "auditor.pub"
ROOT_KEY_FILE: Final = "root.key"
ROOT_PUBLIC_FILE: Final = "root.pub"
_PATH: Final = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """A key pair was made."""

    folder: str
    public_key: bytes

    def text(self) -> str:
        """Two lines."""
        return f"made: in {self.folder}\npublic key, for cards to pin: {self.public_key.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextInfo:
    """A relying party's context, audited."""

    rp_context: str
    name: str
    sector: str
    point: bytes
    file: str

    @classmethod
    def of(cls, found: AuditedContext, file: Path) -> ContextInfo:
        return cls(
            rp_context=found.record.rp_context.decode("utf-8", "replace"),
            name=found.record.name,
            sector=found.record.sector.decode("latin-1"),
            point=found.record.OP,
            file=str(file),
        )

    def text(self) -> str:
        """One line a fact."""
        return (
            f"context: {self.rp_context}, shown as {self.name}, of sector {self.sector}\n"
            f"point: recomputed from its label, and signed by the auditor: {self.file}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsInfo:
    """A digit table and list of ages, audited."""

    issuer: str
    digit_table: bytes
    ages_without_pin: tuple[int, ...]
    file: str

    @classmethod
    def of(cls, parameters: PublicParameters, file: Path) -> DigitsInfo:
        return cls(
            issuer=parameters.issuer,
            digit_table=parameters.table_hash,
            ages_without_pin=parameters.ages,
            file=str(file),
        )

    def text(self) -> str:
        """One line a fact."""
        ages = ", ".join(map(str, self.ages_without_pin))
        return (
            f"digit table of {self.issuer}: SHA-256 {self.digit_table.hex()}\n"
            f"ages answered without PIN: {ages}\n"
            f"recomputed, and signed by root and auditor: {self.file}"
        )


@click.group()
def auditor() -> None:
    """Recompute points and tables for cards, which cannot; sign them; check what was signed."""


@auditor.command()
@click.argument("folder", type=_PATH)
@click.option("--root", is_flag=True, help="Make an issuer's root key instead: the other signature.")
@secret_options("passphrase", "the passphrase")
@json_option
def init(folder: Path, root: bool, passphrase: SecretSource, as_json: bool) -> None:
    """Make the auditor's key in FOLDER. Cards pin its public part.

    \b
    Examples:
      mumei auditor init auditor
      mumei auditor init gifu-root --root --passphrase-file pass.txt
    """
    secret = passphrase.text(prompt="passphrase for the key", confirm=True).encode()
    key = SigningKey.generate()
    make_folder(folder)
    save_key(key, folder / (ROOT_KEY_FILE if root else KEY_FILE), ROOT_KEY if root else AUDITOR_KEY, secret)
    write_new_file(folder / (ROOT_PUBLIC_FILE if root else PUBLIC_FILE), key.point, mode=0o644)
    emit(KeyInfo(folder=str(folder), public_key=key.point), as_json=as_json)


@auditor.group()
def sign() -> None:
    """Recompute, then sign."""


@sign.command("context")
@click.argument("file", type=_PATH)
@click.option("--by", "folder", required=True, type=_PATH, help="The auditor's folder.")
@click.option("--context", "rp_context", required=True, help="The relying party's context.")
@click.option("--display-name", required=True, help="The name that holders are shown: one per context.")
@click.option("--sector", required=True, help="Name of the sector authority's certificate: JPSHOPS00001.")
@secret_options("passphrase", "the auditor's passphrase")
@json_option
def sign_one_context(
    file: Path,
    folder: Path,
    rp_context: str,
    display_name: str,
    sector: str,
    passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Compute a context's point and sign it into FILE, for 'mumei authority terminal --audited'.

    \b
    Examples:
      mumei auditor sign context forum.context --by auditor --context forum.example \\
        --display-name Forum --sector JPSHOPS00001
    """
    name = encode_text(sector)
    check_reference(name)
    key = load_key(folder / KEY_FILE, AUDITOR_KEY, passphrase.text(prompt="passphrase").encode())
    record = context_record(encode_text(rp_context), display_name, name)
    made = AuditedContext(record=record, signature=sign_context(record, key))
    made.save(file)
    emit(ContextInfo.of(made, file), as_json=as_json)


@sign.command("digits")
@click.argument("file", type=_PATH)
@click.option("--by", "folder", required=True, type=_PATH, help="The auditor's folder.")
@click.option("--root", "root_folder", required=True, type=_PATH, help="Folder of the issuer's root key.")
@click.option("--parameters", required=True, type=_PATH, help="The issuer's parameters.")
@secret_options("passphrase", "the auditor's passphrase")
@secret_options("root-passphrase", "the root's passphrase")
@json_option
def sign_the_digits(
    file: Path,
    folder: Path,
    root_folder: Path,
    parameters: Path,
    passphrase: SecretSource,
    root_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Audit an issuer's digit table and ages, and sign them into FILE, which cards want beside the parameters.

    \b
    Examples:
      mumei auditor sign digits gifu.statement --by auditor --root gifu-root --parameters gifu/parameters.cbor
    """
    found = PublicParameters.load(parameters)
    root = load_key(
        root_folder / ROOT_KEY_FILE, ROOT_KEY, root_passphrase.text(prompt="root's passphrase").encode()
    )
    key = load_key(folder / KEY_FILE, AUDITOR_KEY, passphrase.text(prompt="auditor's passphrase").encode())
    progress("recomputing the table")
    save_statement(file, sign_digits(found, root, key))
    emit(DigitsInfo.of(found, file), as_json=as_json)


@auditor.group()
def verify() -> None:
    """Recompute, and check the signatures: anyone can."""


@verify.command("context")
@click.argument("file", type=_PATH)
@click.option("--auditor", "public", required=True, type=_PATH, help="The auditor's public key.")
@json_option
def verify_one_context(file: Path, public: Path, as_json: bool) -> None:
    """Recompute the point in FILE and check the auditor's signature.

    \b
    Examples:
      mumei auditor verify context forum.context --auditor auditor/auditor.pub
    """
    found = AuditedContext.load(file)
    verify_context(found.record, found.signature, (read_public_key(public),))
    emit(ContextInfo.of(found, file), as_json=as_json)


@verify.command("digits")
@click.argument("file", type=_PATH)
@click.option("--parameters", required=True, type=_PATH, help="The issuer's parameters.")
@click.option("--auditor", "public", required=True, type=_PATH, help="The auditor's public key.")
@click.option("--root", "root_public", required=True, type=_PATH, help="The root's public key.")
@json_option
def verify_the_digits(file: Path, parameters: Path, public: Path, root_public: Path, as_json: bool) -> None:
    """Recompute the table in FILE and check both signatures.

    \b
    Examples:
      mumei auditor verify digits gifu.statement --parameters gifu/parameters.cbor \\
        --auditor auditor/auditor.pub --root gifu-root/root.pub
    """
    found = PublicParameters.load(parameters)
    verify_digits(
        load_statement(file),
        found,
        root_keys=(read_public_key(root_public),),
        auditor_keys=(read_public_key(public),),
    )
    emit(DigitsInfo.of(found, file), as_json=as_json)


for _command in (sign_statements, sign_trustees, sign_issuer_key):
    sign.add_command(_command)
verify.add_command(verify_statement)
