"""What a simulated card can be told: the language of faults, chips and real time, from both sides of each limit."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixtures import world

from mumei_card.link import options
from mumei_card.link.fault_script import (
    DEFAULT_RATE,
    INSTRUCTIONS,
    Kind,
    Moment,
    Place,
    describe_language,
    parse,
)
from mumei_card.link.in_process import open_card, put_together
from mumei_core.commands import codes
from mumei_core.errors import UsageError

SELECT = bytes.fromhex("00A4040008F06D756D6569010100")


def refused(script: str) -> UsageError:
    with pytest.raises(UsageError) as error:
        parse(script)
    return error.value


class TestScripts:
    def test_every_example_of_the_language_is_a_script(self) -> None:
        """`mumei-card faults` shows one for each kind."""
        described = [line.strip() for line in describe_language().splitlines() if line.startswith("  ")]
        found = [parse(line.split("  ")[0])[0].kind for line in described]
        assert found == list(Kind)

    def test_several_faults_stand_behind_each_other(self) -> None:
        first, second = parse(" remove@3:after , 6c@read binary* ")
        assert (first.kind, first.place, first.moment) == (Kind.REMOVE, Place(number=3), Moment.AFTER)
        assert second.place == Place(ins=codes.INS_READ_BINARY)

    @pytest.mark.parametrize(
        ("script", "place"),
        [
            ("mute@PRESENT", Place(number=1, ins=codes.INS_PRESENT)),
            ("mute@present#2", Place(number=2, ins=codes.INS_PRESENT)),
            ("mute@store_data*", Place(ins=codes.INS_STORE_DATA)),
            ("mute@READ  BINARY", Place(number=1, ins=codes.INS_READ_BINARY)),
        ],
    )
    def test_a_place_is_a_number_or_a_name(self, script: str, place: Place) -> None:
        assert parse(script)[0].place == place

    def test_a_place_fits_the_commands_that_it_names(self) -> None:
        third = Place(number=3)
        assert third.fits(3, 0x34, 1) and not third.fits(2, 0x34, 3)
        second_present = Place(number=2, ins=codes.INS_PRESENT)
        assert second_present.fits(9, codes.INS_PRESENT, 2)
        assert not second_present.fits(2, codes.INS_PRESENT, 1)
        assert not second_present.fits(2, codes.INS_ENROL, 2)
        assert Place().fits(1, 0, 1)

    @pytest.mark.parametrize("script", ["", "remove@3,", "remove@3,,mute@1"])
    def test_an_empty_part(self, script: str) -> None:
        assert "missing" in refused(script).message

    def test_an_unknown_fault_is_answered_with_those_that_there_are(self) -> None:
        error = refused("explode@3")
        assert "'explode'" in error.message
        assert all(kind.value in error.hint for kind in Kind)

    @pytest.mark.parametrize("place", ["0", "NONSENSE", "PRESENT#0", "-1", "PRESENT**"])
    def test_what_is_no_place(self, place: str) -> None:
        error = refused(f"mute@{place}")
        assert "is no place" in error.message
        assert all(name in error.hint for name in INSTRUCTIONS)

    @pytest.mark.parametrize(
        ("script", "problem"),
        [
            ("two-cards@1", "takes no place"),
            ("remove", "needs a place"),
            ("remove@", "needs a place"),
            ("mute@4:now", "takes no details"),
            ("remove@1:sometimes", "takes moment"),
            ("remove@1:after:after", "takes moment"),
            ("late@2", "takes seconds"),
            ("late@2:0", "takes seconds"),
            ("late@2:3601", "takes seconds"),
            ("late@2:nan", "takes seconds"),
            ("61:0", "takes octets"),
            ("61:257", "takes octets"),
            ("61:x", "takes octets"),
            ("garble@1:-1", "takes bit"),
            ("truncate@1:1:2", "takes octets"),
            ("random:1:2", "takes seed and rate"),
            ("random:1:-0.1", "takes seed and rate"),
            ("random:1:0.5:7", "takes seed and rate"),
            ("random:x", "takes seed and rate"),
        ],
    )
    def test_details_that_say_nothing_come_back_with_an_example(self, script: str, problem: str) -> None:
        error = refused(script)
        assert problem in error.message
        assert error.hint.startswith("For example: ")

    def test_details_at_their_limits(self) -> None:
        assert parse("late@2:3600s")[0].seconds == 3600
        assert [parse(f"61:{octets}")[0].number for octets in (1, 256)] == [1, 256]
        assert parse("61")[0].number is None
        assert (parse("random")[0].number, parse("random")[0].rate) == (None, DEFAULT_RATE)
        assert (parse("random::1")[0].number, parse("random::1")[0].rate) == (None, 1)


class TestOptions:
    def test_nothing_said_is_a_card_without_faults_and_without_a_clock(self) -> None:
        assert options.read({}) == ()
        assert options.clock({}) is None

    def test_an_unknown_option_is_answered_with_those_that_there_are(self) -> None:
        with pytest.raises(UsageError, match="'speed'") as error:
            options.read({"speed": "9"})
        assert all(name in error.value.hint for name in options.ABOUT)

    def test_a_seed_is_for_random_faults_that_name_none(self) -> None:
        given = options.read({"fault": "random,random:7,mute@3", "seed": "42"})
        assert [fault.number for fault in given] == [42, 7, None]
        assert options.read({"fault": "random"})[0].number is None
        with pytest.raises(UsageError, match="random faults"):
            options.read({"seed": "42"})
        for seed in ("", "-1", "x"):
            with pytest.raises(UsageError, match="is no seed"):
                options.read({"fault": "random", "seed": seed})

    def test_real_time_needs_a_chip_and_is_on_or_off(self) -> None:
        assert options.read({"realtime": "off"}) == ()
        with pytest.raises(UsageError, match="no time to keep"):
            options.read({"realtime": "on"})
        with pytest.raises(UsageError, match="'on' or 'off', not 'yes'"):
            options.read({"realtime": "yes", "chip": "J3R180"})

    @pytest.mark.parametrize(("realtime", "sleeps"), [("off", False), ("on", True)])
    def test_a_chips_clock_sleeps_in_real_time_only(
        self, realtime: str, sleeps: bool, tmp_path: Path
    ) -> None:
        slept: list[float] = []
        path = str(world.write_card(tmp_path / "card", world.new_card()))
        clock = options.clock({"chip": "J3R180", "realtime": realtime}, sleep=slept.append)
        assert clock is not None
        card = put_together(path, (), clock)
        assert card.transmit(SELECT).endswith(b"\x90\x00")
        card.close()
        assert bool(sum(slept)) == sleeps
        assert clock.link_ms > 0

    def test_an_unknown_chip_is_a_usage_error(self) -> None:
        with pytest.raises(UsageError, match="abacus"):
            options.clock({"chip": "abacus"})


class TestOpenCard:
    def test_a_fault_lies_on_the_way_and_the_file_is_as_good_as_before(self, tmp_path: Path) -> None:
        path = str(world.write_card(tmp_path / "card", world.new_card()))
        card = open_card(path, options={"fault": "truncate@1:1"})
        assert len(card.transmit(SELECT)) == 1
        assert card.transmit(SELECT).endswith(b"\x90\x00")
        card.close()
        card = open_card(path)
        assert card.transmit(SELECT).endswith(b"\x90\x00")
        card.close()

    def test_a_refused_option_leaves_the_file_free(self, tmp_path: Path) -> None:
        path = str(world.write_card(tmp_path / "card", world.new_card()))
        with pytest.raises(UsageError):
            open_card(path, options={"fault": "two-cards"})
        open_card(path).close()
