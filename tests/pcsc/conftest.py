"""A real pcscd with virtual readers, and a software card in the first of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.pcscd import FIRST_READER, Pcscd, ServedCard, exclusive, missing, wait_until_empty

from mumei.transport import pcsc
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records

TRANSPORT_PIN = "12345"
PUK = "12345678"


@pytest.fixture(scope="session")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    with exclusive():
        reason = missing()
        if reason and os.environ.get("CI") == "true":
            pytest.fail(f"no PC/SC service: {reason}")
        if reason:
            pytest.skip(f"no PC/SC service: {reason}")
        service = Pcscd(tmp_path_factory.mktemp("pcscd"))
        try:
            yield service
        finally:
            service.stop()


@pytest.fixture
def pcscd(_service: Pcscd) -> Iterator[Pcscd]:
    """A running service with two empty virtual readers; a test may stop it."""
    if _service.is_running and len(pcsc.list_readers()) != 2:
        _service.stop()
    if not _service.is_running:
        _service.start()
    yield _service


@pytest.fixture
def card_file(tmp_path: Path) -> Path:
    """A new card's file."""
    file = tmp_path / "holder.card"
    Nvm.create(
        str(file), initial_records("development", PinLetter(transport_pin=TRANSPORT_PIN, puk=PUK))
    ).close()
    return file


@pytest.fixture
def served_card(pcscd: Pcscd, card_file: Path) -> Iterator[ServedCard]:
    """A new card in the first virtual reader."""
    card = ServedCard(card_file, port=pcscd.port, reader=FIRST_READER)
    try:
        yield card
    finally:
        card.take_out()
        wait_until_empty(FIRST_READER)
