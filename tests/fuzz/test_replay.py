"""What fuzzing has found once stays mended, and what it has reached stays within the oracles."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cbor2
import pytest
from tools.fuzz.catalogue import TARGETS
from tools.fuzz.oracles import Stopwatch, judge
from tools.fuzz.world import World

HERE: Final = Path(__file__).parent
REGRESSIONS: Final = sorted((HERE / "regressions").glob("*.bin"))
CORPUS: Final = sorted((HERE / "corpus").glob("*.cbor"))


def target_of(path: Path) -> str:
    """Files are called after their target: ``trust-e3b0c44298fc.bin``, ``trust.cbor``."""
    return path.stem.rsplit("-", 1)[0] if path.suffix == ".bin" else path.stem


def run(name: str, inputs: list[bytes], made: World) -> None:
    stopwatch = Stopwatch()
    runner = TARGETS[name].make(made, stopwatch)
    with stopwatch.armed():
        for octets in inputs:
            stopwatch.begin()
            _, finding = judge(runner, octets)
            stopwatch.end()
            assert finding is None, f"{name}: {finding}: {octets.hex()}"


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_regression(path: Path, made: World) -> None:
    run(target_of(path), [path.read_bytes()], made)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_corpus(path: Path, made: World) -> None:
    run(target_of(path), cbor2.loads(path.read_bytes()), made)


def test_there_are_regressions_and_a_corpus_for_every_parser() -> None:
    assert REGRESSIONS
    parsers = {name for name, target in TARGETS.items() if target.unit != "APDU"}
    assert parsers <= {target_of(path) for path in CORPUS}
