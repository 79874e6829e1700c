"""SELECT, READ BINARY and GET DATA (ISO/IEC 7816-4:2005, 7.1.1, 7.2.3, 7.4.2)."""

from __future__ import annotations

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

from .bench import AID, Card
from .sessions import open_channel
from .suite import ISO, MUMEI, cases, clause, on
from .wire.tlv import octets, tree

PIN_STATE = "00 20 00 03"


def fci_of(card: Card, apdu: str) -> dict[str, bytes]:
    return tree(tree(card.expect(apdu, "6F * 9000").data)["6F"])


@clause(ISO, "7.1.1", "SELECT by the whole name, as the first command")
@clause(ISO, "8.2.2.2", "application selection")
def test_select_by_name(card: Card) -> None:
    assert fci_of(card, f"00 A4 04 00 08 {AID} 00")["84"] == octets(AID)


@clause(ISO, "7.1.1", "SELECT by partial name")
@cases(seven=14, five=10, two=4, one=2)
def test_select_by_partial_name(card: Card, digits: int) -> None:
    name = AID[:digits]
    assert fci_of(card, f"00 A4 04 00 {digits // 2:02X} {name} 00")["84"] == octets(AID), "the whole name"


@clause(ISO, "7.1.1", "SELECT by name: what is no name of an application here")
@clause(ISO, "5.1.3", "6A82 file or application not found")
@cases(
    another="07 A0000002471001",
    one_octet_more=f"09 {AID}00",
    another_end="08 F06D756D65690102",
    end_of_the_name="02 0101",
)
def test_select_of_another_application_is_6a82(card: Card, data: str) -> None:
    card.expect(f"00 A4 04 00 {data} 00", "6A82")


@clause(ISO, "7.1.1", "SELECT first or only, and last occurrence")
@cases(first="00", last="01")
def test_first_and_last_occurrence(card: Card, p2: str) -> None:
    fci_of(card, f"00 A4 04 {p2} 05 {AID[:10]} 00")


@clause(ISO, "7.1.1", "SELECT next and previous occurrence: there is one application")
@cases(next="02", previous="03", next_without_data="0E", previous_without_data="0F")
def test_next_and_previous_occurrence_are_6a82(card: Card, p2: str) -> None:
    card.select()
    card.expect(f"00 A4 04 {p2} 05 {AID[:10]} 00", "6A82")
    card.expect("00 84 00 00 08", "* 9000")


@clause(ISO, "7.1.1", "SELECT: FCI, FCP or nothing, as P2 says")
@clause(ISO, "5.3.3", "file control parameters: descriptor, name, life cycle")
def test_what_select_answers(card: Card) -> None:
    fci = fci_of(card, f"00 A4 04 00 08 {AID} 00")
    assert set(fci) == {"84", "A5"}
    fcp = tree(tree(card.expect(f"00 A4 04 04 08 {AID} 00", "62 * 9000").data)["62"])
    assert fcp["82"] == octets("38"), "a DF"
    assert fcp["84"] == octets(AID)
    said = tree(card.expect("00 B0 81 00 00", "* 9000").data)["48"]
    assert fcp["8A"] == said, "the life cycle of EF.ATR/INFO"
    card.expect(f"00 A4 04 0C 08 {AID} 00", "9000")
    card.expect(f"00 A4 04 0C 08 {AID}", "9000")


@clause(ISO, "7.1.1", "SELECT: P1 and P2 that the card does not take")
@clause(ISO, "5.1.3", "6A86 incorrect P1-P2")
@cases(
    child_df="00 A4 01 00 02 2F01 00",
    parent="00 A4 03 00",
    path_from_mf="00 A4 08 00 02 2F01 00",
    path="00 A4 09 00 02 2F01 00",
    fmd=f"00 A4 04 08 08 {AID} 00",
    reserved_p2=f"00 A4 04 10 08 {AID} 00",
    reserved_p1=f"00 A4 84 00 08 {AID} 00",
    next_file="00 A4 02 02 02 2F01 00",
)
def test_select_in_another_way_is_6a86(card: Card, apdu: str) -> None:
    card.expect(apdu, "6A86")


