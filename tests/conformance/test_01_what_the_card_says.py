"""Answer to reset, historical bytes, EF.ATR/INFO, EF.DIR, EF.CardAccess: what a card says of itself."""

from __future__ import annotations

from functools import reduce
from operator import xor

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

from .bench import AID, Card
from .sessions import open_scp03
from .suite import GP, ICAO10, ISO, ISO3, MUMEI, TR3, clause, on, wears
from .wire.tlv import command, octets, parse, tree

EF_ATR, EF_DIR, EF_CARD_ACCESS = "00 B0 81 00 00", "00 B0 9E 00 00", "00 B0 9C 00 00"


def historical_bytes(atr: bytes) -> bytes:
    """What lies between interface bytes and check octet (8.2.2 to 8.2.5)."""
    count, at, following = atr[1] & 0x0F, 2, atr[1] >> 4
    while following:
        at += (following & 7).bit_count()
        following = atr[at] >> 4 if following & 8 else 0
        at += 1 if at < len(atr) and following else 0
    return atr[-1 - count : -1]


def compact(octets_: bytes) -> dict[int, bytes]:
    """COMPACT-TLV (8.1.1.2): tag digit and length digit in one octet."""
    found = {}
    while octets_:
        tag, size = divmod(octets_[0], 16)
        found[tag], octets_ = octets_[1 : 1 + size], octets_[1 + size :]
    return found


@clause(ISO3, "8.2", "answer to reset: form and check octet")
def test_the_atr_is_well_formed(card: Card) -> None:
    atr = card.atr
    assert atr[0] in (0x3B, 0x3F)
    assert 2 <= len(atr) <= 33
    assert reduce(xor, atr[1:]) == 0, "TCK"


@clause(ISO3, "8.2", "interface bytes offer T=1")
def test_the_atr_offers_t1(card: Card) -> None:
    atr = card.atr
    protocols, at, y = [], 2, atr[1] >> 4
    while y & 8:
        at += (y & 7).bit_count()
        protocols.append(atr[at] & 0x0F)
        y = atr[at] >> 4
        at += 1
    assert 1 in protocols


@clause(ISO, "8.1.1.1", "historical bytes: category 80, status in COMPACT-TLV")
def test_historical_bytes_are_compact_tlv(card: Card) -> None:
    historical = historical_bytes(card.atr)
    assert historical[0] == 0x80
    assert set(compact(historical[1:])) == {3, 7, 8}


@clause(ISO, "8.1.1.2.3", "card service data: what the card does is what it says")
def test_card_service_data(card: Card) -> None:
    service = compact(historical_bytes(card.atr)[1:])[3][0]
    assert service & 0x80, "selection by full name works"
    assert service & 0x40, "selection by partial name works"
    assert service & 0x20 and service & 0x10, "EF.DIR and EF.ATR/INFO are there"
    assert service & 0x0E == 0x08, "they are read by READ BINARY"
    assert service & 0x01, "there is no master file"
    card.expect("00 A4 00 0C 02 3F00", "6A82")


@clause(ISO, "8.1.1.2.7", "card capabilities: what the card does is what it says")
def test_card_capabilities(card: Card) -> None:
    first, second, third = compact(historical_bytes(card.atr)[1:])[7]
    assert first & 0x80 and first & 0x40 and first & 0x04, "full name, partial name, short file identifiers"
    assert second & 0x0F == 0x01, "a data unit is one octet"
    assert third & 0xE0 == 0xE0, "chaining, extended Lc and Le, lengths in EF.ATR/INFO"
    assert third & 0x1F == 0, "no logical channels"


@clause(ISO, "8.1.1.3", "life cycle status in the historical bytes")
@on(ISSUED, DEVELOPMENT)
def test_a_card_in_use_says_activated(card: Card) -> None:
    assert compact(historical_bytes(card.atr)[1:])[8] == b"\x05"


@clause(ISO, "8.1.1.3", "life cycle status of a card before it is issued")
@on(NEW)
def test_a_new_card_says_initialisation(card: Card) -> None:
    assert compact(historical_bytes(card.atr)[1:])[8] == b"\x03"


@clause(ISO, "8.1.1", "historical bytes and EF.ATR/INFO say the same")
@clause(ISO, "8.2.1.1", "EF.ATR/INFO")
def test_ef_atr_info_agrees_with_the_historical_bytes(card: Card) -> None:
    said = compact(historical_bytes(card.atr)[1:])
    read = tree(card.expect(EF_ATR, "* 9000").data)
    assert {tag: read[tag] for tag in ("43", "47", "48")} == {"43": said[3], "47": said[7], "48": said[8]}


