"""What a presentation costs a card: multiplications in G1, as the protocol counts them (2.8)."""

from __future__ import annotations

import pytest
from tests.fixtures.crypto_world import ask, card, over, random_scalar, table, under

from mumei_core.commands.request import Request
from mumei_core.credential import MESSAGES
from mumei_core.crypto.curve import Group, Point
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.predicate.messages import DIGITS
from mumei_core.presentation.prover import present


class CountingGroup(Group):
    """Arithmetic that counts its multiplications."""

    def __init__(self) -> None:
        self.multiplications = 0

    def multiply(self, point: Point, scalar: int) -> Point:
        self.multiplications += 1
        return super().multiply(point, scalar)


def cost(request: Request, birth_date: int | None = None) -> int:
    group = CountingGroup()
    OP = context_point(request.rp_context) if request.pseudonym else None
    credential = card() if birth_date is None else card(birth_date)
    present(group, credential, request, request.to_octets(), table(), OP, random_scalar)
    return group.multiplications


@pytest.mark.parametrize(
    ("request_", "bar"),
    [(ask(over(20)), 23), (ask(over(20), pseudonym=True), 25)],
    ids=["age", "and pseudonym"],
)
def test_an_age_check_keeps_to_its_budget(request_: Request, bar: int) -> None:
    assert cost(request_) == bar


def test_every_part_costs_what_it_should() -> None:
    base = 7 + MESSAGES
    assert cost(ask()) == base
    assert cost(ask(disclosed=(1, 3))) == base - 2
    assert cost(ask(over(20), under(65), over(18))) == base + 3 * 4 * DIGITS


def test_the_cost_does_not_depend_on_the_holder() -> None:
    assert len({cost(ask(over(20)), birth_date) for birth_date in (46_000, 40_000, 20_000, 0)}) == 1
