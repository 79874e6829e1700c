"""Commands in parts, answers in pieces (ISO/IEC 7816-4:2005, 5.1.1.1, 5.1.3 and 7.6.1)."""

from __future__ import annotations

from .bench import AID, Card
from .suite import ISO, MUMEI, TR3, cases, clause

FIRST, LAST = f"10 A4 04 0C 03 {AID[:6]}", f"00 A4 04 0C 05 {AID[6:]}"


@clause(ISO, "5.1.1.1", "a chained command is executed once, whole")
def test_a_chain(card: Card) -> None:
    card.expect(FIRST, "9000")
    card.expect(LAST, "9000")
    card.expect(LAST, "6A82")


@clause(ISO, "5.1.1.1", "parts are answered 9000 and nothing else")
def test_parts_are_answered_9000_without_data(card: Card) -> None:
    for at in range(0, 14, 2):
        card.expect(f"10 A4 04 00 01 {AID[at : at + 2]}", "9000")
    card.expect(f"00 A4 04 00 01 {AID[14:]} 00", "6F * 9000")


@clause(ISO, "5.1.1.1", "a command with another header breaks the chain: 6883, not executed")
@clause(ISO, "5.1.3", "6883 last command of the chain expected")
@cases(
    another_instruction="00 84 00 00 08",
    part_of_another="10 22 81 B6 02 8300",
    with_le="00 B0 81 00 00",
)
def test_an_interrupted_chain_is_6883(card: Card, other: str) -> None:
    card.expect("90 E2 00 00 02 E500", "9000")
    card.expect(other, "6883")
    card.expect("00 84 00 00 08", "................ 9000")


@clause(ISO, "5.1.1.1", "what is left of a broken chain is a command of its own")
def test_the_rest_of_a_broken_chain_stands_alone(card: Card) -> None:
    card.expect(FIRST, "9000")
    card.expect("00 84 00 00 08", "6883")
    card.expect(LAST, "6A82")
    card.expect(f"00 A4 04 0C 08 {AID}", "9000")


@clause(ISO, "5.1.1.1", "a broken chain leaves no octet behind")
@cases(
    by_another_command=("00 84 00 00 08", "6883"),
    by_a_class=("FF 84 00 00 08", "6E00"),
    by_a_channel=("01 84 00 00 08", "6881"),
    by_no_command=("00 A4 04 0C 09 F06D", "6700"),
)
def test_nothing_of_a_broken_chain_is_used(card: Card, other: str, sw: str) -> None:
    card.expect(FIRST, "9000")
    card.expect(other, sw)
    card.expect(LAST, "6A82")


@clause(ISO, "5.1.1.1", "SELECT breaks in and is executed")
@clause(MUMEI, "2.6", "a terminal that lost its place starts over with SELECT")
def test_select_breaks_into_a_chain(card: Card) -> None:
    card.expect("90 E2 00 00 02 E500", "9000")
    card.select()
    card.expect("00 84 00 00 08", "................ 9000")


@clause(ISO, "5.1.1.1", "reset ends a chain")
def test_reset_ends_a_chain(card: Card) -> None:
    card.expect(FIRST, "9000")
    card.reset()
    card.expect(LAST, "6A82")


@clause(ISO, "5.1.1.1", "the sum of a chain is bounded by the longest command")
@clause(ISO, "5.1.3", "6700 wrong length")
def test_a_chain_is_bounded(card: Card) -> None:
    part = "90 E2 00 00 FF" + "00" * 255
    for _ in range(16):
        card.expect(part, "9000")
    card.expect(part, "6700")
    card.expect("00 84 00 00 08", "................ 9000")


@clause(ISO, "5.1.3", "6884 command chaining not supported: commands that take no data")
@cases(get_challenge="10 84 00 00 08", read_binary="10 B0 81 00 00", get_data="10 CA 00 47 00")
def test_what_takes_no_data_is_not_chained(card: Card, apdu: str) -> None:
    card.expect(apdu, "6884")
    card.expect(apdu[0].replace("1", "0") + apdu[1:], "* 9000")


