"""SETTINGS: when the holder wants the PIN, beyond what terminals' rights demand (mumei protocol 2.6)."""

from __future__ import annotations

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands.codes import SW_WRONG_DATA
from mumei_core.commands.settings import HolderSettings
from mumei_core.errors import DecodingError
from mumei_core.iso7816.apdu import CommandAPDU

RECORD_SETTINGS = "settings"


def settings(command: CommandAPDU, context: CardContext) -> bytes:
    """With data sets both, without reads; answers what holds now. Needs the holder."""
    if command.data:
        try:
            chosen = HolderSettings.from_octets(command.data)
        except DecodingError as error:
            raise CardError(SW_WRONG_DATA, str(error)) from error
        context.nvm.commit({RECORD_SETTINGS: chosen.to_octets()})
    return holder_settings(context).to_octets()


def holder_settings(context: CardContext) -> HolderSettings:
    """What holds now; a card whose holder has set nothing has the defaults."""
    stored = context.nvm.get(RECORD_SETTINGS)
    return HolderSettings() if stored is None else HolderSettings.from_octets(stored)
