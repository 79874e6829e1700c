"""How a card refuses what only its holder may do: read its log, see or change its settings (mumei protocol 2.6)."""

from __future__ import annotations

from mumei.session.card_memory import refuse_exhausted_memory
from mumei_core.commands import codes
from mumei_core.errors import CardRefused
from mumei_core.iso7816 import status_word


class HolderNeededError(CardRefused):
    """Only the holder may do this: the PIN was not verified, or a terminal has shown its rights."""


def refused(sw: int, *, doing: str) -> CardRefused:
    """The error for a refusal of the holder's own commands; ``doing`` completes "the card refused to ..."."""
    refuse_exhausted_memory(sw)
    if sw == codes.SW_SECURITY_STATUS:
        return HolderNeededError(
            f"the card refused to {doing} to anyone but its holder",
            sw=sw,
            hint="Take the card out, put it in again and type the PIN.",
        )
    if sw == codes.SW_INS_NOT_SUPPORTED:
        return CardRefused(
            f"this card cannot {doing}",
            sw=sw,
            hint="It was made before cards could; the office has newer ones.",
        )
    return CardRefused(f"the card refused to {doing}: {status_word.describe(sw)}", sw=sw)
