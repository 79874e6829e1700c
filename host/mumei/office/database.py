"""Opens the registry's database: SQLite by default, PostgreSQL by URL; the schema is Alembic's work."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from mumei.office.database_errors import DuplicateError as DuplicateError
from mumei.office.database_errors import ForeignSchemaError as ForeignSchemaError
from mumei.office.database_errors import RegistryLockedError as RegistryLockedError
from mumei.office.database_errors import RegistryUnavailableError as RegistryUnavailableError
from mumei.office.database_errors import translated_errors as translated_errors
from mumei.office.models import VERSION_TABLE
from mumei.office.place import RegistryPlace, Where, place_of
from mumei.office.schema import METADATA
from mumei_core.errors import UsageError

_WRITE: Final = "mumei_write"
_CONNECT_LIMIT: Final = 10
"""Seconds to wait for a server to answer at all."""

_SCHEMA_LOCK: Final = 0x6D756D6569
"""PostgreSQL's advisory lock while the schema is made or changed: two programs must not both begin."""


def create_database(where: Where, *, busy_timeout: float) -> Engine:
    """Make a new, empty registry and return its engine. A file is made with mode 0600; none is overwritten.

    Raises UsageError, DuplicateError, RegistryUnavailableError.
    """
    place = place_of(where)
    path = place.file
    if path:
        _make_file(path)
    try:
        engine = _engine(place, busy_timeout)
        with translated_errors(), for_writing(engine).begin() as connection:
            _lock_schema(connection)
            if inspect(connection).get_table_names():
                raise DuplicateError("the database is not empty", hint="Open it, or name an empty database.")
            _upgrade(connection)
    except BaseException:
        if path:
            for leftover in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                leftover.unlink(missing_ok=True)
        raise
    return engine


def open_database(where: Where, *, busy_timeout: float) -> Engine:
    """Open a registry, bring an older schema up to date, and return its engine.

    Raises UsageError, ForeignSchemaError, RegistryLockedError, RegistryUnavailableError.
    """
    place = place_of(where)
    path = place.file
    if path:
        _check_file(path)
    engine = _engine(place, busy_timeout)
    try:
        with translated_errors():
            with engine.connect() as connection:
                current = _check_schema(connection)
            if not current:
                with for_writing(engine).begin() as connection:
                    _lock_schema(connection)
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


def _engine(place: RegistryPlace, busy_timeout: float) -> Engine:
    backend = place.url.get_backend_name()
    arguments: dict[str, object] = {}
    if backend == "postgresql":
        arguments = {
            "connect_timeout": _CONNECT_LIMIT,
            "options": f"-c lock_timeout={int(busy_timeout * 1000)} -c timezone=UTC",
            "application_name": "mumei",
        }
    try:
        # Without hide_parameters an error would print names, codes and entropy. A connection that was cut while
        # idle is noticed before use.
        engine = create_engine(
            place.url, hide_parameters=True, connect_args=arguments, pool_pre_ping=backend != "sqlite"
        )
    except (NoSuchModuleError, ImportError):
        raise UsageError(
            "there is no driver for this kind of database",
            hint="Use SQLite, or install the PostgreSQL driver: pip install mumei[postgres].",
        ) from None
    if backend == "sqlite":
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


def _lock_schema(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})


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
    if newest and not set(METADATA.tables) <= tables:
        raise ForeignSchemaError("tables of the registry are missing", hint="Restore it from its backup.")
    return newest
