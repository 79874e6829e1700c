"""What goes wrong where what is computed ahead is not quite what is computed at once (mumei protocol 2.8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fixtures.crypto_world import (
    ADULT,
    MINOR,
    ask,
    card,
    over,
    random_scalar,
    show,
    table,
    under,
)
from tests.negative.mutants import Mutation
from tests.negative.outcome import accepted, reason

from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.curve import GROUP, R
from mumei_core.crypto.predicate.messages import BASE
from mumei_core.crypto.predicate.prover import tied_digit_blindings
from mumei_core.presentation import prover
from mumei_core.presentation.messages import Presentation
from mumei_core.presentation.prover import Coupon, prepare, present
from mumei_core.presentation.verifier import Reason


def answer_with(coupon: Coupon, request: Request) -> Presentation:
    """An answer of the adult's card with this very coupon."""
    return present(GROUP, card(), coupon, request, request.to_octets(), table(), None, random_scalar)


def test_a_coupon_used_twice_gives_every_secret_of_the_card() -> None:
    """Why a card destroys it before it computes: two answers, whatever was asked, and the shop is the card."""
    coupon = prepare(GROUP, card(), random_scalar)
    first, second = answer_with(coupon, ask(over(20))), answer_with(coupon, ask(under(65)))
    inverse = pow(first.c - second.c, -1, R)

    for index in (Index.SECRET_PROVER_BLIND, Index.REVOCATION_HANDLE, Index.NYM_SECRET):
        found = (first.m_hat[index] - second.m_hat[index]) * inverse % R
        assert found == card().messages[index]
    assert (first.e_hat - second.e_hat) * inverse % R == card().signature.e


def test_what_a_response_of_zero_spoilt_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coupon of the first attempt has met a challenge: nothing of it may be in the second."""
    spoilt: Iterator[bool] = iter((True, False))
    monkeypatch.setattr(prover, "_holds_zero", lambda *_: next(spoilt))
    request, coupon = ask(over(20)), prepare(GROUP, card(), random_scalar)
    presentation = answer_with(coupon, request)

    assert next(spoilt, None) is None
    assert accepted(request.to_octets(), presentation.to_octets())
    shown = {presentation.Abar, presentation.Bbar, presentation.D}
    assert shown.isdisjoint({coupon.init.Abar, coupon.init.Bbar, coupon.init.D})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("-predicate.kind.sign * m_tilde_birth - BASE * d_tilde_1", "draw()", id="to nothing"),
        pytest.param("- BASE * d_tilde_1", "- d_tilde_1", id="by the wrong base"),
        pytest.param("-predicate.kind.sign * m", "-m", id="in one direction only"),
    ],
)
def test_digits_tied_wrongly_to_the_signed_date_prove_nothing(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    request = ask(under(65))
    Mutation(owner=prover, name="tied_digit_blindings", old=old, new=new).apply(monkeypatch)

    assert reason(*show(request)) == Reason.CHALLENGE


def test_every_predicate_is_tied_to_the_one_signed_date() -> None:
    predicates = ask(over(20), under(65), over(18), under(70)).date_predicates()
    m_tilde = random_scalar()
    blindings = tied_digit_blindings(predicates, m_tilde, random_scalar)

    for predicate, (d_tilde_0, d_tilde_1) in zip(predicates, blindings, strict=True):
        assert -predicate.kind.sign * (d_tilde_0 + BASE * d_tilde_1) % R == m_tilde
    assert len({x for pair in blindings for x in pair}) == 2 * len(predicates)


def test_a_minors_card_that_takes_the_digits_of_another_date_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its coupon is good, its digits are signed and true of an adult: only the tie to the signed date tells."""
    Mutation(
        owner=prover,
        name="_prove_predicates",
        old="credential.messages[Index.BIRTH_DATE]",
        new=str(ADULT),
    ).apply(monkeypatch)

    assert accepted(*show(ask(over(20)), card(ADULT)))
    assert reason(*show(ask(over(20)), card(MINOR))) == Reason.CHALLENGE


def test_a_shown_attribute_whose_blinding_stays_in_the_first_move_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Mutation(
        owner=prover,
        name="proof_init_disclosing",
        old="T2 = group.subtract(",
        new="group.subtract(",
    ).apply(monkeypatch)

    assert accepted(*show(ask(over(20))))
    assert reason(*show(ask(over(20), disclosed=(1,)))) == Reason.CHALLENGE


def test_a_coupon_shows_nothing_of_itself() -> None:
    coupon = prepare(GROUP, card(), random_scalar)

    for part in (coupon, coupon.randoms, coupon.base):
        assert "=" not in repr(part)
