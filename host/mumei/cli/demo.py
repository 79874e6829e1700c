"""``mumei demo``: the whole story on one screen, on software cards in this process."""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import date
from itertools import combinations, zip_longest
from pathlib import Path
from typing import Final

import click
from rich.cells import cell_len, set_cell_size

from mumei.cli.demo_kept import README, leave_behind, make_empty_folder
from mumei.cli.demo_revocation import next_week
from mumei.cli.demo_world import GIFU, Person, World, ask, build
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.terminal.check import Visit
from mumei.terminal.question import Question, over, under
from mumei.terminal.verdict import Outcome
from mumei_core.dates import age_on, day_number, today
from mumei_core.errors import ProtocolError

#: Equal strings this long are no accident; presentations share the first twelve octets, the same on all cards.
_TELLING_OCTETS: Final = 8
_COMMON_PREFIX: Final = 12
_CHILD_AGE, _SENIOR_AGE, _DRINKING_AGE = 12, 65, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLine:
    """One person at one place."""

    who: str
    where: str
    day: date
    asked: str
    outcome: Outcome
    pseudonym: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """What two or three databases, put side by side, tell about the visitors."""

    on: str
    matched: int
    visitors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The demo's result."""

    people: tuple[str, ...]
    visits: tuple[VisitLine, ...]
    same_person_at_forum: bool
    join_with_code: Join
    join_with_mumei: tuple[Join, ...]
    lost: tuple[VisitLine, ...]

    def text(self) -> str:
        parts = (self._cards(), self._visits(), self._databases(), self._joins(), self._lost_card())
        return "\n".join(
            (
                *(line for part in parts for line in (*part, "")),
                "DEMO: invented people, and authorities made a moment ago, on software cards.",
            )
        )

    def _cards(self) -> list[str]:
        return ["1. THE WARD OFFICE issued five cards. What only the office and the card know:"] + [
            f"   {person}" for person in self.people
        ]

    def _visits(self) -> list[str]:
        lines = ["2. AT THE COUNTERS. Each place asks its question, and gets its answer:"]
        for line in self.visits:
            when = "tomorrow" if line.day != self.visits[0].day else "today"
            lines.append(
                f"   {_pad(line.who, 13)} {line.where:<10} {when:<9} {line.asked:<46} {line.outcome}"
            )
        return lines

    def _databases(self) -> list[str]:
        places = tuple(dict.fromkeys(line.where for line in self.visits))
        kept = {place: [_kept(line) for line in self.visits if line.where == place] for place in places}
        lines = [
            "3. WHAT EACH PLACE KEEPS, row by row. No place can tell whose row it is:",
            "   " + "".join(f"{place:<34}" for place in places).rstrip(),
        ]
        for row in zip_longest(*kept.values(), fillvalue=""):
            lines.append("   " + "".join(f"{cell:<34}" for cell in row).rstrip())
        if self.same_person_at_forum:
            lines.append("   The forum knows its first visitor again (first and last row); nobody else can.")
        return lines

    def _joins(self) -> list[str]:
        code = self.join_with_code
        lines = [
            "4. THE SPREADSHEET JOIN of all three databases:",
            f"   with the 11-digit code  {code.on:<44} {code.matched} of {code.visitors} people joined",
        ]
        lines += [
            f"   with mumei              {join.on:<44} {join.matched} of {join.visitors} people joined"
            for join in self.join_with_mumei
        ]
        return lines

    def _lost_card(self) -> list[str]:
        lines = [
            f"5. A CARD IS LOST. {self.lost[0].who} reports it; two of three trustees, who each hold a share of",
            "   what nobody holds whole, put it on next week's lists. What it showed before stays unlinkable:",
        ]
        for line in self.lost:
            when = "today" if line.day == self.visits[0].day else f"Monday {line.day.isoformat()}"
            lines.append(
                f"   {_pad(line.who, 13)} {line.where:<10} {when:<18} {line.asked:<37} {line.outcome}"
            )
        return lines


