"""Combination in the exponent: from t evaluations Q * f(i) to Q * f(0), without f(0). Host only.

Evaluations are checked before they come here (mumei protocol 2.5): one wrong one gives another card's token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mumei_core.crypto.curve import Point, R, sum_of_public_products
from mumei_core.errors import UsageError


def lagrange_coefficients(indices: Sequence[int]) -> tuple[int, ...]:
    """The coefficient at 0 of each index, mod r. Raises :class:`UsageError` for indices below 1 or twice."""
    if len(set(indices)) != len(indices) or any(i < 1 for i in indices):
        raise UsageError("trustees are numbered from 1, each once")
    coefficients = []
    for i in indices:
        numerator = denominator = 1
        for j in indices:
            if j != i:
                numerator = numerator * j % R
                denominator = denominator * (j - i) % R
        coefficients.append(numerator * pow(denominator, -1, R) % R)
    return tuple(coefficients)


def combine(evaluations: Mapping[int, Point], t: int) -> Point:
    """Q * f(0) from R_i = Q * f(i) of exactly ``t`` trustees i. Raises :class:`UsageError` for another number."""
    if len(evaluations) != t:
        raise UsageError(f"{t} evaluations are combined, not {len(evaluations)}")
    indices = tuple(evaluations)
    return sum_of_public_products([evaluations[i] for i in indices], lagrange_coefficients(indices))
