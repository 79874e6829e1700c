"""Faults through a real PC/SC service: taken off, mute, late, reset by another program, of a strange protocol."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.command_line import Place, calendar_at, mumei
from tests.fixtures.pcscd import (
    DEADLINE,
    FIRST_READER,
    SECOND_READER,
    ForeignCard,
    Pcscd,
    ServedCard,
    in_reader,
    wait_until_empty,
    wait_until_present,
)
from tests.fixtures.world import TODAY, over, terminal

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, pin_status, verify_pin
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.pcsc import PcscConnection, load_pyscard, open_reader
from mumei_card.inspection import inspect
from mumei_card.link.fault_script import parse
from mumei_card.link.faults import FaultyCard, FaultyNvm
from mumei_card.link.in_process import SoftwareCard
from mumei_core.errors import CardResetError, MuteCardError, WrongCardError

QUESTION = Question(predicates=(over(20),))
SELECT = bytes.fromhex("00A4040008F06D756D6569010100")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A shop and a card; today is the sample residents' day."""
    with calendar_at(TODAY):
        place = Place(folder=tmp_path)
        place.terminal("sake", terminal(over(20)))
        yield place


def verify(place: Place, *options: str) -> tuple[str | Path, ...]:
    at = place.folder / "sake"
    return ("terminal", "verify", "--terminal", at, "--reader", FIRST_READER, "--over", "20", *options)


def faulty_card(
    records: world.Records, script: str, *, late: threading.Event | None = None
) -> tuple[FaultyCard, FaultyNvm]:
    """A card with faults; late answers come when ``late`` says so."""
    memory = FaultyNvm.in_memory(records)
    assert isinstance(memory, FaultyNvm)
    event = late or threading.Event()

    def sleep(_: float) -> None:
        event.wait(DEADLINE)

    card = FaultyCard(SoftwareCard(memory), memory, parse(script), sleep=sleep, report=lambda _: None)
    return card, memory


@contextmanager
def served_with(file: Path, pcscd: Pcscd, script: str) -> Iterator[ServedCard]:
    """``mumei-card serve FILE --fault SCRIPT`` in the first reader."""
    program = ("-m", "mumei_card", "serve", "--fault", script)
    card = ServedCard(file, port=pcscd.port, reader=FIRST_READER, program=program)
    try:
        yield card
    finally:
        card.take_out()
        wait_until_empty(FIRST_READER)


def reset_by_another_program(reader: str) -> None:
    """Connects, resets the card, and leaves."""
    subprocess.run([sys.executable, "-c", _RESET, reader], check=True, timeout=DEADLINE)


_RESET = """
import sys
from smartcard import scard
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
code, card, _ = scard.SCardConnect(context, sys.argv[1], scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY)
assert code == 0, hex(code & 0xFFFFFFFF)
code, _ = scard.SCardReconnect(
    card, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY, scard.SCARD_RESET_CARD
)
assert code == 0, hex(code & 0xFFFFFFFF)
scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
scard.SCardReleaseContext(context)
"""


def lose_transaction(connection: PcscConnection) -> None:
    """As some systems take a transaction from a program that is slow to go on."""
    scard, held = load_pyscard(), connection._held
    assert held is not None
    assert scard.SCardEndTransaction(held.handle, scard.SCARD_LEAVE_CARD) == 0


@pytest.mark.parametrize("script", ["remove@PRESENT:inside", "remove@2"])
def test_a_card_taken_off_in_a_session_and_laid_back(pcscd: Pcscd, place: Place, script: str) -> None:
    file = place.card("hanako", world.sample_card())
    with served_with(file, pcscd, script):
        result = mumei(*verify(place))
        assert result.exit_code == 4, result.output
        assert "What failed: the reader" in result.stderr
        wait_until_empty(FIRST_READER)
        # It comes back by itself, and the fault is over.
        assert mumei(*verify(place, "--wait", "20")).exit_code == 0


def test_a_mute_card_is_given_up(pcscd: Pcscd, place: Place) -> None:
    file = place.card("hanako", world.sample_card())
    with served_with(file, pcscd, "mute@PRESENT"):
        result = mumei(*verify(place, "--patience", "0.5"))
        assert result.exit_code == 4, result.output
        assert "has not answered within 0.5 seconds" in result.stderr
        assert "What failed: the card" in result.stderr
    # The service waits for the card until it is taken out; then all is well again.
    with served_with(file, pcscd, "6C@READ BINARY"):
        assert mumei(*verify(place)).exit_code == 0


