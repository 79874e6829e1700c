"""How long a string must be before its coming back is no accident.

Model: what a card says is uniformly random but for what every card says. Two windows of L octets are then
equal with probability 256^-L. A party with V visits of n windows each expects

    C(V, k) * n^k * 256^(-L (k - 1))

strings of L octets that come back in k chosen visits. Compressed points and scalars below r use their first
octet only in part (53 of 256 values at the least): windows with such an octet are likelier to be equal by a
factor below :data:`SKEW`, which is allowed for everywhere. Over all parties and all k, the expected number of
strings reported by accident stays below the budget.
"""

from __future__ import annotations

from math import comb, log
from typing import Final

from tools.linkage_audit.observation import SHORTEST

#: Expected number of false alarms of a whole audit.
FALSE_ALARMS: Final = 1e-6
#: The tests that share it: one relying party, all relying parties, all with the issuer, databases joined.
TESTS: Final = 4
BUDGET: Final = FALSE_ALARMS / TESTS
SKEW: Final = 5.0


def expected(*, groups: int, visits: int, windows: int, times: int, length: int) -> float:
    """Strings of ``length`` octets expected by chance in ``times`` or more visits, over all ``groups``."""
    if times > visits:
        return 0.0
    pairs = comb(visits, times) * float(windows) ** times * SKEW ** (times - 1)
    return groups * pairs * 256.0 ** (-length * (times - 1))


def shortest_telling(*, groups: int, visits: int, windows: int, budget: float = BUDGET) -> dict[int, int]:
    """For each number of visits from 2: the length from which a string that comes back in so many tells.

    The budget is shared among all numbers of visits and all lengths.
    """
    if visits < 2 or not windows or not groups:
        return {}
    share = budget / (visits - 1) / 2  # lengths L, L + 1, ... add up to less than twice the first
    lengths = {}
    for times in range(2, visits + 1):
        length = SHORTEST
        while (
            expected(groups=groups, visits=visits, windows=windows, times=times, length=length) > share
        ):
            length += 1
        lengths[times] = length
    return lengths


def shortest_known(*, comparisons: float, budget: float = BUDGET) -> int:
    """The length from which a known string's turning up tells, after so many comparisons of two windows."""
    length = SHORTEST
    while 2 * comparisons * SKEW * 256.0**-length > budget:
        length += 1
    return length


def in_words(lengths: dict[int, int]) -> str:
    """ "8 octets in 2 visits, 5 in 3, 4 in 4 or more"."""
    words: list[str] = []
    last = None
    for times, length in sorted(lengths.items()):
        if length != last:
            words.append(f"{length} octets in {times}" if not words else f"{length} in {times}")
            last = length
    return (", ".join(words) + " or more visits") if words else "nothing to compare"


def bits(number: int) -> float:
    """Of a class with so many values."""
    return log(number, 2) if number else 0.0