@clause(ISO, "5.1.1.1", "the first part of what the card does not know is refused")
@clause(ISO, "5.1.3", "6D00 instruction not supported or invalid")
@cases(unknown="10 FE 00 00 01 AA", invalid="10 60 00 00 01 AA", proprietary="90 FE 00 00 01 AA")
def test_a_part_of_an_unknown_command_is_6d00(card: Card, apdu: str) -> None:
    card.expect(apdu, "6D00")
    card.expect("00 84 00 00 08", "................ 9000")


@clause(ISO, "5.1.3", "61XX: what is longer than Le waits")
@clause(ISO, "7.6.1", "GET RESPONSE fetches it")
def test_an_answer_longer_than_le_comes_in_pieces(card: Card) -> None:
    whole = card.expect("00 CA 00 47 00", "* 9000").data.hex().upper()
    card.expect("00 CA 00 47 02", f"{whole[:4]} 6103")
    card.expect("00 C0 00 00 01", f"{whole[4:6]} 6102")
    card.expect("00 C0 00 00 00", f"{whole[6:]} 9000")
    card.expect("00 C0 00 00 00", "6985")


@clause(ISO, "5.1.3", "61XX: no Le, and an answer waits")
def test_select_without_le(card: Card) -> None:
    fci = card.expect(f"00 A4 04 00 08 {AID} 00", "* 9000").data.hex().upper()
    card.expect(f"00 A4 04 00 08 {AID}", "6114")
    card.expect("00 C0 00 00 14", f"{fci} 9000")


@clause(ISO, "7.6.1", "GET RESPONSE with the Le that 61XX announced, or more")
@cases(exact="03", more="FF", all="00")
def test_get_response_takes_any_le(card: Card, le: str) -> None:
    card.expect("00 CA 00 47 02", ".... 6103")
    assert len(card.expect(f"00 C0 00 00 {le}", "* 9000").data) == 3


@clause(ISO, "7.6.1", "GET RESPONSE when nothing waits")
@clause(ISO, "5.1.3", "6985 conditions of use not satisfied")
@cases(
    after_reset="",
    after_a_whole_answer="00 CA 00 47 00",
    after_an_error="00 FE 00 00",
)
def test_get_response_without_an_answer_is_6985(card: Card, before: str) -> None:
    if before:
        card.send(before)
    card.expect("00 C0 00 00 00", "6985")


@clause(ISO, "7.6.1", "any other command throws the waiting octets away")
@cases(
    command="00 84 00 00 08",
    refused="00 FE 00 00",
    another_class="FF A4 00 00",
    no_command="00 A4 04 0C 09 F06D",
    select=f"00 A4 04 0C 08 {AID}",
    shorter="00 CA 00 47 00",
)
def test_get_response_after_another_command_is_6985(card: Card, other: str) -> None:
    card.expect("00 CA 00 47 02", ".... 6103")
    card.send(other)
    card.expect("00 C0 00 00 00", "6985")


@clause(ISO, "7.6.1", "reset throws the waiting octets away")
def test_get_response_after_reset_is_6985(card: Card) -> None:
    card.expect("00 CA 00 47 02", ".... 6103")
    card.reset()
    card.expect("00 C0 00 00 00", "6985")


@clause(ISO, "7.6.1", "a GET RESPONSE that is wrong itself costs nothing")
@cases(p1=("00 C0 01 00 00", "6A86"), p2=("00 C0 00 01 00", "6A86"), no_le=("00 C0 00 00", "6700"))
def test_a_wrong_get_response_keeps_what_waits(card: Card, apdu: str, sw: str) -> None:
    card.expect("00 CA 00 47 02", ".... 6103")
    card.expect(apdu, sw)
    card.expect("00 C0 00 00 00", "...... 9000")


@clause(ISO, "7.6.1", "what waits after a shorter answer is the newer one")
def test_only_the_last_answer_waits(card: Card) -> None:
    card.expect(f"00 A4 04 00 08 {AID}", "61..")
    card.expect("00 CA 00 47 02", ".... 6103")
    assert len(card.expect("00 C0 00 00 00", "* 9000").data) == 3


@clause(TR3, "F.1", "GET RESPONSE in the class of the command, or class 00")
def test_get_response_in_class_80(card: Card) -> None:
    card.expect("00 CA 00 47 02", ".... 6103")
    card.expect("80 C0 00 00 00", "...... 9000")
