"""How fast the software card is itself: a whole session in process, and the memory of many cards open at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Final

from tools.bench.bars import Bar, Details, Progress, Section
from tools.bench.world import AGE_ONLY, RP_CONTEXT, World

from mumei.session.channel import Channel
from mumei.terminal.phases import Phase
from mumei.terminal.visit_times import Stopwatch, VisitTimes
from mumei.transport.simulator import open_simulator

_SESSIONS: Final = 40
_WARM_UP: Final = 3
_SESSION_BAR: Final = 60.0
_CARDS: Final = 1000
_MEMORY_BAR: Final = 400.0
_MILLION: Final = 1e6


def measure(development: World, standard: World, say: Progress) -> Section:
    """Both bars of speed, and the one of memory."""
    say(f"opening a card and asking it, {_SESSIONS} times, in this process")
    worlds = (("development", development), ("standard", standard))
    asked = [(name, sessions(world)) for name, world in worlds]
    say(f"opening {_CARDS} cards at once in a new process")
    before, after = many_cards(standard)
    return Section(
        bars=(
            *(
                Bar(
                    what=f"{name} card: a full session in process, our own time, card and terminal",
                    measured=median(session.own for session in found),
                    limit=_SESSION_BAR,
                    unit="ms",
                    digits=1,
                    strict=True,
                )
                for name, found in asked
            ),
            Bar(
                what=f"memory of a process with {_CARDS:,} cards open at once",
                measured=after,
                limit=_MEMORY_BAR,
                unit="MB",
                digits=0,
                strict=True,
            ),
        ),
        details=(
            Details(
                title=f"a full session in process, milliseconds, medians of {_SESSIONS}",
                columns=("phase", *(name for name, _ in asked)),
                rows=[
                    *(
                        (phase, *(_median([session.part(phase) for session in found]) for _, found in asked))
                        for phase in Phase
                        if any(session.part(phase) for _, found in asked for session in found)
                    ),
                    ("all of it", *(_median([session.clock for session in found]) for _, found in asked)),
                    ("own time", *(_median([session.own for session in found]) for _, found in asked)),
                ],
                said=(
                    "From opening the card file to the verdict, card and terminal in one process, every commit"
                    " flushed to disk; the terminal's tables are filled. Own time: the processor's, without waiting"
                    " for the disk and for other programs. Development: SELECT, EF.ATR/INFO,"
                    " description, PRESENT. Standard: PACE and Terminal Authentication with two certificates in"
                    " between.",
                    f"Memory: {before:.0f} MB with one card, {after:.0f} MB with {_CARDS:,}, each selected, so"
                    f" {1000 * (after - before) / (_CARDS - 1):.0f} kB a card. 1 MB is a million octets.",
                ),
            ),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Milliseconds of the processor, those by the clock, and where these went."""

    own: float
    clock: float
    times: VisitTimes

    def part(self, phase: Phase) -> float | None:
        """By the clock; None where there was no such phase."""
        found = [part.card_ms + part.own_ms for part in self.times.phases if part.phase is phase]
        return sum(found) if found else None


def sessions(world: World, *, count: int = _SESSIONS) -> list[Session]:
    """So many, each from opening the card file to the verdict."""
    world.terminal.verifier.prepare(RP_CONTEXT)
    found = []
    for _ in range(_WARM_UP + count):
        begin, begin_own = perf_counter_ns(), process_time_ns()
        watch = Stopwatch()
        with watch.over(open_simulator(world.card_file)) as connection:
            world.ask(Channel(connection), AGE_ONLY)
            times = watch.stop()
            own, clock = process_time_ns() - begin_own, perf_counter_ns() - begin
            found.append(Session(own=own / _MILLION, clock=clock / _MILLION, times=times))
    return found[_WARM_UP:]


def _median(found: Sequence[float | None]) -> str:
    times = [milliseconds for milliseconds in found if milliseconds is not None]
    return f"{median(times):.1f}" if times else "-"


def many_cards(world: World, *, count: int = _CARDS) -> tuple[float, float]:
    """Megabytes of a new process with one card, and with ``count`` of them, copies of the world's."""
    folder = world.folder / "many"
    folder.mkdir()
    for number in range(count):
        shutil.copyfile(world.card_file, folder / f"{number:04}.card")
    command = [sys.executable, "-m", "tools.bench.many_cards", str(folder)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    shutil.rmtree(folder)
    before, after, opened = json.loads(finished.stdout)
    if opened != count:
        raise RuntimeError(f"{opened} cards were opened instead of {count}")
    return before, after
