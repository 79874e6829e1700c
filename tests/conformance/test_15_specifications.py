"""Every boundary case that apdu_specs imply, made by :mod:`tools.spec_cases`: one check a command and profile."""

from __future__ import annotations

from tools.conformance.bench_file import DEVELOPMENT, ISSUED
from tools.spec_cases import all_cases

from mumei_core.commands import specification
from mumei_core.commands.catalogue.all import COMMANDS

from .bench import Card
from .sessions import PIN, Channel, channel_for, enter, make_terminal, open_channel
from .suite import AMD_D, GP, ISO, MUMEI, TR3, Clause, cases, clause, clauses_by_case, on, wears

NAMES = {spec.name.lower().replace(" ", "_"): spec.name for spec in COMMANDS.values()}
ABOUT = "every boundary case of apdu_specs"
#: Protected, a command grows by some forty octets; the card takes 4,096.
LONGEST_INSIDE = 4_000


# How the specifications begin a clause, and which standard that is.
STANDARDS = {
    "ISO/IEC 7816-4:2005": ISO,
    "TR-03110-3 v2.21": TR3,
    "BSI TR-03110-3 v2.21": TR3,
    "GlobalPlatform Amendment D v1.1.2": AMD_D,
    "GlobalPlatform Card Specification 2.3": GP,
    "project": MUMEI,
}


def clause_of(text: str) -> Clause:
    """The first clause that a specification names, taken apart."""
    beginning = max((known for known in STANDARDS if text.startswith(known)), key=len)
    section = text[len(beginning) :].strip(" ,").split(",")[0].split(";")[0].strip()
    return Clause(STANDARDS[beginning], section, ABOUT)


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


def send_inside(channel: Channel, command: str, *, ready: bool) -> None:
    """The cases that say something about the command itself; those about classes are the wire's."""
    wrong = []
    for case in all_cases(specification.STANDARD):
        bare = not case.octets[0] & 0x1F
        if case.command == command and bare and len(case.octets) <= LONGEST_INSIDE:
            answer = channel.send(case.octets)
            if answer.data or not case.accepts(int(answer.sw, 16), ready=ready):
                wrong.append(f"{case.name}: {answer.text[:40]}, not {case.expected:04X}")
    assert not wrong, "; ".join(wrong)


@clause(MUMEI, "2.6", "boundary cases where rights and states are there")
@clauses_by_case(**CLAUSES)
@on(ISSUED)
@cases(
    **{
        name: NAMES[name]
        for name in ("log", "settings", "select", "read_binary", "get_data", "get_challenge")
    }
)
def test_cases_in_the_holders_channel(card: Card, command: str) -> None:
    card.need_extended()
    send_inside(open_channel(card, PIN), command, ready=True)


@clause(MUMEI, "2.6", "boundary cases where rights and states are there")
@clauses_by_case(**CLAUSES)
@on(ISSUED)
@cases(present=NAMES["present"])
def test_cases_of_a_terminal_that_was_let_in(card: Card, command: str) -> None:
    card.need_extended()
    send_inside(enter(card), command, ready=True)


@clause(MUMEI, "2.6", "boundary cases inside a channel")
@clauses_by_case(**CLAUSES)
@on(ISSUED)
@cases(
    **{
        name: NAMES[name]
        for name in ("manage_security_environment", "perform_security_operation", "external_authenticate")
    }
)
def test_cases_before_terminal_authentication(card: Card, command: str) -> None:
    card.need_extended()
    send_inside(channel_for(card, make_terminal(card)), command, ready=False)
