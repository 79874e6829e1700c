"""The card answers every boundary case that the specifications imply as they say."""

from __future__ import annotations

import pytest
from tools.spec_cases import Case, all_cases

from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.specification import DEVELOPMENT, PROFILES, STANDARD

from .conftest import make_card

_GIVEN = {DEVELOPMENT: "pin", STANDARD: "standard"}
CASES = [case for profile in PROFILES for case in all_cases(profile)]


def test_every_command_has_cases_in_every_profile() -> None:
    assert {(case.command, case.profile) for case in CASES} == {
        (spec.name, profile) for spec in COMMANDS.values() for profile in PROFILES
    }
    assert len(CASES) > 500


def test_no_two_cases_are_called_the_same() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("command", sorted(spec.name for spec in COMMANDS.values()))
@pytest.mark.parametrize("profile", PROFILES)
def test_the_card_answers_as_the_case_wants(command: str, profile: str) -> None:
    card = make_card(_GIVEN[profile])
    wrong: list[tuple[str, str]] = []
    for case in CASES:
        if (case.command, case.profile) == (command, profile):
            wrong += _judge(case, card.send(case.octets.hex()))
            card.kernel.reset()
    assert wrong == []


@pytest.mark.parametrize("command", ["INITIALIZE UPDATE", "PUT KEY", "GET STATUS", "SET STATUS"])
def test_a_card_with_a_security_domain_answers_its_commands_so(command: str) -> None:
    card = make_card("maker")
    wrong: list[tuple[str, str]] = []
    for case in CASES:
        if (case.command, case.profile) == (command, STANDARD):
            answer = card.send(case.octets.hex())
            wrong += _judge(case, answer)
            # Its domain is there, so what does not exist elsewhere is no excuse.
            if answer == "6D00" and case.expected != codes.SW_INS_NOT_SUPPORTED:
                wrong.append((case.name, answer))
            card.kernel.reset()
    assert wrong == []


def _judge(case: Case, answer: str) -> list[tuple[str, str]]:
    sw = int(answer[-4:], 16)
    return [] if len(answer) == 4 and case.accepts(sw) else [(case.name, answer)]
