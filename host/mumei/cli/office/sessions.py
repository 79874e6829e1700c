"""``mumei office login | lock | unlock | logout | whoami``: who works at this desk."""

from __future__ import annotations

from dataclasses import dataclass

import click

from mumei.cli.office.options import registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.office.clerks.clerks import Clerks
from mumei.office.clerks.gate import token_file
from mumei.office.clerks.logins import Logins, PasswordChangeNeededError
from mumei.office.clerks.roles import Role
from mumei.office.clerks.session import ClerkSession, NotLoggedInError
from mumei.office.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class AtDesk:
    """Who works here. ``named`` is false while the registry has no named clerks."""

    clerk: str | None
    roles: tuple[Role, ...]
    named: bool
    state: str

    @classmethod
    def of(cls, session: ClerkSession, state: str) -> AtDesk:
        roles = tuple(role for role in Role if role in session.roles)
        return cls(clerk=session.name, roles=roles, named=session.named, state=state)

    def text(self) -> str:
        """One sentence."""
        if self.clerk is None:
            return self.state
        roles = f" ({', '.join(self.roles)})" if self.roles else ""
        return f"{self.clerk}{roles}: {self.state}"


@click.command()
@click.argument("name")
@registry_option
@secret_options("password", "the password")
@secret_options("new-password", "the password to have from now on")
@json_option
def login(
    name: str, registry: str, password: SecretSource, new_password: SecretSource, as_json: bool
) -> None:
    """Begin to work, as the clerk NAME. A password set by IT is changed at the first login.

    The session is locked when nothing was done for 15 minutes, and over after 12 hours.

    \b
    Examples:
      mumei office login sato --registry ward.db
      mumei office login sato --registry ward.db --password-file old --new-password-file new
    """
    given = password.text(prompt=f"password of {name}")
    chosen = new_password.text(prompt="new password") if new_password.is_given else None
    with Registry.open(registry) as open_registry:
        place, logins = token_file(open_registry), Logins(open_registry)
        try:
            began = logins.login(name, given, new_password=chosen)
        except PasswordChangeNeededError as needed:
            progress(needed.message)
            chosen = new_password.text(prompt="new password", confirm=True)
            began = logins.login(name, given, new_password=chosen)
        _end_former(logins, place.read())
        place.write(began.token)
    emit(AtDesk.of(began.session, "logged in"), as_json=as_json)


@click.command()
@registry_option
@json_option
def lock(registry: str, as_json: bool) -> None:
    """Lock the session, as when leaving the desk. 'unlock' goes on.

    \b
    Examples:
      mumei office lock --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        name = Logins(open_registry).lock(_token(open_registry))
    emit(AtDesk(clerk=name, roles=(), named=True, state="locked"), as_json=as_json)


@click.command()
@registry_option
@secret_options("password", "the password")
@json_option
def unlock(registry: str, password: SecretSource, as_json: bool) -> None:
    """Open the locked session again.

    \b
    Examples:
      mumei office unlock --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        token = _token(open_registry)
        session = Logins(open_registry).unlock(token, password.text(prompt="password"))
    emit(AtDesk.of(session, "unlocked"), as_json=as_json)


@click.command()
@registry_option
@json_option
def logout(registry: str, as_json: bool) -> None:
    """End the session. Where there is none, nothing happens.

    \b
    Examples:
      mumei office logout --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        place = token_file(open_registry)
        _end_former(Logins(open_registry), place.read())
        place.remove()
    emit(AtDesk(clerk=None, roles=(), named=True, state="nobody is logged in here"), as_json=as_json)


@click.command()
@registry_option
@json_option
def whoami(registry: str, as_json: bool) -> None:
    """Say who works here, with which roles.

    \b
    Examples:
      mumei office whoami --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        if not Clerks(open_registry).are_named():
            state = "in set-up: no named clerks, development cards only"
            emit(AtDesk(clerk=None, roles=(), named=False, state=state), as_json=as_json)
            return
        session = Logins(open_registry).resume(_token(open_registry))
    emit(AtDesk.of(session, "logged in"), as_json=as_json)


def _token(registry: Registry) -> bytes:
    token = token_file(registry).read()
    if token is None:
        raise NotLoggedInError("nobody is logged in here", hint="Run: mumei office login NAME")
    return token


def _end_former(logins: Logins, token: bytes | None) -> None:
    """The session that this desk had is over, if it was not already."""
    if token is not None:
        try:
            logins.logout(token)
        except NotLoggedInError:
            return
