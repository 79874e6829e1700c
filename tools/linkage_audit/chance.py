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

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Final

from tools.linkage_audit.observation import SHORTEST

#: Expected number of false alarms of a whole audit.
FALSE_ALARMS: Final = 1e-6
#: The tests that share it: one relying party, all relying parties, all with the issuer, databases joined.
TESTS: Final = 4
BUDGET: Final = FALSE_ALARMS / TESTS
SKEW: Final = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one observer compares: so many visits, with at most so many windows in one."""

    visits: int
    windows: int


def expected(samples: Mapping[Sample, int], *, times: int, length: int) -> float:
    """Strings of ``length`` octets expected by chance in ``times`` visits, over all samples and their number."""
    return sum(
        number
        * comb(sample.visits, times)
        * float(sample.windows) ** times
        * (SKEW / 256.0**length) ** (times - 1)
        for sample, number in samples.items()
    )


def shortest_telling(samples: Mapping[Sample, int], *, budget: float = BUDGET) -> dict[int, int]:
    """For each number of visits from 2: the length from which a string that comes back in so many tells.

    The budget is shared among all numbers of visits and all lengths.
    """
    most = max((sample.visits for sample in samples), default=0)
    lengths = {}
    for times in range(2, most + 1):
        # Below the shortest string for what stands beside octets that every card says.
        length = 1
        # Lengths L, L + 1, ... together add up to less than twice the first.
        while 2 * (most - 1) * expected(samples, times=times, length=length) > budget:
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
    for times, least in sorted(lengths.items()):
        length = max(least, SHORTEST)
        if length != last:
            words.append(f"{length} octets in {times}" if not words else f"{length} in {times}")
            last = length
    return (", ".join(words) + " or more visits") if words else "nothing to compare"
