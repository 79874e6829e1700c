"""The handle disclosed, so that K hangs on another response: a revoked card passes where places are counted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pytest
from tests.fixtures.crypto_world import SLOT_TOKEN, ask, card, random_scalar, slot_for, verifier
from tests.negative.checks_request import edited

from mumei_core.commands.request import Request
from mumei_core.credential import MESSAGES, Index
from mumei_core.crypto.bbs.messages import Proof, calculate_challenge
from mumei_core.crypto.bbs.prover import ProofRandoms, proof_finalize, proof_init
from mumei_core.crypto.bbs.verifier import proof_verify_init
from mumei_core.crypto.curve import GROUP, FixedBase
from mumei_core.crypto.generators import ALL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.revocation.messages import Token
from mumei_core.crypto.revocation.verifier import token_digest
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.presentation.messages import extra_octets, presentation_header

HANDLE = int(Index.REVOCATION_HANDLE)
HIDDEN = [i for i in range(MESSAGES) if i != HANDLE]
SLOT = slot_for(ask(token=SLOT_TOKEN))
assert SLOT is not None
BASE, K_NUMBER = SLOT.point, SLOT.k


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    request: bytes
    proof: Proof
    token: Token


def handle_disclosed() -> Shown:
    """A revoked card shows its handle as an attribute, and another secret in the token."""
    credential = card()
    request = edited(ask(token=SLOT_TOKEN), {0x85: bytes([1 << HANDLE])})
    # The response that then stands where the handle's would.
    taken = HIDDEN[-2]
    randoms = ProofRandoms(
        r1=random_scalar(),
        r2=random_scalar(),
        e_tilde=random_scalar(),
        r1_tilde=random_scalar(),
        r3_tilde=random_scalar(),
        m_tilde={i: random_scalar() for i in HIDDEN},
    )
    token = Token(salt=secrets.token_bytes(16), k=K_NUMBER, K=BASE * credential.messages[taken])
    init = proof_init(GROUP, credential.signature, credential.B, credential.domain, ALL, randoms)
    ph = presentation_header(request, extra_octets((), token.digest(BASE * randoms.m_tilde[taken])))
    c = calculate_challenge(MUMEI, init, {HANDLE: credential.messages[HANDLE]}, ph)
    messages = {j: credential.messages[j] for j in HIDDEN}
    proof = proof_finalize(init, c, credential.signature.e, randoms, messages)
    return Shown(request=request, proof=proof, token=token)


def accepted(shown: Shown, place: int) -> bool:
    """By a verifier that lets the handle be disclosed, and takes the response at this place for the handle's."""
    credential = card()
    disclosed = {HANDLE: credential.messages[HANDLE]}
    generators = tuple(map(FixedBase, ALL))
    init = proof_verify_init(shown.proof, credential.domain, FixedBase(MUMEI.suite.p1), generators, disclosed)
    digest = token_digest(shown.token, BASE, shown.proof.m_hat[place], shown.proof.c)
    ph = presentation_header(shown.request, extra_octets((), digest))
    return calculate_challenge(MUMEI, init, disclosed, ph) == shown.proof.c


def test_it_passes_where_responses_are_counted_from_the_end() -> None:
    shown = handle_disclosed()
    honest = BASE * card().messages[HANDLE]
    assert honest != shown.token.K
    assert accepted(shown, -2)
    assert not accepted(shown, -1)


def test_our_requests_cannot_ask_for_it() -> None:
    """And where none asks, the response is found by the message's own number, never by its place."""
    shown = handle_disclosed()
    with pytest.raises(DecodingError, match="attribute mask"):
        Request.from_octets(shown.request)
    with pytest.raises(InvalidProof):
        verifier().verify(shown.request, shown.proof.to_octets() + shown.token.to_octets())
