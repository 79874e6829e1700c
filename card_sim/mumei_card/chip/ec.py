"""P-256 arithmetic of the chip: counted (mumei protocol 2.8)."""

from __future__ import annotations

from mumei_card.chip.counters import OperationCounters
from mumei_core.eac.ec import EcPoint
from mumei_core.eac.p256 import P256


class CountedP256(P256):
    """Every multiplication adds one to the card's counters; an addition costs next to nothing beside it."""

    def __init__(self, counters: OperationCounters) -> None:
        self._counters = counters

    def multiply(self, point: EcPoint, scalar: int) -> EcPoint:
        self._counters.p256_multiplications += 1
        return super().multiply(point, scalar)
