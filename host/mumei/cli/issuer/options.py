"""Options and small readings that several commands of ``mumei issuer`` share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from mumei.cli.secrets import SecretSource
from mumei.issuer.folder import LEDGER_FILE
from mumei.issuer.ledger import DurableLedger
from mumei.issuer.ledger_key import LedgerKey
from mumei_core.errors import TrustError

Command = Callable[..., Any]
PATH: Final = click.Path(path_type=Path)
FOLDER: Final = click.argument("folder", type=PATH)


def ledger_option(function: Command) -> Command:
    """Add --ledger; the command gets ``ledger: str | None``."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return click.option(
        "--ledger",
        metavar="URL",
        help="The ledger's database, as postgresql://host/name. [default: ledger.db in FOLDER]",
    )(wrapper)


def secret(source: SecretSource, what: str, *, confirm: bool = False) -> bytes:
    """A passphrase in octets."""
    return source.text(prompt=what, confirm=confirm).encode()


def open_ledger(folder: Path, where: str | None, passphrase: bytes) -> DurableLedger:
    """The ledger of an issuer's folder, by its own key."""
    return DurableLedger.open(where or folder / LEDGER_FILE, LedgerKey.open(folder, passphrase))


def open_log(folder: Path, where: str | None) -> DurableLedger:
    """A ledger to read the signing log from, which is not encrypted. Raises TrustError where there is none."""
    if where is None and not (folder / LEDGER_FILE).exists():
        raise TrustError(
            f"there is no ledger in {folder}",
            hint="Name the issuer's folder, or its database with --ledger; nothing was signed without one.",
        )
    # A key that opens nothing: no entry is read.
    return DurableLedger.open(where or folder / LEDGER_FILE, LedgerKey.generate())
