"""Logging in, and the session that follows: locked when idle, over after a day's work.

A wrong password makes the next try from the same place wait, up to a minute: nobody is locked out by what others
try elsewhere. A try counts before it is compared, so that stopping the program saves none.
"""

from __future__ import annotations

import hashlib
import math
import os
import secrets
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.signer import signing_as
from mumei.office.audit.trail import lock, record
from mumei.office.clerks.keys import (
    TOKEN_SIZE,
    current_key,
    keep_new_key,
    open_for_session,
    open_key,
    seal_for_session,
    wrapped_key,
)
from mumei.office.clerks.passwords import (
    DEFAULT_COST,
    PasswordCost,
    WrongPasswordError,
    check_new_password,
    hash_password,
    is_outdated,
    verify_password,
)
from mumei.office.clerks.roles import from_text
from mumei.office.clerks.session import ClerkSession, NotLoggedInError
from mumei.office.database.models_clerks import ClerkRow, ClerkSessionRow, LoginTryRow
from mumei.office.registry_base import RegistryBase
from mumei.office.residents.text import tidy
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import HostEnvironmentError, UsageError

IDLE: Final = timedelta(minutes=15)
"""A session that was not used for longer is locked."""

LONGEST: Final = timedelta(hours=12)
"""A session that began earlier is over."""

FREE_TRIES: Final = 3
LONGEST_WAIT: Final = 60
_CLOCK_SLACK: Final = timedelta(minutes=1)
#: A session that was used just now is not written to again: commands that only read do not wait for writers.
_OFTEN: Final = timedelta(seconds=20)


class LoginThrottledError(HostEnvironmentError):
    """Too many wrong passwords for this clerk from this place: the next try has to wait."""


class PasswordChangeNeededError(HostEnvironmentError):
    """The password is right and temporary: the clerk has to choose their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """A new session, and the 32 octets that stand for it at this desk."""

    session: ClerkSession
    token: bytes = field(repr=False)


def this_place() -> bytes:
    """Where somebody tries: this user on this machine, as 32 octets that name neither."""
    return hashlib.sha256(f"MUMEI-PLACE-V1{socket.gethostname()}\0{os.getuid()}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What the right password opened, and what is to be kept: a new hash, a new wrapping, a new key."""

    number: int
    verified: str = field(repr=False)
    key: SigningKey
    is_new: bool
    password: str | None = field(repr=False)
    wrapped: bytes | None = field(repr=False)
    chosen: bool


