"""Software cards are found by entry point and behave like a card in a reader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mumei.transport.base import CardConnection
from mumei.transport.simulator import open_simulator
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import draw_letter, initial_records
from mumei_core.errors import (
    CardBusyError,
    CardRemovedError,
    DataError,
    HostEnvironmentError,
    NoCardError,
    ProtocolError,
)

SELECT = bytes.fromhex("00A4040008F06D756D6569010100")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "holder.card"
    Nvm.create(str(path), initial_records("development", draw_letter())).close()
    return path


@pytest.fixture
def connection(file: Path) -> Iterator[CardConnection]:
    with open_simulator(file) as opened:
        yield opened


def test_a_card_answers_from_its_file(connection: CardConnection, file: Path) -> None:
    assert connection.name == str(file)
    assert 2 <= len(connection.atr) <= 33
    assert connection.supports_extended
    assert connection.transmit(SELECT).endswith(b"\x90\x00")


def test_a_card_taken_out_says_so(connection: CardConnection) -> None:
    connection.close()
    connection.close()
    with pytest.raises(CardRemovedError):
        connection.transmit(SELECT)


def test_less_than_a_header_is_no_command(connection: CardConnection) -> None:
    with pytest.raises(ProtocolError):
        connection.transmit(b"\x00")


def test_one_card_lies_in_one_reader_at_a_time(connection: CardConnection, file: Path) -> None:
    with pytest.raises(CardBusyError) as caught:
        open_simulator(file)
    assert caught.value.hint


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NoCardError) as caught:
        open_simulator(tmp_path / "none.card")
    assert "mumei-card new" in caught.value.hint


def test_a_file_that_is_no_card(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear office,")
    with pytest.raises(DataError):
        open_simulator(path)


def test_no_such_provider(file: Path) -> None:
    with pytest.raises(HostEnvironmentError, match="software"):
        open_simulator(file, provider="java")
