"""``mumei maker``: the master key of card personalisation, the root of attestation, and the keys of new cards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.maker.attestation_root import KEY_FILE, ROOT_FILE, MakerRoot
from mumei.maker.delivery_note import add_to_note, check_note
from mumei.maker.master_key import SCHEMES, MasterKey, write_card_keys
from mumei_core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterInfo:
    """What may be known of a master key."""

    file: str
    check_value: bytes
    bits: int
    scheme: str

    def text(self) -> str:
        """Two lines."""
        return (
            f"made: {self.file}, AES-{self.bits}, scheme {self.scheme}, check value {self.check_value.hex()}\n"
            "Keep it where cards are made and issued, and nowhere else."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeysInfo:
    """One card's keys were written. ``number``: its diversification data; ``key_version``: of the keys."""

    file: str
    number: bytes
    key_version: int

    def text(self) -> str:
        """Two lines."""
        return (
            f"keys of card {self.number.hex()}, version {self.key_version:02x}: {self.file}\n"
            "They are in clear: give them to 'mumei-card new --personalisation-keys', then delete the file."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RootInfo:
    """A root of attestation was made."""

    maker: str
    folder: str
    root: str
    public_key: bytes

    def text(self) -> str:
        """Two lines."""
        return (
            f"made: the root of {self.maker} in {self.folder}, public key {self.public_key.hex()}\n"
            f"Give {self.root} to offices; keep {KEY_FILE} where cards are made, and nowhere else."
        )


@click.group()
def maker() -> None:
    """The card maker: master key, root of attestation, and keys for new cards."""


@maker.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--bits", type=click.Choice(["128", "192", "256"]), default="128", show_default=True, help="AES key size."
)
@click.option(
    "--scheme",
    type=click.Choice(list(SCHEMES)),
    default="mumei",
    show_default=True,
    help="How cards' keys come from the master; kdf3 for cards delivered with it.",
)
@secret_options("passphrase", "the passphrase")
@json_option
def init(file: Path, bits: str, scheme: str, passphrase: SecretSource, as_json: bool) -> None:
    """Make a master key in FILE, encrypted under a passphrase of eight characters or more.

    \b
    Examples:
      mumei maker init maker.key
      mumei maker init maker.key --bits 256 --passphrase-file pass.txt --json
    """
    if file.exists():
        raise UsageError(f"{file} is there already", hint="Choose another name.")
    secret = passphrase.text(prompt="passphrase for the master key", confirm=True).encode()
    key = MasterKey.generate(int(bits), scheme=scheme)
    key.save(file, secret)
    emit(
        MasterInfo(file=str(file), check_value=key.check_value, bits=int(bits), scheme=scheme),
        as_json=as_json,
    )


@maker.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The card maker's name: 1 to 64 octets, in every certificate.")
@secret_options("passphrase", "the passphrase")
@json_option
def root(folder: Path, name: str, passphrase: SecretSource, as_json: bool) -> None:
    """Make the card maker's root in FOLDER: offices know genuine cards by it.

    \b
    Examples:
      mumei maker root maker --name "Cards Ltd"
      mumei maker root maker --name "Cards Ltd" --passphrase-file pass.txt --json
    """
    if (folder / ROOT_FILE).exists():
        raise UsageError(f"{folder} holds a root already", hint="Choose another folder.")
    secret = passphrase.text(prompt="passphrase for the root's key", confirm=True).encode()
    made = MakerRoot.generate(name)
    made.save(folder, secret)
    emit(
        RootInfo(
            maker=name, folder=str(folder), root=str(folder / ROOT_FILE), public_key=made.certificate.key
        ),
        as_json=as_json,
    )


@maker.command("card-keys")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--master", required=True, type=click.Path(path_type=Path), help="The master key's file, of 'maker init'."
)
@click.option(
    "--root",
    "root_folder",
    required=True,
    type=click.Path(path_type=Path),
    help="The root's folder, of 'maker root'.",
)
@click.option(
    "--note",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Add the card to this delivery note, which the office takes in: mumei office stock import.",
)
@secret_options("passphrase", "the passphrase of the master key")
@secret_options("root-passphrase", "the passphrase of the root's key")
@json_option
def card_keys(
    file: Path,
    master: Path,
    root_folder: Path,
    note: Path | None,
    passphrase: SecretSource,
    root_passphrase: SecretSource,
    as_json: bool,
) -> None:
    """Draw a number and an attestation key for a new card and write its keys to FILE.

    The number tells nothing of card or maker. An office finds the keys again from the number that the card
    says, and the master key.

    \b
    Examples:
      mumei maker card-keys hanako.keys --master maker.key --root maker --note box-7.csv
      mumei-card new hanako.card --profile standard --personalisation-keys hanako.keys
    """
    if note is not None:
        check_note(note)
    secret = passphrase.text(prompt="passphrase of the master key").encode()
    master_key = MasterKey.load(master, secret)
    root_secret = root_passphrase.text(prompt="passphrase of the root's key").encode()
    card = master_key.new_card(attestation=MakerRoot.load(root_folder, root_secret).new_attestation_key())
    write_card_keys(file, card)
    if note is not None:
        add_to_note(note, card)
    progress("drawn anew: these keys belong to one card")
    emit(
        CardKeysInfo(file=str(file), number=card.diversification_data, key_version=card.key_version),
        as_json=as_json,
    )
