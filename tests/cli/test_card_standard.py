"""``mumei card`` with a card of the standard profile: everything goes through a channel, opened with a password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mumei.cli.main import cli
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records

LETTER = PinLetter(transport_pin="13579", puk="24682468", can="112358", shop_code="00")
PIN, WRONG = "271828", "314159"


class Holder:
    """A holder with a card, and files for secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = str(folder / "holder.card")
        Nvm.create(self.card, initial_records("standard", LETTER)).close()

    def run(self, *arguments: str, **secrets: str) -> Result:
        options = []
        for name, digits in secrets.items():
            file = self.folder / name
            file.write_text(digits + "\n", encoding="ascii")
            file.chmod(0o600)
            options += [f"--{name.replace('_', '-')}-file", str(file)]
        result = CliRunner().invoke(cli, ["card", *arguments, "--card", self.card, *options])
        for secret in (PIN, LETTER.puk, LETTER.can):
            assert secret not in result.output
        return result

    def change(self, old: str, new: str, **more: str) -> Result:
        return self.run("pin", "change", pin=old, new_pin=new, **more)

    def verify(self, pin: str, **more: str) -> Result:
        return self.run("pin", "verify", pin=pin, **more)


@pytest.fixture
def new_holder(tmp_path: Path) -> Holder:
    return Holder(tmp_path)


@pytest.fixture
def holder(new_holder: Holder) -> Holder:
    assert new_holder.change("13579", PIN).exit_code == 0
    return new_holder


def test_info_tells_nothing_of_the_pin(new_holder: Holder) -> None:
    report = json.loads(new_holder.run("info", "--json").stdout)
    assert (report["profile"], report["pin"]) == ("standard", None)


def test_the_holder_replaces_the_transport_pin(new_holder: Holder) -> None:
    assert new_holder.verify(PIN).exit_code == 1
    changed = new_holder.change("13579", PIN)
    assert (changed.exit_code, changed.stdout) == (0, "PIN changed.\n")
    assert new_holder.verify(PIN).exit_code == 0
    assert new_holder.change("13579", PIN).exit_code == 1


def test_a_wrong_pin_is_refused_and_the_way_to_know_more_is_named(holder: Holder) -> None:
    refused = holder.verify(WRONG)
    assert refused.exit_code == 1
    assert "CAN" in refused.stderr
    assert holder.verify(PIN).exit_code == 0


def test_with_the_can_the_tries_are_said_before_one_is_used(holder: Holder) -> None:
    holder.verify(WRONG)
    told = holder.verify(WRONG, can=LETTER.can)
    assert "2 tries are left" in told.stderr
    assert "one try is left" in told.stderr
    last = holder.verify(PIN, can=LETTER.can)
    assert last.exit_code == 0
    assert "last try" in last.stderr


def test_a_suspended_pin_is_taken_with_the_can_only(holder: Holder) -> None:
    for _ in range(4):
        assert holder.verify(WRONG).exit_code == 1
    assert holder.verify(PIN).exit_code == 1
    assert holder.verify(PIN, can=LETTER.can).exit_code == 0
    assert holder.verify(PIN).exit_code == 0


def test_blocked_is_final_and_names_the_way_out(holder: Holder) -> None:
    for _ in range(3):
        holder.verify(WRONG, can=LETTER.can)
    blocked = holder.verify(PIN, can=LETTER.can)
    assert blocked.exit_code == 1
    assert "blocked" in blocked.stderr and "pin unblock" in blocked.stderr

    unblocked = holder.run("pin", "unblock", puk=LETTER.puk)
    assert (unblocked.exit_code, unblocked.stdout) == (0, "PIN unblocked, with all its tries.\n")
    assert holder.verify(PIN).exit_code == 0


def test_a_wrong_can_costs_no_try(holder: Holder) -> None:
    refused = holder.verify(PIN, can="000000")
    assert refused.exit_code == 1
    assert "wrong CAN" in refused.stderr
    assert holder.verify(PIN).exit_code == 0


def test_log_and_settings_open_with_the_pin(holder: Holder) -> None:
    assert holder.run("log", pin=PIN).exit_code == 0
    assert holder.run("settings", "show", pin=PIN).exit_code == 0
    assert holder.run("log", pin=WRONG).exit_code == 1
