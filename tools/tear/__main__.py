"""``python -m tools.tear``: cut the power everywhere, and print what was cut and what was left."""

from __future__ import annotations

import argparse
import sys
import time

from tools.bench.machine import Machine
from tools.tear.all import look_for, scenarios
from tools.tear.planted import PLANTS
from tools.tear.report import Report
from tools.tear.sweep import Sweep


def main(arguments: list[str] | None = None) -> int:
    """0 where every invariant held and every planted defect was found, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.tear",
        description="Cuts the card's power at every write of every command that changes its state.",
    )
    parser.add_argument("--short", action="store_true", help="the form that the tests have: under a minute")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--only", metavar="TEXT", default="", help="commands whose name contains this")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    swept = []
    for scenario in scenarios():
        if options.only in scenario.name:
            _say(f"{scenario}")
            swept.append(Sweep(scenario, thorough=not options.short).run())
    missed = []
    for plant in PLANTS.values() if not options.only else ():
        _say(f"planted: {plant.name}")
        if not look_for(plant).violations:
            missed.append(plant.name)
    report = Report(
        machine=Machine.this(),
        form="short form" if options.short else "full form",
        seconds=time.monotonic() - begin,
        processor=time.process_time(),
        swept=swept,
        planted=0 if options.only else len(PLANTS),
        missed=missed,
    )
    print(report.json() if options.json else report.text())
    return 0 if report.holds else 1


def _say(doing: str) -> None:
    print(f"tear: {doing}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
