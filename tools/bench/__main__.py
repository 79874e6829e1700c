"""``python -m tools.bench``: measure every bar in one run and print the table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tools.bench import (
    age_check,
    card,
    channel,
    chip_model,
    importing,
    issuer_service,
    issuing,
    memory,
    revocation,
    simulator_speed,
    standard_world,
    token_path,
    verification,
    world,
)
from tools.bench.machine import Machine
from tools.bench.report import Report

_FORMATS = {"markdown": "the table alone, for a README", "json": "everything, for programs"}


def main() -> int:
    """0 where every bar is met or missed by design, 1 where one is missed or could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description="Measures every bar in one run; exits with 1 if one is missed, other than by design,"
        " or cannot be measured.",
    )
    chosen = parser.add_mutually_exclusive_group()
    for name in _FORMATS:
        chosen.add_argument(
            f"--{name}", dest="format", action="store_const", const=name, default="text", help=_FORMATS[name]
        )
    options = parser.parse_args()
    report = measure()
    print(getattr(report, options.format)())
    return 0 if report.holds else 1


def measure() -> Report:
    """All bars, in about a minute on an idle machine."""
    with tempfile.TemporaryDirectory(prefix="mumei-bench-") as name:
        made = world.build(Path(name), _say)
        standard = standard_world.build(Path(name) / "standard", _say)
        counted = card.measure(made, _say)
        items = verification.presentations(made)
        sections = (
            verification.measure(made, items, _say),
            counted,
            channel.measure(standard, _say),
            token_path.measure(standard, _say),
            age_check.measure(made, standard, _say),
            chip_model.measure(standard, _say),
            issuing.measure(_say),
            issuer_service.measure(_say),
            revocation.measure(_say),
            memory.measure(made, items, _say),
            simulator_speed.measure(made, standard, _say),
            importing.measure(Path(name) / "imports", _say),
        )
    return Report(machine=Machine.this(), day=datetime.now(UTC).date(), sections=sections)


def _say(doing: str) -> None:
    print(f"bench: {doing}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
