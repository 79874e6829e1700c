"""The holder's settings on the card: read and set (mumei protocol 2.6). The holder's PIN comes first."""

from __future__ import annotations

from mumei.session.channel import Channel
from mumei.session.holder_only import refused
from mumei_core.commands import codes
from mumei_core.commands.messages import identity as messages
from mumei_core.commands.settings import HolderSettings
from mumei_core.errors import DecodingError, ProtocolError


def read_settings(channel: Channel) -> HolderSettings:
    """What holds now.

    Raises HolderNeededError where the PIN was not verified in this session or a terminal has shown its rights
    in it, CardRefused, ProtocolError; and what :meth:`Channel.send` raises.
    """
    return _settings(channel, None, doing="tell its settings")


def store_settings(channel: Channel, settings: HolderSettings) -> None:
    """Set both settings. Raises as :func:`read_settings`; ProtocolError also where the card confirms others."""
    if _settings(channel, settings.to_octets(), doing="change its settings") != settings:
        raise ProtocolError("the card confirms other settings than it was given")


def _settings(channel: Channel, data: bytes | None, *, doing: str) -> HolderSettings:
    response = channel.send(messages.settings(settings=data))
    if response.sw != codes.SW_OK:
        raise refused(response.sw, doing=doing)
    try:
        return HolderSettings.from_octets(response.data)
    except DecodingError as error:
        raise ProtocolError(f"the card's settings are malformed: {error}") from error
