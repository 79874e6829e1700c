"""Short forms of the bars on the card's own speed: processor time, so that a busy machine fails none of them."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from tools.bench import standard_world, world
from tools.bench.simulator_speed import many_cards, sessions
from tools.bench.world import World

_CARDS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("speed"))


@pytest.fixture(scope="module")
def standard(folder: Path) -> World:
    return standard_world.build(folder / "standard", lambda _: None)


def test_a_session_with_a_standard_card_takes_under_sixty_milliseconds(standard: World) -> None:
    assert median(session.own for session in sessions(standard, count=5)) < 60


def test_a_session_with_a_development_card_takes_under_sixty_milliseconds(folder: Path) -> None:
    development = world.build(folder, lambda _: None)
    assert median(session.own for session in sessions(development, count=5)) < 60


def test_a_card_takes_its_part_of_the_memory_for_a_thousand(standard: World) -> None:
    before, after = many_cards(standard, count=_CARDS)
    assert before + 1000 * (after - before) / (_CARDS - 1) < 400
