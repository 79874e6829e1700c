"""Targets with defects planted in them, for the drivers to find."""

from __future__ import annotations

from typing import Final

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import Runner, Target
from tools.fuzz.world import World

_LEAK: Final = 600


def _make(world: World, stopwatch: Stopwatch) -> Runner:
    del world, stopwatch
    kept: list[bytes] = []
    hung: list[bool] = []

    def run(octets: bytes) -> int:
        kept.append(octets + bytes(_LEAK))
        match octets[:1]:
            case b"E":
                raise ValueError("out of a parser")
            case b"R":
                raise Violation("round trip", "accepted octets are encoded to others")
            case b"H" if not hung:
                hung.append(True)
                while True:
                    pass
        return 1

    return run


def _seeds(world: World) -> list[bytes]:
    del world
    return [b"ABC", b"good"]


TARGETS: Final = {
    "planted": Target(
        name="planted",
        about="raises, hangs, writes back wrongly, leaks",
        make=_make,
        seeds=_seeds,
        max_octets=64,
    )
}
FOUND: Final = {"exception", "round trip", "hang", "memory"}
