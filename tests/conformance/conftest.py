"""The card that a check gets: on the software card, or on whatever ``tools.conformance.plugin`` was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.command_line import calendar_at
from tools.conformance.bench_file import BenchFile
from tools.conformance.plugin import NO_CARD, make_target
from tools.conformance.prepare import prepare

from mumei_core.errors import MumeiError

from .bench import Card, InProcess, NotApplicable, Target
from .suite import checks_of, parameters_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a case."""
    marked = vars(metafunc.function).get("cases")
    if marked:
        metafunc.parametrize(parameters_of(metafunc.function), list(marked.values()), ids=list(marked))


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BenchFile:
    """The bench named with --bench, or a new one with software cards, on a day that does not move."""
    named: Path | None = request.config.getoption("--bench", default=None)
    if named is not None:
        return BenchFile.load(named)
    with calendar_at(world.TODAY):
        return BenchFile.load(prepare(tmp_path_factory.mktemp("bench") / "bench"))


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, bench: BenchFile) -> Iterator[Target]:
    """Where the cards come from."""
    try:
        made = make_target(request.config, bench) or InProcess(bench)
    except MumeiError as error:
        pytest.exit(f"{error}\n  {error.hint}", returncode=NO_CARD)
    yield made
    made.close()


@pytest.fixture
def card(request: pytest.FixtureRequest, target: Target) -> Card:
    """A card of a kind that the check names."""
    check = next(iter(checks_of(request.function)))
    try:
        return target.take(check.cards, check.wears)
    except NotApplicable as reason:
        pytest.skip(str(reason))
