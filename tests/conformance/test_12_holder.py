"""The holder's PIN, in plain and in channels; what the holder alone may see and set (ISO/IEC 7816-4:2005, 7.5)."""

from __future__ import annotations

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

from .bench import Card
from .sessions import CAN, PIN, PUK, Pace, enter, make_terminal, open_channel, wrong
from .suite import ISO, MUMEI, TR2, TR3, cases, clause, on, wears
from .wire.tlv import tree

ASK = "00 20 00 03"
NEW_PIN = "314159"


def verify(pin: str) -> str:
    return f"00 20 00 03 {len(pin):02X} {pin.encode().hex()}"


def change(old: str, new: str) -> str:
    return f"00 24 00 03 {len(old + new):02X} {(old + new).encode().hex()}"


def reset_counter(puk: str, new: str) -> str:
    return f"00 2C 00 03 {len(puk + new):02X} {(puk + new).encode().hex()}"


@clause(ISO, "7.5.6", "VERIFY: right, then asked")
@on(DEVELOPMENT)
def test_verify(card: Card) -> None:
    card.expect(ASK, "63C3")
    card.expect(verify(card.facts.pin), "9000")
    card.expect(ASK, "9000")


@clause(ISO, "7.5.6", "VERIFY without data asks and counts nothing")
@on(DEVELOPMENT)
def test_asking_costs_nothing(card: Card) -> None:
    for _ in range(4):
        card.expect(ASK, "63C3")


@clause(ISO, "7.5.6", "VERIFY: a wrong PIN costs a try, a right one gives all back")
@clause(ISO, "5.1.3", "63CX counter")
@on(DEVELOPMENT)
def test_a_wrong_pin_counts(card: Card) -> None:
    card.expect(verify(wrong(card.facts.pin)), "63C2")
    card.expect(ASK, "63C2")
    card.expect(verify(card.facts.pin), "9000")
    card.reset()
    card.expect(ASK, "63C3")


@clause(ISO, "7.5.6", "the counter outlives power-off")
@on(DEVELOPMENT)
def test_the_counter_outlives_power_off(card: Card) -> None:
    card.expect(verify(wrong(card.facts.pin)), "63C2")
    card.reset()
    card.expect(ASK, "63C2")
    card.expect(verify(card.facts.pin), "9000")


@clause(
    MUMEI,
    "2.6",
    "a try is counted in memory before it is compared: a right PIN is two writes, a wrong one is one",
)
@on(DEVELOPMENT)
def test_a_try_is_counted_before_it_is_compared(card: Card) -> None:
    def writes() -> int:
        counters = tree(tree(card.expect("00 CA 00 E7 00", "E7 * 9000").data)["E7"])
        return int.from_bytes(counters["84"], "big")

    before = writes()
    card.expect(verify(wrong(card.facts.pin)), "63C2")
    assert writes() == before + 1
    card.expect(verify(card.facts.pin), "9000")
    assert writes() == before + 3


@clause(ISO, "7.5.6", "a wrong PIN undoes an earlier success")
@on(DEVELOPMENT)
def test_a_wrong_pin_undoes_a_success(card: Card) -> None:
    card.expect(verify(card.facts.pin), "9000")
    card.expect(verify(wrong(card.facts.pin)), "63C2")
    card.expect(ASK, "63C2")
    card.expect(verify(card.facts.pin), "9000")


@clause(ISO, "7.5.6", "VERIFY: formats and references")
@on(DEVELOPMENT)
@cases(
    five_digits=("00 20 00 03 05 3132333435", "6700"),
    seven_digits=("00 20 00 03 07 31323334353637", "6700"),
    letters=("00 20 00 03 06 414243444546", "6A80"),
    not_ascii=("00 20 00 03 06 FFFFFFFFFFFF", "6A80"),
    p1=("00 20 01 03", "6A86"),
    reference_00=("00 20 00 00", "6A88"),
    reference_83=("00 20 00 83", "6A88"),
    puk_to_ask=("00 20 00 04", "63CA"),
    puk_with_data=("00 20 00 04 08 3132333435363738", "6A87"),
)
def test_verify_of_another_form_costs_no_try(card: Card, apdu: str, sw: str) -> None:
    card.expect(apdu, sw)
    card.expect(ASK, "63C3")


@clause(ISO, "7.5.6", "the attempt that blocks says 63C0, what follows 6983, and so does the right PIN")
@clause(ISO, "5.1.3", "6983 authentication method blocked")
@on(DEVELOPMENT)
@wears("blocks the PIN")
def test_a_pin_blocks(card: Card) -> None:
    for sw in ("63C2", "63C1", "63C0", "6983"):
        card.expect(verify(wrong(card.facts.pin)), sw)
    card.expect(verify(card.facts.pin), "6983")
    card.expect(ASK, "6983")
    card.reset()
    card.expect(verify(card.facts.pin), "6983")
    card.expect(change(card.facts.pin, NEW_PIN), "6983")