@click.command()
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Make everything in this new folder and leave it there, to try commands and write tests with.",
)
@json_option
def demo(keep: Path | None, as_json: bool) -> None:
    """Tell the whole story on one screen: a ward office issues cards, shops learn an answer and nothing else.

    Five people, two shops and a forum, each place's database, what joining them yields, and what becomes of a
    card that is lost. Software cards that answer inside PACE and Terminal Authentication only; no reader needed.
    Nothing is left of them afterwards, unless --keep names a folder.

    \b
    Examples:
      mumei demo
      mumei demo --json
      mumei demo --keep world     # cards, terminals, and a README that says how to use them
    """
    if keep is not None:
        make_empty_folder(keep)
        world = build(keep, today(), progress)
        story = _tell(world)
        leave_behind(keep, world)
        emit(story, as_json=as_json)
        progress(f"kept in {keep}: {keep / README} says what is there")
        return
    with tempfile.TemporaryDirectory(prefix="mumei-demo-") as folder:
        emit(_tell(build(Path(folder), today(), progress)), as_json=as_json)


def _tell(world: World) -> Story:
    visits: list[tuple[Person, VisitLine, Visit]] = []

    def go(person: Person, place: str, question: Question, asked: str, day: date) -> None:
        terminal = {"sake shop": world.sake, "cinema": world.cinema, "forum": world.forum}[place]
        done = ask(person, terminal, question, day)
        pseudonym = done.verdict.pseudonym.hex() if done.verdict.pseudonym else None
        line = VisitLine(
            who=person.name,
            where=place,
            day=day,
            asked=asked,
            outcome=done.verdict.outcome,
            pseudonym=pseudonym,
        )
        visits.append((person, line, done))

    for person in world.people:
        go(person, "sake shop", Question(predicates=(over(_DRINKING_AGE),)), "20 or over?", world.today)
    _, nineteen, *_ = world.people
    go(nineteen, "sake shop", Question(predicates=(over(_DRINKING_AGE),)), "20 or over?", world.tomorrow)
    for person in world.people:
        go(person, "cinema", *_ticket(person, world.today), world.today)
    for person in (*world.people, world.people[0]):
        question = Question(prefecture=GIFU, pseudonym=True)
        go(person, "forum", question, "lives in Gifu? + the same person as before", world.today)
    return _story(world, visits, _lose(world, world.people[0]))


def _lose(world: World, loser: Person) -> tuple[VisitLine, ...]:
    """Reported today, refused from Monday on; somebody else is not."""
    monday = next_week(world.today)
    progress(f"office, trustees, authority, auditor: {loser.name} reports a lost card; lists for {monday}")
    world.report(loser)
    coming = world.in_week_of(monday)
    *_, other = (person for person in world.people if _age(person, world.today) >= _DRINKING_AGE)
    age, place = Question(predicates=(over(_DRINKING_AGE),)), Question(prefecture=GIFU, pseudonym=True)
    tries = (
        (loser, "sake shop", world.sake, age, "20 or over?", world.today),
        (loser, "sake shop", coming.sake, age, "20 or over?", monday),
        (loser, "forum", coming.forum, place, "lives in Gifu?", monday),
        (other, "sake shop", coming.sake, age, "20 or over?", monday),
    )
    return tuple(
        VisitLine(
            who=person.name,
            where=where,
            day=day,
            asked=asked,
            outcome=(verdict := ask(person, terminal, question, day).verdict).outcome,
            pseudonym=verdict.pseudonym.hex() if verdict.pseudonym else None,
        )
        for person, where, terminal, question, asked, day in tries
    )


def _age(person: Person, day: date) -> int:
    return age_on(day_number(person.resident.birth_date), day_number(day))


def _ticket(person: Person, day: date) -> tuple[Question, str]:
    """Children and seniors prove it for a cheaper seat; everyone shows the cinema's own loyalty pseudonym."""
    age = _age(person, day)
    if age < _CHILD_AGE:
        return Question(
            predicates=(under(_CHILD_AGE),), pseudonym=True
        ), "child's seat: under 12? + loyalty points"
    if age >= _SENIOR_AGE:
        question = Question(predicates=(over(_SENIOR_AGE),), pseudonym=True)
        return question, "senior's seat: 65 or over? + loyalty points"
    return Question(pseudonym=True), "loyalty points"


