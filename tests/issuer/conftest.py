"""One office CA for the whole run, and a service of its own for each module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.command_line import CHEAP
from tests.issuer.desks import Certificates, Desk, running
from tests.issuer.rooms import Room

from mumei.key_file import KeyFile


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("offices"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Desk]:
    with running(tmp_path_factory.mktemp("issuer"), certificates) as found:
        yield found


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """New key files cost nothing here: their passphrases guard nothing."""
    seal = KeyFile.seal

    def cheap(*arguments: Any, **options: Any) -> None:
        seal(*arguments, **(options | {"log2_n": CHEAP}))

    monkeypatch.setattr(KeyFile, "seal", staticmethod(cheap))
    made = Room(tmp_path)
    made.make_issuer()
    return made
