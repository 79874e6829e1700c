"""Every fault at every exchange of a visit: accepted all the same, or ended with what failed; never a wrong word.

What a fault comes to depends on when it strikes. Until the card has been asked, a visit begins once more by itself;
afterwards it ends, and a person begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from tests.fixtures import standard, world
from tests.fixtures.faults import LIMIT, Faulty, code_of, faulty
from tests.fixtures.world import HANAKO_20_TODAY, TARO_20_TOMORROW, TODAY, Records, over

from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei_card.applet.log import RECORD_LAST_SEQUENCE
from mumei_card.inspection import inspect
from mumei_core.commands import codes
from mumei_core.errors import (
    AnsweredAlreadyError,
    CardRemovedError,
    CardResetError,
    ChannelBrokenError,
    GarbledAnswerError,
    MumeiError,
    MuteCardError,
    SessionLostError,
)

QUESTION: Final = Question(predicates=(over(20),))


@dataclass(frozen=True)
class Kind:
    """A kind of visit. ``begin``: its exchanges before the card is shown a PIN or asked anything."""

    card: Callable[[int], Records]
    terminal: Callable[[], Terminal]
    begin: int
    exchanges: int
    pin: str | None = None


VISITS: Final = {
    # SELECT, EF.ATR/INFO, description | presentation.
    "development": Kind(world.sample_card, lambda: world.terminal(over(20)), 3, 4),
    # SELECT, EF.ATR/INFO, PACE 5, Terminal Authentication 7 | presentation.
    "standard": Kind(standard.sample_card, lambda: standard.terminal(over(20)), 14, 15),
    "standard with PIN": Kind(
        standard.sample_card, lambda: standard.terminal(over(20), pin=True), 14, 16, world.PIN
    ),
}
_LOST = {4}
_DONE = {0}
_NO_MEMORY = {1, 6}

#: Fault to exit codes: while a visit begins; and once the card has been shown a PIN, or asked.
FAULTS: Final = {
    **{f"remove@{{}}:{moment}": (_LOST, _LOST) for moment in ("before", "inside", "after")},
    **{f"reset@{{}}:{moment}": (_DONE, _LOST) for moment in ("before", "inside", "after")},
    **{f"warm-reset@{{}}:{moment}": (_DONE, _LOST) for moment in ("before", "inside", "after")},
    f"late@{{}}:{LIMIT / 2}": (_DONE, _DONE),
    f"late@{{}}:{LIMIT * 2}": (_LOST, _LOST),
    "mute@{}": (_LOST, _LOST),
    "replay@{}": (_DONE, _LOST),
    "6C@{}": (_DONE, _LOST),
    "61@{}:100": (_DONE, _DONE),
    "memory-full@{}": (_NO_MEMORY, _NO_MEMORY),
    "memory-worn@{}": (_NO_MEMORY, _NO_MEMORY),
    "garble@{}:0": (_DONE, _LOST),
    "garble@{}:27": (_DONE, _LOST),
    "garble@{}": (_DONE, _LOST),
    "truncate@{}:0": (_DONE, _LOST),
    "truncate@{}:1": (_DONE, _LOST),
    "truncate@{}": (_DONE, _LOST),
    # Nothing strikes at one exchange here: the whole visit goes like this.
    "61:50,6C@READ BINARY*": (_DONE, _DONE),
    "short-only": (_DONE, _DONE),
    "short-silent": (_DONE, _DONE),
}


def allowed(kind: str, fault: str, exchange: int) -> set[int]:
    """The exit codes that a fault may have at an exchange."""
    before, after = FAULTS[fault]
    if exchange <= VISITS[kind].begin:
        if kind != "development" and fault.startswith("garble") and exchange == 4:
            # The nonce of PACE: another one is another password, and a password is not tried twice.
            return before | {1}
        if kind == "development" and fault == "garble@{}:27" and exchange == 2:
            # In plain nothing tells that the card takes longer commands than the altered octet has it.
            return before | {1}
        return before
    if kind != "development":
        return after
    # In plain, altered answers and a card that was reset look like another card's answers; and 6CXX is obeyed.
    plain = {
        "garble@{}:0": {1},
        "garble@{}:27": {1},
        "garble@{}": {1},
        "warm-reset@{}:before": {6},
        "6C@{}": {0},
    }
    return plain.get(fault, after)


def attempt(kind: str, card: Faulty) -> Visit | MumeiError:
    pin = VISITS[kind].pin
    try:
        return visit(
            Channel(card.connection),
            VISITS[kind].terminal(),
            QUESTION,
            today=TODAY,
            ask_pin=lambda: None if pin is None else Pin(pin),
            restart=True,
        )
    except MumeiError as error:
        return error


def run(kind: str, script: str, *, who: int = HANAKO_20_TODAY) -> tuple[Visit | MumeiError, Faulty]:
    """A visit with faults; whatever came of it, the card is sound, and answers the next one."""
    with faulty(VISITS[kind].card(who), script) as card:
        result = attempt(kind, card)
    assert codes.SW_NO_DIAGNOSIS not in card.status_words, script
    assert inspect(card.memory).pin_tries_left == codes.PIN_TRIES, script
    if code_of(result):
        with faulty(card.records, "") as again:
            assert code_of(attempt(kind, again)) == (0 if who == HANAKO_20_TODAY else 1), script
    return result, card


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", VISITS)
def test_every_fault_at_every_exchange(kind: str, fault: str) -> None:
    seen = VISITS[kind]
    # With a PIN a visit begins as without.
    first = seen.begin + 1 if seen.pin else 1
    for exchange in range(first, seen.exchanges + 1):
        script = fault.format(exchange)
        result, card = run(kind, script)
        assert code_of(result) in allowed(kind, fault, exchange), (script, result)
        assert card.heard or script.startswith("short-")


@pytest.mark.parametrize("kind", VISITS)
def test_a_visit_has_as_many_exchanges_as_are_tried(kind: str) -> None:
    result, card = run(kind, "")
    assert code_of(result) == 0
    assert card.commands == VISITS[kind].exchanges


@pytest.mark.parametrize("kind", ["development", "standard"])
def test_no_fault_makes_anybody_older(kind: str) -> None:
    """20 tomorrow: denied, or not decided."""
    for fault in FAULTS:
        for exchange in (VISITS[kind].begin, VISITS[kind].exchanges):
            result, _ = run(kind, fault.format(exchange), who=TARO_20_TOMORROW)
            assert code_of(result) != 0, (fault, exchange)


@pytest.mark.parametrize("kind", ["development", "standard", "standard with PIN"])
@pytest.mark.parametrize("seed", range(8))
def test_random_faults(kind: str, seed: int) -> None:
    """Several in one visit; the seed of a failure stands in its name."""
    result, card = run(kind, f"random:{seed}:0.12")
    assert card.heard[0] == f"random:{seed}:0.12"
    assert code_of(result) in {0, 1, 4, 6}
    if seed == 0:
        again, card_again = run(kind, f"random:{seed}:0.12")
        assert card_again.heard == card.heard and code_of(again) == code_of(result)


class TestWords:
    """What failed is named, each with words of its own."""

    @pytest.mark.parametrize(
        ("script", "family", "words"),
        [
            ("remove@15", CardRemovedError, "removed"),
            ("reset@15", CardResetError, "another program reset"),
            ("warm-reset@15:inside", CardResetError, "contact with the card was lost"),
            ("mute@15", MuteCardError, "does not answer"),
            ("late@15:60s", MuteCardError, "within 30 seconds"),
            ("truncate@15:1", GarbledAnswerError, "without a status word"),
            ("garble@15", ChannelBrokenError, "the MAC is wrong"),
            ("replay@15", ChannelBrokenError, "6988"),
            ("warm-reset@15", ChannelBrokenError, "6882"),
        ],
    )
    def test_in_a_channel(self, script: str, family: type[SessionLostError], words: str) -> None:
        result, _ = run("standard", script)
        assert type(result) is family and words in result.message

    def test_the_layer(self) -> None:
        layers = {}
        for script in ("remove@15", "mute@15", "garble@15"):
            result, _ = run("standard", script)
            assert isinstance(result, SessionLostError)
            layers[script] = result.layer.value
        answered, _ = run("development", "replay@PRESENT")
        assert isinstance(answered, AnsweredAlreadyError)
        assert [*layers.values(), answered.layer.value] == ["reader", "card", "channel", "application"]

    @pytest.mark.parametrize(
        ("script", "words"), [("memory-full@1", "full"), ("memory-worn@1", "could not write")]
    )
    def test_a_card_without_memory(self, script: str, words: str) -> None:
        result, _ = run("standard", script)
        assert isinstance(result, Visit) and words in result.verdict.detail
        # What the PIN's counter needs, it needs before the PIN is looked at.
        refused, _ = run("standard with PIN", script)
        assert isinstance(refused, MumeiError) and words in refused.message and "office" in refused.hint


class TestReplay:
    """A reader that repeats itself."""

    @pytest.mark.parametrize("kind", ["development", "standard"])
    def test_a_request_is_answered_once(self, kind: str) -> None:
        with faulty(VISITS[kind].card(HANAKO_20_TODAY), "replay@PRESENT") as card:
            assert isinstance(attempt(kind, card), SessionLostError)
            # The card's own log counts what it was asked.
            assert int.from_bytes(card.records[RECORD_LAST_SEQUENCE]) == 1
            assert "log_01" in card.records and "log_02" not in card.records

    def test_a_repeated_command_ends_the_channel(self) -> None:
        with faulty(standard.sample_card(), "replay@9") as card:
            channel = Channel(card.connection)
            with pytest.raises(ChannelBrokenError):
                visit(channel, VISITS["standard"].terminal(), QUESTION, today=TODAY)
            sent = card.commands
            with pytest.raises(ChannelBrokenError, match="closed"):
                visit(channel, VISITS["standard"].terminal(), QUESTION, today=TODAY)
            assert card.commands == sent


def test_a_mute_card_is_waited_for_once() -> None:
    for exchange in (1, 5, 15):
        _, card = run("standard", f"mute@{exchange}")
        assert card.heard == [f"mute@{exchange}"]
        assert card.commands == exchange - 1


def test_a_card_that_is_gone_stays_gone() -> None:
    with faulty(world.sample_card(), "remove@2") as card:
        assert isinstance(attempt("development", card), CardRemovedError)
        with pytest.raises(CardRemovedError):
            card.connection.reset()
