"""G1 arithmetic of the chip: counted, and without what a chip cannot do (mumei protocol 2.8)."""

from __future__ import annotations

from mumei_card.chip.counters import OperationCounters
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, Group, Point
from mumei_core.crypto.predicate.messages import BASE


class CountedGroup(Group):
    """Every multiplication and addition adds one to the card's counters."""

    def __init__(self, counters: OperationCounters) -> None:
        self._counters = counters

    def multiply(self, point: Point, scalar: int) -> Point:
        self._counters.g1_multiplications += 1
        return point * scalar

    def multiply_fixed(self, point: Point, scalar: int) -> Point:
        """Counted twice over: among all multiplications, and as one that a table of multiples would shorten."""
        self._counters.fixed_base_multiplications += 1
        return self.multiply(point, scalar)

    def add(self, left: Point, right: Point) -> Point:
        self._counters.g1_additions += 1
        return left + right


class StoredDigitTable:
    """The digit signatures in non-volatile memory: two tables of 256 points, 96 octets each."""

    def __init__(self, A_table: bytes, W_table: bytes) -> None:
        self._tables = (A_table, W_table)

    def fetch(self, digit: int) -> tuple[Point, Point]:
        """(A_d, W_d). The index is secret, so every entry is read and all but one masked out."""
        A_d, W_d = (Point.from_uncompressed(_masked_read(table, digit)) for table in self._tables)
        return A_d, W_d


def _masked_read(table: bytes, index: int) -> bytes:
    chosen = 0
    for i in range(BASE):
        entry = int.from_bytes(table[i * UNCOMPRESSED_LENGTH : (i + 1) * UNCOMPRESSED_LENGTH], "big")
        # (i XOR index) - 1 is negative only where they are equal: its sign extends to a mask of ones.
        chosen |= entry & (((i ^ index) - 1) >> 16)
    return chosen.to_bytes(UNCOMPRESSED_LENGTH, "big")
