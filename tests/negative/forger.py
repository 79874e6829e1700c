"""A dishonest prover: a presentation in which every part can be something else than what a card would make.

It follows the verifier under test: what that one leaves out of its hash is left out here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.fixtures.crypto_world import random_scalar, table

from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.bbs.messages import calculate_challenge
from mumei_core.crypto.bbs.prover import ProofRandoms, proof_finalize, proof_init
from mumei_core.crypto.curve import GROUP, Point, R
from mumei_core.crypto.generators import ALL, G_D
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.predicate.messages import BASE, DatePredicate, DigitCommitment, DigitProof
from mumei_core.crypto.revocation.messages import Token
from mumei_core.presentation import verifier as verifier_module
from mumei_core.presentation.messages import KEY_HINT_LENGTH, Presentation, context_id, undisclosed_indexes
from mumei_core.presentation.prover import Credential


class ForgedPredicate(Protocol):
    """First moves of one predicate, and its answers once challenge and birth date's response are known."""

    @property
    def commitments(self) -> Sequence[DigitCommitment]: ...

    def answer(self, c: int, m_hat_birth: int) -> Sequence[DigitProof]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """A digit whose prover knows v and d with G_d * v = V * d + V', whatever d is."""

    V: Point
    V_prime: Point
    v: int
    d: int
    v_tilde: int
    d_tilde: int

    @property
    def commitment(self) -> DigitCommitment:
        t = G_D * self.v_tilde - self.V * self.d_tilde
        return DigitCommitment(V=self.V, V_prime=self.V_prime, t=t)

    def answer(self, c: int) -> DigitProof:
        return DigitProof(
            V=self.V,
            V_prime=self.V_prime,
            v_hat=(self.v_tilde + c * self.v) % R,
            d_hat=(self.d_tilde + c * self.d) % R,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """A predicate made of digits that its prover can answer for."""

    digits: tuple[Digit, ...]

    @property
    def commitments(self) -> Sequence[DigitCommitment]:
        return [digit.commitment for digit in self.digits]

    def answer(self, c: int, m_hat_birth: int) -> Sequence[DigitProof]:
        return [digit.answer(c) for digit in self.digits]


def signed_digit(d: int, d_tilde: int) -> Digit:
    """An honest digit."""
    A_d, W_d = table().fetch(d)
    v = random_scalar()
    return Digit(V=A_d * v, V_prime=W_d * v, v=v, d=d, v_tilde=random_scalar(), d_tilde=d_tilde)


def tied_blindings(sign: int, m_tilde_birth: int, count: int = 2) -> list[int]:
    """d~_0, d~_1, … with -sign * Σ 256^j d~_j = m~_birth."""
    higher = [random_scalar() for _ in range(count - 1)]
    rest = sum(BASE**j * x for j, x in enumerate(higher, start=1))
    return [(-sign * m_tilde_birth - rest) % R, *higher]


def honest_digits(predicate: DatePredicate, birth_date: int, m_tilde_birth: int) -> Digits:
    """What a card would make for a predicate that holds."""
    delta = predicate.kind.sign * (predicate.cutoff - birth_date)
    d_tilde = tied_blindings(predicate.kind.sign, m_tilde_birth)
    return Digits(digits=tuple(signed_digit(delta // BASE**j % BASE, d_tilde[j]) for j in range(2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgedToken:
    """A token of any slot and point. ``index``: the message whose blinding makes its first move."""

    token: Token
    base: Point
    index: int = Index.REVOCATION_HANDLE

    def first_move(self, m_tilde: Mapping[int, int]) -> Point:
        return self.base * m_tilde[self.index]


def forge(
    credential: Credential,
    octets: bytes,
    *,
    predicates: Sequence[ForgedPredicate] = (),
    m_tilde: Mapping[int, int] | None = None,
    r1: int | None = None,
    r2: int | None = None,
    OP: Point | None = None,
    claimed: Point | None = None,
    token: ForgedToken | None = None,
) -> bytes:
    """The wire octets of an answer to ``octets`` with the parts given and all others as a card makes them.

    ``m_tilde`` fixes blindings by message index; with ``predicates`` the birth date's is what ties them.
    ``claimed`` is sent as the pseudonym, and the challenge says nothing of it. ``token``: for a request with one.
    """
    request = Request.from_octets(octets)
    hidden = undisclosed_indexes(request)
    fixed = m_tilde or {}
    randoms = ProofRandoms(
        r1=r1 or random_scalar(),
        r2=r2 or random_scalar(),
        e_tilde=random_scalar(),
        r1_tilde=random_scalar(),
        r3_tilde=random_scalar(),
        m_tilde={i: fixed.get(i, random_scalar()) for i in hidden},
    )
    init = proof_init(GROUP, credential.signature, credential.B, credential.domain, ALL, randoms)
    nym = None
    if request.pseudonym and claimed is None:
        OP = OP or context_point(request.rp_context)
        pseudonym, Ut = (
            OP * x for x in (credential.messages[Index.NYM_SECRET], randoms.m_tilde[Index.NYM_SECRET])
        )
        nym = (pseudonym, Ut, context_id(request.rp_context))
    theirs: Any = verifier_module
    digest = token.token.digest(token.first_move(randoms.m_tilde)) if token else b""
    extra = theirs.extra_octets([predicate.commitments for predicate in predicates], digest)
    ph = theirs.presentation_header(octets, extra)
    shown = {i: credential.messages[i] for i in request.disclosed}
    c = calculate_challenge(theirs.MUMEI, init, shown, ph, pseudonym=nym)
    proof = proof_finalize(
        init, c, credential.signature.e, randoms, {j: credential.messages[j] for j in hidden}
    )
    m_hat = dict(zip(hidden, proof.m_hat, strict=True))
    answers = [predicate.answer(c, m_hat[Index.BIRTH_DATE]) for predicate in predicates]
    if request.predicates:
        del m_hat[Index.BIRTH_DATE]
    return Presentation(
        valid_until=credential.valid_until,
        key_hint=credential.key_id[:KEY_HINT_LENGTH],
        disclosed={i: credential.attributes[i] for i in request.disclosed},
        Abar=proof.Abar,
        Bbar=proof.Bbar,
        D=proof.D,
        e_hat=proof.e_hat,
        r1_hat=proof.r1_hat,
        r3_hat=proof.r3_hat,
        m_hat=m_hat,
        c=c,
        pseudonym=nym[0] if nym else claimed,
        digits=tuple(tuple(answer) for answer in answers),
        token=token.token if token else None,
    ).to_octets()
