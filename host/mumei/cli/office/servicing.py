"""``mumei office renew | change | unblock``: a card that its holder keeps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from mumei.authority.credentials import TerminalCredentials
from mumei.cli.holder import can_options, open_card, open_with
from mumei.cli.office.desk import Desk, desk_options
from mumei.cli.office.options import registry_option, session_option
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit, progress
from mumei.cli.secrets import SecretSource, secret_options
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import carry_out
from mumei.office.counter.renew import BEGIN, CHANGE, RENEW, SIGN, RenewDesk
from mumei.office.counter.seat import Seat
from mumei.office.counter.unblock import UNBLOCK, UnblockDesk
from mumei.office.database.models_plans import PlanKind
from mumei.office.registry import Registry
from mumei.office.renewal import RenewalDesk
from mumei.session.application import Application, Profile
from mumei.session.channel import Channel
from mumei.session.holder import Pin, Puk, restore_tries
from mumei.session.holder import unblock as unblock_plain
from mumei_core.dates import date_of, today
from mumei_core.errors import UsageError

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A card that goes on. ``resumed``: an earlier attempt was finished."""

    enrolment: int
    resident: int
    plan: int
    valid_until: date
    resumed: bool

    def text(self) -> str:
        return (
            f"Enrolment {self.enrolment}: the card of resident {self.resident} is good until "
            f"{self.valid_until.isoformat()}; it is known everywhere by the pseudonyms that it had."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblocked:
    """A PIN that has all its tries again. ``new_pin``: whether the card took a new one."""

    resident: int
    plan: int
    new_pin: bool

    def text(self) -> str:
        return (
            "The PIN is set anew." if self.new_pin else "The PIN has all its tries again, and is what it was."
        )


def _renewal_options(function: Command) -> Command:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    decorated: Command = wrapper
    for option in reversed(
        (
            click.argument("resident", type=int),
            registry_option,
            desk_options,
            click.option(
                "--terminal",
                type=click.Path(path_type=Path),
                metavar="FOLDER",
                help="The office's terminal with the renewal right; standard cards want one.",
            ),
            click.option(
                "--take-over",
                is_flag=True,
                help="Go on although another workstation, now dead, seems to work on it.",
            ),
            session_option(Right.ISSUE_CARDS),
            card_options,
            secret_options("pin", "the holder's PIN"),
            secret_options("terminal-passphrase", "the passphrase of the terminal's key"),
            json_option,
        )
    ):
        decorated = option(decorated)
    return decorated


@click.command()
@_renewal_options
def renew(**given: Any) -> None:
    """Renew the card of RESIDENT (a record number): a new credential, the same pseudonyms.

    The holder puts in the old card and types the PIN; the old credential works until the new one is on the card.

    \b
    Examples:
      mumei office renew 1 --registry ward.db --issuer gifu --card hanako.card
      mumei office renew 1 --registry ward.db --issuer gifu --terminal counter --root root.cvcert ...
    """
    _renew(PlanKind.RENEW, **given)


@click.command()
@_renewal_options
def change(**given: Any) -> None:
    """Put what has changed in the record of RESIDENT on the card, after a move or with another name.

    Change the resident's record first. For the rest it is a renewal, and ends on its own day.

    \b
    Examples:
      mumei office change 1 --registry ward.db --issuer gifu --card hanako.card
    """
    _renew(PlanKind.CHANGE, **given)


def _renew(
    kind: PlanKind,
    *,
    resident: int,
    registry: str,
    desk: Desk,
    terminal: Path | None,
    take_over: bool,
    clerk: ClerkSession,
    place: CardPlace,
    pin: SecretSource,
    terminal_passphrase: SecretSource,
    as_json: bool,
) -> None:
    material = desk.load()
    clerk.check_card(development=material.parameters.is_development)
    credentials = None
    if terminal is not None:
        secret = terminal_passphrase.text(prompt="passphrase of the terminal's key").encode()
        credentials = TerminalCredentials.load(terminal, secret)
    day = today()
    with Registry.open(registry) as open_registry, material.office(open_registry, clerk.name) as office:
        steps = RenewalDesk(office, credentials)
        with (
            pin.digits(Pin, prompt="PIN (six digits), typed by the holder") as typed,
            Seat(place.open, lambda channel: steps.enter(channel, typed, today=day)) as seat,
        ):
            hold = Journal(open_registry, clerk=clerk.name).begin(kind, resident, take_over=take_over)
            table = RenewDesk(registry=open_registry, clerk=clerk.name, steps=steps, seat=seat, today=day)
            flow = RENEW if kind is PlanKind.RENEW else CHANGE
            carried = carry_out(flow, hold, table, progress=progress)
    emit(
        Renewed(
            enrolment=carried.plan.integer(BEGIN, "enrolment"),
            resident=resident,
            plan=carried.plan.number,
            valid_until=date_of(carried.plan.integer(SIGN, "valid_until")),
            resumed=carried.resumed,
        ),
        as_json=as_json,
    )


@click.command()
@click.argument("resident", type=int)
@registry_option
@click.option(
    "--take-over", is_flag=True, help="Go on although another workstation, now dead, seems to work on it."
)
@session_option(Right.SERVE_CARDS)
@card_options
@secret_options("puk", "the PUK")
@secret_options("new-pin", "the new PIN, for development cards")
@can_options
@json_option
def unblock(
    resident: int,
    registry: str,
    take_over: bool,
    clerk: ClerkSession,
    place: CardPlace,
    puk: SecretSource,
    new_pin: SecretSource,
    can: SecretSource | None,
    as_json: bool,
) -> None:
    """Give the PIN of RESIDENT's card its tries again: the clerk has seen who it is, the holder types the PUK.

    The card keeps its PIN. Who has forgotten it is enrolled with another card: mumei office enrol --replacement.

    \b
    Examples:
      mumei office unblock 1 --registry ward.db
      mumei office unblock 1 --registry ward.db --with-can
    """
    did_set = False

    def at_the_pad(channel: Channel, application: Application) -> None:
        nonlocal did_set
        if application.profile is Profile.DEVELOPMENT:
            with (
                puk.digits(Puk, prompt="PUK (eight digits)") as key,
                new_pin.digits(Pin, prompt="new PIN (six digits)", confirm=True) as new,
            ):
                unblock_plain(channel, key, new)
            did_set = True
            return
        if new_pin.file is not None or new_pin.fd is not None:
            raise UsageError(
                "this card keeps its PIN when it is unblocked",
                hint="Leave out the new PIN; who has forgotten the old one gets another card.",
            )
        with open_with(channel, puk, Puk, can=can):
            restore_tries(channel)

    with (
        Registry.open(registry) as open_registry,
        Seat(place.open, lambda channel: open_card(channel.connection, can=can)) as seat,
    ):
        hold = Journal(open_registry, clerk=clerk.name).begin(PlanKind.UNBLOCK, resident, take_over=take_over)
        desk = UnblockDesk(registry=open_registry, clerk=clerk.name, seat=seat, unblock=at_the_pad)
        plan = carry_out(UNBLOCK, hold, desk, progress=progress).plan
    emit(Unblocked(resident=resident, plan=plan.number, new_pin=did_set), as_json=as_json)
