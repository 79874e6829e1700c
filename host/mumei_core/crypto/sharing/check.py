"""A share against Feldman's points. Host only: trustees open and check, the issuer and office check sizes.

Source: mumei protocol 2.5.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.curve import BP1, Point, sum_of_public_products
from mumei_core.errors import InvalidProof


def share_point(F: Sequence[Point], i: int) -> Point:
    """P_i = sum of F_k * i^k, which is BP1 * f(i); ``i`` from 1."""
    return sum_of_public_products(F, [i**k for k in range(len(F))])


def check_share(F: Sequence[Point], i: int, share: int) -> None:
    """Raises :class:`InvalidProof` unless ``share`` is f(i) of the polynomial behind ``F``."""
    if BP1 * share != share_point(F, i):
        raise InvalidProof("a share is not of the handle that was committed")
