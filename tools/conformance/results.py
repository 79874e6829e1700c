"""What became of each check, as a file, and counted by clause."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from mumei_core.errors import DataError

FORMAT: Final = "mumei conformance results 1"


class Outcome(StrEnum):
    """Of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``clauses``: (standard, section, what of it). ``reason``: of a failure, or why it does not apply."""

    name: str
    clauses: tuple[tuple[str, str, str], ...]
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """All of one run. ``place``: software, pcscd or reader."""

    place: str
    results: tuple[Result, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in self.results)

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.outcome is Outcome.FAILED)


@dataclass(slots=True)
class ClauseLine:
    """A line of the table. ``reasons``: why checks did not apply."""

    standard: str
    section: str
    about: str
    checks: int = 0
    passed: int = 0
    failed: int = 0
    not_applicable: int = 0
    reasons: list[str] = field(default_factory=list)


def save(path: Path, results: Iterable[Result], *, place: str) -> None:
    fields = {"format": FORMAT, "place": place, "results": [asdict(result) for result in results]}
    path.write_text(json.dumps(fields, indent=1) + "\n")


def load(path: Path) -> Run:
    """Raises DataError."""
    try:
        fields = json.loads(path.read_text())
        if fields["format"] != FORMAT:
            raise ValueError
        return Run(
            place=fields["place"],
            results=tuple(
                Result(
                    name=found["name"],
                    clauses=tuple((a, b, c) for a, b, c in found["clauses"]),
                    outcome=Outcome(found["outcome"]),
                    reason=found["reason"],
                )
                for found in fields["results"]
            ),
        )
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}",
            hint="Make results with: python -m tools.conformance run --results FILE",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f"{path} holds no results",
            hint="Make results with: python -m tools.conformance run --results FILE",
        ) from None


def by_clause(results: Iterable[Result]) -> tuple[ClauseLine, ...]:
    """One line a clause, by standard and section. A check with two clauses counts in both."""
    lines: dict[tuple[str, str, str], ClauseLine] = {}
    for result in results:
        for clause in result.clauses:
            line = lines.setdefault(clause, ClauseLine(*clause))
            line.checks += 1
            line.passed += result.outcome is Outcome.PASSED
            line.failed += result.outcome is Outcome.FAILED
            if result.outcome is Outcome.NOT_APPLICABLE:
                line.not_applicable += 1
                if result.reason not in line.reasons:
                    line.reasons.append(result.reason)
    return tuple(lines[key] for key in sorted(lines, key=_place))


def _place(clause: tuple[str, str, str]) -> tuple[str, list[tuple[int, str]], str]:
    standard, section, about = clause
    parts = [
        (int(part), "") if part.isdigit() else (0, part) for part in section.replace(",", ".").split(".")
    ]
    return standard, parts, about
