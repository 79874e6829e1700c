"""``mumei card``: look at a card; change, verify or unblock its PIN; its log and its holder's settings."""

from __future__ import annotations

from dataclasses import dataclass

import click

from mumei.cli import card_log, card_settings
from mumei.cli.holder import can_options, open_card, open_for_holder, open_with, say_tries
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.session.application import Profile
from mumei.session.holder import (
    Pin,
    PinStatus,
    Puk,
    TransportPin,
    change_pin,
    pin_status,
    puk_status,
    require_usable,
    restore_tries,
    set_pin,
    unblock,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardInfo:
    """What any terminal may see of a card; the same on every card of its profile.

    ``pin``: of development cards only; others tell nobody who has not given the CAN.
    """

    place: str
    atr: bytes
    application_version: int
    profile: Profile
    extended_length: bool
    command_chaining: bool
    longest_command: int
    pin: PinStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinResult:
    """How a PIN command ended."""

    place: str
    done: str

    def text(self) -> str:
        """One sentence."""
        return f"PIN {self.done}."


@click.group()
def card() -> None:
    """Look at a card; change, verify or unblock its PIN; read its log; say when it wants the PIN.

    The card is the one in the only reader that holds one, or the one that --reader or --card names.
    """


card.add_command(card_log.log)
card.add_command(card_settings.settings)


@card.command()
@card_options
@json_option
def info(place: CardPlace, as_json: bool) -> None:
    """Show what the card says about itself.

    Nothing here tells one card from another, but how a development card's PIN stands.

    \b
    Examples:
      mumei card info
      mumei card info --reader ACR122 --wait 10
      mumei card info --card my.card --json
    """
    with place.open() as connection:
        channel, application = open_card(connection)
        capabilities = channel.capabilities
        result = CardInfo(
            place=connection.name,
            atr=connection.atr,
            application_version=application.version,
            profile=application.profile,
            extended_length=capabilities.extended,
            command_chaining=capabilities.chaining,
            longest_command=capabilities.max_command,
            pin=pin_status(channel) if application.profile is Profile.DEVELOPMENT else None,
        )
    emit(result, as_json=as_json)


@card.group()
def pin() -> None:
    """Change, verify or unblock the PIN.

    Digits are asked for, or read from a file or descriptor; they are never an argument. How many tries are
    left is said before one is used, by cards of the standard profile only to who gives the CAN first: see
    --with-can, which the last try needs as well.
    """


@pin.command()
@card_options
@secret_options("pin", "the PIN")
@can_options
@json_option
def verify(place: CardPlace, pin: SecretSource, can: SecretSource | None, as_json: bool) -> None:
    """Check that the holder knows the PIN.

    \b
    Examples:
      mumei card pin verify
      mumei card pin verify --card my.card --pin-file pin.txt
      mumei card pin verify --with-can
    """
    with place.open() as connection:
        open_for_holder(connection, pin, can=can)
        emit(PinResult(place=connection.name, done="verified"), as_json=as_json)


@pin.command()
@card_options
@secret_options("pin", "the old PIN, or a new card's transport PIN,")
@secret_options("new-pin", "the new PIN")
@can_options
@json_option
def change(
    place: CardPlace, pin: SecretSource, new_pin: SecretSource, can: SecretSource | None, as_json: bool
) -> None:
    """Set a new PIN: on a new card from its transport PIN, later from the old PIN.

    \b
    Examples:
      mumei card pin change
      mumei card pin change --card my.card --pin-fd 3 --new-pin-fd 3 3<both-lines.txt
    """
    with place.open() as connection:
        channel, application = open_card(connection)
        if application.profile is not Profile.DEVELOPMENT:
            # The card does not say whether its PIN is a transport PIN: the number of digits does.
            open_with(channel, pin, Pin, TransportPin, can=can)
            with new_pin.digits(Pin, prompt="new PIN (six digits)", confirm=True) as new:
                set_pin(channel, new)
            emit(PinResult(place=connection.name, done="changed"), as_json=as_json)
            return
        status = pin_status(channel)
        old_kind: type[Pin] | type[TransportPin] = Pin
        if status.is_transport:
            old_kind = TransportPin
            progress("This card is new: its transport PIN of five digits is replaced by a PIN of six.")
        else:
            require_usable(status)
        say_tries(status, old_kind.label)
        with (
            pin.digits(old_kind, prompt=f"{old_kind.label} ({old_kind.length} digits)") as old,
            new_pin.digits(Pin, prompt="new PIN (six digits)", confirm=True) as new,
        ):
            change_pin(channel, old, new)
        emit(PinResult(place=connection.name, done="changed"), as_json=as_json)


@pin.command("unblock")
@card_options
@secret_options("puk", "the PUK")
@secret_options("new-pin", "the new PIN of a development card")
@can_options
@json_option
def unblock_command(
    place: CardPlace, puk: SecretSource, new_pin: SecretSource, can: SecretSource | None, as_json: bool
) -> None:
    """Unblock the PIN with the PUK of eight digits: it keeps its digits and has all its tries again.

    A development card is given a new PIN with it.

    \b
    Examples:
      mumei card pin unblock
      mumei card pin unblock --card my.card --puk-file puk.txt --new-pin-file pin.txt
    """
    with place.open() as connection:
        channel, application = open_card(connection)
        if application.profile is not Profile.DEVELOPMENT:
            open_with(channel, puk, Puk, can=can)
            restore_tries(channel)
            emit(PinResult(place=connection.name, done="unblocked, with all its tries"), as_json=as_json)
            return
        status = puk_status(channel)
        require_usable(status, label=Puk.label)
        say_tries(status, Puk.label)
        with (
            puk.digits(Puk, prompt="PUK (eight digits)") as typed,
            new_pin.digits(Pin, prompt="new PIN (six digits)", confirm=True) as new,
        ):
            unblock(channel, typed, new)
        emit(PinResult(place=connection.name, done="set anew, with all its tries"), as_json=as_json)
