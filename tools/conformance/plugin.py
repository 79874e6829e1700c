"""Pytest plugin of the conformance suite: which card, from which bench, and what became of each check.

``pytest -p tools.conformance.plugin tests/conformance --bench bench.json --reader PATTERN --card SERIAL`` is what
``python -m tools.conformance run`` does. Without the plugin the suite runs on the software card.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tools.conformance.bench_file import BenchFile
from tools.conformance.results import Outcome, Result, save

if TYPE_CHECKING:
    from tests.conformance.bench import Target
    from tests.conformance.suite import Clause

_Report = Generator[None, pytest.TestReport, pytest.TestReport]
_RESULTS = pytest.StashKey[list[Result]]()
SOFTWARE, PCSCD, READER = "software", "pcscd", "reader"
#: Exit code of a run for which there is no card: none of pytest's own.
NO_CARD = 10


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the suite."""
    group = parser.getgroup("conformance")
    group.addoption("--bench", type=Path, help="bench file, from: python -m tools.conformance prepare FOLDER")
    group.addoption("--on", choices=(SOFTWARE, PCSCD, READER), default=SOFTWARE, help="where the card is")
    group.addoption("--reader", default="", help="part of the name of the reader with the real card")
    group.addoption("--card", default="", help="serial of the very card, as the bench file has it")
    group.addoption("--destructive", action="store_true", help="allow checks that wear the real card out")
    group.addoption("--thorough", action="store_true", help="run every check on every mutant of the card")
    group.addoption("--results", type=Path, help="write what became of each check, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    results: list[Result] = []
    config.stash[_RESULTS] = results


def make_target(config: pytest.Config, bench: BenchFile) -> Target | None:
    """The target that the options name; None for the software card in process, or without this plugin."""
    place = config.getoption("--on", default=SOFTWARE)
    if place == SOFTWARE:
        return None
    if place == PCSCD:
        from tests.conformance.on_pcscd import ThroughPcscd

        return ThroughPcscd(bench)
    from tests.conformance.on_reader import RealReader

    return RealReader(
        bench,
        reader=config.getoption("--reader"),
        serial=config.getoption("--card"),
        destructive=config.getoption("--destructive"),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> _Report:
    """Keep what became of each check with its clauses."""
    report = yield
    clauses = _clauses_of(item)
    decided = report.when == "call" or (report.when == "setup" and not report.passed)
    if clauses and decided:
        outcome = Outcome.PASSED if report.passed else Outcome.FAILED
        reason = "" if report.passed else _first_line(report.longreprtext)
        if report.skipped:
            outcome = Outcome.NOT_APPLICABLE
            reason = (
                report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
            )
        item.config.stash[_RESULTS].append(
            Result(
                name=item.name,
                clauses=tuple((found.standard, found.section, found.about) for found in clauses),
                outcome=outcome,
                reason=reason,
            )
        )
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results, whatever became of the run."""
    path = session.config.getoption("--results")
    if path is not None:
        results = session.config.stash[_RESULTS]
        save(path, results, place=session.config.getoption("--on"))


def _clauses_of(item: pytest.Item) -> tuple[Clause, ...]:
    from tests.conformance.suite import clauses_of

    if not isinstance(item, pytest.Function):
        return ()
    return clauses_of(item.function, item.callspec.id if hasattr(item, "callspec") else "")


def _first_line(text: str) -> str:
    """The line that says what was wrong."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return lines[0] if lines else text.strip().splitlines()[-1] if text.strip() else ""
