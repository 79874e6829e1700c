"""Visits to a card in a reader of a real pcscd, taken apart by the clock.

Three processes take part: the terminal, pcscd, and the card. What the card computes is timed in its own process;
what is left of a round trip is transport: pyscard, pcscd, its virtual reader, two sockets, and the scheduler.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import monotonic_ns
from typing import Final, Self

from tools.bench.bars import MANY
from tools.bench.timed_card import times_file
from tools.bench.world import RP_CONTEXT, WatchedConnection, World
from tools.pcscd_runner import FIRST_READER, Pcscd, ServedCard, wait_until_empty

from mumei.session.channel import Channel
from mumei.terminal.question import Question
from mumei.transport import pcsc
from mumei.transport.watched import Exchange

_WARM_UP: Final = 5
_MILLION: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Milliseconds: by the wall clock, and whose they were."""

    whole: float
    host: float
    card: float
    transport: float

    @classmethod
    def medians(cls, splits: Sequence[Split]) -> Self:
        """A median each, so they need not add up."""
        return cls(
            whole=median(split.whole for split in splits),
            host=median(split.host for split in splits),
            card=median(split.card for split in splits),
            transport=median(split.transport for split in splits),
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """For a table, in the order of the fields."""
        return f"{self.whole:.1f}", f"{self.host:.1f}", f"{self.card:.1f}", f"{self.transport:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One exchange. ``ready``: when the answer before it had come; ``begin``, ``end``: of the card's own work."""

    exchange: Exchange
    ready: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit after SELECT: ``rounds`` from the answer to it on, and ``verdict``, when that was there."""

    rounds: Sequence[Round]
    verdict: int

    def split(self) -> Split:
        """From the answer to SELECT to the verdict."""
        return _split(self.rounds, self.rounds[0].ready, self.verdict)

    def part(self, wanted: Sequence[bool]) -> Split:
        """The rounds that are wanted, each with what the terminal did before it."""
        rounds = [found for found, is_wanted in zip(self.rounds, wanted, strict=True) if is_wanted]
        return _split(rounds, rounds[0].ready, rounds[-1].exchange.end)

    @property
    def verification(self) -> float:
        """Milliseconds from the last answer to the verdict."""
        return (self.verdict - self.rounds[-1].exchange.end) / _MILLION


def _split(rounds: Sequence[Round], begin: int, end: int) -> Split:
    round_trips = sum(found.exchange.end - found.exchange.begin for found in rounds)
    card = sum(found.end - found.begin for found in rounds)
    return Split(
        whole=(end - begin) / _MILLION,
        host=(end - begin - round_trips) / _MILLION,
        card=card / _MILLION,
        transport=(round_trips - card) / _MILLION,
    )


def visits(world: World, service: Pcscd, questions: Sequence[Question]) -> list[list[Visit]]:
    """MANY visits for each question, the terminal's tables filled before."""
    world.terminal.verifier.prepare(RP_CONTEXT)
    with _in_reader(world, service) as connection:
        seen = [_ask_many(world, connection, question) for question in questions]
    card_times = json.loads(times_file(world.card_file).read_text())
    return [[_taken_apart(visit, card_times) for visit in found] for found in seen]


@contextmanager
def _in_reader(world: World, service: Pcscd) -> Iterator[WatchedConnection]:
    served = ServedCard(
        world.card_file, port=service.port, reader=FIRST_READER, program=("-m", "tools.bench.timed_card")
    )
    try:
        with WatchedConnection(pcsc.open_reader(FIRST_READER)) as connection:
            yield connection
    finally:
        served.take_out()
        wait_until_empty(FIRST_READER)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """``first``: the number of the first exchange, counted from when the card came to the reader."""

    exchanges: Sequence[Exchange]
    first: int
    verdict: int


def _ask_many(world: World, connection: WatchedConnection, question: Question) -> list[_Seen]:
    channel = Channel(connection)
    seen = []
    for _ in range(_WARM_UP + MANY):
        first = len(connection.exchanges)
        world.ask(channel, question)
        seen.append(_Seen(exchanges=connection.exchanges[first:], first=first, verdict=monotonic_ns()))
    return seen[_WARM_UP:]


def _taken_apart(seen: _Seen, card_times: Sequence[Sequence[int]]) -> Visit:
    """The first exchange of a visit is SELECT, and is left out."""
    rounds, before = [], seen.exchanges[0]
    for number, exchange in enumerate(seen.exchanges[1:], start=seen.first + 1):
        begin, end = card_times[number]
        if not exchange.begin <= begin <= end <= exchange.end:
            raise RuntimeError("the card's clock and the terminal's do not fit together")
        rounds.append(Round(exchange=exchange, ready=before.end, begin=begin, end=end))
        before = exchange
    return Visit(rounds=rounds, verdict=seen.verdict)
