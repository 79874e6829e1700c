"""PACE: passwords, the four steps, and what the card tells of a password's state (TR-03110-2, 3.2; -3, B.1)."""

from __future__ import annotations

from collections.abc import Callable

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

from .bench import AID, Card
from .sessions import (
    CAN,
    PIN,
    PUK,
    SHOP_CODE,
    Pace,
    open_channel,
    password_of,
    set_at,
    wrong,
)
from .suite import ISO, MUMEI, TR2, TR3, cases, clause, on, wears
from .wire.certificates import TERMINAL, chat
from .wire.pace import PROTOCOL, encode_point
from .wire.tlv import command, octets, tlv

STANDARD = (ISSUED, NEW)
CHALLENGE = ("00 84 00 00 08", "................ 9000")


@clause(TR2, "3.2.1", "PACE with each password")
@clause(TR3, "A.3", "PACE-ECDH-GM-AES-CBC-CMAC-128 on P-256: keys and tokens")
@on(ISSUED)
@cases(shop_code=SHOP_CODE, can=CAN, pin=PIN, puk=PUK)
def test_pace(card: Card, number: int) -> None:
    open_channel(card, number).expect(*CHALLENGE)


@clause(MUMEI, "2.6", "PACE works right after reset and after SELECT of the application")
@on(*STANDARD)
def test_pace_after_select(card: Card) -> None:
    card.select()
    open_channel(card).expect(*CHALLENGE)


@clause(TR3, "B.1", "trust points are named where a CHAT was given")
@on(ISSUED)
def test_cars_come_with_a_chat(card: Card) -> None:
    channel = open_channel(card, chat=chat(TERMINAL))
    assert channel.cars == (card.authorities["root"].name,)


@clause(TR3, "B.1", "no trust points where no CHAT was given")
@on(ISSUED)
def test_no_cars_without_a_chat(card: Card) -> None:
    assert open_channel(card).cars == ()


@clause(TR3, "B.14.2", "MSE:Set AT: objects in any order, domain parameters named")
@on(*STANDARD)
def test_set_at_takes_any_order(card: Card) -> None:
    data = tlv("84", b"\x0c") + chat(TERMINAL) + tlv("83", b"\x02") + tlv("80", PROTOCOL)
    card.expect(command("00 22 C1 A4", data), "9000")
    card.expect("10 86 00 00 02 7C00 00", "7C12 8010 * 9000")


@clause(TR3, "B.14.2", "MSE:Set AT: what the card does not support")
@cases(
    protocol=(set_at(CAN, protocol=octets("04007F00070202040402")), "6A80"),
    key_length=(set_at(CAN, protocol=octets("04007F000702020402FF")), "6A80"),
    password_5=(set_at(5), "6A88"),
    password_0=(set_at(0), "6A88"),
    domain_parameters=(set_at(CAN, more=tlv("84", b"\x0d")), "6A80"),
    inspection_system=(set_at(CAN, octets("7F4C 0C 06 09 04007F000703010201 53 01 23")), "6A80"),
    password_twice=(set_at(CAN, more=tlv("83", b"\x02")), "6A80"),
    no_password=(command("00 22 C1 A4", tlv("80", PROTOCOL)), "6A80"),
    no_protocol=(command("00 22 C1 A4", tlv("83", b"\x02")), "6A80"),
    cut_off=(octets("00 22 C1 A4 03 80 0A 04"), "6A80"),
    no_data=(octets("00 22 C1 A4"), "6700"),
    another_template=(octets("00 22 C1 B6 03 830102"), "6A86"),
    another_p1=(octets("00 22 41 A4 03 830102"), "6A86"),
)
@on(*STANDARD)
def test_set_at_refuses(card: Card, apdu: bytes, sw: str) -> None:
    card.expect(apdu, sw)
    card.expect("10 86 00 00 02 7C00 00", "6985")


