"""``mumei trace`` and ``mumei --trace``: recorded from any command, shown, replayed to a card and to a command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from tests.fixtures import standard, world
from tests.fixtures.command_line import CHEAP, PASSPHRASE, Place, mumei, mumei_json
from tests.fixtures.terminal import converse
from tests.fixtures.world import TARO_20_TOMORROW, over, terminal

from mumei.authority.credentials import TerminalCredentials
from mumei.trace.file import read_trace
from mumei.trace.show import WIDTH


@pytest.fixture
def sake(place: Place) -> Path:
    """A shop for development cards."""
    return place.terminal("sake", terminal(over(20)))


@pytest.fixture
def certified(place: Place) -> Path:
    """A shop with a certificate, for standard cards."""
    at = standard.terminal(over(20))
    folder = place.folder / "certified"
    standard.save(at, folder, PASSPHRASE.encode(), log2_n=CHEAP)
    return folder


@pytest.fixture
def hanako(place: Place) -> Path:
    return place.card("hanako", world.sample_card())


@pytest.fixture
def standard_card(place: Place) -> Path:
    return place.card("standard", standard.sample_card())


@pytest.fixture
def visit(place: Place, sake: Path, hanako: Path) -> Path:
    """The trace of an accepted visit."""
    file = place.folder / "visit.trace"
    result = mumei(
        *("trace", "record", file, "terminal", "verify", "--terminal", sake, "--over", "20"),
        *("--card", hanako),
    )
    assert result.exit_code == 0 and "ACCEPT" in result.stdout
    return file


def ask(certified: Path, card: Path, place: Place, *before: str | Path) -> int:
    result = mumei(
        *(*before, "terminal", "verify", "--terminal", certified, "--over", "20", "--card", card),
        *("--passphrase-file", place.passphrase),
    )
    return result.exit_code


class TestRecord:
    def test_both_ways_of_saying_it(self, place: Place, hanako: Path) -> None:
        first, second = place.folder / "1.trace", place.folder / "2.trace"
        plain = mumei("card", "info", "--card", hanako).stdout
        assert mumei("trace", "record", first, "card", "info", "--card", hanako).stdout == plain
        assert mumei("--trace", second, "card", "info", "--card", hanako).stdout == plain
        shown = [mumei_json("trace", "show", file) for file in (first, second)]
        names = [
            [one["command"].partition(":")[0] for one in report["sessions"][0]["exchanges"]]
            for report in shown
        ]
        assert names[0] == names[1] == ["SELECT", "READ BINARY", "VERIFY"]

    def test_dashes_before_the_command_are_allowed(self, place: Place, hanako: Path) -> None:
        file = place.folder / "1.trace"
        assert mumei("trace", "record", file, "--", "card", "info", "--card", hanako, "--json").exit_code == 0
        assert read_trace(file).ended

    def test_the_exit_code_is_the_commands(self, place: Place, sake: Path) -> None:
        card = place.card("taro", world.sample_card(TARO_20_TOMORROW))
        verify = ("terminal", "verify", "--terminal", sake, "--over", "20", "--card", card)
        assert mumei("trace", "record", place.folder / "1.trace", *verify).exit_code == 1
        assert mumei("--trace", place.folder / "2.trace", *verify).exit_code == 1
        trace = read_trace(place.folder / "1.trace")
        assert trace.ended and trace.exchanges[-1].message.response.zeroed.hex() == "6985"

    def test_a_card_that_is_not_there_leaves_a_trace_without_session(self, place: Place) -> None:
        file = place.folder / "1.trace"
        result = mumei("--trace", file, "card", "info", "--card", place.folder / "nobody.card")
        assert result.exit_code == 3
        assert read_trace(file).sessions == ()
        assert "0 exchanges" in mumei("trace", "show", file).stdout

    def test_it_names_nobody(self, place: Place, visit: Path) -> None:
        assert "hanako" not in visit.read_text() and str(place.folder) not in visit.read_text()

    def test_the_pin_is_masked_and_typed_as_ever(self, place: Place, hanako: Path) -> None:
        file = place.folder / "1.trace"
        code, shown = converse(
            ["--trace", str(file), "card", "pin", "verify", "--card", str(hanako)],
            [("PIN (six digits)", world.PIN)],
        )
        assert code == 0 and "PIN verified" in shown
        assert "‹6 octets›" in mumei("trace", "show", file).stdout
        assert world.PIN.encode().hex() not in file.read_text()

    def test_a_file_that_is_there_is_kept_and_no_card_asked(
        self, place: Place, visit: Path, hanako: Path
    ) -> None:
        before = place.files()
        result = mumei("--trace", visit, "card", "info", "--card", hanako)
        assert result.exit_code == 2 and "not overwritten" in result.stderr
        assert place.files() == before

    def test_only_one_trace_at_a_time(self, place: Place, hanako: Path) -> None:
        first, second = place.folder / "1.trace", place.folder / "2.trace"
        result = mumei("--trace", first, "trace", "record", second, "card", "info", "--card", hanako)
        assert result.exit_code == 2 and not second.exists()

    @pytest.mark.parametrize("command", [(), ("--",), ("nonsense",), ("card", "nonsense")])
    def test_without_a_command_that_exists(self, place: Place, command: tuple[str, ...]) -> None:
        assert mumei("trace", "record", place.folder / "1.trace", *command).exit_code == 2

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
    def test_a_full_disk_is_said_and_disturbs_nothing(self, place: Place, hanako: Path) -> None:
        assert mumei("card", "info", "--card", hanako).exit_code == 0
        (place.folder / "full").symlink_to("/dev/full")
        # The name is taken, so it is not even begun: nothing of ours is ever written through another file.
        assert mumei("--trace", place.folder / "full", "card", "info", "--card", hanako).exit_code == 2


class TestShow:
    def test_as_text(self, visit: Path) -> None:
        text = mumei("trace", "show", visit).stdout
        assert max(map(len, text.splitlines())) <= WIDTH
        assert re.search(
            r"4 exchanges, [\d,]+ octets, [\d.,]+ ms waiting for the card; 0 octets masked", text
        )
        for words in ("SELECT", "presentation", '"sake.example"', "E1 request", "=  9000 proven", "DESCRIBE"):
            assert words in text

    def test_one_exchange_with_all_its_octets(self, visit: Path) -> None:
        text = mumei("trace", "show", visit, "--exchange", "4", "--wire").stdout
        assert "PRESENT" in text and "SELECT" not in text and "wire >" in text
        assert max(map(len, text.splitlines())) <= WIDTH
        present = read_trace(visit).exchanges[3]
        assert present.wires[0].response is not None
        assert present.wires[0].response.to_text() in "".join(text.split())

    def test_as_json(self, visit: Path) -> None:
        report = mumei_json("trace", "show", visit)
        (session,) = report["sessions"]
        assert (session["profile"], report["complete"]) == ("development", True)
        present = session["exchanges"][3]
        assert (present["command"].partition(":")[0], present["phase"], present["sw"]) == (
            "PRESENT",
            "presentation",
            "9000",
        )
        names = {item["name"]: item for item in present["data"]}
        assert names["date"]["gloss"] == "2026-11-23" and names["nonce"]["octets"] == 32
        assert [
            one["number"]
            for one in mumei_json("trace", "show", visit, "--exchange", "2")["sessions"][0]["exchanges"]
        ] == [2]

    def test_an_exchange_that_is_not_there(self, visit: Path) -> None:
        result = mumei("trace", "show", visit, "--exchange", "5")
        assert result.exit_code == 2 and "1 to 4" in result.stderr

    def test_one_that_breaks_off_says_so(self, visit: Path) -> None:
        lines = visit.read_text().splitlines(keepends=True)
        visit.write_text("".join(lines[:-2]))
        assert "BREAKS OFF" in mumei("trace", "show", visit).stdout
        assert mumei_json("trace", "show", visit)["complete"] is False

    @pytest.mark.parametrize("octets", [b"", b"hello\n", b"\xff\x00", b"{}\n", b'{"kind":"end"}\n'])
    def test_other_files_are_refused(self, place: Place, octets: bytes) -> None:
        file = place.folder / "other"
        file.write_bytes(octets)
        for command in ("show", "replay", "feed"):
            more = ("card", "info") if command == "feed" else ()
            result = mumei("trace", command, file, *more)
            assert result.exit_code == 2 and "no trace" in result.stderr

    def test_no_file(self, place: Place) -> None:
        assert mumei("trace", "show", place.folder / "nothing").exit_code == 2

    def test_control_characters_do_not_reach_the_terminal(self, place: Place, hanako: Path) -> None:
        folder = place.terminal("evil", world.renamed(terminal(over(20)), "Sake\x1b]0;owned\x07"))
        file = place.folder / "1.trace"
        mumei("--trace", file, "terminal", "verify", "--terminal", folder, "--over", "20", "--card", hanako)
        assert "\x1b" not in mumei("trace", "show", file).stdout

    def test_the_schema_is_printed(self, visit: Path) -> None:
        schema = jsonschema.Draft202012Validator(json.loads(mumei("trace", "schema").stdout))
        for line in visit.read_text().splitlines():
            schema.validate(json.loads(line))


class TestReplay:
    def test_to_another_card_of_the_same_kind(self, place: Place, visit: Path) -> None:
        other = place.card("other", world.sample_card(world.ICHIRO_67))
        report = mumei_json("trace", "replay", visit, "--card", other)
        assert (report["exchanges"], report["agreed"], report["differs"]) == (4, [1, 2, 3, 4], None)

    def test_a_card_that_differs_is_exit_code_1(self, place: Place, visit: Path) -> None:
        other = place.card("taro", world.sample_card(TARO_20_TOMORROW))
        result = mumei("trace", "replay", visit, "--card", other)
        assert result.exit_code == 1 and "DIFFERS at exchange 4, PRESENT" in result.stdout
        report = mumei_json("trace", "replay", visit, "--card", other, expect=1)
        assert report["differs"]["number"] == 4

    def test_a_certified_visit(self, place: Place, certified: Path, standard_card: Path) -> None:
        file = place.folder / "1.trace"
        assert ask(certified, standard_card, place, "--trace", file) == 0
        again = ("trace", "replay", file, "--card", standard_card)
        alone = mumei(*again)
        assert alone.exit_code == 0 and "7 of 15" in alone.stdout and "terminal's key" in alone.stdout
        whole = mumei(*again, "--terminal", certified, "--passphrase-file", place.passphrase)
        assert whole.exit_code == 0 and whole.stdout == "15 of 15 exchanges answered as recorded.\n"
        wrong = mumei(*again, "--shop-code", "07")
        assert wrong.exit_code == 1 and "DIFFERS at exchange 3" in wrong.stdout

    def test_the_holders_log(self, place: Place, standard_card: Path) -> None:
        file = place.folder / "1.trace"
        assert (
            mumei("--trace", file, "card", "log", "--card", standard_card, "--pin-file", place.pin).exit_code
            == 0
        )
        again = ("trace", "replay", file, "--card", standard_card)
        assert mumei(*again, "--pin-file", place.pin).exit_code == 0
        # Nobody to ask for the PIN: no try is used.
        assert mumei(*again).exit_code == 2

    def test_which_session(self, place: Place, visit: Path, hanako: Path) -> None:
        lines = visit.read_text().splitlines(keepends=True)
        visit.write_text("".join([*lines[:-1], *lines[1:]]))
        result = mumei("trace", "replay", visit, "--card", hanako)
        assert result.exit_code == 2 and "--session 1 to 2" in result.stderr
        assert mumei("trace", "replay", visit, "--session", "2", "--card", hanako).exit_code == 0
        assert mumei("trace", "replay", visit, "--session", "3", "--card", hanako).exit_code == 2

    def test_a_replay_can_be_recorded(self, place: Place, visit: Path, hanako: Path) -> None:
        file = place.folder / "again.trace"
        assert mumei("--trace", file, "trace", "replay", visit, "--card", hanako).exit_code == 0
        assert len(read_trace(file).exchanges) == 4


class TestFeed:
    def test_a_command_without_randoms_runs_on_the_recording(self, place: Place, hanako: Path) -> None:
        file = place.folder / "1.trace"
        first = mumei_json("--trace", file, "card", "info", "--card", hanako)
        hanako.unlink()
        again = mumei_json("trace", "feed", file, "card", "info")
        assert {**first, "place": None} == {**again, "place": None}

    def test_a_question_draws_a_nonce_and_says_so(self, visit: Path, sake: Path) -> None:
        result = mumei("trace", "feed", visit, "terminal", "verify", "--terminal", sake, "--over", "20")
        assert result.exit_code == 1 and "exchange 4" in result.stderr and "randoms" in result.stderr
        assert "1 recorded APDU" in result.stderr

    def test_a_channel_draws_keys_and_says_so(
        self, place: Place, certified: Path, standard_card: Path
    ) -> None:
        file = place.folder / "1.trace"
        assert ask(certified, standard_card, place, "--trace", file) == 0
        assert ask(certified, standard_card, place, "trace", "feed", file) == 1

    def test_another_command_is_told_where_it_differs(self, place: Place, visit: Path) -> None:
        result = mumei("trace", "feed", visit, "card", "info")
        assert result.exit_code == 1 and "exchange 3" in result.stderr

    def test_more_cards_than_were_recorded(self, place: Place) -> None:
        file = place.folder / "1.trace"
        mumei("--trace", file, "card", "info", "--card", place.folder / "nobody.card")
        result = mumei("trace", "feed", file, "card", "info")
        assert result.exit_code == 2 and "more often" in result.stderr

    def test_it_is_not_recorded_itself(self, place: Place, visit: Path) -> None:
        result = mumei("--trace", place.folder / "x.trace", "trace", "feed", visit, "card", "info")
        assert result.exit_code == 2


def test_terminal_keys_are_only_read_where_they_are_named(certified: Path) -> None:
    with pytest.raises(Exception, match="passphrase"):
        TerminalCredentials.load(certified, b"wrong")
