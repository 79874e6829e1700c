"""The command: what it prints, that it says when it is blind, and how a finding is run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from tools.fuzz import __main__ as tool
from tools.fuzz.catalogue import TARGETS
from tools.fuzz.worker import GUIDED, guided_is_there
from tools.fuzz.world import FILE_NAME

REGRESSION: Final = Path(__file__).parent / "regressions" / "trust-e3b0c44298fc.bin"


def test_every_target_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(TARGETS)


def test_an_unknown_target_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        tool.main(["ber-tvl"])
    assert left.value.code == 2
    assert "ber-tlv" in capsys.readouterr().err


def test_a_run_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["settings", "--inputs", "20000", "--json", "--corpus", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["holds"]
    (target,) = document["targets"]
    assert target["name"] == "settings"
    assert target["units"] >= 20_000
    assert target["findings"] == {}
    # Edges are seen by the guided driver alone, and the report says which one it was.
    assert (target["edges"] is not None) == (document["driver"] == GUIDED) == guided_is_there()
    assert (tmp_path / FILE_NAME).exists()


def test_a_blind_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["settings", "card-development", "--mutational", "--inputs", "500", "--corpus", str(tmp_path)]
    assert tool.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "MUTATIONAL, blind to coverage" in printed
    assert (
        "0 of 1 parsers and protocols had their inputs, 1,000,000 and 200,000; not yet: settings" in printed
    )
    assert "APDUs, of 2,000,000" in printed


def test_an_input_is_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["trust", "--input", str(REGRESSION)]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_a_finding_comes_with_the_command_that_repeats_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The planted target's own module is what the worker imports.
    from tests.fuzz import planted
    from tools.fuzz.campaign import Campaign, Plan
    from tools.fuzz.report import Report
    from tools.fuzz.world import World

    plan = Plan(driver="mutational", processes=1, seed=1, units=60_000, catalogue="tests.fuzz.planted")
    campaign = Campaign([planted.TARGETS["planted"]], plan, tmp_path, say=lambda words: None)
    results = campaign.run(World())
    report = Report(results=results, driver=plan.driver, seed=1, processes=1, seconds=1.0)
    assert not report.holds
    lines = report.text().splitlines()
    again = next(line for line in lines if "python -m tools.fuzz planted --input" in line)
    path = Path(again.split()[-1])
    assert path.read_bytes()[:1] in (b"E", b"H", b"R")
    monkeypatch.setitem(TARGETS, "planted", planted.TARGETS["planted"])
    assert tool.main(["planted", "--input", str(path)]) == 1
    assert "planted: " in capsys.readouterr().out
