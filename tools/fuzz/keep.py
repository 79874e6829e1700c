"""``python -m tools.fuzz.keep DIR``: of the corpus that a run left in DIR, what is worth keeping in the repository.

For each parser the fewest inputs that reach every line which the whole corpus reaches, as ``tests/fuzz/corpus/
TARGET.cbor``, a list of byte strings. The tests run them again each time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

import cbor2
from tools.fuzz.catalogue import TARGETS
from tools.fuzz.oracles import Stopwatch, judge
from tools.fuzz.target import Runner
from tools.fuzz.world import World

KEPT: Final = Path(__file__).parents[2] / "tests" / "fuzz" / "corpus"
#: Of one input; longer ones are left out.
_LONGEST: Final = 2_048
_OURS: Final = ("mumei_core", "mumei_card", "/mumei/")

Lines = frozenset[tuple[str, int]]


def main() -> None:
    """Writes the files; says how many inputs each has."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz.keep")
    parser.add_argument("folder", type=Path, help="what --corpus of a run named")
    folder: Path = parser.parse_args().folder
    world = World.load(folder)
    for name, target in TARGETS.items():
        corpus = folder / name / "corpus"
        if target.unit == "APDU" or not corpus.is_dir():
            continue
        inputs = sorted(
            {path.read_bytes() for path in corpus.iterdir()}, key=lambda octets: (len(octets), octets)
        )
        run = target.make(world, Stopwatch())
        reached = {octets: _lines(run, octets) for octets in inputs if len(octets) <= _LONGEST}
        kept = _fewest(reached)
        (KEPT / f"{name}.cbor").write_bytes(cbor2.dumps(kept))
        print(f"{name}: {len(kept)} of {len(inputs)} inputs, {sum(map(len, kept))} octets")


def _fewest(reached: dict[bytes, Lines]) -> list[bytes]:
    """Greedily: always the input that adds most, the shorter of two."""
    left = set[tuple[str, int]]().union(*reached.values())
    kept = []
    while left:
        best = max(reached, key=lambda octets: (len(reached[octets] & left), -len(octets)))
        kept.append(best)
        left -= reached[best]
    return kept


def _lines(run: Runner, octets: bytes) -> Lines:
    found: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        del argument
        if not any(part in frame.f_code.co_filename for part in _OURS):
            return None
        if event == "line":
            found.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        judge(run, octets)
    finally:
        sys.settrace(None)
    return frozenset(found)


if __name__ == "__main__":
    main()
