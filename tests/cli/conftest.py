"""A folder with an issuer and a registry, on the day of the sample residents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import Place, calendar_at, make_place

from mumei.office.registry import Registry


@pytest.fixture(scope="session")
def registry_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with the sample residents and nothing else, closed."""
    path = tmp_path_factory.mktemp("registry") / "ward.db"
    with Registry.create(path, clock=world.noon) as registry:
        registry.import_residents(world.residents(), clerk="sato")
    return path


@pytest.fixture
def place(tmp_path: Path, registry_template: Path) -> Iterator[Place]:
    """Issuer ``gifu``, registry ``ward.db``; today is the sample residents' day."""
    with calendar_at(world.TODAY):
        yield make_place(tmp_path, registry_template)
