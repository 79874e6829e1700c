"""The card's side of a presentation: every part under one challenge. Source: mumei protocol 2.3, 2.4.

7 + U multiplications for the credential (U hidden messages), 8 per predicate, 2 for a pseudonym.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.bbs.messages import Proof, Signature, calculate_challenge
from mumei_core.crypto.bbs.prover import ProofRandoms, proof_finalize, proof_init
from mumei_core.crypto.curve import Group, Point
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.predicate.messages import DigitProof, DigitTable
from mumei_core.crypto.predicate.prover import (
    differences,
    draw_digit_blindings,
    predicate_finalize,
    predicate_init,
)
from mumei_core.crypto.pseudonym.prover import pseudonym_proof_init
from mumei_core.errors import UsageError
from mumei_core.presentation.messages import (
    KEY_HINT_LENGTH,
    Presentation,
    context_id,
    extra_octets,
    presentation_header,
    undisclosed_indexes,
)


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


def present(
    group: Group,
    credential: Credential,
    request: Request,
    request_octets: bytes,
    table: DigitTable | None,
    OP: Point | None,
    draw: Callable[[], int],
) -> Presentation:
    """Answer ``request``, whose very octets are ``request_octets``.

    ``table`` is needed with predicates, ``OP`` with a pseudonym: it comes from the terminal's certificate, never
    from the terminal, for a chosen point could fetch another shop's pseudonym. ``draw`` gives fresh scalars,
    0 < x < r; none may serve two challenges. Raises :class:`UsageError` where one of them is missing, and
    :class:`~mumei_core.crypto.predicate.prover.CannotProve` before anything is drawn.
    """
    if request.predicates and table is None:
        raise UsageError("a request with predicates needs the digit table")
    if request.pseudonym and OP is None:
        raise UsageError("a request with a pseudonym needs the context's point")
    while True:
        presentation = _present(group, credential, request, request_octets, table, OP, draw)
        if presentation is not None:
            return presentation


def _present(
    group: Group,
    credential: Credential,
    request: Request,
    request_octets: bytes,
    table: DigitTable | None,
    OP: Point | None,
    draw: Callable[[], int],
) -> Presentation | None:
    """One attempt; None if a response came out as 0, which a verifier refuses: all is then drawn again."""
    predicates = request.date_predicates()
    deltas = differences(predicates, credential.messages[Index.BIRTH_DATE])
    hidden = undisclosed_indexes(request)
    m_tilde = {}
    states = []
    if predicates and table is not None:
        m_tilde[int(Index.BIRTH_DATE)], d_tildes = draw_digit_blindings(predicates, draw)
        states = [
            predicate_init(group, table, delta, d_tilde, draw)
            for delta, d_tilde in zip(deltas, d_tildes, strict=True)
        ]
    randoms = ProofRandoms(
        r1=draw(),
        r2=draw(),
        e_tilde=draw(),
        r1_tilde=draw(),
        r3_tilde=draw(),
        m_tilde={**{i: draw() for i in hidden if i not in m_tilde}, **m_tilde},
    )
    init = proof_init(group, credential.signature, credential.B, credential.domain, ALL, randoms)
    nym = None
    if OP is not None and request.pseudonym:
        context = context_id(request.rp_context)
        secret, blinding = credential.messages[Index.NYM_SECRET], randoms.m_tilde[Index.NYM_SECRET]
        pseudonym, Ut = pseudonym_proof_init(group, MUMEI, OP, context, (secret,), (blinding,))
        nym = (pseudonym, Ut, context)
    ph = presentation_header(request_octets, extra_octets([state.commitments for state in states]))
    disclosed = {i: credential.messages[i] for i in request.disclosed}
    c = calculate_challenge(MUMEI, init, disclosed, ph, pseudonym=nym)
    proof = proof_finalize(
        init, c, credential.signature.e, randoms, {j: credential.messages[j] for j in hidden}
    )
    digits = tuple(predicate_finalize(state, c) for state in states)
    if _holds_zero(proof, digits):
        return None
    responses = dict(zip(hidden, proof.m_hat, strict=True))
    if predicates:
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
    )


def _holds_zero(proof: Proof, digits: tuple[tuple[DigitProof, ...], ...]) -> bool:
    """Whether any response is 0, the birth date's included, which does not travel."""
    sent = [x for proofs in digits for digit in proofs for x in (digit.v_hat, digit.d_hat)]
    return 0 in (proof.e_hat, proof.r1_hat, proof.r3_hat, *proof.m_hat, proof.c, *sent)
