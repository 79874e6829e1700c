"""Known attacks on date predicates (mumei protocol 2.4): each works where one check is missing, and fails here."""

from __future__ import annotations

import secrets
from functools import partial

import pytest
from tests.fixtures.crypto_world import (
    ADULT,
    MINOR,
    ask,
    born,
    card,
    over,
    random_scalar,
    show,
    table,
    under,
)
from tests.negative.forger import Digit, Digits, forge, honest_digits, tied_blindings
from tests.negative.minors import minor_over_20, negative_delta
from tests.negative.mutants import Mutation
from tests.negative.outcome import accepted, reason

from mumei_core.credential import Index
from mumei_core.crypto.curve import IDENTITY, Point, R
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.predicate import messages as predicate_messages
from mumei_core.crypto.predicate import prover as predicate_prover
from mumei_core.crypto.predicate import verifier as predicate_verifier
from mumei_core.crypto.predicate.messages import BASE, DatePredicate, Kind
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.errors import DecodingError
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation import verifier as presentation_verifier


def test_an_honest_minor_cannot_even_try() -> None:
    with pytest.raises(CannotProve):
        show(ask(over(20)), card(MINOR))


# V = V' = identity


def identity_digits(predicate: DatePredicate, m_tilde: int) -> Digits:
    values = (negative_delta(predicate), 0)
    d_tilde = tied_blindings(predicate.kind.sign, m_tilde)
    return Digits(
        digits=tuple(
            Digit(V=IDENTITY, V_prime=IDENTITY, v=0, d=values[j], v_tilde=random_scalar(), d_tilde=d_tilde[j])
            for j in range(2)
        )
    )


class LenientPoint(Point):
    """A decoder that takes the identity, as the libraries' own do."""

    @classmethod
    def from_octets(cls, octets: bytes) -> Point:
        return IDENTITY if octets == IDENTITY.to_octets() else Point.from_octets(octets)


def test_identity_digits_prove_any_age_where_the_identity_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    octets, wire = minor_over_20(identity_digits)

    assert "identity" in reason(octets, wire)
    monkeypatch.setattr(predicate_messages, "Point", LenientPoint)
    assert accepted(octets, wire)


# More digits than fit the field


def wide_digits(count: int, predicate: DatePredicate, m_tilde: int) -> Digits:
    delta, d_tilde = negative_delta(predicate), tied_blindings(predicate.kind.sign, m_tilde, count)
    digits = []
    for j in range(count):
        d = delta // BASE**j % BASE
        A_d, W_d = table().fetch(d)
        v = random_scalar()
        digits.append(
            Digit(V=A_d * v, V_prime=W_d * v, v=v, d=d, v_tilde=random_scalar(), d_tilde=d_tilde[j])
        )
    return Digits(digits=tuple(digits))


def test_thirty_two_honest_digits_wrap_around_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """256^32 > r: with so many digits every number modulo r is "not negative"."""
    octets, wire = minor_over_20(partial(wide_digits, 32))

    assert "octets after the end" in reason(octets, wire)
    for module in (presentation_messages, predicate_verifier):
        monkeypatch.setattr(module, "DIGITS", 32)
    assert accepted(octets, wire)


def test_a_third_digit_is_refused_even_where_nothing_wraps() -> None:
    """The number of digits is the verifier's: a longer proof of a true statement is no proof of ours."""
    request = ask(over(20))
    octets, m_tilde = request.to_octets(), random_scalar()
    predicate = request.date_predicates()[0]
    d_tilde = tied_blindings(1, m_tilde, 3)
    honest = honest_digits(predicate, ADULT, m_tilde).digits
    third = wide_digits(1, born(Kind.ON_OR_BEFORE, MINOR), 0).digits[0]
    digits = Digits(
        digits=tuple(_with_blinding(x, y) for x, y in zip((*honest, third), d_tilde, strict=True))
    )
    wire = forge(card(), octets, predicates=[digits], m_tilde={Index.BIRTH_DATE: m_tilde})

    assert "octets after the end" in reason(octets, wire)


def _with_blinding(digit: Digit, d_tilde: int) -> Digit:
    return Digit(
        V=digit.V, V_prime=digit.V_prime, v=digit.v, d=digit.d, v_tilde=digit.v_tilde, d_tilde=d_tilde
    )


# Direction swapped


def test_an_adult_passes_as_a_minor_where_the_direction_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = ask(under(20))
    octets, m_tilde = request.to_octets(), random_scalar()
    as_before = born(Kind.ON_OR_BEFORE, request.date_predicates()[0].cutoff)
    forged = honest_digits(as_before, ADULT, m_tilde)
    wire = forge(card(ADULT), octets, predicates=[forged], m_tilde={Index.BIRTH_DATE: m_tilde})

    assert reason(octets, wire) == "challenge"
    Mutation(
        owner=presentation_verifier,
        name="birth_date_response",
        old="predicate.kind.sign * value",
        new="value",
    ).apply(monkeypatch)
    assert accepted(octets, wire)


