"""The schema's history: which migrations a registry lacks, and how it gets them without losing anything.

A registry that exists is first copied, on SQLite to ``ward.before-REVISION.db`` beside it; a server's back-up is
its administrator's (``pg_dump``). All migrations are one transaction: after a power cut the registry is as it was,
and the next opening begins anew. Where codes stood in clear, the database is swept afterwards, so that no free page
holds them; the copy does until somebody destroys it.
"""

from __future__ import annotations

import functools
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text, update

from mumei.office.database.code_vault import RegistryKeys
from mumei.office.database.errors import ForeignSchemaError, RegistryUnavailableError
from mumei.office.database.models import VERSION_TABLE
from mumei.office.database.models_residents import RegistryKeyRow
from mumei.office.database.schema import METADATA

_SCHEMA_LOCK: Final = 0x6D756D6569
"""PostgreSQL's advisory lock while the schema is made or changed: two programs must not both begin."""

BEFORE_KEYS: Final = "0001"
"""The revision in which codes stood in clear."""


def revision_of(connection: Connection) -> str | None:
    """The registry's revision; None where it is the newest.

    Raises ForeignSchemaError if the database is no registry, incomplete, or newer than we are.
    """
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        raise ForeignSchemaError(
            "the database holds no mumei registry",
            hint="Check the path or URL. A file left behind by a broken creation can be removed.",
        )
    known, newest = _revisions()
    heads = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads()
    if not known.issuperset(heads):
        raise ForeignSchemaError(
            "the registry was made by a newer mumei",
            hint="Update mumei on this computer; nothing was changed.",
        )
    if tuple(heads) != newest:
        return heads[0] if heads else "nothing"
    if not set(METADATA.tables) <= tables:
        raise ForeignSchemaError("tables of the registry are missing", hint="Restore it from its backup.")
    return None


@functools.cache
def _revisions() -> tuple[frozenset[str], tuple[str, ...]]:
    """Every schema that this program knows, and the newest: read once in a process."""
    script = ScriptDirectory.from_config(_config())
    known = frozenset(revision.revision for revision in script.walk_revisions())
    return known, tuple(script.get_heads())


def lock_schema(connection: Connection) -> None:
    """Let nobody else make or change the schema until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})


def upgrade(connection: Connection, keys: RegistryKeys) -> None:
    """Apply what is missing, inside the caller's transaction, on SQLite with foreign keys off.

    Raises ForeignSchemaError where records refer to nothing afterwards.
    """
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["keys"] = keys
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise ForeignSchemaError(
            "records of the registry refer to others that are not there", hint="Restore it from its backup."
        )


def back_up(file: Path, revision: str) -> Path:
    """A whole copy of an SQLite registry beside it, mode 0600; its name.

    One that is there from an attempt that broke off is replaced. Raises RegistryUnavailableError.
    """
    copy = file.with_name(f"{file.stem}.before-{revision}{file.suffix}")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(copy)
    except (OSError, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        raise RegistryUnavailableError(
            f"the registry could not be copied to {copy.name}, so it was not changed: {error}",
            hint="Check the folder and the space on the disk.",
        ) from None
    return copy


def sweep(engine: Engine, file: Path | None) -> None:
    """Write the database anew, so that no page still holds codes in clear."""
    engine.dispose()
    if file is not None:
        with closing(sqlite3.connect(file)) as raw:
            raw.execute("VACUUM")
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return  # Somebody reads: the next opening finishes it.
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM FULL resident")
    with engine.begin() as connection:
        connection.execute(update(RegistryKeyRow).values(swept=True))


def _config() -> Config:
    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
