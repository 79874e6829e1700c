"""The suite finds what it is there to find: every mutant of the card fails the checks that it must fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from tools.conformance.bench_file import BenchFile

from .bench import InProcess
from .mutants import MUTANTS, Mutant
from .running import failures
from .suite import Check, checks

CHECKS: Mapping[str, Check] = {check.name: check for check in checks()}


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Names of the mutants found; how many that were is printed at the end."""
    names: list[str] = []
    yield names
    asked = [item for item in request.session.items if item.name.startswith("test_a_mutant_is_found[")]
    print(f"\nmutants found: {len(names)} of {len(asked)}")


def test_the_suite_is_large_enough() -> None:
    assert len(CHECKS) >= 150
    assert len(MUTANTS) >= 16
    assert all(check.clauses for check in CHECKS.values())
    assert all(clause.standard and clause.section for check in CHECKS.values() for clause in check.clauses)


def test_mutants_name_checks_that_there_are() -> None:
    assert {name for mutant in MUTANTS for name in mutant.found_by} <= set(CHECKS)
    assert all(mutant.found_by for mutant in MUTANTS)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_the_card_itself_passes_what_its_mutants_fail(bench: BenchFile) -> None:
    named = sorted({name for mutant in MUTANTS for name in mutant.found_by})
    assert failures([CHECKS[name] for name in named], InProcess(bench)) == {}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(
    mutant: Mutant, bench: BenchFile, found: list[str], request: pytest.FixtureRequest
) -> None:
    thorough = request.config.getoption("--thorough", default=False)
    wanted = CHECKS.values() if thorough else [CHECKS[name] for name in mutant.found_by]
    with mutant.planted():
        failed = failures(wanted, InProcess(bench))
    assert set(mutant.found_by) <= set(failed), mutant.about
    found.append(mutant.name)
    if thorough:
        print(f"{mutant.name}: {len(failed)} checks fail ({mutant.about})")
