"""One office CA for the whole run, and a service of its own for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.issuer.desks import Certificates, Desk, running


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.make(tmp_path_factory.mktemp("offices"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Desk]:
    with running(tmp_path_factory.mktemp("issuer"), certificates) as found:
        yield found
