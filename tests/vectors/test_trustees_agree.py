"""Trustees' evaluations: ours and the slow reference give the same octets and refuse the same ones."""

from __future__ import annotations

import random

import pytest

from mumei_core.crypto.curve import BP1, Point, PublicPoints, R
from mumei_core.crypto.hash_to_curve import recognise_point, slot_point
from mumei_core.crypto.sharing.check_evaluation import check_evaluation
from mumei_core.crypto.sharing.combine import combine
from mumei_core.crypto.sharing.combine_all import combine_all
from mumei_core.crypto.sharing.evaluate import evaluate
from mumei_core.crypto.sharing.evaluation import Evaluation
from mumei_core.errors import DecodingError, InvalidProof

from .reference import trustees as reference
from .reference.encoding import Invalid

EPOCH = 7_665
RNG = random.Random("trustees")
POLYNOMIAL = [RNG.randrange(1, R) for _ in range(2)]
POINTS = [slot_point(EPOCH, 3, 0), slot_point(EPOCH, 63, 15), recognise_point(EPOCH, b"shop.example")]
F = [BP1 * a for a in POLYNOMIAL]


def share(i: int) -> int:
    return (POLYNOMIAL[0] + i * POLYNOMIAL[1]) % R


def octets(points: list[Point]) -> list[bytes]:
    return [point.to_octets() for point in points]


def ours(i: int, k: int) -> Evaluation:
    return evaluate(share(i), i, F, POINTS, draw=lambda _share, _statement: k)


def test_points_come_of_the_same_labels() -> None:
    assert octets(POINTS) == [
        reference.slot_point(EPOCH, 3, 0),
        reference.slot_point(EPOCH, 63, 15),
        reference.recognise_point(EPOCH, b"shop.example"),
    ]


def test_evaluations_are_the_same_octets() -> None:
    k = RNG.randrange(1, R)
    assert ours(2, k).to_octets() == reference.evaluate(share(2), 2, octets(F), octets(POINTS), k)


def test_each_accepts_what_the_other_made_and_combines_it_alike() -> None:
    products, checked = {}, {}
    for i in (1, 3):
        made = reference.evaluate(share(i), i, octets(F), octets(POINTS), RNG.randrange(1, R))
        checked[i] = check_evaluation(Evaluation.from_octets(made), i, F, PublicPoints.of(POINTS), n=3)
        products[i] = reference.check(ours(i, 7).to_octets(), i, octets(F), octets(POINTS))
    expected = [(point * POLYNOMIAL[0]).to_octets() for point in POINTS]
    assert combine_all(checked, 2) == expected
    assert reference.combine({i: each[0] for i, each in products.items()}) == expected[0]
    first = {i: Point.from_octets(each[0]) for i, each in products.items()}
    assert combine(first, 2).to_octets() == expected[0]


@pytest.mark.parametrize("place", [1, 3, 5, 60, -40, -1], ids=["index", "number", "R0", "R1", "c", "z"])
def test_both_refuse_an_altered_octet(place: int) -> None:
    altered = bytearray(ours(1, 5).to_octets())
    altered[place] ^= 1
    with pytest.raises(Invalid):
        reference.check(bytes(altered), 1, octets(F), octets(POINTS))
    with pytest.raises((InvalidProof, DecodingError)):
        check_evaluation(Evaluation.from_octets(bytes(altered)), 1, F, PublicPoints.of(POINTS), n=3)
