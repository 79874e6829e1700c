"""The audit: drives all cards on all processors, puts every observer to work, and collects what they found."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from tools.linkage_audit.databases import JoinReport, join
from tools.linkage_audit.driver import CardDriver, Script
from tools.linkage_audit.features import FeaturesReport, look_at_features
from tools.linkage_audit.findings import Finding
from tools.linkage_audit.knowledge import KnowledgeReport, look_for_knowledge
from tools.linkage_audit.observation import CardTrace
from tools.linkage_audit.parties import RelyingParty, relying_parties
from tools.linkage_audit.planted import PLANTS, maker
from tools.linkage_audit.population import World, issue_cards, make_world
from tools.linkage_audit.profiles import WAYS
from tools.linkage_audit.strings import (
    StringsReport,
    look_across_parties,
    look_at_columns,
    look_within_parties,
    recurring_private,
    varying_steps,
)

#: Cards that are asked for all instructions, classes and data objects of one octet, and, in the full form, for
#: all 65,536 data objects. What tells cards apart shows on a few.
LONG_BATTERY_CARDS: Final = 4
EVERY_OBJECT_CARDS: Final = 2
_TASKS_PER_WORKER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is driven. ``every_object``: ask a few cards for all data objects there can be."""

    cards: int
    parties: int
    visits: int
    every_object: bool = False


FULL: Final = Size(cards=200, parties=5, visits=3, every_object=True)
SMALL: Final = Size(cards=12, parties=3, visits=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """``plant``: None for the product's own card. ``control``: (pairs of card and party with a pseudonym,
    those where it was recognised): the method sees what does come back.
    """

    plant: str | None
    way: str
    size: Size
    today: date
    parties: tuple[RelyingParty, ...]
    exchanges: int
    octets: int
    presentations: int
    varying_steps: int
    strings: tuple[StringsReport, ...]
    features: FeaturesReport
    knowledge: KnowledgeReport
    joins: JoinReport
    columns: tuple[Finding, ...]
    control: tuple[int, int]
    seconds: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of all observers."""
        return (
            *self.features.findings,
            *(finding for report in self.strings for finding in report.findings),
            *self.columns,
            *self.knowledge.findings,
            *self.joins.findings,
        )


def run_audit(
    size: Size, *, way: str, today: date, seed: int = 1, plant: str | None = None, jobs: int | None = None
) -> AuditResult:
    """Drive ``size.cards`` cards and look. ``jobs``: processes, by default one per processor; 1 is this one."""
    started = time.monotonic()
    chosen = WAYS[way]()
    world = make_world(chosen, seed=seed, today=today)
    script = Script(parties=relying_parties(size.parties), visits=size.visits)
    traces = _drive(world, script, size, plant, jobs or os.cpu_count() or 1)
    steps = frozenset(step for step in varying_steps(traces) if not chosen.may_tell_its_number(step))
    rows = [row for trace in traces for row in trace.rows]
    within, across, features, knowledge, columns = _look(
        jobs or os.cpu_count() or 1,
        (look_within_parties, traces, steps),
        (look_across_parties, traces, steps),
        (look_at_features, traces, chosen),
        (look_for_knowledge, traces, steps),
        (look_at_columns, traces, steps),
    )
    return AuditResult(
        plant=plant,
        way=way,
        size=size,
        today=today,
        parties=script.parties,
        exchanges=sum(trace.exchanges for trace in traces),
        octets=sum(trace.octets for trace in traces),
        presentations=sum(trace.presentations for trace in traces),
        varying_steps=len(steps),
        strings=(within, across),
        features=features,
        knowledge=knowledge,
        joins=join(rows),
        columns=columns,
        control=recurring_private(traces),
        seconds=time.monotonic() - started,
    )


def _look(jobs: int, *looks: tuple[Any, ...]) -> list[Any]:
    """Each look, a function and its arguments, side by side; the dearest first."""
    if jobs == 1:
        return [function(*arguments) for function, *arguments in looks]
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        return [future.result() for future in [pool.submit(*look) for look in looks]]


def run_plants(
    size: Size, *, way: str, today: date, names: Sequence[str] = tuple(PLANTS)
) -> list[AuditResult]:
    """The audit of each leaky card."""
    return [run_audit(size, way=way, today=today, plant=name) for name in names]


def _drive(world: World, script: Script, size: Size, plant: str | None, jobs: int) -> list[CardTrace]:
    with tempfile.TemporaryDirectory(prefix="mumei-audit-") as folder:
        chunks = _chunks(size.cards, jobs)
        arguments = [(world, script, chunk, size.every_object, plant, Path(folder)) for chunk in chunks]
        if jobs == 1 or len(chunks) == 1:
            return [trace for chunk in arguments for trace in _drive_chunk(*chunk)]
        with ProcessPoolExecutor(max_workers=jobs) as pool:
            futures = [pool.submit(_drive_chunk, *chunk) for chunk in arguments]
            return [trace for future in futures for trace in future.result()]


def _chunks(cards: int, jobs: int) -> list[range]:
    """Ranges of cards, a few per process."""
    length = max(1, -(-cards // (jobs * _TASKS_PER_WORKER)))
    return [range(start, min(start + length, cards)) for start in range(0, cards, length)]


def _drive_chunk(
    world: World, script: Script, numbers: range, every_object: bool, plant: str | None, folder: Path
) -> list[CardTrace]:
    make = maker(plant)
    traces = []
    for card in issue_cards(world, numbers, folder):
        own = replace(
            script,
            long_battery=card.number < LONG_BATTERY_CARDS,
            every_data_object=every_object and card.number < EVERY_OBJECT_CARDS,
        )
        traces.append(CardDriver(world, own, card, make).run())
    return traces
