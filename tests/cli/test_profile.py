"""``mumei terminal verify --profile`` and ``--chip``: where the time went, and what a chip would have taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import Place, mumei, mumei_json
from tests.fixtures.world import over, terminal

from mumei_card.__main__ import main as mumei_card
from mumei_card.chip.counters import OperationCounters
from mumei_card.link import options


@pytest.fixture
def ask(place: Place) -> tuple[str | Path, ...]:
    sake = place.terminal("sake", terminal(over(20)))
    card = place.card("hanako", world.sample_card())
    return ("terminal", "verify", "--terminal", sake, "--over", "20", "--card", card)


def test_the_verdict_comes_first_and_then_the_phases(ask: tuple[str | Path, ...]) -> None:
    shown = mumei(*ask, "--profile").stdout
    assert shown.startswith("ACCEPT")
    for phase in ("reader", "SELECT", "EF.ATR/INFO", "presentation", "verification", "all of it"):
        assert f"\n{phase} " in shown
    assert "MODEL" not in shown


def test_programs_find_the_verdict_where_it_always_is(ask: tuple[str | Path, ...]) -> None:
    plain, timed = mumei_json(*ask), mumei_json(*ask, "--profile")
    times = timed.pop("times")
    assert timed == plain
    phases = {found["phase"]: found for found in times["phases"]}
    assert phases["presentation"]["exchanges"] == 1 and phases["presentation"]["received"] > 700
    assert phases["verification"]["own_ms"] > 0
    assert times["model"] is None and phases["presentation"]["model_card_ms"] is None


def test_a_chip_is_modelled_and_nobody_waits_for_it(ask: tuple[str | Path, ...]) -> None:
    times = mumei_json(*ask, "--profile", "--chip", "J3R180/native/contactless-424")["times"]
    assert times["model"] == "J3R180/native/contactless-424"
    modelled = sum(found["model_card_ms"] or 0 for found in times["phases"])
    # 23 multiplications of 35.8 ms at least.
    assert modelled > 23 * 35.8
    assert sum(found["card_ms"] for found in times["phases"]) < modelled


def test_modelled_figures_are_marked(ask: tuple[str | Path, ...]) -> None:
    shown = mumei(*ask, "--profile", "--chip", "slj52gla").stdout
    assert "MODEL card ms" in shown and "not a measurement" in shown


def test_chips_that_do_not_exist(ask: tuple[str | Path, ...]) -> None:
    refused = mumei(*ask, "--chip", "j9x")
    assert refused.exit_code == 2 and "J3R180" in refused.stderr


def test_real_time_is_slept_and_modelled_time_alone_is_not() -> None:
    slept: list[float] = []
    for realtime, expected in (("off", 0), ("on", 1)):
        clock = options.clock({"chip": "J3R180", "realtime": realtime}, sleep=slept.append)
        assert clock is not None
        clock.command(OperationCounters(), bytes(5), bytes(2))
        assert len(slept) == expected
    assert options.clock({}) is None


class TestChips:
    def test_all_at_a_glance(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert mumei_card(["chips"]) == 0
        shown = capsys.readouterr().out
        assert "J3R180" in shown and "35.8" in shown and "MODEL" in shown and "contactless-424" in shown

    def test_one_with_its_sources_and_what_it_cannot_know(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert mumei_card(["chips", "smartcafe7/java-card"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "crocs-muni/jcalgtest_results at 76b01cf" in shown
        assert "PERFORMANCE.md: eccAdd/INS_EC_ADD" in shown
        assert "cannot know" in shown and "BLS12-381" in shown

    def test_what_nobody_knows_is_null_for_programs(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert mumei_card(["chips", "SLJ52GLA/java-card", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        unknown = {
            entry["operation"]: entry["why"] for entry in found["operations"] if not entry["milliseconds"]
        }
        assert "addition in G1" in unknown and all(unknown.values())
        assert mumei_card(["chips", "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)) >= 5

    def test_an_unknown_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert mumei_card(["chips", "j9x"]) == 2
        assert "J3R180" in capsys.readouterr().err
