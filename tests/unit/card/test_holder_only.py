"""LOG and SETTINGS are for the holder alone: not in a channel into which a terminal was let."""

from __future__ import annotations

import pytest

from mumei_card.errors import CardError

from .conftest import Card

VERIFY = "00 20 00 03 06 313233343536"


@pytest.mark.parametrize(
    "apdu", ["80 38 00 00 00", "80 3A 00 00 00", "80 3A 00 00 0B E709800101810100820100 00"]
)
def test_a_terminal_that_was_authenticated_is_refused_though_the_pin_is_verified(
    card: Card, apdu: str
) -> None:
    assert card.send(VERIFY) == "9000"
    assert card.send(apdu) != "6982"
    card.kernel.context.security_status.terminal = object()
    before = card.state()
    assert card.send(apdu) == "6982"
    assert card.state() == before


def test_settings_that_cannot_be_written_stay_as_they_were(card: Card) -> None:
    def broken(changes: object) -> None:
        raise CardError(0x6581, "worn out")

    card.send(VERIFY)
    card.nvm.commit = broken  # type: ignore[method-assign]
    assert card.send("80 3A 00 00 0B E709800101810100820101 00") == "6581"
    assert card.send("80 3A 00 00 00") == "E7098001018101018201009000"
