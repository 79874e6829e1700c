"""``mumei card settings``: when the holder wants to be asked for the PIN."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click

from mumei.cli.holder import can_options, open_for_holder
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit
from mumei.cli.secrets import SecretSource, secret_options
from mumei.session.settings import read_settings, store_settings
from mumei_core.commands.settings import HolderSettings
from mumei_core.errors import UsageError

_ON_OFF = click.Choice(["on", "off"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsReport:
    """What the card's settings are now."""

    age_without_pin: bool
    always_pin: bool

    @classmethod
    def of(cls, settings: HolderSettings) -> SettingsReport:
        return cls(age_without_pin=settings.age_without_pin, always_pin=settings.always_pin)

    def text(self) -> str:
        """One line a setting, then what they amount to."""
        lines = [f"age without PIN: {_word(self.age_without_pin)}", f"always PIN: {_word(self.always_pin)}"]
        if self.always_pin:
            lines.append("The card answers nobody without the PIN.")
        elif self.age_without_pin:
            lines.append("The card answers the usual ages without the PIN, where the shop's rights allow it.")
        else:
            lines.append("The card answers no question of age without the PIN.")
        return "\n".join(lines)


@click.group()
def settings() -> None:
    """Show or set when the card wants the PIN.

    What a shop's certificate demands holds in any case; settings can only ask for the PIN more often.
    """


@settings.command()
@card_options
@secret_options("pin", "the PIN")
@can_options
@json_option
def show(place: CardPlace, pin: SecretSource, can: SecretSource | None, as_json: bool) -> None:
    """Show both settings; needs the PIN.

    \b
    Examples:
      mumei card settings show
      mumei card settings show --card my.card --pin-file pin.txt --json
    """
    with place.open() as connection:
        current = read_settings(open_for_holder(connection, pin, can=can))
    emit(SettingsReport.of(current), as_json=as_json)


@settings.command("set")
@click.option("--age-without-pin", type=_ON_OFF, help="Whether the usual ages are answered without the PIN.")
@click.option("--always-pin", type=_ON_OFF, help="Whether nothing at all is answered without the PIN.")
@card_options
@secret_options("pin", "the PIN")
@can_options
@json_option
def set_command(
    age_without_pin: str | None,
    always_pin: str | None,
    place: CardPlace,
    pin: SecretSource,
    can: SecretSource | None,
    as_json: bool,
) -> None:
    """Set one or both; the other stays. Needs the PIN.

    \b
    Examples:
      mumei card settings set --always-pin on
      mumei card settings set --age-without-pin off --card my.card --pin-file pin.txt
    """
    if age_without_pin is None and always_pin is None:
        raise UsageError("no setting was named", hint="Give --age-without-pin or --always-pin, on or off.")
    with place.open() as connection:
        channel = open_for_holder(connection, pin, can=can)
        chosen = read_settings(channel)
        if age_without_pin is not None:
            chosen = replace(chosen, age_without_pin=age_without_pin == "on")
        if always_pin is not None:
            chosen = replace(chosen, always_pin=always_pin == "on")
        store_settings(channel, chosen)
    emit(SettingsReport.of(chosen), as_json=as_json)


def _word(switch: bool) -> str:
    return "on" if switch else "off"
