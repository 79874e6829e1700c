"""What a command handler gets besides the command: the card's memory, session, randomness and counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.rng import HedgedRng, Trng
from mumei_card.errors import CardError
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands.codes import SW_MEMORY_FAILURE

RECORD_PROFILE = "profile"
RECORD_CARD_KEY = "card_key"
RECORD_RNG_COUNTER = "rng_counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContext:
    """One per card in use. Handlers change memory by ``nvm.commit`` once, at their end."""

    nvm: Nvm
    security_status: SecurityStatus
    counters: OperationCounters
    trng: Trng

    @property
    def profile(self) -> int:
        """The profile fixed when the card was made, one octet."""
        return self.record(RECORD_PROFILE)[0]

    def record(self, name: str) -> bytes:
        """A record that every card has. Raises :class:`CardError` 65 81 when this one has not."""
        value = self.nvm.get(name)
        if not value:
            raise CardError(SW_MEMORY_FAILURE, f"the card has no record {name}")
        return value

    def rng(self, also: Mapping[str, bytes | None] | None = None) -> HedgedRng:
        """A hedged generator for one job, under a counter value burned in memory before first use.

        ``also``: further records for the same commit, what must be on file, or gone, before the job begins.
        """
        counter = int.from_bytes(self.record(RECORD_RNG_COUNTER)) + 1
        self.nvm.commit({RECORD_RNG_COUNTER: counter.to_bytes(8), **(also or {})})
        return HedgedRng(self.record(RECORD_CARD_KEY), counter, self.trng)
