"""The issuer's secret key as t of n shares (Shamir 1979), with points to check each share by (Feldman 1987).

f is a random polynomial of degree t - 1 over the scalars, f(0) = sk; share i is f(i). Its points are
F_k = BP1 * a_k, so that F_0 is W1, which everybody knows: a share of another key is found out before anything is
put together. Unlike a card's handle, the key is whole again at the end: on the machine that restores it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from mumei_core.crypto.curve import GROUP, Point, R
from mumei_core.crypto.sharing.combine import lagrange_coefficients
from mumei_core.crypto.sharing.split import draw_polynomial, evaluate, feldman_points
from mumei_core.errors import UsageError

MAX_SHARES: Final = 32


def check_numbers(threshold: int, shares: int) -> None:
    """2 <= t <= n <= 32. Raises UsageError: with t = 1 each share is the key itself."""
    if not 2 <= threshold <= shares <= MAX_SHARES:
        raise UsageError(
            f"{threshold} of {shares} shares is no back-up",
            hint=f"At least 2 must be needed, and there are at most {MAX_SHARES}: for example 2 of 3.",
        )


def split(secret: int, *, threshold: int, shares: int) -> tuple[dict[int, int], tuple[Point, ...]]:
    """Shares by number 1..n, and F_0..F_(t-1). Raises UsageError."""
    check_numbers(threshold, shares)
    while True:
        polynomial = draw_polynomial(secret, threshold, lambda: secrets.randbelow(R - 1) + 1)
        values = {i: evaluate(polynomial, i) for i in range(1, shares + 1)}
        # A scalar in octets is not 0.
        if all(values.values()):
            return values, feldman_points(GROUP, polynomial)


def join(shares: Mapping[int, int]) -> int:
    """f(0) from exactly as many checked shares as are needed."""
    coefficients = lagrange_coefficients(tuple(shares))
    return sum(value * a for value, a in zip(shares.values(), coefficients, strict=True)) % R
