"""Known attacks on date predicates (mumei protocol 2.4): each works where one check is missing, and fails here."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

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
from tests.negative.forger import Digit, Digits, ForgedPredicate, forge, honest_digits, tied_blindings
from tests.negative.mutants import Mutation
from tests.negative.outcome import accepted, reason

from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.curve import IDENTITY, Point, R
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.predicate import messages as predicate_messages
from mumei_core.crypto.predicate import prover as predicate_prover
from mumei_core.crypto.predicate import verifier as predicate_verifier
from mumei_core.crypto.predicate.messages import BASE, DatePredicate, DigitCommitment, DigitProof, Kind
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.errors import DecodingError
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation import prover as presentation_prover
from mumei_core.presentation import verifier as presentation_verifier
from mumei_core.presentation.messages import Presentation

AGES_20 = ask(over(20))


def minor_over_20(make: Callable[[DatePredicate, int], ForgedPredicate]) -> tuple[bytes, bytes]:
    """Someone under age answers "20 or over" with a forged predicate; ``make`` gets it and m~_birth."""
    request = ask(over(20))
    m_tilde = random_scalar()
    octets = request.to_octets()
    forged = make(request.date_predicates()[0], m_tilde)
    return octets, forge(card(MINOR), octets, predicates=[forged], m_tilde={Index.BIRTH_DATE: m_tilde})


def negative_delta(predicate: DatePredicate) -> int:
    """The minor's difference: less than 0, so a large number modulo r."""
    return (predicate.cutoff - MINOR) % R


def test_an_honest_minor_cannot_even_try() -> None:
    with pytest.raises(CannotProve):
        show(AGES_20, card(MINOR))


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


# V and V', or t, left out of the challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDigits:
    """Chooses V and V' once the challenge is known: only t = G_d * tau + A_0 * sigma is fixed before."""

    predicate: DatePredicate
    tau: tuple[int, int]
    sigma: tuple[int, int]

    @property
    def commitments(self) -> Sequence[DigitCommitment]:
        A_0, _ = table().fetch(0)
        return [
            DigitCommitment(V=A_0, V_prime=A_0, t=G_D * tau + A_0 * sigma)
            for tau, sigma in zip(self.tau, self.sigma, strict=True)
        ]

    def answer(self, c: int, m_hat_birth: int) -> Sequence[DigitProof]:
        A_0, W_0 = table().fetch(0)
        d_hats = wanted_responses(self.predicate, c, m_hat_birth)
        proofs = []
        for d_hat, tau, sigma in zip(d_hats, self.tau, self.sigma, strict=True):
            v = -sigma * pow(d_hat, -1, R) % R
            # G_d * v^ - V * d^ - V' * c = G_d * tau + A_0 * sigma, for W_0 = G_d.
            proofs.append(DigitProof(V=A_0 * v, V_prime=W_0 * v, v_hat=(tau + c * v) % R, d_hat=d_hat))
        return proofs


def wanted_responses(predicate: DatePredicate, c: int, m_hat_birth: int) -> tuple[int, int]:
    """d^_0 and d^_1 that make the verifier rebuild exactly this m^_birth."""
    d_hat_1 = random_scalar()
    return (predicate.kind.sign * (c * predicate.cutoff - m_hat_birth) - BASE * d_hat_1) % R, d_hat_1


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeResponses:
    """Digits 0 whose d^ are whatever is needed: nothing ties them where t is not hashed."""

    predicate: DatePredicate
    digits: tuple[Digit, ...]

    @property
    def commitments(self) -> Sequence[DigitCommitment]:
        return [digit.commitment for digit in self.digits]

    def answer(self, c: int, m_hat_birth: int) -> Sequence[DigitProof]:
        wanted = wanted_responses(self.predicate, c, m_hat_birth)
        return [
            DigitProof(V=x.V, V_prime=x.V_prime, v_hat=random_scalar(), d_hat=d_hat)
            for x, d_hat in zip(self.digits, wanted, strict=True)
        ]


def late(predicate: DatePredicate, m_tilde: int) -> LateDigits:
    return LateDigits(
        predicate=predicate,
        tau=(random_scalar(), random_scalar()),
        sigma=(random_scalar(), random_scalar()),
    )


def free(predicate: DatePredicate, m_tilde: int) -> FreeResponses:
    zeros = honest_digits(predicate, predicate.cutoff, m_tilde).digits
    return FreeResponses(predicate=predicate, digits=zeros)


