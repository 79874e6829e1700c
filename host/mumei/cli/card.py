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
from mumei.session.channel import Channel
from mumei.session.holder import (
    Pin,
    PinStatus,
    Puk,
    TransportPin,
    change_pin,
    pin_status,
    puk_status,
    require_another,
    require_usable,
    restore_tries,
    set_pin,
    unblock,
)
from mumei_core.errors import UsageError


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
    left is said before one is used. Cards of the standard profile say it, and take the last try, only after the CAN
    from their back: see --with-can. On a descriptor that several share, the CAN comes first.
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
      mumei card pin change --card my.card --with-can
    """
    with place.open() as connection:
        channel, application = open_card(connection, can=can)
        if application.profile is Profile.DEVELOPMENT:
            _change_in_plain(channel, pin, new_pin)
        else:
            # The card does not say whether its PIN is a transport PIN: the number of digits does.
            with open_with(channel, pin, Pin, TransportPin, can=can) as old, _ask_new(new_pin) as new:
                require_another(old, new)
                set_pin(channel, new)
        emit(PinResult(place=connection.name, done="changed"), as_json=as_json)


def _change_in_plain(channel: Channel, pin: SecretSource, new_pin: SecretSource) -> None:
    """On a development card, which says itself what kind of PIN it has."""
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
        _ask_new(new_pin) as new,
    ):
        change_pin(channel, old, new)


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

    A development card is given a new PIN with it. Other cards take a new PIN from who knows the old one only: see
    'mumei card pin change'.

    \b
    Examples:
      mumei card pin unblock
      mumei card pin unblock --card my.card --puk-file puk.txt
      mumei card pin unblock --with-can
    """
    with place.open() as connection:
        channel, application = open_card(connection, can=can)
        if application.profile is Profile.DEVELOPMENT:
            _unblock_in_plain(channel, puk, new_pin)
            done = "set anew, with all its tries"
        else:
            _refuse_new_pin(new_pin)
            with open_with(channel, puk, Puk, can=can):
                restore_tries(channel)
            done = "unblocked, with all its tries"
        emit(PinResult(place=connection.name, done=done), as_json=as_json)


def _unblock_in_plain(channel: Channel, puk: SecretSource, new_pin: SecretSource) -> None:
    status = puk_status(channel)
    require_usable(status, label=Puk.label)
    say_tries(status, Puk.label)
    with puk.digits(Puk, prompt="PUK (eight digits)") as typed, _ask_new(new_pin) as new:
        unblock(channel, typed, new)


def _refuse_new_pin(new_pin: SecretSource) -> None:
    if new_pin.file is not None or new_pin.fd is not None:
        raise UsageError(
            "this card keeps its PIN when it is unblocked",
            hint="Leave out the new PIN; 'mumei card pin change' sets one from the old PIN afterwards. "
            "Who has forgotten the old one goes to the issuing office.",
        )


def _ask_new(new_pin: SecretSource) -> Pin:
    return new_pin.digits(Pin, prompt="new PIN (six digits)", confirm=True)
