"""Chained commands and answers in pieces, as a terminal without extended length sees them."""

from __future__ import annotations

import pytest

from .conftest import Card

AID = "F06D756D65690101"
FCI = "6F128408F06D756D65690101A506800101810101"


def test_a_chained_command_is_executed_once_and_whole(card: Card) -> None:
    assert card.send("10 20 00 03 03 313233") == "9000"
    assert card.send("00 20 00 03 03 343536") == "9000"
    assert card.send("00 20 00 03") == "9000"


def test_another_command_in_the_middle_drops_the_chain(card: Card) -> None:
    card.send("10 20 00 03 03 313233")
    assert card.send("00 84 00 00 08") == "6883"
    assert card.send("00 20 00 03 03 343536") == "6700"
    assert card.send("00 20 00 03") == "63C3"


def test_select_starts_over_in_the_middle_of_a_chain(card: Card) -> None:
    card.send("10 20 00 03 03 313233")
    assert card.send(f"00 A4 04 0C 08 {AID}") == "9000"
    assert card.send("00 20 00 03 06 313233343536") == "9000"


def test_reset_forgets_a_chain(card: Card) -> None:
    card.send("10 20 00 03 03 313233")
    card.kernel.reset()
    assert card.send("00 20 00 03 06 313233343536") == "9000"


def test_a_chain_is_bounded_by_the_largest_command(card: Card) -> None:
    part = "10 20 00 03 FF" + "30" * 255
    for _ in range(16):
        assert card.send(part) == "9000"
    assert card.send(part) == "6700"
    assert card.send("00 20 00 03") == "63C3"


def test_an_answer_longer_than_le_comes_in_pieces(card: Card) -> None:
    assert card.send(f"00 A4 04 00 08 {AID} 08") == FCI[:16] + "610C"
    assert card.send("00 C0 00 00 04") == FCI[16:24] + "6108"
    assert card.send("00 C0 00 00 00") == FCI[24:] + "9000"
    assert card.send("00 C0 00 00 00") == "6985"


def test_select_without_le_says_how_much_waits(card: Card) -> None:
    assert card.send(f"00 A4 04 00 08 {AID}") == "6114"
    assert card.send("00 C0 00 00 14") == FCI + "9000"


def test_any_other_command_throws_the_rest_away(card: Card) -> None:
    card.send(f"00 A4 04 00 08 {AID} 08")
    card.send("00 84 00 00 08")
    assert card.send("00 C0 00 00 00") == "6985"


@pytest.mark.parametrize(("apdu", "sw"), [("00 C0 00 00", "6700"), ("00 C0 01 00 00", "6A86")])
def test_a_malformed_get_response_keeps_what_waits(card: Card, apdu: str, sw: str) -> None:
    card.send(f"00 A4 04 00 08 {AID} 08")
    assert card.send(apdu) == sw
    assert card.send("00 C0 00 00 00") == FCI[16:] + "9000"


def test_reset_throws_the_rest_away(card: Card) -> None:
    card.send(f"00 A4 04 00 08 {AID} 08")
    card.kernel.reset()
    assert card.send("00 C0 00 00 00") == "6985"
