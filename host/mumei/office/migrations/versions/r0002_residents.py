"""Placeholder."""

from __future__ import annotations

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Nothing yet."""
