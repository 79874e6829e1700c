"""SELECT, READ BINARY, GET CHALLENGE, GET DATA: what a terminal sees before it has shown any right."""

from __future__ import annotations

import pytest

from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import draw_letter, initial_records
from mumei_core.iso7816.ber_tlv import parse, parse_one

from .conftest import Card

AID = "F06D756D65690101"


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        (f"00 A4 04 00 08 {AID} 00", "6F128408F06D756D65690101A506800101810101 9000"),
        (f"00 A4 04 04 08 {AID} 00", "62108201388408F06D756D656901018A0105 9000"),
        (f"00 A4 04 0C 08 {AID}", "9000"),
        (f"00 A4 04 0D 08 {AID}", "9000"),
        ("00 A4 04 0C 05 F06D756D65", "9000"),
        ("00 A4 04 0C 01 F0", "9000"),
        ("00 A4 04 0E 05 F06D756D65", "6A82"),
        (f"00 A4 04 0C 09 {AID}00", "6A82"),
        ("00 A4 04 00 07 A0000002471001 00", "6A82"),
        (f"00 A4 04 08 08 {AID} 00", "6A86"),
        (f"00 A4 04 10 08 {AID} 00", "6A86"),
        ("00 A4 00 0C 02 2F01", "9000"),
        ("00 A4 02 04 02 2F01 00", "6211 80020016 820101 83022F01 880108 8A0105 9000"),
        ("00 A4 02 00 02 2F00 00", "6F11 80020013 820101 83022F00 8801F0 8A0105 9000"),
        ("00 A4 00 0C 02 3F00", "6A82"),
        ("00 A4 02 0C 01 2F", "6A87"),
        ("00 A4 02 0D 02 2F01", "6A86"),
    ],
)
def test_select(card: Card, apdu: str, answer: str) -> None:
    assert card.send(apdu) == answer.replace(" ", "")


def test_selecting_the_application_ends_the_session_and_a_refused_select_does_not(card: Card) -> None:
    card.send("00 20 00 03 06 313233343536")
    assert card.send("00 A4 04 0C 02 A000") == "6A82"
    assert card.send("00 A4 02 0C 02 2F01") == "9000"
    assert card.send("00 20 00 03") == "9000"
    assert card.send(f"00 A4 04 0C 08 {AID}") == "9000"
    assert card.send("00 20 00 03") == "63C3"


def test_ef_atr_info_announces_what_the_card_can_do(card: Card) -> None:
    octets = bytes.fromhex(card.send("00 B0 81 00 00"))
    assert octets[-2:] == b"\x90\x00"
    objects = {read.tag: read for read in parse(octets[:-2])}
    assert objects[0x47].value == bytes.fromhex("C401E0")
    assert [int.from_bytes(size.value) for size in objects[0x7F66].children()] == [4096, 4096]


def test_ef_dir_names_the_application(card: Card) -> None:
    octets = bytes.fromhex(card.send("00 B0 9E 00 00"))
    template = parse_one(octets[:-2], 0x61).children()
    assert template[0].value == bytes.fromhex(AID)


def test_a_file_is_read_in_pieces(card: Card) -> None:
    whole = card.send("00 B0 81 00 00")[:-4]
    assert card.send("00 B0 00 00 04") == whole[:8] + "9000"
    assert card.send("00 B0 00 04 00") == whole[8:] + "9000"
    assert card.send("00 B0 00 04 DF") == whole[8:] + "6282"
    assert card.send("00 B0 00 04 000000") == whole[8:] + "9000"
    assert card.send("00 B0 80 04 00") == whole[8:] + "9000"


@pytest.mark.parametrize(
    ("apdu", "sw"),
    [
        ("00 B0 00 00 00", "6986"),
        ("00 B0 9C 00 00", "6A82"),
        ("00 B0 80 00 00", "6986"),
        ("00 B0 C1 00 00", "6A86"),
        ("00 B0 81 16 00", "6B00"),
        ("00 B0 81 FF 00", "6B00"),
    ],
)
def test_what_cannot_be_read(card: Card, apdu: str, sw: str) -> None:
    before = card.state()
    assert card.send(apdu) == sw
    assert card.state() == before


def test_challenges_are_as_long_as_asked_and_never_the_same(card: Card) -> None:
    first, second = card.send("00 84 00 00 08"), card.send("00 84 00 00 08")
    assert len(first) == 2 * 8 + 4
    assert first != second
    assert len(card.send("00 84 00 00 00")) == 2 * 256 + 4
    assert card.send("00 84 00 00 000101") == "6700"


def test_data_objects_are_those_of_ef_atr_info(card: Card) -> None:
    file = card.send("00 B0 81 00 00")[:-4]
    objects = [card.send(f"00 CA {tag} 00")[:-4] for tag in ("0043", "0047", "0048", "7F66")]
    assert "".join(objects) == file


@pytest.mark.parametrize("tag", ["9F7F", "0042", "0045", "0066", "5F50", "0000"])
def test_no_serial_number_or_card_data(card: Card, tag: str) -> None:
    assert card.send(f"00 CA {tag} 00") == "6A88"


def test_operation_counters_count_and_start_again_at_reset(card: Card) -> None:
    def counts() -> dict[int, int]:
        octets = bytes.fromhex(card.send("00 CA 00E7 00"))
        return {read.tag: int.from_bytes(read.value) for read in parse_one(octets[:-2], 0xE7).children()}

    assert set(counts().values()) == {0}
    card.send("00 84 00 00 20")
    card.send("00 20 00 03 06 313233343536")
    assert counts() == {0x80: 0, 0x81: 0, 0x82: 0, 0x83: 0, 0x84: 2, 0x85: 32}
    card.kernel.reset()
    assert set(counts().values()) == {0}


def test_two_cards_say_the_same_before_any_authentication() -> None:
    commands = [f"00 A4 04 00 08 {AID} 00", "00 B0 81 00 00", "00 B0 9E 00 00", "00 20 00 03"]
    commands += [f"00 CA {tag} 00" for tag in ("0043", "0047", "0048", "7F66", "00E7", "9F7F")]
    cards = [Card(Nvm.in_memory(initial_records("development", draw_letter()))) for _ in range(2)]
    first, second = ([card.send(apdu) for apdu in commands] for card in cards)
    assert first == second
