"""The model of a chip in the bench: counted operations by phase, that say of themselves what they are."""

from pathlib import Path

import pytest
from tools.bench import channel, chip_model, fixed_base, standard_world
from tools.bench.bars import Details, Section
from tools.bench.fixed_base import Comb
from tools.bench.world import World

from mumei.terminal.phases import Phase
from mumei_card.chip.counters import OperationCounters


@pytest.fixture(scope="module")
def standard(tmp_path_factory: pytest.TempPathFactory) -> World:
    return standard_world.build(Path(tmp_path_factory.mktemp("bench")) / "standard", lambda _: None)


@pytest.fixture(scope="module")
def model(standard: World) -> Section:
    return chip_model.measure(standard, lambda _: None)


def rows_of(details: Details) -> dict[str, dict[str, str]]:
    return {row[0].strip(): dict(zip(details.columns, row, strict=True)) for row in details.rows}


def test_the_bars_are_met(model: Section) -> None:
    assert [bar.verdict for bar in model.bars] == ["met", "met", "met"]
    whole, spoken, seconds = (bar.measured for bar in model.bars)
    # A coupon's 17 and the request's 6, of 35.8 ms each.
    assert whole == pytest.approx(23 * 0.0358)
    assert spoken == 6 and seconds == pytest.approx(6 * 0.0358)


def test_an_age_check_on_a_standard_card_by_phase(model: Section) -> None:
    rows = rows_of(model.details[0])
    # PACE: a key pair twice, the shared point twice, s * G of the mapping.
    assert rows[Phase.PACE]["P-256"] == "5"
    # Two certificates and the terminal's own signature.
    assert rows[Phase.TERMINAL_AUTHENTICATION]["ECDSA"] == "3"
    assert rows["sum"]["G1 mult."] == "23"
    assert rows["sum"]["fixed base"] == "10"
    for column in ("ms native", "ms java-card"):
        parts = [
            int(rows[phase][column])
            for phase in (Phase.PACE, Phase.TERMINAL_AUTHENTICATION, Phase.PRESENTATION)
        ]
        assert int(rows["sum"][column]) == pytest.approx(sum(parts), abs=2)


def test_a_chip_with_time_between_answers_does_the_same_work_at_another_moment(model: Section) -> None:
    rows = rows_of(model.details[0])
    ahead = rows["with time between: ahead"]
    then = [rows[f"then {phase}"] for phase in (Phase.TERMINAL_AUTHENTICATION, Phase.PRESENTATION)]
    assert ahead["G1 mult."] == "17" and [row["G1 mult."] for row in then] == ["0", "6"]
    for column in ("G1 mult.", "G1 add.", "scalar prod.", "draws", "commits"):
        whole = sum(int(row[column]) for row in (rows[Phase.PACE], ahead, *then))
        assert whole == int(rows["sum"][column])


def test_additions_and_products_of_scalars_stand_apart_for_both_implementations(model: Section) -> None:
    rows = rows_of(model.details[1])
    assert rows["product of scalars"]["whole visit, native"].endswith("?")
    assert rows["product of scalars"]["whole visit, java-card"] == "17: 3060"
    assert rows["addition in G1"]["whole visit, java-card"] == "12: 1032"
    assert rows["multiplication in G1"]["once the request is there, native"] == "6: 215"


def test_what_nobody_published_is_not_summed_up_silently(model: Section) -> None:
    rows = rows_of(model.details[2])
    assert len(rows) >= 10
    assert rows["SLJ52GLA, java-card"]["arithmetic, whole"] == "unknown"
    assert rows["SLJ52GLA, java-card"]["card, whole"].startswith("> ")


def test_the_model_says_what_it_is(model: Section) -> None:
    said = " ".join(model.details[0].said)
    assert "THIS IS A MODEL, not a measurement" in said
    assert "Nobody has published BLS12-381 on these chips" in said


def test_tables_for_fixed_bases_cost_memory_and_never_pay_on_java_card(model: Section) -> None:
    table = model.details[3]
    for row in table.rows:
        assert float(row[-1].replace(",", "")) > 35.8
    assert (Comb(teeth=4).octets, Comb(teeth=4).additions, Comb(teeth=4).steps) == (15 * 96, 64, 127)
    assert fixed_base.details("J3R180", 10) == table


def test_counts_add_up() -> None:
    counts = [OperationCounters(g1_additions=2, delay_ms=1), OperationCounters(g1_additions=3)]
    assert chip_model.total(counts) == OperationCounters(g1_additions=5, delay_ms=1)


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
