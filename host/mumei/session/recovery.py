"""Beginning a session once more, where the exchange and not the card may have been at fault.

Until a card has been shown a PIN, or asked for a presentation, a session can be begun anew without harm: every key
and every challenge of it is fresh, and the card has kept nothing. Later on it is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from mumei.session.channel import Channel
from mumei.session.holder import PinBlockedError
from mumei.session.pace import PasswordSuspendedError, WrongPasswordError
from mumei_core.errors import (
    CardRefused,
    MumeiError,
    MuteCardError,
    ProtocolError,
    SessionLostError,
    TrustError,
    WrongCardError,
)

_T = TypeVar("_T")

#: What a bit error, or a reset that nobody saw, can look like from here.
_DISTURBED: Final = (SessionLostError, ProtocolError, CardRefused, TrustError, WrongCardError)
#: Who waits for a mute card has waited long enough; and tries of a password are counted, or made slow.
_FINAL: Final = (MuteCardError, WrongPasswordError, PasswordSuspendedError, PinBlockedError)


def begin(channel: Channel, steps: Callable[[], _T]) -> _T:
    """Do ``steps``, the beginning of a session; if they fail, reset the card and do them once more.

    Raises what the second attempt raises; the first one's error where there is no second: the card is gone or mute,
    a password was wrong, or it is not the card's fault.
    """
    try:
        return steps()
    except _DISTURBED as error:
        if isinstance(error, _FINAL) or not _is_back(channel):
            raise
    return steps()


def _is_back(channel: Channel) -> bool:
    try:
        channel.reset()
    except MumeiError:
        return False
    if channel.has_sent_extended:
        # A reader that loses long commands does not always say so.
        channel.keep_short()
    return True
