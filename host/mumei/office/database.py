"""Opens the registry's database: SQLite by default, PostgreSQL by URL; the schema is Alembic's work."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from mumei.office.models import VERSION_TABLE, Base
from mumei_core.errors import DataError, HostEnvironmentError, UsageError

_WRITE: Final = "mumei_write"

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


class RegistryLockedError(HostEnvironmentError):
    """Another program writes to the registry and did not finish in time. Nothing was changed."""


class RegistryUnavailableError(HostEnvironmentError):
    """The database does not answer, or this user may not read or write it."""


class ForeignSchemaError(DataError):
    """The database is no registry, a damaged one, or one of a newer mumei."""


class DuplicateError(DataError):
    """The registry has such an entry already. Nothing was changed."""


def create_database(where: str | os.PathLike[str], *, busy_timeout: float) -> Engine:
    """Make a new, empty registry and return its engine. A file is made with mode 0600; none is overwritten.

    Raises UsageError, DuplicateError, RegistryUnavailableError.
    """
    url = _url_of(where)
    path = _sqlite_path(url)
    if path:
        _make_file(path)
    try:
        engine = _engine(url, busy_timeout)
        with translated_errors(), for_writing(engine).begin() as connection:
            if inspect(connection).get_table_names():
                raise DuplicateError("the database is not empty", hint="Open it, or name an empty database.")
            _upgrade(connection)
    except BaseException:
        if path:
            for leftover in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                leftover.unlink(missing_ok=True)
        raise
    return engine


def open_database(where: str | os.PathLike[str], *, busy_timeout: float) -> Engine:
    """Open a registry, bring an older schema up to date, and return its engine.

    Raises UsageError, ForeignSchemaError, RegistryLockedError, RegistryUnavailableError.
    """
    url = _url_of(where)
    path = _sqlite_path(url)
    if path:
        _check_file(path)
    engine = _engine(url, busy_timeout)
    try:
        with translated_errors():
            with engine.connect() as connection:
                current = _check_schema(connection)
            if not current:
                with for_writing(engine).begin() as connection:
                    _upgrade(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock at their beginning.

    A transaction that read first and wrote later could find that another one wrote in between, too late to
    wait.
    """
    return engine.execution_options(**{_WRITE: True})


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn database errors into families with a hint; values and passwords never reach a message."""
    try:
        yield
    except IntegrityError:
        raise DuplicateError(
            "the database refused a duplicate or contradictory entry",
            hint="Somebody may have entered the same just now: look the record up and try again.",
        ) from None
    except DBAPIError as error:
        raise _family(error.orig) from None
    except sqlite3.Error as error:
        raise _family(error) from None


def _family(error: BaseException | None) -> HostEnvironmentError | DataError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RegistryLockedError(
            "another program is writing to the registry",
            hint="Wait a moment and try again; close other programs that have the registry open.",
        )
    if primary in _SQLITE_DAMAGE:
        return ForeignSchemaError(
            f"the registry's file {_SQLITE_DAMAGE[primary]}",
            hint="Check the path; restore the registry from its backup.",
        )
    reason = _SQLITE_ENVIRONMENT.get(primary or 0, "does not answer as it should")
    return RegistryUnavailableError(
        f"the registry's database {reason}",
        hint="Check the path or URL, the permissions, the space on the disk and the database service.",
    )


def _url_of(where: str | os.PathLike[str]) -> URL:
    if isinstance(where, os.PathLike) or "://" not in where:
        return URL.create("sqlite", database=os.fspath(where))
    try:
        return make_url(where)
    except ArgumentError:
        raise UsageError(
            "this is no database URL", hint="Write sqlite:///registry.db or postgresql://user@host/name."
        ) from None


def _sqlite_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UsageError("a registry in memory would be lost", hint="Name a file: sqlite:///registry.db.")
    return Path(url.database)


def _make_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        # The mode stays with the file. Not set on opening: that would write to databases that are not ours.
        with translated_errors(), closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except FileExistsError:
        raise DuplicateError(
            f"{path.name} is there already, and a registry is never overwritten",
            hint="Open it, or choose another name.",
        ) from None
    except OSError as error:
        raise RegistryUnavailableError(
            f"{path.name} cannot be made: {error.strerror}", hint="Check the folder and its permissions."
        ) from None


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise RegistryUnavailableError(
            f"there is no registry {path.name} to open: {error.strerror}",
            hint="Check the path, or create the registry first.",
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise ForeignSchemaError(f"{path.name} is no file", hint="Name the registry's file itself.")
    if status.st_mode & 0o077:
        raise RegistryUnavailableError(
            f"other users may read or write {path.name} (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"Run: chmod 600 {path.name}",
        )


def _engine(url: URL, busy_timeout: float) -> Engine:
    try:
        # Without hide_parameters an error would print names, codes and entropy.
        engine = create_engine(url, hide_parameters=True)
    except (NoSuchModuleError, ImportError):
        raise UsageError(
            "there is no driver for this kind of database",
            hint="Use SQLite, or install the PostgreSQL driver that the URL names.",
        ) from None
    if url.get_backend_name() == "sqlite":
        _configure_sqlite(engine, busy_timeout)
    return engine


def _configure_sqlite(engine: Engine, busy_timeout: float) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        # Python's own transaction handling commits around DDL; BEGIN is sent below instead.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _alembic_config() -> Config:
    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check_schema(connection: Connection) -> bool:
    """Whether the schema is the newest. Raises ForeignSchemaError if it is not ours or newer than we are."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        raise ForeignSchemaError(
            "the database holds no mumei registry",
            hint="Check the path or URL. A file left behind by a broken creation can be removed.",
        )
    script = ScriptDirectory.from_config(_alembic_config())
    heads = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads()
    if not set(heads) <= {revision.revision for revision in script.walk_revisions()}:
        raise ForeignSchemaError(
            "the registry was made by a newer mumei",
            hint="Update mumei on this computer; nothing was changed.",
        )
    newest = tuple(heads) == tuple(script.get_heads())
    if newest and not set(Base.metadata.tables) <= tables:
        raise ForeignSchemaError("tables of the registry are missing", hint="Restore it from its backup.")
    return newest
