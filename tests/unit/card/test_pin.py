"""PIN and PUK: tries are counted before comparing, blocked is blocked, a transport PIN only gets changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mumei_card.chip.nvm import Nvm
from mumei_card.errors import CardError

from .conftest import Card

RIGHT = "00 20 00 03 06 313233343536"
WRONG = "00 20 00 03 06 393939393939"
ASK = "00 20 00 03"
ASK_PUK = "00 20 00 04"
NEW_PIN = "363534333231"


def unblock(puk: str) -> str:
    return f"00 2C 00 03 0E {puk.encode().hex()} {NEW_PIN}"


def test_a_right_pin_gives_all_tries_back(card: Card) -> None:
    assert [card.send(WRONG), card.send(WRONG), card.send(RIGHT)] == ["63C2", "63C1", "9000"]
    assert card.send(ASK) == "9000"
    card.kernel.reset()
    assert card.send(ASK) == "63C3"


def test_a_wrong_pin_undoes_an_earlier_success(card: Card) -> None:
    card.send(RIGHT)
    assert card.send(WRONG) == "63C2"
    assert card.send(ASK) == "63C2"


def test_the_blocking_attempt_says_63c0_and_later_ones_6983(card: Card) -> None:
    assert [card.send(WRONG) for _ in range(5)] == ["63C2", "63C1", "63C0", "6983", "6983"]
    assert card.send(RIGHT) == "6983"
    assert card.send(ASK) == "6983"
    card.kernel.reset()
    assert card.send(RIGHT) == "6983"


def test_tries_survive_power_off(card: Card) -> None:
    card.send(WRONG)
    card.kernel.reset()
    assert card.send(ASK) == "63C2"


class PowerCut(BaseException):
    """Nothing on the card catches a power cut."""


@pytest.mark.parametrize("apdu", [RIGHT, WRONG])
def test_power_cut_after_the_first_write_costs_a_try_and_verifies_nothing(card: Card, apdu: str) -> None:
    commit = card.nvm.commit

    def commit_then_cut(changes: Mapping[str, bytes | None]) -> None:
        commit(changes)
        raise PowerCut

    card.nvm.commit = commit_then_cut  # type: ignore[method-assign]
    with pytest.raises(PowerCut):
        card.send(apdu)
    after = Card(Nvm.in_memory({name: card.nvm.get(name) or b"" for name in card.nvm.sizes()}))
    assert after.send(ASK) == "63C2"


def test_a_transport_pin_is_good_for_its_change_only(new_card: Card) -> None:
    assert new_card.send(ASK) == "6984"
    assert new_card.send(RIGHT) == "6984"
    assert new_card.send("00 20 00 03 05 3132333435") == "6700"
    assert new_card.send("00 24 00 03 0B 3939393939 313233343536") == "63C2"
    assert new_card.send("00 24 00 03 0B 3132333435 313233343536") == "9000"
    assert new_card.send(ASK) == "63C3"
    assert new_card.send(RIGHT) == "9000"


def test_a_transport_pin_blocks_like_any_pin_and_the_puk_helps(new_card: Card) -> None:
    change = "00 24 00 03 0B 3939393939 313233343536"
    assert [new_card.send(change) for _ in range(4)] == ["63C2", "63C1", "63C0", "6983"]
    assert new_card.send(ASK) == "6983"
    assert new_card.send(unblock("12345678")) == "9000"
    assert new_card.send(f"00 20 00 03 06 {NEW_PIN}") == "9000"


def test_change_needs_the_old_pin(card: Card) -> None:
    assert card.send(f"00 24 00 03 0C 393939393939 {NEW_PIN}") == "63C2"
    assert card.send(RIGHT) == "9000"
    assert card.send(f"00 24 00 03 0C 313233343536 {NEW_PIN}") == "9000"
    assert card.send(RIGHT) == "63C2"
    assert card.send(f"00 20 00 03 06 {NEW_PIN}") == "9000"


def test_the_puk_unblocks_sets_the_pin_and_gets_its_own_tries_back(card: Card) -> None:
    for _ in range(3):
        card.send(WRONG)
    assert card.send(unblock("00000000")) == "63C9"
    assert card.send(ASK_PUK) == "63C9"
    assert card.send(unblock("12345678")) == "9000"
    assert card.send(ASK_PUK) == "63CA"
    assert card.send(ASK) == "63C3"
    assert card.send(f"00 20 00 03 06 {NEW_PIN}") == "9000"


def test_ten_wrong_puks_block_it_for_good(card: Card) -> None:
    answers = [card.send(unblock("00000000")) for _ in range(11)]
    assert answers == [f"63C{left:X}" for left in range(9, -1, -1)] + ["6983"]
    assert card.send(unblock("12345678")) == "6983"
    assert card.send(ASK_PUK) == "6983"
    assert card.send(RIGHT) == "9000"


@pytest.mark.parametrize(
    ("apdu", "sw"),
    [
        ("00 20 01 03", "6A86"),
        ("00 20 00 00", "6A88"),
        ("00 20 00 83", "6A88"),
        ("00 20 00 04 08 3132333435363738", "6A87"),
        ("00 20 00 03 05 3132333435", "6700"),
        ("00 20 00 03 07 31323334353637", "6700"),
        ("00 20 00 03 06 31323334353A", "6A80"),
        ("00 20 00 03 06 3132333435B2", "6A80"),
        ("00 24 00 03", "6700"),
        ("00 24 01 03 06 313233343536", "6A86"),
        ("00 24 00 04 0C 313233343536313233343536", "6A88"),
        ("00 24 00 03 0B 3132333435363132333435", "6700"),
        ("00 24 00 03 0C 3132333435363132333435FF", "6A80"),
        ("00 2C 00 03", "6700"),
        ("00 2C 00 03 08 3132333435363738", "6700"),
        ("00 2C 00 03 0E 3132333435363738 3132333435FF", "6A80"),
        ("00 2C 00 04 0E 3132333435363738 313233343536", "6A88"),
    ],
)
def test_malformed_commands_cost_no_try(card: Card, apdu: str, sw: str) -> None:
    card.send(RIGHT)
    before = card.state()
    assert card.send(apdu) == sw
    assert card.state() == before


def test_a_memory_that_cannot_be_written_refuses_before_comparing(card: Card) -> None:
    def broken(changes: Mapping[str, bytes | None]) -> None:
        raise CardError(0x6581, "no")

    card.nvm.commit = broken  # type: ignore[method-assign]
    assert card.send(RIGHT) == "6581"
    assert card.send(ASK) == "63C3"
