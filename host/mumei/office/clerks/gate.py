"""The gate before every command of the office: who works here, and may they do this?"""

from __future__ import annotations

from mumei.office.audit.trail import head_of
from mumei.office.clerks.clerks import Clerks
from mumei.office.clerks.logins import Logins
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession, NotLoggedInError
from mumei.office.clerks.token_file import TokenFile
from mumei.office.registry_base import RegistryBase


class _Identity(RegistryBase):
    def trail_id(self) -> bytes:
        with self._reading() as session:
            return head_of(session).trail_id


def token_file(registry: RegistryBase) -> TokenFile:
    """Where this user's session with this registry is kept."""
    return TokenFile.for_trail(_Identity(registry._engine, registry._clock).trail_id())


def enter(registry: RegistryBase, right: Right, *, name: str | None, default: str) -> ClerkSession:
    """Let somebody in, or raise NotLoggedInError or NoRightError.

    While the registry has no named clerks, it is ``name``, or else ``default``, with every right. From the first
    named clerk on it is who has logged in here; ``name``, if given, has to be theirs.
    """
    if not Clerks(registry).are_named():
        return ClerkSession.in_set_up(default if name is None else name)
    token = token_file(registry).read()
    if token is None:
        raise NotLoggedInError(
            "this registry has named clerks, and nobody has logged in here",
            hint="Run: mumei office login NAME",
        )
    session = Logins(registry).resume(token)
    if name is not None and name != session.name:
        raise NotLoggedInError(
            f"who has logged in here is {session.name}", hint="Leave --clerk out, or log in as yourself."
        )
    session.require(right)
    return session
