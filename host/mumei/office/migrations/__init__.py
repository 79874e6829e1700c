"""The registry schema's history, applied by mumei.office.database; Alembic loads env.py itself."""
