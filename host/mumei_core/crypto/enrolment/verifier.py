"""The issuer's side of the link proof: rebuild the first moves and compare. Source: mumei protocol 2.2."""

from __future__ import annotations

from mumei_core.crypto.curve import BP1, GROUP
from mumei_core.crypto.enrolment.messages import LinkProof, LinkStatement, link_challenge
from mumei_core.crypto.generators import BLIND, OP_RENEWAL
from mumei_core.errors import InvalidProof


def verify_link(statement: LinkStatement, proof: LinkProof) -> None:
    """T_C = Q_2 * b^ + J_1 * h^ + J_2 * n^ - C * c, T_F = BP1 * h^ - F_0 * c, T_N = OP_renewal * n^ - N' * c.

    Points and scalars were checked when they were decoded. Raises :class:`InvalidProof`.
    """
    openings = zip(BLIND, (proof.b_hat, proof.h_hat, proof.n_hat), strict=True)
    T_C = GROUP.sum_of_products(openings) - statement.C * proof.c
    T_F = BP1 * proof.h_hat - statement.F[0] * proof.c
    T_N = OP_RENEWAL * proof.n_hat - statement.N * proof.c
    if link_challenge(statement, T_C, T_F, T_N) != proof.c:
        raise InvalidProof("link")
