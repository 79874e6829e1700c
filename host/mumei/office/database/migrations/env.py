"""Runs the migrations on the connection that mumei.office.database.engine hands over (Alembic calls this file)."""

from __future__ import annotations

from alembic import context

from mumei.office.database.models import VERSION_TABLE
from mumei.office.database.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    # SQLite can take back DDL; all migrations or none.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
