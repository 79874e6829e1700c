"""Somebody between reader and card changes octets of a whole session: nobody is let through, and the card stands.

What an alteration may leave as it is, because it carries nothing: the lengths of expected answers (Le), how a card
is selected, and bits of PACE's CHAT that the certificates do not have or the question does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from tests.fixtures import standard
from tests.fixtures.standard import sample_card, terminal
from tests.fixtures.world import GIFU, ICHIRO_67, TODAY, Wire, in_memory, over, records_of

from mumei.session.channel import Channel
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.base import CardConnection
from mumei_core.commands import codes
from mumei_core.errors import MumeiError
from mumei_core.iso7816.apdu import CommandAPDU

QUESTION = Question(predicates=(over(20),), prefecture=GIFU)
AT = terminal(over(20), show=(1,))
#: SELECT, EF.ATR/INFO, PACE 5, Terminal Authentication 7, presentation.
EXCHANGES = range(15)
_IDENTIFICATION = range(2)
_SET_AT_PACE = 2
_CHAT_BITS = 5


@cache
def whole_session() -> tuple[tuple[bytes, bytes], ...]:
    """Commands and answers of one visit; lengths are those of every visit."""
    seen: list[tuple[bytes, bytes]] = []
    answer = standard.ask(
        sample_card(), QUESTION, at=AT, wire=lambda inner: Wire(inner, look=lambda *both: seen.append(both))
    )
    assert answer.verdict.outcome is Outcome.ACCEPT
    assert len(seen) == len(EXCHANGES)
    return tuple(seen)


class Between(Wire):
    """Changes one command or one answer of a session."""

    def __init__(
        self, inner: CardConnection, at: int, change: Callable[[bytes], bytes], *, answers: bool = False
    ) -> None:
        super().__init__(inner)
        self._at, self._change, self._answers = at, change, answers
        self.status_words: set[int] = set()

    def transmit(self, apdu: bytes) -> bytes:
        here = self.exchanges == self._at
        answer = super().transmit(self._change(apdu) if here and not self._answers else apdu)
        self.status_words.add(int.from_bytes(answer[-2:]))
        return self._change(answer) if here and self._answers else answer


def attacked(at: int, change: Callable[[bytes], bytes], *, answers: bool = False) -> bool:
    """Whether the visit is accepted all the same; in any case the card is sound, and its next visit is accepted."""
    with in_memory(sample_card()) as card:
        before = records_of(card.nvm)
        wire = Between(card.connection, at, change, answers=answers)
        accepted = _outcome(wire) is Outcome.ACCEPT
        assert codes.SW_NO_DIAGNOSIS not in wire.status_words
        changed = {name for name, octets in records_of(card.nvm).items() if octets != before.get(name)}
        # What was drawn, a coupon, the week, and the log of a presentation that was begun. Nothing else changes.
        assert all(name in ("rng_counter", "coupon", "epoch") or name.startswith("log") for name in changed)
        channel = Channel(card.connection)
        channel.reset()
        assert visit(channel, AT, QUESTION, today=TODAY).verdict.outcome is Outcome.ACCEPT
    return accepted


def _outcome(wire: Wire) -> Outcome | None:
    try:
        answer: Visit = visit(Channel(wire), AT, QUESTION, today=TODAY)
    except MumeiError:
        return None
    return answer.verdict.outcome


def flipped(place: int, mask: int) -> Callable[[bytes], bytes]:
    def change(octets: bytes) -> bytes:
        at = place % len(octets)
        return octets[:at] + bytes((octets[at] ^ mask,)) + octets[at + 1 :]

    return change


def places(length: int) -> Iterator[int]:
    """Header and length octets, the end, and some between."""
    yield from {*range(min(8, length)), *range(0, length, max(1, length // 12)), *range(length - 4, length)}


def carries_nothing(number: int, command: bytes, place: int) -> bool:
    if number in _IDENTIFICATION:
        return True
    if number == _SET_AT_PACE:
        return place >= len(command) - _CHAT_BITS
    expected = CommandAPDU.from_bytes(command).le
    extended = len(command) > 5 and command[4] == 0
    return expected is not None and place >= len(command) - (2 if extended else 1)


@pytest.mark.parametrize("number", EXCHANGES)
def test_any_octet_of_any_command_changed(number: int) -> None:
    command = whole_session()[number][0]
    for place in places(len(command)):
        # Another bit at every place, and all of them somewhere.
        accepted = attacked(number, flipped(place, 1 << place % 8))
        assert not accepted or carries_nothing(number, command, place), (number, place)


@pytest.mark.parametrize("number", EXCHANGES)
def test_any_octet_of_any_answer_changed(number: int) -> None:
    answer = whole_session()[number][1]
    for place in {0, 1, len(answer) // 2, len(answer) - 3, len(answer) - 2, len(answer) - 1} - {-1}:
        if attacked(number, flipped(place, 1 << place % 8), answers=True):
            # What the card says of itself before the channel, and status words of plain commands, bind nothing.
            assert number in _IDENTIFICATION, (number, place)


@pytest.mark.parametrize("number", EXCHANGES[2:])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda octets: octets[:-3], id="cut"),
        pytest.param(lambda octets: octets[: len(octets) // 2], id="halved"),
        pytest.param(lambda octets: octets + b"\x01\x02\x03", id="longer"),
        pytest.param(lambda octets: octets[:4], id="header only"),
        pytest.param(lambda octets: bytes(len(octets)), id="zeros"),
    ],
)
def test_any_command_cut_or_extended(number: int, change: Callable[[bytes], bytes]) -> None:
    assert not attacked(number, change)


@pytest.mark.parametrize("number", EXCHANGES[2:])
def test_any_command_of_another_session_in_its_place(number: int) -> None:
    """MSE:Set AT of PACE and the request for its nonce are the same in every session; all else is not."""
    other = whole_session()[number][0]
    assert attacked(number, lambda _: other) == (number in (2, 3))


@pytest.mark.parametrize("number", EXCHANGES[2:])
def test_any_answer_of_another_session_in_its_place(number: int) -> None:
    other = whole_session()[number][1]
    assert attacked(number, lambda _: other, answers=True) == (number == 2)


@pytest.mark.parametrize("number", EXCHANGES[3:])
def test_any_command_twice(number: int) -> None:
    """The second time instead of the next one."""
    last: list[bytes] = []

    class Repeating(Wire):
        def transmit(self, apdu: bytes) -> bytes:
            last.append(apdu)
            return super().transmit(last[-2] if self.exchanges == number else apdu)

    with in_memory(sample_card()) as card:
        assert _outcome(Repeating(card.connection)) is not Outcome.ACCEPT


def test_another_card_takes_over_in_the_middle() -> None:
    """Relay of half a session: whoever opened the channel must also present."""
    for number in EXCHANGES[3:]:
        with in_memory(sample_card()) as first, in_memory(sample_card(ICHIRO_67)) as second:

            class Swapping(Wire):
                def transmit(self, apdu: bytes) -> bytes:
                    swapped = self.exchanges >= number  # noqa: B023
                    self.exchanges += 1
                    return (second if swapped else first).connection.transmit(apdu)

            assert _outcome(Swapping(first.connection)) is not Outcome.ACCEPT
