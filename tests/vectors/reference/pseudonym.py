"""BBS per verifier linkability: pseudonyms bound to a blind BBS signature.

Source: draft-irtf-cfrg-bbs-per-verifier-linkability, 2026-06-29, whose ABORT for index 0 is not followed
(published vectors disclose it). The last length_nym_vector messages are the nym secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import bbs, blind
from .bbs import Ciphersuite, InitResult, ProofRandoms
from .curve import BP1, BP2, G1
from .encoding import Invalid, i2osp, octets_to_g1, octets_to_pubkey, point_to_octets_e1, serialize
from .field import R
from .hash_to_curve import hash_to_curve_g1
from .pairing import product_is_one


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudonymInit:
    """pseudonym, context_id and Ut, what the challenge needs of the pseudonym's proof."""

    pseudonym: G1
    context_id: bytes
    ut: G1


def combined_header(header: bytes, length_nym_vector: int) -> bytes:
    """header || I2OSP(length_nym_vector, 8), what is signed and shown."""
    return header + i2osp(length_nym_vector, 8)


def context_point(suite: Ciphersuite, context_id: bytes, api_id: bytes) -> G1:
    """OP = hash_to_curve_g1(context_id, api_id)."""
    return hash_to_curve_g1(suite.expand_message, context_id, api_id)


def evaluate(suite: Ciphersuite, scalars: Sequence[int], context_id: bytes, api_id: bytes) -> int:
    """sum of scalars[i] z^i with z = hash_to_scalar(context_id, api_id || "VECT_NYM_SECRETS")."""
    z = bbs.hash_to_scalar(suite, context_id, api_id + b"VECT_NYM_SECRETS")
    value = 0
    for scalar in reversed(scalars):
        value = (value * z + scalar) % R
    return value


def pseudonym_proof_init(
    suite: Ciphersuite, context_id: bytes, nym_secrets: Sequence[int], randoms: Sequence[int], api_id: bytes
) -> PseudonymInit:
    """"Pseudonym Proof Generation Initialization"."""
    op = context_point(suite, context_id, api_id)
    pseudonym = op * evaluate(suite, nym_secrets, context_id, api_id)
    ut = op * evaluate(suite, randoms, context_id, api_id)
    if pseudonym.is_identity() or ut.is_identity():
        raise Invalid("pseudonym or its first move is the identity")
    return PseudonymInit(pseudonym=pseudonym, context_id=context_id, ut=ut)


def pseudonym_proof_verify_init(
    suite: Ciphersuite, pseudonym: G1, context_id: bytes, responses: Sequence[int], c: int, api_id: bytes
) -> PseudonymInit:
    """"Pseudonym Proof Verification Initialization"; also refuses BP1, no pseudonym by definition."""
    if pseudonym == BP1:
        raise Invalid("the base point is no pseudonym")
    op = context_point(suite, context_id, api_id)
    uv = op * evaluate(suite, responses, context_id, api_id) - pseudonym * c
    if uv.is_identity():
        raise Invalid("first move of the pseudonym's proof is the identity")
    return PseudonymInit(pseudonym=pseudonym, context_id=context_id, ut=uv)


def challenge_calculate(
    suite: Ciphersuite,
    init: InitResult,
    nym: PseudonymInit,
    disclosed_messages: Sequence[int],
    disclosed: Sequence[int],
    ph: bytes,
    api_id: bytes,
) -> int:
    """"Challenge Calculation" of this draft: BBS's with pseudonym, Ut and context_id."""
    c_octs = bbs.disclosed_octets(disclosed_messages, disclosed)
    c_octs += serialize(init.a_bar, init.b_bar, init.d, init.t1, init.t2, nym.pseudonym, nym.ut, init.domain)
    c_octs += i2osp(len(ph), 8) + ph + i2osp(len(nym.context_id), 8) + nym.context_id
    return bbs.hash_to_scalar(suite, c_octs, api_id + b"H2S_")


def blind_sign_with_nym(
    suite: Ciphersuite,
    sk: int,
    pk: bytes,
    commitment_with_proof: bytes,
    length_nym_vector: int,
    signer_nym_entropy: int,
    header: bytes,
    message_scalars: Sequence[int],
    api_id: bytes,
) -> tuple[bytes, G1]:
    """"BlindSignWithNym" over message scalars: (signature of 80 octets, B)."""
    generators = bbs.create_generators(suite, len(message_scalars) + 1, api_id)
    m = blind.commitment_size(commitment_with_proof)
    blind_generators = blind.blind_generators(suite, m + 1, api_id)
    commitment = blind.core_commit_verify(suite, commitment_with_proof, blind_generators, api_id)
    b = blind.calculate_b(
        suite,
        pk,
        generators,
        blind_generators,
        combined_header(header, length_nym_vector),
        message_scalars,
        commitment + blind_generators[-1] * signer_nym_entropy,
        api_id,
    )
    return blind.finalize_blind_sign(suite, sk, b, api_id), b


def core_proof_gen_with_nym(
    suite: Ciphersuite,
    pk: bytes,
    signature: bytes,
    context_id: bytes,
    generators: Sequence[G1],
    header: bytes,
    ph: bytes,
    messages: Sequence[int],
    disclosed: Sequence[int],
    length_nym_vector: int,
    api_id: bytes,
    randoms: ProofRandoms,
) -> tuple[bytes, bytes]:
    """"Core Proof Generation": (proof, pseudonym of 48 octets)."""
    a, e = bbs.octets_to_signature(signature)
    undisclosed = bbs.complement(disclosed, len(messages))
    full_header = combined_header(header, length_nym_vector)
    init = bbs.proof_init(
        suite, pk, (a, e), generators, randoms, full_header, messages, undisclosed, api_id
    )
    nym = pseudonym_proof_init(
        suite, context_id, messages[-length_nym_vector:], randoms.m[-length_nym_vector:], api_id
    )
    c = challenge_calculate(suite, init, nym, [messages[i] for i in disclosed], disclosed, ph, api_id)
    proof = bbs.proof_finalize(init, c, e, randoms, [messages[j] for j in undisclosed])
    return proof.to_octets(), point_to_octets_e1(nym.pseudonym)


def core_proof_verify_with_nym(
    suite: Ciphersuite,
    pk: bytes,
    proof_octets: bytes,
    pseudonym: bytes,
    context_id: bytes,
    length_nym_vector: int,
    generators: Sequence[G1],
    header: bytes,
    ph: bytes,
    disclosed_messages: Sequence[int],
    disclosed: Sequence[int],
    api_id: bytes,
) -> None:
    """"Core Proof Verification", or raises Invalid. A disclosed nym secret is refused."""
    proof = bbs.octets_to_proof(proof_octets)
    w = octets_to_pubkey(pk)
    first_nym = len(disclosed) + len(proof.m) - length_nym_vector
    if any(i >= first_nym for i in disclosed):
        raise Invalid("nym secrets are never disclosed")
    full_header = combined_header(header, length_nym_vector)
    init = bbs.proof_verify_init(
        suite, pk, proof, generators, full_header, disclosed_messages, disclosed, api_id
    )
    nym = pseudonym_proof_verify_init(
        suite, octets_to_g1(pseudonym), context_id, proof.m[-length_nym_vector:], proof.c, api_id
    )
    if proof.c != challenge_calculate(suite, init, nym, disclosed_messages, disclosed, ph, api_id):
        raise Invalid("challenge does not agree")
    if not product_is_one([(proof.a_bar, w), (-proof.b_bar, BP2)]):
        raise Invalid("pairing equation of the proof does not hold")
