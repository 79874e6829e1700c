"""What can be wrong with the registry's database, on SQLite and PostgreSQL in the same families, with what to do.

Codes: SQLite's primary result codes; PostgreSQL's SQLSTATE (its documentation, appendix A).
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from mumei_core.errors import DataError, HostEnvironmentError, MumeiError

_P = ParamSpec("_P")
_T = TypeVar("_T")

_TRIES: Final = 3

_SQLITE_ENVIRONMENT: Final = {
    sqlite3.SQLITE_PERM: "may not be used by this user",
    sqlite3.SQLITE_READONLY: "may not be written by this user",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk fails",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
}
_SQLITE_DAMAGE: Final = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is no SQLite database",
}

_SQLSTATE_CONTENTION: Final = frozenset({"40001", "40P01"})
_SQLSTATE_LOCKED: Final = frozenset({"55P03", "57014"})
_SQLSTATE_DAMAGE: Final = frozenset({"XX001", "XX002"})
_SQLSTATE_REFUSED: Final = frozenset({"P0001"})
"""Raised by our own triggers."""
_SQLSTATE_ENVIRONMENT: Final = {
    "25006": "may not be written: the server is read-only",
    "28000": "may not be used by this user",
    "28P01": "refuses this user's password",
    "3D000": "is not on the server",
    "42501": "may not be read or written by this user",
    "53100": "cannot be written: the server's disk is full",
    "53200": "cannot be used: the server is out of memory",
    "53300": "has too many connections already",
    "57P01": "was shut down",
    "57P02": "was shut down by a crash of the server",
    "57P03": "is starting or stopping: it takes no connection yet",
}


class RegistryLockedError(HostEnvironmentError):
    """Another program writes to the registry and did not finish in time. Nothing was changed."""


class ContentionError(RegistryLockedError):
    """Two offices wanted the same rows in another order, and this one gave way. Nothing was changed."""


class RegistryUnavailableError(HostEnvironmentError):
    """The database does not answer, or this user may not read or write it."""


class ForeignSchemaError(DataError):
    """The database is no registry, a damaged one, or one of a newer mumei."""


class DuplicateError(DataError):
    """The registry has such an entry already. Nothing was changed."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn database errors into families with a hint; values and passwords never reach a message."""
    try:
        yield
    except IntegrityError:
        raise _refused() from None
    except StaleDataError:
        raise ContentionError(
            "another office changed the same record at this moment", hint="Nothing was changed: try again."
        ) from None
    except DBAPIError as error:
        raise _family(error.orig) from None
    except sqlite3.Error as error:
        raise _family(error) from None


def retrying(transaction: Callable[_P, _T]) -> Callable[_P, _T]:
    """A whole transaction that is done again, twice at most, when it gave way to another office's.

    Only for what can be: all of it inside, and nothing outside the database done in between.
    """

    @functools.wraps(transaction)
    def again(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        for _ in range(_TRIES - 1):
            try:
                return transaction(*args, **kwargs)
            except ContentionError:
                continue
        return transaction(*args, **kwargs)

    return again


def _family(error: BaseException | None) -> MumeiError:
    sqlstate = getattr(error, "sqlstate", None)
    return _postgresql_family(sqlstate) if isinstance(sqlstate, str) else _sqlite_family(error)


def _postgresql_family(sqlstate: str) -> MumeiError:
    if sqlstate in _SQLSTATE_CONTENTION:
        return ContentionError(
            "another office changed the same records at this moment", hint="Nothing was changed: try again."
        )
    if sqlstate in _SQLSTATE_LOCKED:
        return _locked()
    if sqlstate in _SQLSTATE_REFUSED:
        return _refused()
    if sqlstate in _SQLSTATE_DAMAGE:
        return _damaged("database is damaged")
    return _unavailable(_SQLSTATE_ENVIRONMENT.get(sqlstate, "does not answer as it should"))


def _sqlite_family(error: BaseException | None) -> MumeiError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _locked()
    if primary in _SQLITE_DAMAGE:
        return _damaged(f"file {_SQLITE_DAMAGE[primary]}")
    # A server that cannot be reached has no code either.
    return _unavailable(_SQLITE_ENVIRONMENT.get(primary or 0, "does not answer as it should"))


def _refused() -> DuplicateError:
    return DuplicateError(
        "the database refused a duplicate or contradictory entry",
        hint="Somebody may have entered the same just now: look the record up and try again.",
    )


def _locked() -> RegistryLockedError:
    return RegistryLockedError(
        "another program is writing to the registry",
        hint="Wait a moment and try again; close other programs that have the registry open.",
    )


def _damaged(what: str) -> ForeignSchemaError:
    return ForeignSchemaError(
        f"the registry's {what}", hint="Check the path; restore the registry from its backup."
    )


def _unavailable(why: str) -> RegistryUnavailableError:
    return RegistryUnavailableError(
        f"the registry's database {why}",
        hint="Check the path or URL, the permissions, the space on the disk and the database service.",
    )
