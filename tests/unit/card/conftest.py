"""Cards to test with: known PIN, PUK and transport PIN, memory that lives as long as the test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.os.passwords import RECORD_PIN, new_pin
from mumei_card.os.security_status import SecurityStatus
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.keys import StaticKeys

LETTER = PinLetter(transport_pin="12345", puk="12345678", can="123456", shop_code="00")

Send = Callable[[str], str]


class Card:
    """A kernel with its memory; ``send`` takes and gives hex, blanks allowed."""

    def __init__(self, nvm: Nvm) -> None:
        self.nvm = nvm
        self.kernel = Kernel(nvm)

    def send(self, apdu: str) -> str:
        return self.kernel.transmit(bytes.fromhex(apdu)).hex().upper()

    def state(self) -> tuple[dict[str, bytes | None], SecurityStatus]:
        """All that a refused command must leave alone: memory and security status."""
        records = {name: self.nvm.get(name) for name in self.nvm.sizes()}
        return records, self.kernel.context.security_status.snapshot()


#: Keys of the published SCP03 transcripts, under a serial number of zeros.
MAKER_KEYS = CardKeys(
    diversification_data=bytes(10), key_version=0x30, keys=StaticKeys.from_bytes(bytes(range(48)))
)


def make_card(given: str = "pin") -> Card:
    """``transport``: as delivered, transport PIN 12345, PUK 12345678. ``pin``: the holder has set 123456.
    ``maker``: a card with a security domain, as its maker leaves it, with MAKER_KEYS.
    ``standard``: of the standard profile with PIN and CAN 123456, shop code 00; what is not said is development.
    """
    if given == "maker":
        return Card(Nvm.in_memory(initial_records("standard", LETTER, MAKER_KEYS)))
    if given == "standard":
        records = initial_records("standard", LETTER)
        return Card(Nvm.in_memory({**records, RECORD_PIN: new_pin(b"123456").to_bytes()}))
    card = Card(Nvm.in_memory(initial_records("development", LETTER)))
    if given == "pin":
        assert card.send("0024 0003 0B 3132333435 313233343536") == "9000"
        card.kernel.reset()
    return card


@pytest.fixture
def new_card() -> Card:
    return make_card("transport")


@pytest.fixture
def card() -> Card:
    return make_card("pin")


@pytest.fixture
def maker() -> Callable[[str], Card]:
    return make_card
