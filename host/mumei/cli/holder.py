"""A card in its holder's hands: opened, and its PIN asked for with the tries that are left."""

from __future__ import annotations

from mumei.cli.output import progress, warn
from mumei.cli.secrets import SecretSource
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, PinStatus, Puk, pin_status, require_usable, verify_pin
from mumei.transport.base import CardConnection


def open_card(connection: CardConnection) -> tuple[Channel, Application]:
    """The card's application, selected."""
    channel = Channel(connection)
    return channel, Application.select(channel)


def open_for_holder(connection: CardConnection, pin: SecretSource) -> Channel:
    """The same with the PIN verified; how many tries are left is said before one is used.

    Raises PinBlockedError, TransportPinError, WrongPinError, and what :class:`SecretSource` raises.
    """
    channel, _ = open_card(connection)
    status = pin_status(channel)
    require_usable(status)
    say_tries(status, Pin.label)
    with pin.digits(Pin, prompt="PIN (six digits)") as typed:
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
