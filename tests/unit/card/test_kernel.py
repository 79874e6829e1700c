"""The kernel answers whatever it is sent, and a refused command leaves the card as it was."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mumei_card.errors import CardError
from mumei_card.os.layer import answer
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands.codes import COMMAND_NAMES, STATUS_WORDS
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

from .conftest import Card, make_card

KNOWN_HEADERS = st.builds(
    lambda pair, p1, p2: bytes((*pair, p1, p2)),
    st.sampled_from(sorted(COMMAND_NAMES)),
    st.sampled_from([0x00, 0x02, 0x04, 0x80, 0x81, 0x9E, 0xFF]) | st.integers(0, 0xFF),
    st.sampled_from([0x00, 0x03, 0x04, 0x0C, 0x47, 0xE7]) | st.integers(0, 0xFF),
)
BODIES = st.binary(max_size=40) | st.builds(
    lambda data, le: bytes((len(data),)) + data + le,
    st.binary(min_size=1, max_size=40) | st.text("0123456789", min_size=1, max_size=14).map(str.encode),
    st.binary(max_size=1),
)
OCTETS = st.binary(max_size=300) | st.builds(bytes.__add__, KNOWN_HEADERS, BODIES)


KERNELS_OWN = {"6700", "6A86", "61.."}
DOCUMENTED = {
    (int(entry["cla"], 16), int(entry["ins"], 16)): {
        status["sw"].replace("X", ".") for status in entry["status_words"]
    }
    for path in (Path(__file__).parents[3] / "apdu_specs").glob("*.yaml")
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("commands", [])
    if "status_words" in entry and not entry.get("draft")
}


def documented(sw: int) -> bool:
    numbered = status_word.tries_left(sw) is not None or status_word.more_data(sw) is not None
    return sw in STATUS_WORDS or numbered


@given(st.lists(OCTETS, min_size=1, max_size=6))
def test_any_octets_get_a_documented_answer_and_a_refusal_changes_nothing(commands: list[bytes]) -> None:
    card = make_card()
    for octets in commands:
        before = card.state()
        response = ResponseAPDU.from_bytes(card.kernel.transmit(octets))
        assert documented(response.sw), f"{response.sw:04X}"
        assert response.sw != 0x6F00
        if status_word.is_error(response.sw):
            assert response.data == b""
            assert card.state() == before


@given(st.builds(bytes.__add__, KNOWN_HEADERS, BODIES))
def test_each_command_answers_only_what_its_spec_lists(octets: bytes) -> None:
    listed = DOCUMENTED.get((octets[0], octets[1]))
    answer = make_card().kernel.transmit(octets).hex().upper()[-4:]
    if listed is not None:
        assert any(re.fullmatch(pattern, answer) for pattern in listed | KERNELS_OWN), answer


@pytest.mark.parametrize(
    ("apdu", "sw"),
    [
        ("", "6700"),
        ("00", "6700"),
        ("00A404", "6700"),
        ("FF A4 04 00", "6E00"),
        ("20 A4 04 00", "6E00"),
        ("40 A4 04 00", "6881"),
        ("10 84 00 00", "6884"),
        ("04 A4 04 00 02 AABB", "6882"),
        ("0C A4 04 00 02 AABB", "6882"),
        ("01 A4 04 00 02 AABB", "6881"),
        ("00 FE 00 00", "6D00"),
        ("00 61 00 00", "6D00"),
        ("00 A4 01 00 02 2F00", "6A86"),
        ("00 A4 04 00", "6700"),
        ("00 B0 81 00", "6700"),
        ("00 B0 81 00 01 AA 00", "6700"),
        ("00 84 00 01 08", "6A86"),
    ],
)
def test_refusals_in_the_documented_order(card: Card, apdu: str, sw: str) -> None:
    before = card.state()
    assert card.send(apdu) == sw
    assert card.state() == before


def test_the_largest_announced_command_passes_and_a_larger_one_does_not(card: Card) -> None:
    fitting = CommandAPDU(cla=0x80, ins=0x34, p1=0, p2=0, data=bytes(4087), le=256).to_bytes(extended=True)
    assert len(fitting) == 4096
    assert card.kernel.transmit(fitting).hex() == "6a80"
    larger = CommandAPDU(cla=0x80, ins=0x34, p1=0, p2=0, data=bytes(4088), le=256).to_bytes(extended=True)
    assert card.kernel.transmit(larger).hex() == "6700"


def test_the_atr_is_well_formed_and_tells_the_cards_state_and_nothing_else(
    maker: Callable[[str], Card],
) -> None:
    atr = maker("transport").kernel.atr
    assert atr == maker("pin").kernel.atr == maker("standard").kernel.atr
    check = 0
    for octet in atr[1:]:
        check ^= octet
    assert check == 0
    assert atr[0] == 0x3B
    historical = atr[4:-1]
    assert len(historical) == atr[1] & 0x0F
    assert historical == bytes.fromhex("80 31F9 73C401E0 8105")
    assert maker("maker").kernel.atr[4:-1] == historical[:-1] + b"\x03"


def test_a_broken_life_cycle_record_still_has_an_atr(card: Card) -> None:
    card.nvm.commit({RECORD_LIFE_CYCLE: b"\x99"})
    assert card.kernel.atr[0] == 0x3B


@pytest.mark.parametrize("octets", ["00", "00A404000300", "0084000000000000"])
def test_octets_that_are_no_command_break_off_what_a_command_would(card: Card, octets: str) -> None:
    card.send("10 20 00 03 03 313233")
    assert card.send(octets) == "6700"
    assert card.send("00 20 00 03 03 343536") == "6700"
    card.send("00 CA 00 47 02")
    assert card.send(octets) == "6700"
    assert card.send("00 C0 00 00 00") == "6985"


def test_a_refused_class_breaks_off_a_chain(card: Card) -> None:
    card.send("10 20 00 03 03 313233")
    assert card.send("FF 20 00 03") == "6E00"
    assert card.send("00 20 00 03 03 343536") == "6700"


def failing(error: Exception, status: SecurityStatus) -> ResponseAPDU:
    def process(_: CommandAPDU) -> ResponseAPDU:
        status.pin_verified = False
        status.session["request"] = b"new"
        raise error

    return answer(status, process, CommandAPDU(cla=0, ins=0x20, p1=0, p2=3, data=b"123456"))


def test_a_refusal_gives_the_security_status_back() -> None:
    status = SecurityStatus(pin_verified=True, session={"request": b"old"})
    assert failing(CardError(0x6A80, "no"), status).sw == 0x6A80
    assert status == SecurityStatus(pin_verified=True, session={"request": b"old"})


def test_a_refusal_may_say_that_its_change_stays() -> None:
    status = SecurityStatus(pin_verified=True)
    assert failing(CardError(0x63C2, "wrong", keep_status=True), status).sw == 0x63C2
    assert status.pin_verified is False


def test_a_defect_is_6f00_on_the_wire_and_its_text_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    status = SecurityStatus(pin_verified=True)
    with caplog.at_level(logging.DEBUG):
        response = failing(ValueError("cannot read 123456"), status)
    assert response == ResponseAPDU(b"", 0x6F00)
    assert status.pin_verified is True
    assert "ValueError" in caplog.text
    assert "123456" not in caplog.text
