"""Checks run one by one without pytest: on mutants, and on cards that are exchanged under way."""

from __future__ import annotations

from collections.abc import Iterable

from .bench import NotApplicable, Target
from .suite import Check


def failures(checks: Iterable[Check], target: Target) -> dict[str, str]:
    """Name and reason of each check that fails; whatever a check stumbles over is a failure."""
    failed = {}
    for check in checks:
        try:
            check.function(target.take(check.cards, check.wears), *check.values)
        except NotApplicable:
            continue
        except Exception as error:
            failed[check.name] = f"{type(error).__name__}: {error}"
    return failed