@clause(ISO, "7.5.10", "RESET RETRY COUNTER with PUK and new PIN")
@on(DEVELOPMENT)
@wears("blocks and changes the PIN")
def test_the_puk_unblocks(card: Card) -> None:
    for _ in range(3):
        card.send(verify(wrong(card.facts.pin)))
    card.expect(reset_counter(card.facts.puk, NEW_PIN), "9000")
    card.expect(ASK, "63C3")
    card.expect(verify(card.facts.pin), "63C2")
    card.expect(verify(NEW_PIN), "9000")


@clause(ISO, "7.5.10", "a wrong PUK costs one of ten tries")
@on(DEVELOPMENT)
@wears("costs a try of the PUK")
def test_a_wrong_puk_counts(card: Card) -> None:
    card.expect(reset_counter(wrong(card.facts.puk), NEW_PIN), "63C9")
    card.expect("00 20 00 04", "63C9")
    card.expect(verify(card.facts.pin), "9000")


@clause(ISO, "7.5.10", "the tenth wrong PUK blocks it for good")
@on(DEVELOPMENT)
@wears("blocks the PUK")
def test_a_puk_blocks(card: Card) -> None:
    for left in range(9, -1, -1):
        card.expect(reset_counter(wrong(card.facts.puk), NEW_PIN), f"63C{left:X}")
    card.expect(reset_counter(card.facts.puk, NEW_PIN), "6983")


@clause(ISO, "7.5.7", "CHANGE REFERENCE DATA: old and new")
@on(DEVELOPMENT)
def test_a_pin_is_changed(card: Card) -> None:
    card.expect(change(card.facts.pin, NEW_PIN), "9000")
    card.expect(verify(card.facts.pin), "63C2")
    card.expect(verify(NEW_PIN), "9000")
    card.expect(change(NEW_PIN, card.facts.pin), "9000")
    card.expect(verify(card.facts.pin), "9000")


@clause(ISO, "7.5.7", "CHANGE REFERENCE DATA: a wrong old PIN costs a try and changes nothing")
@on(DEVELOPMENT)
def test_a_wrong_old_pin_changes_nothing(card: Card) -> None:
    card.expect(change(wrong(card.facts.pin), NEW_PIN), "63C2")
    card.expect(verify(card.facts.pin), "9000")


@clause(ISO, "7.5.7", "CHANGE REFERENCE DATA: formats")
@on(DEVELOPMENT)
@cases(
    short=("00 24 00 03 0B" + "31" * 11, "6700"),
    no_data=("00 24 00 03", "6700"),
    reference=("00 24 00 04 0C" + "31" * 12, "6A88"),
    letters=("00 24 00 03 0C" + "41" * 12, "6A80"),
    p1=("00 24 01 03 0C" + "31" * 12, "6A86"),
)
def test_change_of_another_form_costs_no_try(card: Card, apdu: str, sw: str) -> None:
    card.expect(apdu, sw)
    card.expect(ASK, "63C3")


@clause(MUMEI, "2.6", "PIN commands in plain are absent in the standard profile")
@on(ISSUED, NEW)
@cases(
    verify=("00 20 00 03 06 313233343536", "6982"),
    change=("00 24 00 03 0C" + "31" * 12, "6D00"),
    reset=("00 2C 00 03 0E" + "31" * 14, "6982|6A86"),
    unblock=("00 2C 03 03", "6982"),
    log=("80 38 00 00 00", "6982"),
    settings=("80 3A 00 00 00", "6982"),
    describe=("80 3E 00 00 02 E200", "6D00"),
)
def test_nothing_of_the_holders_in_plain(card: Card, apdu: str, sw: str) -> None:
    card.expect(apdu, sw)


@clause(TR3, "B.14.9", "RESET RETRY COUNTER changes the PIN in a channel of the PIN")
@clause(TR2, "2.4", "Change PIN after PACE with the PIN")
@on(ISSUED)
def test_change_in_a_channel_of_the_pin(card: Card) -> None:
    old = card.facts.pin
    open_channel(card, PIN).expect(f"00 2C 02 03 06 {NEW_PIN.encode().hex()}", "9000")
    card.reset()
    Pace(card, PIN, NEW_PIN).finish().expect(f"00 2C 02 03 06 {old.encode().hex()}", "9000")
    card.reset()
    open_channel(card, PIN)


