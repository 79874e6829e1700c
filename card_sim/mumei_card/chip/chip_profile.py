"""What is published about the speed of one chip, and the time that counted work would take on it (project 2.8).

A profile is a MODEL: operations that the software card counted, times timings of others. Nobody has published
BLS12-381 on any of these chips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.figures import Cost, Figure


class Implementation(StrEnum):
    """Who does the arithmetic that Java Card's API lacks."""

    NATIVE = "native"
    """The chip maker's own code, on the coprocessor."""
    JAVA_CARD = "java-card"
    """An applet, with what the API offers, as JCMathLib does it."""


class Operation(StrEnum):
    """What costs time, in the order of a table."""

    G1_MULTIPLICATION = "multiplication in G1"
    G1_ADDITION = "addition in G1"
    SCALAR_PRODUCT = "product of scalars"
    SCALAR_INVERSE = "inverse of a scalar"
    P256_MULTIPLICATION = "multiplication on P-256"
    P256_VERIFICATION = "ECDSA verification, P-256"
    P256_SIGNATURE = "ECDSA signature, P-256"
    SHA256 = "SHA-256"
    AES = "AES"
    RANDOM = "random octets"
    NVM = "memory write"


#: Operation to the counters of its calls and of its units.
_COUNTERS: Final[Mapping[Operation, tuple[str, str | None]]] = {
    Operation.G1_MULTIPLICATION: ("g1_multiplications", None),
    Operation.G1_ADDITION: ("g1_additions", None),
    Operation.SCALAR_PRODUCT: ("scalar_products", None),
    Operation.SCALAR_INVERSE: ("scalar_inverses", None),
    Operation.P256_MULTIPLICATION: ("p256_multiplications", None),
    Operation.P256_VERIFICATION: ("p256_verifications", None),
    Operation.P256_SIGNATURE: ("p256_signatures", None),
    Operation.SHA256: ("sha256_messages", "sha256_blocks"),
    Operation.AES: ("aes_runs", "aes_blocks"),
    Operation.RANDOM: ("random_draws", "random_octets"),
    Operation.NVM: ("nvm_writes", "nvm_octets"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of operation in an estimate. ``milliseconds`` is None where nobody knows."""

    operation: Operation
    calls: int
    units: int
    milliseconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What counted work would take. ``milliseconds``: the sum of what is known."""

    parts: tuple[Part, ...]
    delay_ms: int

    @property
    def milliseconds(self) -> float:
        return self.delay_ms + sum(part.milliseconds or 0.0 for part in self.parts)

    @property
    def unknown(self) -> tuple[Operation, ...]:
        """Operations that were done and have no figure: the true time is longer."""
        return tuple(part.operation for part in self.parts if part.calls and part.milliseconds is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One chip's published figures.

    ``costs``: by implementation; a missing operation is a defect. ``atr``: of the card that was measured; ``ta1``
    of it, from which the speed over contacts follows, None for a card measured without contacts.
    """

    name: str
    title: str
    costs: Mapping[Implementation, Mapping[Operation, Cost]]
    atr: bytes
    ta1: int | None
    extra_guard: int = 0
    """TC1 of the ATR: 0 to 254 extra etu between characters, 255 the least that the protocol allows."""
    ifsc: int = 32
    """Octets of a block that the card takes in T=1, TA of the ATR's T=1 part."""
    cannot_know: tuple[str, ...]

    def estimate(self, counted: OperationCounters, implementation: Implementation) -> Estimate:
        """The modelled time of ``counted``."""
        costs = self.costs[implementation]
        parts = []
        for operation, (calls_name, units_name) in _COUNTERS.items():
            calls = getattr(counted, calls_name)
            units = getattr(counted, units_name) if units_name else 0
            cost = costs[operation]
            known = cost.milliseconds(calls, units) if isinstance(cost, Figure) else None
            parts.append(Part(operation=operation, calls=calls, units=units, milliseconds=known))
        return Estimate(parts=tuple(parts), delay_ms=counted.delay_ms)
