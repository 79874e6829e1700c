"""The card's side of a presentation: what is computed ahead, and every part under one challenge.

Source: mumei protocol 2.3, 2.4, 2.8. A coupon takes 17 multiplications. Once the request is there, the first
predicate takes 6, each further one 8, a pseudonym 2, a token 2, each disclosed attribute 1: 23 for an age check, 25
with a pseudonym or a token, 27 with both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mumei_core.commands.request import Request
from mumei_core.credential import MESSAGES, Index
from mumei_core.crypto.bbs.messages import InitResult, Proof, Signature, calculate_challenge
from mumei_core.crypto.bbs.prover import ProofRandoms, proof_finalize, proof_init, proof_init_disclosing
from mumei_core.crypto.curve import Group, Point
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate.messages import DIGITS, DigitProof, DigitTable
from mumei_core.crypto.predicate.prover import (
    BaseMoves,
    PredicateState,
    differences,
    draw_base_moves,
    predicate_finalize,
    predicate_init,
    tied_digit_blindings,
)
from mumei_core.crypto.pseudonym.prover import pseudonym_proof_init
from mumei_core.crypto.revocation.messages import Token
from mumei_core.crypto.revocation.prover import Slot, token_init
from mumei_core.errors import UsageError
from mumei_core.presentation.messages import (
    KEY_HINT_LENGTH,
    Presentation,
    context_id,
    extra_octets,
    presentation_header,
    undisclosed_indexes,
)

COUPON_SCALARS: Final = 5 + MESSAGES + DIGITS
"""Scalars that :func:`prepare` draws, but for the zero that nobody draws."""
PREDICATE_SCALARS: Final = 1 + DIGITS
"""Scalars that :func:`present` draws for its first predicate; the coupon has brought the others."""

Draw = Callable[[], int]
"""Gives a fresh scalar, 0 < x < r; none may serve two challenges."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credential:
    """What a card holds: the signature over all eight messages, with B and the domain computed once."""

    key_id: bytes
    valid_until: int
    attributes: tuple[bytes, ...]
    messages: tuple[int, ...]
    signature: Signature
    B: Point
    domain: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Coupon:
    """All first moves of a presentation that depend on neither terminal nor request, and their scalars.

    ``randoms``, ``r3``, ``init``: of the credential's proof with all eight messages hidden. ``base``: for one
    predicate.
    Secret, and good for one challenge: two answers from one coupon give every secret of the card.
    """

    randoms: ProofRandoms
    r3: int
    init: InitResult
    base: BaseMoves


def prepare(group: Group, credential: Credential, draw: Draw) -> Coupon:
    """A coupon of ``credential``: 15 scalars, 17 multiplications, the same whatever the holder."""
    randoms = ProofRandoms.from_sequence([draw() for _ in range(5 + MESSAGES)], range(MESSAGES))
    init = proof_init(group, credential.signature, credential.B, credential.domain, ALL, randoms)
    return Coupon(randoms=randoms, r3=randoms.calculate_r3(), init=init, base=draw_base_moves(group, draw))


def present(
    group: Group,
    credential: Credential,
    coupon: Coupon,
    request: Request,
    request_octets: bytes,
    table: DigitTable | None,
    OP: Point | None,
    draw: Draw,
    slot: Slot | None = None,
) -> Presentation:
    """Answer ``request``, whose very octets are ``request_octets``, with a coupon that nothing else ever gets.

    ``table`` is needed with predicates, ``OP`` with a pseudonym: it comes from the terminal's certificate, never
    from the terminal, for a chosen point could fetch another shop's pseudonym. ``slot`` with a token: its point has
    been found in a statement that authority and auditor signed. Raises :class:`UsageError` where one of them is
    missing, and :class:`~mumei_core.crypto.predicate.prover.CannotProve` before anything is drawn.

    The answer is distributed as if all had been drawn now. Every scalar of the coupon is drawn independently of
    any request, so drawing it earlier changes nothing. Of the blindings for all eight messages those of disclosed
    ones leave T2 and are forgotten: what remains is what a proof over the hidden ones draws. With a predicate the
    birth date's blinding is drawn and d~_0 derived: see :func:`tied_digit_blindings`. What no predicate needs of
    ``base`` is forgotten. And given the same scalars, the octets are the same.
    """
    if request.predicates and table is None:
        raise UsageError("a request with predicates needs the digit table")
    if request.pseudonym and OP is None:
        raise UsageError("a request with a pseudonym needs the context's point")
    if request.token is not None and (slot is None or not request.token.has_slot(slot.k)):
        raise UsageError("a request with a token needs a slot of its kind")
    while True:
        presentation = _present(group, credential, coupon, request, request_octets, table, OP, draw, slot)
        if presentation is not None:
            return presentation
        coupon = prepare(group, credential, draw)