@clause(MUMEI, "2.6", "outside a channel MSE:Set AT tells no password's state")
@on(ISSUED)
@cases(shop_code=SHOP_CODE, can=CAN, pin=PIN, puk=PUK)
def test_set_at_says_9000(card: Card, number: int) -> None:
    card.expect(set_at(number), "9000")


@clause(TR3, "B.14.1", "GENERAL AUTHENTICATE before MSE:Set AT")
@on(*STANDARD)
def test_a_step_without_a_beginning_is_6985(card: Card) -> None:
    card.expect("10 86 00 00 02 7C00 00", "6985")
    card.expect("00 86 00 00 0C 7C0A 8508 0000000000000000 00", "6985")


@clause(TR3, "B.14.1", "GENERAL AUTHENTICATE: parameters and lengths")
@on(*STANDARD)
@cases(
    p1=("10 86 01 00 02 7C00 00", "6A86"),
    no_le=("10 86 00 00 02 7C00", "6700"),
    no_data=("10 86 00 00", "6700"),
)
def test_general_authenticate_with_wrong_form(card: Card, apdu: str, sw: str) -> None:
    card.expect(set_at(CAN), "9000")
    card.expect(apdu, sw)


@clause(TR3, "B.1", "the encrypted nonce is another one each time")
@on(*STANDARD)
def test_nonces_differ(card: Card) -> None:
    nonces = []
    for _ in range(4):
        pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
        pace.begin()
        pace.get_nonce()
        nonces.append(pace.nonce)
    assert len(set(nonces)) == len(nonces)


@clause(TR3, "A.3", "the card's mapping and ephemeral keys are fresh")
@on(*STANDARD)
def test_ephemeral_keys_differ(card: Card) -> None:
    keys = set()
    for _ in range(2):
        pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
        pace.begin()
        pace.agree()
        keys.add(pace.card_key)
        card.reset()
    assert len(keys) == 2


POINTS = {
    "off_the_curve": b"\x04" + bytes(64),
    "compressed": b"\x02" + bytes(32),
    "infinity": b"\x00",
    "cut_off": b"\x04" + bytes(63),
    "too_long": b"\x04" + bytes(65),
    "coordinates_too_large": b"\x04" + b"\xff" * 64,
}


@clause(TR3, "A.2.2.3", "public keys of the terminal are validated")
@clause(TR2, "3.2.1", "mapping with a point that is none")
@on(*STANDARD)
@cases(**POINTS)
def test_a_mapping_key_that_is_none(card: Card, point: bytes) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    pace.get_nonce()
    pace.step(tlv("81", point)).check("6A80")
    pace.step(b"").check("6985")


@clause(TR3, "A.2.2.3", "ephemeral keys of the terminal are validated")
@on(*STANDARD)
@cases(**POINTS)
def test_an_ephemeral_key_that_is_none(card: Card, point: bytes) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    pace.map_nonce()
    pace.step(tlv("83", point)).check("6A80")


@clause(TR3, "B.1", "steps in another order end PACE")
@on(*STANDARD)
@cases(
    key_for_mapping=lambda pace: pace.step(tlv("83", pace.get_nonce())),
    token_first=lambda pace: pace.step(tlv("85", bytes(8)), last=True),
    mapping_first=lambda pace: pace.step(tlv("81", encode_point_of_generator())),
    two_objects=lambda pace: pace.step(tlv("81", pace.get_nonce()) + tlv("83", b"\x00")),
    empty_mapping=lambda pace: (pace.get_nonce(), pace.step(tlv("81")))[1],
)
def test_another_order_of_steps(card: Card, go: Callable[[Pace], object]) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    answer = go(pace)
    assert getattr(answer, "sw", "") in ("6A80", "6883")
    pace.step(b"").check("6985")


def encode_point_of_generator() -> bytes:
    from ecdsa.curves import NIST256p

    return encode_point(NIST256p.generator * 2)


