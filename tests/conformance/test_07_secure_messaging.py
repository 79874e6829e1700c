"""Secure messaging: what is protected, what ends a session, what does not (TR-03110-3 v2.21, F.3-F.6)."""

from __future__ import annotations

from collections.abc import Callable

from tools.conformance.bench_file import ISSUED, NEW

from .bench import AID, Card
from .sessions import Channel, open_channel
from .suite import ISO, MUMEI, TR3, cases, clause, on
from .wire.secure_messaging import SecureMessaging
from .wire.tlv import command, octets, tlv

STANDARD = (ISSUED, NEW)
CHALLENGE = ("00 84 00 00 08", "................ 9000")
GET_CHALLENGE = octets("00 84 00 00 08")


def is_over(channel: Channel) -> None:
    """Nothing protected passes any more, and the card works in plain."""
    channel.card.expect(channel.sm.wrap(GET_CHALLENGE), "6882|6987|6988|6985")
    channel.card.expect(*CHALLENGE)


@clause(TR3, "F.3", "data and Le protected: cryptogram, Le, MAC")
@on(*STANDARD)
@cases(
    case_1=("00 FE 00 00", "6D00"),
    case_2=("00 84 00 00 08", "................ 9000"),
    case_3=(f"00 A4 04 0C 08 {AID}", "9000"),
    case_4=(f"00 A4 04 00 08 {AID} 00", "6F * 9000"),
)
def test_the_four_cases(card: Card, apdu: str, answer: str) -> None:
    open_channel(card).expect(apdu, answer)


@clause(TR3, "F.3", "a protected answer with data: cryptogram, status, MAC; without: status, MAC")
@on(*STANDARD)
def test_what_a_protected_answer_holds(card: Card) -> None:
    channel = open_channel(card)
    with_data = card.send(channel.sm.wrap(GET_CHALLENGE))
    assert with_data.data[:2] == octets("87 11")
    assert with_data.data[19:23] == octets("99 02 9000")
    channel.sm.counter += 1
    without = card.send(channel.sm.wrap(octets(f"00 A4 04 0C 08 {AID}")))
    without.check("9902 9000 8E08 ................ 9000")


@clause(TR3, "F.3", "the status of an error inside is protected, and the session goes on")
@clause(MUMEI, "2.6", "errors inside end nothing")
@on(*STANDARD)
@cases(
    instruction=("00 FE 00 00", "6D00"),
    class_=("20 84 00 00 08", "6E00"),
    channel=("01 84 00 00 08", "6881"),
    parameters=("00 84 01 00 08", "6A86"),
    length=("00 84 00 00", "6700"),
    not_found=("00 A4 02 0C 02 0101", "6A82"),
    no_terminal=("80 34 00 00 02 E100 00", "6982|6985"),
)
def test_an_error_inside_ends_nothing(card: Card, apdu: str, sw: str) -> None:
    channel = open_channel(card)
    channel.expect(apdu, sw)
    channel.expect(*CHALLENGE)


@clause(TR3, "F.4", "the send sequence counter goes up with each command and each answer")
@on(*STANDARD)
def test_the_counter(card: Card) -> None:
    channel = open_channel(card)
    for _ in range(5):
        channel.expect(*CHALLENGE)
    assert channel.sm.counter == 10


@clause(TR3, "F.4", "a counter that is not the card's ends the session")
@on(*STANDARD)
@cases(behind=-2, same=-1, ahead=1, far=1_000)
def test_a_wrong_counter_is_6988(card: Card, turned: int) -> None:
    channel = open_channel(card)
    channel.expect(*CHALLENGE)
    channel.sm.counter += turned
    card.expect(channel.sm.wrap(GET_CHALLENGE), "6988")
    is_over(channel)


@clause(TR3, "F.4", "a command sent again is refused")
@on(*STANDARD)
def test_a_replayed_command_is_6988(card: Card) -> None:
    channel = open_channel(card)
    octets_ = channel.sm.wrap(GET_CHALLENGE)
    card.expect(octets_, "* 9000")
    card.expect(octets_, "6988")
    is_over(channel)


def change(at: int) -> Callable[[bytes], bytes]:
    """One bit of the octet at this place."""

    def turn(octets_: bytes) -> bytes:
        changed = bytearray(octets_)
        changed[at] ^= 1
        return bytes(changed)

    return turn


@clause(TR3, "F.3", "every part of a command is covered by the MAC")
@clause(ISO, "5.1.3", "6988 incorrect secure messaging data objects")
@on(*STANDARD)
@cases(
    instruction=change(1),
    p1=change(2),
    p2=change(3),
    cryptogram=change(12),
    le=change(26),
    mac=change(30),
    last_of_mac=change(-2),
)
def test_a_changed_octet_is_6988(card: Card, turn: Callable[[bytes], bytes]) -> None:
    channel = open_channel(card)
    protected = channel.sm.wrap(octets(f"00 A4 04 00 08 {AID} 00"))
    card.expect(turn(protected), "6988")
    is_over(channel)


@clause(ISO, "5.1.3", "6987 secure messaging data objects missing")
@on(*STANDARD)
@cases(no_mac=octets("97 01 08"), no_data=b"", cryptogram_only=tlv("87", b"\x01" + bytes(16)))
def test_a_missing_object_is_6987(card: Card, body: bytes) -> None:
    channel = open_channel(card)
    card.expect(command("0C 84 00 00", body, 256), "6987")
    is_over(channel)


