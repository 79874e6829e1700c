"""How the set-up speaks: one line a step, and one error with its remedy instead of a traceback."""

from __future__ import annotations


class SetupError(Exception):
    """The machine lacks something that the set-up may not or cannot bring; the text says what to do."""


def stage(name: str, doing: str) -> None:
    """Say which stage begins and what it does; at once, so that a slow stage is not a silent one."""
    print(f"== {name}: {doing}", flush=True)
