"""Modelled time of a card in use: counts and octets to milliseconds, slept where wanted (project 2.8).

The clock is asked after every command and sleeps nothing by itself: whoever makes it says how, so that tests do not
wait. What the software card itself took is not subtracted, for it is small beside a chip's time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mumei_card.chip.chip_profile import Operation
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.profiles import ChipProfile


def never(_seconds: float) -> None:
    """Sleeps nothing: the time is reckoned only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelledTime:
    """Milliseconds so far: with commands in hand, on the link, and of work that no command waited for.

    ``unknown``: operations that were done and are in none of them, as nobody published a figure.
    """

    profile: str
    card_ms: float
    link_ms: float
    idle_ms: float
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = (
            f"MODEL, no measurement: {self.profile} would have taken {self.card_ms:.0f} ms for its commands,"
            f" {self.link_ms:.0f} ms for octets on their way, and worked {self.idle_ms:.0f} ms besides"
        )
        return f"{words}; without {', '.join(self.unknown)}, unknown" if self.unknown else words


class Clock:
    """What a card's work would have taken, in milliseconds since it was made.

    ``sleep``: takes seconds; ``time.sleep`` for real time. ``now``: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        profile: ChipProfile,
        *,
        sleep: Callable[[float], None] = never,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.profile = profile
        self.card_ms = 0.0
        self.link_ms = 0.0
        self.idle_ms = 0.0
        """Work that no command waited for; one that comes while it lasts waits for its end."""
        self._sleep = sleep
        self._now = now
        self._busy_until = 0.0
        self._unknown: set[Operation] = set()

    def command(self, counted: OperationCounters, command: bytes, response: bytes) -> float:
        """Takes in one command and what the card counted for it, and sleeps its milliseconds, which it returns."""
        card_ms = self._estimate(counted)
        link_ms = self.profile.link.milliseconds(command, response, card_ms)
        self.card_ms += card_ms
        self.link_ms += link_ms
        waiting = max(self._busy_until - self._now(), 0.0) * 1000 if self._busy_until else 0.0
        self._busy_until = 0.0
        total = waiting + card_ms + link_ms
        self._sleep(total / 1000)
        return total

    def background(self, counted: OperationCounters) -> None:
        """Takes in work that the card does with no command in hand; the next command waits for what is left."""
        milliseconds = self._estimate(counted)
        self.idle_ms += milliseconds
        self._busy_until = max(self._busy_until, self._now()) + milliseconds / 1000

    def power_up(self) -> None:
        """The card was reset: what it was at is over, and nobody waits for it."""
        self._busy_until = 0.0

    @property
    def modelled(self) -> ModelledTime:
        """For whoever shows it, as a MODEL."""
        return ModelledTime(
            profile=self.profile.name,
            card_ms=self.card_ms,
            link_ms=self.link_ms,
            idle_ms=self.idle_ms,
            unknown=tuple(str(operation) for operation in Operation if operation in self._unknown),
        )

    def _estimate(self, counted: OperationCounters) -> float:
        estimate = self.profile.estimate(counted)
        self._unknown.update(estimate.unknown)
        return estimate.milliseconds


class CountingCard(Protocol):
    """A card whose counters are in sight."""

    @property
    def atr(self) -> bytes: ...
    @property
    def counters(self) -> OperationCounters: ...
    def transmit(self, apdu: bytes) -> bytes: ...
    def idle(self) -> bool: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class TimedCard:
    """A card with a clock; else as the card inside. ``modelled``: see :attr:`Clock.modelled`."""

    def __init__(self, card: CountingCard, clock: Clock) -> None:
        self._card = card
        self._clock = clock

    @property
    def atr(self) -> bytes:
        return self._card.atr

    @property
    def counters(self) -> OperationCounters:
        return self._card.counters

    @property
    def modelled(self) -> ModelledTime:
        return self._clock.modelled

    def transmit(self, apdu: bytes) -> bytes:
        """As the card does, and as late."""
        before = self._card.counters.copy()
        response = self._card.transmit(apdu)
        self._clock.command(self._card.counters.since(before), apdu, response)
        return response

    def idle(self) -> bool:
        """As the card does; a command that comes before a chip would be done waits for the rest."""
        before = self._card.counters.copy()
        worked = self._card.idle()
        if worked:
            self._clock.background(self._card.counters.since(before))
        return worked

    def reset(self) -> None:
        self._card.reset()
        self._clock.power_up()

    def close(self) -> None:
        self._card.close()
