"""What these tests share: a disk that does not keep them waiting."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from mumei.trustee import points


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch has 1,024 lists, each flushed to the disk: seconds, in which nothing is tested."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def four_buckets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An epoch of 64 points in the place of 1,024, in this process: the same rules in a sixteenth of the time."""
    monkeypatch.setattr(points, "BUCKETS", 4)
    points._computed.cache_clear()
    yield
    points._computed.cache_clear()
