"""Reading log and settings from a card that breaks the rules."""

from __future__ import annotations

import pytest

from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder_only import HolderNeededError
from mumei.session.settings import read_settings, store_settings
from mumei.transport.base import CardConnection
from mumei_core.commands import codes
from mumei_core.commands.card_log import LogEntry
from mumei_core.commands.settings import HolderSettings
from mumei_core.errors import CardRefused, ProtocolError


def entry(sequence: int) -> bytes:
    return LogEntry(sequence=sequence, date=0, display_name="shop", context_hash=bytes(32)).to_octets()


class Scripted(CardConnection):
    """A card that gives prepared answers, then 6A83; ``asked`` counts the commands."""

    def __init__(self, *answers: bytes) -> None:
        self.name, self.atr, self.supports_extended = "scripted", b"", False
        self._answers = list(answers)
        self.asked = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.asked += 1
        return self._answers.pop(0) if self._answers else bytes.fromhex("6A83")

    def reset(self) -> None: ...

    def close(self) -> None: ...


OK = codes.SW_OK.to_bytes(2)


def test_entries_come_newest_first() -> None:
    card = Scripted(*(entry(sequence) + OK for sequence in (3, 2, 1)))
    assert [found.sequence for found in read_log(Channel(card))] == [3, 2, 1]


def test_no_more_than_the_ring_holds_is_asked_for() -> None:
    card = Scripted(*(entry(sequence) + OK for sequence in range(100, 0, -1)))
    assert len(read_log(Channel(card))) == card.asked == codes.LOG_ENTRIES


@pytest.mark.parametrize("sequences", [(3, 1), (3, 3), (3, 4)])
def test_a_log_with_gaps_repetitions_or_the_wrong_order(sequences: tuple[int, ...]) -> None:
    with pytest.raises(ProtocolError, match="gap"):
        read_log(Channel(Scripted(*(entry(sequence) + OK for sequence in sequences))))


@pytest.mark.parametrize("answer", [b"", entry(1)[:-1], entry(1) + b"\0", b"\xe6\x00"])
def test_malformed_entries_and_settings(answer: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed"):
        read_log(Channel(Scripted(answer + OK)))
    with pytest.raises(ProtocolError, match="malformed"):
        read_settings(Channel(Scripted(answer + OK)))


def test_settings_confirmed_otherwise_than_given() -> None:
    card = Scripted(HolderSettings().to_octets() + OK)
    with pytest.raises(ProtocolError, match="other settings"):
        store_settings(Channel(card), HolderSettings(always_pin=True))


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(HolderNeededError, match="anyone but its holder") as needed:
        read_log(Channel(Scripted(bytes.fromhex("6982"))))
    assert "PIN" in needed.value.hint
    with pytest.raises(CardRefused, match="cannot show its log") as old:
        read_log(Channel(Scripted(bytes.fromhex("6D00"))))
    assert old.value.hint
    with pytest.raises(CardRefused, match="writing to memory failed"):
        store_settings(Channel(Scripted(bytes.fromhex("6581"))), HolderSettings())
