"""``mumei issuer init | audit | show``: the issuer's key and public parameters, made, audited, shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.files import make_folder
from mumei.issuer.folder import KEY_FILE, PARAMETERS_FILE
from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei.key_file import check_passphrase
from mumei_core.commands.codes import PROFILE_DEVELOPMENT, PROFILE_STANDARD
from mumei_core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersInfo:
    """What a parameters file says."""

    issuer: str
    development: bool
    key_id: bytes
    digit_table: bytes
    ages_without_pin: tuple[int, ...]
    audited: bool
    folder: str | None = None

    @classmethod
    def of(cls, parameters: PublicParameters, *, audited: bool, folder: Path | None = None) -> ParametersInfo:
        return cls(
            issuer=parameters.issuer,
            development=parameters.is_development,
            key_id=parameters.key_id,
            digit_table=parameters.table_hash,
            ages_without_pin=parameters.ages,
            audited=audited,
            folder=str(folder) if folder else None,
        )

    def text(self) -> str:
        """One line a fact."""
        lines = [f"issuer: {self.issuer}"]
        if self.folder:
            lines.append(
                f"made: {self.folder}/{KEY_FILE} (keep it), {self.folder}/{PARAMETERS_FILE} (give it)"
            )
        lines += [
            f"key: SHA-256 {self.key_id.hex()}",
            f"digit table: SHA-256 {self.digit_table.hex()}",
            f"ages answered without PIN: {', '.join(map(str, self.ages_without_pin))}",
        ]
        if self.audited:
            lines.append("audit: key and all 256 digit signatures are right")
        if self.development:
            lines.append("DEVELOPMENT: for cards that anyone can write; never for real residents")
        return "\n".join(lines)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The issuer's name, for people.")
@click.option("--development", is_flag=True, help="For development cards, which anyone can read and write.")
@secret_options("passphrase", "the passphrase")
@json_option
def init(folder: Path, name: str, development: bool, passphrase: SecretSource, as_json: bool) -> None:
    """Make a key pair and public parameters in FOLDER.

    The key is encrypted under a passphrase of eight characters or more. The key that signed the digits is
    forgotten at once.

    \b
    Examples:
      mumei issuer init gifu --name "Gifu Prefecture TEST"
      mumei issuer init gifu --name TEST --development --passphrase-file pass.txt --json
    """
    secret = passphrase.text(prompt="passphrase for the issuer's key", confirm=True).encode()
    check_passphrase(secret)
    for file in (KEY_FILE, PARAMETERS_FILE):
        if (folder / file).exists():
            raise UsageError(f"{folder / file} is there already", hint="Choose another folder.")
    make_folder(folder)
    progress("making the key and 256 digit signatures")
    key = IssuerKey.generate()
    parameters = make_parameters(key, name, profile=PROFILE_DEVELOPMENT if development else PROFILE_STANDARD)
    parameters.audit()
    key.save(folder / KEY_FILE, secret)
    parameters.save(folder / PARAMETERS_FILE)
    emit(ParametersInfo.of(parameters, audited=True, folder=folder), as_json=as_json)


@click.command()
@click.argument("parameters", type=click.Path(path_type=Path))
@json_option
def audit(parameters: Path, as_json: bool) -> None:
    """Check PARAMETERS with pairings: anyone can.

    PK and W1 are one key, and every one of the 256 digit signatures is under the published digit key.

    \b
    Examples:
      mumei issuer audit gifu/parameters.cbor
    """
    found = PublicParameters.load(parameters)
    found.audit()
    emit(ParametersInfo.of(found, audited=True), as_json=as_json)


@click.command()
@click.argument("parameters", type=click.Path(path_type=Path))
@json_option
def show(parameters: Path, as_json: bool) -> None:
    """Show what PARAMETERS say, without checking them.

    \b
    Examples:
      mumei issuer show gifu/parameters.cbor --json
    """
    emit(ParametersInfo.of(PublicParameters.load(parameters), audited=False), as_json=as_json)
