"""Every boundary case that apdu_specs imply, made by :mod:`tools.spec_cases`: one check a command and profile."""

from __future__ import annotations

from tools.conformance.bench_file import DEVELOPMENT, ISSUED
from tools.spec_cases import all_cases

from mumei_core.commands import specification
from mumei_core.commands.catalogue.all import COMMANDS

from .bench import Card
from .suite import MUMEI, Clause, cases, clause, clauses_by_case, on, wears

NAMES = {spec.name.lower().replace(" ", "_"): spec.name for spec in COMMANDS.values()}
ABOUT = "every boundary case of apdu_specs"


def clause_of(text: str) -> Clause:
    """The clause that a specification names, taken apart: standard, section."""
    first = text.split(";")[0].split(" with ")[0].strip()
    standard, _, section = first.rpartition(" ") if "," not in first else first.rpartition(", ")
    return Clause(standard.rstrip(",") or MUMEI, section, ABOUT)


CLAUSES = {name: (clause_of(spec.clause),) for name, spec in zip(NAMES, COMMANDS.values(), strict=True)}


def send_all(card: Card, command: str, profile: str) -> None:
    wrong = []
    for case in all_cases(profile):
        if case.command == command:
            answer = card.send(case.octets)
            if answer.data or not case.accepts(int(answer.sw, 16)):
                wrong.append(f"{case.name}: {answer.text[:40]}, not {case.expected:04X}")
            card.reset()
    assert not wrong, "; ".join(wrong)


@clause(MUMEI, "2.6", ABOUT)
@clauses_by_case(**CLAUSES)
@on(ISSUED)
@cases(**NAMES)
def test_cases_of_a_standard_card(card: Card, command: str) -> None:
    card.need_extended()
    send_all(card, command, specification.STANDARD)


@clause(MUMEI, "2.6", ABOUT)
@clauses_by_case(**CLAUSES)
@on(DEVELOPMENT)
@wears("may block PIN and PUK")
@cases(**NAMES)
def test_cases_of_a_development_card(card: Card, command: str) -> None:
    card.need_extended()
    send_all(card, command, specification.DEVELOPMENT)
