"""What commands of the ward office have in common: the registry, who works, how they end."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mumei_core.errors import DataError

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    done: str
    residents: int

    def text(self) -> str:
        """One sentence."""
        return self.done


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


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", hint="Check the path.") from error
