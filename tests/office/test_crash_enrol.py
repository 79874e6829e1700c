"""The power goes at every commit and at every exchange of an enrolment: nothing is lost, doubled or stuck."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.killed import PASSPHRASE, issue_from_files
from tests.fixtures.plans import Card, PlanCounter, Power, PowerCut, reopened, worth_a_cut
from tests.fixtures.postgres import copy_registry, empty_registry

from mumei.office.counter.journal import Journal
from mumei.office.database.models import EnrolmentState
from mumei.office.registry import Registry
from mumei_card.applet.records import StoredCredential
from mumei_card.chip.nvm import Nvm

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
        with reopened(copy) as registry:
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
        cuts |= {place for place in worth_a_cut(points) if place <= places(points, "answer", "30")[0]}
    for at in sorted(cuts):
        cut_and_resume(template, cards, blank(cards), at, f"{at}: {points[at - 1]}")


@pytest.mark.parametrize("cards", STATIONS)
def test_cut_anywhere_behind_that(template: Path, cards: str) -> None:
    points = points_of(template, cards, pinned(cards))
    # What is before a standard card's first STORE CREDENTIAL differs from a development card's by its channel only.
    first = places(points, *(("answer", "30") if cards == "development" else ("command", "32")))[0]
    others = cards == "standard"
    for at in (place for place in worth_a_cut(points, others=others) if place >= first):
        cut_and_resume(template, cards, pinned(cards), at, f"{at}: {points[at - 1]}")


def test_on_postgresql(tmp_path: Path) -> None:
    """The same at every commit, on a database that keeps its own locks."""
    commits = 0
    with (
        empty_registry("postgresql", tmp_path) as where,
        Registry.open(where, clock=world.noon, busy_timeout=0.05) as registry,
    ):
        registry.import_residents(world.residents(), clerk="sato")
        counter, power = PlanCounter(registry=registry), Power()
        with power.on_commits():
            counter.enrol(pinned("development"), 1, power=power)
        commits = sum("commit" in point for point in power.points)
        for resident, at in enumerate(range(2, commits + 1, 4), 2):
            card, power = pinned("development"), Power(cut_at=at)
            with power.on_commits(), pytest.raises(PowerCut):
                counter.enrol(card, resident, power=power)
            counter.enrol(card, resident)
            counter.assert_issued(card, resident)


@pytest.mark.parametrize("commit", [4, 9, 14])
def test_killed_in_earnest(template: Path, commit: int) -> None:
    """SIGKILL at a commit of a process of its own; this one goes on at once, for it sees that the other is gone."""
    card = template.with_name("hanako.card")
    world.write_card(card, world.card_with_parameters()).chmod(0o600)
    key, parameters = template.with_name("issuer.key"), template.with_name("parameters.cbor")
    world.issuer().key.save(key, PASSPHRASE, log2_n=10)
    world.issuer().parameters.save(parameters)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.killed", str(template.parent), str(commit)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with Registry.open(template, clock=world.noon) as registry:
        unfinished = Journal(registry, clerk="sato").plans(unfinished=True)
        assert [plan.lease_until is not None for plan in unfinished] == [True]
        issue_from_files(template.parent, registry)
        records = registry.enrolments_of(1)
        assert [record.state for record in records] == [EnrolmentState.STORED]
        stored = StoredCredential.from_bytes(world.records_of(Nvm.read(card))["credential"])
        assert stored.issued.signature.to_octets() == records[0].signature
        assert Journal(registry, clerk="sato").plans(unfinished=True) == ()
