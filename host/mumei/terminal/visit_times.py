"""Where the time of a visit went: card and the way to it, the terminal itself, the holder (project 3.3, 2.6).

The wall clock cannot tell the card from the way to it. A simulated card that imitates a chip says what that would
have taken; such figures are a model and are marked so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import ParamSpec, TypeVar

from mumei.terminal.phases import Phase, phase_of
from mumei.terminal.verdict import Verdict
from mumei.transport.base import CardConnection
from mumei.transport.watched import Exchange, Now, WatchedConnection

P = ParamSpec("P")
R = TypeVar("R")

_MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTime:
    """One phase. Octets are those of whole APDUs, protected as they went; times are milliseconds.

    ``card_ms``: from command to response by the wall clock, card and way. ``own_ms``: what the terminal did before
    its commands. ``model_card_ms``, ``model_link_ms``: of the chip that a simulated card imitates, else None.
    """

    phase: Phase
    exchanges: int
    sent: int
    received: int
    card_ms: float
    own_ms: float
    model_card_ms: float | None = None
    model_link_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitTimes:
    """All phases of a visit, those that did not occur left out.

    ``holder_ms``: waiting for the holder, in no phase. ``model``: name of the imitated chip's profile, or None;
    ``model_idle_ms``: what that chip would have worked while no command waited for it; ``model_unknown``: what it
    did and nobody published a figure for, so that it is in none of the times.
    """

    phases: tuple[PhaseTime, ...]
    holder_ms: float
    model: str | None = None
    model_idle_ms: float | None = None
    model_unknown: tuple[str, ...] = ()

    def text(self) -> str:
        """A table, its sums, and what its figures are."""
        head = ["phase", "exchanges", "sent", "received", "card and way ms", "own ms"]
        if self.model is not None:
            head += ["MODEL card ms", "MODEL link ms"]
        rows = [head, *(self._cells(found.phase, [found]) for found in self.phases)]
        rows.append(self._cells("all of it", self.phases))
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0])]
                + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            )
            for row in rows
        ]
        if self.holder_ms:
            lines.append(f"The holder took {self.holder_ms:.0f} ms more.")
        if self.model is not None:
            idle = (
                ""
                if not self.model_idle_ms
                else f" It worked {self.model_idle_ms:.0f} ms while nobody waited."
            )
            lines.append(f"MODEL: what chip and link {self.model} would have taken; not a measurement.{idle}")
            if self.model_unknown:
                lines.append(
                    f"Not in the MODEL, for nobody published a figure: {', '.join(self.model_unknown)}."
                )
        return "\n".join(lines)

    def _cells(self, name: str, found: Sequence[PhaseTime]) -> list[str]:
        cells = [
            name,
            *(str(sum(getattr(each, what) for each in found)) for what in ("exchanges", "sent", "received")),
            f"{sum(each.card_ms for each in found):.1f}",
            f"{sum(each.own_ms for each in found):.1f}",
        ]
        if self.model is not None:
            cells += [
                f"{sum(each.model_card_ms or 0.0 for each in found):.1f}",
                f"{sum(each.model_link_ms or 0.0 for each in found):.1f}",
            ]
        return cells


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedVerdict(Verdict):
    """A verdict, and where the time went; as JSON, all of the verdict's fields and ``times``."""

    times: VisitTimes

    @classmethod
    def of(cls, verdict: Verdict, times: VisitTimes) -> TimedVerdict:
        return cls(**{field.name: getattr(verdict, field.name) for field in fields(verdict)}, times=times)

    def text(self) -> str:
        return f"{Verdict.text(self)}\n\n{self.times.text()}"


class Stopwatch:
    """Times one visit. Made before the reader is opened; then :meth:`over`, and at the end :meth:`stop`."""

    def __init__(self, now: Now = time.monotonic_ns) -> None:
        self._now = now
        self._begin = now()
        self._holder: list[tuple[int, int]] = []
        self._connection: WatchedConnection | None = None
        self._opened = self._begin

    def over(self, connection: CardConnection) -> WatchedConnection:
        """The connection to use instead, once the reader holds the card."""
        self._opened = self._now()
        self._connection = WatchedConnection(connection, now=self._now)
        return self._connection

    def aside(self, ask: Callable[P, R]) -> Callable[P, R]:
        """``ask``, whose time is the holder's."""

        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            begin = self._now()
            try:
                return ask(*args, **kwargs)
            finally:
                self._holder.append((begin, self._now()))

        return asked

    def stop(self) -> VisitTimes:
        """The times, now that the verdict is there."""
        end = self._now()
        assert self._connection is not None, "no reader was opened"  # noqa: S101 - a defect of the caller
        exchanges = self._connection.exchanges
        before, ready = Phase.SELECT, self._opened
        found: dict[Phase, list[tuple[Exchange, int]]] = {}
        for exchange in exchanges:
            before = phase_of(exchange.ins, exchange.p1, before)
            found.setdefault(before, []).append((exchange, self._own(ready, exchange.begin)))
            ready = exchange.end
        model = self._connection.modelled
        return VisitTimes(
            phases=(
                _without_exchanges(Phase.READER, self._own(self._begin, self._opened)),
                *(_phase_time(phase, found[phase]) for phase in Phase if phase in found),
                _without_exchanges(Phase.VERIFICATION, self._own(ready, end)),
            ),
            holder_ms=sum(stop - start for start, stop in self._holder) / _MILLION,
            model=model.profile if model else None,
            model_idle_ms=model.idle_ms if model else None,
            model_unknown=model.unknown if model else (),
        )

    def _own(self, begin: int, end: int) -> int:
        """Nanoseconds between, less what the holder took of them."""
        return end - begin - sum(stop - start for start, stop in self._holder if begin <= start < end)


def _without_exchanges(phase: Phase, own: int) -> PhaseTime:
    return PhaseTime(phase=phase, exchanges=0, sent=0, received=0, card_ms=0.0, own_ms=own / _MILLION)


def _phase_time(phase: Phase, found: Sequence[tuple[Exchange, int]]) -> PhaseTime:
    exchanges = [exchange for exchange, _ in found]
    modelled = all(exchange.model_card_ms is not None for exchange in exchanges)
    return PhaseTime(
        phase=phase,
        exchanges=len(exchanges),
        sent=sum(exchange.sent for exchange in exchanges),
        received=sum(exchange.received for exchange in exchanges),
        card_ms=sum(exchange.end - exchange.begin for exchange in exchanges) / _MILLION,
        own_ms=sum(own for _, own in found) / _MILLION,
        model_card_ms=sum(exchange.model_card_ms or 0.0 for exchange in exchanges) if modelled else None,
        model_link_ms=sum(exchange.model_link_ms or 0.0 for exchange in exchanges) if modelled else None,
    )
