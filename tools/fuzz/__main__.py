"""``python -m tools.fuzz``: fuzz everything, or the targets named, and print what it went through."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.fuzz.campaign import Campaign, Plan
from tools.fuzz.catalogue import TARGETS
from tools.fuzz.oracles import Stopwatch, judge
from tools.fuzz.report import Report
from tools.fuzz.worker import GUIDED, MUTATIONAL, guided_is_there
from tools.fuzz.world import FILE_NAME, World

_PROCESSES: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where no oracle has bitten, 1 where one has, 2 for a target that is not known."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz",
        description="Fuzzes parsers, protocols and the whole card. Without --seconds or --inputs every target runs"
        " until its bar.",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="one of --list; without any, all")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float, default=0.0, help="for all targets together, at most")
    limit.add_argument(
        "--inputs", type=int, default=0, help="inputs or APDUs of each target, however long it takes"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed makes the same inputs (default: 1)"
    )
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="keep and reuse what reaches new code")
    parser.add_argument("--processes", type=int, default=_PROCESSES, help=f"default: {_PROCESSES}")
    parser.add_argument("--mutational", action="store_true", help="without coverage, though atheris is there")
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--list", action="store_true", help="what can be fuzzed")
    parser.add_argument("--input", type=Path, metavar="FILE", help="run this one input of one TARGET again")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if options.list:
        print("\n".join(f"{target.name:24} {target.about}" for target in TARGETS.values()))
        return 0
    if options.input is not None:
        if len(options.targets) != 1:
            parser.error("--input goes with one target")
        return _repeat(options.targets[0], options.input)
    plan = Plan(
        driver=GUIDED if guided_is_there() and not options.mutational else MUTATIONAL,
        processes=max(options.processes, 1),
        seed=options.seed,
        units=options.inputs,
        seconds=options.seconds,
    )
    folder = options.corpus or Path(tempfile.mkdtemp(prefix="mumei-fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    report = fuzz(options.targets or list(TARGETS), plan, folder)
    print(report.json() if options.json else report.text())
    return 0 if report.holds else 1


def fuzz(names: Sequence[str], plan: Plan, folder: Path) -> Report:
    """One run over the targets ``names``."""
    _say(f"making cards and good messages; everything found will be in {folder}")
    began = time.monotonic()
    campaign = Campaign([TARGETS[name] for name in names], plan, folder, say=_say)
    results = campaign.run(_new_world())
    return Report(
        results=results,
        driver=plan.driver,
        seed=plan.seed,
        processes=plan.processes,
        seconds=time.monotonic() - began,
    )


def _repeat(name: str, path: Path) -> int:
    """Run one input in the world that it was found in, if that lies beside it or above; else in a new one."""
    folders = [folder for folder in path.resolve().parents if (folder / FILE_NAME).exists()]
    world = World.load(folders[0]) if folders else _new_world()
    stopwatch = Stopwatch()
    run = TARGETS[name].make(world, stopwatch)
    with stopwatch.armed():
        stopwatch.begin()
        units, finding = judge(run, path.read_bytes())
        stopwatch.end()
    if finding is None:
        print(f"{name}: nothing found in {units} {TARGETS[name].unit}s")
        return 0
    print(f"{name}: {finding.oracle}: {finding.message}")
    return 1


def _new_world() -> World:
    # Only a run needs the tests' actors, which make keys and cards when they are imported.
    from tools.fuzz.samples import build

    return build()


def _say(doing: str) -> None:
    print(f"fuzz: {doing}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
