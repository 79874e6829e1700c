"""Everything the commands say, in five functions; nothing else prints.

Results go to standard output, as text or as JSON from the same dataclass; everything else goes to standard
error. Exit codes: 0 done or ACCEPT, 1 DENY or refused by the card, 2 usage or bad input data, 3 something
this machine lacks, 4 card removed, reset, mute or garbled (trying again is safe), 5 our own trust material,
6 CANNOT DECIDE, 70 a fault of the program; 130 interrupted, as shells have it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable

import click

from mumei_core.errors import (
    CannotDecide,
    CardRefused,
    DataError,
    HostEnvironmentError,
    InvalidProof,
    MumeiError,
    ProtocolError,
    SessionLostError,
    TrustError,
    UsageError,
)

EXIT_DENY = 1
EXIT_ENVIRONMENT = 3
EXIT_TRY_AGAIN = 4
EXIT_TRUST = 5
EXIT_CANNOT_DECIDE = 6
EXIT_BUG = 70
EXIT_INTERRUPTED = 130

_EXIT_CODES: tuple[tuple[type[MumeiError], int], ...] = (
    # Before ProtocolError: where a bad contact is as likely as a bad card, trying again is the advice.
    (SessionLostError, EXIT_TRY_AGAIN),
    (InvalidProof, EXIT_DENY),
    (CardRefused, EXIT_DENY),
    # A card that breaks the rules is refused like one that lies.
    (ProtocolError, 1),
    (UsageError, 2),
    (DataError, 2),
    (HostEnvironmentError, EXIT_ENVIRONMENT),
    (TrustError, EXIT_TRUST),
    (CannotDecide, EXIT_CANNOT_DECIDE),
)


@runtime_checkable
class HasText(Protocol):
    """A result that words its own text; others are shown as one line a field."""

    def text(self) -> str:
        """Return the whole text, without a newline at the end."""


def emit(result: object, *, as_json: bool = False) -> None:
    """Print a command's result, a dataclass instance, to standard output."""
    if as_json:
        click.echo(json.dumps(_plain(result), ensure_ascii=False, indent=2))
    else:
        click.echo(_printable(result.text() if isinstance(result, HasText) else _lines(_plain(result))))


def progress(message: str) -> None:
    """Say what is happening, on standard error."""
    click.echo(_printable(message), err=True)


def warn(message: str, *, hint: str = "") -> None:
    """Say on standard error that something deserves attention and does not stop us."""
    progress(f"warning: {message}")
    if hint:
        progress(f"  {hint}")


def fail(error: MumeiError) -> int:
    """Say on standard error what went wrong and what to do; return the exit code of the error's family."""
    # The reason stays at our own end: whoever made the proof never sees this screen.
    why = f" ({error.reason})" if isinstance(error, InvalidProof) else ""
    progress(f"mumei: {error.message}{why}")
    if error.hint:
        progress(f"  {error.hint}")
    if isinstance(error, SessionLostError):
        progress(f"  What failed: the {error.layer}. Nothing was lost; trying again is safe.")
    return exit_code(error)


def exit_code(error: MumeiError) -> int:
    """Return the exit code of the error's family."""
    for family, code in _EXIT_CODES:
        if isinstance(error, family):
            return code
    return EXIT_BUG


def _plain(value: object) -> object:
    """Return ``value`` as JSON has it: octets as hex, enumerations by lower-case name, days as ISO 8601."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def _lines(value: object, *, indent: str = "") -> str:
    """Return plain data as text, one line a field."""
    if isinstance(value, dict):
        return "\n".join(_field(str(key).replace("_", " "), item, indent) for key, item in value.items())
    if isinstance(value, list):
        return "\n".join(f"{indent}- {_lines(item, indent=indent + '  ').lstrip()}" for item in value)
    return f"{indent}{_word(value)}"


def _field(label: str, value: object, indent: str) -> str:
    if isinstance(value, dict | list) and value:
        return f"{indent}{label}:\n{_lines(value, indent=indent + '  ')}"
    return f"{indent}{label}: {_word(value)}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value in ([], {}) else str(value)


def _printable(text: str) -> str:
    """Return ``text`` without control characters: a reader's or a shop's name must not steer the terminal."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)
