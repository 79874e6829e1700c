"""Every oracle finds the defect that it is there for, through both drivers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fuzz import planted
from tools.fuzz.judge import Judge, Limits, read_figures
from tools.fuzz.mutational import drive
from tools.fuzz.oracles import Finding, Stopwatch, judge
from tools.fuzz.target import Target
from tools.fuzz.targets import kernel
from tools.fuzz.targets.codec import canonical, parser, stable, tolerant
from tools.fuzz.worker import GUIDED, MUTATIONAL, guided_is_there
from tools.fuzz.world import World

from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_core.errors import DecodingError, UsageError

ROOT: Final = Path(__file__).parents[2]
#: Enough for the leak to show behind the warm-up.
INPUTS: Final = 60_000
DRIVERS: Final = [MUTATIONAL, *([GUIDED] if guided_is_there() else [])]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_finds_what_is_planted(driver: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    World().save(tmp_path)
    command = [sys.executable, "-m", "tools.fuzz.worker", "planted", "--catalogue=tests.fuzz.planted"]
    command += [f"--folder={tmp_path}", f"--world={tmp_path}", f"--corpus={corpus}"]
    command += [f"--units={INPUTS}", "--seed=1", f"--driver={driver}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    figures = read_figures(tmp_path)
    assert figures is not None, done.stderr
    assert figures.done
    assert {found["oracle"] for found in figures.findings.values()} == planted.FOUND
    for found in figures.findings.values():
        if found["oracle"] != "memory":
            assert Path(found["file"]).read_bytes()[:1] in (b"E", b"H", b"R")


def found_by(target: Target, octets: bytes, made: World) -> Finding | None:
    stopwatch = Stopwatch()
    with stopwatch.armed():
        stopwatch.begin()
        finding = judge(target.make(made, stopwatch), octets)[1]
        stopwatch.end()
    return finding


def refusing(error: type[Exception]) -> Callable[[bytes], bytes]:
    def decode(octets: bytes) -> bytes:
        raise error("no")

    return decode


@pytest.mark.parametrize(
    ("check", "oracle"),
    [
        (tolerant(refusing(DecodingError)), None),
        (tolerant(refusing(UsageError)), "family"),
        (tolerant(refusing(ValueError)), "exception"),
        (tolerant(refusing(KeyError)), "exception"),
        (canonical(bytes, bytes), None),
        (canonical(lambda octets: octets.lstrip(b"\0"), bytes), "round trip"),
        (stable(lambda octets: octets.lstrip(b"\0"), bytes), None),
        (stable(lambda octets: octets[1:], bytes), "round trip"),
    ],
)
def test_a_parser_is_held_to_its_contract(
    check: Callable[[bytes], None], oracle: str | None, made: World
) -> None:
    finding = found_by(parser("planted", "", check), b"\0\1\2", made)
    assert (finding.oracle if finding else None) == oracle


# Defects of the card.


def answering(wrong: Callable[[bytes, bytes], bytes]) -> Callable[[Kernel, bytes], bytes]:
    """A kernel whose answers are changed on their way out."""
    honest = Kernel.transmit

    def transmit(self: Kernel, octets: bytes) -> bytes:
        return wrong(octets, honest(self, octets))

    return transmit


def writing(name: str, values: Iterator[bytes], *, at: bytes = b"\xa4") -> Callable[[Kernel, bytes], bytes]:
    """A kernel that writes a record with every command of an instruction; SELECT begins each input."""
    honest = Kernel.transmit

    def transmit(self: Kernel, octets: bytes) -> bytes:
        answer = honest(self, octets)
        if octets[1:2] == at and self.context.nvm.get(name) is not None:
            self.context.nvm.commit({name: next(values)})
        return answer

    return transmit


def oracles_of(name: str, made: World, folder: Path) -> set[str]:
    target = next(target for target in kernel.TARGETS if target.name == name)
    stopwatch = Stopwatch()
    run = Judge(
        name,
        target.make(made, stopwatch),
        stopwatch,
        Limits(units=3_000),
        folder,
        max_octets=target.max_octets,
    )
    with stopwatch.armed():
        drive(run, target.seeds(made), seed=1, max_octets=target.max_octets)
    return {found["oracle"] for found in run.figures.findings.values()}


def replaced(old: bytes, new: bytes) -> Callable[[bytes, bytes], bytes]:
    return lambda command, answer: answer.replace(old, new) if len(answer) == 2 else answer


@pytest.mark.parametrize(
    ("transmit", "oracle"),
    [
        (answering(replaced(b"\x6a\x82", b"\x6a\x83")), "status word"),
        (answering(replaced(b"\x6d\x00", b"\x6f\x00")), "exception"),
        (answering(replaced(b"\x6a\x86", b"\x01\x6a\x86")), "data"),
        (answering(lambda command, answer: answer[:1]), "status word"),
        (writing("last_date", (day.to_bytes(4) for day in count(90_000))), "memory"),
        (writing("rng_counter", repeat(bytes(8)), at=b"\xb0"), "memory"),
        (answering(lambda command, answer: b"\x6a\x80" if command[1:2] == b"\x34" else answer), "presents"),
    ],
    ids=[
        "undocumented status word",
        "exception inside",
        "data beside an error",
        "no status word",
        "a record written by the way",
        "a counter put back",
        "presents no more",
    ],
)
def test_a_defect_of_the_card_is_found(
    transmit: Any, oracle: str, made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kernel, "transmit", transmit)
    assert oracle in oracles_of("card-development", made, tmp_path)


def test_a_refused_command_that_gives_tries_back_is_found(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Nvm.commit

    def commit(self: Nvm, changes: Any) -> None:
        # Counts the wrong way.
        pin = changes.get("pin")
        honest(self, {**changes, "pin": b"\x09" + pin[1:]} if pin else changes)

    monkeypatch.setattr(Nvm, "commit", commit)
    assert "memory" in oracles_of("card-development", made, tmp_path)


def test_a_card_that_hangs_is_found(made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Kernel.transmit
    hung: list[bool] = []

    def transmit(self: Kernel, octets: bytes) -> bytes:
        while octets[1:2] == b"\x20" and not hung:
            try:
                while True:
                    pass
            finally:
                hung.append(True)
        return honest(self, octets)

    monkeypatch.setattr(Kernel, "transmit", transmit)
    assert "hang" in oracles_of("card-development", made, tmp_path)
