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
        "login": Entry(f"{_ROOM}.sessions", "login", "Begin to work, as a named clerk."),
        "lock": Entry(f"{_ROOM}.sessions", "lock", "Lock the session when leaving the desk."),
        "unlock": Entry(f"{_ROOM}.sessions", "unlock", "Open the locked session again."),
        "logout": Entry(f"{_ROOM}.sessions", "logout", "End the session."),
        "whoami": Entry(f"{_ROOM}.sessions", "whoami", "Say who works here, with which roles."),
        "clerk": Entry(f"{_ROOM}.clerks", "clerk", "Named clerks: their roles and passwords."),
        "approvals": Entry(f"{_ROOM}.approvals", "approvals", "List what waits for a second person."),
        "approve": Entry(f"{_ROOM}.approvals", "approve", "Approve what somebody else asked for."),
        "refuse": Entry(f"{_ROOM}.approvals", "refuse", "Refuse what somebody else asked for."),
        "history": Entry(f"{_ROOM}.history", "history", "Show who did what, oldest first."),
    }
)


@click.group(cls=LazyCommands, entries=COMMANDS)
def office() -> None:
    """The ward office: the resident registry, and issuing cards from it."""
