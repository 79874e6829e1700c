"""A run's bars and details as text for a screen, Markdown for the README, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tools.bench.bars import Bar, Details, Section
from tools.bench.machine import Machine

_WIDTH = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All bars of one run."""

    machine: Machine
    day: date
    sections: Sequence[Section]

    @property
    def bars(self) -> tuple[Bar, ...]:
        return tuple(bar for section in self.sections for bar in section.bars)

    @property
    def details(self) -> tuple[Details, ...]:
        return tuple(details for section in self.sections for details in section.details)

    @property
    def all_met(self) -> bool:
        return all(bar.is_met for bar in self.bars)

    @property
    def holds(self) -> bool:
        """Whether no bar is missed but by design, and none unmeasured."""
        return all(bar.holds for bar in self.bars)

    def text(self) -> str:
        """The table, and below it how each figure came about."""
        parts = [_wrapped(self.machine.text()), _aligned(_HEAD, _rows(self.bars), left=(0, 3))]
        for details in self.details:
            part = [details.title.upper()]
            if details.rows:
                part.append(_aligned(details.columns, details.rows))
            part += [_wrapped(sentence) for sentence in details.said]
            parts.append("\n".join(part))
        return "\n\n".join(parts)

    def markdown(self) -> str:
        """The table alone, and what it was measured on."""
        lines = ["| " + " | ".join(_HEAD) + " |", "|---|---:|---:|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in _rows(self.bars)]
        return "\n".join([*lines, "", f"Measured {self.day.isoformat()} on {self.machine.text()}."])

    def json(self) -> str:
        """Everything; ``measured`` is null where it could not be measured."""
        document = {
            "day": self.day.isoformat(),
            "machine": dataclasses.asdict(self.machine),
            "all_met": self.all_met,
            "holds": self.holds,
            "bars": [dataclasses.asdict(bar) | {"met": bar.is_met} for bar in self.bars],
            "details": [dataclasses.asdict(details) for details in self.details],
        }
        return json.dumps(document, indent=2)


_HEAD = ("what", "measured", "bar", "verdict")


def _rows(bars: Sequence[Bar]) -> list[tuple[str, ...]]:
    return [(bar.what, bar.measured_words, bar.limit_words, bar.verdict) for bar in bars]


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Columns of equal width: words in the columns ``left``, figures in the others."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _wrapped(sentence: str) -> str:
    return textwrap.fill(sentence, _WIDTH, break_long_words=False, break_on_hyphens=False)