@clause(ISO, "5.1.1.1", "PACE's steps are a chain: the last one, and no other, has class 00")
@clause(TR3, "B.14.1", "a step with the wrong class: 6883")
@on(*STANDARD)
def test_a_step_with_the_wrong_class_is_6883(card: Card) -> None:
    card.expect(set_at(CAN), "9000")
    card.expect("00 86 00 00 02 7C00 00", "6883")
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    pace.step(tlv("85", pace.agree())).check("6883")


@clause(ISO, "5.1.1.1", "another command between PACE's steps: 6883, and PACE is over")
@on(*STANDARD)
@cases(
    command=("00 84 00 00 08", "6883"),
    class_=("FF 84 00 00 08", "6E00"),
    no_command=("00 84 00 00 00 08", "6700"),
)
def test_another_command_between_the_steps(card: Card, apdu: str, sw: str) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    key = pace.get_nonce()
    card.expect(apdu, sw)
    pace.step(tlv("81", key)).check("6985")


@clause(MUMEI, "2.6", "SELECT starts over in the middle of PACE")
@on(*STANDARD)
def test_select_in_the_middle_of_pace(card: Card) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    key = pace.get_nonce()
    card.expect(f"00 A4 04 0C 08 {AID}", "9000")
    pace.step(tlv("81", key)).check("6985")


@clause(TR3, "B.1", "wrong password without counter: 6300")
@on(ISSUED)
@cases(shop_code=SHOP_CODE, can=CAN)
def test_a_wrong_password_is_6300(card: Card, number: int) -> None:
    pace = Pace(card, number, wrong(password_of(card, number)))
    pace.begin()
    pace.step(tlv("85", pace.agree()), last=True).check("6300")
    card.expect(*CHALLENGE)
    open_channel(card, number)


@clause(TR3, "B.1", "a wrong token of the terminal is refused, and PACE is over")
@on(*STANDARD)
def test_a_wrong_token_is_6300(card: Card) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    token = pace.agree()
    pace.step(tlv("85", bytes(8)), last=True).check("6300")
    pace.step(tlv("85", token), last=True).check("6985")


@clause(TR3, "B.1", "a token of another length")
@on(*STANDARD)
@cases(none=0, seven=7, nine=9, sixteen=16)
def test_a_token_of_another_length(card: Card, size: int) -> None:
    pace = Pace(card, SHOP_CODE, password_of(card, SHOP_CODE))
    pace.begin()
    token = pace.agree()
    answer = pace.step(tlv("85", (token + bytes(8))[:size]), last=True)
    assert answer.sw in ("6A80", "6300")


@clause(TR2, "2.4", "PACE with the PIN counts a wrong one, and a right one gives tries back")
@clause(MUMEI, "2.6", "a wrong PIN is 6300 outside a channel of the CAN")
@on(ISSUED)
def test_a_wrong_pin_is_counted_and_forgiven(card: Card) -> None:
    pace = Pace(card, PIN, wrong(card.facts.pin))
    pace.begin()
    pace.step(tlv("85", pace.agree()), last=True).check("6300")
    card.reset()
    inside = open_channel(card, CAN)
    inside.expect(set_at(PIN), "63C2")
    card.reset()
    open_channel(card, PIN)
    card.reset()
    open_channel(card, CAN).expect(set_at(PIN), "9000")


@clause(TR2, "3.2.2", "the last try is suspended: it waits for the CAN, and the right PIN passes then")
@clause(TR3, "B.14.2", "MSE:Set AT says 63C1 of a suspended PIN")
@on(ISSUED)
def test_a_suspended_pin_is_resumed_by_the_can(card: Card) -> None:
    spend_pin(card, 2)
    # Right or wrong, outside a channel of the CAN it is refused without being counted.
    for digits in (card.facts.pin, wrong(card.facts.pin)):
        pace = Pace(card, PIN, digits)
        pace.begin()
        pace.step(tlv("85", pace.agree()), last=True).check("6300")
        card.reset()
    inside = open_channel(card, CAN)
    pace = Pace(inside, PIN, card.facts.pin)
    pace.begin("63C1")
    pace.conclude(pace.agree()).expect(*CHALLENGE)
    card.reset()
    open_channel(card, CAN).expect(set_at(PIN), "9000")


