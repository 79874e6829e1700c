"""All groups of commands on the card, in one list."""

from __future__ import annotations

from mumei_card.applet import files, identity, pin, security_domain, terminal_authentication
from mumei_card.os.registry import Registry


def register(registry: Registry) -> None:
    """Binds every command of the card; raises ValueError where apdu_specs and applets disagree."""
    files.register(registry)
    terminal_authentication.register(registry)
    pin.register(registry)
    identity.register(registry)
    security_domain.register(registry)
    registry.require_complete()
