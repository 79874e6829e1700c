"""Scalars drawn several at once: as good as one by one, with half the hashing."""

from __future__ import annotations

from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.rng import HedgedRng, Trng, scalar_source
from mumei_core.crypto.curve import R
from mumei_core.metering import metered

KEY = bytes(32)


def draw(count: int, *, at_once: int) -> tuple[list[int], OperationCounters]:
    """So many scalars from a generator whose true randomness is stuck, and what they cost."""
    counters = OperationCounters()
    source = scalar_source(HedgedRng(KEY, 1, Trng(bytes, counters)), at_once=at_once)
    with metered(counters):
        return [source() for _ in range(count)], counters


def test_every_scalar_is_another_and_in_range_however_many_are_drawn_at_once() -> None:
    for at_once in (1, 3, 15):
        scalars, _ = draw(32, at_once=at_once)
        assert len(set(scalars)) == 32
        assert all(0 < scalar < R for scalar in scalars)


def test_the_generator_is_asked_once_for_all_and_hashes_half() -> None:
    _, singly = draw(15, at_once=1)
    _, together = draw(15, at_once=15)
    assert (singly.random_draws, together.random_draws) == (15, 1)
    assert together.sha256_blocks < 0.6 * singly.sha256_blocks


def test_nothing_is_hashed_before_a_scalar_is_wanted() -> None:
    assert draw(0, at_once=15)[1] == OperationCounters(sha256_messages=0)


def test_a_zero_is_drawn_again() -> None:
    class Zeros(HedgedRng):
        """Zero, then one, in one piece."""

        def octets(self, n: int) -> bytes:
            return bytes(n - 1) + b"\x01"

    assert scalar_source(Zeros(KEY, 1, bytes), at_once=2)() == 1