@clause(ISO, "7.1.1", "SELECT of an elementary file by identifier")
@clause(ISO, "5.3.3", "file control parameters: size, descriptor, identifiers, life cycle")
@cases(ef_atr=("2F01", "01"), ef_dir=("2F00", "1E"))
def test_select_of_a_file(card: Card, identifier: str, short: str) -> None:
    content = card.expect(f"00 B0 {0x80 | int(short, 16):02X} 00 00", "* 9000").data
    for p1 in ("00", "02"):
        fcp = tree(tree(card.expect(f"00 A4 {p1} 04 02 {identifier} 00", "62 * 9000").data)["62"])
        assert int.from_bytes(fcp["80"], "big") == len(content)
        assert fcp["82"] == octets("01"), "a transparent EF"
        assert fcp["83"] == octets(identifier)
        assert fcp["88"] == bytes((int(short, 16) << 3,))
        assert fcp["8A"] == octets("05")
        assert card.expect("00 B0 00 00 00", "* 9000").data == content


@clause(ISO, "7.1.1", "SELECT of a file that is not there")
@clause(ISO, "5.1.3", "6A82 file or application not found")
@cases(mf="3F00", foreign="0101", current_df="3FFF")
def test_select_of_no_file_is_6a82(card: Card, identifier: str) -> None:
    card.expect(f"00 A4 02 0C 02 {identifier}", "6A82")


@clause(ISO, "7.1.1", "SELECT: a file identifier has two octets")
@clause(ISO, "5.1.3", "6A87 Lc inconsistent with P1-P2")
@cases(one="01 2F", three="03 2F0100")
def test_a_file_identifier_of_another_length_is_6a87(card: Card, data: str) -> None:
    card.expect(f"00 A4 02 0C {data}", "6A87|6700")


@clause(ISO, "7.1.1", "a refused SELECT leaves the current file")
@cases(application="00 A4 04 0C 02 A0FF", file="00 A4 02 0C 02 0101", parameters="00 A4 09 0C 02 2F01")
def test_a_refused_select_changes_nothing(card: Card, refused: str) -> None:
    card.expect("00 A4 02 0C 02 2F01", "9000")
    card.send(refused)
    card.expect("00 B0 00 00 01", "43 9000")


@clause(ISO, "7.1.1", "SELECT of the application: no current elementary file after it")
@clause(ISO, "5.1.3", "6986 no current EF")
def test_selecting_the_application_ends_the_current_file(card: Card) -> None:
    card.expect("00 A4 02 0C 02 2F01", "9000")
    card.select()
    card.expect("00 B0 00 00 00", "6986")


@clause(ISO, "5.4", "SELECT of the application resets the security status")
@on(DEVELOPMENT)
def test_select_resets_the_security_status(card: Card) -> None:
    card.expect(f"00 20 00 03 06 {card.facts.pin.encode().hex()}", "9000")
    card.expect(PIN_STATE, "9000")
    card.select()
    card.expect(PIN_STATE, "63C3")


@clause(ISO, "5.4", "a refused SELECT, and one of a file, leave the security status")
@on(DEVELOPMENT)
@cases(refused=("00 A4 04 0C 02 A0FF", "6A82"), file=("00 A4 02 0C 02 2F01", "9000"))
def test_what_select_leaves_the_security_status(card: Card, apdu: str, sw: str) -> None:
    card.expect(f"00 20 00 03 06 {card.facts.pin.encode().hex()}", "9000")
    card.expect(apdu, sw)
    card.expect(PIN_STATE, "9000")


@clause(MUMEI, "2.6", "SELECT of the own name inside a channel keeps the channel")
@on(ISSUED, NEW)
def test_select_inside_a_channel_keeps_it(card: Card) -> None:
    channel = open_channel(card)
    channel.expect(f"00 A4 04 00 08 {AID} 00", "6F * 9000")
    channel.expect("00 A4 04 0C 02 A0FF", "6A82")
    channel.expect("00 84 00 00 08", "* 9000")


@clause(ISO, "7.2.3", "READ BINARY by short file identifier makes the file the current one")
def test_read_by_short_identifier(card: Card) -> None:
    whole = card.expect("00 B0 81 00 00", "* 9000").data
    assert card.expect("00 B0 00 00 00", "* 9000").data == whole
    assert card.expect("00 B0 81 04 00", "* 9000").data == whole[4:]


