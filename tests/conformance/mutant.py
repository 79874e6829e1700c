"""A card with a planted defect, and the checks that must find it. What finds none of them proves nothing.

A mutant changes the card in this process while it is used, and nothing else: the suite's reference shares no code
with the card. ``found_by`` names checks that have to fail; others may fail as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pytest

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``about``: what is wrong with the card. ``plant``: makes it so."""

    name: str
    about: str
    found_by: tuple[str, ...]
    plant: Plant

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The card is so until the end of the block."""
        with pytest.MonkeyPatch.context() as patch:
            self.plant(patch)
            yield


MUTANTS: Final[list[Mutant]] = []
"""All, once their modules are imported; :mod:`.mutants` does."""


def mutant(about: str, *found_by: str) -> Callable[[Plant], Plant]:
    """The function is the defect of this kind."""

    def add(plant: Plant) -> Plant:
        MUTANTS.append(Mutant(plant.__name__, about, found_by, plant))
        return plant

    return add
