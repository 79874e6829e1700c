"""``mumei office``: the resident registry, and issuing cards from it; commands are loaded when used."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import click

from mumei.cli.lazy import Entry, LazyCommands

_ROOM = "mumei.cli.office"

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "init": Entry(f"{_ROOM}.residents", "init", "Make a new, empty registry."),
        "import": Entry(f"{_ROOM}.residents", "import_residents", "Put residents on record."),
        "residents": Entry(f"{_ROOM}.residents", "residents", "List residents and how far their cards are."),
        "enrol": Entry(f"{_ROOM}.issuing", "enrol", "Issue a card to a resident."),
        "cancel": Entry(f"{_ROOM}.issuing", "cancel", "End an open enrolment."),
        "history": Entry(f"{_ROOM}.history", "history", "Show who did what, oldest first."),
    }
)


@click.group(cls=LazyCommands, entries=COMMANDS)
def office() -> None:
    """The ward office: the resident registry, and issuing cards from it."""
