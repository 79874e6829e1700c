"""What a trustee computes for a reported card: points times its share, and the proof. Source: mumei protocol 2.5.

Whoever calls has computed the points from their labels itself: a point of somebody's choice would be an oracle for
the share.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence

from mumei_core.crypto.curve import BP1, Point, PublicPoints, R, scalar_to_octets
from mumei_core.crypto.sharing.check import check_share
from mumei_core.crypto.sharing.evaluation import MAX_POINTS, Evaluation, challenge, weights
from mumei_core.errors import UsageError

#: k of the proof, from the share and what is proven.
Draw = Callable[[int, bytes], int]


def hedged_scalar(share: int, statement: bytes) -> int:
    """A fresh k; should the system's randoms fail, it is still bound to share and statement."""
    key = scalar_to_octets(share)
    while True:
        seed = secrets.token_bytes(64) + statement
        wide = hmac.digest(key, b"\0" + seed, "sha256") + hmac.digest(key, b"\1" + seed, "sha256")
        if k := int.from_bytes(wide[:48]) % R:
            return k


def evaluate(
    share: int, index: int, F: Sequence[Point], Q: Sequence[Point], *, draw: Draw = hedged_scalar
) -> Evaluation:
    """R_j = Q_j * share for all ``Q``, constant-time in the share, with the proof. ``index``: i, from 1.

    Raises InvalidProof for a share that is not f(i) of the polynomial behind ``F``, UsageError for no points or
    more than 65,535.
    """
    products = b"".join((point * share).to_octets() for point in Q)
    return prove(share, index, F, PublicPoints.of(Q), products, draw=draw)


def prove(
    share: int,
    index: int,
    F: Sequence[Point],
    Q: PublicPoints,
    products: bytes,
    *,
    draw: Draw = hedged_scalar,
) -> Evaluation:
    """The evaluation whose ``products``, R_0 || R_1 || .., are computed already. Raises as :func:`evaluate`."""
    if not 0 < len(Q) <= MAX_POINTS:
        raise UsageError(f"a proof is about 1 to {MAX_POINTS} points, not {len(Q)}")
    check_share(F, index, share)
    P_i = BP1 * share
    Q_star = Q.sum_of_products(weights(F, Q.octets, products, index))
    R_star = Q_star * share
    k = draw(share, Q_star.to_octets() + R_star.to_octets())
    c = challenge(P_i, Q_star, R_star, BP1 * k, Q_star * k)
    return Evaluation(index=index, products=products, c=c, z=(k + c * share) % R)
