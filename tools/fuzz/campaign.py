"""Many targets on a few processes: time is shared out, progress is watched, figures are collected."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tools.fuzz.judge import Figures, Limits, read_current, read_figures, write_finding
from tools.fuzz.target import Target
from tools.fuzz.worker import CATALOGUE, GUIDED
from tools.fuzz.world import World

#: A process that says nothing for so long hangs where no alarm reaches it.
_SILENCE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.2
_START_SECONDS: Final = 60.0
_LEAST_SECONDS: Final = 1.0
_LOG_NAME: Final = "log.txt"
_COVERAGE = re.compile(r"cov: (\d+) ft: \d+ corp: (\d+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``units``: of each target, 0 for its own bar; ``seconds``: for all of them together, 0 for no limit.

    ``catalogue``: the module whose TARGETS has them.
    """

    driver: str
    processes: int
    seed: int
    units: int = 0
    seconds: float = 0.0
    catalogue: str = CATALOGUE


@dataclass(slots=True, kw_only=True)
class Result:
    """What became of one target. ``edges`` and ``corpus`` are None where no coverage was seen."""

    target: Target
    figures: Figures
    edges: int | None = None
    corpus: int | None = None
    trouble: str = ""

    @property
    def rate(self) -> float:
        """Units per second of processor time."""
        return self.figures.units / self.figures.cpu if self.figures.cpu else 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing was found, and the process came to its own end."""
        return not self.figures.findings and not self.trouble


@dataclass(slots=True, kw_only=True)
class _Running:
    target: Target
    folder: Path
    process: subprocess.Popen[bytes]
    ends: float
    units: int = 0
    heard: float = field(default_factory=time.monotonic)


class Campaign:
    """``folder``: gets a folder per target, with its corpus, and ``world.cbor``. ``say``: progress."""

    def __init__(
        self, targets: Sequence[Target], plan: Plan, folder: Path, *, say: Callable[[str], None]
    ) -> None:
        self._waiting = list(targets)
        self._deadline = 0.0
        self._plan, self._folder, self._say = plan, folder, say
        self._running: list[_Running] = []
        self._results: dict[str, Result] = {}
        self._order = [target.name for target in targets]

    def run(self, world: World) -> list[Result]:
        """Fuzz everything; in the targets' order. Processes that were started are gone afterwards."""
        world.save(self._folder)
        self._deadline = time.monotonic() + self._plan.seconds if self._plan.seconds else 0.0
        try:
            while self._waiting or self._running:
                while self._waiting and len(self._running) < self._plan.processes:
                    self._start(self._waiting.pop(0))
                time.sleep(_POLL_SECONDS)
                for running in list(self._running):
                    self._look_at(running)
        finally:
            for running in self._running:
                running.process.kill()
                running.process.wait()
        return [self._results[name] for name in self._order]

    def _start(self, target: Target) -> None:
        folder = self._folder / target.name
        corpus = folder / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        limits = self._limits(target)
        command = [sys.executable, "-m", "tools.fuzz.worker", target.name]
        command += [f"--folder={folder}", f"--world={self._folder}", f"--corpus={corpus}"]
        command += [f"--units={limits.units}", f"--seconds={limits.seconds:.1f}"]
        command += [
            f"--catalogue={self._plan.catalogue}",
            f"--seed={self._plan.seed}",
            f"--driver={self._plan.driver}",
        ]
        with (folder / _LOG_NAME).open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - ourselves
        self._running.append(
            _Running(target=target, folder=folder, process=process, ends=time.monotonic() + limits.seconds)
        )

    def _limits(self, target: Target) -> Limits:
        units = self._plan.units or target.bar
        if not self._deadline:
            return Limits(units=units)
        # Its share of what is left; who needs less leaves more to those that come later.
        now = time.monotonic()
        left = max(self._deadline - now, _LEAST_SECONDS)
        reserved = sum(max(running.ends - now, 0.0) for running in self._running)
        shares = target.share + sum(waiting.share for waiting in self._waiting)
        seconds = (left * self._plan.processes - reserved) * target.share / shares
        return Limits(units=units, seconds=min(max(seconds, _LEAST_SECONDS), left))

    def _look_at(self, running: _Running) -> None:
        figures = read_figures(running.folder)
        now = time.monotonic()
        code = running.process.poll()
        if code is not None:
            trouble = "" if code == 0 else f"its process ended with {code}; see {running.folder / _LOG_NAME}"
            self._finish(running, figures, trouble)
            return
        if figures is not None and figures.units != running.units:
            running.units, running.heard = figures.units, now
        patience = _SILENCE_SECONDS if figures is not None else _START_SECONDS
        if now - running.heard > patience:
            running.process.kill()
            running.process.wait()
            self._finish(running, figures, "it hung where no alarm could reach it")

    def _finish(self, running: _Running, figures: Figures | None, trouble: str) -> None:
        self._running.remove(running)
        figures = figures or Figures()
        if trouble and not figures.done:
            with contextlib.suppress(OSError):
                path = write_finding(running.folder, running.target.name, read_current(running.folder))
                figures.findings["process"] = {
                    "oracle": "process",
                    "message": trouble,
                    "file": str(path),
                }
        edges, corpus = None, None
        if self._plan.driver == GUIDED:
            edges, corpus = _coverage((running.folder / _LOG_NAME).read_text(errors="replace"))
        result = Result(target=running.target, figures=figures, edges=edges, corpus=corpus, trouble=trouble)
        self._results[running.target.name] = result
        self._say(
            f"{running.target.name}: {figures.units:,} {running.target.unit}s in {figures.seconds:.0f} s,"
            f" {len(figures.findings)} findings"
        )


def _coverage(log: str) -> tuple[int | None, int | None]:
    """Edges and corpus size of libFuzzer's last word on them."""
    found = _COVERAGE.findall(log)
    return (int(found[-1][0]), int(found[-1][1])) if found else (None, None)
