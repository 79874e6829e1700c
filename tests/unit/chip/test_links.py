"""Octets to milliseconds: by hand for small cases, and in the order that everybody expects."""

from __future__ import annotations

import pytest

from mumei_card.chip.link_profile import KILOBITS, Contactless, ContactT0, ContactT1

READ_4 = bytes.fromhex("00b0000004")
OK = bytes.fromhex("9000")


def etu(ta1_di: float, fi: int) -> float:
    return fi / ta1_di / 4000


def test_t0_is_characters_of_twelve_etu() -> None:
    link = ContactT0(0x11)
    case_1 = link.milliseconds(bytes.fromhex("00200003"), OK, 0)
    assert case_1 == pytest.approx((5 + 2) * 12 * etu(1, 372))
    case_2 = link.milliseconds(READ_4, bytes(4) + OK, 0)
    assert case_2 == pytest.approx((5 + 1 + 4 + 2) * 12 * etu(1, 372))
    case_3 = link.milliseconds(bytes.fromhex("0020000306") + bytes(6), OK, 0)
    assert case_3 == pytest.approx((5 + 1 + 6 + 2) * 12 * etu(1, 372))
    # The answer waits for GET RESPONSE: a header, a procedure byte and a status word more.
    case_4 = link.milliseconds(bytes.fromhex("0086000006") + bytes(6) + b"\0", bytes(4) + OK, 0)
    assert case_4 == pytest.approx((5 + 1 + 6 + 2 + 5 + 1 + 4 + 2) * 12 * etu(1, 372))


def test_t0_takes_long_answers_in_pieces() -> None:
    link = ContactT0(0x11)
    command = bytes.fromhex("00b000000000 00".replace(" ", ""))
    pieces = link.milliseconds(command, bytes(600) + OK, 0)
    assert pieces == pytest.approx((5 + 1 + 600 + 2 + 2 * (5 + 1 + 2)) * 12 * etu(1, 372))


def test_t0_sends_null_bytes_while_the_card_works() -> None:
    link = ContactT0(0x11)
    waiting_ms = 960 * 10 * 372 / 4000
    quick, slow = (link.milliseconds(READ_4, bytes(4) + OK, waiting_ms * times) for times in (0.5, 3.5))
    assert slow - quick == pytest.approx(3 * 12 * etu(1, 372))


def test_t1_is_blocks_with_guard_times() -> None:
    link = ContactT1(0x11, ifsc=32)
    # One block each way, four octets around each, the direction turns twice.
    expected = (5 + 4 + 6 + 4) * 12 * etu(1, 372) + 2 * (22 - 12) * etu(1, 372)
    assert link.milliseconds(READ_4, bytes(4) + OK, 0) == pytest.approx(expected)


def test_t1_chains_and_acknowledges() -> None:
    link = ContactT1(0x11, extra_guard=255, ifsc=32)
    # 70 octets are three blocks, two of them acknowledged: five blocks; then the answer's one.
    expected = (70 + 3 * 4 + 2 * 4 + 2 + 4) * 11 * etu(1, 372) + 6 * (22 - 11) * etu(1, 372)
    assert link.milliseconds(bytes(70), OK, 0) == pytest.approx(expected)


def test_t1_asks_for_more_time() -> None:
    link = ContactT1(0x11, ifsc=254)
    waiting_ms = 2**4 * 960 * 372 / 4000
    quick, slow = (link.milliseconds(READ_4, OK, waiting_ms * times) for times in (0.5, 1.5))
    assert slow - quick == pytest.approx((2 * 5 * 12 + 2 * (22 - 12)) * etu(1, 372))


def test_contactless_is_bits_frames_and_delays() -> None:
    link = Contactless(106)
    bits = (5 + 3 + 6 + 3) * 9 + 2 * 2
    expected = 1000 * (bits * 128 + 2 * 1172) / 13_560_000
    assert link.milliseconds(READ_4, bytes(4) + OK, 0) == pytest.approx(expected)


def test_contactless_chains_frames_of_256_octets() -> None:
    link = Contactless(424)
    # 253 octets fit in a frame. One more is a frame more, its acknowledgement, and three octets around each.
    more = link.milliseconds(READ_4, bytes(254), 0) - link.milliseconds(READ_4, bytes(253), 0)
    assert more == pytest.approx(1000 * (((1 + 6) * 9 + 4) * 32 + 2 * 1172) / 13_560_000)


def test_every_link_is_quicker_than_the_one_before() -> None:
    command, response = bytes(300), bytes(900)
    times = [Contactless(speed).milliseconds(command, response, 500) for speed in KILOBITS]
    assert times == sorted(times, reverse=True)
    slow, quick = (ContactT1(ta1).milliseconds(command, response, 500) for ta1 in (0x11, 0x18))
    assert quick < slow / 10


@pytest.mark.parametrize("link", [ContactT0(0x18), ContactT1(0x18), Contactless(106)], ids=lambda x: x.name)
@pytest.mark.parametrize("command", [b"", b"\x00", bytes(4), bytes.fromhex("00a40400ff00"), b"\xff" * 300])
def test_what_is_no_command_takes_time_too(link: ContactT1, command: bytes) -> None:
    assert link.milliseconds(command, OK, 0) >= 0
