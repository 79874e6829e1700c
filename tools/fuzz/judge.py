"""One target under all oracles, whichever driver makes the inputs: counts, findings, memory, progress."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from tools.fuzz.oracles import LEAST_INPUTS_FOR_MEMORY, Finding, Memory, Stopwatch, judge
from tools.fuzz.target import Runner

#: Different findings after which a target gives up: it is broken, not fuzzed any more.
MAX_FINDINGS: Final = 20
_WARM_UP_SHARE: Final = 0.2
_PROGRESS_SECONDS: Final = 1.0
_LOOK_EVERY: Final = 64
_LENGTH_OCTETS: Final = 4
FIGURES_NAME: Final = "figures.json"
CURRENT_NAME: Final = "current.bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a target has had enough; 0 is no limit. ``units``: inputs or APDUs; ``seconds``: of fuzzing."""

    units: int = 0
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a target has been through. ``cpu``: seconds of processor time, which a busy machine does not stretch.
    ``findings``: key to message and file of the first input.
    """

    inputs: int = 0
    units: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    rss_growth: int | None = None
    findings: dict[str, dict[str, str]] = field(default_factory=dict)
    done: bool = False


class Judge:
    """``folder``: where figures, the current input and findings are written. ``stop``: called at the end, for
    drivers that never return."""

    def __init__(
        self,
        name: str,
        run: Runner,
        stopwatch: Stopwatch,
        limits: Limits,
        folder: Path,
        *,
        max_octets: int,
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.figures = Figures()
        self._name, self._run, self._stopwatch, self._limits, self._folder = (
            name,
            run,
            stopwatch,
            limits,
            folder,
        )
        self._stop = stop
        self._baseline: Memory | None = None
        self._began = self._said = time.monotonic()
        self._cpu_began = time.process_time()
        self._current = _shared(folder / CURRENT_NAME, _LENGTH_OCTETS + max_octets)
        self._max = max_octets

    def __call__(self, octets: bytes) -> None:
        """Run one input and judge it."""
        octets = octets[: self._max]
        # A hang in C code, with the interpreter's lock held, can only be ended from outside: leave the input there.
        self._current[: _LENGTH_OCTETS + len(octets)] = len(octets).to_bytes(_LENGTH_OCTETS) + octets
        self._stopwatch.begin()
        units, finding = judge(self._run, octets)
        self._stopwatch.end()
        figures = self.figures
        figures.inputs += 1
        figures.units += units
        if finding is not None:
            self._keep(finding, octets)
        if figures.inputs % _LOOK_EVERY == 0 or units > 1:
            self._look_up()

    def close(self) -> None:
        """The end: memory is compared, and the figures are written for the last time."""
        self.figures.seconds = time.monotonic() - self._began
        if self._baseline is not None:
            now = Memory.now()
            self.figures.rss_growth = now.rss - self._baseline.rss
            growth = self._baseline.growth_to(now)
            if growth is not None:
                self._keep(growth, None)
        self.figures.done = True
        self._write()

    def _look_up(self) -> None:
        """From time to time: is it warm, is it over?"""
        now = time.monotonic()
        figures, limits = self.figures, self._limits
        figures.seconds = now - self._began
        shares = [figures.units / limits.units] if limits.units else []
        if limits.seconds:
            shares.append(figures.seconds / limits.seconds)
        share = max(shares, default=0.0)
        warm = figures.units >= LEAST_INPUTS_FOR_MEMORY and share >= _WARM_UP_SHARE
        if warm and self._baseline is None:
            self._baseline = Memory.now()
        if share >= 1 or len(figures.findings) >= MAX_FINDINGS:
            self.close()
            self._stop()
        elif now - self._said > _PROGRESS_SECONDS:
            self._said = now
            self._write()

    def _keep(self, finding: Finding, octets: bytes | None) -> None:
        if finding.key in self.figures.findings:
            return
        kept = {"oracle": finding.oracle, "message": finding.message}
        if octets is not None:
            kept["file"] = str(write_finding(self._folder, self._name, octets))
        self.figures.findings[finding.key] = kept
        self._write()

    def _write(self) -> None:
        self.figures.cpu = time.process_time() - self._cpu_began
        unfinished = self._folder / f"{FIGURES_NAME}.part"
        unfinished.write_text(json.dumps(asdict(self.figures)))
        unfinished.replace(self._folder / FIGURES_NAME)


def write_finding(folder: Path, name: str, octets: bytes) -> Path:
    """The input as a file, named by target and contents."""
    path = folder / f"{name}-{hashlib.sha256(octets).hexdigest()[:12]}.bin"
    path.write_bytes(octets)
    return path


def read_figures(folder: Path) -> Figures | None:
    """What the target's process has written last; None before its first word."""
    path = folder / FIGURES_NAME
    return Figures(**json.loads(path.read_text())) if path.exists() else None


def read_current(folder: Path) -> bytes:
    """The input that was being run when the process was stopped."""
    octets = (folder / CURRENT_NAME).read_bytes()
    return octets[_LENGTH_OCTETS : _LENGTH_OCTETS + int.from_bytes(octets[:_LENGTH_OCTETS])]


def _shared(path: Path, size: int) -> mmap.mmap:
    path.write_bytes(bytes(size))
    descriptor = os.open(path, os.O_RDWR)
    try:
        return mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
