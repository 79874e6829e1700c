"""What the audit found: a leak, or a class that the design admits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Observer(StrEnum):
    """Who would have to look."""

    ANYONE = "anyone with a reader, before authentication"
    ONE_PARTY = "one relying party, comparing visits to itself"
    ALL_PARTIES = "all relying parties together"
    POOLED = "all relying parties and the issuer together"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A leak. ``cards``: how many it marks. ``shared_by``: the smallest number of cards with one mark."""

    test: str
    observer: Observer
    where: str
    what: str
    cards: int
    shared_by: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedClass:
    """A way in which cards may differ.

    ``most_values``: that it may have. Where it shows in status words, lengths or operations: ``steps``, a regular
    expression of the steps where cards in one situation may differ; ``probes``, of the probes by which a card's
    states may. Both are empty for a class that shows in named fields only. ``development_only``: a door that
    cards with a channel do not have.
    """

    name: str
    meaning: str
    most_values: int
    steps: str = ""
    probes: str = ""
    development_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSizes:
    """``sizes``: by value of the class, how many cards had it."""

    admitted: AdmittedClass
    sizes: dict[str, int]
