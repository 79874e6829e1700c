"""``mumei office clerk``: who the clerks are, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import click

from mumei.cli.office.options import read_option, registry_option, session_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.office.clerks.clerks import ClerkRecord, Clerks
from mumei.office.clerks.gate import token_file
from mumei.office.clerks.logins import Logins
from mumei.office.clerks.roles import Right, Role
from mumei.office.clerks.session import ClerkSession
from mumei.office.registry import Registry

_ROLE = click.Choice([role.value for role in Role], case_sensitive=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkLine:
    """A clerk in a list."""

    name: str
    roles: tuple[Role, ...]
    disabled: bool
    temporary_password: bool
    added_at: datetime

    @classmethod
    def of(cls, record: ClerkRecord) -> ClerkLine:
        return cls(
            name=record.name,
            roles=tuple(role for role in Role if role in record.roles),
            disabled=record.disabled,
            temporary_password=record.temporary,
            added_at=record.added_at,
        )

    def text(self) -> str:
        """One line."""
        notes = [
            note
            for note, holds in (
                ("disabled", self.disabled),
                ("must choose a password", self.temporary_password),
            )
            if holds
        ]
        return f"{self.name}  {', '.join(self.roles)}" + (f"  ({'; '.join(notes)})" if notes else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkList:
    """Everybody."""

    clerks: tuple[ClerkLine, ...]

    def text(self) -> str:
        """One line a clerk."""
        if not self.clerks:
            return "no named clerks: the registry is in set-up and serves development cards only"
        return "\n".join(line.text() for line in self.clerks)


@click.group()
def clerk() -> None:
    """Named clerks: their roles and passwords. From the first one on, every command wants a login."""


@clerk.command()
@click.argument("name")
@click.option("--role", "roles", type=_ROLE, multiple=True, required=True, help="May be given twice.")
@registry_option
@session_option(Right.MANAGE_CLERKS)
@secret_options("password", "the new clerk's password")
@json_option
def add(
    name: str,
    roles: tuple[str, ...],
    registry: str,
    clerk: ClerkSession,
    password: SecretSource,
    as_json: bool,
) -> None:
    """Add the clerk NAME. The first has the role IT; the others get a password for one login from IT.

    \b
    Examples:
      mumei office clerk add tanaka --role IT --registry ward.db
      mumei office clerk add sato --role CLERK --role SUPERVISOR --registry ward.db
    """
    chosen = password.text(prompt=f"password of {name}", confirm=True)
    with Registry.open(registry) as open_registry:
        added = Clerks(open_registry).add(name, frozenset(map(Role, roles)), chosen, by=clerk)
    if not clerk.named:
        progress("the registry has named clerks now: every command wants a login (mumei office login)")
    emit(ClerkLine.of(added), as_json=as_json)


@clerk.command("list")
@registry_option
@read_option(Right.SEE_CLERKS)
@json_option
def list_clerks(registry: str, as_json: bool) -> None:
    """List the clerks, the disabled too.

    \b
    Examples:
      mumei office clerk list --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        found = Clerks(open_registry).all()
    emit(ClerkList(clerks=tuple(map(ClerkLine.of, found))), as_json=as_json)


@clerk.command()
@click.argument("name")
@click.option("--role", "roles", type=_ROLE, multiple=True, required=True, help="All roles, not one more.")
@registry_option
@session_option(Right.MANAGE_CLERKS)
@json_option
def role(name: str, roles: tuple[str, ...], registry: str, clerk: ClerkSession, as_json: bool) -> None:
    """Give the clerk NAME other roles, from their next command on.

    \b
    Examples:
      mumei office clerk role sato --role SUPERVISOR --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        changed = Clerks(open_registry).set_roles(name, frozenset(map(Role, roles)), by=clerk)
    emit(ClerkLine.of(changed), as_json=as_json)


@clerk.command()
@click.argument("name")
@registry_option
@session_option(Right.MANAGE_CLERKS)
@json_option
def disable(name: str, registry: str, clerk: ClerkSession, as_json: bool) -> None:
    """Let the clerk NAME in no more. What they did stays on record.

    \b
    Examples:
      mumei office clerk disable sato --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        changed = Clerks(open_registry).disable(name, by=clerk)
    emit(ClerkLine.of(changed), as_json=as_json)


@clerk.command()
@click.argument("name")
@registry_option
@session_option(Right.MANAGE_CLERKS)
@json_option
def enable(name: str, registry: str, clerk: ClerkSession, as_json: bool) -> None:
    """Let the disabled clerk NAME in again.

    \b
    Examples:
      mumei office clerk enable sato --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        changed = Clerks(open_registry).enable(name, by=clerk)
    emit(ClerkLine.of(changed), as_json=as_json)


@clerk.command("password")
@click.argument("name", required=False)
@registry_option
@session_option(Right.OWN_ACCOUNT)
@secret_options("password", "the password so far")
@secret_options("new-password", "the new password")
@json_option
def set_password(
    name: str | None,
    registry: str,
    clerk: ClerkSession,
    password: SecretSource,
    new_password: SecretSource,
    as_json: bool,
) -> None:
    """Change the own password; or, for IT, set one for one login of the clerk NAME, who forgot theirs.

    \b
    Examples:
      mumei office clerk password --registry ward.db
      mumei office clerk password sato --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        clerks = Clerks(open_registry)
        if name is None:
            old = password.text(prompt="password so far")
            new = new_password.text(prompt="new password", confirm=True)
            Logins(open_registry).change_password(clerk.name, old, new)
            token_file(open_registry).remove()
            progress("changed; every session of yours is over: log in with the new password")
            changed = next(record for record in clerks.all() if record.name == clerk.name)
        else:
            clerk.require(Right.MANAGE_CLERKS)
            new = new_password.text(prompt=f"password of {name} for one login", confirm=True)
            changed = clerks.reset_password(name, new, by=clerk)
    emit(ClerkLine.of(changed), as_json=as_json)
