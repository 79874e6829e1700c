"""What only the holder may do: the PIN was verified, and no terminal listens (mumei protocol 2.6)."""

from __future__ import annotations

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands.codes import SW_SECURITY_STATUS

SESSION_TERMINAL = "terminal_description"
"""Name, in the session's area, of the description that gives a development terminal its rights."""


def require_holder(context: CardContext) -> None:
    """Raises :class:`CardError` 69 82.

    A shop that got the PIN for its own question must not read with it who else has asked, nor lower the guard:
    so a session in which a terminal has shown its rights is not the holder's own.
    """
    status = context.security_status
    if not status.pin_verified:
        raise CardError(SW_SECURITY_STATUS, "the holder's PIN was not verified")
    if status.terminal is not None or SESSION_TERMINAL in status.session:
        raise CardError(SW_SECURITY_STATUS, "a terminal has shown its rights in this session")
