"""A card in its holder's hands: opened, and its PIN asked for with the tries that are left."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

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
from mumei.session.pace import Can, establish, status_inside_can
from mumei.transport.base import CardConnection

Command = Callable[..., Any]

_PROMPTS: dict[type[Digits], str] = {
    Pin: "PIN (six digits)",
    TransportPin: "five on a new card",
    Puk: "PUK (eight digits)",
}


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


def open_card(connection: CardConnection) -> tuple[Channel, Application]:
    """The card's application, selected; cards of the standard profile still need a channel."""
    channel = Channel(connection)
    return channel, Application.identify(channel)


def open_with(channel: Channel, source: SecretSource, *kinds: type[Digits], can: SecretSource | None) -> None:
    """Open the channel of a standard card with a password of one of ``kinds``, told apart by their digits.

    Raises WrongPasswordError, PasswordSuspendedError, PinBlockedError, and what :class:`SecretSource` raises.
    """
    kind, *others = kinds
    if can is not None:
        with can.digits(Can, prompt="CAN (six digits, on the card's back)") as number:
            establish(channel, number)
        status = status_inside_can(channel, kind)
        require_usable(status, label=kind.label)
        say_tries(status, kind.label)
    prompt = "; ".join(_PROMPTS[each] for each in kinds)
    text = source.text(prompt=prompt)
    chosen = next((other for other in others if len(text) == other.length), kind)
    with chosen(text) as typed:
        establish(channel, typed)


def open_for_holder(
    connection: CardConnection, pin: SecretSource, *, can: SecretSource | None = None
) -> Channel:
    """The card with the PIN shown to it; where it tells them, the tries left are said before one is used.

    Raises PinBlockedError, TransportPinError, WrongPinError, WrongPasswordError, PasswordSuspendedError, and what
    :class:`SecretSource` raises.
    """
    channel, application = open_card(connection)
    if application.profile is not Profile.DEVELOPMENT:
        open_with(channel, pin, Pin, can=can)
        return channel
    status = pin_status(channel)
    require_usable(status)
    say_tries(status, Pin.label)
    with pin.digits(Pin, prompt=_PROMPTS[Pin]) as typed:
        verify_pin(channel, typed)
    return channel


def say_tries(status: PinStatus, label: str) -> None:
    """Say how many tries there are, and warn of the last."""
    if status.tries_left == 1:
        warn(f"this is the last try: a wrong {label} blocks it", hint=_LAST_TRY[label])
    elif status.tries_left is not None:
        progress(f"{status.tries_left} tries are left for the {label}.")


_LAST_TRY = {
    Pin.label: "Stop with Ctrl-C if you are not sure; the PUK helps: 'mumei card pin unblock'.",
    Puk.label: "Stop with Ctrl-C if you are not sure; a card with a blocked PUK has to be replaced.",
}
