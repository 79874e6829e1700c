"""Opening the secure channel with a password: PACE over a card session (TR-03110-2 v2.21, 2.2-2.4 and 3.2).

Outside a channel of the CAN our cards do not say how PIN and PUK stand, and answer a wrong, a suspended and a
blocked one alike. A holder who wants to know gives the CAN first: inside its channel the card tells the tries that
are left, and takes the last one of a suspended PIN.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.session.channel import BEGIN_ANEW, Channel
from mumei.session.holder import Digits, Pin, PinBlockedError, PinStatus, Puk, TransportPin
from mumei_core.commands import codes
from mumei_core.commands.messages import card as messages
from mumei_core.eac.card_access import CARD_ACCESS
from mumei_core.eac.ec import RandomSource
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import PaceError, PaceResult, Step, TerminalPace
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.eac.pace_messages import Password, SetAt
from mumei_core.errors import CardRefused, ChannelBrokenError, WrongCardError
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import TerminalChannel

_SHORT_FILE_IDENTIFIER = 0x80  # READ BINARY, P1: bits 5 to 1 name the file (ISO/IEC 7816-4:2005, 7.2.3)


class Can(Digits):
    """The card access number, six digits on the card's back: for the holder's own machine and for offices."""

    __slots__ = ()
    label = "CAN"
    length = codes.CAN_DIGITS


class ShopCode(Digits):
    """The code on the card's face, two digits; over contacts 00."""

    __slots__ = ()
    label = "shop code"
    length = codes.SHOP_CODE_DIGITS


class WrongPasswordError(CardRefused):
    """The password was wrong. ``tries_left``: the card's own counter, None where there is none or none is told."""

    def __init__(self, message: str, *, sw: int, tries_left: int | None, hint: str) -> None:
        super().__init__(message, sw=sw, hint=hint)
        self.tries_left = tries_left


class PasswordSuspendedError(CardRefused):
    """One try is left, and the card wants to see its CAN before it is used."""


_PASSWORDS: Final[Mapping[type[Digits], Password]] = MappingProxyType(
    {
        ShopCode: Password.SHOP_CODE,
        Can: Password.CAN,
        Pin: Password.PIN,
        TransportPin: Password.PIN,
        Puk: Password.PUK,
    }
)


def check_card_access(channel: Channel) -> None:
    """Compare EF.CardAccess with what every mumei card has; one exchange, and not needed for PACE.

    Raises:
        WrongCardError: the file is missing or another one: no mumei card, or not of the standard profile.
    """
    p1 = _SHORT_FILE_IDENTIFIER | codes.SFI_EF_CARD_ACCESS
    response = channel.send(messages.read_binary_by_short_identifier(p1=p1, offset=0))
    if response.sw not in (codes.SW_OK, codes.SW_END_OF_FILE) or response.data != CARD_ACCESS:
        raise WrongCardError(
            "this card does not offer the secure channel that mumei cards have",
            hint="Use a mumei card of the standard profile; development cards have no channel.",
        )


def status_inside_can(channel: Channel, secret: type[Digits]) -> PinStatus:
    """How PIN or PUK stands, asked inside a channel of the CAN; costs no try.

    Raises:
        CardRefused: another channel, or none.
    """
    tries = codes.PUK_TRIES if _PASSWORDS[secret] is Password.PUK else codes.PIN_TRIES
    set_at = SetAt(algorithm=PaceAlgorithm.AES_128, password=_PASSWORDS[secret])
    response = channel.send(set_at.to_command())
    left = status_word.tries_left(response.sw)
    if not channel.is_protected or (response.sw != codes.SW_OK and left is None):
        raise CardRefused(f"the card does not say how its {secret.label} stands", sw=response.sw)
    return PinStatus(tries_left=tries if left is None else left, is_blocked=left == 0)


