"""SCP03: opening, levels, protection, and what ends it (GlobalPlatform Amendment D v1.1.2, 4.1.5, 6.2, 7.1)."""

from __future__ import annotations

from collections.abc import Callable

from tools.conformance.bench_file import NEW

from .bench import Card, nonce
from .sessions import (
    Personalisation,
    initialize_update,
    open_scp03,
)
from .suite import AMD_D, GP, MUMEI, cases, clause, on
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
        channel.expect("00 CA 00 47 00", "4703 ...... 9000")


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
@clause(GP, "10.6", "the security level is enforced")
@on(NEW)
@cases(status=GET_STATUS[0], write=WRITE, challenge="00 84 00 00 08")
def test_a_plain_command_ends_the_channel(card: Card, apdu: str) -> None:
    channel = open_scp03(card)
    card.send(apdu)
    channel_is_closed(card, channel)


@clause(GP, "10.6", "personalisation needs C-MAC and C-ENC")
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