def _hash(*names: str) -> Callable[[Sequence[Sequence[DigitCommitment]]], bytes]:
    """A mutant of extra_octets that hashes only these parts of every first move."""

    def extra(commitments: Sequence[Sequence[DigitCommitment]]) -> bytes:
        moves = [move for digits in commitments for move in digits]
        return b"".join(getattr(move, name).to_octets() for move in moves for name in names)

    return extra


@pytest.mark.parametrize(
    ("hashed", "make"), [(("t",), late), (("V", "V_prime"), free)], ids=["V and V'", "t"]
)
def test_first_moves_left_out_of_the_challenge_let_a_minor_choose_them_late(
    monkeypatch: pytest.MonkeyPatch,
    hashed: tuple[str, ...],
    make: Callable[[DatePredicate, int], ForgedPredicate],
) -> None:
    assert reason(*minor_over_20(make)) == "challenge"
    monkeypatch.setattr(presentation_verifier, "extra_octets", _hash(*hashed))
    assert accepted(*minor_over_20(make))


@pytest.mark.parametrize("hashed", [("V", "t"), ("V_prime", "t")], ids=["V'", "V"])
def test_one_of_the_two_left_out_is_still_bound_by_the_pairing(
    monkeypatch: pytest.MonkeyPatch, hashed: tuple[str, ...]
) -> None:
    """V' = V * x, so the one that is hashed fixes the other: late choice then breaks challenge or pairing."""
    monkeypatch.setattr(presentation_verifier, "extra_octets", _hash(*hashed))
    octets, wire = minor_over_20(late)
    assert reason(octets, wire) == "challenge"

    # What is left of the freedom: V' chosen so that the Schnorr equation holds, whatever the pairing says.
    if hashed == ("V", "t"):
        octets, wire = minor_over_20(_late_v_prime)
        assert reason(octets, wire) == "predicate"


