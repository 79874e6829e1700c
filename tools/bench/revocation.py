"""Revocation lists: making them against plain multiplications, and a list of a million cards at a terminal.

List generation is held against plain multiplications, before and after it, with all cores busy. The bar is at least
0.9 of cores x multiplications a second; printed is its inverse, for bars here are upper ones. It is a ratio of the
processes' own time: by the clock, which is shown beside it, neighbours on the machine decide.
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
from statistics import mean
from time import perf_counter, process_time
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
    product, plain, rate = _generation(cores)
    say("making more of them, for the memory")
    small, large = (_memory(blocks) for blocks in _BLOCKS)
    say(f"a list of {_REVOKED:,} cards")
    loaded = _list()
    return Section(
        bars=(
            Bar(
                what="list generation, all cores busy: a product with its proof against a multiplication, CPU time",
                measured=product / plain,
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
                    f"With all {cores} cores busy a product with its proof takes {product:.1f} us of a process, a"
                    f" plain multiplication {plain:.1f} us: {plain / product:.2f} of cores x multiplications a"
                    f" second, in CPU time. By the clock, neighbours and all: {rate:,.0f} products a second. Blocks"
                    f" of {_HANDLES} handles at {len(POINTS):,} points, a table for each; whole blocks are faster."
                    " Opening shares and writing files is not in it.",
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
    """(microseconds of a product with its proof, of a plain multiplication, products a second by the clock).

    The first two are the processes' own time with all cores busy: a neighbour who takes turns on the same cores
    makes both wait, not one.
    """
    blocks = [evaluation_block(_HANDLES, 1) for _ in range(cores)]
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_warm_up, range(cores)))
        before = list(pool.map(multiplication, [_MULTIPLICATIONS] * cores))
        begin = perf_counter()
        products = list(pool.map(_evaluate, blocks))
        rate = sum(block.multiplications for block in blocks) / (perf_counter() - begin)
        after = list(pool.map(multiplication, [_MULTIPLICATIONS] * cores))
    return mean(products), mean(before + after), rate


def _warm_up(_number: int) -> None:
    POINTS.points()
    multiplication(10)


def _evaluate(block: Block) -> float:
    begin = process_time()
    evaluate_block(block)
    return (process_time() - begin) * 1e6 / block.multiplications


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