def _story(world: World, visits: list[tuple[Person, VisitLine, Visit]], lost: tuple[VisitLine, ...]) -> Story:
    first, *_, again = [line.pseudonym for _, line, _ in visits if line.where == "forum"]
    return Story(
        people=tuple(_person_words(person, world.today) for person in world.people),
        visits=tuple(line for _, line, _ in visits),
        same_person_at_forum=first is not None and first == again,
        join_with_code=_join_with_code(world, visits),
        join_with_mumei=(_join_on_pseudonym(world, visits), _join_on_octets(world, visits)),
        lost=lost,
    )


def _join_with_code(world: World, visits: list[tuple[Person, VisitLine, Visit]]) -> Join:
    """The same visits, kept as a place keeps them that is shown a card with a number on it."""
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE kept (place TEXT, resident_code TEXT)")
        database.executemany(
            "INSERT INTO kept VALUES (?, ?)",
            [(line.where, person.resident.resident_code.digits) for person, line, _ in visits],
        )
        (matched,) = database.execute(
            "SELECT count(DISTINCT a.resident_code) FROM kept a"
            " JOIN kept b ON a.resident_code = b.resident_code AND b.place = 'cinema'"
            " JOIN kept c ON b.resident_code = c.resident_code AND c.place = 'forum'"
            " WHERE a.place = 'sake shop'"
        ).fetchone()
    return Join(on="resident code = resident code", matched=int(matched), visitors=len(world.people))


def _join_on_pseudonym(world: World, visits: list[tuple[Person, VisitLine, Visit]]) -> Join:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE kept (place TEXT, pseudonym TEXT)")
        database.executemany(
            "INSERT INTO kept VALUES (?, ?)", [(line.where, line.pseudonym) for _, line, _ in visits]
        )
        (matched,) = database.execute(
            "SELECT count(DISTINCT a.pseudonym) FROM kept a"
            " JOIN kept b ON a.pseudonym = b.pseudonym AND b.place <> a.place"
        ).fetchone()
    return Join(on="pseudonym = pseudonym", matched=int(matched), visitors=len(world.people))


def _join_on_octets(world: World, visits: list[tuple[Person, VisitLine, Visit]]) -> Join:
    """People whose presentations at two places share any eight octets, wherever these stand."""
    seen: dict[tuple[str, str], set[bytes]] = {}
    for person, line, visit in visits:
        if visit.wire is not None:
            body = visit.wire[_COMMON_PREFIX:]
            windows = {body[i : i + _TELLING_OCTETS] for i in range(len(body) - _TELLING_OCTETS + 1)}
            seen.setdefault((person.name, line.where), set()).update(windows)
    if not seen:
        raise ProtocolError("no card answered anything")
    pairs = [(a, b) for a, b in combinations(seen, 2) if a[1] != b[1] and seen[a] & seen[b]]
    people = {name for pair in pairs for name, _ in pair}
    return Join(
        on="any 8 equal octets of what the cards sent", matched=len(people), visitors=len(world.people)
    )


def _person_words(person: Person, day: date) -> str:
    resident = person.resident
    born = resident.birth_date
    words = f"{_pad(person.name, 13)} born {born.isoformat()}, {age_on(day_number(born), day_number(day))}"
    tomorrow = age_on(day_number(born), day_number(day) + 1) - age_on(day_number(born), day_number(day))
    notes = ["a year older tomorrow"] if tomorrow else []
    notes += ["birthday today"] if (born.month, born.day) == (day.month, day.day) else []
    notes += ["born on 29 February"] if (born.month, born.day) == (2, 29) else []
    return words + (f" ({', '.join(notes)})" if notes else "")


def _kept(line: VisitLine) -> str:
    """A row of a place's database: the verdict and, where asked, the pseudonym of this place."""
    return f"{line.outcome}" + (f"  {line.pseudonym[:16]}…" if line.pseudonym else "")


def _pad(text: str, width: int) -> str:
    """``text`` to ``width`` columns of a terminal, where a kanji takes two."""
    return set_cell_size(text, max(width, cell_len(text)))
