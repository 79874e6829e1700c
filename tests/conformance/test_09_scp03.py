"""SCP03: opening, levels, protection, and what ends it (GlobalPlatform Amendment D v1.1.2, 4.1.5, 6.2, 7.1)."""

from __future__ import annotations

from collections.abc import Callable

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


@clause(AMD_D, "7.1.1", "INITIALIZE UPDATE: the answer's fields")
@on(NEW)
def test_initialize_update(card: Card) -> None:
    scp03 = initialize_update(card, card)
    facts = card.facts
    assert scp03.diversification_data == octets(facts.serial)
    assert scp03.key_version == facts.key_version
    assert scp03.identifier == 3, "SCP03"
    assert scp03.i & 0x70 == 0x70, "pseudo-random challenge, R-MAC and R-ENC"


@clause(AMD_D, "6.2.2.2", "the card's cryptogram")
@clause(AMD_D, "4.1.5", "data derivation")
@on(NEW)
def test_the_cards_cryptogram(card: Card) -> None:
    scp03 = initialize_update(card, card)
    assert scp03.card_cryptogram == scp03.expected_cryptogram


@clause(AMD_D, "6.2.2.1", "the pseudo-random card challenge")
@on(NEW)
def test_the_cards_challenge(card: Card) -> None:
    scp03 = initialize_update(card, card)
    assert scp03.card_challenge == scp03.expected_challenge


@clause(AMD_D, "6.2.2.1", "the sequence counter goes up, and no challenge comes twice")
@on(NEW)
def test_challenges_never_repeat(card: Card) -> None:
    seen = [initialize_update(card, card) for _ in range(3)]
    card.reset()
    seen.append(initialize_update(card, card))
    counters = [int.from_bytes(scp03.sequence, "big") for scp03 in seen]
    assert counters == list(range(counters[0], counters[0] + 4))
    assert len({scp03.card_challenge for scp03 in seen}) == 4


@clause(AMD_D, "7.1.1", "INITIALIZE UPDATE: what it refuses")
@on(NEW)
@cases(
    key_version=("80 50 31 00 08 0102030405060708 00", "6A88"),
    p2=("80 50 00 01 08 0102030405060708 00", "6A86"),
    nine_octets=("80 50 00 00 09 010203040506070809 00", "6700"),
    seven_octets=("80 50 00 00 07 01020304050607 00", "6700"),
    no_data=("80 50 00 00 00", "6700"),
    no_le=("80 50 00 00 08 0102030405060708", "6700|611D|6120"),
)
def test_initialize_update_refuses(card: Card, apdu: str, sw: str) -> None:
    card.expect(apdu, sw)


@clause(AMD_D, "7.1.1", "challenges of 16 octets: S16")
@on(NEW)
def test_s16_is_offered(card: Card) -> None:
    answer = card.expect(command("80 50 00 00", nonce(16), 256), "* 9000")
    assert len(answer.data) in (45, 48)
    assert answer.data[12] & 0x01, "i says S16"


@clause(AMD_D, "7.1.2", "EXTERNAL AUTHENTICATE at every level")
@on(NEW)
@cases(none=0x00, c_mac=0x01, c_enc=0x03, r_mac=0x11, c_enc_r_mac=0x13, everything=0x33)
def test_every_level(card: Card, level: int) -> None:
    channel = open_scp03(card, level=level)
    if level & 1:
        channel.expect(*GET_STATUS)
        channel.expect(*GET_STATUS)
    else:
        channel.expect(GET_STATUS[0], "6982")


@clause(AMD_D, "7.1.2", "EXTERNAL AUTHENTICATE: levels that there are not")
@on(NEW)
@cases(
    encryption_only=0x02, r_enc_only=0x20, r_mac_only=0x10, without_c_enc=0x31, reserved=0x80, all_bits=0xFF
)
def test_another_level_is_6a86(card: Card, level: int) -> None:
    scp03 = initialize_update(card, card, level=level)
    card.expect(scp03.external_authenticate(), "6A86")
    card.expect(GET_STATUS[0], "6982")


@clause(AMD_D, "7.1.2", "a wrong host cryptogram: 6300, and the channel is closed")
@on(NEW)
def test_a_wrong_cryptogram_is_6300(card: Card) -> None:
    scp03 = initialize_update(card, card)
    card.expect(scp03.external_authenticate(bytes(8)), "6300")
    card.expect(scp03.external_authenticate(), "6882")
    open_scp03(card).expect(*GET_STATUS)


@clause(AMD_D, "6.2.4", "a wrong C-MAC of EXTERNAL AUTHENTICATE: 6982, and the channel is closed")
@on(NEW)
def test_a_wrong_mac_of_external_authenticate_is_6982(card: Card) -> None:
    apdu = initialize_update(card, card).external_authenticate()
    card.expect(apdu[:-1] + bytes((apdu[-1] ^ 1,)), "6982")
    card.expect(apdu, "6882")
    open_scp03(card)


