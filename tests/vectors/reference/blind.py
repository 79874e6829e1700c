"""Blind BBS signatures: commitments with their proof, and signatures over them.

Source: draft-irtf-cfrg-bbs-blind-signatures at commit 981ea65 of 2025-08-27. Where its text and the published
vectors part, the vectors decide: B carries P1 and the domain, and e hashes (SK, B) only. L = 0 and M = 0 are
legal.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import bbs
from .bbs import Ciphersuite
from .curve import G1, IDENTITY_G1, linear_combination
from .encoding import POINT, SCALAR, Invalid, Reader, i2osp, serialize
from .field import R


def blind_generators(suite: Ciphersuite, count: int, api_id: bytes) -> tuple[G1, ...]:
    """(Q_2, J_1, ..., J_M), count = M + 1."""
    return bbs.create_generators(suite, count, b"BLIND_" + api_id)


def calculate_blind_challenge(
    suite: Ciphersuite, commitment: G1, cbar: G1, generators: Sequence[G1], api_id: bytes
) -> int:
    """"Blind Challenge Calculation": M, the generators, C, Cbar."""
    c_octs = serialize(i2osp(len(generators) - 1, 8), *generators, commitment, cbar)
    return bbs.hash_to_scalar(suite, c_octs, api_id + b"H2S_")


def core_commit(
    suite: Ciphersuite,
    generators: Sequence[G1],
    committed_scalars: Sequence[int],
    api_id: bytes,
    secret_prover_blind: int,
    s_tilde: int,
    m_tilde: Sequence[int],
) -> bytes:
    """"Core Commitment Computation" with the randoms given: C || s^ || m^_1 .. m^_M || challenge."""
    commitment = linear_combination(generators, [secret_prover_blind, *committed_scalars])
    cbar = linear_combination(generators, [s_tilde, *m_tilde])
    c = calculate_blind_challenge(suite, commitment, cbar, generators, api_id)
    s_hat = (s_tilde + secret_prover_blind * c) % R
    m_hat = [(t + m * c) % R for t, m in zip(m_tilde, committed_scalars, strict=True)]
    return serialize(commitment, s_hat, *m_hat, c)


def commitment_size(commitment_with_proof: bytes) -> int:
    """M, the number of committed scalars, from the length; raises Invalid."""
    m, odd = divmod(len(commitment_with_proof) - POINT - 2 * SCALAR, SCALAR)
    if m < 0 or odd:
        raise Invalid("a commitment with proof has a point and at least two scalars")
    return m


def core_commit_verify(
    suite: Ciphersuite, commitment_with_proof: bytes, generators: Sequence[G1], api_id: bytes
) -> G1:
    """"Octets to Commitment with Proof" and "Core Commitment Verification": C, or raises Invalid."""
    m = commitment_size(commitment_with_proof)
    if len(generators) != m + 1:
        raise Invalid("commitment is to another number of messages")
    reader = Reader(commitment_with_proof)
    commitment = reader.point()
    responses = [reader.scalar() for _ in range(m + 1)]
    c = reader.scalar()
    cbar = linear_combination(generators, responses) - commitment * c
    if c != calculate_blind_challenge(suite, commitment, cbar, generators, api_id):
        raise Invalid("proof of the commitment does not verify")
    return commitment


def calculate_b(
    suite: Ciphersuite,
    pk: bytes,
    generators: Sequence[G1],
    blind: Sequence[G1],
    header: bytes,
    messages: Sequence[int],
    commitment: G1,
    api_id: bytes,
) -> G1:
    """B = P1 + Q_1 * domain + H_1 * msg_1 + ... + H_L * msg_L + commitment.

    To the domain Q_2 is a generator like any message's.
    """
    domain = bbs.calculate_domain(suite, pk, [*generators, *blind], header, api_id)
    return bbs.compute_b(suite, generators, domain, messages) + commitment


def finalize_blind_sign(suite: Ciphersuite, sk: int, b: G1, api_id: bytes) -> bytes:
    """"Finalize Blind Sign": e = hash_to_scalar((SK, B)), A = B * 1 / (SK + e); 80 octets."""
    if b.is_identity():
        raise Invalid("B is the identity")
    e = bbs.hash_to_scalar(suite, serialize(sk, b), api_id + b"H2S_")
    return serialize(b * pow(sk + e, -1, R), e)


def blind_sign(
    suite: Ciphersuite,
    sk: int,
    pk: bytes,
    commitment_with_proof: bytes,
    header: bytes,
    messages: Sequence[bytes],
    api_id: bytes,
) -> bytes:
    """"Blind Signature Generation"; an empty commitment means none."""
    scalars = bbs.messages_to_scalars(suite, messages, api_id)
    generators = bbs.create_generators(suite, len(messages) + 1, api_id)
    m = commitment_size(commitment_with_proof) if commitment_with_proof else 0
    blind = blind_generators(suite, m + 1, api_id)
    commitment = IDENTITY_G1
    if commitment_with_proof:
        commitment = core_commit_verify(suite, commitment_with_proof, blind, api_id)
    b = calculate_b(suite, pk, generators, blind, header, scalars, commitment, api_id)
    return finalize_blind_sign(suite, sk, b, api_id)


def prepare_parameters(
    suite: Ciphersuite,
    messages: Sequence[bytes],
    committed_messages: Sequence[bytes],
    generators_number: int,
    blind_generators_number: int,
    secret_prover_blind: int | None,
    api_id: bytes,
) -> tuple[list[int], list[G1]]:
    """"Prepare Parameters": all message scalars (the blind between the two kinds), all generators."""
    scalars = bbs.messages_to_scalars(suite, messages, api_id)
    if secret_prover_blind is not None:
        scalars.append(secret_prover_blind)
    scalars += bbs.messages_to_scalars(suite, committed_messages, api_id)
    generators = bbs.create_generators(suite, generators_number, api_id)
    return scalars, [*generators, *blind_generators(suite, blind_generators_number, api_id)]
