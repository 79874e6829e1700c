"""The suite finds what it is there to find: every mutant of the card fails the checks that it must fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from tools.conformance.bench_file import BenchFile

from .bench import InProcess
from .mutants import MUTANTS, Mutant
from .suite import Check, checks

CHECKS: Mapping[str, Check] = {check.name: check for check in checks()}


def failing(names: Iterable[str], bench: BenchFile) -> set[str]:
    """The checks that fail on the card as it now is; whatever a check stumbles over is a failure."""
    target = InProcess(bench)
    failed = set()
    for name in names:
        check = CHECKS[name]
        try:
            check.function(target.take(check.cards, check.wears), *check.values)
        except Exception:
            failed.add(name)
    return failed


def test_the_suite_is_large_enough() -> None:
    assert len(CHECKS) >= 150
    assert len(MUTANTS) >= 16
    assert all(check.clauses for check in CHECKS.values())
    assert all(clause.standard and clause.section for check in CHECKS.values() for clause in check.clauses)


def test_mutants_name_checks_that_there_are() -> None:
    assert {name for mutant in MUTANTS for name in mutant.found_by} <= set(CHECKS)
    assert all(mutant.found_by for mutant in MUTANTS)


def test_the_card_itself_passes_what_its_mutants_fail(bench: BenchFile) -> None:
    named = {name for mutant in MUTANTS for name in mutant.found_by}
    assert failing(sorted(named), bench) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(mutant: Mutant, bench: BenchFile) -> None:
    with mutant.planted():
        assert failing(mutant.found_by, bench) == set(mutant.found_by), mutant.about
