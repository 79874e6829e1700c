"""A trustee that answers wrongly or last: each way in is shut by one check, and open where it is missing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from tests.negative.checks import Attempt, Check, NoCheck, refusals
from tests.negative.mutants import Mutation
from tests.negative.wide_points import ORDER_3
from tests.vectors.reference.encoding import octets_to_point_e1, point_to_octets_e1

from mumei_core.crypto.curve import BP1, POINT_LENGTH, Point, PublicPoints, R
from mumei_core.crypto.hash_to_curve import slot_point
from mumei_core.crypto.sharing import check_evaluation as checking
from mumei_core.crypto.sharing import evaluation as messages
from mumei_core.crypto.sharing.evaluate import evaluate
from mumei_core.crypto.sharing.evaluation import Evaluation
from mumei_core.errors import InvalidProof

RNG = random.Random("attacks")
POLYNOMIAL = [RNG.randrange(1, R) for _ in range(2)]
F = [BP1 * a for a in POLYNOMIAL]
Q = [slot_point(7_665, 3, k) for k in range(4)]
PUBLIC = PublicPoints.of(Q)
INDEX = 2
SHARE = (POLYNOMIAL[0] + INDEX * POLYNOMIAL[1]) % R
OTHER = (SHARE + 1) % R


def check(evaluation: Evaluation, index: int = INDEX) -> PublicPoints:
    return checking.check_evaluation(evaluation, index, F, PUBLIC, n=3)


def joined(points: list[Point]) -> bytes:
    return b"".join(point.to_octets() for point in points)


def forge(products: list[Point], *, share: int = SHARE) -> Evaluation:
    """The proof that a trustee with ``share`` makes for products of its choice, as well as it can."""
    octets = joined(products)
    w = messages.weights(F, PUBLIC.octets, octets, INDEX)
    Q_star, R_star = PUBLIC.sum_of_products(w), PublicPoints.of(products).sum_of_products(w)
    k = RNG.randrange(1, R)
    P_i = BP1 * SHARE
    c = messages.challenge(P_i, Q_star, R_star, BP1 * k, Q_star * k)
    return Evaluation(index=INDEX, products=octets, c=c, z=(k + c * share) % R)


def one_wrong() -> Attempt:
    """R_0 of another handle: the card's K in that slot's list is somebody else's."""
    forged = forge([Q[0] * OTHER, *(point * SHARE for point in Q[1:])])
    return lambda: check(forged)


def another_share() -> Attempt:
    """All products of another share: consistent with each other, and not with the card."""
    forged = forge([point * OTHER for point in Q], share=OTHER)
    return lambda: check(forged)


def cancelling_under_known_weights() -> Attempt:
    """Errors that cancel: R_0 + D w_1, R_1 - D w_0, for weights that are known before the products are."""
    w = messages.weights(F, PUBLIC.octets, bytes(PUBLIC.octets), INDEX)
    right = [point * SHARE for point in Q]
    D = BP1 * 99
    forged = forge([right[0] + D * w[1], right[1] - D * w[0], *right[2:]])
    return lambda: check(forged)


def copied_from_another() -> Attempt:
    """Trustee 1's answer, handed in as trustee 2's."""
    share = (POLYNOMIAL[0] + POLYNOMIAL[1]) % R
    copied = replace(evaluate(share, 1, F, Q), index=INDEX)
    return lambda: check(copied)


def index_swapped() -> Attempt:
    honest = evaluate(SHARE, INDEX, F, Q)
    return lambda: check(replace(honest, index=1))


def fewer_points() -> Attempt:
    fewer = evaluate(SHARE, INDEX, F, Q[:3])
    return lambda: check(fewer)


def no_points_of_the_curve() -> Attempt:
    honest = evaluate(SHARE, INDEX, F, Q)
    return lambda: check(replace(honest, products=bytes(len(honest.products))))


def cut_short() -> Attempt:
    octets = evaluate(SHARE, INDEX, F, Q).to_octets() + b"\0"
    return lambda: Evaluation.from_octets(octets)


IN_CHALLENGE = "serialize(P_i, Q_star, R_star, T_P, T_Q)"


def not_hashed(without: str) -> tuple[Mutation, ...]:
    """The verifier, and so the prover, hashes less: in both modules that call the one function."""
    fewer = IN_CHALLENGE.replace(f", {without}", "")
    return tuple(
        Mutation(owner=owner, name="challenge", old=IN_CHALLENGE, new=fewer) for owner in (messages, checking)
    )


def weighed(old: str, new: str) -> tuple[Mutation, ...]:
    return tuple(Mutation(owner=owner, name="weights", old=old, new=new) for owner in (messages, checking))


