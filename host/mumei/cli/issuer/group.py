"""``mumei issuer``: the issuer's keys, its service for offices, ceremony and back-up; loaded when used."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import click

from mumei.cli.lazy import Entry, LazyCommands

_ROOM = "mumei.cli.issuer"

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "init": Entry(f"{_ROOM}.parameters", "init", "Make a key pair and public parameters."),
        "audit": Entry(f"{_ROOM}.parameters", "audit", "Check parameters with pairings."),
        "show": Entry(f"{_ROOM}.parameters", "show", "Show what parameters say."),
    }
)


@click.group(cls=LazyCommands, entries=COMMANDS)
def issuer() -> None:
    """The issuer: its keys and public parameters, and the service that signs for offices."""
