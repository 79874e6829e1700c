"""Revocation lists: making them against plain multiplications, and a list of a million cards at a terminal.

List generation is measured on all cores at once, turn by turn with the multiplications it is held against, so both
meet the machine in the same state. The bar is at least 0.9 of cores x multiplications a second; printed is its
inverse, for bars here are upper ones.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from tools.bench.bars import Bar, Details, Progress, Section
from tools.revocation_costs import POINTS, evaluation_block, multiplication

from mumei.revocation.lists import ENTRY_LENGTH, ListName, RevocationList
from mumei.trustee.blocks import Block, evaluate_block
from mumei.trustee.engine import available_cores
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import epoch_of

_RATIO_BAR: Final = 1 / 0.9
_MEMORY_BAR: Final = 1.10
_LOOK_UP_BAR: Final = 20.0
_LIST_BAR: Final = 40.0
_LOAD_BAR: Final = 2.0
_HANDLES: Final = 256
_TURNS: Final = 1
_MULTIPLICATIONS: Final = 16_000
_REVOKED: Final = 1_000_000
_DAY: Final = 53_652
_BLOCKS: Final = (3, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a new process says of a list: see :mod:`tools.bench.loading_process`."""

    load_seconds: float
    megabytes: float
    look_up_hit: float
    look_up_miss: float
    wrong: int


def measure(say: Progress) -> Section:
    """Four bars, and memory with growing work."""
    cores = available_cores()
    say(f"making revocation lists on {cores} cores, against plain multiplications")
    ratio, rate, plain = _generation(cores)
    say("making more of them, for the memory")
    small, large = (_memory(blocks) for blocks in _BLOCKS)
    say(f"a list of {_REVOKED:,} cards")
    loaded = _list()
    return Section(
        bars=(
            Bar(
                what="list generation: time of a product with proof, all cores, against cores x multiplications",
                measured=ratio,
                limit=round(_RATIO_BAR, 3),
            ),
            Bar(
                what=f"memory of list generation, {_BLOCKS[1]} blocks against {_BLOCKS[0]}",
                measured=large / small,
                limit=_MEMORY_BAR,
            ),
            Bar(
                what=f"look-up among {_REVOKED:,} revoked cards",
                measured=max(loaded.look_up_hit, loaded.look_up_miss),
                limit=_LOOK_UP_BAR,
                unit="us",
                strict=True,
            ),
            Bar(
                what="that list in memory", measured=loaded.megabytes, limit=_LIST_BAR, unit="MB", strict=True
            ),
            Bar(what="loading it", measured=loaded.load_seconds, limit=_LOAD_BAR, unit="s", strict=True),
            Bar(what="revoked cards that the look-up lets pass", measured=loaded.wrong, limit=0, digits=0),
        ),
        details=(
            Details(
                title="revocation lists",
                said=(
                    f"{cores} processes make {rate:,.0f} products a second with their proofs, and"
                    f" {plain:,.0f} plain multiplications: {rate / plain:.2f} of them. Blocks of {_HANDLES}"
                    f" handles at {len(POINTS):,} points with a table for each point; larger blocks are faster.",
                    f"A process that makes lists holds {small:.0f} MB after {_BLOCKS[0]} blocks and {large:.0f} MB"
                    f" after {_BLOCKS[1]}: memory does not grow with the work.",
                    f"The list of {_REVOKED:,} cards: signature, digest and order checked and the table built in"
                    f" {loaded.load_seconds:.2f} s; a card that is on it is found in {loaded.look_up_hit:.1f} us,"
                    f" one that is not in {loaded.look_up_miss:.1f} us. The answer is exact; that another card's"
                    " token begins as one on the list does, in its first 16 octets, has a probability below 1e-31.",
                    "What a nation's lists cost: python -m tools.revocation_plan.",
                ),
            ),
        ),
    )


def _generation(cores: int) -> tuple[float, float, float]:
    """(median ratio, products a second, multiplications a second), both on all cores."""
    blocks = [evaluation_block(_HANDLES, 1) for _ in range(cores)]
    ratios, rates, plains = [], [], []
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_warm_up, range(cores)))
        for _ in range(_TURNS):
            plain = _rate(pool, cores, cores * _MULTIPLICATIONS)
            begin = perf_counter()
            list(pool.map(_evaluate, blocks))
            rate = sum(block.multiplications for block in blocks) / (perf_counter() - begin)
            # Before and after, for neighbours come and go.
            plain = (plain + _rate(pool, cores, cores * _MULTIPLICATIONS)) / 2
            ratios.append(plain / rate)
            rates.append(rate)
            plains.append(plain)
    return median(ratios), median(rates), median(plains)


def _rate(pool: ProcessPoolExecutor, cores: int, count: int) -> float:
    begin = perf_counter()
    list(pool.map(multiplication, [count // cores] * cores))
    return count / (perf_counter() - begin)


def _warm_up(_number: int) -> None:
    POINTS.points()
    multiplication(10)


def _evaluate(block: Block) -> int:
    return len(evaluate_block(block))


def _memory(blocks: int) -> float:
    finished = _run("tools.bench.generating_process", str(blocks))
    return float(json.loads(finished))


def _list() -> Loaded:
    key = SigningKey.generate()
    entries = [_entry() for _ in range(_REVOKED)]
    name = ListName.of_slot(epoch_of(_DAY), 0, 0)
    made = RevocationList.make(name, entries, number=1, day=_DAY, key=key)
    with tempfile.TemporaryDirectory(prefix="mumei-bench-list-") as folder:
        file = Path(folder) / "a.list"
        file.write_bytes(made.to_octets())
        del entries, made
        return Loaded(**json.loads(_run("tools.bench.loading_process", str(file), key.point.hex())))


def _entry() -> bytes:
    """The first octets of a compressed point: three bits of flags, then a number below the prime."""
    octets = os.urandom(ENTRY_LENGTH)
    return bytes([0x80 | octets[0] & 0x20 | secrets.randbelow(0x1A)]) + octets[1:]


def _run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
