"""Runs blocks on all cores of this machine: a pool of processes, so many blocks on their way and no more.

The same interface has :mod:`mumei.trustee.cluster`, over several machines.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, Protocol, TypeVar

from mumei_core.errors import HostEnvironmentError

Job = TypeVar("Job")
Answer = TypeVar("Answer")
_WAITING: Final = 2
"""Blocks a process that are computed or waiting: memory does not grow with the work."""


class Engine(Protocol):
    """Runs independent jobs."""

    def run(self, function: Callable[[Job], Answer], jobs: Iterable[Job]) -> Iterator[tuple[Job, Answer]]:
        """Each job with its answer, in the jobs' order. ``function`` is a module's; jobs are made as needed."""


class LocalEngine:
    """All cores of this machine, or so many ``processes``; one: in this process itself."""

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or available_cores()

    def run(self, function: Callable[[Job], Answer], jobs: Iterable[Job]) -> Iterator[tuple[Job, Answer]]:
        """Raises HostEnvironmentError where a process was ended from outside."""
        if self.processes == 1:
            for job in jobs:
                yield job, function(job)
            return
        # Not fork: a copy of this process would hold what is open here, keys included.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.processes, mp_context=context) as pool:
            waiting: deque[tuple[Job, Future[Answer]]] = deque()
            try:
                for job in jobs:
                    waiting.append((job, pool.submit(function, job)))
                    if len(waiting) >= _WAITING * self.processes:
                        yield _first(waiting)
                while waiting:
                    yield _first(waiting)
            except BrokenProcessPool as error:
                raise HostEnvironmentError(
                    "a process that computed was ended from outside",
                    hint="Check the memory of this machine, and run the same command again: it goes on.",
                ) from error
            finally:
                for _, future in waiting:
                    future.cancel()


def available_cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _first(waiting: deque[tuple[Job, Future[Answer]]]) -> tuple[Job, Answer]:
    job, future = waiting.popleft()
    return job, future.result()
