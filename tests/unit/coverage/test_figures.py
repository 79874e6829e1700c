"""The coverage gate: what is counted, what is shown, and that a package below a bar fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tools.coverage import __main__ as tool
from tools.coverage.figures import figures_of


def report(**packages: tuple[int, int, int, int]) -> str:
    """One file per package: statements, reached ones, branches, reached ones."""
    files: dict[str, Any] = {}
    for package, (lines, reached, branches, taken) in packages.items():
        files[f"host/{package}/thing.py"] = {
            "summary": {
                "num_statements": lines,
                "covered_lines": reached,
                "num_branches": branches,
                "covered_branches": taken,
            },
            "missing_lines": list(range(reached + 1, lines + 1)),
            "missing_branches": [[1, -1]] * (branches - taken),
        }
    return json.dumps({"files": files})


GOOD = (100, 95, 10, 9)


def test_both_packages_have_to_meet_both_bars() -> None:
    for card, holds in ((GOOD, True), ((100, 94, 10, 9), False), ((100, 95, 10, 8), False)):
        found = figures_of(report(mumei_card=card, mumei_core=GOOD))
        assert [each.holds for each in found] == [holds, True]


def test_a_package_of_which_nothing_was_measured_fails() -> None:
    assert [each.holds for each in figures_of(report(mumei_core=GOOD))] == [False, True]


def test_what_is_not_reached_is_named_in_runs_of_lines_and_branches() -> None:
    found = figures_of(report(mumei_card=(100, 97, 10, 9), mumei_core=(4, 4, 0, 0)))
    assert [place.text() for place in found[0].places] == ["lines 98-100; branches 1 to exit"]
    assert found[1].places == ()
    assert found[1].branches == 1.0


def test_the_command_fails_below_a_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = [GOOD]
    monkeypatch.setattr(tool, "_report", lambda data, to: report(mumei_card=card[0], mumei_core=GOOD))
    assert tool.main(["--data", str(tmp_path / "none")]) == 0
    card[0] = (100, 90, 10, 9)
    assert tool.main(["--data", str(tmp_path / "none")]) == 1
    assert "90.00% of 100 lines (bar 95%)" in capsys.readouterr().out
    assert tool.main(["--data", str(tmp_path / "none"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["holds"] is False


def test_without_anything_measured_it_says_what_to_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["--data", str(tmp_path / "none")]) == 2
    assert "pytest --cov" in capfd.readouterr().err


def test_in_brief_only_a_package_below_a_bar_names_its_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    below = (100, 90, 10, 9)
    monkeypatch.setattr(tool, "_report", lambda data, to: report(mumei_card=below, mumei_core=GOOD))
    tool.main(["--data", str(tmp_path / "none"), "--brief"])
    said = capsys.readouterr().out
    assert "mumei_card/thing.py" in said and "mumei_core/thing.py" not in said
