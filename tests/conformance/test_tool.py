"""``python -m tools.conformance``: the report's forms, exit codes, and what it says to wrong usage."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tools.conformance.__main__ import main
from tools.conformance.bench_file import BenchFile
from tools.conformance.results import Outcome, Result, save

from mumei_core.errors import DataError

SELECT = ("ISO/IEC 7816-4:2005", "7.1.1", "SELECT by partial name")
CHAIN = ("ISO/IEC 7816-4:2005", "5.1.1.1", "a chain")
TENTH = ("ISO/IEC 7816-4:2005", "5.10", "made up, to be sorted behind 5.1.1.1")


def result(name: str, outcome: Outcome, *clauses: tuple[str, str, str], reason: str = "") -> Result:
    return Result(name=name, clauses=clauses, outcome=outcome, reason=reason)


GOOD = (
    result("by_name", Outcome.PASSED, SELECT),
    result("in_parts", Outcome.PASSED, CHAIN, SELECT),
    result("in_thirds", Outcome.NOT_APPLICABLE, CHAIN, TENTH, reason="the reader passes no extended lengths"),
)
BAD = result("by_number", Outcome.FAILED, SELECT, reason="6A86, not 9000")


def report(tmp_path: Path, *results: Result, options: tuple[str, ...] = ()) -> int:
    file = tmp_path / "results.json"
    save(file, results, place="software")
    return main(["report", str(file), *options])


def test_a_table_by_clause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(tmp_path, *GOOD) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "software: 3 checks of 3 clauses: 2 passed, 0 failed, 1 not applicable"
    rows = [line.split() for line in lines if line.startswith("  ")]
    assert [row[0] for row in rows] == ["5.1.1.1", "5.10", "7.1.1"]
    assert rows[0][-4:] == ["2", "1", "0", "1"] and rows[2][-4:] == ["2", "2", "0", "0"]
    assert lines[-1] == "not applicable: the reader passes no extended lengths"


def test_a_failure_is_named_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(tmp_path, *GOOD, BAD) == 1
    assert capsys.readouterr().out.endswith("FAILED by_number: 6A86, not 9000\n")


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(tmp_path, *GOOD, BAD, options=("--json",)) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["checks"], found["passed"], found["failed"], found["not_applicable"]) == (4, 2, 1, 1)
    assert found["clauses"][2]["section"] == "7.1.1" and found["clauses"][2]["failed"] == 1


def test_as_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(tmp_path, *GOOD, options=("--markdown",)) == 0
    text = capsys.readouterr().out
    assert "## ISO/IEC 7816-4:2005" in text
    assert "| 7.1.1 | SELECT by partial name | 2 | 2 | 0 | 0 |" in text


def test_a_run_without_results_has_failed(tmp_path: Path) -> None:
    assert report(tmp_path) == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "another"}'])
def test_what_is_no_file_of_results(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(text)
    assert main(["report", str(file)]) == 2
    assert main(["report", str(tmp_path / "none.json")]) == 2
    assert "run --results" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ("--reader", "ACR"),
        ("--card", "00"),
        ("--reader", "ACR", "--card", "00"),
        ("--reader", "ACR", "--card", "00", "--bench", "bench.json", "--on", "software"),
    ],
)
def test_a_reader_wants_card_and_bench(capsys: pytest.CaptureFixture[str], options: tuple[str, ...]) -> None:
    assert main(["run", *options]) == 2
    assert "conformance:" in capsys.readouterr().err


def test_a_run_of_some_checks(bench: BenchFile, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "kept.json"
    bench_file = str(bench.folder / "bench.json")
    wanted = ("--", "-k", "test_select_by_partial_name")
    assert main(["run", "--on", "software", "--bench", bench_file, "--results", str(results), *wanted]) == 0
    out, _ = capfd.readouterr()
    assert out.startswith("software: 4 checks of 1 clause: 4 passed")
    assert main(["report", str(results), "--json"]) == 0


def test_a_reader_that_is_not_there_is_3(bench: BenchFile, capfd: pytest.CaptureFixture[str]) -> None:
    bench_file = str(bench.folder / "bench.json")
    serial = bench.cards["issued"].serial
    assert main(["run", "--bench", bench_file, "--reader", "no such reader", "--card", serial]) == 3
    assert capfd.readouterr().out == ""


def test_a_bench_file_is_for_its_owner_only(bench: BenchFile) -> None:
    assert stat.S_IMODE((bench.folder / "bench.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "mumei conformance bench 1", "day": "x"}'])
def test_what_is_no_bench_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bench.json"
    file.write_text(text)
    with pytest.raises(DataError):
        BenchFile.load(file)
    with pytest.raises(DataError):
        BenchFile.load(tmp_path / "none.json")
