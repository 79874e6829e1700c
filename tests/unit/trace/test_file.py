"""Trace files: what is written is read back; everything else is refused, by its line."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures import standard, world
from tests.fixtures.world import PIN, Wire, in_memory

from mumei.session import holder
from mumei.session.application import Application, Profile
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.session.pace import establish
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.trace.file import MAX_FILE, read_trace
from mumei.trace.lines import MAX_LINE, decode_line, json_schema
from mumei.trace.model import SECURE_MESSAGING, Reset, Trace
from mumei.trace.recorder import Recorder
from mumei.trace.show import show
from mumei.transport.base import CardConnection
from mumei.transport.simulator import open_simulator
from mumei_core.errors import CardRemovedError, DataError, DecodingError, UsageError

NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)
HEADER: dict[str, Any] = {
    "kind": "header",
    "format": 1,
    "mumei": "0.1.0",
    "started": "2026-11-23T03:00:00+00:00",
}
CARD: dict[str, Any] = {"kind": "card", "at": 0.0, "reader": "a reader", "atr": "3b00", "extended": True}
WIRE: dict[str, Any] = {
    "kind": "wire",
    "at": 0.1,
    "took": 0.01,
    "command": "00840000 08".replace(" ", ""),
    "response": "0102030405060708" + "9000",
    "error": "",
}
MESSAGE: dict[str, Any] = {
    "kind": "message",
    "wires": 1,
    "inside": [SECURE_MESSAGING],
    "command": "0084000008",
    "response": "[8]9000",
}
END: dict[str, Any] = {"kind": "end", "at": 1, "left_out": 0}


def recorder(path: Path, **more: Any) -> Recorder:
    ticks = count()
    return Recorder(path, clock=lambda: next(ticks) / 1000, now=lambda: NOON, **more)


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


class TestRecording:
    def test_a_session_is_read_back(self, tmp_path: Path) -> None:
        made = recorder(tmp_path / "a.trace")
        with in_memory(world.sample_card()) as card, made.attach(card.connection) as connection:
            channel = Channel(connection)
            Application.select(channel)
            channel.reset()
            Application.select(channel)
            holder.verify_pin(channel, Pin(PIN))
        assert made.finish() == ""
        trace = read_trace(tmp_path / "a.trace")
        (session,) = trace.sessions
        assert (trace.started, trace.ended, trace.left_out) == (NOON, True, 0)
        assert (session.profile, session.atr, session.extended) == (
            Profile.DEVELOPMENT,
            card.connection.atr,
            True,
        )
        assert [exchange.number for exchange in trace.exchanges] == [1, 2, 3, 4, 5]
        assert [isinstance(step, Reset) for step in session.steps] == [
            False,
            False,
            True,
            False,
            False,
            False,
        ]
        assert trace.exchanges[-1].message.command.to_text() == "0020000306[6]"
        assert all(exchange.took > 0 for exchange in trace.exchanges)

    def test_several_cards_are_several_sessions(self, tmp_path: Path) -> None:
        made = recorder(tmp_path / "a.trace")
        for records in (world.sample_card(), standard.sample_card()):
            with in_memory(records) as card, made.attach(card.connection) as connection:
                Application.identify(Channel(connection))
        made.finish()
        trace = read_trace(tmp_path / "a.trace")
        assert [session.profile for session in trace.sessions] == [Profile.DEVELOPMENT, Profile.STANDARD]
        assert [exchange.number for exchange in trace.exchanges] == [1, 2, 3, 4]

    def test_a_message_in_parts_is_one_exchange(self, tmp_path: Path) -> None:
        """Short lengths only: the certificates go in chains, each part protected by itself."""
        question = Question(predicates=(world.over(20),))
        made = recorder(tmp_path / "a.trace")
        with in_memory(standard.sample_card()) as card:
            connection = made.attach(Wire(card.connection, extended=False))
            done = visit(Channel(connection), standard.terminal_for(question), question, today=world.TODAY)
        made.finish()
        exchanges = read_trace(tmp_path / "a.trace").exchanges
        assert len(exchanges) == 15 and max(len(exchange.wires) for exchange in exchanges) > 1
        present = exchanges[-1]
        assert done.wire is not None and present.message.response.zeroed[:-2] == done.wire
        assert present.message.inside == (SECURE_MESSAGING,)

    def test_where_the_card_was_taken_away_stands_in_it(self, tmp_path: Path) -> None:
        made = recorder(tmp_path / "a.trace")
        with in_memory(world.sample_card()) as card:
            connection = made.attach(Wire(card.connection, cut_at=2))
            with pytest.raises(CardRemovedError):
                Application.select(Channel(connection))
        made.finish()
        last = read_trace(tmp_path / "a.trace").exchanges[-1]
        assert (last.number, last.error, last.wires[0].response) == (2, "CardRemovedError", None)

    def test_it_is_on_disk_before_the_session_ends(self, tmp_path: Path) -> None:
        """A program that is killed leaves what was recorded."""
        made = recorder(tmp_path / "a.trace")
        with in_memory(standard.sample_card()) as card:
            channel = Channel(made.attach(card.connection))
            Application.identify(channel)
            establish(channel, Pin(PIN))
            trace = read_trace(tmp_path / "a.trace")
        assert not trace.ended and len(trace.exchanges) == 7

    def test_neither_card_file_nor_serial_number_is_named(self, tmp_path: Path) -> None:
        made = recorder(tmp_path / "a.trace")
        with in_memory(world.new_card()) as card:
            card.connection.name = "/home/hanako/hanako.card"
            made.attach(card.connection)
            wire = Wire(card.connection)
            wire.name = "ACME Reader (21120523231234) 00 00\x1b[31m"
            made.attach(wire)
        made.finish()
        text = (tmp_path / "a.trace").read_text()
        assert "hanako" not in text and "2112052" not in text and "\\u001b" not in text
        assert "ACME Reader" in text

    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        recorder(tmp_path / "a.trace")
        assert (tmp_path / "a.trace").stat().st_mode & 0o777 == 0o600

    def test_a_file_that_is_there_stays(self, tmp_path: Path) -> None:
        (tmp_path / "a.trace").write_text("mine")
        with pytest.raises(UsageError, match="not overwritten"):
            recorder(tmp_path / "a.trace")
        assert (tmp_path / "a.trace").read_text() == "mine"

    def test_a_full_disk_stops_the_recording_and_not_the_session(self, tmp_path: Path) -> None:
        made = recorder(tmp_path / "a.trace")

        def full(kind: str, **members: object) -> bool:
            raise OSError(errno.ENOSPC, "No space left on device")

        made._writer.write = full  # type: ignore[method-assign]
        with in_memory(world.sample_card()) as card:
            assert Application.select(Channel(made.attach(card.connection))).version == 1
        assert "No space left" in made.finish()

    def test_a_full_trace_says_how_much_is_missing(self, tmp_path: Path) -> None:
        made = recorder(tmp_path / "a.trace", limit=1000)
        with in_memory(world.sample_card()) as card:
            channel = Channel(made.attach(card.connection))
            for _ in range(5):
                Application.select(channel)
        assert "no room for" in made.finish()
        trace = read_trace(tmp_path / "a.trace")
        assert trace.ended and trace.left_out + len(trace.exchanges) == 10
        assert "THE RECORDING IS FULL" in show(trace).text()
        assert (tmp_path / "a.trace").stat().st_size <= 1000


class TestReading:
    def test_good_lines_are_good(self, tmp_path: Path) -> None:
        trace = read_trace(write(tmp_path / "t", HEADER, CARD, WIRE, MESSAGE, WIRE, END))
        assert [len(exchange.wires) for exchange in trace.exchanges] == [1, 1]
        assert trace.exchanges[0].message.response.to_text() == "[8]9000"
        assert trace.exchanges[1].message.response.is_whole

    def test_one_that_breaks_off_is_read_as_far_as_it_goes(self, tmp_path: Path) -> None:
        trace = read_trace(write(tmp_path / "t", HEADER, CARD, WIRE))
        assert (trace.ended, len(trace.exchanges)) == (False, 1)

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            ([], "empty"),
            (["hello\n"], "line 1"),
            ([CARD], "begins with its header"),
            ([HEADER, HEADER], "line 2"),
            ([HEADER, WIRE], "without a card"),
            ([HEADER, CARD, WIRE, END, WIRE], "after the end"),
            ([{**HEADER, "format": 2}], "format 2"),
            ([{**HEADER, "started": "2026-11-23"}], "wrong started"),
            ([HEADER, CARD, MESSAGE], "more wires than there are"),
            ([HEADER, CARD, {**MESSAGE, "wires": 0}], "inside none"),
            ([HEADER, {**CARD, "atr": "[2]"}], "wrong atr"),
            ([HEADER, {**CARD, "reader": "a\nb"}], "wrong reader"),
            ([HEADER, CARD, {**WIRE, "command": "0084"}], "without its header"),
            ([HEADER, CARD, {**WIRE, "command": "[4]"}], "without its header"),
            ([HEADER, CARD, {**WIRE, "response": "90"}], "status word"),
            ([HEADER, CARD, {**WIRE, "response": "[2]"}], "status word"),
            ([HEADER, CARD, {**WIRE, "response": None}], "neither"),
            ([HEADER, CARD, {**WIRE, "error": "X"}], "neither"),
            ([HEADER, CARD, {**WIRE, "took": -1}], "wrong took"),
            ([HEADER, CARD, {**WIRE, "took": True}], "wrong took"),
            ([HEADER, CARD, {**WIRE, "more": 1}], "not known"),
            ([HEADER, CARD, {key: WIRE[key] for key in WIRE if key != "at"}], "without at"),
            ([HEADER, CARD, {**MESSAGE, "inside": ["SCP03", "secure messaging"]}], "wrong inside"),
            ([HEADER, {"kind": "surprise"}], "kind"),
            ([HEADER, '{"kind": "reset", "at": 1, "at": 2}\n'], "twice"),
            ([HEADER, '{"kind": "reset", "at": NaN}\n'], "JSON"),
            ([HEADER, "[" * 5000 + "\n"], "JSON"),
            ([HEADER, "\n"], "JSON"),
            ([HEADER, '"' + "x" * MAX_LINE + '"\n'], "longer"),
        ],
    )
    def test_bad_ones_are_refused_by_their_line(
        self, tmp_path: Path, lines: list[dict[str, Any] | str], words: str
    ) -> None:
        with pytest.raises(DataError, match=words) as caught:
            read_trace(write(tmp_path / "t", *lines))
        assert caught.value.hint

    @pytest.mark.parametrize("octets", [b"\xff\xfe", b"\x89PNG\r\n", bytes(100)])
    def test_other_files_are_refused(self, tmp_path: Path, octets: bytes) -> None:
        (tmp_path / "t").write_bytes(octets)
        with pytest.raises(DataError, match="no trace"):
            read_trace(tmp_path / "t")

    def test_no_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="there is no trace"):
            read_trace(tmp_path / "t")

    def test_a_file_without_end_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "t").open("wb") as stream:
            stream.truncate(MAX_FILE + MAX_LINE + 1)
        with pytest.raises(DataError, match="too long"):
            read_trace(tmp_path / "t")

    @given(st.text(max_size=60))
    def test_no_line_leaks_another_error(self, line: str) -> None:
        with pytest.raises(DecodingError):
            decode_line(line)

    @given(
        st.sampled_from([HEADER, CARD, WIRE, MESSAGE, END]),
        st.text(max_size=8),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.lists(st.integers()),
    )
    def test_schema_and_reader_agree(self, line: dict[str, Any], name: str, value: object) -> None:
        """Whatever a member is changed to: the schema refuses nothing that the reader takes."""
        altered = {**line, (name if name in line else "at"): value}
        try:
            decode_line(json.dumps(altered))
        except DecodingError:
            return
        jsonschema.validate(altered, json_schema())


def test_the_schema_describes_every_recorded_line(tmp_path: Path) -> None:
    made = recorder(tmp_path / "a.trace")
    with in_memory(standard.sample_card()) as card, made.attach(card.connection) as connection:
        channel = Channel(connection)
        Application.identify(channel)
        establish(channel, Pin(PIN))
        channel.reset()
    made.finish()
    schema = jsonschema.Draft202012Validator(json_schema())
    lines = [json.loads(line) for line in (tmp_path / "a.trace").read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"header", "card", "wire", "reset", "closed", "end"}
    for line in lines:
        schema.validate(line)


def test_traces_know_no_profile_that_was_not_said() -> None:
    assert Trace(mumei="0", started=NOON).exchanges == ()


def test_what_stands_around_a_simulated_card_does_not_tell_its_file(tmp_path: Path) -> None:
    file = world.write_card(tmp_path / "hanako.card", world.new_card())
    made = recorder(tmp_path / "a.trace")
    with open_simulator(file) as connection:
        Application.identify(Channel(made.attach(Wire(connection))))
    made.finish()
    assert "hanako" not in (tmp_path / "a.trace").read_text()


def test_times_of_a_modelled_chip_pass_through(tmp_path: Path) -> None:
    file = world.write_card(tmp_path / "a.card", world.new_card())
    with open_simulator(file, options={"chip": "J3R180"}) as connection:
        attached = recorder(tmp_path / "a.trace").attach(connection)
        Application.identify(Channel(attached))
        assert attached.modelled is not None and attached.modelled == connection.modelled


class Broken(CardConnection):
    """A card that gives whatever octets it is told to."""

    name, atr, supports_extended = "a broken reader", b"\x3b" + bytes(60), True

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def transmit(self, apdu: bytes) -> bytes:
        return self._answer

    def reset(self) -> None:
        """Nothing to forget."""

    def close(self) -> None:
        """Nothing to let go."""


@pytest.mark.parametrize("answer", [b"", b"\x90", b"\x90\x00", bytes(70_000)])
@pytest.mark.parametrize("command", [b"", b"\x00", b"\x00\xa4\x04", b"\x00\xa4\x04\x00", bytes(70_000)])
def test_whatever_a_broken_card_does_the_trace_can_be_read(
    tmp_path: Path, answer: bytes, command: bytes
) -> None:
    made = recorder(tmp_path / "a.trace")
    connection = made.attach(Broken(answer))
    assert connection.transmit(command) == answer
    connection.close()
    assert made.finish() == ""
    assert read_trace(tmp_path / "a.trace").ended
