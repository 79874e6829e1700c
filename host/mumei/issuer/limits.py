"""Limits of the issuer's service: how fast an office may ask, how many signatures are made at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from mumei.issuer.issuance import IssuanceRefused, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``concurrent``: signatures made at the same time; ``waiting``: requests that wait for their turn.

    ``seconds``: from a whole request to its answer; ``burst`` and ``per_second``: requests of one office, repeated
    ones too (new signatures have the certificate's own limit besides); ``connections``: open at the same time;
    ``stop_seconds``: for what is being signed when the service is told to stop.
    """

    concurrent: int = 4
    waiting: int = 64
    seconds: float = 20.0
    burst: int = 60
    per_second: float = 20.0
    connections: int = 256
    stop_seconds: int = 15


class TooManyError(IssuanceRefused):
    """An office asks more than it may. ``after``: seconds until it may ask again."""

    def __init__(self, message: str, *, after: float) -> None:
        minutes = round(after / 60)
        wait = f"{minutes} minutes" if minutes > 1 else f"{max(1, round(after))} seconds"
        super().__init__(Reason.BUSY, message, hint=f"Try again in {wait}; nothing was signed.")
        self.after = after


class Pace:
    """A token bucket for each office."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, office: str) -> None:
        """Raises TooManyError where the office's bucket is empty."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.get(office, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + (now - since) * self._per_second)
            allowed = tokens >= 1
            self._buckets[office] = (tokens - 1 if allowed else tokens, now)
        if not allowed:
            raise TooManyError(
                "the office sends requests faster than it may", after=(1 - tokens) / self._per_second
            )
