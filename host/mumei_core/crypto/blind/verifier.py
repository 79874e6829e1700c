"""CoreCommitVerify: what the signer checks before it signs.

Source: draft-irtf-cfrg-bbs-blind-signatures at 981ea65, "Core Commitment Verification".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.blind.messages import CommitmentWithProof, blind_challenge
from mumei_core.crypto.curve import GROUP, Point
from mumei_core.crypto.hashing import Interface
from mumei_core.errors import InvalidProof


def core_commit_verify(
    interface: Interface, commitment: CommitmentWithProof, blind_generators: Sequence[Point]
) -> None:
    """Check the proof over (Q_2, J_1, …, J_M). Raises :class:`InvalidProof`."""
    if len(blind_generators) != len(commitment.m_hat) + 1:
        raise InvalidProof("commitment to another number of messages")
    openings = zip(blind_generators, (commitment.s_hat, *commitment.m_hat), strict=True)
    Cbar = GROUP.sum_of_products(openings) - commitment.C * commitment.c
    if blind_challenge(interface, commitment.C, Cbar, blind_generators) != commitment.c:
        raise InvalidProof("commitment proof")
