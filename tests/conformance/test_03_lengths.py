"""Lc and Le: the four cases, short and extended, and what is no APDU at all (ISO/IEC 7816-4:2005, 5.1)."""

from __future__ import annotations

from .bench import AID, Card
from .suite import ISO, cases, clause
from .wire.tlv import command, octets

FCI = "6F128408F06D756D65690101A50680010181010."


@clause(ISO, "5.1", "Lc and Le that are no lengths")
@clause(ISO, "5.1.3", "6700 wrong length")
@cases(
    lc_longer_than_data="00 A4 04 0C 09 F06D756D65690101",
    lc_shorter_than_data="00 A4 04 0C 05 F06D756D65690101",
    lc_zero="00 A4 04 00 00 00",
    lc_without_data="00 A4 04 0C 08",
    short_lc_extended_le=f"00 A4 04 00 08 {AID} 00 00",
    extended_lc_zero="00 A4 04 00 00 0000 0000",
    extended_lc_too_long=f"00 A4 04 0C 00 0009 {AID}",
    extended_lc_short_le=f"00 A4 04 00 00 0008 {AID} 00",
    extended_lc_too_short=f"00 A4 04 0C 00 0003 {AID}",
    two_octets_of_length="00 84 00 00 00 08",
)
def test_wrong_lengths_are_6700(card: Card, apdu: str) -> None:
    # Where Lc names a case 2 command that no data follow, the card may also miss the data.
    card.expect(apdu, "6700")
    card.expect("00 84 00 00 08", "................ 9000")


@clause(ISO, "5.1", "case 1: neither data nor Le")
@clause(ISO, "7.5.6", "VERIFY without data asks")
def test_case_1(card: Card) -> None:
    assert card.send("00 20 00 03").sw[:2] in ("63", "69")
    card.expect("00 84 00 00", "6700")
    card.expect("00 B0 81 00", "6700")
    card.expect("00 CA 00 47", "6700")


@clause(ISO, "5.1", "case 2: Le, short and extended")
@cases(
    short=("00 84 00 00 08", 8),
    one=("00 84 00 00 01", 1),
    most=("00 84 00 00 FF", 255),
    zero_is_256=("00 84 00 00 00", 256),
    extended=("00 84 00 00 00 0008", 8),
    extended_256=("00 84 00 00 00 0100", 256),
)
def test_case_2(card: Card, apdu: str, size: int) -> None:
    if len(octets(apdu)) > 5:
        card.need_extended()
    assert len(card.expect(apdu, "* 9000").data) == size


@clause(ISO, "5.1", "case 2: Le 0000 is 65,536: all there is")
def test_case_2_extended_largest(card: Card) -> None:
    card.need_extended()
    whole = card.expect("00 B0 81 00 00", "* 9000")
    assert card.expect("00 B0 81 00 00 0000", "* 9000") == whole


@clause(ISO, "5.1", "case 3: data and no Le, short and extended")
@cases(short=False, extended=True)
def test_case_3(card: Card, extended: bool) -> None:
    if extended:
        card.need_extended()
    card.expect(command("00 A4 04 0C", octets(AID), extended=extended), "9000")


@clause(ISO, "5.1", "case 4: data and Le, short and extended")
@cases(short=False, extended=True)
def test_case_4(card: Card, extended: bool) -> None:
    if extended:
        card.need_extended()
    card.expect(command("00 A4 04 00", octets(AID), 256, extended=extended), f"{FCI} 9000")


@clause(ISO, "5.1", "a data field where none is taken")
@clause(ISO, "5.1.3", "6700 wrong length")
@cases(
    read_binary="00 B0 81 00 01 AA 00",
    get_data="00 CA 00 47 01 AA 00",
    get_challenge="00 84 00 00 01 AA 08",
    get_response="00 C0 00 00 01 AA 00",
)
def test_data_where_none_is_taken_is_6700(card: Card, apdu: str) -> None:
    card.expect(apdu, "6700")


@clause(ISO, "5.1", "no data field where one is needed")
@cases(by_name="00 A4 04 00 00", by_identifier="00 A4 02 00 00", without_le="00 A4 04 00")
def test_no_data_where_some_are_needed_is_6700(card: Card, apdu: str) -> None:
    card.expect(apdu, "6700")


@clause(ISO, "5.1.1", "Le beside a command without answer data is no error")
def test_le_beside_a_command_without_answer(card: Card) -> None:
    card.expect(f"00 A4 04 0C 08 {AID} 00", "9000")


@clause(ISO, "5.1", "fewer octets than Le with 9000: Le is a maximum")
def test_le_is_a_maximum(card: Card) -> None:
    card.expect(f"00 A4 04 00 08 {AID} FF", f"{FCI} 9000")
    card.expect("00 CA 00 47 FF", "4703 ...... 9000")


@clause(ISO, "5.1", "a malformed command leaves the card as it was")
def test_a_malformed_command_changes_no_selection(card: Card) -> None:
    card.expect("00 A4 02 0C 02 2F01", "9000")
    card.expect("00 A4 04 0C 09 F06D", "6700")
    card.expect("00 B0 00 00 02", ".... 9000")


@clause(ISO, "7.5.3", "GET CHALLENGE: fresh octets")
def test_challenges_differ(card: Card) -> None:
    seen = {card.expect("00 84 00 00 10", "* 9000").data for _ in range(8)}
    assert len(seen) == 8


@clause(ISO, "7.5.3", "GET CHALLENGE: no more than 256 octets")
def test_a_challenge_has_at_most_256_octets(card: Card) -> None:
    card.need_extended()
    card.expect("00 84 00 00 00 0101", "6700")
