"""``mumei issuer rotate | backup | restore``: a key for the next period, and the key in shares and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.issuer.options import FOLDER, PATH, secret
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.issuer.backup import back_up, check_labels, open_share, put_together, read_label, restore
from mumei.issuer.folder import KEY_FILE, KEY_STATEMENT_FILE, PARAMETERS_FILE, PERIODS_FOLDER
from mumei.issuer.keys import IssuerKey
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.periods import begin_period
from mumei.issuer.shares import MAX_SHARES, check_numbers
from mumei.key_file import KeyFile, check_passphrase
from mumei_core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodInfo:
    """A period was begun."""

    period: str
    key_id: bytes
    folder: str

    def text(self) -> str:
        """What is there, and what is next."""
        return (
            f"period: {self.period}\nkey: SHA-256 {self.key_id.hex()}\n"
            f"made: {self.folder}/{KEY_FILE} (keep it), {self.folder}/{PARAMETERS_FILE} (give it)\n"
            "It signs nothing yet. Root and auditor sign its days, which must meet the old key's:\n"
            f"  mumei auditor sign issuer-key {self.folder}/{KEY_STATEMENT_FILE} --parameters "
            f"{self.folder}/{PARAMETERS_FILE} --by AUDITOR --root ROOT --first DAY --last DAY\n"
            "Then back it up, give offices the statement (--issuer-key) and start the service anew."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesInfo:
    """A back-up was made."""

    key_id: bytes
    threshold: int
    files: tuple[str, ...]

    def text(self) -> str:
        """One line a fact."""
        return (
            f"key: SHA-256 {self.key_id.hex()}\n"
            f"any {self.threshold} of {len(self.files)} shares give the key and the ledger's key back\n"
            f"made: {', '.join(self.files)}\nGive each to its holder, and keep none here."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredInfo:
    """The keys are back."""

    key_id: bytes
    folder: str
    shares: tuple[str, ...]

    def text(self) -> str:
        """One line a fact."""
        return (
            f"key: SHA-256 {self.key_id.hex()}\nput together from: {', '.join(self.shares)}\n"
            f"made: {self.folder}/{KEY_FILE} and the ledger's key. Put {PARAMETERS_FILE} and the ledger beside."
        )


_SHARE_PASSPHRASES = click.option(
    "--share-passphrase-file",
    "share_passphrase_file",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="Read a share's passphrase from the first line of FILE; once a share, in order. [default: ask]",
)


@click.command()
@FOLDER
@click.option("--period", required=True, metavar="NAME", help="The new period's name, as 2027.")
@secret_options("passphrase", "the passphrase of the issuer's key")
@json_option
def rotate(folder: Path, period: str, passphrase: SecretSource, as_json: bool) -> None:
    """Make the key of a new period in FOLDER, under the same passphrase.

    The old key signs until its last day, then the service changes by itself. Cards know up to three keys.

    \b
    Examples:
      mumei issuer rotate gifu --period 2027
    """
    made = begin_period(folder, period, secret(passphrase, "passphrase of the issuer's key"))
    place = folder / PERIODS_FOLDER / period
    emit(PeriodInfo(period=period, key_id=made.key_id, folder=str(place)), as_json=as_json)


@click.command()
@FOLDER
@click.option("--shares", type=click.IntRange(2, MAX_SHARES), required=True, help="How many shares.")
@click.option("--threshold", type=click.IntRange(2, MAX_SHARES), required=True, help="How many are needed.")
@click.option("--period", metavar="NAME", help="Back up the key of this period. [default: the first one]")
@click.option("--out", required=True, type=PATH, metavar="FOLDER", help="Where the shares go.")
@secret_options("passphrase", "the passphrase of the issuer's key")
@_SHARE_PASSPHRASES
@json_option
def backup(
    folder: Path,
    shares: int,
    threshold: int,
    period: str | None,
    out: Path,
    passphrase: SecretSource,
    share_passphrase_file: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Split the issuer's key in FOLDER, and the ledger's, into shares; each holder types a passphrase of their own.

    \b
    Examples:
      mumei issuer backup gifu --shares 3 --threshold 2 --out shares
    """
    check_numbers(threshold, shares)
    words = secret(passphrase, "passphrase of the issuer's key")
    path = (folder if period is None else folder / PERIODS_FOLDER / period) / KEY_FILE
    key = IssuerKey.load(path, words)
    ledger_key = LedgerKey.open(folder, words)
    holders = [
        _share_passphrase(share_passphrase_file, i, shares, f"passphrase of share {i}", confirm=True)
        for i in range(1, shares + 1)
    ]
    for holder in holders:
        check_passphrase(holder)
    files = back_up(key, ledger_key, holders, out, threshold=threshold, log2_n=KeyFile.load(path).log2_n)
    emit(SharesInfo(key_id=key.key_id, threshold=threshold, files=tuple(map(str, files))), as_json=as_json)


@click.command("restore")
@FOLDER
@click.argument("shares", type=PATH, nargs=-1, required=True)
@secret_options("passphrase", "the new passphrase for the issuer's key")
@_SHARE_PASSPHRASES
@json_option
def restore_keys(
    folder: Path,
    shares: tuple[Path, ...],
    passphrase: SecretSource,
    share_passphrase_file: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Put the issuer's key and the ledger's key together from SHARES, into FOLDER, where there is no key.

    Each share is checked by itself, so that a wrong one is named; nothing is written before the key is whole.

    \b
    Examples:
      mumei issuer restore gifu share-1.key share-3.key
    """
    labels = [(path.name, read_label(path)) for path in shares]
    check_labels(labels)
    opened = []
    for i, path in enumerate(shares, start=1):
        words = _share_passphrase(share_passphrase_file, i, len(shares), f"passphrase of {path.name}")
        opened.append(open_share(path, words))
        progress(f"{path.name} is share {labels[i - 1][1].number}, and right")
    key, ledger_key = put_together(opened)
    new = secret(passphrase, "new passphrase for the issuer's key", confirm=True)
    check_passphrase(new)
    restore(folder, key, ledger_key, new, log2_n=KeyFile.load(shares[0]).log2_n)
    emit(
        RestoredInfo(key_id=key.key_id, folder=str(folder), shares=tuple(share.name for share in opened)),
        as_json=as_json,
    )


def _share_passphrase(
    files: tuple[Path, ...], number: int, count: int, what: str, *, confirm: bool = False
) -> bytes:
    if files and len(files) != count:
        raise UsageError(
            f"there are {count} shares and {len(files)} passphrases",
            hint="Give --share-passphrase-file once for each share, in order.",
        )
    file = files[number - 1] if files else None
    return secret(SecretSource(option="share-passphrase", file=file), what, confirm=confirm)