@clause(TR3, "F.3", "objects that do not belong there, with a right MAC")
@on(*STANDARD)
@cases(
    unknown=octets("81 01 00"),
    le_twice=octets("97 01 08 97 01 08"),
    status=octets("99 02 9000"),
    odd_cryptogram=tlv("85", bytes(16)),
    half_a_block=tlv("87", b"\x01" + bytes(8)),
    other_padding=tlv("87", b"\x02" + bytes(16)),
    empty_cryptogram=tlv("87", b"\x01"),
    long_le=octets("97 03 000008"),
)
def test_a_wrong_object_is_6988(card: Card, objects: bytes) -> None:
    channel = open_channel(card)
    channel.sm.counter += 1
    card.expect(channel.sm.seal(octets("0C 84 00 00"), objects), "6987|6988")
    is_over(channel)


@clause(TR3, "F.3", "a cryptogram whose padding is wrong")
@on(*STANDARD)
def test_wrong_padding_is_6988(card: Card) -> None:
    channel = open_channel(card)
    channel.sm.counter += 1
    # Decrypted with the right key, random octets end in a padding once in 256 times at most: 02 never is one.
    objects = tlv("87", b"\x01" + _sealed(channel.sm, b"\x02" * 16))
    card.expect(channel.sm.seal(octets("0C A4 04 0C"), objects), "6988")
    is_over(channel)


def _sealed(sm: SecureMessaging, block: bytes) -> bytes:
    encryptor = sm._cipher().encryptor()
    return encryptor.update(block) + encryptor.finalize()


@clause(TR3, "F.6", "a plain command ends the session and is carried out as a plain one")
@clause(MUMEI, "2.6", "after a plain command nothing of the channel is left")
@on(*STANDARD)
@cases(
    challenge=("00 84 00 00 08", "* 9000"),
    select=(f"00 A4 04 0C 08 {AID}", "9000"),
    refused=("00 FE 00 00", "6D00"),
    holder=("00 2C 03 03", "6982"),
    header_not_authenticated=("04 84 00 00 08", "6882"),
    channel_16=("4C 84 00 00 08", "6881"),
    class_ff=("FF 84 00 00 08", "6E00"),
)
def test_a_plain_command_ends_the_session(card: Card, apdu: str, answer: str) -> None:
    channel = open_channel(card)
    card.expect(apdu, answer)
    is_over(channel)


@clause(TR3, "F.1", "GET RESPONSE travels in plain and ends nothing")
@on(*STANDARD)
def test_get_response_ends_nothing(card: Card) -> None:
    channel = open_channel(card)
    protected = channel.sm.wrap(GET_CHALLENGE)
    piece = card.expect(protected[:-1] + b"\x08", "* 61..")
    rest = card.expect("00 C0 00 00 00", "* 9000")
    data, sw = channel.sm.unwrap(piece.data + rest.data + octets(rest.sw))
    assert (len(data), sw) == (8, "9000")
    card.expect("00 C0 00 00 00", "6985")
    channel.expect(*CHALLENGE)


@clause(TR3, "F.3", "Le inside is what counts")
@on(*STANDARD)
@cases(one=("01", 1), sixteen=("10", 16), all=("00", 256))
def test_le_inside(card: Card, le: str, size: int) -> None:
    channel = open_channel(card)
    if size > 200:
        card.need_extended()
        protected = channel.sm.wrap(octets("00 84 00 00 00 0100"))
        data, sw = channel.sm.unwrap(_whole(card, protected))
        assert (len(data), sw) == (size, "9000")
        return
    assert len(channel.expect(f"00 84 00 00 {le}", "* 9000").data) == size


def _whole(card: Card, apdu: bytes) -> bytes:
    """An answer with all its pieces."""
    answer = card.send(apdu)
    data = answer.data
    while answer.sw[:2] == "61":
        answer = card.send(f"00 C0 00 00 {answer.sw[2:]}")
        data += answer.data
    return data + octets(answer.sw)


@clause(ISO, "5.1.1.1", "parts of a chain are protected one by one")
@on(*STANDARD)
def test_a_chain_inside(card: Card) -> None:
    channel = open_channel(card)
    channel.expect(f"10 A4 04 00 03 {AID[:6]}", "9000")
    channel.expect(f"00 A4 04 00 05 {AID[6:]} 00", "6F * 9000")


@clause(ISO, "5.1.1.1", "a chain ends with its channel")
@on(*STANDARD)
def test_a_chain_ends_with_the_channel(card: Card) -> None:
    channel = open_channel(card)
    channel.expect(f"10 A4 04 0C 03 {AID[:6]}", "9000")
    card.expect("00 84 00 00 08", "* 9000")
    card.expect(f"00 A4 04 0C 05 {AID[6:]}", "6A82")


@clause(TR3, "F.6", "reset ends the session")
@on(*STANDARD)
def test_reset_ends_the_session(card: Card) -> None:
    channel = open_channel(card)
    card.reset()
    card.expect(channel.sm.wrap(GET_CHALLENGE), "6882")


@clause(TR3, "F.5", "the session keys are new with every PACE")
@on(*STANDARD)
def test_keys_of_another_session_do_not_serve(card: Card) -> None:
    old = open_channel(card)
    card.reset()
    new = open_channel(card)
    assert new.keys.enc != old.keys.enc and new.keys.mac != old.keys.mac
    card.expect(SecureMessaging(old.keys.enc, old.keys.mac).wrap(GET_CHALLENGE), "6988")
    is_over(new)


@clause(TR3, "F.3", "extended lengths inside: Le of two octets")
@on(*STANDARD)
def test_extended_le_inside(card: Card) -> None:
    card.need_extended()
    channel = open_channel(card)
    channel.expect("00 B0 81 00 00 0000", "43 * 9000")
    channel.expect("00 84 00 00 00 0101", "6700")
