"""A registry whose clock can be moved, and its clerks: fixtures of several modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.clerks import Clock, noon_clock, staffed_registry

from mumei.office.clerks.session import ClerkSession
from mumei.office.registry import Registry


@pytest.fixture
def clock() -> Clock:
    return noon_clock()


@pytest.fixture
def office(registry_path: Path, registry: Registry, clock: Clock) -> Iterator[Registry]:
    """A registry without clerks; its clock can be moved."""
    registry.close()
    with Registry.open(registry_path, clock=clock) as opened:
        yield opened


@pytest.fixture
def people(office: Registry, registry_path: Path) -> dict[str, ClerkSession]:
    """Everybody is on record. The open registry connects to the new file by itself."""
    office.close()
    return staffed_registry(registry_path)