def establish(
    channel: Channel,
    secret: Digits,
    *,
    chat: bytes | None = None,
    algorithm: PaceAlgorithm = PaceAlgorithm.AES_128,
    random: RandomSource = os.urandom,
) -> PaceResult:
    """Run PACE through ``channel``, which is then protected. Five exchanges.

    Inside a channel of the CAN this resumes a suspended PIN or PUK; if it fails there, that channel stays.

    Args:
        channel: in plain, or protected by the CAN.
        secret: the password; its type says which one. It is not wiped here.
        chat: the whole object 7F4C where Terminal Authentication is to follow.
        algorithm: AES-128 is what EF.CardAccess names.
        random: n -> n octets, for tests.

    Raises:
        WrongPasswordError: wrong; or, outside a channel of the CAN, perhaps suspended or blocked.
        PasswordSuspendedError: give the CAN first.
        PinBlockedError: no tries are left; the hint names the way out.
        CardRefused: any other refusal, as of a second PACE in a session.
        ChannelBrokenError: the card's answers are not PACE's, or it does not know the password itself.
    """
    password = _PASSWORDS[type(secret)]
    terminal = TerminalPace(P256_GROUP, algorithm, password, secret.octets, random=random, chat=chat)
    _set_at(channel, terminal, secret)
    command: CommandAPDU | None = terminal.nonce_command()
    while command is not None:
        step = terminal.step
        response = channel.send(command)
        if response.sw != codes.SW_OK:
            raise _refusal(response, step, secret)
        try:
            command = terminal.next(response.data)
        except PaceError as error:
            raise ChannelBrokenError(error.message, hint=BEGIN_ANEW) from error
    result = terminal.result
    channel.protect(TerminalChannel(result.k_enc, result.k_mac))
    return result


def _set_at(channel: Channel, terminal: TerminalPace, secret: Digits) -> None:
    """MSE:Set AT. 63CX is a warning, parameters are set: X = 1 inside a channel of the CAN is the way to resume."""
    response = channel.send(terminal.set_at())
    tries = status_word.tries_left(response.sw)
    if tries == 0:
        raise _blocked(secret, response.sw)
    if tries == 1 and not channel.is_protected:
        raise _suspended(secret, response.sw)
    if response.sw != codes.SW_OK and tries is None:
        raise _other(response, secret)


def _refusal(response: ResponseAPDU, step: Step, secret: Digits) -> CardRefused:
    sw = response.sw
    tries = status_word.tries_left(sw)
    if step is not Step.TOKEN:
        return _other(response, secret)
    if sw == codes.SW_AUTHENTICATION_FAILED:
        return _wrong_or_worse(secret, sw)
    if tries == 0:
        return WrongPasswordError(
            f"wrong {secret.label}: it is blocked now", sw=sw, tries_left=0, hint=_way_out(secret)
        )
    if tries is not None:
        return _wrong_with_counter(secret, sw, tries)
    if sw == codes.SW_BLOCKED:
        return _blocked(secret, sw)
    if sw == codes.SW_CONDITIONS and _is_counted(secret):
        return _suspended(secret, sw)
    return _other(response, secret)


def _is_counted(secret: Digits) -> bool:
    """Whether wrong tries block it; shop code and CAN never do."""
    return isinstance(secret, Pin | TransportPin | Puk)


def _wrong_or_worse(secret: Digits, sw: int) -> CardRefused:
    if _is_counted(secret):
        return WrongPasswordError(
            f"the card did not accept the {secret.label}: wrong, or its tries are used up",
            sw=sw,
            tries_left=None,
            hint="The card does not say which. Give it the CAN from its back first: then it tells the tries left.",
        )
    return WrongPasswordError(
        f"wrong {secret.label}",
        sw=sw,
        tries_left=None,
        hint=f"Read the {secret.label} on the card again. It never blocks, but wrong tries make the card slow.",
    )


def _wrong_with_counter(secret: Digits, sw: int, tries: int) -> CardRefused:
    if tries == 1:
        return WrongPasswordError(
            f"wrong {secret.label}: one try is left",
            sw=sw,
            tries_left=1,
            hint=f"Be sure before the last try. {_way_out(secret)}",
        )
    return WrongPasswordError(
        f"wrong {secret.label}: {tries} tries are left", sw=sw, tries_left=tries, hint="Try again."
    )


def _suspended(secret: Digits, sw: int) -> CardRefused:
    return PasswordSuspendedError(
        f"the {secret.label} is suspended: one try is left",
        sw=sw,
        hint="Enter the CAN, six digits on the card's back; then the last try counts.",
    )


def _blocked(secret: Digits, sw: int) -> CardRefused:
    return PinBlockedError(f"the {secret.label} is blocked", sw=sw, hint=_way_out(secret))


def _way_out(secret: Digits) -> str:
    if isinstance(secret, Puk):
        return "The issuing office replaces the card."
    return "Unblock it with the PUK: 'mumei card pin unblock'; without the PUK the issuing office helps."


def _other(response: ResponseAPDU, secret: Digits) -> CardRefused:
    refuse_exhausted_memory(response.sw)
    return CardRefused(
        f"the card refused to open a channel with the {secret.label}: {status_word.describe(response.sw)}",
        sw=response.sw,
        hint=BEGIN_ANEW,
    )
