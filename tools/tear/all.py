"""All scenarios, and the planted defects against them."""

from __future__ import annotations

from collections.abc import Iterator

from tools.tear import development, personalising, renewing, standard
from tools.tear.planted import Plant
from tools.tear.scenario import Scenario
from tools.tear.sweep import Sweep, Swept


def scenarios() -> Iterator[Scenario]:
    """Every command of both profiles that changes a card's state."""
    yield from development.scenarios()
    yield from standard.scenarios()
    yield from personalising.scenarios()
    yield from renewing.scenarios()


def look_for(plant: Plant) -> Swept:
    """What the short form finds of a planted defect in the scenario that must show it."""
    for scenario in scenarios():
        if (scenario.profile, scenario.name) == (plant.profile, plant.shows_in):
            # The cards are made before: by a card without the defect, and kept for all.
            scenario.records()
            with plant.planted():
                return Sweep(scenario, thorough=False).run()
    raise ValueError(f"no scenario {plant.shows_in} in profile {plant.profile}")
