"""Opens the registry's database: SQLite by default, PostgreSQL by URL; the schema is Alembic's work."""

from __future__ import annotations

import hmac
import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from mumei.office.database import upgrading
from mumei.office.database.code_vault import CodeVault, RegistryKeyError, RegistryKeys
from mumei.office.database.errors import DuplicateError as DuplicateError
from mumei.office.database.errors import ForeignSchemaError as ForeignSchemaError
from mumei.office.database.errors import RegistryLockedError as RegistryLockedError
from mumei.office.database.errors import RegistryUnavailableError as RegistryUnavailableError
from mumei.office.database.errors import translated_errors as translated_errors
from mumei.office.database.models_residents import RegistryKeyRow
from mumei.office.database.place import RegistryPlace, Where, place_of
from mumei.office.database.registry_key import load_keys, new_keys, save_keys
from mumei_core.errors import UsageError

_WRITE: Final = "mumei_write"
_UPGRADE: Final = "mumei_upgrade"
_CONNECT_LIMIT: Final = 10
"""Seconds to wait for a server to answer at all."""


class KeyRing:
    """The registry's keys, read again when the registry names one that was made meanwhile."""

    def __init__(self, file: Path, keys: RegistryKeys) -> None:
        self.file = file
        self.keys = keys

    def vault(self, number: int) -> CodeVault:
        """Raises RegistryKeyError where the key file does not hold it."""
        if not self.keys.has(number):
            self.keys = load_keys(self.file)
        return self.keys.vault(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDatabase:
    """A database that is a registry of this version, and its keys. ``copy``: what an upgrade left behind."""

    engine: Engine
    ring: KeyRing
    copy: Path | None = None


def create_database(where: Where, *, busy_timeout: float) -> OpenDatabase:
    """Make a new, empty registry. Its files are made with mode 0600; none is overwritten.

    A key file that is there is used. Raises UsageError, DuplicateError, RegistryUnavailableError,
    RegistryKeyError.
    """
    place = place_of(where)
    path, key = place.file, place.key
    made = [path] if path else []
    if path:
        _make_file(path)
    try:
        if not key.exists():
            save_keys(new_keys(), key)
            made.append(key)
        ring = KeyRing(key, load_keys(key))
        engine = _engine(place, busy_timeout)
        with translated_errors(), _for_upgrading(engine).begin() as connection:
            upgrading.lock_schema(connection)
            if inspect(connection).get_table_names():
                raise DuplicateError("the database is not empty", hint="Open it, or name an empty database.")
            upgrading.upgrade(connection, ring.keys)
        engine.dispose()
    except BaseException:
        for leftover in made:
            for suffix in ("", "-wal", "-shm"):
                leftover.with_name(f"{leftover.name}{suffix}").unlink(missing_ok=True)
        raise
    return OpenDatabase(engine=engine, ring=ring)


def open_database(where: Where, *, busy_timeout: float) -> OpenDatabase:
    """Open a registry and bring an older schema up to date (:mod:`mumei.office.database.upgrading`).

    Raises UsageError, ForeignSchemaError, RegistryLockedError, RegistryUnavailableError, RegistryKeyError.
    """
    place = place_of(where)
    path, key = place.file, place.key
    if path:
        _check_file(path)
    engine = _engine(place, busy_timeout)
    copy = None
    try:
        with translated_errors(), engine.connect() as connection:
            revision = upgrading.revision_of(connection)
        ring = KeyRing(key, load_keys(key))
        if revision is not None:
            copy = upgrading.back_up(path, revision) if path else None
            _upgrade(engine, ring.keys)
        with translated_errors():
            if not _check_key(engine, ring):
                upgrading.sweep(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return OpenDatabase(engine=engine, ring=ring, copy=copy)


def upgrade_database(where: Where, *, busy_timeout: float = 60.0) -> Path | None:
    """Open a registry once, with a fresh key file if it has none and is of before keys; the copy made, if any.

    Raises as :func:`open_database`.
    """
    place = place_of(where)
    if not place.key.exists():
        engine = _engine(place, busy_timeout)
        if place.file:
            _check_file(place.file)
        with translated_errors(), engine.connect() as connection:
            revision = upgrading.revision_of(connection)
        engine.dispose()
        # A registry that had a key and lost it must not get another one.
        if revision == upgrading.BEFORE_KEYS:
            save_keys(new_keys(), place.key)
    opened = open_database(where, busy_timeout=busy_timeout)
    opened.engine.dispose()
    return opened.copy


def _upgrade(engine: Engine, keys: RegistryKeys) -> None:
    with translated_errors(), _for_upgrading(engine).begin() as connection:
        upgrading.lock_schema(connection)
        # Another program may have been first.
        if upgrading.revision_of(connection) is not None:
            upgrading.upgrade(connection, keys)
    # The connection of the upgrade does not watch over references.
    engine.dispose()


def _check_key(engine: Engine, ring: KeyRing) -> bool:
    """Whether the database was swept. Raises RegistryKeyError for a key file that is not this registry's."""
    with engine.connect() as connection:
        row = connection.execute(
            select(RegistryKeyRow.number, RegistryKeyRow.check_value, RegistryKeyRow.swept)
        ).one()
    if not hmac.compare_digest(ring.vault(row.number).check_value(), row.check_value):
        raise RegistryKeyError(
            f"{ring.file.name} is another registry's key file",
            hint="Name this registry's own with --registry-key.",
        )
    return bool(row.swept)


def for_writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock at their beginning.

    A transaction that read first and wrote later could find that another one wrote in between, too late to
    wait.
    """
    return engine.execution_options(**{_WRITE: True})


def _for_upgrading(engine: Engine) -> Engine:
    """The same for changes of the schema: SQLite makes a table anew, so what refers to it hangs loose meanwhile."""
    return engine.execution_options(**{_WRITE: True, _UPGRADE: True})


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
        options = connection.get_execution_options()
        if options.get(_UPGRADE, False):
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        write = options.get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
