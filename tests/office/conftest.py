"""A registry in a real file, on a day that does not move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fixtures.postgres import registry_url as registry_url
from tests.fixtures.postgres import sqlite_registry

from mumei.office.registry import Registry


def noon() -> datetime:
    """Noon in Japan on the tests' day, 2026-11-23."""
    return datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def registry_path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def registry(registry_path: Path) -> Iterator[Registry]:
    where = sqlite_registry(registry_path.parent)
    with Registry.open(where, clock=noon, busy_timeout=0.05) as registry:
        yield registry
