"""What commands of the ward office have in common: the registry, the gate that lets clerks in, how they end."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mumei.cli.output import warn
from mumei.office.audit.audit_key import SUFFIX, is_open, load_audit_key
from mumei.office.audit.seals import Sealer
from mumei.office.audit.signer import signing_as
from mumei.office.clerks.gate import enter
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.database.place import place_of, with_key
from mumei.office.registry import Registry
from mumei_core.errors import DataError, MumeiError, UsageError

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
    """Add --registry and --registry-key; the command gets one ``registry: str`` that names both."""

    @functools.wraps(function)
    def wrapper(*args: Any, registry: str, registry_key: Path | None, **kwargs: Any) -> Any:
        where = registry if registry_key is None else with_key(registry, registry_key)
        return function(*args, registry=where, **kwargs)

    named = click.option(
        "--registry-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The registry's key file. [default for an SQLite file: the same name, ending in .key]",
    )(wrapper)
    return click.option(
        "--registry", required=True, metavar="FILE", help="The registry: an SQLite file, or a database URL."
    )(named)


def session_option(right: Right) -> Callable[[Command], Command]:
    """The gate: who works here needs ``right``; the command gets ``clerk: ClerkSession``.

    It stands below ``@registry_option``, from which it has the registry.
    """

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def gated(*args: Any, clerk: str | None, registry: str, **kwargs: Any) -> Any:
            session = let_in(registry, right, clerk)
            with signing_as(session if session.key is not None else None):
                return function(*args, clerk=session, registry=registry, **kwargs)

        # For the test that every command of the office has a gate.
        gated.right = right  # type: ignore[attr-defined]
        return click.option(
            "--clerk", metavar="NAME", help="Who does it. [default: who has logged in; in set-up, your login]"
        )(gated)

    return decorate


def clerk_option(right: Right) -> Callable[[Command], Command]:
    """The same gate; the command gets ``clerk: str``, the name."""

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def named(*args: Any, clerk: ClerkSession, **kwargs: Any) -> Any:
            return function(*args, clerk=clerk.name, **kwargs)

        return session_option(right)(named)

    return decorate


def read_option(right: Right) -> Callable[[Command], Command]:
    """The same gate for commands that write nothing and name nobody."""

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def nameless(*args: Any, clerk: ClerkSession, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return session_option(right)(nameless)

    return decorate


def audit_key_of(registry: str) -> Path | None:
    """Where the key that seals this registry's trail is unless named: beside the registry's own key."""
    try:
        key = place_of(registry).key
    except UsageError:
        return None
    return key.with_name(key.stem + SUFFIX)


def let_in(registry: str, right: Right, name: str | None) -> ClerkSession:
    """The gate itself. An hour of the audit trail that is over is sealed on the way."""
    with Registry.open(registry) as open_registry:
        session = enter(open_registry, right, name=name, default=getpass.getuser())
        key = audit_key_of(registry)
        if key is not None and is_open(key):
            _seal_if_due(open_registry, key)
    return session


def _seal_if_due(registry: Registry, key: Path) -> None:
    """The hour that is over is sealed by the first command of the next. Nobody is kept from work by it."""
    sealer = Sealer(registry)
    try:
        if sealer.is_due():
            sealer.seal(load_audit_key(key))
    except MumeiError as error:
        warn(f"the audit trail was not sealed: {error.message}", hint=error.hint)


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", hint="Check the path.") from error
