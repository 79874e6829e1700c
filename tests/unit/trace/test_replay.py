"""A recording in the place of the card: strict about what is sent, and plain about what cannot be replayed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.world import PIN, TODAY, Wire, in_memory, over

from mumei.session import holder
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.session.pace import ShopCode, establish
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.trace.file import read_trace
from mumei.trace.model import Session
from mumei.trace.recorder import Recorder
from mumei.transport.base import CardConnection
from mumei.transport.masked_octets import MaskedOctets
from mumei.transport.replay import (
    FreshRandomsError,
    MaskedAnswerError,
    Recorded,
    RecordedReset,
    RecordingDiffersError,
    ReplayConnection,
)
from mumei_core.commands import codes
from mumei_core.errors import CardRemovedError

OVER_20 = Question(predicates=(over(20),))
SELECT, VERIFY, CHALLENGE = "00a4040008f06d756d65690101", "0020000306[6]", "0084000008"


def recording(*steps: tuple[str, str | None] | None) -> ReplayConnection:
    """Exchanges as text, None for a reset."""
    made: list[Recorded | RecordedReset] = []
    for number, step in enumerate(steps, start=1):
        if step is None:
            made.append(RecordedReset(number=number))
            continue
        answer = None if step[1] is None else MaskedOctets.from_text(step[1])
        made.append(Recorded(number=number, command=MaskedOctets.from_text(step[0]), response=answer))
    return ReplayConnection(made, name="a recording", atr=b"\x3b\x00")


def record(path: Path, records: world.Records, session: object) -> Session:
    """The trace of what ``session`` does with a card."""
    recorder = Recorder(path)
    with in_memory(records) as card, recorder.attach(card.connection) as connection:
        session(connection)  # type: ignore[operator]
    assert recorder.finish() == ""
    return read_trace(path).sessions[0]


def show_pin(connection: CardConnection) -> None:
    channel = Channel(connection)
    Application.select(channel)
    holder.verify_pin(channel, Pin(PIN))


def ask(connection: CardConnection) -> None:
    visit(Channel(connection), world.terminal_for(OVER_20), OVER_20, today=TODAY)


class TestConnection:
    def test_answers_as_recorded(self) -> None:
        connection = recording((SELECT, "9000"), None, (CHALLENGE, "01020304050607089000"))
        assert connection.transmit(bytes.fromhex(SELECT)) == b"\x90\x00"
        connection.reset()
        assert connection.left == 1
        assert connection.transmit(bytes.fromhex(CHALLENGE)).hex() == "01020304050607089000"
        assert connection.left == 0

    def test_masked_octets_may_be_any(self) -> None:
        connection = recording((VERIFY, "63c2"))
        assert connection.transmit(b"\x00\x20\x00\x03\x06" + b"000000") == b"\x63\xc2"

    @pytest.mark.parametrize(
        ("sent", "words"),
        [
            (CHALLENGE, "exchange 1: the host sends 00 84 00 00, recorded is 00 20 00 03"),
            ("0020000305" + "30" * 5, "exchange 1: .* with 10 octets in all, recorded are 11"),
            ("002000030d" + "30" * 6, "exchange 1: .*octet 5 of 11"),
        ],
    )
    def test_another_command_is_named(self, sent: str, words: str) -> None:
        with pytest.raises(RecordingDiffersError, match=words) as caught:
            recording((VERIFY, "9000")).transmit(bytes.fromhex(sent))
        assert caught.value.number == 1

    def test_order_is_kept(self) -> None:
        connection = recording((SELECT, "9000"), None, (CHALLENGE, "9000"))
        with pytest.raises(RecordingDiffersError, match="resets the card"):
            connection.reset()
        connection.transmit(bytes.fromhex(SELECT))
        with pytest.raises(RecordingDiffersError, match="reset here"):
            connection.transmit(bytes.fromhex(CHALLENGE))

    def test_after_the_end_comes_nothing(self) -> None:
        with pytest.raises(RecordingDiffersError, match="ended"):
            recording().transmit(bytes.fromhex(SELECT))
        with pytest.raises(RecordingDiffersError, match="ended"):
            recording().reset()

    def test_a_card_that_was_taken_away_is_taken_away_again(self) -> None:
        with pytest.raises(CardRemovedError):
            recording((SELECT, None)).transmit(bytes.fromhex(SELECT))

    def test_what_was_masked_cannot_be_answered(self) -> None:
        with pytest.raises(MaskedAnswerError, match="exchange 1: 8 octets"):
            recording((CHALLENGE, "[8]9000")).transmit(bytes.fromhex(CHALLENGE))


class TestHost:
    def test_a_session_without_randoms_is_replayed(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), show_pin)
        connection = session.connection()
        show_pin(connection)
        assert connection.left == 0
        assert (connection.atr, connection.supports_extended) == (session.atr, True)

    def test_another_host_is_told_where_it_differs(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), show_pin)
        with pytest.raises(
            RecordingDiffersError, match=r"exchange 3: .*00 24 00 03, recorded is 00 20 00 03"
        ):
            channel = Channel(session.connection())
            Application.select(channel)
            holder.change_pin(channel, Pin(PIN), Pin("161803"))

    def test_a_nonce_is_drawn_anew(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), ask)
        with pytest.raises(FreshRandomsError, match="80 34 00 00"):
            ask(session.connection())

    def test_so_are_the_keys_of_a_channel(self, tmp_path: Path) -> None:
        def open_channel(connection: CardConnection) -> None:
            channel = Channel(connection)
            Application.identify(channel)
            establish(channel, ShopCode("00"))

        session = record(tmp_path / "t", standard.sample_card(), open_channel)
        with pytest.raises(FreshRandomsError, match="10 86 00 00") as caught:
            open_channel(session.connection())
        assert caught.value.number == 5 and "no recording holds them" in caught.value.hint

    def test_a_cut_session_is_cut_again(self, tmp_path: Path) -> None:
        def cut(connection: CardConnection) -> None:
            with pytest.raises(CardRemovedError):
                show_pin(connection)

        recorder = Recorder(tmp_path / "t")
        with in_memory(world.sample_card()) as card:
            cut(recorder.attach(Wire(card.connection, cut_at=3)))
        recorder.finish()
        session = read_trace(tmp_path / "t").sessions[0]
        assert session.exchanges[-1].message.command.zeroed[1] == codes.INS_VERIFY
        cut(session.connection())
