"""``mumei office init | import | residents``: who is on record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.office.options import Done, clerk_option, read, read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.office.clerks.roles import Right
from mumei.office.records import EnrolmentRecord, ResidentRecord
from mumei.office.registry import Registry
from mumei.office.residents import residents_from_json
from mumei.office.samples import sample_residents
from mumei_core.dates import date_of, today
from mumei_core.errors import UsageError


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
    """Make a new, empty registry.

    \b
    Examples:
      mumei office init --registry ward.db
    """
    Registry.create(registry).close()
    emit(
        Done(done=f"{registry} is made; add residents with 'mumei office import'", residents=0),
        as_json=as_json,
    )


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--samples", is_flag=True, help="Twelve fictitious residents to try with.")
@registry_option
@clerk_option(Right.CHANGE_RESIDENTS)
@json_option
def import_residents(file: Path | None, samples: bool, registry: str, clerk: str, as_json: bool) -> None:
    """Put residents on record: all of FILE or, if one is refused, none.

    FILE is a JSON array of objects with resident_code (11 digits), family_name, given_name, family_reading,
    given_reading, sex, birth_date (YYYY-MM-DD), address, municipality (6 digits).

    \b
    Examples:
      mumei office import --registry ward.db --samples
      mumei office import residents.json --registry ward.db
    """
    if samples == (file is not None):
        raise UsageError("name a FILE, or say --samples", hint="One of the two, not both.")
    day = today()
    residents = sample_residents(day) if file is None else residents_from_json(read(file), today=day)
    with Registry.open(registry) as open_registry:
        added = open_registry.import_residents(residents, clerk=clerk)
    emit(Done(done=f"{len(added)} residents are on record", residents=len(added)), as_json=as_json)


@click.command()
@registry_option
@read_option(Right.SEE_RESIDENTS)
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this record number.")
@click.option("--limit", default=50, show_default=True, help="Longest page.")
@json_option
def residents(registry: str, after: int, limit: int, as_json: bool) -> None:
    """List residents and how far their cards are.

    \b
    Examples:
      mumei office residents --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        page = tuple(
            ResidentLine.of(record, open_registry.enrolments_of(record.number))
            for record in open_registry.residents(after=after, limit=limit)
        )
    emit(ResidentList(residents=page), as_json=as_json)


def _card_words(enrolment: EnrolmentRecord) -> str:
    until = f" until {date_of(enrolment.valid_until).isoformat()}" if enrolment.valid_until else ""
    return f"enrolment {enrolment.number} {enrolment.state.value.lower()}{until}"
