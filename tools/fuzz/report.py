"""A run's figures as a table for a screen or JSON for programs, and how to repeat what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from tools.fuzz.campaign import Result
from tools.fuzz.target import KERNEL_BAR, PARSER_BAR, PROTOCOL_BAR
from tools.fuzz.worker import GUIDED

_HEAD: Final = ("target", "fuzzed", "bar", "per CPU second", "edges", "corpus", "memory", "findings")
_APDUS: Final = "APDU"
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``seconds``: of the whole run."""

    results: Sequence[Result]
    driver: str
    seed: int
    processes: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return all(result.holds for result in self.results)

    @property
    def apdus(self) -> int:
        """Commands given to the card, all targets together."""
        return sum(result.figures.units for result in self.results if result.target.unit == _APDUS)

    @property
    def behind(self) -> list[str]:
        """Targets, the card's aside, that did not get the inputs of their bars."""
        return [
            result.target.name
            for result in self.results
            if result.target.unit != _APDUS and result.figures.units < result.target.bar
        ]

    def text(self) -> str:
        """Table, bars, findings."""
        rows = [_HEAD, *(_row(result) for result in self.results)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        return "\n".join([self._driven(), "", *lines, "", *self._bars(), *self._findings()])

    def json(self) -> str:
        """Everything."""
        document = {
            "driver": self.driver,
            "seed": self.seed,
            "processes": self.processes,
            "seconds": round(self.seconds, 1),
            "holds": self.holds,
            "apdus": self.apdus,
            "bars": {"apdus": KERNEL_BAR, "behind": self.behind},
            "targets": [
                {
                    "name": result.target.name,
                    "about": result.target.about,
                    "unit": result.target.unit,
                    "bar": result.target.bar,
                    "edges": result.edges,
                    "corpus": result.corpus,
                    "trouble": result.trouble,
                    **asdict(result.figures),
                }
                for result in self.results
            ],
        }
        return json.dumps(document, indent=2)

    def _driven(self) -> str:
        how = (
            "guided by coverage (atheris)"
            if self.driver == GUIDED
            else "MUTATIONAL, blind to coverage: atheris is not installed or was not wanted"
        )
        return f"{how}; seed {self.seed}; {self.processes} processes; {self.seconds:.0f} s"

    def _bars(self) -> list[str]:
        lines = []
        parsers = [result for result in self.results if result.target.unit != _APDUS]
        if parsers:
            reached = len(parsers) - len(self.behind)
            behind = f"; not yet: {', '.join(self.behind)}" if self.behind else ""
            lines.append(
                f"{reached} of {len(parsers)} parsers and protocols had their inputs, {PARSER_BAR:,} and"
                f" {PROTOCOL_BAR:,}{behind}"
            )
        if self.apdus:
            lines.append(f"the card had {self.apdus:,} APDUs, of {KERNEL_BAR:,}")
        return lines

    def _findings(self) -> list[str]:
        lines = []
        for result in self.results:
            for finding in result.figures.findings.values():
                lines += ["", f"{result.target.name}: {finding['oracle']}: {finding['message']}"]
                if "file" in finding:
                    lines.append(f"  python -m tools.fuzz {result.target.name} --input {finding['file']}")
            if result.trouble and not result.figures.findings:
                lines += ["", f"{result.target.name}: {result.trouble}"]
        return lines


def _row(result: Result) -> tuple[str, ...]:
    figures = result.figures
    growth = "-" if figures.rss_growth is None else f"{figures.rss_growth / _MIB:+.1f} MiB"
    return (
        result.target.name,
        f"{figures.units:,} {result.target.unit}s",
        f"{result.target.bar:,}",
        f"{result.rate:,.0f}",
        "-" if result.edges is None else f"{result.edges:,}",
        "-" if result.corpus is None else f"{result.corpus:,}",
        growth,
        str(len(figures.findings)),
    )