@clause(AMD_D, "7.1.2", "EXTERNAL AUTHENTICATE directly after INITIALIZE UPDATE only")
@on(NEW)
def test_external_authenticate_comes_next_or_not_at_all(card: Card) -> None:
    scp03 = initialize_update(card, card)
    card.expect("00 84 00 00 08", "* 9000")
    card.expect(scp03.external_authenticate(), "6882|6982|6985")
    card.reset()
    card.expect(scp03.external_authenticate(), "6882|6982|6985")


@clause(AMD_D, "7.1.2", "EXTERNAL AUTHENTICATE of another session")
@on(NEW)
def test_an_old_cryptogram_is_refused(card: Card) -> None:
    old = initialize_update(card, card).external_authenticate()
    initialize_update(card, card)
    assert card.send(old).sw in ("6300", "6982")
    open_scp03(card)


@clause(AMD_D, "7.1.2", "EXTERNAL AUTHENTICATE: lengths and parameters")
@on(NEW)
@cases(short=("84 82 33 00 0F" + "00" * 15, "6700"), p2=("84 82 33 01 10" + "00" * 16, "6A86"))
def test_external_authenticate_of_another_form(card: Card, apdu: str, sw: str) -> None:
    initialize_update(card, card)
    card.expect(apdu, sw)
    open_scp03(card)


@clause(AMD_D, "6.2.4", "C-MAC over command and chain")
@clause(AMD_D, "6.2.5", "R-MAC over chain, data and status")
@clause(AMD_D, "6.2.6", "C-ENC with a counter")
@clause(AMD_D, "6.2.7", "R-ENC with a counter")
@on(NEW)
def test_commands_in_a_channel(card: Card) -> None:
    channel = open_scp03(card)
    for _ in range(3):
        channel.expect(*GET_STATUS)
        channel.expect("80 F2 80 02 02 4F01 00", "6A80")
        channel.expect("00 CA 00 47 00", "* 9000|6D00|6E00|6A88|6982")


@clause(AMD_D, "6.2.5", "errors come without R-MAC and close nothing")
@on(NEW)
def test_errors_inside_close_nothing(card: Card) -> None:
    channel = open_scp03(card)
    channel.expect("80 FE 00 00", "6D00")
    channel.expect("80 F2 40 02 02 4F00 00", "6A86")
    channel.expect(*GET_STATUS)


def flipped(at: int) -> Callable[[bytes], bytes]:
    def turn(apdu: bytes) -> bytes:
        changed = bytearray(apdu)
        changed[at] ^= 1
        return bytes(changed)

    return turn


@clause(AMD_D, "6.2.4", "a wrong C-MAC: refused, and the channel is closed")
@on(NEW)
@cases(p1=flipped(2), data=flipped(6), mac=flipped(-2), first_of_mac=flipped(-9))
def test_a_changed_command_is_6982(card: Card, turn: Callable[[bytes], bytes]) -> None:
    channel = open_scp03(card)
    card.expect(turn(channel.scp03.wrap(octets(GET_STATUS[0]))), "6982|6988")
    channel_is_closed(card, channel)


def channel_is_closed(card: Card, channel: Personalisation) -> None:
    assert card.send(channel.scp03.wrap(octets(GET_STATUS[0]))).sw in ("6882", "6982", "6985")
    card.expect(GET_STATUS[0], "6982")


@clause(AMD_D, "6.2.4", "a command sent again is refused")
@on(NEW)
def test_a_replay_is_refused(card: Card) -> None:
    channel = open_scp03(card)
    apdu = channel.scp03.wrap(octets(GET_STATUS[0]))
    card.expect(apdu, "* 9000")
    card.expect(apdu, "6982|6988")
    channel_is_closed(card, channel)


@clause(AMD_D, "6.2.4", "a plain command ends the channel")
@clause(GP, "10.2.3", "the security level is enforced")
@on(NEW)
@cases(status=GET_STATUS[0], write=WRITE, challenge="00 84 00 00 08")
def test_a_plain_command_ends_the_channel(card: Card, apdu: str) -> None:
    channel = open_scp03(card)
    card.send(apdu)
    channel_is_closed(card, channel)


@clause(GP, "10.2.3", "personalisation needs C-MAC and C-ENC")
@clause(MUMEI, "2.6", "who may write to a card")
@on(NEW)
@cases(
    plain=(None, "6982"),
    none=(0x00, "6982"),
    c_mac=(0x01, "6982"),
    r_mac=(0x11, "6982"),
    c_enc=(0x03, "6A80|6985"),
    everything=(0x33, "6A80|6985"),
)
def test_writing_needs_mac_and_encryption(card: Card, level: int | None, sw: str) -> None:
    for apdu in (WRITE, "80 30 00 00 02 E300 00", "80 32 00 00 02 E400 00"):
        channel = card if level is None else open_scp03(card, level=level)
        channel.expect(apdu, sw)


@clause(AMD_D, "6.2.6", "the counter moves on with every command, data or none")
@on(NEW)
def test_the_counter_moves_with_commands_without_data(card: Card) -> None:
    channel = open_scp03(card)
    channel.expect("80 FE 00 00", "6D00")
    channel.expect("80 F0 80 0F", "6985")
    channel.expect(*GET_STATUS)


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
