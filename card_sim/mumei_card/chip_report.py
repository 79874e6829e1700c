"""Profiles of chips in words and as JSON: every figure with its source, and what the profile cannot know."""

from __future__ import annotations

import textwrap
from typing import Any, Final

from mumei_card.chip.chip_profile import Chip, Implementation, Operation
from mumei_card.chip.figures import Cost, Figure, Unknown
from mumei_card.chip.profiles import CHIPS, ChipProfile, find, links

_WIDTH: Final = 110
_MODEL: Final = (
    "A profile is a MODEL: what the software card counts, times figures that others published. Nobody has published"
    " BLS12-381 on any of these chips."
)
#: What a unit is, where a figure has one.
_UNITS: Final = {
    Operation.SHA256: "block of 64 octets",
    Operation.AES: "block of 16 octets",
    Operation.RANDOM: "octet",
    Operation.NVM: "octet",
}


def overview() -> str:
    """All chips, a line each, and how to name a profile."""
    head = ("chip", "G1 mult. ms", "P-256 ms", "ECDSA verif. ms", "link", "title")
    rows = [head, *(_row(chip) for chip in CHIPS.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if 1 <= column <= 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(
        [
            *lines,
            "",
            _wrapped(_MODEL),
            _wrapped(
                "Name a profile CHIP[/IMPLEMENTATION[/LINK]], as J3R180/java-card/contactless-424. Implementations:"
                f" {', '.join(Implementation)} (default: native). Links: {', '.join(links())}, where TA1 is two hex"
                " digits, as t1-95 (default: the chip's own, in the table)."
            ),
        ]
    )


def text(name: str) -> str:
    """One profile: figures, sources, assumptions. Raises UsageError for an unknown name."""
    profile = find(name)
    lines = [f"{profile.name}: {profile.chip.title}", _wrapped(_MODEL), "", "milliseconds:"]
    for operation, cost in profile.chip.costs[profile.implementation].items():
        lines.append(_wrapped(f"{operation}: {_words(operation, cost)}", indent="  "))
        if isinstance(cost, Figure):
            lines += [_wrapped(f"from {source}", indent="      ") for source in cost.sources]
    lines += ["", f"link: {profile.link.title}; assumed:"]
    lines += [_wrapped(f"- {assumed}", indent="  ") for assumed in profile.link.assumes]
    lines += ["", "what this profile cannot know:"]
    lines += [_wrapped(f"- {what}", indent="  ") for what in profile.chip.cannot_know]
    return "\n".join(lines)


def document(name: str) -> dict[str, Any]:
    """The same for programs; what nobody knows has ``milliseconds`` null."""
    profile = find(name)
    return {
        "name": profile.name,
        "chip": profile.chip.title,
        "model": _MODEL,
        "operations": [_entry(operation, cost) for operation, cost in _costs(profile)],
        "link": {"title": profile.link.title, "assumed": list(profile.link.assumes)},
        "cannot_know": list(profile.chip.cannot_know),
    }


def documents() -> list[dict[str, Any]]:
    """Every chip with its own link, native."""
    return [document(chip.name) for chip in CHIPS.values()]


def _costs(profile: ChipProfile) -> list[tuple[Operation, Cost]]:
    return list(profile.chip.costs[profile.implementation].items())


def _row(chip: Chip) -> tuple[str, ...]:
    costs = chip.costs[Implementation.NATIVE]
    shown = (Operation.G1_MULTIPLICATION, Operation.P256_MULTIPLICATION, Operation.P256_VERIFICATION)
    figures = [f"{_once(costs[operation]):.1f}" for operation in shown]
    return (chip.name, *figures, find(chip.name).link.name, chip.title)


def _once(cost: Cost) -> float:
    return cost.per_call if isinstance(cost, Figure) else float("nan")


def _words(operation: Operation, cost: Cost) -> str:
    if isinstance(cost, Unknown):
        return f"unknown: {cost.why}"
    words = f"{cost.per_call:g}"
    if cost.per_unit:
        words += f" and {cost.per_unit:g} for each {_UNITS[operation]}"
    return f"{words} ({cost.note})" if cost.note else words


def _entry(operation: Operation, cost: Cost) -> dict[str, Any]:
    if isinstance(cost, Unknown):
        return {"operation": str(operation), "milliseconds": None, "why": cost.why}
    return {
        "operation": str(operation),
        "milliseconds": cost.per_call,
        "milliseconds_per_unit": cost.per_unit or None,
        "unit": _UNITS.get(operation) if cost.per_unit else None,
        "note": cost.note,
        "sources": [str(source) for source in cost.sources],
    }


def _wrapped(sentence: str, indent: str = "") -> str:
    return textwrap.fill(
        sentence,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + ("  " if indent else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )
