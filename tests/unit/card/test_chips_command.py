"""mumei-card chips and faults: every figure with its source, for people and for programs."""

from __future__ import annotations

import json

import pytest

from mumei_card.__main__ import main
from mumei_card.chip.profiles import CHIPS


def test_all_chips_have_a_line_and_say_that_they_are_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chips"]) == 0
    printed = capsys.readouterr().out
    listed = [line.split()[0] for line in printed.splitlines() if line]
    assert listed[1 : len(CHIPS) + 1] == [chip.name for chip in CHIPS.values()]
    assert "MODEL" in printed
    assert "CHIP[/IMPLEMENTATION[/LINK]]" in printed
    assert max(map(len, printed.splitlines())) <= 200


@pytest.mark.parametrize(
    "name", [*(chip.name for chip in CHIPS.values()), "J3R180/java-card", "J3R180/native/contactless-424"]
)
def test_a_profile_names_its_sources_its_assumptions_and_what_it_cannot_know(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chips", name]) == 0
    printed = capsys.readouterr().out
    for part in ("milliseconds:", "from ", "assumed:", "what this profile cannot know:"):
        assert part in printed
    assert main(["chips", name, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert printed.startswith(f"{document['name']}: {document['chip']}")
    for operation in document["operations"]:
        # Either a figure with somebody who measured it, or the reason why nobody can say.
        if operation["milliseconds"] is None:
            assert operation["why"]
        else:
            assert operation["sources"]
            assert (operation["milliseconds_per_unit"] is None) == (operation["unit"] is None)
    assert document["link"]["assumed"] and document["cannot_know"]


def test_all_chips_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chips", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(CHIPS)


def test_an_unknown_chip_is_a_usage_error_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["chips", "abacus"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert "abacus" in said.err and "hint: " in said.err


def test_faults_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    assert "remove@PRESENT:after" in capsys.readouterr().out
