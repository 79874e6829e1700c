"""What these tests share: a disk that does not keep them waiting."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch has 1,024 lists, each flushed to the disk: seconds, in which nothing is tested."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
