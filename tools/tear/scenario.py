"""One command that changes a card's state: from a card in a known state to the end of the job it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.tear.watched import Records, WatchedCard


class JobNotDoneError(Exception):
    """A card that came up after a cut does not let its job be finished."""


def expect(holds: bool, otherwise: str) -> None:
    """Raises :class:`JobNotDoneError`."""
    if not holds:
        raise JobNotDoneError(otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``records`` makes the card; ``enter`` brings a session to the command, and what it returns goes into ``act``,
    which gives the command. ``finish`` does the job on the card after a cut, whatever state that left, and raises
    if it cannot be done.

    ``refused``: the card is to refuse the command. ``guess``: the record whose secret is guessed, where a try is to
    be counted. ``gives_back``: records whose tries the command may restore. ``erases``: records whose values must
    be out of the memory once they are erased. ``idles``: the reader lets the card work while nobody waits.
    ``fills``: the journal is nearly full before, so that the command's commits write it anew.
    """

    name: str
    profile: str
    records: Callable[[], Records]
    enter: Callable[[WatchedCard], Any]
    act: Callable[[Any], object]
    finish: Callable[[WatchedCard], object]
    refused: bool = False
    guess: str | None = None
    gives_back: frozenset[str] = frozenset()
    erases: tuple[str, ...] = ()
    idles: bool = False
    fills: bool = False

    def __str__(self) -> str:
        return f"{self.name} ({self.profile})"
