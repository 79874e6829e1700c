"""The clock sleeps what the model says, with whatever sleep it is given; a timed card answers as the card does."""

from __future__ import annotations

import pytest
from tests.fixtures import world

from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.profiles import find
from mumei_card.chip.timing import Clock, TimedCard
from mumei_card.link.in_process import SoftwareCard
from mumei_core.commands.codes import AID

PROFILE = find("J3R180")
COMMAND, RESPONSE = bytes.fromhex("00b0000004"), bytes(4) + bytes.fromhex("9000")
ONE = OperationCounters(g1_multiplications=1)


class Day:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture
def clock(day: Day) -> Clock:
    return Clock(PROFILE, sleep=day.sleep, now=lambda: day.now)


def test_a_command_takes_card_and_link(day: Day, clock: Clock) -> None:
    link_ms = PROFILE.link.milliseconds(COMMAND, RESPONSE, 35.8)
    assert clock.command(ONE, COMMAND, RESPONSE) == pytest.approx(35.8 + link_ms)
    assert day.slept == [pytest.approx((35.8 + link_ms) / 1000)]
    assert clock.card_ms == pytest.approx(35.8)
    assert clock.link_ms == pytest.approx(link_ms)


def test_what_has_no_figure_is_named() -> None:
    clock = Clock(find("slj52gla/java-card"))
    clock.command(OperationCounters(g1_multiplications=1), COMMAND, RESPONSE)
    clock.background(OperationCounters(scalar_products=1, sha256_messages=1))
    assert clock.modelled.unknown == ("multiplication in G1", "product of scalars")
    assert str(clock.modelled).endswith("without multiplication in G1, product of scalars, unknown")


def test_delays_of_wrong_guesses_are_slept(day: Day, clock: Clock) -> None:
    clock.command(OperationCounters(delay_ms=1000), COMMAND, RESPONSE)
    assert day.slept[0] > 1.0


def test_nobody_waits_for_background_work_unless_a_command_comes_before_its_end(
    day: Day, clock: Clock
) -> None:
    quick = clock.command(OperationCounters(), COMMAND, RESPONSE)
    clock.background(OperationCounters(g1_multiplications=10))
    assert len(day.slept) == 1 and clock.idle_ms == pytest.approx(358)
    day.now += 0.2
    assert clock.command(OperationCounters(), COMMAND, RESPONSE) == pytest.approx(quick + 158)
    assert clock.command(OperationCounters(), COMMAND, RESPONSE) == pytest.approx(quick)
    clock.background(OperationCounters(g1_multiplications=10))
    day.now += 1
    assert clock.command(OperationCounters(), COMMAND, RESPONSE) == pytest.approx(quick)


def test_a_reset_ends_background_work(clock: Clock) -> None:
    quick = clock.command(OperationCounters(), COMMAND, RESPONSE)
    clock.background(OperationCounters(g1_multiplications=10))
    clock.power_up()
    assert clock.command(OperationCounters(), COMMAND, RESPONSE) == pytest.approx(quick)


def test_without_a_sleep_the_time_is_reckoned_only() -> None:
    clock = Clock(PROFILE)
    clock.command(OperationCounters(g1_multiplications=10_000), COMMAND, RESPONSE)
    assert clock.modelled.card_ms == pytest.approx(358_000)
    assert clock.modelled.profile == "J3R180/native/t1-18"


def test_a_timed_card_answers_as_the_card_does(day: Day, clock: Clock) -> None:
    plain = SoftwareCard(Nvm.in_memory(world.sample_card()))
    timed = TimedCard(SoftwareCard(Nvm.in_memory(world.sample_card())), clock)
    select = bytes.fromhex("00a40400") + bytes((len(AID),)) + AID + b"\0"
    assert timed.atr == plain.atr
    for apdu in (select, COMMAND, bytes.fromhex("00200003"), b"\x00"):
        assert timed.transmit(apdu) == plain.transmit(apdu)
    timed.reset()
    assert len(day.slept) == 4 and clock.modelled.link_ms > 0
    timed.close()
    plain.close()
