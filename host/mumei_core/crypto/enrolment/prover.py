"""The card's side of the link proof: five multiplications, all of constants. Source: mumei protocol 2.2."""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.curve import BP1, Group, R
from mumei_core.crypto.enrolment.messages import LinkProof, LinkStatement, link_challenge
from mumei_core.crypto.generators import BLIND, OP_RENEWAL
from mumei_core.metering import count_scalars


def prove_link(
    group: Group, statement: LinkStatement, secrets: Sequence[int], randoms: Sequence[int]
) -> LinkProof:
    """``secrets`` = (secret_prover_blind, handle, prover_nym); ``randoms`` = (b~, h~, n~), fresh for this proof."""
    b_tilde, h_tilde, n_tilde = randoms
    T_C = group.sum_of_fixed_products(zip(BLIND, randoms, strict=True))
    T_F = group.multiply_fixed(BP1, h_tilde)
    T_N = group.multiply_fixed(OP_RENEWAL, n_tilde)
    c = link_challenge(statement, T_C, T_F, T_N)
    blind, handle, nym = secrets
    count_scalars(products=len(secrets))
    return LinkProof(
        c=c, b_hat=(b_tilde + c * blind) % R, h_hat=(h_tilde + c * handle) % R, n_hat=(n_tilde + c * nym) % R
    )
