"""Combination in the exponent for many points at once: as :mod:`.combine`, but for a whole epoch. Host only.

Lagrange's coefficients at 0 are fractions of small integers, so over their common denominator they cost additions,
and one multiplication a point where the denominator is not 1. Source: mumei protocol 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from mumei_core.crypto.curve import PublicPoints, R, point_sums
from mumei_core.errors import UsageError


def combine_all(checked: Mapping[int, PublicPoints], t: int) -> list[bytes]:
    """K_j = Q_j * f(0), 48 octets each, from the checked products of exactly ``t`` trustees, by their numbers.

    Raises :class:`UsageError` for another number of trustees.
    """
    if len(checked) != t or any(i < 1 for i in checked):
        raise UsageError(f"the evaluations of {t} trustees are combined, not of {len(checked)}")
    indices = tuple(checked)
    coefficients = _at_zero(indices)
    denominator = math.lcm(*(each.denominator for each in coefficients))
    numerators = [int(each * denominator) for each in coefficients]
    return point_sums([checked[i] for i in indices], numerators, pow(denominator, -1, R))


def _at_zero(indices: Sequence[int]) -> list[Fraction]:
    return [math.prod((Fraction(j, j - i) for j in indices if j != i), start=Fraction(1)) for i in indices]
