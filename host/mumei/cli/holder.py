"""A card in its holder's hands: opened, and PIN or PUK asked for with the tries that are left.

A development card says its tries to everybody. A standard card opens a channel with PIN or PUK (TR-03110-2 v2.21,
2.4), and says its tries only in one of the CAN: the holder may give it first, and is asked for it at the terminal
where the card has refused what was typed there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from mumei.cli.output import progress, warn
from mumei.cli.secrets import SecretSource, secret_options
from mumei.session.application import Application, Profile
from mumei.session.channel import Channel
from mumei.session.holder import (
    Digits,
    Pin,
    PinStatus,
    Puk,
    TransportPin,
    pin_status,
    require_usable,
    verify_pin,
)
from mumei.session.pace import Can, WrongPasswordError, establish, status_inside_can
from mumei.session.recovery import begin
from mumei.transport.base import CardConnection
from mumei_core.errors import UsageError

Command = Callable[..., Any]

_PROMPTS: Final[Mapping[tuple[type[Digits], ...], str]] = MappingProxyType(
    {
        (Pin,): "PIN (six digits)",
        (Pin, TransportPin): "old PIN (six digits), or a new card's transport PIN (five)",
        (Puk,): "PUK (eight digits)",
    }
)
_CAN_PROMPT: Final = "CAN (six digits, on the card's back)"


def can_options(function: Command) -> Command:
    """Add --with-can, --can-file and --can-fd; the command gets ``can: SecretSource | None``."""

    @functools.wraps(function)
    def wrapper(*args: Any, with_can: bool, can: SecretSource, **kwargs: Any) -> Any:
        wanted = with_can or can.file is not None or can.fd is not None
        return function(*args, can=can if wanted else None, **kwargs)

    flag = click.option(
        "--with-can",
        is_flag=True,
        help="Give the CAN first: the card then says its tries, and takes the last one.",
    )
    return secret_options("can", "the CAN")(flag(wrapper))


def open_card(connection: CardConnection, *, can: SecretSource | None = None) -> tuple[Channel, Application]:
    """The card's application, selected; cards of the standard profile still need a channel.

    Raises UsageError for a ``can`` that this card does not have.
    """
    channel = Channel(connection)
    application = begin(channel, lambda: Application.identify(channel))
    if can is not None and application.profile is Profile.DEVELOPMENT:
        # Not passed over: on a shared descriptor the CAN's line would be taken for the PIN, and cost a try.
        raise UsageError(
            "a card of the development profile has no CAN",
            hint="Leave out --with-can, --can-file and --can-fd.",
        )
    return channel, application


def open_with(
    channel: Channel, source: SecretSource, *kinds: type[Digits], can: SecretSource | None
) -> Digits:
    """Open the channel of a standard card with a password of one of ``kinds``, told apart by their digits.

    Args:
        channel: in plain, the application selected.
        source: of the password.
        kinds: as :data:`_PROMPTS` has them; the first is the one whose tries count.
        can: to be given first. Without it, who types at the terminal may give it after a refusal, and try again.

    Returns:
        The password, which the caller wipes.

    Raises WrongPasswordError, PinBlockedError, and what :class:`SecretSource` and :func:`establish` raise.
    """
    if can is None:
        try:
            return _attempt(channel, source, kinds)
        except WrongPasswordError as error:
            # What came from a file is not tried twice: it would cost the next try, and be as wrong.
            if source.file is not None or source.fd is not None:
                raise _naming_options(error, kinds) from error
            progress(f"{error.message}. With the CAN the card says its tries; Ctrl-C stops here.")
        can = SecretSource(option="can")
    with can.digits(Can, prompt=_CAN_PROMPT) as number:
        establish(channel, number)
    counted = kinds[0]
    status = status_inside_can(channel, counted)
    require_usable(status, label=counted.label)
    say_tries(status, counted.label)
    return _attempt(channel, source, kinds)


def _attempt(channel: Channel, source: SecretSource, kinds: tuple[type[Digits], ...]) -> Digits:
    typed = _ask(source, kinds)
    try:
        establish(channel, typed)
    except BaseException:
        typed.wipe()
        raise
    return typed


def _ask(source: SecretSource, kinds: tuple[type[Digits], ...]) -> Digits:
    kind, *others = kinds
    if not others:
        return source.digits(kind, prompt=_PROMPTS[kinds])
    text = source.text(prompt=_PROMPTS[kinds])
    chosen = next((other for other in others if len(text) == other.length), kind)
    return chosen(text)


def _naming_options(error: WrongPasswordError, kinds: tuple[type[Digits], ...]) -> WrongPasswordError:
    """The same, with a hint in this program's words."""
    hint = "Give the CAN as well, with --with-can or --can-file: the card then says its tries, and takes the last."
    if kinds == (Pin,):
        hint += " A new card has no PIN before 'mumei card pin change'."
    return WrongPasswordError(error.message, sw=error.sw, tries_left=error.tries_left, hint=hint)


def open_for_holder(
    connection: CardConnection, pin: SecretSource, *, can: SecretSource | None = None
) -> Channel:
    """The card with the PIN shown to it; where it tells them, the tries left are said before one is used.

    Raises PinBlockedError, TransportPinError, WrongPinError, WrongPasswordError, and what :class:`SecretSource`
    raises.
    """
    channel, application = open_card(connection, can=can)
    if application.profile is not Profile.DEVELOPMENT:
        with open_with(channel, pin, Pin, can=can):
            return channel
    status = pin_status(channel)
    require_usable(status)
    say_tries(status, Pin.label)
    with pin.digits(Pin, prompt=_PROMPTS[Pin,]) as typed:
        verify_pin(channel, typed)
    return channel


def say_tries(status: PinStatus, label: str) -> None:
    """Say how many tries there are, and warn of the last."""
    if status.tries_left == 1:
        warn(f"this is the last try: a wrong {label} blocks it", hint=_LAST_TRY[label])
    elif status.tries_left is not None:
        progress(f"{status.tries_left} tries are left for the {label}.")


_LAST_TRY: Final = {
    Pin.label: "Stop with Ctrl-C if you are not sure; the PUK helps: 'mumei card pin unblock'.",
    Puk.label: "Stop with Ctrl-C if you are not sure; a card with a blocked PUK has to be replaced.",
}
