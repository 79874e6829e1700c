"""Bar 5: an age check over a real pcscd, from the answer to SELECT to the verdict, taken apart.

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
from typing import Final

from tools import pcscd_runner
from tools.bench.bars import MANY, Bar, Details, Progress, Section
from tools.bench.timed_card import times_file
from tools.bench.world import AGE_AND_PSEUDONYM, AGE_ONLY, RP_CONTEXT, Exchange, WatchedConnection, World
from tools.pcscd_runner import FIRST_READER, Pcscd, ServedCard

from mumei.session.channel import Channel
from mumei.terminal.question import Question
from mumei.transport import pcsc

_WHOLE_BAR: Final = 30.0
_TRANSPORT_BAR: Final = 5.0
_WARM_UP: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """One visit: its exchanges from SELECT on, by number, and when the verdict was there."""

    exchanges: Sequence[Exchange]
    first: int
    verdict: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Milliseconds after SELECT."""

    whole: float
    host: float
    card: float
    transport: float


def measure(world: World, say: Progress) -> Section:
    """Bar 5."""
    say("starting pcscd with a virtual reader (waits for test runs that use one)")
    with pcscd_runner.exclusive():
        reason = pcscd_runner.missing()
        if reason:
            return Section(bars=_bars(None, reason), details=())
        with _card_in_reader(world) as connection:
            say(f"visiting {MANY} times, age only and age + pseudonym, through pcscd")
            world.terminal.verifier.prepare(RP_CONTEXT)
            age = _visits(world, connection, AGE_ONLY)
            both = _visits(world, connection, AGE_AND_PSEUDONYM)
    card_times = [(begin, end) for begin, end in json.loads(times_file(world.card_file).read_text())]
    splits = [_median(_split(visits, card_times)) for visits in (age, both)]
    return Section(bars=_bars(splits[0], ""), details=(_details(splits),))


@contextmanager
def _card_in_reader(world: World) -> Iterator[WatchedConnection]:
    folder = world.folder / "pcscd"
    folder.mkdir()
    service = Pcscd(folder)
    try:
        service.start()
        served = ServedCard(
            world.card_file, port=service.port, reader=FIRST_READER, program=("-m", "tools.bench.timed_card")
        )
        try:
            with WatchedConnection(pcsc.open_reader(FIRST_READER)) as connection:
                yield connection
        finally:
            served.take_out()
    finally:
        service.stop()


def _visits(world: World, connection: WatchedConnection, question: Question) -> list[Visited]:
    channel = Channel(connection)
    visits = []
    for _ in range(_WARM_UP + MANY):
        first = len(connection.exchanges)
        world.ask(channel, question)
        visits.append(Visited(exchanges=connection.exchanges[first:], first=first, verdict=monotonic_ns()))
    return visits[_WARM_UP:]


def _split(visits: Sequence[Visited], card_times: Sequence[tuple[int, int]]) -> list[Split]:
    """Take each visit apart. The first exchange of a visit is SELECT, and is left out."""
    splits = []
    for visit in visits:
        select, *rest = visit.exchanges
        own = card_times[visit.first + 1 : visit.first + len(visit.exchanges)]
        for exchange, (begin, end) in zip(rest, own, strict=True):
            if not exchange.begin <= begin <= end <= exchange.end:
                raise RuntimeError("the card's clock and the terminal's do not fit together")
        whole = visit.verdict - select.end
        round_trips = sum(exchange.end - exchange.begin for exchange in rest)
        card = sum(end - begin for begin, end in own)
        splits.append(
            Split(
                whole=whole / 1e6,
                host=(whole - round_trips) / 1e6,
                card=card / 1e6,
                transport=(round_trips - card) / 1e6,
            )
        )
    return splits


def _median(splits: Sequence[Split]) -> Split:
    return Split(
        whole=median(split.whole for split in splits),
        host=median(split.host for split in splits),
        card=median(split.card for split in splits),
        transport=median(split.transport for split in splits),
    )


def _bars(split: Split | None, note: str) -> tuple[Bar, ...]:
    return (
        Bar(
            what="age check through pcscd after SELECT, all processes",
            measured=split.whole if split else None,
            limit=_WHOLE_BAR,
            unit="ms",
            digits=1,
            strict=True,
            note=note,
        ),
        Bar(
            what="of which APDU transport",
            measured=split.transport if split else None,
            limit=_TRANSPORT_BAR,
            unit="ms",
            digits=1,
            strict=True,
            note=note,
        ),
    )


def _details(splits: Sequence[Split]) -> Details:
    return Details(
        title=f"age check through a real pcscd, milliseconds after SELECT, medians of {MANY}",
        columns=("visit", "whole", "terminal", "card", "transport"),
        rows=[
            (name, f"{split.whole:.1f}", f"{split.host:.1f}", f"{split.card:.1f}", f"{split.transport:.1f}")
            for name, split in zip(("age only", "age + pseudonym"), splits, strict=True)
        ],
        said=(
            "Whole: from the answer to SELECT to the verdict, by the wall clock, whichever process works. Terminal:"
            " outside exchanges (tables filled). Card: inside its process from command to answer, writing memory to"
            " disk included. Transport: round trips less the card's part. A median each, so they need not add up.",
        ),
    )
