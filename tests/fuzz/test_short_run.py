"""A short run of every fuzz target, the same inputs each time; ``make fuzz`` is the long one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from tools.fuzz.catalogue import TARGETS
from tools.fuzz.judge import Judge, Limits
from tools.fuzz.mutational import drive
from tools.fuzz.oracles import Stopwatch
from tools.fuzz.target import PARSER_BAR, Target
from tools.fuzz.world import World

#: Inputs of a parser and of a protocol, APDUs of the card: enough for every seed and many changes of each.
INPUTS: Final = 3_000
RUNS: Final = 1_000
APDUS: Final = 5_000


def units(target: Target) -> int:
    if target.unit == "APDU":
        return APDUS
    return INPUTS if target.bar >= PARSER_BAR and target.name != "trace" else RUNS


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, made: World, tmp_path: Path) -> None:
    target, stopwatch = TARGETS[name], Stopwatch()
    judge = Judge(
        name,
        target.make(made, stopwatch),
        stopwatch,
        Limits(units=units(target)),
        tmp_path,
        max_octets=target.max_octets,
    )
    with stopwatch.armed():
        drive(judge, target.seeds(made), seed=1, max_octets=target.max_octets)
    assert judge.figures.units >= units(target)
    assert judge.figures.findings == {}
