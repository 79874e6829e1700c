"""Cards whose memory is full or worn out (ISO/IEC 7816-4:2005, 5.1.3: 6A 84 and 65 81)."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.errors import CardRefused
from mumei_core.iso7816 import status_word

_REFUSALS = {
    codes.SW_NO_SPACE: (
        "the card's memory is full",
        "Nothing on the card was changed, and trying again does not help. The office that issued it replaces it.",
    ),
    codes.SW_MEMORY_FAILURE: (
        "the card could not write to its memory",
        "Nothing on the card was changed. Try once more; if it comes again, the office that issued it replaces it.",
    ),
}


class CardMemoryError(CardRefused):
    """The card has no memory left, or cannot write to it. It is as it was before the command."""


def refuse_exhausted_memory(sw: int) -> None:
    """Raises :class:`CardMemoryError` for the two status words that say so."""
    if sw in _REFUSALS:
        message, hint = _REFUSALS[sw]
        raise CardMemoryError(f"{message} ({status_word.describe(sw)})", sw=sw, hint=hint)