@clause(MUMEI, "2.6", "the answer to reset marks no card: nothing but type and state")
def test_the_atr_holds_no_card_number(card: Card) -> None:
    assert len(historical_bytes(card.atr)) == 9
    assert octets(card.facts.serial if card.kind != DEVELOPMENT else "FFFF") not in card.atr


@clause(ISO3, "8.2", "the same answer after each reset")
def test_the_atr_does_not_change(card: Card) -> None:
    first = card.atr
    card.reinsert()
    assert card.atr == first


@clause(ICAO10, "3.11.1", "EF.ATR/INFO: extended length information")
def test_ef_atr_info_has_extended_length_information(card: Card) -> None:
    lengths = parse(tree(card.expect(EF_ATR, "* 9000").data)["7F66"])
    assert [tag for tag, _ in lengths] == ["02", "02"]
    assert all(int.from_bytes(value, "big") >= 4_096 and not value[0] & 0x80 for _, value in lengths)


def announced(card: Card) -> int:
    """The longest command by EF.ATR/INFO, in octets."""
    return int.from_bytes(parse(tree(card.expect(EF_ATR, "* 9000").data)["7F66"])[0][1], "big")


@clause(ICAO10, "3.11.1", "a command as long as announced is taken")
@on(ISSUED, NEW)
def test_the_longest_announced_command_is_taken(card: Card) -> None:
    card.need_extended()
    data = bytes(announced(card) - 9)
    # In plain it comes as far as the access condition, which is behind the length.
    card.expect(command("80 E2 80 00", data, 256, extended=True), "6982")


@clause(ICAO10, "3.11.1", "a command longer than announced is refused")
@clause(ISO, "5.1.3", "6700 wrong length")
@on(ISSUED, NEW)
def test_a_command_longer_than_announced_is_6700(card: Card) -> None:
    card.need_extended()
    card.expect(command("80 E2 80 00", bytes(announced(card) - 8), 256, extended=True), "6700")
    card.expect("00 84 00 00 08", "................ 9000")


@clause(ISO, "8.2.1.1", "EF.DIR names the application")
@clause(ISO, "8.2.1.3", "application template 61 with identifier and label")
def test_ef_dir(card: Card) -> None:
    template = tree(tree(card.expect(EF_DIR, "* 9000").data)["61"])
    assert template["4F"] == octets(AID)
    assert template["50"].isascii()


@clause(ISO, "8.2.2.2", "the application that EF.DIR names can be selected")
def test_what_ef_dir_names_can_be_selected(card: Card) -> None:
    name = tree(tree(card.expect(EF_DIR, "* 9000").data)["61"])["4F"]
    card.expect(command("00 A4 04 0C", name), "9000")


@clause(ICAO10, "3.11.3", "EF.CardAccess readable right after reset, without SELECT")
@clause(TR3, "A.1.1.1", "PACEInfo: generic mapping, AES-128, version 2, P-256")
@on(ISSUED, NEW)
def test_ef_card_access(card: Card) -> None:
    info = "31 14 30 12 06 0A 04007F00070202040202 02 01 02 02 01 0C"
    card.expect(EF_CARD_ACCESS, f"{info} 9000")
    card.expect("00 B0 9C 00 DF", f"{info} 6282")


@clause(TR3, "A.1.1.1", "EF.CardAccess is absent where there is no PACE")
@on(DEVELOPMENT)
def test_no_ef_card_access_in_the_development_profile(card: Card) -> None:
    card.expect(EF_CARD_ACCESS, "6A82")


@clause(ISO, "7.4.2", "GET DATA gives the objects of EF.ATR/INFO")
def test_get_data_gives_the_objects_of_ef_atr_info(card: Card) -> None:
    whole = card.expect(EF_ATR, "* 9000").data
    pieces = [card.expect(f"00 CA {tag} 00", "* 9000").data for tag in ("0043", "0047", "0048", "7F66")]
    assert b"".join(pieces) == whole


@clause(ISO, "8.1.1.3", "life cycle status of a terminated card")
@clause(GP, "5.1.1", "TERMINATED: the card refuses everything it knows")
@on(NEW)
@wears("terminates the card")
def test_a_terminated_card_says_so(card: Card) -> None:
    channel = open_scp03(card)
    channel.expect("80 F0 80 FF", "9000")
    card.reinsert()
    assert compact(historical_bytes(card.atr)[1:])[8][0] in range(0x0C, 0x10)
    card.expect(EF_ATR, "6985")
    card.expect("00 FE 00 00", "6D00")
