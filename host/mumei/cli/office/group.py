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
        "import": Entry(
            f"{_ROOM}.importing", "import_residents", "Put residents on record, from CSV or JSON."
        ),
        "residents": Entry(f"{_ROOM}.residents", "residents", "List residents and how far their cards are."),
        "resident": Entry(
            f"{_ROOM}.resident", "resident", "One resident: look up, move, rename, correct, death."
        ),
        "stock": Entry(f"{_ROOM}.stock", "stock", "Cards in stock, and cards that have to come back."),
        "upgrade": Entry(f"{_ROOM}.upkeep", "upgrade", "Bring an older registry up to date."),
        "new-key": Entry(f"{_ROOM}.upkeep", "new_key", "Seal all resident codes under a new key."),
        "enrol": Entry(f"{_ROOM}.issuing", "enrol", "Issue a card to a resident."),
        "renew": Entry(f"{_ROOM}.servicing", "renew", "A new credential on the same card, same pseudonyms."),
        "change": Entry(f"{_ROOM}.servicing", "change", "Put a move or another name on the card."),
        "unblock": Entry(f"{_ROOM}.servicing", "unblock", "Give the PIN its tries again."),
        "lost": Entry(f"{_ROOM}.counter", "lost", "Report a card lost, and open a case."),
        "found": Entry(f"{_ROOM}.counter", "found", "A lost card is back with its holder."),
        "return": Entry(f"{_ROOM}.counter", "give_back", "Take back a card, and wipe it."),
        "show": Entry(f"{_ROOM}.counter", "show", "Show what is known of a resident's cards."),
        "cancel": Entry(f"{_ROOM}.issuing", "cancel", "End an open enrolment."),
        "batch": Entry(f"{_ROOM}.batch", "batch", "Cards for a whole order, on several readers."),
        "plan": Entry(f"{_ROOM}.plans", "plan", "What was begun at the counter, and how far it is."),
        "login": Entry(f"{_ROOM}.sessions", "login", "Begin to work, as a named clerk."),
        "lock": Entry(f"{_ROOM}.sessions", "lock", "Lock the session when leaving the desk."),
        "unlock": Entry(f"{_ROOM}.sessions", "unlock", "Open the locked session again."),
        "logout": Entry(f"{_ROOM}.sessions", "logout", "End the session."),
        "whoami": Entry(f"{_ROOM}.sessions", "whoami", "Say who works here, with which roles."),
        "clerk": Entry(f"{_ROOM}.clerks", "clerk", "Named clerks: their roles and passwords."),
        "approvals": Entry(f"{_ROOM}.approvals", "approvals", "List what waits for a second person."),
        "approve": Entry(f"{_ROOM}.approvals", "approve", "Approve what somebody else asked for."),
        "refuse": Entry(f"{_ROOM}.approvals", "refuse", "Refuse what somebody else asked for."),
        "trustees": Entry(f"{_ROOM}.revocation", "trustees", "Take in the signed list of trustees."),
        "envelopes": Entry(f"{_ROOM}.revocation", "envelopes", "The day's envelopes, for the trustees."),
        "confirmations": Entry(f"{_ROOM}.revocation", "confirmations", "Take in trustees' confirmations."),
        "irrevocable": Entry(f"{_ROOM}.revocation", "irrevocable", "List cards that cannot be revoked yet."),
        "cases": Entry(f"{_ROOM}.revocation", "cases", "Reported cards on their way to the lists."),
        "history": Entry(f"{_ROOM}.history", "history", "Show who did what, oldest first."),
    }
)


@click.group(cls=LazyCommands, entries=COMMANDS)
def office() -> None:
    """The ward office: the resident registry, and issuing cards from it."""