def test_a_proof_for_one_direction_does_not_serve_the_other() -> None:
    older, younger = ask(over(20)), ask(under(20))
    _, wire = show(older, card(ADULT))

    assert reason(younger.to_octets(), wire) == "challenge"


# One weight for both digits


def compensating_digits(predicate: DatePredicate, m_tilde: int) -> Digits:
    """Two digits, each without signature, whose errors E and -E cancel; d_0 is the minor's negative difference.

    V_0 = A_1 * a, V'_0 = W_1 * a + E; V_1 = A_1 * b, V'_1 = W_1 * b - E, with E = G_d (v_0 - a) + A_1 a (1 - d_0)
    and b (0 - 1) = a (1 - d_0), so that the prover knows v_j with G_d * v_j = V_j * d_j + V'_j for both.
    """
    d_0, a, v_0 = negative_delta(predicate), random_scalar(), random_scalar()
    b = -a * (1 - d_0) % R
    A_1, W_1 = table().fetch(1)
    error = G_D * (v_0 - a) + A_1 * (a * (1 - d_0))
    d_tilde = tied_blindings(predicate.kind.sign, m_tilde)
    return Digits(
        digits=(
            Digit(
                V=A_1 * a, V_prime=W_1 * a + error, v=v_0, d=d_0, v_tilde=random_scalar(), d_tilde=d_tilde[0]
            ),
            Digit(
                V=A_1 * b,
                V_prime=W_1 * b - error,
                v=(b - v_0 + a) % R,
                d=0,
                v_tilde=random_scalar(),
                d_tilde=d_tilde[1],
            ),
        )
    )


def test_one_weight_for_both_digits_lets_a_minor_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    octets, wire = minor_over_20(compensating_digits)

    assert reason(octets, wire) == "predicate"
    weight = random_scalar() >> 127
    monkeypatch.setattr(presentation_verifier, "_weight", lambda: weight)
    assert accepted(octets, wire)


def test_every_weight_is_fresh_and_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([0, 0, 5])
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(answers))

    assert presentation_verifier._weight() == 5


# m^_birth from the last predicate only


def test_an_adult_passes_under_20_where_only_the_last_predicate_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request = ask(under(20), over(18))
    octets, m_tilde = request.to_octets(), random_scalar()
    untrue, true = request.date_predicates()
    forged = [
        honest_digits(
            untrue, untrue.cutoff, random_scalar()
        ),  # digits of nobody's birth date, tied to nothing
        honest_digits(true, ADULT, m_tilde),
    ]
    wire = forge(card(ADULT), octets, predicates=forged, m_tilde={Index.BIRTH_DATE: m_tilde})

    assert reason(octets, wire) == "predicate: two predicates speak of different birth dates"
    Mutation(
        owner=presentation_verifier,
        name="birth_date_response",
        old="responses.add(",
        new="responses.clear(); responses.add(",
    ).apply(monkeypatch)
    assert accepted(octets, wire)


# Digits that are forged, or belong elsewhere


def test_a_digit_above_255_has_no_signature() -> None:
    """delta = d_0 + 256 d_1 with d_0 = 256 is the right sum and a wrong digit."""

    def make(predicate: DatePredicate, m_tilde: int) -> Digits:
        d_tilde = tied_blindings(predicate.kind.sign, m_tilde)
        digits = []
        for j, d in enumerate((negative_delta(predicate), 0)):
            A, v = G_D * random_scalar(), random_scalar()
            V = A * v
            V_prime = G_D * v - V * d  # the Schnorr equation holds; the signature is nobody's
            digits.append(Digit(V=V, V_prime=V_prime, v=v, d=d, v_tilde=random_scalar(), d_tilde=d_tilde[j]))
        return Digits(digits=tuple(digits))

    assert reason(*minor_over_20(make)) == "predicate"


def test_the_span_ends_at_two_digits() -> None:
    """65,535 days can be proven, 65,536 cannot: cards and verifiers have two digits each."""
    for kind in Kind:
        for delta, provable in ((0, True), (65_535, True), (65_536, False), (-1, False)):
            request = ask(born(kind, 70_000 + kind.sign * delta))
            if provable:
                assert accepted(*show(request, card(70_000)))
            else:
                with pytest.raises(CannotProve):
                    show(request, card(70_000))


def test_the_range_of_the_day_itself_is_three_octets() -> None:
    for day in (-1, 1 << 24):
        with pytest.raises(DecodingError):
            born(Kind.ON_OR_BEFORE, day)


def test_differences_are_judged_together() -> None:
    """All predicates are computed before one is judged: the answer is the same whichever fails."""
    with pytest.raises(CannotProve) as first:
        predicate_prover.differences([born(Kind.ON_OR_BEFORE, MINOR), born(Kind.ON_OR_AFTER, 0)], MINOR + 1)
    with pytest.raises(CannotProve) as second:
        predicate_prover.differences([born(Kind.ON_OR_AFTER, 0), born(Kind.ON_OR_BEFORE, MINOR)], MINOR + 1)

    assert str(first.value) == str(second.value) == "cannot prove"