class Logins(RegistryBase):
    """Sessions of a registry's clerks."""

    def __init__(
        self, registry: RegistryBase, *, cost: PasswordCost = DEFAULT_COST, place: bytes | None = None
    ) -> None:
        super().__init__(registry._engine, registry._clock)
        self._cost = cost
        self._place = place or this_place()

    def login(self, name: str, password: str, *, new_password: str | None = None) -> LoggedIn:
        """Begin a session; with ``new_password``, change the password first.

        Raises WrongPasswordError (unknown and disabled clerks too), LoginThrottledError,
        PasswordChangeNeededError, UsageError for a new password that cannot be.
        """
        opened = self._open(name, password, new_password)
        key, token = opened.key, secrets.token_bytes(TOKEN_SIZE)
        with self._writing(None) as session:
            row, now = self._store(session, opened), self._clock()
            session.add(
                ClerkSessionRow(
                    clerk_id=row.id,
                    token_hash=_hashed(token),
                    sealed_key=seal_for_session(key, token),
                    started_at=now,
                    used_at=now,
                )
            )
            clerk = _session_of(row, key)
            with signing_as(clerk):
                record(session, at=now, clerk=row.name, action=AuditAction.LOGGED_IN)
            return LoggedIn(session=clerk, token=token)

    def change_password(self, name: str, password: str, new_password: str) -> None:
        """Raises as :meth:`login`. Every session of this clerk ends."""
        opened = self._open(name, password, new_password)
        with self._writing(None) as session:
            row = self._store(session, opened)
            session.execute(delete(ClerkSessionRow).where(ClerkSessionRow.clerk_id == row.id))

    def resume(self, token: bytes) -> ClerkSession:
        """Who works here. Raises NotLoggedInError where the session is locked, over or unknown."""
        now = self._clock()
        with self._reading() as session:
            row, clerk = _find(session, token, now)
            if row.sealed_key is not None and timedelta(0) <= now - row.used_at <= _OFTEN:
                return _session_of(clerk, open_for_session(row.sealed_key, token))
        with self._writing(None) as session:
            row, clerk = _find(session, token, now)
            idle = not -_CLOCK_SLACK <= now - row.used_at <= IDLE
            if idle:
                row.sealed_key = None
            if row.sealed_key is not None:
                row.used_at = now
                return _session_of(clerk, open_for_session(row.sealed_key, token))
            name = clerk.name
        # Behind the transaction: that the session is locked stays on record.
        raise NotLoggedInError(f"{name}'s session is locked", hint="Run: mumei office unlock")

    def unlock(self, token: bytes, password: str) -> ClerkSession:
        """Open a locked session. Raises as :meth:`resume` for one that is over, and as :meth:`login`."""
        with self._reading() as session:
            name = _find(session, token, self._clock())[1].name
        opened = self._open(name, password, None)
        with self._writing(None) as session:
            clerk = self._store(session, opened)
            row, _ = _find(session, token, self._clock())
            row.sealed_key, row.used_at = seal_for_session(opened.key, token), self._clock()
            return _session_of(clerk, opened.key)

    def lock(self, token: bytes) -> str:
        """Lock a session: its key is forgotten till the password is given. The clerk's name."""
        with self._writing(None) as session:
            row, clerk = _find(session, token, self._clock())
            row.sealed_key = None
            return clerk.name

    def logout(self, token: bytes) -> str:
        """End a session. The clerk's name. Raises NotLoggedInError."""
        with self._writing(None) as session:
            row, clerk = _find(session, token, self._clock())
            key = None if row.sealed_key is None else open_for_session(row.sealed_key, token)
            session.delete(row)
            with signing_as(None if key is None else _session_of(clerk, key)):
                record(session, at=self._clock(), clerk=clerk.name, action=AuditAction.LOGGED_OUT)
            return clerk.name

    # How

    def _open(self, name: str, password: str, new_password: str | None) -> _Opened:
        """The clerk whose password this is, with the key, under the new password if there is one.

        All that takes long is done here, while nobody waits for the registry.
        """
        found = self._count_try(tidy(name))
        if found is None:
            # As long as for a clerk who is there.
            hash_password(password, self._cost)
            raise WrongPasswordError
        number, encoded, temporary, kept = found
        try:
            verify_password(encoded, password)
        except WrongPasswordError:
            self._record_refusal(number)
            raise
        if new_password is not None:
            _check_change(password, new_password)
        elif temporary:
            raise PasswordChangeNeededError(
                "this password was set by IT for one login",
                hint="Choose your own: mumei office login NAME --new-password-file FILE",
            )
        key = SigningKey.generate() if kept is None else open_key(*kept, password)
        wanted = password if new_password is None else new_password
        anew = new_password is not None or is_outdated(encoded, self._cost)
        return _Opened(
            number=number,
            verified=encoded,
            key=key,
            is_new=kept is None,
            password=hash_password(wanted, self._cost) if anew else None,
            wrapped=wrapped_key(key, wanted, self._cost) if anew or kept is None else None,
            chosen=new_password is not None,
        )

    def _store(self, session: Session, opened: _Opened) -> ClerkRow:
        """Keep what :meth:`_open` made, unless somebody changed the account meanwhile."""
        lock(session)
        row, now = session.get(ClerkRow, opened.number, with_for_update=True), self._clock()
        if row is None or row.disabled or row.password != opened.verified:
            raise WrongPasswordError
        if opened.password is not None:
            row.password, row.temporary, row.changed_at = opened.password, False, now
        if opened.is_new and opened.wrapped is not None:
            keep_new_key(session, row, opened.key, opened.wrapped, now, clerk=row.name)
        elif opened.wrapped is not None:
            kept = current_key(session, row)
            if kept is None or kept.point != opened.key.point:
                raise WrongPasswordError
            kept.wrapped = opened.wrapped
        if opened.chosen:
            with signing_as(_session_of(row, opened.key)):
                record(session, at=now, clerk=row.name, action=AuditAction.CLERK_PASSWORD_SET, about=row.name)
        session.execute(
            delete(LoginTryRow).where(LoginTryRow.clerk_id == row.id, LoginTryRow.place == self._place)
        )
        return row

    def _record_refusal(self, number: int) -> None:
        with self._writing(None) as session:
            name = session.scalars(select(ClerkRow.name).where(ClerkRow.id == number)).one()
            record(session, at=self._clock(), clerk=name, action=AuditAction.LOGIN_REFUSED)

    def _count_try(self, name: str) -> tuple[int, str, bool, tuple[bytes, bytes] | None] | None:
        now = self._clock()
        with self._writing(None) as session:
            row = session.scalar(
                select(ClerkRow).where(ClerkRow.name == name, ClerkRow.disabled.is_(False)).with_for_update()
            )
            if row is None:
                return None
            tries = session.get(LoginTryRow, (row.id, self._place))
            if tries is None:
                tries = LoginTryRow(clerk_id=row.id, place=self._place, tries=0, wait_until=now)
                session.add(tries)
            wait = (tries.wait_until - now).total_seconds()
            if 0 < wait <= LONGEST_WAIT:
                raise LoginThrottledError(
                    f"too many wrong passwords: the next try is in {math.ceil(wait)} seconds",
                    hint="Wait. At another desk the clerk can log in meanwhile.",
                )
            tries.tries += 1
            tries.wait_until = now + _wait_after(tries.tries)
            key = current_key(session, row)
            kept = None if key is None or key.wrapped is None else (key.point, key.wrapped)
            return row.id, row.password, row.temporary, kept


def _wait_after(tries: int) -> timedelta:
    # Doubling from one second; the shift is bounded as the wait is.
    beyond = min(tries - FREE_TRIES, 6)
    return timedelta(seconds=min(1 << beyond, LONGEST_WAIT) if beyond > 0 else 0)


def _check_change(password: str, new_password: str) -> None:
    check_new_password(new_password)
    if password == new_password:
        raise UsageError("the new password is the old one", hint="Choose another.")


def _hashed(token: bytes) -> bytes:
    return hashlib.sha256(b"MUMEI-SESSION-V1" + token).digest()


def _find(session: Session, token: bytes, now: datetime) -> tuple[ClerkSessionRow, ClerkRow]:
    row = session.scalar(select(ClerkSessionRow).where(ClerkSessionRow.token_hash == _hashed(token)))
    clerk = None if row is None else session.get(ClerkRow, row.clerk_id)
    if row is None or clerk is None or clerk.disabled or now - row.started_at > LONGEST:
        raise NotLoggedInError(
            "nobody is logged in here, or not any more", hint="Run: mumei office login NAME"
        )
    return row, clerk


def _session_of(row: ClerkRow, key: SigningKey) -> ClerkSession:
    return ClerkSession(name=row.name, roles=from_text(row.roles), number=row.id, key=key)
