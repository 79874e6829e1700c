"""Anyone's audit of the digit signatures: all 256 in one pairing product. Source: mumei protocol 2.4."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from mumei_core.crypto.curve import Point, sum_of_public_products
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.pairing import BP2, G2Point, products_are_equal
from mumei_core.crypto.predicate.issuer import DigitParameters
from mumei_core.crypto.predicate.messages import BASE
from mumei_core.errors import InvalidProof


def random_weight() -> int:
    """128 bits, not 0."""
    return secrets.randbits(128) or random_weight()


def audit_digit_parameters(parameters: DigitParameters, weight: Callable[[], int] = random_weight) -> None:
    """Check e(A_d, X + BP2 * d) = e(G_d, BP2) and W_d = G_d - A_d * d for every d.

    No A_d is the identity and X is none of BP2 * -d. Raises :class:`InvalidProof`.
    """
    if len(parameters.A) != BASE or len(parameters.W) != BASE:
        raise InvalidProof("digit table: number of entries")
    X = G2Point.from_octets(parameters.X)
    if any((BP2 * -d) == X for d in range(1, BASE)):
        raise InvalidProof("digit table: X is a small multiple of the base")
    if any(A_d.is_identity for A_d in parameters.A):
        raise InvalidProof("digit table: identity")
    for d, (A_d, W_d) in enumerate(zip(parameters.A, parameters.W, strict=True)):
        if G_D - A_d * d != W_d:
            raise InvalidProof(f"digit table: W of digit {d}")
    # e(A_d, X) = e(W_d, BP2) for all d: Σ with random weights, so no two faults can cancel.
    weights = [weight() for _ in range(BASE)]
    left: Point = sum_of_public_products(parameters.A, weights)
    right: Point = sum_of_public_products(parameters.W, weights)
    if not products_are_equal([(left, X)], [(right, BP2)]):
        raise InvalidProof("digit table: signatures")
