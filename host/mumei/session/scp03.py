"""Opening a personalisation channel to a card's security domain (GlobalPlatform Amendment D v1.1.2, 7.1; mumei
protocol 2.6).

Steps, in this order:

1. INITIALIZE UPDATE: the card says its number (diversification data) and proves that it knows its keys;
2. is it the expected card? If not, nothing more is sent;
3. the card's cryptogram is checked. If it is wrong, nothing more is sent: a card counts failed authentications
   and blocks, so there is no second try with other keys;
4. EXTERNAL AUTHENTICATE, once.

What comes back is a :class:`Channel`, so that everything said through it is protected in both directions.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.session.channel import BEGIN_ANEW, Channel, Link
from mumei_core.commands import codes
from mumei_core.errors import (
    CardRefused,
    ChannelBrokenError,
    DecodingError,
    ProtocolError,
    TrustError,
    WrongCardError,
)
from mumei_core.gp.keys import StaticKeys
from mumei_core.gp.scp03 import HostScp03, initialize_update
from mumei_core.gp.scp03_session import (
    CryptogramError,
    InitializeUpdateAnswer,
    Level,
    Mode,
    Scp03Error,
)
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import MAX_SHORT_LE, CommandAPDU, ResponseAPDU

#: How cards answer that had no channel, or lost it: to a wrong C-MAC, and after a reset that nobody saw.
_CHANNEL_IS_OVER: Final = frozenset(
    {codes.SW_SECURITY_STATUS, codes.SW_SECURE_MESSAGING_NOT_SUPPORTED, codes.SW_SM_OBJECT_WRONG}
)

KeyProvider = Callable[[bytes, int], StaticKeys]
"""(diversification data, 10 octets; key version number) -> the static keys of that card."""

_BLOCKING_HINT: Final = (
    "Do not try again with the same keys: every failure brings the card nearer to blocking."
)


class WrongKeysError(TrustError):
    """The card does not know the keys that we have for it. Nothing was sent that it counts."""


class IssuedCardError(WrongCardError):
    """The card has no security domain, or none for us: it is issued, or is no card for personalisation."""


class Scp03Channel(Channel):
    """Everything sent through here travels inside SCP03, over the channel that it was opened on.

    Attributes:
        diversification_data: the card's number, 10 octets, which only its personaliser may know.
        key_version: of the card's keys, which :func:`~mumei.session.security_domain.rotate_keys` changes.
        static_keys: those keys.
    """

    def __init__(
        self,
        outer: Channel,
        scp03: HostScp03,
        *,
        diversification_data: bytes,
        key_version: int,
        keys: StaticKeys,
    ) -> None:
        self._outer = outer
        self._link = _Protection(outer, scp03)
        self.diversification_data = diversification_data
        self.key_version = key_version
        self.static_keys = keys
        super().__init__(outer.connection)
        self.capabilities = outer.capabilities

    def adopt(self, capabilities: object) -> None:
        """Raises ProtocolError: what the card can do was learnt before this channel was opened."""
        del capabilities
        raise ProtocolError("a personalisation channel is opened after the card has said what it can do")

    def reset(self) -> None:
        """Reset the card: this channel is over, and keeps no keys."""
        self._link.scp03.wipe()
        self._outer.reset()

    def _assemble(self) -> Link:
        return self._link


class _Protection:
    """The link that wraps commands and unwraps answers."""

    def __init__(self, outer: Channel, scp03: HostScp03) -> None:
        self._outer = outer
        self.scp03 = scp03

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        """Raises ChannelBrokenError where the channel is over, or the answer was altered on its way."""
        try:
            protected = self.scp03.wrap(command)
            if self.scp03.level & Level.R_MAC:
                # There is always an R-MAC to fetch, whether or not the command asks for data.
                protected = replace(protected, le=protected.le or MAX_SHORT_LE)
            response = self.scp03.unwrap(self._outer.send(protected))
        except Scp03Error as error:
            raise ChannelBrokenError(
                f"the personalisation channel broke: {error.message}", hint=BEGIN_ANEW
            ) from error
        except BaseException:
            # Whatever went wrong on the way, the two counters need not agree any more.
            self.scp03.wipe()
            raise
        # At a lower level the card may just find it too low.
        if self.scp03.level == Level.ALL and response.sw in _CHANNEL_IS_OVER:
            self.scp03.wipe()
            raise ChannelBrokenError(
                f"the card has ended the personalisation channel ({status_word.describe(response.sw)})",
                hint=BEGIN_ANEW,
            )
        return response


def open_scp03(
    channel: Channel,
    keys_of: KeyProvider,
    *,
    expected: Collection[bytes] | None = None,
    mode: Mode = Mode.S16,
    level: Level = Level.ALL,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Scp03Channel:
    """Open a channel to the security domain of the card at ``channel``.

    Args:
        channel: after SELECT, so that it knows what the card can do.
        keys_of: finds the keys of the card that answers, from its number.
        expected: numbers (10 octets each) of the cards that may be written to; None takes every card whose
            keys we have.
        mode: S8 for cards of other makers that know no S16.
        level: how commands and answers are protected.
        random: n -> n octets, for tests.

    Raises:
        IssuedCardError: the card has no security domain for us.
        WrongCardError: another card than expected; nothing more was sent.
        WrongKeysError: the card does not know the keys; nothing more was sent.
        CardRefused: the card refused, or its keys are blocked.
        ChannelBrokenError: the card was reset in between.
        ProtocolError: the card's answer is malformed; and what :meth:`Channel.send` raises.
    """
    challenge = random(mode.value)
    answer = _initialize_update(channel, challenge)
    number = answer.diversification_data
    if expected is not None and not any(hmac.compare_digest(number, card) for card in expected):
        raise WrongCardError(
            "this is not the card that is to be written to",
            hint="Put in the card whose number is on the order; nothing was written to this one.",
        )
    keys = keys_of(number, answer.key_version)
    try:
        scp03 = HostScp03(keys, challenge, answer, level=level)
    except CryptogramError as error:
        raise WrongKeysError(
            "the card does not know the keys that belong to its number",
            hint="Put it in once more: nothing was written, and no try was used up. If it comes again, the master "
            "key is not of this card's maker.",
        ) from error
    except Scp03Error as error:
        raise ProtocolError(f"the card offers another channel than asked for: {error.message}") from error
    response = channel.send(scp03.external_authenticate())
    refuse_exhausted_memory(response.sw)
    if response.sw != codes.SW_OK:
        scp03.wipe()
        if response.sw == codes.SW_SECURE_MESSAGING_NOT_SUPPORTED:
            # It has forgotten that we asked, and has compared nothing. A wrong C-MAC it would have counted.
            raise ChannelBrokenError(
                "the card was reset before it took our authentication",
                hint=f"{BEGIN_ANEW} No try was used up.",
            )
        raise CardRefused(
            f"the card refused our authentication: {status_word.describe(response.sw)}",
            sw=response.sw,
            hint=_BLOCKING_HINT,
        )
    return Scp03Channel(
        channel, scp03, diversification_data=number, key_version=answer.key_version, keys=keys
    )


def _initialize_update(channel: Channel, challenge: bytes) -> InitializeUpdateAnswer:
    response = channel.send(initialize_update(challenge))
    refuse_exhausted_memory(response.sw)
    if response.sw == codes.SW_INS_NOT_SUPPORTED:
        raise IssuedCardError(
            "this card takes no personalisation: it is issued already, or is not made for it",
            hint="Use a new card of the standard profile.",
        )
    if response.sw == codes.SW_BLOCKED:
        raise CardRefused(
            "the card's keys are blocked after too many failed authentications",
            sw=response.sw,
            hint="Send the card back to its maker.",
        )
    if response.sw != codes.SW_OK:
        raise CardRefused(
            f"the card refused to open a channel: {status_word.describe(response.sw)}", sw=response.sw
        )
    try:
        return InitializeUpdateAnswer.from_bytes(response.data)
    except DecodingError as error:
        raise ProtocolError(error.message) from error
