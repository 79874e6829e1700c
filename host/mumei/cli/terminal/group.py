"""``mumei terminal``: set up a relying party's terminal, and ask cards; commands are loaded when used."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import click

from mumei.cli.lazy import Entry, LazyCommands

_ROOM = "mumei.cli.terminal"

COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "init": Entry(f"{_ROOM}.setup", "init", "Make a terminal of a certified folder."),
        "describe": Entry(
            f"{_ROOM}.setup", "describe_terminal", "DEVELOPMENT: a terminal without a certificate."
        ),
        "show": Entry(f"{_ROOM}.setup", "show", "Show who a terminal is and what it may ask."),
        "trust": Entry(f"{_ROOM}.revocation", "trust", "Pin whose statements and lists count."),
        "update": Entry(f"{_ROOM}.revocation", "update", "Take in epoch statements and revocation lists."),
        "status": Entry(
            f"{_ROOM}.revocation", "status", "Show statements and lists, and how long they last."
        ),
        "verify": Entry(f"{_ROOM}.asking", "verify", "Ask the card, and decide. Offline."),
    }
)


@click.group(cls=LazyCommands, entries=COMMANDS)
def terminal() -> None:
    """Set up a relying party's terminal, and ask cards."""
