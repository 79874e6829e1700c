"""Verification of signatures and proofs. Source: draft-irtf-cfrg-bbs-signatures, "CoreVerify",
"Proof Verification Initialization", "CoreProofVerify".

Everything here is public, so fixed bases come from tables (:class:`~mumei_core.crypto.curve.FixedBase`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from mumei_core.crypto.bbs.messages import (
    InitResult,
    Proof,
    Signature,
    calculate_challenge,
    calculate_domain,
    split_indexes,
)
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.curve import GROUP, IDENTITY, FixedBase, Point, R
from mumei_core.crypto.hashing import Interface
from mumei_core.crypto.pairing import BP2, G2Point, products_are_equal
from mumei_core.errors import DecodingError, InvalidProof


def core_verify(
    interface: Interface,
    pk: bytes,
    signature: Signature,
    generators: Sequence[Point],
    header: bytes,
    messages: Sequence[int],
) -> None:
    """CoreVerify over message scalars. Raises :class:`InvalidProof`."""
    if len(generators) != len(messages) + 1:
        raise InvalidProof("number of messages and generators differ")
    domain = calculate_domain(interface, pk, generators, header)
    B = calculate_b(GROUP, interface.suite.p1, generators, domain, messages)
    W = G2Point.from_octets(pk)
    # e(A, W) * e(A * e - B, BP2) = 1
    if not products_are_equal([(signature.A, W)], [(B - signature.A * signature.e, BP2)]):
        raise InvalidProof("signature equation")


def proof_verify_init(
    proof: Proof, domain: int, p1: FixedBase, generators: Sequence[FixedBase], disclosed: Mapping[int, int]
) -> InitResult:
    """ProofVerifyInit: recompute T1 and T2; ``generators`` = (Q_1, H_1, …, H_L), ``disclosed`` index → scalar.

    Raises :class:`InvalidProof` when the number of messages differs from the number of generators.
    """
    if len(generators) != 1 + len(disclosed) + len(proof.m_hat):
        raise InvalidProof("number of messages and generators differ")
    try:
        undisclosed = split_indexes(len(generators) - 1, sorted(disclosed))
    except DecodingError as error:
        raise InvalidProof("disclosed indexes") from error
    c = proof.c
    T1 = proof.Bbar * c + proof.Abar * proof.e_hat + proof.D * proof.r1_hat
    # T2 = Bv * c + D * r3^ + Σ H_j * m^_j, with c multiplied into Bv's summands so that all bases are fixed.
    summands = [p1.multiply(c), generators[0].multiply(domain * c % R)]
    summands += [generators[1 + i].multiply(message * c % R) for i, message in disclosed.items()]
    summands += [generators[1 + j].multiply(m) for j, m in zip(undisclosed, proof.m_hat, strict=True)]
    T2 = functools.reduce(Point.__add__, summands, proof.D * proof.r3_hat)
    return InitResult(Abar=proof.Abar, Bbar=proof.Bbar, D=proof.D, T1=T1, T2=T2, domain=domain)


def core_proof_verify(
    interface: Interface,
    pk: bytes,
    proof: Proof,
    generators: Sequence[Point],
    header: bytes,
    presentation_header: bytes,
    disclosed: Mapping[int, int],
) -> None:
    """CoreProofVerify; ``disclosed`` maps index to message scalar. Raises :class:`InvalidProof`."""
    domain = calculate_domain(interface, pk, generators, header)
    bases = [FixedBase(point) for point in generators]
    init = proof_verify_init(proof, domain, FixedBase(interface.suite.p1), bases, disclosed)
    if calculate_challenge(interface, init, disclosed, presentation_header) != proof.c:
        raise InvalidProof("challenge")
    check_pairing(proof, pk)


def check_pairing(proof: Proof, pk: bytes) -> None:
    """e(Abar, W) = e(Bbar, BP2). Raises :class:`InvalidProof`."""
    if proof.Abar == IDENTITY:
        raise InvalidProof("Abar is the identity")
    if not products_are_equal([(proof.Abar, G2Point.from_octets(pk))], [(proof.Bbar, BP2)]):
        raise InvalidProof("pairing equation")
