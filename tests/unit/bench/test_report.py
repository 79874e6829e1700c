"""The table: a figure is met, missed or not measured, and each is said."""

import json
from datetime import date

import pytest
from tools.bench.bars import Bar, Details, Section
from tools.bench.machine import Machine
from tools.bench.report import Report

MACHINE = Machine(cpu="a chip", cores=2, system="Linux", python="CPython", libraries={"pyblst": "1"})


def report(*bars: Bar) -> Report:
    details = Details(title="how", columns=("part", "us"), rows=[("decoding", "45.0")], said=("So it is.",))
    return Report(machine=MACHINE, day=date(2026, 11, 23), sections=[Section(bars=bars, details=(details,))])


@pytest.mark.parametrize(
    ("measured", "strict", "verdict"),
    [
        (0.9, False, "met"),
        (1.0, False, "met"),
        (1.1, False, "MISSED"),
        (1.0, True, "MISSED"),
        (None, False, "not measured: no pcscd"),
    ],
)
def test_verdicts(measured: float | None, strict: bool, verdict: str) -> None:
    bar = Bar(what="ratio", measured=measured, limit=1.0, strict=strict, note="no pcscd")
    assert bar.verdict == verdict
    assert bar.is_met is (verdict == "met")
    assert report(bar).all_met is bar.is_met


def test_a_bar_missed_by_design_is_shown_as_missed_and_fails_no_run() -> None:
    missed = report(Bar(what="exchanges", measured=13, limit=12, digits=0, by_design="the standards take 13"))
    assert "MISSED by design: the standards take 13" in missed.text()
    assert "MISSED by design: the standards take 13" in missed.markdown()
    assert (missed.all_met, missed.holds) == (False, True)
    document = json.loads(missed.json())
    assert (document["all_met"], document["holds"]) == (False, True)
    assert document["bars"][0]["met"] is False


def test_a_design_excuses_no_bar_that_was_not_measured() -> None:
    unmeasured = report(Bar(what="exchanges", measured=None, limit=12, note="no card", by_design="reasons"))
    assert not unmeasured.holds
    assert not report(Bar(what="ratio", measured=2, limit=1)).holds


def test_the_text_shows_figure_bar_verdict_and_details() -> None:
    text = report(Bar(what="memory", measured=40.2, limit=100, unit="MB", digits=0, strict=True)).text()
    line = next(line for line in text.splitlines() if line.startswith("memory"))
    assert line.split() == ["memory", "40", "MB", "below", "100", "MB", "met"]
    assert "decoding" in text and "So it is." in text and "a chip" in text


def test_the_markdown_is_a_table_of_the_bars_alone() -> None:
    lines = report(Bar(what="ratio", measured=1.04, limit=1.25)).markdown().splitlines()
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|") == 5
    assert lines[2] == "| ratio | 1.04 | at most 1.25 | met |"
    assert "2026-11-23" in lines[-1]


def test_the_json_tells_what_could_not_be_measured() -> None:
    document = json.loads(report(Bar(what="ratio", measured=None, limit=1, note="no pcscd")).json())
    assert document["all_met"] is False
    assert document["bars"][0]["measured"] is None
    assert document["bars"][0]["note"] == "no pcscd"
    assert document["machine"]["cores"] == 2
