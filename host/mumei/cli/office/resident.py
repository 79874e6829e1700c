"""``mumei office resident``: one resident, and what happens to their entries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import click

from mumei.cli.office.options import Command, clerk_option, read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.cli.secrets import SecretSource, secret_options
from mumei.office.cases import Cases
from mumei.office.clerks.roles import Right
from mumei.office.database.models_residents import EventReason
from mumei.office.letter_text import Font, NoFontError
from mumei.office.records import ResidentRecord
from mumei.office.registry import Registry
from mumei.office.residents.characters import rare_characters
from mumei.office.residents.japan_codes import MunicipalityCode
from mumei.office.residents.kana import to_katakana
from mumei.office.residents.resident import Sex, parse_date
from mumei.office.residents.resident_code import ResidentCode
from mumei.office.residents.resident_events import ON_THE_CARD, ResidentChange
from mumei.office.residents.text import tidy
from mumei_core.dates import today
from mumei_core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """One event. ``before``: the changed entries as they were."""

    on: date
    kind: str
    reason: str
    clerk: str
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownResident:
    """A resident, their cards and their history; never the resident code."""

    number: int
    name: str
    reading: str
    sex: str
    birth_date: date
    address: str
    municipality: str
    state: str
    since: date | None
    version: int
    cards: tuple[str, ...]
    events: tuple[ShownEvent, ...]
    notes: tuple[str, ...]

    def text(self) -> str:
        """A few lines for a clerk."""
        since = f" since {self.since.isoformat()}" if self.since else ""
        lines = [
            f"resident {self.number}: {self.name} ({self.reading}), {self.sex},"
            f" born {self.birth_date.isoformat()}",
            f"  {self.address} [{self.municipality}]",
            f"  {self.state.lower().replace('_', ' ')}{since}",
        ]
        lines += [f"  {card}" for card in self.cards]
        for event in self.events:
            before = "".join(f"; {name} was {value}" for name, value in event.before.items())
            words = event.kind.lower().replace("_", " ")
            lines.append(f"  {event.on.isoformat()}  {words} ({event.reason.lower()}, {event.clerk}){before}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)


@click.group()
def resident() -> None:
    """One resident: look up, move, rename, correct, death. New residents come with 'mumei office import'."""


@resident.command()
@click.argument("number", type=int)
@registry_option
@read_option(Right.SEE_RESIDENTS)
@json_option
def show(number: int, registry: str, as_json: bool) -> None:
    """Show resident NUMBER: entries, cards, history; the resident code is never shown.

    \b
    Examples:
      mumei office resident show 17 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        emit(_shown(open_registry, open_registry.resident(number)), as_json=as_json)


@resident.command()
@registry_option
@clerk_option(Right.SEE_RESIDENTS)
@secret_options("code", "the resident code")
@json_option
def find(registry: str, clerk: str, code: SecretSource, as_json: bool) -> None:
    """Find a resident by code, which is asked for and never an argument. The trail says who looked.

    \b
    Examples:
      mumei office resident find --registry ward.db
      mumei office resident find --registry ward.db --code-file code.txt --json
    """
    wanted = ResidentCode(digits=code.text(prompt="resident code (11 digits)"))
    with Registry.open(registry) as open_registry:
        emit(_shown(open_registry, open_registry.look_up_code(wanted, clerk=clerk)), as_json=as_json)


def _word(reason: EventReason) -> str:
    return reason.value.lower().replace("_", "-")


