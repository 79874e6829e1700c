"""Calls that do not come back are left behind, and what they bring later is put away."""

from __future__ import annotations

import threading

import pytest

from mumei.transport.time_limit import within


def test_what_comes_in_time_is_given_on() -> None:
    assert within(20, lambda _: 7) == 7
    assert within(20, lambda _: None) is None


def test_what_goes_wrong_in_time_goes_wrong_here() -> None:
    def fail(_: threading.Event) -> int:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        within(20, fail)


def test_what_comes_too_late_is_put_away_and_told_that_nobody_waits() -> None:
    come, put_away = threading.Event(), threading.Event()
    late: list[int] = []

    def call(given_up: threading.Event) -> int:
        assert come.wait(20) and given_up.is_set()
        return 7

    def too_late(result: int) -> None:
        late.append(result)
        put_away.set()

    with pytest.raises(TimeoutError):
        within(0.01, call, too_late=too_late)
    assert late == []
    come.set()
    assert put_away.wait(20) and late == [7]


def test_what_goes_wrong_too_late_is_nobodys_concern() -> None:
    come, gone = threading.Event(), threading.Event()

    def call(_: threading.Event) -> int:
        come.wait(20)
        gone.set()
        raise LookupError

    with pytest.raises(TimeoutError):
        within(0.01, call, too_late=lambda _: pytest.fail("there is no result"))
    come.set()
    assert gone.wait(20)
