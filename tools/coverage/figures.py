"""Coverage of one package, out of coverage.py's JSON report (coverage 7.10, "json" command)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PACKAGES: Final = ("mumei_card", "mumei_core")
LINES: Final = 0.95
BRANCHES: Final = 0.90


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is not reached of one file. ``branches``: from line, to line; a negative one is the way out."""

    file: str
    lines: tuple[int, ...]
    branches: tuple[tuple[int, int], ...]

    def text(self) -> str:
        """Lines, then branches."""
        parts = []
        if self.lines:
            parts.append(f"lines {', '.join(_runs(self.lines))}")
        if self.branches:
            ways = (f"{start} to {'exit' if end < 0 else end}" for start, end in self.branches)
            parts.append(f"branches {', '.join(ways)}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """``lines``, ``branches``: shares that were reached, 1 where there is nothing to reach."""

    package: str
    line_count: int
    lines: float
    branch_count: int
    branches: float
    places: tuple[Place, ...]

    @property
    def holds(self) -> bool:
        """Whether both bars are met, by tests of something."""
        return self.line_count > 0 and self.lines >= LINES and self.branches >= BRANCHES


def figures_of(report: str) -> tuple[Figures, ...]:
    """One for each of PACKAGES. ``report``: what ``coverage json`` writes, with branches."""
    files: Mapping[str, Any] = json.loads(report)["files"]
    return tuple(_figures(package, files) for package in PACKAGES)


def _figures(package: str, files: Mapping[str, Any]) -> Figures:
    own = {name: found for name, found in files.items() if f"{package}/" in name.replace("\\", "/")}
    summaries = [found["summary"] for found in own.values()]
    lines, lines_reached = _sum(summaries, "num_statements"), _sum(summaries, "covered_lines")
    branches, branches_reached = _sum(summaries, "num_branches"), _sum(summaries, "covered_branches")
    places = (
        Place(
            file=name,
            lines=tuple(found["missing_lines"]),
            branches=tuple((start, end) for start, end in found["missing_branches"]),
        )
        for name, found in sorted(own.items())
    )
    return Figures(
        package=package,
        line_count=lines,
        lines=lines_reached / lines if lines else 1.0,
        branch_count=branches,
        branches=branches_reached / branches if branches else 1.0,
        places=tuple(place for place in places if place.lines or place.branches),
    )


def _sum(summaries: Iterable[Mapping[str, int]], name: str) -> int:
    return sum(summary[name] for summary in summaries)


def _runs(numbers: Iterable[int]) -> list[str]:
    """1, 2, 3, 7 as "1-3", "7"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] + 1 == number:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]
