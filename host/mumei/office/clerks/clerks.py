"""Named clerks on record: added, given roles, disabled. The first is IT, and so is always one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import lock, record
from mumei.office.clerks.keys import drop_key, keep_new_key, wrapped_key
from mumei.office.clerks.passwords import DEFAULT_COST, PasswordCost, check_new_password, hash_password
from mumei.office.clerks.roles import Right, Role, check_roles, from_text, to_text
from mumei.office.clerks.session import ClerkSession, NotLoggedInError
from mumei.office.database.engine import DuplicateError
from mumei.office.database.models_clerks import ClerkRow, ClerkSessionRow
from mumei.office.records import NotFoundError
from mumei.office.registry_base import RegistryBase
from mumei.office.residents.text import check_text, tidy
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import UsageError

NAME_LIMIT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkRecord:
    """A clerk on record. ``temporary``: the password was set by IT and must be changed at the next login."""

    number: int
    name: str
    roles: frozenset[Role]
    temporary: bool
    disabled: bool
    added_at: datetime

    @classmethod
    def from_row(cls, row: ClerkRow) -> Self:
        """The row's value."""
        return cls(
            number=row.id,
            name=row.name,
            roles=from_text(row.roles),
            temporary=row.temporary,
            disabled=row.disabled,
            added_at=row.added_at,
        )


class Clerks(RegistryBase):
    """The clerks of a registry. Every change takes somebody with the right to manage them (NoRightError)."""

    def __init__(self, registry: RegistryBase, *, cost: PasswordCost = DEFAULT_COST) -> None:
        super().__init__(registry._engine, registry._clock)
        self._cost = cost

    def are_named(self) -> bool:
        """Whether there is any: if not, the registry is in set-up."""
        with self._reading() as session:
            return _any(session)

    def all(self) -> tuple[ClerkRecord, ...]:
        """Everybody, the disabled too, in the order they were added."""
        with self._reading() as session:
            rows = session.scalars(select(ClerkRow).order_by(ClerkRow.id))
            return tuple(ClerkRecord.from_row(row) for row in rows)

    def add(self, name: str, roles: frozenset[Role], password: str, *, by: ClerkSession) -> ClerkRecord:
        """Put a clerk on record.

        The first one chooses their own password; everybody else's is temporary. Raises UsageError for a password
        or roles that cannot be, and where the first clerk is not IT; DuplicateError for a name that was given
        before; DataError for a name that is none.
        """
        name = tidy(name)
        check_text("clerk's name", name, limit=NAME_LIMIT)
        check_roles(roles)
        check_new_password(password)
        encoded = hash_password(password, self._cost)
        key = SigningKey.generate()
        wrapped = b"" if by.named else wrapped_key(key, password, self._cost)
        with self._writing(by.name) as session:
            lock(session)
            first = not _any(session)
            _check_manager(by, first=first)
            if first and roles != {Role.IT}:
                raise UsageError(
                    "the first clerk has the role IT", hint="IT adds the others: --role IT for this one."
                )
            if session.scalar(select(ClerkRow.id).where(ClerkRow.name == name)) is not None:
                raise DuplicateError(
                    "a clerk of this name is on record", hint="Names are given once: add a distinction."
                )
            now = self._clock()
            row = ClerkRow(
                name=name,
                roles=to_text(roles),
                password=encoded,
                temporary=not first,
                disabled=False,
                added_at=now,
                changed_at=now,
            )
            session.add(row)
            session.flush()
            record(session, at=now, clerk=by.name, action=AuditAction.CLERK_ADDED, about=name)
            if first:
                keep_new_key(session, row, key, wrapped, now, clerk=by.name)
            return ClerkRecord.from_row(row)

    def set_roles(self, name: str, roles: frozenset[Role], *, by: ClerkSession) -> ClerkRecord:
        """Give a clerk other roles, from the next command on. Raises NotFoundError; UsageError for the last IT."""
        check_roles(roles)
        with self._managing(by, name) as (session, row):
            if Role.IT not in roles:
                _keep_an_it(session, row)
            if row.roles != to_text(roles):
                row.roles, row.changed_at = to_text(roles), self._clock()
                self._record(session, by, AuditAction.CLERK_ROLES_SET, row)
            return ClerkRecord.from_row(row)

    def disable(self, name: str, *, by: ClerkSession) -> ClerkRecord:
        """End a clerk's sessions and let them in no more. Raises NotFoundError; UsageError for the last IT."""
        with self._managing(by, name) as (session, row):
            _keep_an_it(session, row)
            if not row.disabled:
                row.disabled, row.changed_at = True, self._clock()
                _end_sessions(session, row)
                self._record(session, by, AuditAction.CLERK_DISABLED, row)
            return ClerkRecord.from_row(row)

    def enable(self, name: str, *, by: ClerkSession) -> ClerkRecord:
        """Let a disabled clerk in again. Raises NotFoundError."""
        with self._managing(by, name) as (session, row):
            if row.disabled:
                row.disabled, row.changed_at = False, self._clock()
                self._record(session, by, AuditAction.CLERK_ENABLED, row)
            return ClerkRecord.from_row(row)

    def reset_password(self, name: str, password: str, *, by: ClerkSession) -> ClerkRecord:
        """Set a temporary password for somebody who forgot theirs. Their signing key is gone with the old one.

        So nobody but the clerk ever has a password that opens the clerk's key.
        """
        check_new_password(password)
        encoded = hash_password(password, self._cost)
        with self._managing(by, name) as (session, row):
            row.password, row.temporary, row.changed_at = encoded, True, self._clock()
            drop_key(session, row)
            _end_sessions(session, row)
            self._record(session, by, AuditAction.CLERK_PASSWORD_SET, row)
            return ClerkRecord.from_row(row)

    @contextmanager
    def _managing(self, by: ClerkSession, name: str) -> Iterator[tuple[Session, ClerkRow]]:
        with self._writing(by.name) as session:
            # One at a time: two who disable each other must not leave nobody.
            lock(session)
            _check_manager(by, first=False)
            row = session.scalar(select(ClerkRow).where(ClerkRow.name == tidy(name)))
            if row is None:
                raise NotFoundError("there is no clerk of this name", hint="See: mumei office clerk list")
            yield session, row

    def _record(self, session: Session, by: ClerkSession, action: AuditAction, row: ClerkRow) -> None:
        record(session, at=self._clock(), clerk=by.name, action=action, about=row.name)


def _any(session: Session) -> bool:
    return session.scalar(select(ClerkRow.id).limit(1)) is not None


def _check_manager(by: ClerkSession, *, first: bool) -> None:
    if not (first or by.named):
        raise NotLoggedInError("the registry has named clerks by now", hint="Run: mumei office login NAME")
    by.require(Right.MANAGE_CLERKS)


def _keep_an_it(session: Session, row: ClerkRow) -> None:
    others = select(ClerkRow.id).where(
        ClerkRow.roles == Role.IT.value, ClerkRow.disabled.is_(False), ClerkRow.id != row.id
    )
    if row.roles == Role.IT.value and session.scalar(others.limit(1)) is None:
        raise UsageError(
            "this is the only clerk with the role IT", hint="Add another one with the role IT first."
        )


def _end_sessions(session: Session, row: ClerkRow) -> None:
    session.execute(delete(ClerkSessionRow).where(ClerkSessionRow.clerk_id == row.id))
