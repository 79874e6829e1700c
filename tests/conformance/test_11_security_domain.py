"""The issuer security domain: keys, life cycle, and from whom it hides (GlobalPlatform 2.3, chapters 5 and 11)."""

from __future__ import annotations

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

from .bench import AID, Card, nonce
from .sessions import (
    Personalisation,
    enter,
    initialize_update,
    make_terminal,
    open_channel,
    open_scp03,
    personaliser,
)
from .suite import AMD_D, GP, MUMEI, cases, clause, on, wears
from .wire.scp03 import Scp03
from .wire.tlv import command, octets

GET_STATUS = ("80 F2 80 02 02 4F00 00", "E30E 4F08A000000151000000 9F7001.. 9000")
WRITE = "80 E2 80 00 02 E500"


@clause(GP, "11.4", "GET STATUS of the issuer security domain")
@on(NEW)
@cases(
    another_query=("80 F2 80 02 02 4F01 00", "6A80"),
    applications=("80 F2 40 02 02 4F00 00", "6A86"),
    next_occurrence=("80 F2 80 03 02 4F00 00", "6A86"),
    no_data=("80 F2 80 02 00", "6700"),
)
def test_get_status_refuses(card: Card, apdu: str, sw: str) -> None:
    open_scp03(card).expect(apdu, sw)


@clause(GP, "5.1.1", "a new card is OP_READY, and steps are taken in order")
@clause(GP, "11.10", "SET STATUS")
@on(NEW)
def test_a_new_card_takes_no_step_without_what_it_needs(card: Card) -> None:
    channel = open_scp03(card)
    assert channel.expect(*GET_STATUS).data[-1] == 0x01
    for state in ("07", "0F", "7F"):
        channel.expect(f"80 F0 80 {state}", "6985")
    channel.expect("80 F0 80 03", "6A86")
    assert channel.expect(*GET_STATUS).data[-1] == 0x01


@clause(GP, "11.8", "PUT KEY: what it refuses")
@on(NEW)
@cases(
    another_version=("80 D8 31 81 01 30 00", "6A88"),
    p2=("80 D8 30 01 01 30 00", "6A86"),
    malformed=("80 D8 30 81 04 30880010 00", "6A80"),
)
def test_put_key_refuses(card: Card, apdu: str, sw: str) -> None:
    open_scp03(card).expect(apdu, sw)


@clause(GP, "11.8", "PUT KEY replaces all keys at once; the old ones open nothing any more")
@clause(AMD_D, "7.2", "key data with key check values")
@on(NEW)
@wears("replaces the static keys")
def test_put_key(card: Card) -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    dek = octets(card.facts.dek)
    new = [bytes(range(at, at + 16)) for at in (0x40, 0x50, 0x60)]
    fields, checks = b"", b""
    for key in new:
        sealed = Cipher(algorithms.AES(dek), modes.CBC(bytes(16))).encryptor().update(key)
        check = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(b"\x01" * 16)[:3]
        fields += b"\x88\x11\x10" + sealed + b"\x03" + check
        checks += check
    version = card.facts.key_version
    channel = open_scp03(card)
    broken = bytearray(fields)
    broken[-1] ^= 1
    channel.expect(command(f"80 D8 {version:02X} 81", b"\x31" + bytes(broken), 256), "6A80")
    answer = channel.expect(command(f"80 D8 {version:02X} 81", b"\x31" + fields, 256), "* 9000")
    assert answer.data == b"\x31" + checks
    card.reset()
    challenge = nonce(8)
    given = card.expect(command("80 50 00 00", challenge, 256), "* 9000").data
    old = Scp03(octets(card.facts.enc), octets(card.facts.mac), challenge, given)
    assert old.card_cryptogram != old.expected_cryptogram
    opened = Scp03(new[0], new[1], challenge, given)
    assert opened.card_cryptogram == opened.expected_cryptogram
    assert given[10] == 0x31
    card.expect(opened.external_authenticate(), "9000")


@clause(MUMEI, "2.6", "failed authentications block the security domain: 6983 after ten")
@on(NEW)
@wears("blocks the security domain")
def test_ten_failures_block(card: Card) -> None:
    for _ in range(10):
        card.expect(initialize_update(card, card).external_authenticate(bytes(8)), "6300")
    card.expect("80 50 00 00 08 0102030405060708 00", "6983")


