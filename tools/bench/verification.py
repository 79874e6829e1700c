"""Bars 1 and 2: what a verification costs beyond its primitive operations, and what a batch saves.

Ratios only, each within one run: the two sides of a ratio take turns in one process, on presentations that
differ, as those of a till do. So both find the processor as busy and its caches as cold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from time import perf_counter_ns
from typing import Final

from tools.bench.bars import MANY, Bar, Details, Progress, Section
from tools.bench.recording import Primitive, Recording, record
from tools.bench.world import AGE_AND_PSEUDONYM, RP_CONTEXT, World

from mumei.session.channel import Channel
from mumei.terminal.trust import verifier_for
from mumei_core.presentation.verifier import Verified, Verifier

#: (request, wire) octets.
Items = Sequence[tuple[bytes, bytes]]

_ROUNDS: Final = 400
_BATCH_ROUNDS: Final = 15
_RATIO_BAR: Final = 1.25
_BATCH_BAR: Final = 0.75
_MILLION: Final = 1e6


def presentations(world: World) -> Items:
    """MANY answers of the card, age and pseudonym, each to a request of its own."""
    _, connection = world.insert()
    with connection:
        channel = Channel(connection)
        visits = [world.ask(channel, AGE_AND_PSEUDONYM) for _ in range(MANY)]
    return [(found.request, found.wire) for found in visits if found.wire is not None]


def measure(world: World, items: Items, say: Progress) -> Section:
    """Bars 1 and 2."""
    verifier = world.terminal.verifier
    verifier.prepare(RP_CONTEXT)
    say("verifying one by one, against the primitives")
    ratio, alone, details = _against_primitives(world, verifier, items)
    say(f"verifying in batches of {len(items)}")
    batch_ratio, in_batch = _batch(verifier, items)
    return Section(
        bars=(
            Bar(
                what="verify one age + pseudonym presentation, against the sum of its primitives",
                measured=ratio,
                limit=_RATIO_BAR,
            ),
            Bar(
                what=f"verify {len(items)} in a batch, per presentation, against one alone",
                measured=batch_ratio,
                limit=_BATCH_BAR,
            ),
        ),
        details=(
            details,
            Details(
                title="batch",
                said=(
                    f"One of {len(items)} in a batch takes {in_batch:.2f} ms, one alone {alone:.2f} ms. The first"
                    " moves must be rebuilt for each; what a batch shares is Miller loops, final exponentiation and"
                    f" the sums of weighted points. Median ratio of {_BATCH_ROUNDS} turns.",
                ),
            ),
        ),
    )


def _against_primitives(world: World, verifier: Verifier, items: Items) -> tuple[float, float, Details]:
    """(median ratio, median milliseconds alone, the list of primitives)."""
    recordings = [record(_verification(verifier, item)) for item in items]
    counts = _counts(recordings)
    plain = verifier_for(world.parameters)
    plain.verify(*items[0])  # hashes the context to its point, once in a process
    ratios, alone, without_tables = [], [], []
    units: dict[Primitive, list[float]] = {primitive: [] for primitive in counts}
    for turn in range(_ROUNDS):
        # The primitives of another presentation, lest they find their tables in the cache that this one warmed.
        recording = recordings[(turn + len(items) // 2) % len(items)]
        whole = _time(_verification(verifier, items[turn % len(items)]))
        parts = {primitive: _time_all(recording[primitive]) for primitive in counts}
        ratios.append(whole / sum(parts.values()))
        alone.append(whole)
        for primitive, taken in parts.items():
            units[primitive].append(taken / counts[primitive])
        if turn % 4 == 0:
            without_tables.append(_time(_verification(plain, items[turn % len(items)])))
    unit = {primitive: median(values) for primitive, values in units.items()}
    total = sum(unit[primitive] * count for primitive, count in counts.items())
    rows = [
        (str(primitive), str(count), f"{unit[primitive] / 1e3:.1f}", f"{unit[primitive] * count / 1e3:.0f}")
        for primitive, count in counts.items()
    ]
    milliseconds = median(alone) / _MILLION
    details = Details(
        title="primitives of one verification, age + pseudonym",
        columns=("primitive", "count", "us each", "us"),
        rows=[*rows, ("sum", "", "", f"{total / 1e3:.0f}")],
        said=(
            f"The verification takes {milliseconds:.2f} ms; ratio {median(ratios):.3f}, median of {_ROUNDS} turns"
            " of one verification and one of its primitives. Counts come from watching real verifications.",
            f"Without tables (a process that verifies once) it takes {median(without_tables) / _MILLION:.2f} ms;"
            f" filling them takes {_preparation(world):.0f} ms once.",
        ),
    )
    return median(ratios), milliseconds, details


def _counts(recordings: Sequence[Recording]) -> dict[Primitive, int]:
    """How often each primitive occurs; the same in every verification of a kind."""
    counts = [{p: len(found) for p, found in recording.items() if found} for recording in recordings]
    if any(other != counts[0] for other in counts):
        raise RuntimeError("two verifications of the same kind did different work")
    return counts[0]


def _batch(verifier: Verifier, items: Items) -> tuple[float, float]:
    """(median ratio, median milliseconds per presentation in the batch)."""
    ratios, times = [], []
    for _ in range(_BATCH_ROUNDS):
        alone = _time_all([_verification(verifier, item) for item in items])
        together = _time(lambda: _verify_batch(verifier, items))
        ratios.append(together / alone)
        times.append(together / len(items))
    return median(ratios), median(times) / _MILLION


def _verify_batch(verifier: Verifier, items: Items) -> None:
    if not all(isinstance(outcome, Verified) for outcome in verifier.verify_batch(items)):
        raise RuntimeError("a presentation of the batch was refused")


def _preparation(world: World) -> float:
    """Milliseconds that filling the tables takes."""
    verifiers = [verifier_for(world.parameters) for _ in range(5)]
    return median(_time(partial(verifier.prepare, RP_CONTEXT)) for verifier in verifiers) / _MILLION


def _verification(verifier: Verifier, item: tuple[bytes, bytes]) -> Callable[[], Verified]:
    request, wire = item
    return lambda: verifier.verify(request, wire)


def _time(operation: Callable[[], object]) -> int:
    """Nanoseconds of one operation."""
    begin = perf_counter_ns()
    operation()
    return perf_counter_ns() - begin


def _time_all(operations: Sequence[Callable[[], object]]) -> int:
    """Nanoseconds of all, one after the other."""
    begin = perf_counter_ns()
    for operation in operations:
        operation()
    return perf_counter_ns() - begin
