"""The table by clause: text for people, JSON for programs, Markdown for a report."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby

from tools.conformance.results import ClauseLine, Outcome, Run, by_clause

_HEAD = ("clause", "what of it", "checks", "passed", "failed", "n/a")


def as_text(run: Run) -> str:
    """One block a standard; the failures and the reasons below."""
    lines = [_title(run)]
    found = by_clause(run.results)
    width = max((len(line.section) for line in found), default=0)
    about = max((len(line.about) for line in found), default=0)
    for standard, group in groupby(found, key=lambda line: line.standard):
        lines += ["", f"{standard:<{width + about + 4}}{'checks':>7}{'passed':>7}{'failed':>7}{'n/a':>5}"]
        lines += [
            f"  {line.section:<{width}}  {line.about:<{about}}{line.checks:>7}{line.passed:>7}{line.failed:>7}"
            f"{line.not_applicable:>5}"
            for line in group
        ]
    lines += _below(run, found)
    return "\n".join(lines)


def as_markdown(run: Run) -> str:
    """A table a standard."""
    lines = [f"# Conformance: {run.place}", "", f"{_title(run)}."]
    found = by_clause(run.results)
    for standard, group in groupby(found, key=lambda line: line.standard):
        lines += ["", f"## {standard}", "", f"| {' | '.join(_HEAD)} |", "|---|---|---:|---:|---:|---:|"]
        for line in group:
            cells = (line.section, line.about, line.checks, line.passed, line.failed, line.not_applicable)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, *_below(run, found)])


def as_json(run: Run) -> str:
    """Counts, clauses, and every check."""
    fields = {
        "place": run.place,
        "checks": len(run.results),
        **{outcome.name.lower(): run.count(outcome) for outcome in Outcome},
        "clauses": [asdict(line) for line in by_clause(run.results)],
        "results": [asdict(result) for result in run.results],
    }
    return json.dumps(fields, indent=1, ensure_ascii=False)


def _title(run: Run) -> str:
    counts = ", ".join(f"{run.count(outcome)} {outcome}" for outcome in Outcome)
    clauses = {(line.standard, line.section) for line in by_clause(run.results)}
    noun = "clause" if len(clauses) == 1 else "clauses"
    return f"{run.place}: {len(run.results)} checks of {len(clauses)} {noun}: {counts}"


def _below(run: Run, found: tuple[ClauseLine, ...]) -> list[str]:
    reasons = sorted({reason for line in found for reason in line.reasons})
    lines = ["", *(f"not applicable: {reason}" for reason in reasons)] if reasons else []
    if run.failed:
        lines += ["", *(f"FAILED {result.name}: {result.reason}" for result in run.failed)]
    return lines
