"""``mumei office init | residents``: who is on record."""

from __future__ import annotations

from dataclasses import dataclass

import click

from mumei.cli.office.options import Done, read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.office.clerks.roles import Right
from mumei.office.database.place import place_of
from mumei.office.records import EnrolmentRecord, ResidentRecord
from mumei.office.registry import Registry
from mumei.office.residents.kana import to_katakana
from mumei.office.residents.resident import parse_date
from mumei_core.dates import date_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLine:
    """A resident in a list. ``cards``: how far the enrolments are, oldest first."""

    number: int
    name: str
    reading: str
    birth_date: str
    municipality: str
    cards: tuple[str, ...]

    @classmethod
    def of(cls, record: ResidentRecord, enrolments: tuple[EnrolmentRecord, ...]) -> ResidentLine:
        resident = record.resident
        return cls(
            number=record.number,
            name=resident.name,
            reading=resident.reading,
            birth_date=resident.birth_date.isoformat(),
            municipality=resident.municipality.digits,
            cards=tuple(_card_words(enrolment) for enrolment in enrolments),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentList:
    """One page of the registry."""

    residents: tuple[ResidentLine, ...]

    def text(self) -> str:
        """One line a resident."""
        if not self.residents:
            return "no residents on this page"
        return "\n".join(
            f"{line.number:>5}  {line.birth_date}  {line.municipality}  {line.name} ({line.reading})"
            + (f"  [{'; '.join(line.cards)}]" if line.cards else "")
            for line in self.residents
        )


@click.command()
@registry_option
@json_option
def init(registry: str, as_json: bool) -> None:
    """Make a new, empty registry, and its key file: ward.key beside ward.db, or where --registry-key says.

    \b
    Examples:
      mumei office init --registry ward.db
      mumei office init --registry postgresql://mumei@db.example/ward --registry-key /etc/mumei/ward.key
    """
    Registry.create(registry).close()
    key = place_of(registry).key
    done = (
        f"the registry is made; add residents with 'mumei office import'. Keep a copy of its key file {key} in a"
        " safe, not with the back-ups: without it no resident is found by code"
    )
    emit(Done(done=done, residents=0), as_json=as_json)


@click.command()
@registry_option
@read_option(Right.SEE_RESIDENTS)
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this record number.")
@click.option("--limit", default=50, show_default=True, help="Longest page.")
@click.option("--reading", metavar="KANA", help="Only those whose family name reads so.")
@click.option("--born", metavar="YYYY-MM-DD", help="Only those born on that day.")
@json_option
def residents(
    registry: str, after: int, limit: int, reading: str | None, born: str | None, as_json: bool
) -> None:
    """List residents and how far their cards are.

    \b
    Examples:
      mumei office residents --registry ward.db
      mumei office residents --registry ward.db --reading ぎふ --born 2006-11-23
    """
    with Registry.open(registry) as open_registry:
        page = tuple(
            ResidentLine.of(record, open_registry.enrolments_of(record.number))
            for record in open_registry.residents(
                after=after,
                limit=limit,
                reading=None if reading is None else to_katakana(reading),
                birth_date=None if born is None else parse_date(born),
            )
        )
    emit(ResidentList(residents=page), as_json=as_json)


def _card_words(enrolment: EnrolmentRecord) -> str:
    until = f" until {date_of(enrolment.valid_until).isoformat()}" if enrolment.valid_until else ""
    return f"enrolment {enrolment.number} {enrolment.state.value.lower()}{until}"