@clause(MUMEI, "2.6", "a success gives all attempts back")
@on(NEW)
def test_a_success_gives_attempts_back(card: Card) -> None:
    for _ in range(3):
        for _ in range(4):
            card.expect(initialize_update(card, card).external_authenticate(bytes(8)), "6300")
        open_scp03(card).expect(*GET_STATUS)


HIDDEN = {
    "initialize_update": ("80 50 00 00 08 0102030405060708 00", "6D00"),
    "get_status": ("80 F2 80 02 02 4F00 00", "6D00"),
    "set_status": ("80 F0 80 7F", "6D00"),
    "put_key": ("80 D8 30 81 01 30 00", "6D00"),
    "select": ("00 A4 04 00 08 A000000151000000 00", "6A82"),
    "card_data": ("00 CA 00 66 00", "6A88"),
}


@clause(MUMEI, "2.6", "on an issued card the security domain is unknown to strangers")
@on(ISSUED, DEVELOPMENT)
@cases(**HIDDEN)
def test_the_security_domain_is_hidden(card: Card, apdu: str, answer: str) -> None:
    card.expect(apdu, answer)


@clause(MUMEI, "2.6", "on an issued card the security domain is unknown inside a channel too")
@on(ISSUED)
@cases(**HIDDEN)
def test_the_security_domain_is_hidden_from_a_shop(card: Card, apdu: str, answer: str) -> None:
    open_channel(card).expect(apdu, answer)
    card.reset()
    enter(card, make_terminal(card)).expect(apdu, answer)


@clause(MUMEI, "2.6", "a terminal with the personalisation right reaches the security domain")
@on(ISSUED)
def test_the_personaliser_reaches_the_security_domain(card: Card) -> None:
    channel = enter(card, personaliser(card))
    channel.expect("00 A4 04 00 08 A000000151000000 00", "6F * 9000")
    scp03 = initialize_update(channel, card)
    assert scp03.diversification_data == octets(card.facts.serial)
    assert scp03.card_cryptogram == scp03.expected_cryptogram
    channel.expect(scp03.external_authenticate(), "9000")
    inside = Personalisation(channel, scp03)
    assert inside.expect(*GET_STATUS).data[-1] == 0x0F
    inside.expect(WRITE, "6985")


@clause(GP, "5.1.1", "LOCKED: presentations are refused, SELECT says 6283, and the issuer unlocks")
@on(ISSUED)
@wears("locks and unlocks the card")
def test_a_locked_card(card: Card) -> None:
    set_status(card, "7F")
    card.reinsert()
    card.expect(f"00 A4 04 00 08 {AID} 00", "6283")
    assert card.atr[-2] == 0x04, "deactivated"
    channel = enter(card, make_terminal(card))
    channel.expect("80 34 00 00 02 E100 00", "6985")
    card.reset()
    open_channel(card, 3).expect("80 38 00 00 00", "6985")
    card.expect("00 FE 00 00", "6D00")
    set_status(card, "0F")
    card.reset()
    card.select()
    enter(card, make_terminal(card)).expect("80 34 00 00 02 E100 00", "6A80")


def set_status(card: Card, state: str) -> None:
    card.reset()
    channel = enter(card, personaliser(card))
    scp03 = initialize_update(channel, card)
    channel.expect(scp03.external_authenticate(), "9000")
    Personalisation(channel, scp03).expect(f"80 F0 80 {state}", "9000")
    card.reset()


@clause(GP, "10.8", "SCP03 commands chained: one MAC over the whole")
@clause(AMD_D, "6.2.4", "MAC over the unchained command")
@on(NEW)
def test_a_chained_protected_command(card: Card) -> None:
    channel = open_scp03(card, level=0x03)
    whole = channel.scp03.wrap(command("80 E2 80 00", b"\xe5" + bytes(399), extended=True))
    data = whole[7:]
    card.expect(command("94 E2 80 00", data[:200]), "9000")
    card.expect(command("84 E2 80 00", data[200:]), "6A80")
    channel.expect(*GET_STATUS)


@clause(GP, "5.1.1", "before it is issued a card presents nothing: 6985")
@on(NEW)
def test_a_new_card_presents_nothing(card: Card) -> None:
    card.expect("80 34 00 00 02 E100 00", "6985")
    open_channel(card).expect("80 34 00 00 02 E100 00", "6985")