def test_a_late_card_is_let_go_when_it_comes(pcscd: Pcscd) -> None:
    late = threading.Event()
    card, _ = faulty_card(world.sample_card(), "late@2:9s", late=late)
    with in_reader(card, port=pcscd.port, reader=FIRST_READER):
        with open_reader(answer_limit=0.3) as connection:
            connection.transmit(SELECT)
            with pytest.raises(MuteCardError, match=r"0\.3 seconds"):
                connection.transmit(SELECT)
            late.set()
        with open_reader(busy_limit=DEADLINE) as connection:
            assert connection.transmit(SELECT).endswith(b"\x90\x00")


def test_a_card_that_is_late_but_in_time(pcscd: Pcscd) -> None:
    late = threading.Event()
    card, _ = faulty_card(world.sample_card(), "late@PRESENT:9s", late=late)
    waiting = threading.Timer(0.3, late.set)
    with in_reader(card, port=pcscd.port, reader=FIRST_READER), open_reader() as connection:
        waiting.start()
        answer = visit(Channel(connection), terminal(over(20)), QUESTION, today=TODAY)
    assert answer.verdict.outcome is Outcome.ACCEPT


class TestResetByAnotherProgram:
    """SCARD_W_RESET_CARD."""

    def test_in_a_session_that_lost_its_transaction(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            connection.transmit(SELECT)
            lose_transaction(connection)
            reset_by_another_program(FIRST_READER)
            with pytest.raises(CardResetError, match="80100068"):
                connection.transmit(SELECT)
            # It is there, and after a reset of our own it is ours again.
            connection.reset()
            assert connection.transmit(SELECT).endswith(b"\x90\x00")

    def test_a_visit_begins_once_more(self, pcscd: Pcscd) -> None:
        class Disturbed(world.Wire):
            def transmit(self, apdu: bytes) -> bytes:
                if self.exchanges == 6:
                    lose_transaction(inner)
                    reset_by_another_program(FIRST_READER)
                return super().transmit(apdu)

        card, memory = faulty_card(standard.sample_card(), "late@99:1s")
        with in_reader(card, port=pcscd.port, reader=FIRST_READER):
            inner = open_reader()
            with Disturbed(inner) as wire:
                answer = visit(
                    Channel(wire), standard.terminal(over(20)), QUESTION, today=TODAY, restart=True
                )
        assert answer.verdict.outcome is Outcome.ACCEPT
        assert wire.exchanges == 7 + 15
        assert inspect(memory).pin_tries_left == 3

    def test_a_verified_pin_is_forgotten(self, pcscd: Pcscd) -> None:
        card, _ = faulty_card(world.sample_card(), "late@99:1s")
        with in_reader(card, port=pcscd.port, reader=FIRST_READER), open_reader() as connection:
            channel = Channel(connection)
            Application.select(channel)
            verify_pin(channel, Pin(world.PIN))
            lose_transaction(connection)
            reset_by_another_program(FIRST_READER)
            with pytest.raises(CardResetError):
                pin_status(channel)
            channel.reset()
            Application.select(channel)
            assert pin_status(channel).tries_left == 3

    def test_it_has_to_wait_while_we_hold_the_card(self, served_card: ServedCard) -> None:
        with open_reader() as connection:
            connection.transmit(SELECT)
            other = subprocess.Popen([sys.executable, "-c", _RESET, FIRST_READER])
            for _ in range(20):
                assert connection.transmit(SELECT).endswith(b"\x90\x00")
        assert other.wait(DEADLINE) == 0


@pytest.mark.parametrize(
    "script", ["warm-reset@9", "61:100,6C@READ BINARY*", "replay@9", "garble@12", "truncate@9:1"]
)
def test_what_is_recovered_from(pcscd: Pcscd, script: str) -> None:
    card, _ = faulty_card(standard.sample_card(), script)
    with in_reader(card, port=pcscd.port, reader=FIRST_READER), open_reader() as connection:
        answer = visit(Channel(connection), standard.terminal(over(20)), QUESTION, today=TODAY, restart=True)
    assert answer.verdict.outcome is Outcome.ACCEPT


def test_a_card_of_another_protocol(pcscd: Pcscd) -> None:
    card, _ = faulty_card(world.sample_card(), "wrong-protocol")
    with in_reader(card, port=pcscd.port, reader=FIRST_READER), pytest.raises(WrongCardError) as caught:
        open_reader()
    assert caught.value.hint


def test_two_cards_are_refused_and_named(pcscd: Pcscd, place: Place, served_card: ServedCard) -> None:
    with in_reader(ForeignCard(), port=pcscd.port + 1, reader=SECOND_READER):
        wait_until_present(FIRST_READER)
        result = mumei("terminal", "verify", "--terminal", place.folder / "sake", "--over", "20")
    assert result.exit_code == 2
    assert FIRST_READER in result.stderr and SECOND_READER in result.stderr
