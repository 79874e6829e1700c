"""Profiles of chips: each figure has a source, what has none is unknown, and a name says which profile is meant."""

from __future__ import annotations

import re

import pytest

from mumei_card.chip.chip_profile import Chip, Implementation, Operation
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.figures import Figure, Unknown, in_turn, line
from mumei_card.chip.profiles import CHIPS, find
from mumei_card.chip.published import common
from mumei_core.errors import UsageError

AGE_CHECK = OperationCounters(g1_multiplications=23, g1_additions=12, scalar_products=16, scalar_inverses=1)


def test_five_chips_at_least() -> None:
    assert {"j3r180", "p71d321", "j3h145", "smartcafe7", "slj52gla"} <= set(CHIPS)


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
@pytest.mark.parametrize("implementation", Implementation)
def test_every_operation_has_a_cited_figure_or_a_reason_for_none(
    chip: Chip, implementation: Implementation
) -> None:
    costs = chip.costs[implementation]
    assert set(costs) == set(Operation)
    for cost in costs.values():
        if isinstance(cost, Unknown):
            assert cost.why
            continue
        assert cost.per_call + cost.per_unit > 0
        for source in cost.sources:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository)
            assert re.fullmatch(r"[0-9a-f]{7,40}", source.commit)
            assert source.file and source.rows and all(figure > 0 for figure in source.rows.values())


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_a_profile_says_what_it_cannot_know(chip: Chip) -> None:
    assert any("BLS12-381" in what for what in chip.cannot_know)
    stand_in = chip.costs[Implementation.NATIVE][Operation.G1_MULTIPLICATION]
    assert isinstance(stand_in, Figure) and "stand-in" in stand_in.note


def test_published_sums() -> None:
    expected = {"j3r180": 35.8, "p71d321": 48.74, "j3h145": 128.94, "smartcafe7": 147.69, "slj52gla": 487.68}
    for name, milliseconds in expected.items():
        estimate = find(name).estimate(OperationCounters(g1_multiplications=1))
        assert estimate.milliseconds == pytest.approx(milliseconds)


def test_units_cost_besides_calls() -> None:
    one, many = (
        find("j3r180").estimate(OperationCounters(sha256_messages=1, sha256_blocks=blocks)).milliseconds
        for blocks in (1, 9)
    )
    # The two rows that the line goes through: 16 and 512 octets.
    assert one == pytest.approx(2.23, abs=0.01)
    assert many == pytest.approx(13.60, abs=0.01)


def test_delays_of_wrong_guesses_are_milliseconds_already() -> None:
    assert find("j3r180").estimate(OperationCounters(delay_ms=1000)).milliseconds == 1000


def test_an_applet_pays_for_what_the_api_lacks() -> None:
    native, applet = (
        find(f"j3r180/{implementation}").estimate(AGE_CHECK) for implementation in ("native", "java-card")
    )
    assert native.unknown == (Operation.SCALAR_PRODUCT, Operation.SCALAR_INVERSE)
    assert not applet.unknown
    assert applet.milliseconds == pytest.approx(23 * 35.8 + 12 * 86 + 16 * 180 + 58)


def test_what_nobody_published_stays_unknown() -> None:
    estimate = find("slj52gla/java-card").estimate(AGE_CHECK)
    assert Operation.G1_ADDITION in estimate.unknown
    assert estimate.milliseconds == 0


def test_what_was_not_done_is_not_unknown() -> None:
    assert find("slj52gla/java-card").estimate(OperationCounters(sha256_messages=1)).unknown == ()


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("J3R180", "J3R180/native/t1-18"),
        ("j3r180/JAVA-CARD", "J3R180/java-card/t1-18"),
        ("P71D321", "P71D321/native/contactless-106"),
        ("j3h145/native/t0", "J3H145/native/t0-95"),
        ("j3h145/native/t1-11", "J3H145/native/t1-11"),
        ("p71d321/native/t1", "P71D321/native/t1-18"),
        ("j3r180/native/contactless-848", "J3R180/native/contactless-848"),
    ],
)
def test_a_name_gives_the_whole_name(name: str, whole: str) -> None:
    assert find(name).name == whole
    assert find(whole).name == whole


@pytest.mark.parametrize(
    ("name", "exists"),
    [
        ("j4x000", "J3R180"),
        ("", "J3R180"),
        ("j3r180/rust", "java-card"),
        ("j3r180/native/usb", "contactless-424"),
        ("j3r180/native/contactless-99", "contactless-424"),
        ("j3r180/native/contactless-x", "contactless-424"),
        ("j3r180/native/t1-7f", "TA1"),
        ("j3r180/native/t1--1", "TA1"),
        ("j3r180/native/t1/more", "CHIP/IMPLEMENTATION/LINK"),
    ],
)
def test_other_names_are_refused_and_told_what_exists(name: str, exists: str) -> None:
    with pytest.raises(UsageError) as refused:
        find(name)
    assert exists in refused.value.hint


def test_rows_in_turn_add_up_and_no_line_begins_below_zero() -> None:
    source = common.variable("CHIP", "row", {16: 1.0, 512: 18.0})
    assert in_turn(source).per_call == 19
    assert line(source, 1, 9).per_call == 0
