"""The holder's PIN, against the software card."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import (
    Digits,
    Pin,
    PinBlockedError,
    PinStatus,
    Puk,
    TransportPin,
    TransportPinError,
    WrongPinError,
    change_pin,
    pin_status,
    puk_status,
    require_usable,
    tries_left,
    unblock,
    verify_pin,
)
from mumei.transport.simulator import open_simulator
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.errors import UsageError

LETTER = PinLetter(transport_pin="12345", puk="12345678")


@pytest.fixture
def new_card(tmp_path: Path) -> Iterator[Channel]:
    """A channel to a card that still has its transport PIN."""
    file = tmp_path / "holder.card"
    Nvm.create(str(file), initial_records("development", LETTER)).close()
    with open_simulator(file) as connection:
        channel = Channel(connection)
        Application.select(channel)
        yield channel


@pytest.fixture
def channel(new_card: Channel) -> Channel:
    """A channel to a card whose PIN is 271828, not verified."""
    change_pin(new_card, TransportPin("12345"), Pin("271828"))
    new_card.reset()
    Application.select(new_card)
    return new_card


class TestDigits:
    @pytest.mark.parametrize(("kind", "text"), [(Pin, "012345"), (TransportPin, "00000"), (Puk, "12345678")])
    def test_so_many_digits_are_taken(self, kind: type[Digits], text: str) -> None:
        assert kind(text).octets == text.encode("ascii")

    @pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "12 456", "+12345", "¹²³⁴⁵⁶"])
    def test_anything_else_is_refused_and_not_repeated(self, text: str) -> None:
        with pytest.raises(UsageError, match="exactly 6 digits") as caught:
            Pin(text)
        assert not text or text not in f"{caught.value.message}{caught.value.hint}"

    def test_full_width_digits_are_refused_with_the_cure(self) -> None:
        with pytest.raises(UsageError, match="full-width") as caught:
            Pin("１２３４５６")
        assert "half-width" in caught.value.hint

    def test_digits_show_nowhere(self) -> None:
        pin = Pin("271828")
        assert "271828" not in f"{pin!r} {pin!s} {pin}"
        with pytest.raises(TypeError):
            pickle.dumps(pin)

    def test_wiped_digits_are_gone(self) -> None:
        with Pin("271828") as pin:
            assert pin.octets == b"271828"
        with pytest.raises(UsageError, match="wiped"):
            _ = pin.octets


def test_a_new_card_wants_its_transport_pin_changed_first(new_card: Channel) -> None:
    assert pin_status(new_card) == PinStatus(is_transport=True)
    with pytest.raises(TransportPinError):
        require_usable(pin_status(new_card))
    with pytest.raises(TransportPinError) as caught:
        verify_pin(new_card, Pin("271828"))
    assert "pin change" in caught.value.hint

    change_pin(new_card, TransportPin("12345"), Pin("271828"))
    verify_pin(new_card, Pin("271828"))


def test_asking_costs_no_try(channel: Channel) -> None:
    assert [tries_left(channel) for _ in range(5)] == [3] * 5


def test_the_right_pin_is_verified_until_reset(channel: Channel) -> None:
    verify_pin(channel, Pin("271828"))
    assert pin_status(channel) == PinStatus(is_verified=True)
    channel.reset()
    Application.select(channel)
    assert pin_status(channel) == PinStatus(tries_left=3)


def test_wrong_pins_count_down_to_blocked_and_the_puk_is_the_way_out(channel: Channel) -> None:
    lefts = []
    for _ in range(3):
        with pytest.raises(WrongPinError) as caught:
            verify_pin(channel, Pin("000000"))
        lefts.append(caught.value.tries_left)
    assert lefts == [2, 1, 0]
    assert "unblock" in caught.value.hint

    assert pin_status(channel) == PinStatus(tries_left=0, is_blocked=True)
    with pytest.raises(PinBlockedError) as blocked:
        verify_pin(channel, Pin("271828"))
    assert "unblock" in blocked.value.hint
    with pytest.raises(PinBlockedError):
        require_usable(pin_status(channel))

    unblock(channel, Puk("12345678"), Pin("314159"))
    verify_pin(channel, Pin("314159"))


def test_a_wrong_puk_costs_one_of_its_own_tries(channel: Channel) -> None:
    with pytest.raises(WrongPinError, match="wrong PUK: 9 tries are left"):
        unblock(channel, Puk("00000000"), Pin("314159"))
    assert puk_status(channel).tries_left == 9
    assert tries_left(channel) == 3


def test_a_change_needs_the_old_pin(channel: Channel) -> None:
    with pytest.raises(WrongPinError, match="2 tries are left"):
        change_pin(channel, Pin("000000"), Pin("314159"))
    change_pin(channel, Pin("271828"), Pin("314159"))
    verify_pin(channel, Pin("314159"))


def test_changing_to_the_same_pin_is_stopped_before_the_card(channel: Channel) -> None:
    with pytest.raises(UsageError, match="old one"):
        change_pin(channel, Pin("271828"), Pin("271828"))
    assert tries_left(channel) == 3