@clause(ISO, "7.2.3", "READ BINARY: offset and Le")
def test_read_in_pieces(card: Card) -> None:
    whole = card.expect("00 B0 81 00 00", "* 9000").data
    pieces = [card.expect(f"00 B0 00 {at:02X} 01", ".. 9000").data for at in range(len(whole))]
    assert b"".join(pieces) == whole


@clause(ISO, "7.2.3", "READ BINARY: end of file before Le octets")
@clause(ISO, "5.1.3", "6282 end of file reached before Le octets")
def test_reading_over_the_end_is_6282(card: Card) -> None:
    whole = card.expect("00 B0 81 00 00", "* 9000").data
    size = len(whole)
    assert card.expect(f"00 B0 81 00 {size + 1:02X}", "* 6282").data == whole
    assert card.expect(f"00 B0 81 00 {size:02X}", "* 9000").data == whole
    assert card.expect(f"00 B0 81 {size - 1:02X} 02", "* 6282").data == whole[-1:]


@clause(ISO, "7.2.3", "READ BINARY: an offset outside the file")
@clause(ISO, "5.1.3", "6B00 wrong parameters: offset outside the EF")
def test_an_offset_outside_is_6b00(card: Card) -> None:
    size = len(card.expect("00 B0 81 00 00", "* 9000").data)
    card.expect(f"00 B0 81 {size:02X} 01", "6B00")
    card.expect("00 B0 81 FF 00", "6B00")
    card.expect("00 B0 00 FF 00", "6B00")
    card.expect("00 B0 7F FF 00", "6B00")


@clause(ISO, "7.2.3", "READ BINARY without a current file")
@clause(ISO, "5.1.3", "6986 no current EF")
@cases(offset="00 B0 00 00 00", short_identifier_0="00 B0 80 00 00")
def test_no_current_file_is_6986(card: Card, apdu: str) -> None:
    card.expect(apdu, "6986")


@clause(ISO, "5.3.1", "short file identifier 0 is the current file")
def test_short_identifier_0_is_the_current_file(card: Card) -> None:
    card.expect("00 A4 02 0C 02 2F01", "9000")
    card.expect("00 B0 80 00 02", "4301 9000")


@clause(ISO, "5.3.1", "short file identifiers that name no file")
@cases(five="85", twenty_nine="9D", thirty_one="9F")
def test_an_unknown_short_identifier_is_6a82(card: Card, p1: str) -> None:
    card.expect("00 A4 02 0C 02 2F01", "9000")
    card.expect(f"00 B0 {p1} 00 00", "6A82")
    card.expect("00 B0 00 00 01", "43 9000")


@clause(ISO, "7.2.3", "READ BINARY: bits 7 and 6 of P1 beside bit 8")
@cases(both="E1", bit_7="C1", bit_6="A1")
def test_reserved_bits_of_p1_are_6a86(card: Card, p1: str) -> None:
    card.expect(f"00 B0 {p1} 00 00", "6A86")


@clause(ISO, "7.4.2", "GET DATA: objects that the card has not")
@clause(ISO, "5.1.3", "6A88 referenced data not found")
@cases(
    serial="9F 7F", issuer="00 42", card_data="00 66", discretionary="00 53", zero="00 00", cardholder="5F 20"
)
def test_get_data_of_nothing_is_6a88(card: Card, tag: str) -> None:
    card.expect(f"00 CA {tag} 00", "6A88")


@clause(MUMEI, "2.6", "operation counters are for cards of the development profile")
@on(ISSUED, NEW)
def test_no_operation_counters_on_a_standard_card(card: Card) -> None:
    card.expect("00 CA 00 E7 00", "6A88")


@clause(MUMEI, "2.6", "FCI: application version and profile, nothing of the card")
def test_the_fci_names_version_and_profile_only(card: Card) -> None:
    own = tree(fci_of(card, f"00 A4 04 00 08 {AID} 00")["A5"])
    assert own == {"80": b"\x01", "81": b"\x01" if card.kind == DEVELOPMENT else b"\x02"}


@clause(ISO, "5.4", "power-off ends selection and security status")
def test_reset_ends_the_current_file(card: Card) -> None:
    card.expect("00 A4 02 0C 02 2F01", "9000")
    card.reset()
    card.expect("00 B0 00 00 00", "6986")
