"""All groups of commands on the card, in one list."""

from __future__ import annotations

import importlib
import importlib.util

from mumei_card.applet import files, pin
from mumei_card.os.registry import Registry


def register(registry: Registry) -> None:
    """Enters every command of the card."""
    files.register(registry)
    pin.register(registry)
    # Looked up while the identity commands are being written; becomes a plain import with them.
    if importlib.util.find_spec("mumei_card.applet.identity") is not None:
        importlib.import_module("mumei_card.applet.identity").register(registry)
