"""The power that a chip writes with, and the cut that ends it: called around every physical step of the memory.

Tests and ``tools/tear`` put a :class:`Power` of their own in place, one that fails where they want it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class PowerLost(BaseException):
    """The card has no power any more.

    No :class:`Exception`: nothing on the card may catch it and answer, for a card without power does not answer.
    """


class StepKind(Enum):
    """What the memory asks of the hardware."""

    WRITE = "write"
    SYNC = "sync"
    """Everything written before lasts; on a chip every write does."""
    RENAME = "rename"
    """A whole file takes another's place. Only card files of format 1 still need it, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One physical step. ``offset``, ``octets``: of a write."""

    kind: StepKind
    offset: int = 0
    octets: bytes = field(default=b"", repr=False)


class Power:
    """Power that never fails. Whoever cuts it raises :class:`PowerLost` from one of these."""

    def before(self, step: Step) -> None:
        """Nothing of the step has happened yet."""

    def torn(self, step: Step) -> int | None:
        """How many octets of a write still reach the memory before the power is gone; None: all, and it stays."""
        return None

    def after(self, step: Step) -> None:
        """The step is done, and nothing that follows it."""


class Moment(Enum):
    """Where in a step the power goes."""

    BEFORE = "before"
    TORN = "torn"
    AFTER = "after"


class PowerCut(Power):
    """Power that goes at one moment of one step, counted from 1. ``octets``: of a torn write, what arrives."""

    def __init__(self, step: int, moment: Moment, octets: int = 0) -> None:
        self._at, self._moment, self._octets = step, moment, octets
        self._count = 0

    def before(self, step: Step) -> None:
        self._count += 1
        self._cut_at(Moment.BEFORE)

    def torn(self, step: Step) -> int | None:
        return self._octets if self._count == self._at and self._moment is Moment.TORN else None

    def after(self, step: Step) -> None:
        self._cut_at(Moment.AFTER)

    def _cut_at(self, moment: Moment) -> None:
        if self._count == self._at and self._moment is moment:
            raise PowerLost


class StepLog(Power):
    """Power that never fails and remembers every step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def before(self, step: Step) -> None:
        self.steps.append(step)
