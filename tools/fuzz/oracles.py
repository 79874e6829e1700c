"""What an input may not do, whatever it is: raise what is not documented, hang, or make memory grow.

The other oracles, round trips and documented status words, are the targets' own; they raise :class:`Violation`.
"""

from __future__ import annotations

import gc
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from mumei_core.errors import MumeiError

#: Seconds that one input of a parser, or one command to a card, may take.
HANG_SECONDS: Final = 1.0
_TICK_SECONDS: Final = 0.25
#: A leak of one small object per input is found from this many inputs on.
LEAST_INPUTS_FOR_MEMORY: Final = 2_000
#: What a warm process may still gain: corpus, coverage tables, fragmentation.
ALLOWED_RSS_OCTETS: Final = 48 << 20
#: Python's own blocks, which the fuzzer's C++ side does not touch.
ALLOWED_BLOCKS: Final = 20_000
_PAGE: Final = resource.getpagesize()
_DEEPEST_FRAMES: Final = 3


class Violation(Exception):  # noqa: N818 - what it is, whoever is to blame
    """An oracle has bitten. ``oracle``: its name in one word."""

    def __init__(self, oracle: str, message: str) -> None:
        super().__init__(message)
        self.oracle = oracle


class Hang(BaseException):
    """An input took too long. No ``except Exception`` on the way may swallow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one input did. ``key``: the same for inputs that fail in the same place."""

    oracle: str
    key: str
    message: str


class Stopwatch:
    """Interrupts whatever runs longer than :data:`HANG_SECONDS`; costs next to nothing per input."""

    def __init__(self, limit: float = HANG_SECONDS) -> None:
        self._limit = limit
        self._started = 0.0

    def begin(self) -> None:
        """An input, or a command, begins now."""
        self._started = time.monotonic()

    def end(self) -> None:
        """It is over."""
        self._started = 0.0

    @contextmanager
    def armed(self) -> Iterator[None]:
        """While this holds, hangs are interrupted. Main thread only."""
        before = signal.signal(signal.SIGALRM, self._tick)
        signal.setitimer(signal.ITIMER_REAL, _TICK_SECONDS, _TICK_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self._started and time.monotonic() - self._started > self._limit:
            self._started = 0.0
            raise Hang


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the process holds: resident octets and Python's own blocks."""

    rss: int
    blocks: int

    @classmethod
    def now(cls) -> Memory:
        """After a collection, so that garbage counts for nothing."""
        gc.collect()
        return cls(rss=_resident_octets(), blocks=sys.getallocatedblocks())

    def growth_to(self, later: Memory) -> Finding | None:
        """A finding where the process has grown beyond the bars."""
        rss, blocks = later.rss - self.rss, later.blocks - self.blocks
        if rss <= ALLOWED_RSS_OCTETS and blocks <= ALLOWED_BLOCKS:
            return None
        return Finding(
            oracle="memory",
            key="memory",
            message=f"grew by {rss / (1 << 20):.1f} MiB and {blocks:,} Python blocks after warming up",
        )


def judge(run: Callable[[bytes], int], octets: bytes) -> tuple[int, Finding | None]:
    """What ``run`` did with ``octets``: (units done, finding). Errors of the project's families are answers."""
    try:
        return run(octets), None
    except MumeiError:
        return 1, None
    except Violation as violation:
        return 1, _finding(violation.oracle, violation)
    except Hang as hang:
        return 1, _finding("hang", hang, f"took longer than {HANG_SECONDS} s")
    except Exception as error:
        return 1, _finding("exception", error, f"{type(error).__name__}: {error}")


def _finding(oracle: str, error: BaseException, message: str = "") -> Finding:
    frames = traceback.extract_tb(error.__traceback__)[-_DEEPEST_FRAMES:]
    place = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    # A hang is interrupted anywhere: one finding per target is enough of them.
    text = message or str(error)
    key = oracle if oracle == "hang" else f"{oracle} {type(error).__name__} {place}"
    return Finding(oracle=oracle, key=key, message=f"{text} ({place})")


def _resident_octets() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * _PAGE
    # Elsewhere only the highest value so far is to be had; macOS counts it in octets.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
