"""``mumei card log``: whom the card has answered, as the card itself remembers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import click

from mumei.cli.holder import can_options, open_for_holder
from mumei.cli.options import CardPlace, card_options, json_option
from mumei.cli.output import emit
from mumei.cli.secrets import SecretSource, secret_options
from mumei.session.card_log import read_log
from mumei.terminal.question import attribute_names, describe
from mumei_core.commands import codes
from mumei_core.commands.card_log import LogEntry, Outcome
from mumei_core.dates import date_of
from mumei_core.errors import DataError

_OUTCOMES: Final = {
    Outcome.PROVEN: "proven",
    Outcome.CANNOT_PROVE: "could not be proven; nothing was shown",
    Outcome.INTERRUPTED: "interrupted; nothing was shown",
}
# Octets of a context's hash: enough to tell two of 32 apart by eye.
_SHORT_HASH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One entry in words.

    ``number``: 1 for the card's first. ``date``: as the terminal said; None where its day is beyond the calendar.
    ``shown``: names of attributes. ``signed``: whether a transaction was.
    """

    number: int
    date: date | None
    display_name: str
    context_hash: bytes
    predicates: tuple[str, ...]
    shown: tuple[str, ...]
    pseudonym: bool
    signed: bool
    outcome: Outcome
    pin_used: bool

    @classmethod
    def of(cls, entry: LogEntry) -> Visit:
        return cls(
            number=entry.sequence,
            date=_date(entry.date),
            display_name=entry.display_name,
            context_hash=entry.context_hash,
            predicates=tuple(map(describe, entry.predicates)),
            shown=attribute_names(entry.disclosed),
            pseudonym=entry.pseudonym,
            signed=entry.transaction,
            outcome=entry.outcome,
            pin_used=entry.pin_used,
        )

    def text(self) -> str:
        """Two lines: who and when, what and how it ended."""
        asked = [*self.predicates, *(name.replace("_", " ") for name in self.shown)]
        asked += ["the same person as last time"] if self.pseudonym else []
        asked += ["a signature"] if self.signed else []
        short = self.context_hash[:_SHORT_HASH].hex()
        pin = "with PIN" if self.pin_used else "without PIN"
        return (
            f"{self.number}. {self.date or 'no date'}  {_one_line(self.display_name)}  [{short}]\n"
            f"   {', '.join(asked) or 'a valid card'}: {_OUTCOMES[self.outcome]}, {pin}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """All that the card remembers, newest first."""

    visits: tuple[Visit, ...]

    def text(self) -> str:
        """The visits; and what has been forgotten."""
        if not self.visits:
            return "The card has answered nobody yet."
        lines = [visit.text() for visit in self.visits]
        if forgotten := self.visits[-1].number - 1:
            lines.append(
                f"The card keeps {codes.LOG_ENTRIES} entries; {forgotten} before these are forgotten."
            )
        return "\n".join(lines)


@click.command()
@card_options
@secret_options("pin", "the PIN")
@can_options
@json_option
def log(place: CardPlace, pin: SecretSource, can: SecretSource | None, as_json: bool) -> None:
    """Show who asked the card what, newest first; needs the PIN.

    The card writes it down itself, before it answers. Names are those of the shops' certificates; the letters in
    brackets tell two shops of one name apart.

    \b
    Examples:
      mumei card log
      mumei card log --card my.card --pin-file pin.txt --json
      mumei card log --with-can
    """
    with place.open() as connection:
        entries = read_log(open_for_holder(connection, pin, can=can))
    emit(LogReport(visits=tuple(map(Visit.of, entries))), as_json=as_json)


def _date(day: int) -> date | None:
    try:
        return date_of(day)
    except DataError:
        return None


def _one_line(name: str) -> str:
    """A name must not look like a line of ours."""
    return name.replace("\n", " ")
