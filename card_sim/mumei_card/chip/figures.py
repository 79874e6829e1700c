"""Milliseconds of one operation on a chip, and where they are published; or why nobody knows them.

A figure of a profile is what its source measured, or was derived from that in a stated way. What no source has is
:class:`Unknown`, and stays so: nothing here is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows of one file of a public repository, and the milliseconds in each.

    ``file``: its path, or how its name begins.
    """

    repository: str
    commit: str
    file: str
    rows: Mapping[str, float]

    def __str__(self) -> str:
        rows = "; ".join(f"{row} {milliseconds:g}" for row, milliseconds in self.rows.items())
        return f"{self.repository} at {self.commit}, {self.file}: {rows}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """``per_call`` milliseconds each time, and ``per_unit`` for each block or octet of it.

    ``note``: what the figure stands in for, or how it was derived; empty where the source measured this very thing.
    """

    per_call: float
    per_unit: float = 0.0
    sources: tuple[Source, ...]
    note: str = ""

    def milliseconds(self, calls: int, units: int = 0) -> float:
        """Of so many calls with so many units in all."""
        return calls * self.per_call + units * self.per_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No source has it."""

    why: str


Cost = Figure | Unknown


def in_turn(source: Source, note: str = "") -> Figure:
    """Operations one after the other, each as long as its row of the source says."""
    return Figure(per_call=round(sum(source.rows.values()), 4), sources=(source,), note=note)


def line(source: Source, few: int, many: int, *, before: Figure | None = None) -> Figure:
    """The straight line through the source's two rows, of ``few`` and of ``many`` units.

    ``before``: what every call does first.
    """
    quick, slow = source.rows.values()
    per_unit = (slow - quick) / (many - few)
    per_call = max(quick - few * per_unit, 0.0) + (before.per_call if before else 0.0)
    return Figure(
        per_call=round(per_call, 4),
        per_unit=round(per_unit, 4),
        sources=((*before.sources, source) if before else (source,)),
    )
