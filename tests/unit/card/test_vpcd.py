"""The card at vpcd's socket: a small stand-in for vpcd speaks to it over loopback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from mumei_card.chip.nvm import Nvm
from mumei_card.link.in_process import SoftwareCard, open_card
from mumei_card.link.vpcd import GET_ATR, HOST, POWER_OFF, POWER_ON, RESET, VpcdLink
from mumei_card.personalisation import initial_records
from mumei_core.errors import NoServiceError

from .conftest import LETTER

PATIENCE = 20.0
SET_PIN = bytes.fromhex("002400030B3132333435313233343536")
VERIFY = bytes.fromhex("0020000306313233343536")
ASK = bytes.fromhex("00200003")


class Reader:
    """vpcd's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        self.connection = connection

    def say(self, message: bytes) -> None:
        self.connection.sendall(len(message).to_bytes(2) + message)

    def hear(self) -> bytes:
        return self._exactly(int.from_bytes(self._exactly(2)))

    def ask(self, message: bytes) -> bytes:
        self.say(message)
        return self.hear()

    def _exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            piece = self.connection.recv(count - len(received))
            assert piece, "the card closed the connection"
            received += piece
        return received


class FakeVpcd:
    """A listening socket, as vpcd's slot is one."""

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]

    def accept(self) -> Reader:
        connection, _ = self._listener.accept()
        return Reader(connection)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def vpcd() -> Iterator[FakeVpcd]:
    server = FakeVpcd()
    yield server
    server.close()


@contextmanager
def serving(vpcd: FakeVpcd, card: SoftwareCard | None = None) -> Iterator[VpcdLink]:
    """A card, else one with PIN 123456, served from a thread."""
    if card is None:
        card = SoftwareCard(Nvm.in_memory(initial_records("development", LETTER)))
        assert card.transmit(SET_PIN) == b"\x90\x00"
    link = VpcdLink(card, port=vpcd.port, patience=PATIENCE)
    thread = threading.Thread(target=link.run)
    thread.start()
    try:
        yield link
    finally:
        link.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the link does not stop when told to"
        link.close()


def test_it_tells_its_atr_and_answers_commands(vpcd: FakeVpcd) -> None:
    with serving(vpcd):
        reader = vpcd.accept()
        reader.say(bytes((POWER_ON,)))
        assert reader.ask(bytes((GET_ATR,))) == SoftwareCard(Nvm.in_memory({})).atr
        assert reader.ask(ASK) == bytes.fromhex("63C3")
        assert reader.ask(bytes.fromhex("00B0810000"))[-2:] == b"\x90\x00"


@pytest.mark.parametrize("control", [POWER_OFF, RESET])
def test_power_off_and_reset_end_the_session(vpcd: FakeVpcd, control: int) -> None:
    with serving(vpcd):
        reader = vpcd.accept()
        reader.ask(VERIFY)
        assert reader.ask(ASK) == b"\x90\x00"
        reader.say(bytes((control,)))
        reader.say(bytes((POWER_ON,)))
        assert reader.ask(ASK) == bytes.fromhex("63C3")


@pytest.mark.parametrize("message", [b"", b"\x55", b"\x00\xa4", b"\x00\xa4\x04"])
def test_what_is_no_command_is_answered_too(vpcd: FakeVpcd, message: bytes) -> None:
    with serving(vpcd):
        assert vpcd.accept().ask(message) == bytes.fromhex("6700")


def test_a_message_may_come_octet_by_octet_and_be_long(vpcd: FakeVpcd) -> None:
    with serving(vpcd):
        reader = vpcd.accept()
        for octet in b"\x00\x04" + ASK:
            reader.connection.sendall(bytes((octet,)))
        assert reader.hear() == bytes.fromhex("63C3")
        assert reader.ask(bytes(60_000)) == bytes.fromhex("6700")


def test_it_comes_back_when_pcscd_restarts_with_the_session_lost(vpcd: FakeVpcd) -> None:
    with serving(vpcd):
        first = vpcd.accept()
        first.ask(VERIFY)
        first.connection.close()
        assert vpcd.accept().ask(ASK) == bytes.fromhex("63C3")


def test_a_card_that_is_not_noticed_as_new_leaves_and_comes_back(vpcd: FakeVpcd) -> None:
    with serving(vpcd):
        first = vpcd.accept()
        pause = threading.Event()
        with pytest.raises((AssertionError, ConnectionError)):
            # As pcscd looks for a card that it believes it knows: it never powers it up.
            first.say(bytes((POWER_OFF,)))
            while first.ask(bytes((GET_ATR,))):
                pause.wait(0.1)
        second = vpcd.accept()
        second.say(bytes((POWER_ON,)))
        assert second.ask(ASK) == bytes.fromhex("63C3")


def test_a_connection_cut_in_the_middle_of_a_message_is_survived(vpcd: FakeVpcd) -> None:
    with serving(vpcd):
        first = vpcd.accept()
        first.connection.sendall(b"\x00\x04\x00\x20")
        first.connection.close()
        assert vpcd.accept().ask(ASK) == bytes.fromhex("63C3")


def test_it_gives_up_with_a_hint_when_there_is_no_reader(vpcd: FakeVpcd) -> None:
    vpcd.close()
    link = VpcdLink(SoftwareCard(Nvm.in_memory({})), port=vpcd.port, patience=0)
    with pytest.raises(NoServiceError) as caught:
        link.run()
    link.close()
    assert "pcscd" in caught.value.hint


def test_a_socket_that_met_itself_is_no_reader(vpcd: FakeVpcd, mocker: MockerFixture) -> None:
    vpcd.close()
    here = (HOST, vpcd.port)
    connect = socket.create_connection
    mocker.patch("socket.create_connection", lambda address, timeout: connect(address, timeout, here))
    link = VpcdLink(SoftwareCard(Nvm.in_memory({})), port=vpcd.port, patience=0)
    with pytest.raises(NoServiceError):
        link.run()
    link.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_cleanly_on_a_signal(vpcd: FakeVpcd, tmp_path: Path, number: int) -> None:
    file = tmp_path / "card"
    Nvm.create(file, initial_records("development", LETTER)).close()
    command = [sys.executable, "-m", "mumei_card", "serve", str(file), "--port", str(vpcd.port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        reader = vpcd.accept()
        assert reader.ask(SET_PIN) == b"\x90\x00"
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "serving" in said
    assert "Traceback" not in said
    card = open_card(str(file))
    assert card.transmit(ASK) == bytes.fromhex("63C3")
    card.close()


class BusyCard(SoftwareCard):
    """A card with two pieces of work of its own; ``events``: what it did, in order."""

    def __init__(self, nvm: Nvm) -> None:
        super().__init__(nvm)
        self.events: list[str] = []
        self.has_rested = threading.Event()
        self._left = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.events.append("command")
        self._left = 2
        return super().transmit(apdu)

    def idle(self) -> bool:
        if not self._left:
            self.has_rested.set()
            return False
        self._left -= 1
        self.events.append("work")
        return True


def test_the_card_works_between_commands_and_never_before_an_answer(vpcd: FakeVpcd) -> None:
    card = BusyCard(Nvm.in_memory(initial_records("development", LETTER)))
    with serving(vpcd, card):
        reader = vpcd.accept()
        assert card.has_rested.wait(PATIENCE)
        card.has_rested.clear()
        reader.ask(ASK)
        assert card.has_rested.wait(PATIENCE)
        assert card.events == ["command", "work", "work"]
        reader.ask(ASK)
