"""The power goes at every commit and exchange of the other flows: nothing is lost, doubled or stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from tests.fixtures import world
from tests.fixtures.plans import Card, IssuedCounter, Power, PowerCut, reopened, worth_a_cut
from tests.fixtures.postgres import copy_registry, empty_registry

from mumei.issuer.memory_ledger import MemoryLedger
from mumei.office.audit.actions import AuditAction
from mumei.office.cases import Cases
from mumei.office.database.models import EnrolmentState
from mumei.office.database.models_cards import CardState
from mumei.office.database.models_plans import PlanState
from mumei.office.registry import Registry
from mumei_card.applet.records import StoredCredential

Run = Callable[[IssuedCounter, Card, Power | None], object]
Check = Callable[[IssuedCounter, Card], None]


@dataclass(frozen=True)
class Begun:
    """A closed registry in which one card was issued, and that card."""

    registry: Path
    records: world.Records
    ledger: MemoryLedger
    standard_cards: bool

    @contextmanager
    def again(self) -> Iterator[tuple[IssuedCounter, Card]]:
        """As it was, as often as it is wanted."""
        copy = copy_registry(self.registry, self.registry.with_name("ward.db"))
        try:
            with reopened(copy) as registry:
                counter = IssuedCounter(
                    registry=registry, standard_cards=self.standard_cards, ledger=copied(self.ledger)
                )
                yield counter, Card.of(self.records)
        finally:
            for left in copy.parent.glob("ward.*"):
                left.unlink()


def copied(ledger: MemoryLedger) -> MemoryLedger:
    fresh = MemoryLedger()
    fresh.__dict__.update(
        {name: value.copy() if hasattr(value, "copy") else value for name, value in vars(ledger).items()}
    )
    return fresh


def begun(folder: Path, *, standard_cards: bool, lost: bool = False) -> Begun:
    with empty_registry("sqlite", folder) as where, Registry.open(where, clock=world.noon) as registry:
        registry.import_residents(world.residents()[:1], clerk="sato")
        counter = IssuedCounter(registry=registry, standard_cards=standard_cards)
        card = counter.issued()
        if lost:
            counter.lost()
        return Begun(
            registry=Path(where), records=card.records, ledger=counter.ledger, standard_cards=standard_cards
        )


def renewed(counter: IssuedCounter, card: Card) -> None:
    first, second = counter.registry.enrolments_of(1)
    assert (first.state, second.state) == (EnrolmentState.STORED, EnrolmentState.STORED)
    stored = StoredCredential.from_bytes(card.records["credential"])
    assert stored.issued.signature.to_octets() == second.signature
    assert [card.state for card in counter.registry.cards_of(1)] == [CardState.ISSUED]


def reported(counter: IssuedCounter, _card: Card) -> None:
    assert [card.state for card in counter.registry.cards_of(1)] == [CardState.LOST]
    assert len(Cases(counter.registry).cases()) == 1


def back_in_use(counter: IssuedCounter, _card: Card) -> None:
    assert [card.state for card in counter.registry.cards_of(1)] == [CardState.ISSUED]
    assert Cases(counter.registry).live_case_of(1) is None


def wiped(counter: IssuedCounter, card: Card) -> None:
    assert [card.state for card in counter.registry.cards_of(1)] == [CardState.DESTROYED]
    assert ("credential" in card.records) is not counter.standard_cards


def unblocked(counter: IssuedCounter, _card: Card) -> None:
    done = [entry.action for entry in counter.registry.history(resident_number=1)]
    assert AuditAction.PIN_UNBLOCKED in done


FLOWS: Final[dict[str, tuple[Run, Check, bool]]] = {
    "renew": (lambda counter, card, power: counter.renew(card, power=power), renewed, False),
    "lost": (lambda counter, _card, _power: counter.lost(), reported, False),
    "found": (lambda counter, _card, _power: counter.found(), back_in_use, False),
    "return": (lambda counter, card, power: counter.give_back(card, power=power), wiped, True),
    "unblock": (lambda counter, card, power: counter.unblock(card, power=power), unblocked, False),
}


@pytest.mark.parametrize("name", FLOWS)
def test_cut_anywhere(tmp_path: Path, name: str) -> None:
    run, check, standard_cards = FLOWS[name]
    start = begun(tmp_path, standard_cards=standard_cards, lost=name == "found")
    power = Power()
    with start.again() as (counter, card), power.on_commits():
        run(counter, card, power)
        points = list(power.points)
        check(counter, card)
    # How sessions are opened is cut by the enrolment.
    for at in worth_a_cut(points, others=name == "unblock"):
        power = Power(cut_at=at)
        where = f"{name}, cut {at}: {points[at - 1]}"
        with start.again() as (counter, card):
            with power.on_commits(), pytest.raises(PowerCut):
                run(counter, card, power)
            done = [plan.state for plan in counter.journal().plans(resident_number=1)][-1:]
            unfinished = counter.journal().plans(unfinished=True)
            count = len(counter.journal().plans())
            if unfinished or count == (2 if name == "found" else 1):
                run(counter, card, None)
            else:
                assert done == [PlanState.DONE], where
            check(counter, card)
            assert counter.journal().plans(unfinished=True) == (), where
