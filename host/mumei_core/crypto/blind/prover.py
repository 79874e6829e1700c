"""CoreCommit: what a card sends at enrolment.

Source: draft-irtf-cfrg-bbs-blind-signatures at 981ea65, "Core Commitment Computation".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.blind.messages import CommitmentWithProof, blind_challenge
from mumei_core.crypto.curve import Group, Point, R
from mumei_core.crypto.hashing import Interface
from mumei_core.metering import count_scalars


def core_commit(
    group: Group,
    interface: Interface,
    blind_generators: Sequence[Point],
    committed: Sequence[int],
    randoms: Sequence[int],
) -> CommitmentWithProof:
    """Commit to M scalars under (Q_2, J_1, …, J_M).

    ``randoms`` = (secret_prover_blind, s~, m~_1, …, m~_M), fresh; the first is the card's to keep.
    """
    secret_prover_blind, s_tilde, *m_tilde = randoms
    C = group.sum_of_fixed_products(zip(blind_generators, (secret_prover_blind, *committed), strict=True))
    Cbar = group.sum_of_fixed_products(zip(blind_generators, (s_tilde, *m_tilde), strict=True))
    c = blind_challenge(interface, C, Cbar, blind_generators)
    count_scalars(products=1 + len(committed))
    return CommitmentWithProof(
        C=C,
        s_hat=(s_tilde + secret_prover_blind * c) % R,
        m_hat=tuple(
            (blinding + message * c) % R for blinding, message in zip(m_tilde, committed, strict=True)
        ),
        c=c,
    )
