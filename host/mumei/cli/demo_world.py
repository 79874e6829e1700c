"""The demo's people and places: made by the product's own means, in a folder that is thrown away.

An issuer, a ward office with five residents and their software cards, two shops and a forum, all called DEMO.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei.issuer.signing import SigningService
from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.office.residents import Resident
from mumei.office.samples import sample_residents
from mumei.session.channel import Channel
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question, over, under
from mumei.terminal.trust import Terminal
from mumei.transport.simulator import open_simulator
from mumei_core.commands.codes import PROFILE_DEVELOPMENT
from mumei_core.commands.request import Predicate
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.credential import Index, encode_text
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.dates import day_number
from mumei_core.errors import HostEnvironmentError

PEOPLE: Final = 5
GIFU: Final = 21
_CLERK = "demo clerk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A resident with a card."""

    resident: Resident
    card: Path

    @property
    def name(self) -> str:
        return self.resident.name


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everyone in the story."""

    today: date
    people: tuple[Person, ...]
    parameters: PublicParameters
    sake: Terminal
    cinema: Terminal
    forum: Terminal

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)


def build(folder: Path, today: date, progress: Callable[[str], None]) -> World:
    """Make everyone. Raises HostEnvironmentError where no software card can be made."""
    progress("issuer: a key, 256 digit signatures, and their audit")
    key = IssuerKey.generate()
    parameters = make_parameters(key, "DEMO Prefecture", profile=PROFILE_DEVELOPMENT)
    parameters.audit()
    parameters.save(folder / "parameters.cbor")
    people = []
    with Registry.create(folder / "ward.db") as registry:
        records = registry.import_residents(sample_residents(today)[:PEOPLE], clerk=_CLERK)
        office = Office(registry, parameters, SigningService(key), clerk=_CLERK)
        for record in records:
            card = folder / f"{record.number}.card"
            progress(f"ward office: a card for {record.resident.name}")
            _new_card(card)
            with open_simulator(card) as connection:
                office.enrol(Channel(connection), record.number, today=today)
            people.append(Person(resident=record.resident, card=card))
    return World(
        today=today,
        people=tuple(people),
        parameters=parameters,
        sake=_terminal(parameters, today, "sake.demo", "DEMO Sake Shop", predicates=(over(20),)),
        cinema=_terminal(
            parameters, today, "cinema.demo", "DEMO Cinema", predicates=(under(12), over(65)), pseudonym=True
        ),
        forum=_terminal(
            parameters,
            today,
            "forum.demo",
            "DEMO Gifu Forum",
            attributes=(int(Index.PREFECTURE),),
            pseudonym=True,
        ),
    )


def ask(person: Person, terminal: Terminal, question: Question, today: date) -> Visit:
    """The person puts the card on the terminal."""
    with open_simulator(person.card) as connection:
        return visit(Channel(connection), terminal, question, today=today)


def _terminal(
    parameters: PublicParameters,
    today: date,
    context: str,
    name: str,
    *,
    predicates: tuple[Predicate, ...] = (),
    attributes: tuple[int, ...] = (),
    pseudonym: bool = False,
) -> Terminal:
    rp_context = encode_text(context)
    description = TerminalDescription(
        rp_context=rp_context,
        display_name=name,
        OP=context_point(rp_context),
        predicates=predicates,
        attributes=attributes,
        pseudonym=pseudonym,
        not_before=day_number(today),
        not_after=day_number(today) + 34,
    )
    return Terminal.of(description, parameters)


def _new_card(path: Path) -> None:
    # A program of its own: the product does not know how cards are made.
    command = [sys.executable, "-m", "mumei_card", "new", str(path), "--profile", "development"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if made.returncode:
        raise HostEnvironmentError(
            "no software card can be made", hint=f"Try: mumei-card new FILE. It says: {made.stderr.strip()}"
        )
