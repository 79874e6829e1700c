"""Counts of what costs time on a chip: a profile turns them into milliseconds (project 2.8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class OperationCounters:
    """Operations since power-up. Whoever does one adds one; nobody else writes here."""

    g1_multiplications: int = 0
    g1_additions: int = 0
    hash_to_curve: int = 0
    hash_to_scalar: int = 0
    nvm_writes: int = 0
    random_octets: int = 0
    p256_multiplications: int = 0
    p256_verifications: int = 0
    """ECDSA signatures checked, good or bad."""
    delay_ms: int = 0
    """Milliseconds that the card made wrong guesses wait; modelled, not slept."""

    def reset(self) -> None:
        """As at power-up."""
        fresh = OperationCounters()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))
