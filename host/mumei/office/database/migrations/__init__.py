"""The registry schema's history, applied by mumei.office.database.engine; Alembic loads env.py itself."""