def _late_v_prime(predicate: DatePredicate, m_tilde: int) -> ForgedPredicate:
    return LateVPrime(predicate=predicate, digits=honest_digits(predicate, predicate.cutoff, m_tilde).digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateVPrime:
    """V and t are honest and fixed; V' = (G_d * v^ - V * d^ - t) * 1/c is whatever closes the equation."""

    predicate: DatePredicate
    digits: tuple[Digit, ...]

    @property
    def commitments(self) -> Sequence[DigitCommitment]:
        return [digit.commitment for digit in self.digits]

    def answer(self, c: int, m_hat_birth: int) -> Sequence[DigitProof]:
        proofs = []
        for digit, d_hat in zip(self.digits, wanted_responses(self.predicate, c, m_hat_birth), strict=True):
            v_hat = random_scalar()
            V_prime = (G_D * v_hat - digit.V * d_hat - digit.commitment.t) * pow(c, -1, R)
            proofs.append(DigitProof(V=digit.V, V_prime=V_prime, v_hat=v_hat, d_hat=d_hat))
        return proofs


# One v for two digits


def digits_behind(wire: bytes, request: Request) -> tuple[int, int] | None:
    """Both digits, found by anyone who sees the proof if one v served both: V_j * d_j + V'_j = G_d * v."""
    first, second = Presentation.from_octets(wire, request).digits[0]
    seen = {(first.V * d + first.V_prime).to_octets(): d for d in range(BASE)}
    for d in range(BASE):
        if (octets := (second.V * d + second.V_prime).to_octets()) in seen:
            return seen[octets], d
    return None


def test_one_v_for_two_digits_would_reveal_both(monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(over(20))
    _, honest = show(request)
    delta = request.date_predicates()[0].cutoff - ADULT

    assert digits_behind(honest, request) is None
    Mutation(
        owner=presentation_prover,
        name="predicate_init",
        old="v = tuple(draw() for _ in range(DIGITS))",
        new="v = (draw(),) * DIGITS",
    ).apply(monkeypatch)
    _, careless = show(request)
    assert digits_behind(careless, request) == (delta % BASE, delta // BASE)


def test_every_v_of_a_presentation_is_drawn_anew() -> None:
    """Four predicates, eight digits, no two with the same V * d + V' for the true digits."""
    request = ask(over(20), under(65), over(18), under(40))
    _, wire = show(request)
    points = []
    for predicate, proofs in zip(
        request.date_predicates(), Presentation.from_octets(wire, request).digits, strict=True
    ):
        delta = predicate.kind.sign * (predicate.cutoff - ADULT)
        points += [proof.V * (delta // BASE**j % BASE) + proof.V_prime for j, proof in enumerate(proofs)]

    assert len(set(points)) == 8


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


# Index 6 disclosed


def test_no_request_can_ask_for_the_cards_own_secrets() -> None:
    octets = ask(disclosed=(1,)).to_octets()
    at = octets.index(b"\x85\x01\x02") + 2
    for mask in range(256):
        changed = octets[:at] + bytes([mask]) + octets[at + 1 :]
        if 0 < mask < 1 << 5:
            assert max(Request.from_octets(changed).disclosed) < Index.SECRET_PROVER_BLIND
        else:
            with pytest.raises(DecodingError):
                Request.from_octets(changed)
    for index in (Index.SECRET_PROVER_BLIND, Index.REVOCATION_HANDLE, Index.NYM_SECRET, 8, -1):
        with pytest.raises(DecodingError):
            ask(disclosed=(index,))


def test_a_disclosed_handle_would_hang_its_token_on_another_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """A revocation token K = Q * handle is checked by the handle's response, found by its place.

    With index 6 disclosed, another response stands in that place: K = Q * blind passes, and is on no list.
    """
    octets = ask(disclosed=(1,)).to_octets().replace(b"\x85\x01\x02", b"\x85\x01\x40")
    _open_up_all_indexes(monkeypatch)
    request = Request.from_octets(octets)
    honest, Q = card(), context_point(b"stands for the base of a slot")
    blinding = random_scalar()
    shows_handle = presentation_prover.Credential(
        key_id=honest.key_id,
        valid_until=honest.valid_until,
        attributes=(*honest.attributes, *(m.to_bytes(32, "big") for m in honest.messages[5:])),
        messages=honest.messages,
        signature=honest.signature,
        B=honest.B,
        domain=honest.domain,
    )
    wire = forge(shows_handle, octets, m_tilde={Index.SECRET_PROVER_BLIND: blinding})
    assert accepted(octets, wire)

    proof = Presentation.from_octets(wire, request).standard_proof(None)
    K, t_K = Q * honest.messages[Index.SECRET_PROVER_BLIND], Q * blinding
    second_to_last = proof.m_hat[-2]  # where the handle's response stands if 6 and 7 are hidden
    assert Q * second_to_last - K * proof.c == t_K
    assert Q * honest.messages[Index.REVOCATION_HANDLE] != K

    monkeypatch.undo()
    assert "attribute mask" in reason(octets, wire)


def _open_up_all_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verifier that lets a request disclose all eight messages."""
    from mumei_core.commands import request as request_module

    def scalar(index: int, octets: bytes) -> int:
        return int.from_bytes(octets, "big") if index >= 5 else original(index, octets)

    original: Any = presentation_verifier.attribute_scalar  # type: ignore[attr-defined]
    monkeypatch.setattr(request_module, "_DISCLOSED_MASK", 0xFF)
    monkeypatch.setattr(request_module, "ATTRIBUTES", tuple(Index))
    monkeypatch.setattr(presentation_verifier, "attribute_scalar", scalar)


def test_the_range_of_the_day_itself_is_three_octets() -> None:
    for day in (-1, 1 << 24):
        with pytest.raises(DecodingError):
            born(Kind.ON_OR_BEFORE, day)


def test_equal_first_moves_do_not_repeat_between_digits() -> None:
    """Every V, V' and t differs from every other, in one presentation and between two."""
    request = ask(over(20), under(65))
    states = [Presentation.from_octets(show(request)[1], request) for _ in range(2)]
    points = [p for state in states for digits in state.digits for d in digits for p in (d.V, d.V_prime)]

    assert len(set(points)) == len(points) == 16
    assert len(
        set(itertools.chain.from_iterable((d.v_hat, d.d_hat) for s in states for x in s.digits for d in x))
    )


def test_differences_are_judged_together() -> None:
    """All predicates are computed before one is judged: the answer is the same whichever fails."""
    with pytest.raises(CannotProve) as first:
        predicate_prover.differences([born(Kind.ON_OR_BEFORE, MINOR), born(Kind.ON_OR_AFTER, 0)], MINOR + 1)
    with pytest.raises(CannotProve) as second:
        predicate_prover.differences([born(Kind.ON_OR_AFTER, 0), born(Kind.ON_OR_BEFORE, MINOR)], MINOR + 1)

    assert str(first.value) == str(second.value) == "cannot prove"
