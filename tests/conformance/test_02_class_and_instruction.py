"""Class and instruction octets: which the card takes, and what it says to the others (ISO/IEC 7816-4:2005, 5.1)."""

from __future__ import annotations

from .bench import AID, Card
from .suite import ISO, cases, clause

ALIVE = ("00 84 00 00 08", "................ 9000")


@clause(ISO, "5.1.1", "class octet: values that are reserved or the card's not")
@clause(ISO, "5.1.3", "6E00 class not supported")
@cases(
    ff="FF",
    reserved_20="20",
    reserved_3f="3F",
    proprietary_a0="A0",
    proprietary_b0="B0",
    proprietary_c0="C0",
    proprietary_f0="F0",
)
def test_unknown_class_is_6e00(card: Card, cla: str) -> None:
    card.expect(f"{cla} A4 04 0C 08 {AID}", "6E00")
    card.expect(*ALIVE)


@clause(ISO, "5.1.1", "the class is looked at before the instruction")
@clause(ISO, "5.1.3", "6E00 class not supported")
def test_unknown_class_and_instruction_is_6e00(card: Card) -> None:
    card.expect("E0 FE 00 00", "6E00")


@clause(ISO, "5.1.1", "logical channel bits: only the basic channel")
@clause(ISO, "5.1.3", "6881 logical channel not supported")
@cases(
    one="01 A4 04 0C",
    two="02 A4 04 0C",
    three="03 A4 04 0C",
    proprietary_one="81 34 00 00",
    four="40 A4 04 0C",
    nineteen="4F A4 04 0C",
    chained="11 A4 04 0C",
)
def test_another_logical_channel_is_6881(card: Card, header: str) -> None:
    card.expect(f"{header} 08 {AID}", "6881")
    card.expect(*ALIVE)


@clause(ISO, "7.1.2", "MANAGE CHANNEL on a card without logical channels")
@cases(open_any="00 70 00 00 01", open_one="00 70 00 01", close_one="00 70 80 01")
def test_manage_channel_is_refused(card: Card, apdu: str) -> None:
    card.expect(apdu, "6D00|6881")


@clause(ISO, "5.1.1", "secure messaging bits without a session")
@clause(ISO, "5.1.3", "6882 secure messaging not supported")
@cases(proprietary="04", no_header="08", authenticated="0C", chained="1C", class_80="8C", scp03="84")
def test_secure_messaging_without_a_session_is_6882(card: Card, cla: str) -> None:
    card.expect(f"{cla} A4 04 00 02 AABB 00", "6882")
    card.expect(*ALIVE)


@clause(ISO, "5.1.2", "instruction octet: 6X and 9X are invalid")
@clause(ISO, "5.1.3", "6D00 instruction not supported or invalid")
@cases(
    ins_60="00 60 00 00",
    ins_6f="00 6F 00 00",
    ins_90="00 90 00 00",
    ins_9f="00 9F 00 00",
    ins_61_proprietary="80 61 00 00",
    ins_90_with_data="00 90 00 00 02 AABB 00",
)
def test_invalid_instruction_is_6d00(card: Card, apdu: str) -> None:
    card.expect(apdu, "6D00")


@clause(ISO, "5.1.2", "instructions that the card has not")
@clause(ISO, "5.1.3", "6D00 instruction not supported or invalid")
@cases(
    fe="00 FE 00 00",
    read_record="00 B2 01 04 00",
    read_binary_odd="00 B1 00 00 04 54020000 00",
    get_data_odd="00 CB 3F FF 04 5C020047 00",
    write_binary="00 D0 00 00 01 AA",
    update_binary="00 D6 81 00 01 AA",
    erase_binary="00 0E 00 00",
    update_record="00 DC 01 04 01 AA",
    put_data="00 DA 00 47 03 8001E0",
    create_file="00 E0 00 00 02 6200",
    terminate="00 FE 00 00",
    internal_authenticate="00 88 00 00 08 0102030405060708 00",
    envelope="00 C2 00 00 04 00A40400",
    get_status_in_class_00="00 F2 80 02 02 4F00 00",
    select_in_class_80="80 A4 04 0C 02 F06D",
)
def test_an_instruction_that_the_card_has_not_is_6d00(card: Card, apdu: str) -> None:
    card.expect(apdu, "6D00")
    card.expect(*ALIVE)


@clause(ISO, "5.1.2", "the instruction is looked at before parameters and lengths")
def test_unknown_instruction_comes_before_parameters_and_lengths(card: Card) -> None:
    for tail in ("FF FF", "00 00 00", "00 00 01 AA", "00 00 01 AA 00"):
        card.expect(f"00 FE {tail}", "6D00")


@clause(ISO, "5.1.3", "parameters are looked at before lengths: 6A86")
@cases(
    get_challenge_p1="00 84 01 00",
    get_challenge_p2="00 84 00 01 08",
    select_p1="00 A4 07 00",
    select_p1_and_no_data="00 A4 05 00 00",
)
def test_wrong_parameters_are_6a86(card: Card, apdu: str) -> None:
    card.expect(apdu, "6A86")


@clause(ISO, "5.1.3", "no answer data with 64XX to 6FXX")
@cases(
    class_="FF A4 00 00 00",
    instruction="00 FE 00 00 00",
    parameters="00 A4 07 00 02 2F00 00",
    length="00 84 00 00",
    not_found=f"00 A4 04 00 09 {AID}01 00",
    offset="00 B0 81 FF 00",
    reference="00 CA 9F 7F 00",
)
def test_errors_come_without_data(card: Card, apdu: str) -> None:
    answer = card.send(apdu)
    assert answer.sw[:2] in {f"6{digit}" for digit in "456789ABCDEF"}
    assert answer.data == b""


@clause(ISO, "5.1.3", "status words are 61XX to 6FXX or 9XXX")
def test_every_instruction_is_answered_with_a_status_word(card: Card) -> None:
    for ins in range(256):
        for cla in ("00", "80"):
            answer = card.send(f"{cla}{ins:02X}FFFF")
            assert answer.sw[0] in "69" and answer.sw[:2] != "60", f"{cla} {ins:02X}: {answer.sw}"
            assert answer.sw != "6F00", f"{cla} {ins:02X}"
    card.expect(*ALIVE)