@clause(TR2, "2.4", "a third wrong PIN blocks: 63C0, then 6983; the PUK unblocks")
@clause(TR3, "B.14.9", "RESET RETRY COUNTER unblocks after PACE with the PUK")
@on(ISSUED)
@wears("blocks the PIN")
def test_a_blocked_pin(card: Card) -> None:
    spend_pin(card, 2)
    inside = open_channel(card, CAN)
    pace = Pace(inside, PIN, wrong(card.facts.pin))
    pace.begin("63C1")
    pace.step(tlv("85", pace.agree()), last=True).check("63C0")
    inside.expect(*CHALLENGE)
    pace = Pace(inside, PIN, card.facts.pin)
    pace.begin("63C0")
    pace.step(tlv("85", pace.agree()), last=True).check("6983")
    card.reset()
    open_channel(card, PUK).expect("00 2C 03 03", "9000")
    card.reset()
    open_channel(card, PIN).expect(*CHALLENGE)


def spend_pin(card: Card, tries: int) -> None:
    for _ in range(tries):
        pace = Pace(card, PIN, wrong(card.facts.pin))
        pace.begin()
        pace.step(tlv("85", pace.agree()), last=True).check("6300")
        card.reset()


@clause(TR2, "2.4", "a try is counted before anything is compared: breaking off after the token costs one")
@on(ISSUED)
def test_a_try_counts_though_the_card_is_reset_at_once(card: Card) -> None:
    spend_pin(card, 1)
    open_channel(card, CAN).expect(set_at(PIN), "63C2")
    card.reset()
    open_channel(card, PIN)


@clause(TR3, "B.1", "PACE that is broken off before its token costs no try")
@on(ISSUED)
def test_an_unfinished_pace_costs_no_try(card: Card) -> None:
    pace = Pace(card, PIN, wrong(card.facts.pin))
    pace.begin()
    pace.agree()
    card.reset()
    open_channel(card, CAN).expect(set_at(PIN), "9000")


@clause(TR2, "3.2.2", "one PACE in a session, but for what the CAN resumes")
@on(ISSUED)
@cases(
    shop_code_again=(SHOP_CODE, SHOP_CODE),
    pin_after_shop_code=(SHOP_CODE, PIN),
    can_after_can=(CAN, CAN),
    pin_again=(PIN, PIN),
)
def test_a_second_pace_is_6985(card: Card, first: int, second: int) -> None:
    channel = open_channel(card, first)
    channel.expect(set_at(second), "6985")
    channel.expect(*CHALLENGE)


@clause(TR2, "3.2.2", "the keys of the second PACE replace those of the first")
@on(ISSUED)
def test_pin_inside_can(card: Card) -> None:
    inside = open_channel(card, CAN)
    second = Pace(inside, PIN, card.facts.pin).finish()
    second.expect(*CHALLENGE)
    card.expect(inside.sm.wrap(octets("00 84 00 00 08")), "6987|6988")


@clause(TR2, "2.2", "a transport PIN opens a channel that serves to change it")
@on(NEW)
def test_a_transport_pin(card: Card) -> None:
    channel = Pace(card, PIN, card.facts.transport_pin).finish()
    channel.expect(*CHALLENGE)


@clause(MUMEI, "2.6", "PACE is absent in the development profile")
@on(DEVELOPMENT)
def test_no_pace_in_the_development_profile(card: Card) -> None:
    card.expect(set_at(CAN), "6D00")
    card.expect("10 86 00 00 02 7C00 00", "6D00")
