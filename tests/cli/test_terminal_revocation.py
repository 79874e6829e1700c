"""``mumei terminal trust``, ``update``, ``status`` and what ``verify`` says of revocation: all from files."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from tests.fixtures import revocation
from tests.fixtures.command_line import Place, calendar_at, mumei, mumei_json
from tests.fixtures.revocation import DEVELOPMENT, Publisher
from tests.fixtures.world import HANAKO_20_TODAY, ICHIRO_67, TODAY, over, sample_card, terminal

from mumei.terminal.trust import rights_in
from mumei_core.crypto.hash_to_curve import slot_point
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import bucket_of

NEXT_MONDAY = TODAY + timedelta(days=7)
CONTEXT = b"sake.example"
ELSEWHERE = Publisher(authority=SigningKey(0xE1), auditor=SigningKey(0xE2))


@pytest.fixture
def sake(place: Place) -> Path:
    return place.terminal("sake", terminal(over(20)))


@pytest.fixture
def stick(place: Place) -> Path:
    """This week's statement and lists; Ichiro's card was reported."""
    return DEVELOPMENT.week(place.folder / "stick", CONTEXT, sample_card(ICHIRO_67))


@pytest.fixture
def updated(sake: Path, stick: Path) -> Path:
    assert update(sake, stick).exit_code == 0
    return sake


def update(at: Path, source: Path, *options: str) -> Result:
    return mumei("terminal", "update", at, "--from", source, *options)


def verify(at: Path, card: Path, *options: str) -> Result:
    return mumei("terminal", "verify", "--terminal", at, "--card", card, "--over", "20", *options)


def kept(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class TestVerify:
    def test_reported_and_not(self, place: Place, updated: Path) -> None:
        lost, mine = (
            place.card("lost", sample_card(ICHIRO_67)),
            place.card("mine", sample_card(HANAKO_20_TODAY)),
        )
        refused = verify(updated, lost)
        assert refused.exit_code == 1
        assert refused.stdout.startswith("DENY: this card was reported\n")
        assert "  revocation: reported (week of 2026-11-23, list 1)\n" in refused.stdout
        assert verify(updated, mine).exit_code == 0
        report = mumei_json("terminal", "verify", "--terminal", updated, "--card", mine, "--over", "20")
        assert report["revocation"] == {
            "state": "not_reported",
            "week": "2026-11-23",
            "number": 1,
            "behind": False,
        }

    def test_without_lists_it_says_that_nothing_was_checked(self, place: Place, sake: Path) -> None:
        card = place.card("lost", sample_card(ICHIRO_67))
        assert "  revocation: not checked\n" in verify(sake, card).stdout
        report = mumei_json("terminal", "verify", "--terminal", sake, "--card", card, "--over", "20")
        assert report["revocation"]["state"] == "not_checked"

    def test_the_option_insists_or_does_not(self, place: Place, sake: Path, stick: Path) -> None:
        card = place.card("lost", sample_card(ICHIRO_67))
        undecided = verify(sake, card, "--revocation", "required")
        assert undecided.exit_code == 6
        assert undecided.stdout.startswith("CANNOT DECIDE: this terminal has no revocation list")
        assert "mumei terminal update" in undecided.stdout
        assert verify(sake, card, "--revocation", "if-present").exit_code == 0
        assert update(sake, stick).exit_code == 0
        assert verify(sake, card, "--revocation", "if-present").exit_code == 1
        assert verify(sake, card, "--revocation", "off").exit_code == 0

    def test_lists_that_ran_out(self, place: Place, updated: Path) -> None:
        card = place.card("mine", sample_card(HANAKO_20_TODAY))
        with calendar_at(NEXT_MONDAY):
            behind = verify(updated, card)
            assert behind.exit_code == 0 and "a week behind" in behind.stdout
            strict = verify(updated, card, "--revocation", "current")
            assert strict.exit_code == 6 and "another week" in strict.stdout
        with calendar_at(NEXT_MONDAY + timedelta(days=7)):
            late = verify(updated, card)
        assert late.exit_code == 6 and "of another week" in late.stdout

    def test_a_receipt_tells_of_the_check_and_cannot_be_tested_later(
        self, place: Place, updated: Path
    ) -> None:
        card, file = place.card("mine", sample_card(HANAKO_20_TODAY)), place.folder / "visit.receipt"
        assert verify(updated, card, "--receipt", str(file)).exit_code == 0
        checked = mumei("receipt", "verify", file, "--parameters", place.parameters, "--development")
        assert checked.exit_code == 0
        assert "revocation: not reported (week of 2026-11-23, list 1), as the terminal says" in checked.stdout
        points = [slot_point(7665, bucket_of(CONTEXT), k) for k in range(16)]
        octets = file.read_bytes()
        tokens = [revocation.token_under(point, sample_card(HANAKO_20_TODAY)) for point in points]
        assert not any(token in octets for token in tokens)


class TestUpdate:
    def test_from_a_stick_and_again(self, sake: Path, stick: Path) -> None:
        assert "taken in: 1 epoch statement(s), 16 revocation list(s)" in update(sake, stick).stdout
        before = kept(sake)
        report = mumei_json("terminal", "update", sake, "--from", stick)
        assert report["statements"] == {"new": 0, "already_there": 1, "not_ours": 0, "over": 0}
        assert (report["lists"]["new"], report["lists"]["already_there"]) == (0, 16)
        assert kept(sake) == before

    def test_of_what_is_on_a_stick_for_all_it_takes_its_own(
        self, place: Place, sake: Path, stick: Path
    ) -> None:
        DEVELOPMENT.week(stick / "others", b"another.example")
        report = mumei_json("terminal", "update", sake, "--from", stick)
        assert report["statements"]["not_ours"] == 1 and report["lists"]["not_ours"] == 16
        assert report["lists"]["new"] == 16

    def test_one_file_alone(self, sake: Path, stick: Path) -> None:
        statement, one_list = next(stick.glob("*.statement")), next(stick.glob("*.list"))
        assert update(sake, statement).exit_code == 0
        assert mumei_json("terminal", "update", sake, "--from", one_list)["lists"]["new"] == 1

    def test_lists_grow_and_an_old_one_does_not_come_back(
        self, place: Place, updated: Path, stick: Path
    ) -> None:
        card = place.card("mine", sample_card(HANAKO_20_TODAY))
        newer = place.folder / "newer"
        DEVELOPMENT.lists(newer, CONTEXT, sample_card(ICHIRO_67), sample_card(HANAKO_20_TODAY), number=2)
        assert update(updated, newer).exit_code == 0
        assert verify(updated, card).exit_code == 1
        replayed = update(updated, next(stick.glob("*.list")))
        assert replayed.exit_code == 5 and "older" in replayed.stderr and "replay" in replayed.stderr
        whole = update(updated, stick)
        assert whole.exit_code == 5 and "replaying old ones" in whole.stderr
        assert verify(updated, card).exit_code == 1
        # What holds both is a stick that somebody has not cleared.
        shutil.copytree(newer, stick / "newer")
        assert mumei_json("terminal", "update", updated, "--from", stick)["lists"]["older"] == 16

    @pytest.mark.parametrize("place_in_file", [20, 60, -70, -5])
    def test_a_list_that_was_tampered_with(self, place: Place, updated: Path, place_in_file: int) -> None:
        before = kept(updated)
        (path,) = DEVELOPMENT.lists(place.folder / "newer", CONTEXT, number=2, slots=[3])
        octets = bytearray(path.read_bytes())
        octets[place_in_file] ^= 1
        path.write_bytes(octets)
        result = update(updated, path)
        assert result.exit_code == 5 and result.stdout == ""
        assert kept(updated) == before

    def test_files_that_are_no_lists_and_no_statements(self, place: Place, updated: Path) -> None:
        before = kept(updated)
        for name in ("some.list", "some.statement"):
            for octets in (b"", b"\x30\x00", bytes(5000)):
                file = place.folder / name
                file.write_bytes(octets)
                assert update(updated, file).exit_code == 5, (name, octets)
        assert kept(updated) == before

    @pytest.mark.parametrize("what", ["*.statement", "*.list"])
    def test_of_another_authority(self, place: Place, updated: Path, what: str) -> None:
        before = kept(updated)
        foreign = ELSEWHERE.week(place.folder / "foreign", CONTEXT, day=NEXT_MONDAY)
        result = update(updated, next(foreign.glob(what)))
        assert result.exit_code == 5 and "signed" in result.stderr
        assert kept(updated) == before

    def test_a_statement_that_one_of_both_has_not_signed(self, place: Place, sake: Path) -> None:
        for one in (
            Publisher(authority=ELSEWHERE.authority, auditor=DEVELOPMENT.auditor),
            Publisher(authority=DEVELOPMENT.authority, auditor=ELSEWHERE.auditor),
            Publisher(authority=DEVELOPMENT.auditor, auditor=DEVELOPMENT.authority),
        ):
            result = update(sake, one.statement(place.folder / "half", CONTEXT))
            assert result.exit_code == 5 and "authority and auditor" in result.stderr
        assert not (sake / "statements").exists()

    @pytest.mark.parametrize("what", ["*.statement", "*.list"])
    def test_a_lone_file_for_another_bucket(self, place: Place, updated: Path, what: str) -> None:
        other = DEVELOPMENT.week(place.folder / "other", b"another.example")
        result = update(updated, next(other.glob(what)))
        assert result.exit_code == 5

    @pytest.mark.parametrize("what", ["*.statement", "*.list"])
    def test_a_lone_file_whose_weeks_are_over(self, updated: Path, stick: Path, what: str) -> None:
        with calendar_at(NEXT_MONDAY + timedelta(days=7)):
            assert update(updated, next(stick.glob(what))).exit_code == 5

    def test_a_stick_with_nothing_of_use(self, place: Place, updated: Path, stick: Path) -> None:
        before = kept(updated)
        others = DEVELOPMENT.week(place.folder / "others", b"another.example")
        foreign = update(updated, others)
        assert (
            foreign.exit_code == 5
            and "nothing" in foreign.stderr
            and "is for this terminal" in foreign.stderr
        )
        assert kept(updated) == before
        with calendar_at(NEXT_MONDAY + timedelta(days=7)):
            late = update(updated, stick)
        assert late.exit_code == 5 and "has run out" in late.stderr

    def test_old_weeks_go(self, place: Place, updated: Path) -> None:
        later = NEXT_MONDAY + timedelta(days=7)
        fresh = DEVELOPMENT.week(place.folder / "fresh", CONTEXT, day=later)
        with calendar_at(later):
            assert update(updated, fresh).exit_code == 0
        assert not any("7665" in name for name in kept(updated))

    def test_places_where_nothing_is(self, place: Place, sake: Path) -> None:
        (place.folder / "empty").mkdir()
        for source in (place.folder / "none", place.folder / "empty"):
            assert update(sake, source).exit_code == 2
        assert update(place.folder / "none", place.folder).exit_code == 5

    def test_a_rule_that_stays(self, place: Place, sake: Path, stick: Path) -> None:
        card = place.card("mine", sample_card(HANAKO_20_TODAY))
        assert update(sake, stick, "--revocation", "current").exit_code == 0
        with calendar_at(NEXT_MONDAY):
            assert verify(sake, card).exit_code == 6
        (sake / "revocation").write_text("sometimes\n")
        assert verify(sake, card).exit_code == 5


class TestStatus:
    def test_what_there_is_and_until_when(self, updated: Path) -> None:
        report = mumei_json("terminal", "status", updated)
        assert (report["epoch"], report["rule"], report["good_until"]) == (7665, "required", "2026-12-06")
        (statement,), (lists,) = report["statements"], report["lists"]
        assert (statement["epoch"], statement["first"], statement["last"]) == (
            7665,
            "2026-11-23",
            "2026-12-06",
        )
        assert (lists["lists"], lists["expected"], lists["numbers"], lists["entries"]) == (16, 16, [1, 1], 48)
        with calendar_at(TODAY + timedelta(days=3)):
            text = mumei("terminal", "status", updated).stdout
        assert "lists of epoch 7665: 16 of 16, number 1, 48 entries, oldest 3 day(s) old" in text
        assert "can decide until: 2026-12-06" in text

    def test_run_out(self, updated: Path) -> None:
        with calendar_at(NEXT_MONDAY + timedelta(days=7)):
            result = mumei("terminal", "status", updated)
        assert result.exit_code == 0 and "CANNOT DECIDE today" in result.stdout

    def test_never_updated(self, sake: Path) -> None:
        text = mumei("terminal", "status", sake).stdout
        assert "revocation: off" in text and "lists: none" in text

    def test_lists_that_are_not_complete(self, updated: Path) -> None:
        next((updated / "lists").rglob("*slot03.list")).unlink()
        report = mumei_json("terminal", "status", updated)
        assert report["lists"][0]["lists"] == 15 and report["good_until"] is None

    def test_a_file_that_was_altered_since(self, updated: Path) -> None:
        for pattern in ("*.statement", "*slot03.list"):
            file = next(updated.rglob(pattern))
            whole = file.read_bytes()
            file.write_bytes(whole[:-1])
            result = mumei("terminal", "status", updated)
            assert result.exit_code == 5 and file.name in result.stderr
            file.write_bytes(whole)


class TestTrust:
    @pytest.fixture
    def keys(self, place: Place) -> tuple[Path, Path]:
        files = (place.folder / "authority.pub", place.folder / "auditor.pub")
        for file, key in zip(files, (ELSEWHERE.authority, ELSEWHERE.auditor), strict=True):
            file.write_bytes(key.point)
        return files

    def test_pinned_once_and_then_others_do_not_count(
        self, place: Place, sake: Path, stick: Path, keys: tuple[Path, Path]
    ) -> None:
        pin = ("terminal", "trust", sake, "--revocation-authority", keys[0], "--auditor", keys[1])
        assert mumei_json(*pin)["auditor"] == [ELSEWHERE.auditor.point.hex()]
        assert mumei(*pin).exit_code == 2
        assert update(sake, stick).exit_code == 5
        assert update(sake, ELSEWHERE.week(place.folder / "foreign", CONTEXT)).exit_code == 0

    def test_files_that_hold_no_key(self, place: Place, sake: Path, keys: tuple[Path, Path]) -> None:
        wrong = place.folder / "wrong.pub"
        for octets in (b"", bytes(65), b"\x04" + bytes(64), keys[0].read_bytes()[:-1]):
            wrong.write_bytes(octets)
            result = mumei("terminal", "trust", sake, "--revocation-authority", wrong, "--auditor", keys[1])
            assert result.exit_code == 5
        assert not (sake / "auditor.pub").exists()

    def test_one_key_alone_in_the_folder(self, sake: Path, stick: Path, keys: tuple[Path, Path]) -> None:
        shutil.copyfile(keys[1], sake / "auditor.pub")
        assert update(sake, stick).exit_code == 5
        assert rights_in(sake).rp_context == CONTEXT