@clause(TR2, "2.4", "who may change and unblock")
@on(ISSUED)
@cases(
    change_by_shop_code=(1, "00 2C 02 03 06 313233343536"),
    change_by_can=(CAN, "00 2C 02 03 06 313233343536"),
    change_by_puk=(PUK, "00 2C 02 03 06 313233343536"),
    unblock_by_pin=(PIN, "00 2C 03 03"),
    unblock_by_can=(CAN, "00 2C 03 03"),
)
def test_changing_in_another_channel_is_6982(card: Card, number: int, apdu: str) -> None:
    open_channel(card, number).expect(apdu, "6982")


@clause(TR2, "2.4", "a terminal that was let in changes no PIN behind the holder's back")
@on(ISSUED)
def test_a_terminal_changes_no_pin(card: Card) -> None:
    channel = enter(card, make_terminal(card), PIN)
    channel.expect("00 2C 02 03 06 313233343536", "6982")


@clause(TR3, "B.14.9", "a new PIN has six digits")
@on(ISSUED)
@cases(
    five=("05 3132333435", "6700"), seven=("07 31323334353637", "6700"), letters=("06 414243444546", "6A80")
)
def test_a_new_pin_has_six_digits(card: Card, data: str, sw: str) -> None:
    open_channel(card, PIN).expect(f"00 2C 02 03 {data}", sw)
    card.reset()
    open_channel(card, PIN)


@clause(TR2, "2.2", "a transport PIN is good for one thing: to be changed")
@on(NEW)
@wears("sets the PIN")
def test_a_transport_pin_is_changed_first(card: Card) -> None:
    channel = Pace(card, PIN, card.facts.transport_pin).finish()
    channel.expect("80 38 00 00 00", "6982")
    channel.expect("80 3A 00 00 00", "6982")
    channel.expect(f"00 2C 02 03 06 {NEW_PIN.encode().hex()}", "9000")
    card.reset()
    Pace(card, PIN, NEW_PIN).finish().expect("80 3A 00 00 00", "E7 * 9000")


@clause(MUMEI, "2.6", "VERIFY in a channel: 9000 or 6300 and no counter")
@on(ISSUED)
def test_verify_for_a_terminal(card: Card) -> None:
    channel = enter(card)
    channel.expect(ASK, "6300")
    channel.expect(verify(wrong(card.facts.pin)), "6300")
    channel.expect(verify(card.facts.pin), "9000")
    channel.expect(ASK, "9000")
    channel.expect(verify(wrong(card.facts.pin)), "6300")
    channel.expect(ASK, "6300")
    card.reset()
    open_channel(card, PIN)


@clause(MUMEI, "2.6", "VERIFY needs a terminal that was let in")
@on(ISSUED)
def test_verify_without_a_terminal_is_6982(card: Card) -> None:
    open_channel(card).expect(verify(card.facts.pin), "6982")


@clause(MUMEI, "2.6", "the log is the holder's: PIN, and no terminal in the session")
@on(ISSUED)
def test_the_log_is_the_holders(card: Card) -> None:
    open_channel(card, CAN).expect("80 38 00 00 00", "6982")
    card.reset()
    channel = open_channel(card, PIN)
    channel.expect("80 38 00 00 00", "E6 * 9000|6A83")
    channel.expect("80 38 00 20 00", "6A86")
    channel.expect("80 38 00 00", "6700")
    card.reset()
    enter(card, make_terminal(card), PIN).expect("80 38 00 00 00", "6982")


SETTINGS = "E709 800101 8101{age} 8201{always}"


@clause(MUMEI, "2.6", "settings are read and set by the holder")
@on(ISSUED)
def test_settings(card: Card) -> None:
    default = SETTINGS.format(age="01", always="00")
    channel = open_channel(card, PIN)
    channel.expect("80 3A 00 00 00", f"{default} 9000")
    strict = SETTINGS.format(age="00", always="01").replace(" ", "")
    channel.expect(f"80 3A 00 00 0B {strict} 00", f"{strict} 9000")
    card.reset()
    channel = open_channel(card, PIN)
    channel.expect("80 3A 00 00 00", f"{strict} 9000")
    channel.expect(f"80 3A 00 00 0B {default} 00", f"{default} 9000")


@clause(MUMEI, "2.6", "settings that are none")
@on(ISSUED)
@cases(
    half="E706 800101 810100",
    value="E709 800101 810102 820100",
    empty="E700",
    version="E709 800102 810101 820100",
)
def test_settings_that_are_none_are_6a80(card: Card, data: str) -> None:
    size = len(data.replace(" ", "")) // 2
    channel = open_channel(card, PIN)
    channel.expect(f"80 3A 00 00 {size:02X} {data} 00", "6A80")
    channel.expect("80 3A 00 00 00", f"{SETTINGS.format(age='01', always='00')} 9000")


@clause(MUMEI, "2.6", "settings are not a terminal's business")
@on(ISSUED)
def test_settings_are_not_for_terminals(card: Card) -> None:
    enter(card, make_terminal(card), PIN).expect("80 3A 00 00 00", "6982")
