"""A whole visit in a chip's time: what the card did is in it once, where somebody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.fixtures import standard, world
from tests.fixtures.world import over

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.pace import ShopCode, WrongPasswordError, establish
from mumei.terminal.check import visit
from mumei.terminal.phases import Phase
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.terminal.visit_times import PhaseTime, Stopwatch
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.profiles import find
from mumei_card.chip.timing import Clock, TimedCard
from mumei_card.link.in_process import SoftwareCard

AGE = Question(predicates=(over(20),))
MULTIPLICATION_MS = 35.8


class Restless(TimedCard):
    """A card whose reader gives it the time between answer and next command."""

    def transmit(self, apdu: bytes) -> bytes:
        response = super().transmit(apdu)
        while self.idle():
            pass
        return response


class Day:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@contextmanager
def card_in_reader(kind: type[TimedCard], day: Day) -> Iterator[SimulatedConnection]:
    clock = Clock(find("J3R180"), sleep=day.sleep, now=lambda: day.now)
    card = kind(SoftwareCard(Nvm.in_memory(standard.sample_card())), clock)
    with SimulatedConnection(card, name="hanako") as connection:
        yield connection


def phases(kind: type[TimedCard], day: Day) -> dict[Phase, PhaseTime]:
    """The modelled times of an age check that is accepted, each what was slept for it."""
    watch = Stopwatch(lambda: round(day.now * 1e9))
    with card_in_reader(kind, day) as connection:
        found = visit(Channel(watch.over(connection)), standard.terminal_for(AGE), AGE, today=world.TODAY)
        times = watch.stop()
    assert found.verdict.outcome is Outcome.ACCEPT
    return {found.phase: found for found in times.phases}


def test_what_is_slept_is_what_is_modelled() -> None:
    for phase, found in phases(TimedCard, Day()).items():
        if found.exchanges:
            assert found.model_card_ms is not None and found.model_link_ms is not None, phase
            assert found.card_ms == pytest.approx(found.model_card_ms + found.model_link_ms, abs=0.01)


def test_without_time_between_commands_the_coupon_is_in_terminal_authentication() -> None:
    found = phases(TimedCard, Day())
    assert (found[Phase.TERMINAL_AUTHENTICATION].model_card_ms or 0) > 17 * MULTIPLICATION_MS
    # Six multiplications, and both signatures of a statement.
    assert 6 * MULTIPLICATION_MS < (found[Phase.PRESENTATION].model_card_ms or 0) < 15 * MULTIPLICATION_MS


def test_with_time_between_commands_it_is_in_none_and_a_hurried_terminal_waits_for_its_end() -> None:
    day = Day()
    restless = phases(Restless, day)
    assert (restless[Phase.TERMINAL_AUTHENTICATION].model_card_ms or 0) < 17 * MULTIPLICATION_MS
    # The terminal needs no time in this world, so what is not in a command is waited for.
    waited = restless[Phase.TERMINAL_AUTHENTICATION]
    assert waited.card_ms > (waited.model_card_ms or 0) + (waited.model_link_ms or 0) + 17 * MULTIPLICATION_MS
    hurried = Day()
    phases(TimedCard, hurried)
    assert day.now == pytest.approx(hurried.now, rel=0.02)


def test_a_wrong_shop_code_costs_its_second() -> None:
    day = Day()
    with card_in_reader(TimedCard, day) as connection:
        channel = Channel(connection)
        Application.identify(channel)
        before = day.now
        with pytest.raises(WrongPasswordError):
            establish(channel, ShopCode("99"))
        assert day.now - before > 1.0
