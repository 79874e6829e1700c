"""``--fault``, ``--patience`` and their like: what a clerk reads, and what a script's exit code says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from tests.fixtures import standard, world
from tests.fixtures.command_line import CHEAP, PASSPHRASE, Place, Shell, mumei
from tests.fixtures.world import over, terminal

from mumei_card.__main__ import main as mumei_card
from mumei_card.link.fault_script import INSTRUCTIONS, Kind

Verify = Callable[..., Result]


@pytest.fixture
def verify(place: Place) -> Verify:
    """``mumei terminal verify`` of a shop and a development card."""
    shop = place.terminal("sake", terminal(over(20)))
    card = place.card("hanako", world.sample_card())
    return lambda *options: mumei(
        "terminal", "verify", "--terminal", shop, "--card", card, "--over", "20", *options
    )


class TestVisits:
    @pytest.mark.parametrize(
        ("script", "code", "words"),
        [
            (
                "remove@PRESENT",
                4,
                ("the card was removed", "What failed: the reader", "trying again is safe"),
            ),
            ("remove@2:inside", 4, ("the card was removed", "starting anew is safe")),
            ("reset@PRESENT", 4, ("another program reset the card", "What failed: the reader")),
            ("mute@4", 4, ("does not answer", "What failed: the card")),
            (
                "truncate@PRESENT:1",
                4,
                ("without a status word", "What failed: the card", "wipe its contacts"),
            ),
            ("replay@PRESENT", 4, ("answered this request already", "What failed: the application")),
            ("two-cards", 2, ("2 readers hold a card",)),
            ("wrong-protocol", 3, ("neither T=0 nor T=1",)),
        ],
    )
    def test_what_fails_is_named(
        self, verify: Verify, script: str, code: int, words: tuple[str, ...]
    ) -> None:
        result = verify("--fault", script)
        assert result.exit_code == code, result.stderr
        for word in words:
            assert word in result.stderr
        assert verify().exit_code == 0

    @pytest.mark.parametrize(
        "script",
        [
            "6C@READ BINARY",
            "61",
            "61:20,6C",
            "short-only",
            "short-silent",
            "reset@3",
            "warm-reset@DESCRIBE TERMINAL",
            "replay@3",
        ],
    )
    def test_what_is_recovered_from_is_not_spoken_of(self, verify: Verify, script: str) -> None:
        result = verify("--fault", script)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("ACCEPT")
        # The card's side says what it did; the terminal has nothing to say.
        assert "mumei:" not in result.stderr

    def test_a_full_card_is_no_denial(self, verify: Verify) -> None:
        result = verify("--fault", "memory-full@1")
        assert result.exit_code == 6
        assert "the card's memory is full (6A84" in result.stdout

    def test_a_late_answer_is_waited_for_as_long_as_one_says(self, verify: Verify) -> None:
        late = ("--fault", "late@PRESENT:0.3s", "--patience")
        result = verify(*late, "0.15")
        assert result.exit_code == 4 and "--patience" in result.stderr
        assert verify(*late, "20").exit_code == 0

    def test_in_a_secure_channel(self, place: Place) -> None:
        shop = place.folder / "sake"
        standard.save(standard.terminal(over(20)), shop, PASSPHRASE.encode(), log2_n=CHEAP)
        result = mumei(
            *(
                "terminal",
                "verify",
                "--terminal",
                shop,
                "--passphrase-file",
                place.passphrase,
                "--over",
                "20",
            ),
            *("--card", place.card("hanako", standard.sample_card()), "--fault", "garble@PRESENT"),
        )
        assert result.exit_code == 4
        assert "the secure channel to the card broke" in result.stderr
        assert "What failed: the channel" in result.stderr


class TestOtherCommands:
    def test_an_enrolment_that_broke_off_is_finished_by_the_same_command(self, place: Place) -> None:
        card = place.card("hanako", world.card_with_parameters())
        line = (
            *("office", "enrol", "1", "--registry", place.registry, "--issuer", place.issuer, "--card", card),
            *("--passphrase-file", place.passphrase, "--clerk", "sato"),
        )
        for script in ("remove@ENROL:after", "mute@STORE CREDENTIAL", "remove@STORE CREDENTIAL:after"):
            broken = mumei(*line, "--fault", script)
            assert broken.exit_code == 4 and "trying again is safe" in broken.stderr
        done = mumei(*line)
        assert done.exit_code == 0 and "had broken off is finished" in done.stdout

    @pytest.mark.parametrize("script", ["remove@{}:inside", "remove@{}:after", "mute@{}", "truncate@{}:1"])
    def test_a_pin_that_may_or_may_not_be_set(self, place: Place, script: str) -> None:
        card = place.card("hanako", world.card_with_parameters())
        line = ("card", "pin", "change", "--card", card, "--new-pin-file", place.pin)
        transport = ("--pin-file", place.secret("transport", world.TRANSPORT_PIN))
        broken = mumei(*line, *transport, "--fault", script.format("CHANGE REFERENCE DATA"))
        assert broken.exit_code == 4 and "The new PIN may be set already" in broken.stderr
        mumei(*line, *transport)
        assert mumei("card", "pin", "verify", "--card", card, "--pin-file", place.pin).exit_code == 0

    def test_the_doctor_names_the_layer(self, place: Place) -> None:
        card = place.card("hanako", world.sample_card())
        result = mumei("doctor", "--card", card, "--fault", "mute@1")
        assert result.exit_code == 3
        assert "failed" in result.stdout and "does not answer" in result.stdout


class TestRandom:
    def test_a_seed_gives_the_same_again(self, verify: Verify, caplog: pytest.LogCaptureFixture) -> None:
        ends, said = [], []
        for _ in range(2):
            caplog.clear()
            result = verify("--fault", "random:7:0.4")
            ends.append((result.exit_code, result.stderr))
            said.append([message for message in caplog.messages if message.startswith("fault: ")])
        assert ends[0] == ends[1]
        assert said[0] == said[1] and said[0][0] == "fault: random:7:0.4"

    def test_faults_are_said_beside_the_result(self, place: Place) -> None:
        place.card("hanako", world.sample_card())
        shell = Shell(place.folder)
        output, beside = shell.said("mumei card info --card hanako.card --fault random:1:0,61@SELECT")
        assert "profile: development" in output
        assert beside.splitlines() == ["fault: random:1:0", "fault: 61@SELECT"]

    def test_without_a_seed_one_is_drawn_and_said(
        self, verify: Verify, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert verify("--fault", "random").exit_code in {0, 1, 4, 6}
        drawn = next(said for said in caplog.messages if "random:" in said)
        assert drawn.removeprefix("fault: random:").split(":")[0].isdecimal()


class TestMistakes:
    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ("vanish@3", "there is no fault 'vanish'"),
            ("remove", "needs a place"),
            ("remove@0", "is no place"),
            ("remove@ABSENT", "is no place"),
            ("remove@3:later", "takes moment"),
            ("remove@3:before:after", "takes moment"),
            ("late@3", "takes seconds"),
            ("late@3:-1", "takes seconds"),
            ("late@3:nan", "takes seconds"),
            ("mute@3:1", "takes no details"),
            ("61@3:0", "takes octets"),
            ("61:257", "takes octets"),
            ("garble@3:x", "takes bit"),
            ("two-cards@1", "takes no place"),
            ("random:x", "takes seed"),
            ("random:1:2", "takes seed"),
            ("random:1:0.1:9", "takes seed"),
            ("remove@3,,mute@4", "missing"),
            ("", "missing"),
        ],
    )
    def test_a_script_that_is_none(self, verify: Verify, script: str, words: str) -> None:
        result = verify("--fault", script)
        assert result.exit_code == 2
        assert words in result.stderr

    def test_what_is_known_is_listed(self, verify: Verify) -> None:
        unknown = verify("--fault", "vanish@3").stderr
        assert all(kind in unknown for kind in Kind)
        nowhere = verify("--fault", "remove@NOWHERE").stderr
        assert all(name in nowhere for name in INSTRUCTIONS)

    def test_no_card_is_touched(self, place: Place, verify: Verify) -> None:
        before = place.files()
        verify("--fault", "vanish@3")
        verify("--chip", "none")
        assert place.files() == before

    @pytest.mark.parametrize(
        "options",
        [("--fault", "mute@1"), ("--chip", "J3R180"), ("--realtime",)],
        ids=lambda options: options[0],
    )
    def test_real_readers_have_faults_of_their_own(self, options: tuple[str, ...]) -> None:
        result = mumei("card", "info", "--reader", "ACR", *options)
        assert result.exit_code == 2 and "simulated" in result.stderr

    def test_real_time_without_a_chip(self, verify: Verify) -> None:
        result = verify("--realtime")
        assert result.exit_code == 2 and "--chip" in result.stderr


class TestServe:
    def test_the_language_is_explained(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert mumei_card(["faults"]) == 0
        explained = capsys.readouterr().out
        assert all(kind in explained for kind in Kind)

    @pytest.mark.parametrize("script", ["reset@3", "two-cards", "short-only", "mute@3,reset@4"])
    def test_what_a_virtual_reader_cannot_show(
        self, tmp_path: Path, script: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        card = world.write_card(tmp_path / "hanako.card", world.new_card())
        assert mumei_card(["serve", str(card), "--fault", script]) == 2
        said = capsys.readouterr().err
        assert "a virtual reader cannot show" in said and "Instead" in said

    def test_a_seed_is_for_random_faults(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        card = world.write_card(tmp_path / "hanako.card", world.new_card())
        assert mumei_card(["serve", str(card), "--seed", "4"]) == 2
        assert mumei_card(["serve", str(card), "--seed", "four", "--fault", "random"]) == 2
        assert "no seed" in capsys.readouterr().err
