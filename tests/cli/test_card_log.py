"""``mumei card log`` and ``mumei card settings`` with a simulated card: what its holder sees."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.fixtures import world
from tests.fixtures.terminal import converse
from tests.fixtures.world import PIN, TODAY, over, terminal

from mumei.cli.main import cli
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei.transport.simulator import open_simulator
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.credential import Index

LOG, SHOW, SET = ("card", "log"), ("card", "settings", "show"), ("card", "settings", "set")


@pytest.fixture
def card(tmp_path: Path) -> str:
    """Hanako's card: 20 years old today, PIN set."""
    return str(world.write_card(tmp_path / "holder.card", world.sample_card()))


@pytest.fixture
def pin_file(tmp_path: Path) -> str:
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n", encoding="ascii")
    file.chmod(0o600)
    return str(file)


def mumei(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert PIN not in result.output
    return result


def shop(name: str, *years: int) -> Terminal:
    at = terminal(*map(over, years), show=(Index.PREFECTURE,), pseudonym=True)
    description = TerminalDescription.from_octets(at.description_octets)
    return Terminal.of(replace(description, display_name=name), at.parameters)


def use(card: str, at: Terminal, question: Question, *, pin: str | None = None) -> None:
    with open_simulator(Path(card)) as connection:
        visit(Channel(connection), at, question, today=TODAY, ask_pin=lambda: Pin(pin) if pin else None)


class TestLog:
    def test_a_card_that_nobody_has_asked(self, card: str, pin_file: str) -> None:
        result = mumei(*LOG, "--card", card, "--pin-file", pin_file)
        assert (result.exit_code, result.stdout) == (0, "The card has answered nobody yet.\n")

    def test_who_asked_what_in_the_holders_words(self, card: str, pin_file: str) -> None:
        use(card, shop("居酒屋「無名」", 20), Question(predicates=(over(20),)))
        use(card, shop("Cinema", 60), Question(predicates=(over(60),)))
        everything = Question(
            predicates=(over(19),), prefecture=world.GIFU, pseudonym=True, transaction=bytes(32)
        )
        use(card, shop("Library", 19), everything, pin=PIN)
        result = mumei(*LOG, "--card", card, "--pin-file", pin_file)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert [line.split("  [")[0] for line in lines[::2]] == [
            "3. 2026-11-23  Library",
            "2. 2026-11-23  Cinema",
            "1. 2026-11-23  居酒屋「無名」",
        ]
        assert [line.strip() for line in lines[1::2]] == [
            "19 or over, prefecture, the same person as last time, a signature: proven, with PIN",
            "60 or over: could not be proven; nothing was shown, without PIN",
            "20 or over: proven, without PIN",
        ]

    def test_json(self, card: str, pin_file: str) -> None:
        use(card, shop("酒屋", 20), Question(predicates=(over(20),), prefecture=world.GIFU))
        (entry,) = json.loads(mumei(*LOG, "--card", card, "--pin-file", pin_file, "--json").stdout)["visits"]
        assert len(entry.pop("context_hash")) == 64
        assert entry == {
            "number": 1,
            "date": "2026-11-23",
            "display_name": "酒屋",
            "predicates": ["20 or over"],
            "shown": ["prefecture"],
            "pseudonym": False,
            "signed": False,
            "outcome": "proven",
            "pin_used": False,
        }

    def test_a_full_log_says_how_much_is_forgotten(self, card: str, pin_file: str) -> None:
        for _ in range(35):
            use(card, shop("酒屋", 20), Question(predicates=(over(20),)))
        lines = mumei(*LOG, "--card", card, "--pin-file", pin_file).stdout.splitlines()
        assert len(lines) == 65
        assert lines[0].startswith("35. ") and lines[62].startswith("4. ")
        assert lines[64] == "The card keeps 32 entries; 3 before these are forgotten."

    def test_a_name_cannot_forge_a_line_or_steer_the_terminal(self, card: str, pin_file: str) -> None:
        use(card, shop("x\n2. 2026-11-24  Bank\x1b[2J\u202e", 20), Question(predicates=(over(20),)))
        result = mumei(*LOG, "--card", card, "--pin-file", pin_file)
        assert len(result.stdout.splitlines()) == 2
        assert "\x1b" not in result.stdout and "\u202e" not in result.stdout

    def test_without_the_pin_nothing_is_shown(self, card: str, tmp_path: Path, pin_file: str) -> None:
        use(card, shop("酒屋", 20), Question(predicates=(over(20),)))
        Path(pin_file).write_text("000000\n", encoding="ascii")
        wrong = mumei(*LOG, "--card", card, "--pin-file", pin_file)
        assert (wrong.exit_code, wrong.stdout) == (1, "")
        assert "2 tries are left" in wrong.stderr
        assert mumei(*LOG, "--card", card).exit_code == 2

    def test_the_pin_is_asked_for_at_the_terminal(self, card: str) -> None:
        code, shown = converse([*LOG, "--card", card], [("PIN (six digits):", PIN)])
        assert code == 0
        assert "3 tries are left" in shown and PIN not in shown
        assert "answered nobody yet" in shown

    def test_a_new_card_says_that_its_pin_is_to_be_set_first(self, tmp_path: Path, pin_file: str) -> None:
        new = world.write_card(tmp_path / "new.card", world.new_card())
        result = mumei(*LOG, "--card", str(new), "--pin-file", pin_file)
        assert result.exit_code == 1
        assert "mumei card pin change" in result.stderr


class TestSettings:
    def test_shown_set_one_by_one_and_shown_again(self, card: str, pin_file: str) -> None:
        def run(*command: str) -> dict[str, bool]:
            result = mumei(*command, "--card", card, "--pin-file", pin_file, "--json")
            assert result.exit_code == 0, result.stderr
            report: dict[str, bool] = json.loads(result.stdout)
            return report

        assert run(*SHOW) == {"age_without_pin": True, "always_pin": False}
        assert run(*SET, "--age-without-pin", "off") == {"age_without_pin": False, "always_pin": False}
        assert run(*SET, "--always-pin", "on") == {"age_without_pin": False, "always_pin": True}
        assert run(*SHOW) == {"age_without_pin": False, "always_pin": True}
        both = ("--age-without-pin", "on", "--always-pin", "off")
        assert run(*SET, *both) == {"age_without_pin": True, "always_pin": False}

    def test_text_says_what_they_amount_to(self, card: str, pin_file: str) -> None:
        def text(*command: str) -> str:
            return mumei(*command, "--card", card, "--pin-file", pin_file).stdout

        assert text(*SHOW).startswith("age without PIN: on\nalways PIN: off\nThe card answers the usual ages")
        assert "no question of age without the PIN" in text(*SET, "--age-without-pin", "off")
        assert "answers nobody without the PIN" in text(*SET, "--always-pin", "on")

    def test_nothing_to_set_and_no_such_value(self, card: str, pin_file: str) -> None:
        assert mumei(*SET, "--card", card, "--pin-file", pin_file).exit_code == 2
        assert mumei(*SET, "--card", card, "--pin-file", pin_file, "--always-pin", "maybe").exit_code == 2

    def test_a_wrong_pin_sets_nothing(self, card: str, pin_file: str) -> None:
        Path(pin_file).write_text("000000\n", encoding="ascii")
        assert mumei(*SET, "--card", card, "--pin-file", pin_file, "--always-pin", "on").exit_code == 1
        Path(pin_file).write_text(f"{PIN}\n", encoding="ascii")
        report = json.loads(mumei(*SHOW, "--card", card, "--pin-file", pin_file, "--json").stdout)
        assert report["always_pin"] is False