def _event_command(name: str, reason: EventReason) -> Callable[[Command], Command]:
    """A command about one resident, with the day, the ground and the version that the clerk saw."""

    def decorate(function: Command) -> Command:
        @functools.wraps(function)
        def wrapper(
            number: int, registry: str, clerk: str, on: str | None, ground: str, as_json: bool, **entries: Any
        ) -> None:
            common = {
                "on": today() if on is None else parse_date(on),
                "reason": EventReason[ground.upper().replace("-", "_")],
                "clerk": clerk,
                "version": entries.pop("version"),
            }
            with Registry.open(registry) as open_registry:
                record = function(open_registry, number, common, **entries)
                emit(_shown(open_registry, record), as_json=as_json)

        options = (
            click.argument("number", type=int),
            click.option("--on", metavar="YYYY-MM-DD", help="The day it happened. [default: today]"),
            click.option(
                "--reason",
                "ground",
                type=click.Choice([_word(one) for one in EventReason if one is not EventReason.IMPORT]),
                default=_word(reason),
                show_default=True,
                help="On what ground it is entered.",
            ),
            click.option(
                "--version",
                type=int,
                metavar="N",
                help="Refuse if the record is not as you saw it: its version.",
            ),
            registry_option,
            clerk_option(Right.CHANGE_RESIDENTS),
            json_option,
        )
        for option in reversed(options):
            wrapper = option(wrapper)  # type: ignore[assignment]
        return resident.command(name)(wrapper)

    return decorate


_MUNICIPALITY = click.option("--municipality", metavar="CODE", help="Six digits with check digit.")
_ADDRESS = click.option("--address", required=True, metavar="TEXT", help="The new address, in full.")


@_event_command("move", EventReason.NOTIFICATION)
@_ADDRESS
@_MUNICIPALITY
def move(
    registry: Registry, number: int, common: dict[str, Any], address: str, municipality: str | None
) -> ResidentRecord:
    """Resident NUMBER has moved within the municipality. The card still says the old address: renew it.

    \b
    Examples:
      mumei office resident move 17 --registry ward.db --address 岐阜県岐阜市架空町2番地 --on 2026-11-20
    """
    return registry.move_within(
        number, address=tidy(address), municipality=_municipality(municipality), **common
    )


@_event_command("move-in", EventReason.NOTIFICATION)
@_ADDRESS
@click.option("--municipality", required=True, metavar="CODE", help="Six digits with check digit.")
def move_in(
    registry: Registry, number: int, common: dict[str, Any], address: str, municipality: str
) -> ResidentRecord:
    """Resident NUMBER, who had moved out, is back. Who was never here comes with 'mumei office import'.

    \b
    Examples:
      mumei office resident move-in 17 --registry ward.db --address 岐阜県岐阜市架空町2番地 --municipality 212016
    """
    return registry.move_in_again(
        number, address=tidy(address), municipality=MunicipalityCode(digits=municipality), **common
    )


@_event_command("move-out", EventReason.NOTIFICATION)
def move_out(registry: Registry, number: int, common: dict[str, Any]) -> ResidentRecord:
    """Resident NUMBER has moved out: the card has to come back, and no card is issued any more.

    Entries and enrolments are kept: the law wants them for 150 years, and a lost card has to be found.

    \b
    Examples:
      mumei office resident move-out 17 --registry ward.db --on 2026-11-20
    """
    return registry.move_out(number, **common)


@_event_command("died", EventReason.NOTIFICATION)
def died(registry: Registry, number: int, common: dict[str, Any]) -> ResidentRecord:
    """Resident NUMBER has died: the card has to come back, and no card is issued any more.

    \b
    Examples:
      mumei office resident died 17 --registry ward.db --on 2026-11-20
    """
    return registry.record_death(number, **common)


@_event_command("reinstate", EventReason.ENTRY_ERROR)
def reinstate(registry: Registry, number: int, common: dict[str, Any]) -> ResidentRecord:
    """Resident NUMBER was entered as dead or moved out by mistake.

    \b
    Examples:
      mumei office resident reinstate 17 --registry ward.db
    """
    return registry.reinstate(number, **common)


def _names(function: Command) -> Command:
    for option, about in (
        ("--given-reading", "In kana."),
        ("--family-reading", "In kana."),
        ("--given-name", "As on the register."),
        ("--family-name", "As on the register."),
    ):
        function = click.option(option, metavar="TEXT", help=about)(function)
    return function


@_event_command("rename", EventReason.NOTIFICATION)
@_names
def rename(registry: Registry, number: int, common: dict[str, Any], **names: str | None) -> ResidentRecord:
    """Resident NUMBER has another name. The card still says the old one: renew it.

    \b
    Examples:
      mumei office resident rename 17 --registry ward.db --family-name 大垣 --family-reading オオガキ
    """
    return registry.change_name(number, _change(names), **common)


