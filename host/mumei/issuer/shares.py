"""The issuer's secret key as t of n shares (Shamir 1979), with points to check each share by (Feldman 1987).

f is a random polynomial of degree t - 1 over the scalars, f(0) = sk; share i is f(i). Its points are
F_k = BP1 * a_k, so that F_0 is W1, which everybody knows: a share of another key is found out before anything is
put together.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from mumei_core.crypto.curve import BP1, IDENTITY, Point, R
from mumei_core.errors import InvalidProof, UsageError

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
        coefficients = [secret, *(secrets.randbelow(R - 1) + 1 for _ in range(threshold - 1))]
        values = {i: _evaluate(coefficients, i) for i in range(1, shares + 1)}
        if all(values.values()):
            return values, tuple(BP1 * a for a in coefficients)


def check_share(number: int, value: int, points: tuple[Point, ...]) -> None:
    """BP1 * f(i) = sum of F_k * i^k. Raises InvalidProof."""
    expected, power = IDENTITY, 1
    for point in points:
        expected, power = expected + point * power, power * number % R
    if BP1 * value != expected:
        raise InvalidProof(f"share {number} does not lie on the polynomial")


def combine(shares: Mapping[int, int]) -> int:
    """f(0) by Lagrange's formula, from exactly as many checked shares as are needed."""
    secret = 0
    for i, value in shares.items():
        numerator = denominator = 1
        for j in shares:
            if j != i:
                numerator, denominator = numerator * j % R, denominator * (j - i) % R
        secret += value * numerator * pow(denominator, -1, R)
    return secret % R


def _evaluate(coefficients: list[int], x: int) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % R
    return value