CHECKS = (
    Check(
        name="the proof holds",
        module=checking,
        raises="not of the trustee's share",
        mutations=(
            Mutation(
                owner=checking,
                name="check_evaluation",
                old="if challenge(P_i, Q_star, R_star, T_P, T_Q) != c:",
                new="if False:",
            ),
        ),
        forgery=one_wrong,
        reason="not of the trustee's share",
    ),
    Check(
        name="the points' equation is hashed",
        module=checking,
        raises="not of the trustee's share",
        mutations=not_hashed("T_Q"),
        forgery=one_wrong,
        reason="not of the trustee's share",
    ),
    Check(
        name="the share's equation is hashed",
        module=checking,
        raises="not of the trustee's share",
        mutations=not_hashed("T_P"),
        forgery=another_share,
        reason="not of the trustee's share",
    ),
    Check(
        name="weights depend on the products: nobody answers last",
        module=checking,
        raises="not of the trustee's share",
        mutations=weighed("bases + products +", "bases +"),
        forgery=cancelling_under_known_weights,
        reason="not of the trustee's share",
    ),
    Check(
        name="weights differ",
        module=checking,
        raises="not of the trustee's share",
        mutations=weighed(
            "hashing.hash_to_scalars(MUMEI, seed, count, hashing.TRUSTEE_WEIGHT)", "[1] * count"
        ),
        forgery=cancelling_under_known_weights,
        reason="not of the trustee's share",
    ),
    Check(
        name="the trustee is the one that is asked",
        module=checking,
        raises="by another trustee",
        mutations=(
            Mutation(
                owner=checking,
                name="check_evaluation",
                old="if not 1 <= index <= n or evaluation.index != index:",
                new="if False:",
            ),
        ),
        forgery=index_swapped,
        reason="by another trustee",
    ),
    Check(
        name="every point is answered",
        module=checking,
        raises="another number of points",
        mutations=(
            Mutation(
                owner=checking,
                name="check_evaluation",
                old="if evaluation.count != len(Q):",
                new="if False:",
            ),
        ),
        forgery=fewer_points,
        reason="another number of points",
        redundant="sums of products want as many weights as points",
    ),
    Check(
        name="products are points",
        module=checking,
        raises='raise InvalidProof(f"an evaluation holds {error}") from error',
        mutations=(
            Mutation(
                owner=checking,
                name="check_evaluation",
                old="except DecodingError as error:",
                new="except NotImplementedError as error:",
            ),
        ),
        forgery=no_points_of_the_curve,
        reason="an evaluation holds",
        redundant="decoding refuses by itself, in words that are not a verdict",
    ),
    Check(
        name="nothing stands behind an evaluation",
        module=messages,
        raises="cut short, or has octets behind it",
        mutations=(
            Mutation(
                owner=Evaluation,
                name="from_octets",
                old="if len(octets) < _HEAD_LENGTH or len(octets) != length:",
                new="if False:",
            ),
        ),
        forgery=cut_short,
        reason="cut short, or has octets behind it",
        redundant="the last scalar then has another length",
    ),
)
NOT_CHECKS: tuple[NoCheck, ...] = ()


@pytest.mark.parametrize("row", CHECKS, ids=lambda row: row.name)
def test_the_attack_needs_the_check_to_be_missing(row: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    row.prove(monkeypatch)


@pytest.mark.parametrize("module", [checking, messages], ids=lambda module: module.__name__)
def test_every_refusal_has_its_row(module: object) -> None:
    statements = list(refusals(module))  # type: ignore[arg-type]
    named = [row.raises for row in CHECKS if row.module is module]
    assert statements
    assert [each for each in statements if not any(name in each for name in named)] == []


def test_an_answer_copied_from_another_trustee_is_refused() -> None:
    with pytest.raises(InvalidProof):
        copied_from_another()()


@pytest.mark.parametrize("index", [0, -1, 4])
def test_there_is_no_other_trustee(index: int) -> None:
    honest = evaluate(SHARE, INDEX, F, Q)
    with pytest.raises(InvalidProof):
        check(replace(honest, index=index), index)


def test_a_product_outside_the_subgroup_is_refused() -> None:
    """Where its weight is a multiple of 3 a part of order 3 falls out of the sums, and the card is never found."""
    honest = evaluate(SHARE, INDEX, F, Q)
    wide = octets_to_point_e1(honest.products[:POINT_LENGTH]) + ORDER_3
    products = point_to_octets_e1(wide) + honest.products[POINT_LENGTH:]
    with pytest.raises(InvalidProof) as caught:
        check(replace(honest, products=products))
    assert "an evaluation holds" in caught.value.reason


def test_a_trustee_with_a_wrong_share_does_not_answer() -> None:
    with pytest.raises(InvalidProof):
        evaluate(OTHER, INDEX, F, Q)


def test_two_proofs_of_one_statement_share_no_random() -> None:
    one, other = (evaluate(SHARE, INDEX, F, Q) for _ in range(2))
    assert one.products == other.products
    assert one.c != other.c
