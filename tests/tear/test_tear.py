"""The short form of ``tools.tear``: power cut at every write of every command; planted defects that it finds."""

from __future__ import annotations

import json

import pytest
from tools.tear.__main__ import main
from tools.tear.all import look_for, scenarios
from tools.tear.cuts import Detail, Variant, cuts
from tools.tear.planted import PLANTS
from tools.tear.scenario import Scenario
from tools.tear.sweep import Sweep

from mumei_card.chip.flash import PAGE
from mumei_card.chip.power import Step, StepKind
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS

EVERY = tuple(scenarios())


@pytest.mark.parametrize("scenario", EVERY, ids=str)
def test_no_cut_leaves_a_card_between_two_states(scenario: Scenario) -> None:
    swept = Sweep(scenario, thorough=False).run()
    assert swept.violations == []
    # Before every step, inside the first page of every write, while the card repairs itself, on the line, for real.
    assert swept.points[Variant.BEFORE.value] == swept.steps + 1
    assert swept.points[Variant.GARBAGE.value] > swept.commits
    assert min(swept.points.values()) > 0
    assert len(swept.points) >= 6


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_defect_is_found(name: str) -> None:
    assert look_for(PLANTS[name]).violations


NEVER_WRITES = frozenset(
    {
        codes.INS_SELECT,
        codes.INS_READ_BINARY,
        codes.INS_GET_CHALLENGE,
        codes.INS_GET_DATA,
        codes.INS_GET_RESPONSE,
        codes.INS_MANAGE_SECURITY_ENVIRONMENT,
        codes.INS_GET_STATUS,
        codes.INS_LOG,
    }
)


def test_every_command_that_writes_is_cut() -> None:
    """A new command is either cut somewhere, or said here not to write."""
    written = frozenset[int]().union(
        *(Sweep(scenario, thorough=False).record().instructions for scenario in EVERY)
    )
    assert not written & NEVER_WRITES
    assert written | NEVER_WRITES == {spec.ins for spec in COMMANDS.values()}


class TestCuts:
    STEPS = (
        Step(kind=StepKind.WRITE, offset=PAGE, octets=bytes(2 * PAGE)),
        Step(kind=StepKind.SYNC),
        Step(kind=StepKind.WRITE, offset=0, octets=bytes(PAGE)),
    )
    IMAGE = b"\xff" * (3 * PAGE)

    def test_every_page_is_torn_in_every_way(self) -> None:
        made = list(cuts(self.IMAGE, self.STEPS, Detail.OCTETS))
        torn = {(cut.done, cut.octets) for cut in made if cut.variant is Variant.GARBAGE}
        assert {(0, 0), (0, PAGE), (2, 0)} <= torn
        assert any(octets % PAGE for _, octets in torn)
        for cut in made:
            assert len(cut.image) == len(self.IMAGE)

    def test_a_torn_write_leaves_what_is_before_its_page_and_behind_it(self) -> None:
        for cut in cuts(self.IMAGE, self.STEPS, Detail.OCTETS):
            if cut.done or not cut.begun:
                continue
            page = PAGE + cut.octets // PAGE * PAGE
            assert cut.image[PAGE:page] == bytes(page - PAGE)
            assert cut.image[page + PAGE :] == self.IMAGE[page + PAGE :]

    def test_a_cache_loses_what_was_not_synced(self) -> None:
        lost = {
            cut.done: cut.image
            for cut in cuts(self.IMAGE, self.STEPS, Detail.PAGES)
            if cut.variant is Variant.LOST
        }
        assert lost[1] == self.IMAGE
        assert lost[3] == self.IMAGE[:PAGE] + bytes(2 * PAGE)


class TestCommandLine:
    def test_figures_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--short", "--json", "--only", "SETTINGS"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["violations"] == 0
        assert document["cut_points"] == sum(document["cut_points_by_kind"].values()) > 100
        assert {command["profile"] for command in document["commands"]} == {"development", "standard"}

    def test_a_violated_invariant_is_told_and_makes_exit_code_1(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with PLANTS["nothing waits until what was written lasts"].planted():
            assert main(["--short", "--only", "SETTINGS"]) == 1
        shown = capsys.readouterr().out
        assert "nothing since the last sync arrived" in shown
        assert "0 violated invariants" not in shown

    def test_nothing_cut_is_no_success(self) -> None:
        assert main(["--short", "--only", "no such command"]) == 1
