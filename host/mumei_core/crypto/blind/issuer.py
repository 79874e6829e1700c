"""Blind signing over a commitment, with or without a nym secret in it.

Source: draft-irtf-cfrg-bbs-blind-signatures at 981ea65, "Blind Signature Generation";
draft-irtf-cfrg-bbs-per-verifier-linkability (2026-06-29), "Blind Issuance".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.bbs.issuer import sign_b
from mumei_core.crypto.bbs.messages import Signature, calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.verifier import core_commit_verify
from mumei_core.crypto.curve import GROUP, Point
from mumei_core.crypto.hashing import Interface


def core_blind_sign(
    interface: Interface,
    secret_key: int,
    pk: bytes,
    commitment: CommitmentWithProof | None,
    generators: Sequence[Point],
    blind_generators: Sequence[Point],
    header: bytes,
    messages: Sequence[int],
    signer_nym_entropy: int = 0,
) -> tuple[Signature, Point]:
    """Sign L message scalars and what ``commitment`` holds; returns the signature and B.

    ``generators`` = (Q_1, H_1, …, H_L), ``blind_generators`` = (Q_2, J_1, …, J_M). Entropy goes to the last of
    these. Without a commitment, M is 0 and nothing is added; L = 0 and M = 0 are legal (the vectors have both,
    though 981ea65 refuses them). Raises :class:`~mumei_core.errors.InvalidProof`.

    B = P1 + Q_1 * domain + …: the text's B_calculate starts from Q_1 alone; its trace values do not.
    """
    domain = calculate_domain(interface, pk, (*generators, *blind_generators), header)
    B = calculate_b(GROUP, interface.suite.p1, generators, domain, messages)
    if commitment is not None:
        core_commit_verify(interface, commitment, blind_generators)
        B = B + commitment.C
    if signer_nym_entropy:
        B = B + blind_generators[-1] * signer_nym_entropy
    return sign_b(interface, secret_key, B), B
