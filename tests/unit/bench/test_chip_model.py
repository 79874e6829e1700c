"""The model of a chip: a sum of counted operations, by phase, that says of itself that it is one."""

from pathlib import Path

import pytest
from tools.bench import channel, chip_model, standard_world
from tools.bench.bars import Section
from tools.bench.chip_model import J3R180, Work, work_of
from tools.bench.phases import Phase, phase_of
from tools.bench.world import CountedCommand, World

from mumei_card.chip.counters import OperationCounters
from mumei_core.commands import codes


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> World:
    return standard_world.build(Path(tmp_path_factory.mktemp("bench")) / "standard", lambda _: None)


@pytest.fixture(scope="module")
def model(standard: World) -> Section:
    return chip_model.measure(standard, lambda _: None)


def test_the_model_is_a_sum_of_products() -> None:
    work = Work(g1_multiplications=2, p256_multiplications=3, p256_verifications=1, hashes=5, draws=4)
    expected = 2 * 35.8 + 3 * 20.04 + 31.96 + 5 * 7.92 + 4 * 1.18
    assert work.milliseconds(J3R180) == pytest.approx(expected)
    assert (work + work).milliseconds(J3R180) == pytest.approx(2 * expected)


def test_what_has_no_timing_is_counted_and_costs_nothing() -> None:
    work = Work(g1_additions=12, nvm_writes=2)
    assert work.milliseconds(J3R180) == 0
    assert work.counts[-2:] == ("12", "2")


def test_only_the_randoms_of_a_presentation_are_hedged_by_hashing() -> None:
    counted = OperationCounters(random_octets=40)
    challenge = work_of(CountedCommand(ins=codes.INS_GET_CHALLENGE, p1=0, operations=counted), [])
    presentation = work_of(CountedCommand(ins=codes.INS_PRESENT, p1=0, operations=counted), [257])
    assert (challenge.draws, challenge.hashes) == (2, 0)
    # Three for each draw; two for 257 octets and two after them.
    assert (presentation.draws, presentation.hashes) == (2, 2 * 3 + 2 + 2)


def test_an_age_check_on_a_standard_card_by_phase(model: Section) -> None:
    (details,) = model.details
    rows = {row[0]: dict(zip(details.columns, row, strict=True)) for row in details.rows}
    # PACE: a key pair twice, the shared point twice, s * G of the mapping.
    assert rows[Phase.PACE]["P-256 mult."] == "5"
    # Two certificates and the terminal's own signature.
    assert rows[Phase.TERMINAL_AUTHENTICATION]["ECDSA verif."] == "3"
    assert rows[Phase.PRESENTATION]["G1 mult."] == "23"
    parts = [
        int(rows[phase]["ms"]) for phase in (Phase.PACE, Phase.TERMINAL_AUTHENTICATION, Phase.PRESENTATION)
    ]
    assert int(rows["sum"]["ms"]) == pytest.approx(sum(parts), abs=2)


def test_the_model_says_what_it_is_and_sets_no_bar(model: Section) -> None:
    said = " ".join(model.details[0].said)
    assert model.bars == ()
    assert "THIS IS A MODEL, not a measurement" in said
    assert "Nobody has published BLS12-381 on these chips" in said
    assert "What the model cannot know" in said


def test_fourteen_exchanges_are_the_designs_and_twelve_are_missed_by_design(standard: World) -> None:
    section = channel.measure(standard, lambda _: None)
    after_select, secured = section.bars
    assert (after_select.measured, after_select.limit, after_select.verdict) == (14, 14, "met")
    assert (secured.measured, secured.limit) == (13, 12)
    assert secured.verdict.startswith("MISSED by design")
    assert [(row[0], row[1]) for row in section.details[0].rows] == [
        (Phase.CAPABILITIES, "1"),
        (Phase.PACE, "5"),
        (Phase.TERMINAL_AUTHENTICATION, "7"),
        (Phase.PRESENTATION, "1"),
    ]


def test_the_two_ways_to_set_parameters_are_told_apart() -> None:
    mse = codes.INS_MANAGE_SECURITY_ENVIRONMENT
    assert phase_of(mse, codes.SET_AT_PACE_P1) is Phase.PACE
    assert phase_of(mse, codes.SET_AT_TA_P1) is Phase.TERMINAL_AUTHENTICATION
