"""One target in a process of its own: ``python -m tools.fuzz.worker`` is what a campaign starts.

libFuzzer never returns, and what it instruments it has to import itself: so neither happens in the caller.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tools.fuzz.judge import Judge, Limits
from tools.fuzz.mutational import drive
from tools.fuzz.oracles import Stopwatch
from tools.fuzz.tlv_mutation import mutate_objects
from tools.fuzz.world import World

if TYPE_CHECKING:
    from tools.fuzz.target import Target

GUIDED, MUTATIONAL = "guided", "mutational"
CATALOGUE: Final = "tools.fuzz.catalogue"
_INSTRUMENTED: Final = ["mumei", "mumei_core", "mumei_card"]
#: One mutation in so many keeps the lengths of data objects right.
_OBJECTS_EVERY: Final = 4
_LENGTH_CONTROL: Final = 20
_RSS_LIMIT_MIB: Final = 2048


def guided_is_there() -> bool:
    """Whether atheris is installed: it has wheels for Linux on x86-64 and some versions of Python only."""
    return find_spec("atheris") is not None


def main() -> None:
    """Runs until the limits are reached; figures and findings are in ``--folder`` then."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz.worker")
    parser.add_argument("target")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--units", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--catalogue", default=CATALOGUE, help="the module whose TARGETS has it")
    parser.add_argument("--driver", choices=(GUIDED, MUTATIONAL), required=True)
    options = parser.parse_args()
    world = World.load(options.world)
    guided = options.driver == GUIDED
    target = (_instrumented if guided else _plain)(options.catalogue, options.target)
    stopwatch = Stopwatch()
    judge = Judge(
        target.name,
        target.make(world, stopwatch),
        stopwatch,
        Limits(units=options.units, seconds=options.seconds),
        options.folder,
        max_octets=target.max_octets,
        stop=_leave,
    )
    seeds = [octets for octets in target.seeds(world) if len(octets) <= target.max_octets]
    with stopwatch.armed():
        if guided:
            _drive_guided(judge, target, seeds, options.corpus, options.seed)
        kept = [path.read_bytes() for path in sorted(options.corpus.iterdir())]
        drive(judge, seeds + kept, seed=options.seed, max_octets=target.max_octets)


def _leave() -> None:
    """Out, from wherever in the fuzzer this is: the figures are written."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _plain(catalogue: str, name: str) -> Target:
    found: Target = import_module(catalogue).TARGETS[name]
    return found


def _instrumented(catalogue: str, name: str) -> Target:
    import atheris

    with atheris.instrument_imports(include=_INSTRUMENTED):
        return _plain(catalogue, name)


def _drive_guided(judge: Judge, target: Target, seeds: list[bytes], corpus: Path, seed: int) -> None:
    import atheris

    for number, octets in enumerate(seeds):
        (corpus / f"seed-{number:03}").write_bytes(octets)
    arguments = [
        sys.argv[0],
        f"-max_len={target.max_octets}",
        f"-seed={seed or 1}",
        f"-rss_limit_mb={_RSS_LIMIT_MIB}",
        # Hangs are the stopwatch's business, and the alarm is its signal.
        "-timeout=0",
        "-handle_alrm=0",
        f"-len_control={0 if target.likes_long else _LENGTH_CONTROL}",
        f"-reduce_inputs={int(not target.likes_long)}",
        f"-artifact_prefix={corpus.parent}/",
        str(corpus),
    ]
    draw = random.Random(seed)  # noqa: S311 - inputs to repeat, no secrets

    def mutate(octets: bytes, max_octets: int, number: int) -> bytes:
        del number
        changed = mutate_objects(octets, draw) if draw.randrange(_OBJECTS_EVERY) == 0 else None
        if changed is None or len(changed) > max_octets:
            return bytes(atheris.Mutate(octets, len(octets)))
        return changed

    atheris.Setup(arguments, judge, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
