"""A trace in words: whatever octets it holds, it is shown, in lines that fit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.world import NONCE, over

from mumei.trace.glosses import gloss, presentation_parts
from mumei.trace.model import Exchange, Message, Session, Trace, Wire
from mumei.trace.phases import Phase
from mumei.trace.show import WIDTH, ShownExchange, show
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.request import Request, encode_predicate
from mumei_core.errors import UsageError
from mumei_core.iso7816.apdu import CommandAPDU

NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)
EXAMPLES = [
    (spec.name, command, answer)
    for spec in COMMANDS.values()
    for example in spec.examples
    for command, answer in example.steps
]


def trace_of(*exchanges: tuple[MaskedOctets, MaskedOctets]) -> Trace:
    steps = tuple(
        Exchange(
            number=number,
            wires=(Wire(command=command, response=response, at=number / 10, took=0.0015),),
            message=Message(command=command, response=response),
        )
        for number, (command, response) in enumerate(exchanges, start=1)
    )
    session = Session(reader="a reader", atr=b"\x3b\x00", extended=True, at=0.0, steps=steps)
    return Trace(mumei="0.1.0", started=NOON, sessions=(session,))


def shown(command: bytes, answer: bytes = b"\x90\x00") -> ShownExchange:
    return show(trace_of((MaskedOctets(command), MaskedOctets(answer)))).sessions[0].exchanges[0]


masked = st.builds(
    MaskedOctets.masking,
    st.binary(min_size=4, max_size=300),
    st.lists(st.tuples(st.integers(4, 300), st.integers(4, 300)), max_size=3),
)
answers = st.builds(lambda head, sw: head + MaskedOctets(sw), masked, st.binary(min_size=2, max_size=2))


@given(st.lists(st.tuples(masked, answers), max_size=4), st.booleans())
def test_anything_is_shown_in_lines_that_fit(
    exchanges: list[tuple[MaskedOctets, MaskedOctets]], wire: bool
) -> None:
    trace = trace_of(*exchanges)
    assert max(map(len, show(trace, wire=wire).text().splitlines())) <= WIDTH
    for number in range(1, len(exchanges) + 1):
        assert max(map(len, show(trace, only=number, wire=wire).text().splitlines())) <= WIDTH


@given(st.sampled_from(EXAMPLES), st.binary(max_size=200), answers)
def test_any_data_under_any_known_command(
    example: tuple[str, bytes, str], data: bytes, answer: MaskedOctets
) -> None:
    command = MaskedOctets(example[1][:4] + b"\x00" + len(data).to_bytes(2) + data)
    assert max(map(len, show(trace_of((command, answer)), wire=True).text().splitlines())) <= WIDTH


@pytest.mark.parametrize(("name", "command", "answer"), EXAMPLES)
def test_every_example_of_the_specs_has_its_name(name: str, command: bytes, answer: str) -> None:
    one = shown(command, bytes.fromhex(answer.replace(".", "0")))
    parsed = CommandAPDU.from_bytes(command)
    if COMMANDS.get((parsed.cla & ~0x10, parsed.ins)) is not None:
        assert one.command.startswith(COMMANDS[parsed.cla & ~0x10, parsed.ins].name), name
        assert one.documented, (one.command, one.sw)
    assert one.sw == answer[-4:]


class TestWords:
    @pytest.mark.parametrize(
        ("name", "octets", "words"),
        [
            ("date", "0000d194", "2026-11-23"),
            ("day", "0200d194", "born on or after 2026-11-23"),
            ("day", "0100d194", "born on or before 2026-11-23"),
            ("age", encode_predicate(over(20))[2:].hex(), "20 or over"),
            ("age", "020c", "under 12"),
            ("password", "01", "shop code"),
            ("password", "02", "CAN"),
            ("disclosed attributes", "03", "birth_date, prefecture"),
            ("display name", "居酒屋".encode().hex(), '"居酒屋"'),
            # What cannot be read is left to the octets.
            ("date", "ffffffff", ""),
            ("age", "0914", ""),
            ("age", "14", ""),
            ("password", "77", ""),
            ("disclosed attributes", "", ""),
            ("display name", "1b5d303b", ""),
            ("display name", "e5b1", ""),
            ("nonce", "[32]", ""),
            ("date", "[4]", ""),
        ],
    )
    def test_values_that_say_something(self, name: str, octets: str, words: str) -> None:
        assert gloss(name, MaskedOctets.from_text(octets)) == words

    def test_a_status_word_that_the_specs_do_not_have_is_pointed_out(self) -> None:
        one = shown(bytes.fromhex("0084000008"), b"\x6f\x00")
        assert not one.documented and "NOT IN THE SPECIFICATIONS" in "".join(
            one.lines(wire=False, whole=False)
        )

    def test_what_a_status_word_means_under_this_command(self) -> None:
        refused = shown(bytes.fromhex("8034000002e10000"), b"\x69\x85")
        elsewhere = shown(bytes.fromhex("00c0000000"), b"\x69\x85")
        assert refused.phase is Phase.PRESENTATION and refused.meaning != elsewhere.meaning

    def test_no_answer_is_said(self) -> None:
        wire = Wire(
            command=MaskedOctets(bytes.fromhex("0084000008")),
            response=None,
            at=0,
            took=1,
            error="CardRemovedError",
        )
        exchange = Exchange(
            number=1, wires=(wire,), message=Message(command=wire.command, response=MaskedOctets())
        )
        session = Session(reader="r", atr=b"", extended=False, at=0, steps=(exchange,))
        text = show(Trace(mumei="0", started=NOON, sessions=(session,)), wire=True).text()
        assert "no answer: CardRemovedError" in text and "none: CardRemovedError" in text

    def test_what_came_without_its_message_is_called_protected(self) -> None:
        """As where the card went away inside a channel."""
        for command, channel in (("0c84000008", "secure messaging"), ("8432000008", "SCP03")):
            one = shown(bytes.fromhex(command) + bytes(8), bytes(16) + b"\x90\x00")
            assert {item.name for item in (*one.data, *one.answer)} == {f"protected by {channel}"}

    def test_an_exchange_that_is_not_there(self) -> None:
        with pytest.raises(UsageError):
            show(trace_of(), only=1)


class TestPresentations:
    def asked(self, **more: object) -> bytes:
        return Request(
            rp_context=b"x",
            nonce=NONCE,
            date=53652,
            channel_binding=bytes(32),
            **more,  # type: ignore[arg-type]
        ).to_octets()

    def test_only_an_answer_that_fits_its_request_is_divided(self) -> None:
        asked = self.asked(predicates=(over(20),), table_hash=bytes(32))
        parts = presentation_parts(asked, MaskedOctets(bytes(828)))
        assert sum(part.octets for part in parts) == 828 and parts[-1].name == "digits of predicate 1"
        assert presentation_parts(asked, MaskedOctets(bytes(827))) == ()
        assert presentation_parts(b"\xe1\x00", MaskedOctets(bytes(828))) == ()

    @given(st.binary(max_size=900))
    def test_any_answer_can_be_tried(self, answer: bytes) -> None:
        parts = presentation_parts(self.asked(disclosed=(1, 3), pseudonym=True), MaskedOctets(answer))
        assert sum(part.octets for part in parts) in (0, len(answer))


def test_the_product_writes_no_log_that_could_hold_an_apdu() -> None:
    """What goes to a card is written down by traces only, which mask it."""
    host = Path(__file__).resolve().parents[3] / "host"
    logging = [file for file in host.rglob("*.py") if "import logging" in file.read_text()]
    # The issuer's service has no card: it logs which office had what signed.
    assert [str(file) for file in logging if "issuer" not in file.parts] == []
