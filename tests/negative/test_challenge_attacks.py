"""First moves of digits that the challenge does not cover (mumei protocol 2.4): a minor then chooses them late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from tests.fixtures.crypto_world import (
    random_scalar,
    table,
)
from tests.negative.forger import Digit, ForgedPredicate, honest_digits
from tests.negative.minors import minor_over_20
from tests.negative.outcome import accepted, reason

from mumei_core.crypto.curve import R
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.predicate.messages import BASE, DatePredicate, DigitCommitment, DigitProof
from mumei_core.presentation import verifier as presentation_verifier

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


def _hash(*names: str) -> Callable[[Sequence[Sequence[DigitCommitment]], bytes], bytes]:
    """A mutant of extra_octets that hashes only these parts of every first move."""

    def extra(commitments: Sequence[Sequence[DigitCommitment]], token: bytes = b"") -> bytes:
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
