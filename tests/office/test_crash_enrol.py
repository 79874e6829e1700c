"""The power goes at every commit and at every exchange of an enrolment: nothing is lost, doubled or stuck."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.plans import Card, PlanCounter, Power, PowerCut
from tests.fixtures.postgres import copy_registry, empty_registry

from mumei.office.registry import Registry

STATIONS = ["development", "standard"]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A closed registry with the sample residents."""
    with (
        empty_registry("sqlite", tmp_path) as where,
        Registry.open(where, clock=world.noon) as registry,
    ):
        registry.import_residents(world.residents()[:2], clerk="sato")
    return Path(where)


@contextmanager
def fresh(template: Path, cards: str) -> Iterator[PlanCounter]:
    """A counter with a registry of its own."""
    copy = copy_registry(template, template.with_name("ward.db"))
    try:
        with Registry.open(copy, clock=world.noon, busy_timeout=0.05) as registry:
            yield PlanCounter(registry=registry, standard_cards=cards == "standard")
    finally:
        for left in copy.parent.glob("ward.*"):
            left.unlink()


def blank(cards: str) -> Card:
    """As the maker delivers it."""
    return Card.of(standard.new_card() if cards == "standard" else world.new_card())


def pinned(cards: str) -> Card:
    """With parameters on it, so that what comes after them is reached at once."""
    return Card.of(standard.card_with_parameters() if cards == "standard" else world.card_with_parameters())


def points_of(template: Path, cards: str, card: Card) -> list[str]:
    """All points of one undisturbed enrolment."""
    power = Power()
    with fresh(template, cards) as counter, power.on_commits():
        counter.enrol(card, power=power)
    return power.points


def cut_and_resume(template: Path, cards: str, card: Card, at: int, where: str) -> None:
    """The power goes at one point; another workstation goes on."""
    power = Power(cut_at=at)
    with fresh(template, cards) as counter:
        with power.on_commits(), pytest.raises(PowerCut):
            counter.enrol(card, power=power)
        before = counter.registry.enrolments_of(1)
        if counter.journal().plans(unfinished=True) or not before:
            counter.enrol(card)
        counter.assert_issued(card)
        after = counter.registry.enrolments_of(1)
        assert [record.nonce for record in before] in ([], [after[0].nonce]), where
        assert [record.signature for record in before] in ([], [None], [after[0].signature]), where
        # A letter is printed anew where nobody knows whether it was; never where the plan says that it was.
        assert len(counter.letters) in (1, 2), where


def places(points: list[str], direction: str, ins: str) -> list[int]:
    """Where a command with this instruction goes out, or its answer comes back; protected ones too."""
    return [
        place
        for place, point in enumerate(points, 1)
        if point.startswith(direction) and point.split()[1][2:4] == ins
    ]


@pytest.mark.parametrize("cards", STATIONS)
def test_cut_anywhere_until_the_card_has_pinned_its_parameters(template: Path, cards: str) -> None:
    points = points_of(template, cards, blank(cards))
    blocks = sorted(places(points, "command", "e2") + places(points, "answer", "e2"))
    # One block is like another.
    cuts = {*blocks[:2], *blocks[-2:]}
    if cards == "development":
        cuts |= set(range(1, places(points, "answer", "30")[0] + 1))
    for at in sorted(cuts):
        cut_and_resume(template, cards, blank(cards), at, f"{at}: {points[at - 1]}")


@pytest.mark.parametrize("cards", STATIONS)
def test_cut_anywhere_behind_that(template: Path, cards: str) -> None:
    points = points_of(template, cards, pinned(cards))
    # What is before a standard card's first STORE CREDENTIAL differs from a development card's by its channel only.
    first = places(points, *(("answer", "30") if cards == "development" else ("command", "32")))[0]
    for at in range(first, len(points) + 1):
        cut_and_resume(template, cards, pinned(cards), at, f"{at}: {points[at - 1]}")
