"""One world for all of these tests: making it takes seconds."""

from __future__ import annotations

import pytest
from tools.fuzz.samples import build
from tools.fuzz.world import World


@pytest.fixture(scope="session")
def made() -> World:
    """Cards, good objects and recorded sessions."""
    return build()
