"""What a batch's readers say while they work, and what the clerk is told of it: rate and time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What happened at a reader."""

    ISSUED = "issued"
    FAILED = "failed"
    REJECTED = "rejected"
    """A card that is none for this order; no item was touched."""
    STOPPED = "stopped"
    """The reader works on nothing more in this run."""
    FINISHED = "finished"
    """The reader has no more cards, or the order no more items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``words`` and ``hint`` hold nothing of a resident but the record number."""

    reader: str
    kind: EventKind
    resident: int | None = None
    seconds: float = 0.0
    words: str = ""
    hint: str = ""


Report = Callable[[Event], None]


class Progress:
    """Counts events and words the line that the clerk sees."""

    def __init__(self, left: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._clock = left, clock
        self._start = clock()
        self.issued = self.failed = 0

    def line(self, event: Event) -> str:
        """One line for one event: what happened, how far it is, how fast it goes, how long it will take."""
        self.issued += event.kind is EventKind.ISSUED
        self.failed += event.kind is EventKind.FAILED
        about = f" resident {event.resident}" if event.resident is not None else ""
        why = f": {event.words}" if event.words else ""
        return f"[{event.reader}]{about} {event.kind.value}{why}{self._pace(event)}"

    @property
    def per_minute(self) -> float:
        """Cards issued in a minute, of this run so far."""
        elapsed = self._clock() - self._start
        return 60 * self.issued / elapsed if elapsed > 0 else 0.0

    def _pace(self, event: Event) -> str:
        if event.kind not in (EventKind.ISSUED, EventKind.FAILED):
            return ""
        ended = self.issued + self.failed
        left = max(self._left - ended, 0)
        elapsed = self._clock() - self._start
        remaining = _duration(left * elapsed / ended)
        return f"  ({ended} of {self._left}, {self.per_minute:.1f} a minute, {remaining} left)"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
