"""One thing that is fuzzed: how inputs reach it, what a good one looks like, how many it has to survive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from tools.fuzz.oracles import Stopwatch
from tools.fuzz.world import World

#: Inputs that each parser has to survive in a full run.
PARSER_BAR: Final = 1_000_000
#: The same for targets whose inputs are whole runs of a protocol, or files.
PROTOCOL_BAR: Final = 200_000
#: Commands that the card has to survive in a full run, all its targets together.
KERNEL_BAR: Final = 2_000_000

Runner = Callable[[bytes], int]
"""Runs one input and returns how many units it was: 1, or the APDUs in it. Raises what an oracle finds."""

Make = Callable[[World, Stopwatch], Runner]
Seeds = Callable[[World], list[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``bar``: units in a full run; ``share``: of its time, 1 for some 20 seconds of a processor.

    ``max_octets``: of an input. ``likes_long``: what makes an input long also makes it worth its start. ``module``:
    what has to be there, for parts of the project that may be missing.
    """

    name: str
    about: str
    make: Make
    seeds: Seeds
    bar: int = PARSER_BAR
    share: float = 1.0
    max_octets: int = 2048
    unit: str = "input"
    module: str = "mumei_core"
    likes_long: bool = False

    @property
    def is_there(self) -> bool:
        """Whether the project has what this target fuzzes."""
        try:
            return find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False
