"""Opens the ledger's database: an SQLite file beside the issuer's key, or PostgreSQL by URL."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from mumei.issuer.issuance import LedgerConflict
from mumei.issuer.ledger_models import SCHEMA_VERSION, Base, LedgerRow
from mumei_core.errors import DataError, HostEnvironmentError, TrustError, UsageError

#: Seconds that one writer waits for another.
BUSY_LIMIT: Final = 10.0
_WRITE: Final = "mumei_write"
_SQLITE_WORDS: Final = {
    sqlite3.SQLITE_BUSY: "is being written by another program, which does not finish",
    sqlite3.SQLITE_LOCKED: "is being written by another program, which does not finish",
    sqlite3.SQLITE_PERM: "may not be used by this user",
    sqlite3.SQLITE_READONLY: "may not be written by this user",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk fails",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
}
_SQLITE_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class LedgerUnavailableError(HostEnvironmentError):
    """The ledger cannot be read or written now. Nothing was signed and nothing changed."""


def open_engine(where: str | os.PathLike[str], *, busy_limit: float = BUSY_LIMIT) -> Engine:
    """Open a ledger, and make its tables where the database is new. A file is made with mode 0600.

    Raises UsageError, DataError for what is no ledger or a newer one's, LedgerUnavailableError.
    """
    url = _url_of(where)
    file = _file_of(url)
    if file is not None:
        _make_or_check(file)
    try:
        # Without hide_parameters an error would print what is on record.
        engine = create_engine(url, hide_parameters=True)
    except (NoSuchModuleError, ImportError):
        raise UsageError(
            "there is no driver for this kind of database",
            hint="Name a file, or postgresql://... with the 'postgres' extra installed.",
        ) from None
    if file is not None:
        _configure_sqlite(engine, busy_limit)
    try:
        with translated_errors(), Session(for_writing(engine)) as session, session.begin():
            _check_or_make_tables(session)
    except BaseException:
        engine.dispose()
        raise
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock at their beginning."""
    return engine.execution_options(**{_WRITE: True})


@contextmanager
def translated_errors() -> Iterator[None]:
    """Database errors become families with a hint; values never reach a message."""
    try:
        yield
    except IntegrityError:
        raise LedgerConflict(
            "the ledger holds such an entry already", hint="Begin a new enrolment with a new card."
        ) from None
    except DBAPIError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        if primary in _SQLITE_DAMAGE:
            raise TrustError(
                "the ledger's file is damaged, or no ledger",
                hint="Restore it from its back-up; sign nothing.",
            ) from None
        raise LedgerUnavailableError(
            f"the ledger {_SQLITE_WORDS.get(primary or 0, 'does not answer as it should')}",
            hint="Check disk, permissions and database service; nothing was signed, asking again is safe.",
        ) from None


def _url_of(where: str | os.PathLike[str]) -> URL:
    if isinstance(where, os.PathLike) or "://" not in where:
        return URL.create("sqlite", database=os.fspath(where))
    try:
        url = make_url(where)
    except ArgumentError:
        raise UsageError(
            "this is no database URL", hint="Name a file, or postgresql://user@host/name."
        ) from None
    # SQLAlchemy takes a bare "postgresql" for an older driver than the one that is installed with us.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _file_of(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UsageError("a ledger in memory would be lost", hint="Name a file.")
    return Path(url.database)


def _make_or_check(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600))
        mode = file.stat().st_mode
    except OSError as error:
        raise LedgerUnavailableError(
            f"the ledger {file.name} cannot be opened: {error.strerror}",
            hint="Check the folder and its permissions.",
        ) from None
    if not stat.S_ISREG(mode):
        raise DataError(f"{file.name} is no file", hint="Name the ledger's file itself.")
    if mode & 0o077:
        raise LedgerUnavailableError(
            f"other users may read or write {file.name} (mode {stat.S_IMODE(mode):04o})",
            hint=f"Run: chmod 600 {file.name}",
        )


def _configure_sqlite(engine: Engine, busy_limit: float) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        # Python's own transaction handling commits around DDL; BEGIN is sent below instead.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(busy_limit * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: in WAL mode less may forget the last transactions when power fails, and entropy with them.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _check_or_make_tables(session: Session) -> None:
    connection = session.connection()
    tables = set(inspect(connection).get_table_names())
    if not tables:
        Base.metadata.create_all(connection)
        session.add(LedgerRow(id=1, version=SCHEMA_VERSION))
        return
    if not set(Base.metadata.tables) <= tables:
        raise DataError(
            "the database holds no issuer's ledger", hint="Name the ledger, or an empty database."
        )
    if session.scalar(select(LedgerRow.version)) != SCHEMA_VERSION:
        raise DataError("the ledger was made by another version of mumei", hint="Update mumei here.")
