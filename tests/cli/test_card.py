"""``mumei card`` with a simulated card: what a holder or a clerk sees."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.fixtures.terminal import converse

from mumei.cli.main import cli
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records

LETTER = PinLetter(transport_pin="13579", puk="24682468")


@pytest.fixture
def card(tmp_path: Path) -> str:
    """A new card's file."""
    file = tmp_path / "holder.card"
    Nvm.create(str(file), initial_records("development", LETTER)).close()
    return str(file)


@pytest.fixture
def own_card(card: str, tmp_path: Path) -> str:
    """A card whose holder chose the PIN 271828."""
    assert change(card, tmp_path, "13579", "271828").exit_code == 0
    return card


def mumei(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert "271828" not in result.output and LETTER.puk not in result.output
    return result


def secret(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text + "\n", encoding="utf-8")
    file.chmod(0o600)
    return str(file)


def verify(card: str, folder: Path, pin: str) -> Result:
    return mumei("card", "pin", "verify", "--card", card, "--pin-file", secret(folder, "pin", pin))


def change(card: str, folder: Path, old: str, new: str) -> Result:
    return mumei(
        *("card", "pin", "change", "--card", card),
        *("--pin-file", secret(folder, "pin", old), "--new-pin-file", secret(folder, "new", new)),
    )


def unblock(card: str, folder: Path, puk: str, new: str) -> Result:
    return mumei(
        *("card", "pin", "unblock", "--card", card),
        *("--puk-file", secret(folder, "puk", puk), "--new-pin-file", secret(folder, "new", new)),
    )


class TestInfo:
    def test_text_and_json_say_the_same(self, card: str) -> None:
        text = mumei("card", "info", "--card", card)
        report = json.loads(mumei("card", "info", "--card", card, "--json").stdout)
        assert report["place"] == card
        assert report["profile"] == "development"
        assert report["pin"] == {
            "tries_left": None,
            "is_verified": False,
            "is_blocked": False,
            "is_transport": True,
        }
        assert "profile: development" in text.stdout and "is transport: yes" in text.stdout

    def test_two_cards_of_a_profile_look_the_same(self, card: str, tmp_path: Path) -> None:
        other = tmp_path / "other.card"
        Nvm.create(str(other), initial_records("development", LETTER)).close()
        reports = [
            json.loads(mumei("card", "info", "--card", file, "--json").stdout) for file in (card, str(other))
        ]
        for report in reports:
            del report["place"]
        assert reports[0] == reports[1]

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        result = mumei("card", "info", "--card", str(tmp_path / "none"))
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "mumei-card new" in result.stderr

    def test_a_simulated_and_a_real_card_at_once(self, card: str) -> None:
        assert mumei("card", "info", "--card", card, "--reader", "acr").exit_code == 2


class TestPin:
    def test_the_holder_replaces_the_transport_pin(self, card: str, tmp_path: Path) -> None:
        early = verify(card, tmp_path, "271828")
        assert early.exit_code == 1
        assert "mumei card pin change" in early.stderr

        changed = change(card, tmp_path, "13579", "271828")
        assert (changed.exit_code, changed.stdout) == (0, "PIN changed.\n")
        assert verify(card, tmp_path, "271828").exit_code == 0

    def test_tries_are_said_before_each_and_the_last_is_warned_of(
        self, own_card: str, tmp_path: Path
    ) -> None:
        results = [verify(own_card, tmp_path, "000000") for _ in range(4)]
        assert [result.exit_code for result in results] == [1, 1, 1, 1]
        assert "3 tries are left for the PIN." in results[0].stderr
        assert "2 tries are left" in results[0].stderr
        assert "warning: this is the last try" in results[2].stderr
        assert "blocked now" in results[2].stderr and "unblock" in results[2].stderr
        # Blocked: said at once, without asking for a PIN that cannot help.
        assert "the PIN is blocked" in results[3].stderr

    def test_the_puk_is_the_way_out(self, own_card: str, tmp_path: Path) -> None:
        for _ in range(3):
            verify(own_card, tmp_path, "000000")
        wrong = unblock(own_card, tmp_path, "00000000", "314159")
        assert wrong.exit_code == 1
        assert "9 tries are left" in wrong.stderr
        assert unblock(own_card, tmp_path, LETTER.puk, "314159").exit_code == 0
        assert verify(own_card, tmp_path, "314159").exit_code == 0

    @pytest.mark.parametrize("pin", ["12345", "1234567", "27182x", "２７１８２８"])
    def test_a_malformed_pin_costs_no_try(self, own_card: str, tmp_path: Path, pin: str) -> None:
        result = verify(own_card, tmp_path, pin)
        assert result.exit_code == 2
        assert pin not in result.stderr
        assert "3 tries are left" in verify(own_card, tmp_path, "000000").stderr

    def test_json_says_how_it_ended(self, own_card: str, tmp_path: Path) -> None:
        pin = secret(tmp_path, "pin", "271828")
        result = mumei("card", "pin", "verify", "--card", own_card, "--pin-file", pin, "--json")
        assert json.loads(result.stdout) == {"place": own_card, "done": "verified"}


class TestSecrets:
    def test_there_is_no_option_that_takes_a_pin_itself(self, own_card: str) -> None:
        assert mumei("card", "pin", "verify", "--card", own_card, "--pin", "000000").exit_code == 2

    def test_two_secrets_come_line_by_line_from_one_descriptor(self, card: str) -> None:
        reader, writer = os.pipe()
        os.write(writer, b"13579\r\n271828\n")
        os.close(writer)
        fds = ("--pin-fd", str(reader), "--new-pin-fd", str(reader))
        try:
            assert mumei("card", "pin", "change", "--card", card, *fds).exit_code == 0
        finally:
            os.close(reader)

    def test_a_file_that_others_may_read_is_warned_of(self, own_card: str, tmp_path: Path) -> None:
        file = tmp_path / "open"
        file.write_text("271828")
        file.chmod(0o644)
        result = mumei("card", "pin", "verify", "--card", own_card, "--pin-file", str(file))
        assert result.exit_code == 0
        assert "others on this machine may read" in result.stderr

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"1" * 5000])
    def test_a_file_without_a_secret(self, own_card: str, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "strange"
        file.write_bytes(content)
        file.chmod(0o600)
        assert mumei("card", "pin", "verify", "--card", own_card, "--pin-file", str(file)).exit_code == 2

    def test_missing_files_and_descriptors(self, own_card: str, tmp_path: Path) -> None:
        ask = ("card", "pin", "verify", "--card", own_card)
        assert mumei(*ask, "--pin-file", str(tmp_path / "none")).exit_code == 2
        assert mumei(*ask, "--pin-fd", "987").exit_code == 2
        assert mumei(*ask, "--pin-fd", "3", "--pin-file", "x").exit_code == 2

    def test_without_a_terminal_nothing_is_asked(self, own_card: str) -> None:
        result = mumei("card", "pin", "verify", "--card", own_card)
        assert result.exit_code == 2
        assert "--pin-file" in result.stderr


class TestTerminal:
    def test_a_pin_is_asked_for_and_never_shown(self, own_card: str) -> None:
        code, shown = converse(
            ["card", "pin", "verify", "--card", own_card], [("PIN (six digits):", "271828")]
        )
        assert code == 0
        assert "3 tries are left" in shown.split("PIN (six digits)")[0]
        assert "271828" not in shown and "PIN verified." in shown

    def test_a_new_pin_is_asked_for_twice(self, own_card: str) -> None:
        code, shown = converse(
            ["card", "pin", "change", "--card", own_card],
            [
                ("PIN (6 digits):", "271828"),
                ("new PIN (six digits):", "314159"),
                ("new PIN (six digits), again:", "314158"),
                ("new PIN (six digits):", "314159"),
                ("new PIN (six digits), again:", "314159"),
            ],
        )
        assert code == 0, shown
        assert "not the same" in shown
        assert "31415" not in shown

    def test_a_malformed_pin_is_asked_for_again(self, own_card: str) -> None:
        code, shown = converse(
            ["card", "pin", "verify", "--card", own_card],
            [("PIN (six digits):", "27182"), ("PIN (six digits):", "271828")],
        )
        assert code == 0
        assert "exactly 6 digits" in shown


class TestDoctor:
    def test_a_simulated_card_that_works(self, card: str) -> None:
        result = mumei("doctor", "--card", card, "--json")
        assert result.exit_code == 0
        assert [finding["state"] for finding in json.loads(result.stdout)["layers"]] == ["ok", "ok", "ok"]

    def test_no_file_a_damaged_file_and_a_file_in_use(self, card: str, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged.card"
        damaged.write_bytes(Path(card).read_bytes()[:-1])
        in_use = Nvm.open(card)
        try:
            failed = [
                json.loads(mumei("doctor", "--card", str(file), "--json").stdout)["failed"]
                for file in (tmp_path / "none", damaged, card)
            ]
        finally:
            in_use.close()
        assert failed == ["card_file", "card_file", "free"]

    def test_where_pyscard_is_absent_only_real_readers_are_missed(self, card: str) -> None:
        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            program = "import sys; sys.modules['smartcard'] = None; from mumei.cli.main import main; main()"
            return subprocess.run(
                [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=20
            )

        assert run("card", "info", "--card", card).returncode == 0
        without = run("doctor", "--json")
        assert without.returncode == 3
        diagnosis = json.loads(without.stdout)
        assert diagnosis["failed"] == "pyscard"
        assert "pip install 'mumei[pcsc]'" in diagnosis["layers"][0]["fix"]
        assert "libpcsclite-dev" in diagnosis["layers"][0]["fix"]
        info = run("card", "info")
        assert info.returncode == 3
        assert "mumei[pcsc]" in info.stderr
