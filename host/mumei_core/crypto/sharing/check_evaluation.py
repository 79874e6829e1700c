"""What the authority checks of a trustee's evaluations before it combines any. Source: mumei protocol 2.5.

Else one trustee, answering wrongly or last, un-revokes a card or has an innocent one listed.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.curve import BP1, Point, PublicPoints
from mumei_core.crypto.sharing.check import share_point
from mumei_core.crypto.sharing.evaluation import Evaluation, challenge, weights
from mumei_core.errors import DecodingError, InvalidProof


def check_evaluation(
    evaluation: Evaluation, index: int, F: Sequence[Point], Q: PublicPoints, *, n: int
) -> PublicPoints:
    """The R_j of trustee ``index``, decoded, if they are all Q_j * f(i). ``n``: the number of trustees.

    ``F`` is the card's own, ``Q`` computed from labels here. Raises :class:`InvalidProof`.
    """
    if not 1 <= index <= n or evaluation.index != index:
        raise InvalidProof("an evaluation by another trustee")
    if evaluation.count != len(Q):
        raise InvalidProof("an evaluation at another number of points")
    try:
        products = PublicPoints.from_octets(evaluation.products)
    except DecodingError as error:
        raise InvalidProof(f"an evaluation holds {error}") from error
    P_i = share_point(F, index)
    w = weights(F, Q.octets, evaluation.products, index)
    Q_star, R_star = Q.sum_of_products(w), products.sum_of_products(w)
    c, z = evaluation.c, evaluation.z
    T_P = BP1 * z - P_i * c
    T_Q = Q_star * z - R_star * c
    if challenge(P_i, Q_star, R_star, T_P, T_Q) != c:
        raise InvalidProof("an evaluation is not of the trustee's share")
    return products