@_event_command("correct", EventReason.ENTRY_ERROR)
@_names
@click.option("--sex", type=click.Choice([_sex.name.lower().replace("_", " ") for _sex in Sex]))
@click.option("--birth-date", metavar="YYYY-MM-DD")
@click.option("--address", metavar="TEXT")
@_MUNICIPALITY
@click.option("--code", "with_code", is_flag=True, help="The resident code, too: it is asked for.")
@secret_options("code", "the resident code")
def correct(
    registry: Registry,
    number: int,
    common: dict[str, Any],
    sex: str | None,
    birth_date: str | None,
    address: str | None,
    municipality: str | None,
    with_code: bool,
    code: SecretSource,
    **names: str | None,
) -> ResidentRecord:
    """An entry of resident NUMBER was wrong; what it said is kept.

    \b
    Examples:
      mumei office resident correct 17 --registry ward.db --birth-date 2004-02-29
      mumei office resident correct 17 --registry ward.db --code
    """
    asked = with_code or code.file is not None or code.fd is not None
    change = _change(
        names,
        sex=None if sex is None else Sex[sex.upper().replace(" ", "_")],
        birth_date=None if birth_date is None else parse_date(birth_date),
        address=None if address is None else tidy(address),
        municipality=_municipality(municipality),
        resident_code=ResidentCode(digits=code.text(prompt="resident code (11 digits)")) if asked else None,
    )
    return registry.correct(number, change, **common)


def _change(names: Mapping[str, str | None], **others: Any) -> ResidentChange:
    tidied: dict[str, Any] = {
        name: (to_katakana if name.endswith("reading") else tidy)(text)
        for name, text in names.items()
        if text is not None
    }
    if not tidied and all(value is None for value in others.values()):
        raise UsageError("nothing is to be changed", hint="Name the new entries; --help lists them.")
    return ResidentChange(**tidied, **others)


def _municipality(code: str | None) -> MunicipalityCode | None:
    return None if code is None else MunicipalityCode(digits=code)


def _shown(registry: Registry, record: ResidentRecord) -> ShownResident:
    resident = record.resident
    cards = registry.cards_of(record.number)
    events = registry.events_of(record.number)
    issued = [card for card in cards if card.state.value == "ISSUED"]
    notes = [*_rare_notes("name", resident.name), *_rare_notes("address", resident.address)]
    if any(
        event.at >= card.changed_at and event.before.keys() & ON_THE_CARD
        for card in issued
        for event in events
    ):
        notes.append("the card still says what was before: renew it")
    notes += [
        f"card {card.card} is not back: take it in, or report it lost so that it is revoked"
        for card in issued
        if card.to_be_returned
    ]
    case = Cases(registry).live_case_of(record.number)
    if case is not None:
        notes.append(f"case {case.number} for the trustees is {case.state.value.lower()}")
    return ShownResident(
        number=record.number,
        name=resident.name,
        reading=resident.reading,
        sex=resident.sex.name.lower().replace("_", " "),
        birth_date=resident.birth_date,
        address=resident.address,
        municipality=resident.municipality.digits,
        state=record.state.value,
        since=record.state_since,
        version=record.version,
        cards=tuple(card.words() for card in cards),
        events=tuple(
            ShownEvent(
                on=event.happened_on,
                kind=event.kind.value,
                reason=event.reason.value,
                clerk=event.clerk,
                before=dict(event.before),
            )
            for event in events
        ),
        notes=tuple(notes),
    )


def _rare_notes(entry: str, text: str) -> tuple[str, ...]:
    """What of a text others may not have, and what a letter prints for it."""
    rare = tuple(f"{entry}: {character.words()}" for character in rare_characters(text))
    if not rare:
        return ()
    try:
        printed = Font.load().with_geta(text)
    except NoFontError:
        return rare
    return rare if printed == text else (*rare, f"{entry}: a letter prints {printed}")
