"""What a presentation costs a card: multiplications in G1, as the protocol counts them (2.8)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.fixtures.crypto_world import ask, card, over, random_scalar, table, under

from mumei_core.commands.request import Request
from mumei_core.credential import MESSAGES
from mumei_core.crypto.curve import Group, Point
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.predicate.messages import DIGITS
from mumei_core.presentation.prover import prepare, present


class CountingGroup(Group):
    """Arithmetic that counts its multiplications."""

    def __init__(self) -> None:
        self.multiplications = 0

    def multiply(self, point: Point, scalar: int) -> Point:
        self.multiplications += 1
        return super().multiply(point, scalar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Multiplications before the request is known, and once it is."""

    ahead: int
    then: int

    @property
    def total(self) -> int:
        return self.ahead + self.then


def cost(request: Request, birth_date: int | None = None) -> Cost:
    group = CountingGroup()
    OP = context_point(request.rp_context) if request.pseudonym else None
    credential = card() if birth_date is None else card(birth_date)
    coupon = prepare(group, credential, random_scalar)
    ahead = group.multiplications
    present(group, credential, coupon, request, request.to_octets(), table(), OP, random_scalar)
    return Cost(ahead=ahead, then=group.multiplications - ahead)


@pytest.mark.parametrize(
    ("request_", "then", "total"),
    [(ask(over(20)), 6, 23), (ask(over(20), pseudonym=True), 8, 25)],
    ids=["age", "and pseudonym"],
)
def test_an_age_check_keeps_to_its_budget(request_: Request, then: int, total: int) -> None:
    found = cost(request_)
    assert (found.then, found.total) == (then, total)
    assert found.then <= 12


def test_every_part_costs_what_it_should() -> None:
    ahead = 7 + MESSAGES + DIGITS
    assert cost(ask()) == Cost(ahead=ahead, then=0)
    assert cost(ask(disclosed=(1, 3))) == Cost(ahead=ahead, then=2)
    assert cost(ask(over(20), under(65), over(18))) == Cost(ahead=ahead, then=(3 + 4 + 4) * DIGITS)


def test_the_cost_does_not_depend_on_the_holder() -> None:
    assert len({cost(ask(over(20)), birth_date) for birth_date in (46_000, 40_000, 20_000, 0)}) == 1
