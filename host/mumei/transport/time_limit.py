"""Calls that may never come back: PC/SC has some that wait without a limit, and none of these can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Call(Generic[T]):
    """One call in a thread that can be left behind."""

    def __init__(self, call: Callable[[threading.Event], T], too_late: Callable[[T], None]) -> None:
        self._call, self._too_late = call, too_late
        self._lock = threading.Lock()
        self._done, self._given_up = threading.Event(), threading.Event()
        self._outcome: tuple[T] | BaseException | None = None

    def run(self) -> None:
        outcome: tuple[T] | BaseException
        try:
            outcome = (self._call(self._given_up),)
        except BaseException as error:  # noqa: BLE001, RUF100 - handed to the thread that waits
            outcome = error
        with self._lock:
            is_too_late = self._given_up.is_set()
            if not is_too_late:
                self._outcome = outcome
        self._done.set()
        if is_too_late and isinstance(outcome, tuple):
            self._too_late(*outcome)

    def wait(self, limit: float) -> T:
        try:
            self._done.wait(limit)
        finally:
            with self._lock:
                outcome = self._outcome
                if outcome is None:
                    self._given_up.set()
        if outcome is None:
            raise TimeoutError
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome[0]


def within(
    limit: float,
    call: Callable[[threading.Event], T],
    *,
    too_late: Callable[[T], None] = lambda _: None,
) -> T:
    """Return what ``call`` returns, or raise what it raises, if it does so within ``limit`` seconds.

    Args:
        limit: seconds.
        call: is given an event that is set when nobody waits any more.
        too_late: gets a result that nobody waited for, in the thread left behind.

    Raises:
        TimeoutError: it has not come back; the thread goes on by itself, and does not keep the program from ending.
    """
    started = _Call(call, too_late)
    threading.Thread(target=started.run, name="mumei-pcsc", daemon=True).start()
    return started.wait(limit)