def _present(
    group: Group,
    credential: Credential,
    coupon: Coupon,
    request: Request,
    request_octets: bytes,
    table: DigitTable | None,
    OP: Point | None,
    draw: Draw,
    slot: Slot | None,
) -> Presentation | None:
    """One attempt; None if a response came out as 0, which a verifier refuses: all is then drawn again."""
    hidden = undisclosed_indexes(request)
    states = _prove_predicates(group, credential, coupon, request, table, draw)
    init, randoms = proof_init_disclosing(group, coupon.init, ALL, coupon.randoms, request.disclosed)
    nym = None
    if OP is not None and request.pseudonym:
        context = context_id(request.rp_context)
        secret, blinding = credential.messages[Index.NYM_SECRET], randoms.m_tilde[Index.NYM_SECRET]
        pseudonym, Ut = pseudonym_proof_init(group, MUMEI, OP, context, (secret,), (blinding,))
        nym = (pseudonym, Ut, context)
    token, digest = _prove_token(group, credential, request, slot, randoms.m_tilde[Index.REVOCATION_HANDLE])
    ph = presentation_header(request_octets, extra_octets([state.commitments for state in states], digest))
    disclosed = {i: credential.messages[i] for i in request.disclosed}
    c = calculate_challenge(MUMEI, init, disclosed, ph, pseudonym=nym)
    messages = {j: credential.messages[j] for j in hidden}
    proof = proof_finalize(init, c, credential.signature.e, randoms, messages, r3=coupon.r3)
    digits = tuple(predicate_finalize(state, c) for state in states)
    if _holds_zero(proof, digits):
        return None
    responses = dict(zip(hidden, proof.m_hat, strict=True))
    if request.predicates:
        del responses[Index.BIRTH_DATE]
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
        m_hat=responses,
        c=c,
        pseudonym=nym[0] if nym else None,
        digits=digits,
        token=token,
    )


def _prove_token(
    group: Group, credential: Credential, request: Request, slot: Slot | None, m_tilde: int
) -> tuple[Token | None, bytes]:
    """The token and its part of ``extra``; nothing where none is asked."""
    if request.token is None or slot is None:
        return None, b""
    return token_init(group, slot, credential.messages[Index.REVOCATION_HANDLE], m_tilde)


def _prove_predicates(
    group: Group,
    credential: Credential,
    coupon: Coupon,
    request: Request,
    table: DigitTable | None,
    draw: Draw,
) -> list[PredicateState]:
    """First moves of every predicate: the first with the coupon's, each further one with its own."""
    predicates = request.date_predicates()
    deltas = differences(predicates, credential.messages[Index.BIRTH_DATE])
    if table is None:
        return []
    d_tildes = tied_digit_blindings(predicates, coupon.randoms.m_tilde[Index.BIRTH_DATE], draw)
    states = []
    for place, (delta, d_tilde) in enumerate(zip(deltas, d_tildes, strict=True)):
        base = draw_base_moves(group, draw) if place else coupon.base
        states.append(predicate_init(group, table, delta, d_tilde, base, draw))
    return states


def _holds_zero(proof: Proof, digits: tuple[tuple[DigitProof, ...], ...]) -> bool:
    """Whether any response is 0, the birth date's included, which does not travel."""
    sent = [x for proofs in digits for digit in proofs for x in (digit.v_hat, digit.d_hat)]
    return 0 in (proof.e_hat, proof.r1_hat, proof.r3_hat, *proof.m_hat, proof.c, *sent)
