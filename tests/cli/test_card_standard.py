"""``mumei card`` with a card of the standard profile: everything goes through a channel, opened with a password."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from tests.fixtures import world
from tests.fixtures.command_line import mumei
from tests.fixtures.terminal import converse
from tests.fixtures.world import PIN, PUK, TRANSPORT_PIN
from tests.fixtures.world import WRONG_PIN as WRONG

from mumei_card.__main__ import main as mumei_card
from mumei_card.chip.nvm import Nvm
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_card.personalisation import PinLetter, initial_records

LETTER = PinLetter(transport_pin=TRANSPORT_PIN, puk=PUK, can="112358", shop_code="00")
NEW_PIN, WRONG_PUK = "161803", "00000000"


class Holder:
    """A holder with a card, and files for secrets."""

    def __init__(self, folder: Path, *, pin: str | None) -> None:
        self.folder = folder
        self.card = str(folder / "holder.card")
        records = initial_records("standard", LETTER)
        if pin is not None:
            records[RECORD_PIN] = Password(tries=3, digits=pin.encode()).to_bytes()
        Nvm.create(self.card, records).close()

    def secret(self, name: str, digits: str) -> str:
        file = self.folder / name
        file.write_text(digits + "\n", encoding="ascii")
        file.chmod(0o600)
        return str(file)

    def run(self, *arguments: str, **secrets: str) -> Result:
        """A command; each secret comes from a file."""
        options = []
        for name, digits in secrets.items():
            options += [f"--{name.replace('_', '-')}-file", self.secret(name, digits)]
        result = mumei("card", *arguments, "--card", self.card, *options)
        assert not any(digits in result.output for digits in secrets.values())
        return result

    def change(self, old: str, new: str, **more: str) -> Result:
        return self.run("pin", "change", pin=old, new_pin=new, **more)

    def verify(self, pin: str, **more: str) -> Result:
        return self.run("pin", "verify", pin=pin, **more)

    def at_terminal(self, *arguments: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
        """The same, typed; nothing typed is shown."""
        code, shown = converse(["card", *arguments, "--card", self.card], answers)
        assert not any(typed in shown for _, typed in answers)
        return code, shown

    def tries(self, record: str = RECORD_PIN) -> int:
        kept = Nvm.read(self.card).get(record)
        assert kept is not None
        return Password.from_bytes(kept).tries

    def suspend(self, record: str = RECORD_PIN) -> None:
        """All tries but the last are gone."""
        nvm = Nvm.open(self.card)
        kept = nvm.get(record)
        assert kept is not None
        nvm.commit({record: b"\x01" + kept[1:]})
        nvm.close()


@pytest.fixture
def new_holder(tmp_path: Path) -> Holder:
    """The transport PIN is not changed yet."""
    return Holder(tmp_path, pin=None)


@pytest.fixture
def holder(tmp_path: Path) -> Holder:
    """Whose PIN is PIN."""
    return Holder(tmp_path, pin=PIN)


class TestInfo:
    def test_it_tells_the_profile_and_nothing_of_the_pin(self, new_holder: Holder) -> None:
        report = json.loads(new_holder.run("info", "--json").stdout)
        assert (report["profile"], report["pin"]) == ("standard", None)
        assert report["extended_length"] and report["longest_command"] >= 4096
        text = new_holder.run("info").stdout
        assert "profile: standard" in text and "pin: -" in text

    def test_two_cards_in_any_state_look_the_same(self, tmp_path: Path) -> None:
        seen = []
        for name, pin in (("first", None), ("second", PIN)):
            (tmp_path / name).mkdir()
            holder = Holder(tmp_path / name, pin=pin)
            if pin:
                holder.verify(WRONG)
            report = json.loads(holder.run("info", "--json").stdout)
            assert report.pop("place") == holder.card
            seen.append(report)
        assert seen[0] == seen[1]


class TestFirstPin:
    def test_the_letter_of_a_new_card_leads_to_a_pin(self, tmp_path: Path) -> None:
        letter_file = tmp_path / "letter"
        card = str(tmp_path / "new.card")
        assert mumei_card(["new", card, "--letter", str(letter_file)]) == 0
        letter = dict(line.split(": ") for line in letter_file.read_text().splitlines())
        assert list(letter) == ["transport PIN", "PUK", "CAN", "shop code"]

        code, shown = converse(
            ["card", "pin", "change", "--card", card],
            [
                ("transport PIN (five):", letter["transport PIN"]),
                ("new PIN (six digits):", PIN),
                ("new PIN (six digits), again:", PIN),
            ],
        )
        assert code == 0, shown
        assert "PIN changed." in shown and PIN not in shown
        code, shown = converse(
            ["card", "pin", "verify", "--with-can", "--card", card],
            [("CAN (six digits, on the card's back):", letter["CAN"]), ("PIN (six digits):", PIN)],
        )
        assert code == 0, shown
        assert "3 tries are left" in shown.split("PIN (six digits)")[0]

    def test_the_transport_pin_is_good_once(self, new_holder: Holder) -> None:
        changed = new_holder.change(TRANSPORT_PIN, PIN)
        assert (changed.exit_code, changed.stdout) == (0, "PIN changed.\n")
        assert new_holder.verify(PIN).exit_code == 0
        assert new_holder.change(TRANSPORT_PIN, NEW_PIN).exit_code == 1

    def test_before_it_nothing_opens_and_the_way_is_named(self, new_holder: Holder) -> None:
        refused = new_holder.verify(PIN)
        assert refused.exit_code == 1
        assert "mumei card pin change" in refused.stderr
        for command in ("log", "settings show"):
            assert new_holder.run(*command.split(), pin=TRANSPORT_PIN).exit_code == 2
        assert new_holder.tries() == 2

    def test_the_puk_gives_a_transport_pin_its_tries_again(self, new_holder: Holder) -> None:
        for _ in range(2):
            new_holder.change("54321", PIN)
        assert new_holder.change(TRANSPORT_PIN, PIN).exit_code == 1
        assert new_holder.run("pin", "unblock", puk=PUK).exit_code == 0
        assert new_holder.change(TRANSPORT_PIN, PIN).exit_code == 0


class TestChange:
    def test_from_the_old_pin(self, holder: Holder) -> None:
        assert holder.change(PIN, NEW_PIN).exit_code == 0
        assert holder.verify(PIN).exit_code == 1
        assert json.loads(holder.run("pin", "verify", "--json", pin=NEW_PIN).stdout) == {
            "place": holder.card,
            "done": "verified",
        }

    def test_a_wrong_old_pin_changes_nothing(self, holder: Holder) -> None:
        assert holder.change(WRONG, NEW_PIN).exit_code == 1
        assert holder.verify(PIN).exit_code == 0

    def test_the_same_pin_is_no_new_one(self, holder: Holder) -> None:
        refused = holder.change(PIN, PIN)
        assert refused.exit_code == 2
        assert "the new PIN is the old one" in refused.stderr
        assert holder.verify(PIN).exit_code == 0

    @pytest.mark.parametrize("new", ["12345", "1234567", "27182x"])
    def test_a_malformed_new_pin_changes_nothing(self, holder: Holder, new: str) -> None:
        assert holder.change(PIN, new).exit_code == 2
        assert holder.verify(PIN).exit_code == 0

    def test_all_secrets_come_line_by_line_from_one_descriptor(self, holder: Holder) -> None:
        holder.suspend()
        reader, writer = os.pipe()
        os.write(writer, f"{LETTER.can}\n{PIN}\n{NEW_PIN}\n".encode())
        os.close(writer)
        try:
            fds = [f"--{name}-fd={reader}" for name in ("can", "pin", "new-pin")]
            assert holder.run("pin", "change", *fds).exit_code == 0
        finally:
            os.close(reader)
        assert holder.verify(NEW_PIN).exit_code == 0


class TestTries:
    def test_a_wrong_pin_is_refused_and_the_way_to_know_more_is_named(self, holder: Holder) -> None:
        refused = holder.verify(WRONG)
        assert refused.exit_code == 1
        assert "wrong, or its tries are used up" in refused.stderr
        assert "--with-can or --can-file" in refused.stderr
        assert holder.verify(PIN).exit_code == 0

    def test_with_the_can_they_are_said_before_one_is_used(self, holder: Holder) -> None:
        assert "3 tries are left" in holder.verify(PIN, can=LETTER.can).stderr
        holder.verify(WRONG)
        told = holder.verify(WRONG, can=LETTER.can)
        assert told.exit_code == 1
        before, after = told.stderr.split("mumei: ")
        assert "2 tries are left" in before and "one try is left" in after
        last = holder.verify(PIN, can=LETTER.can)
        assert last.exit_code == 0
        assert "warning: this is the last try" in last.stderr
        assert holder.tries() == 3

    def test_a_suspended_pin_is_taken_with_the_can_only(self, holder: Holder) -> None:
        for _ in range(4):
            assert holder.verify(WRONG).exit_code == 1
        assert holder.tries() == 1
        assert holder.verify(PIN).exit_code == 1
        assert holder.verify(PIN, can=LETTER.can).exit_code == 0
        assert holder.verify(PIN).exit_code == 0

    @pytest.mark.parametrize(
        "command",
        ["pin verify", "log", "settings show", "settings set --always-pin on", "pin change"],
    )
    def test_every_command_takes_a_suspended_pin_with_the_can(self, holder: Holder, command: str) -> None:
        holder.suspend()
        new = {"new_pin": NEW_PIN} if command == "pin change" else {}
        assert holder.run(*command.split(), pin=PIN, **new).exit_code == 1
        assert holder.run(*command.split(), pin=PIN, can=LETTER.can, **new).exit_code == 0
        assert holder.tries() == 3

    def test_blocked_is_said_without_asking_for_the_pin(self, holder: Holder) -> None:
        for _ in range(3):
            wrong = holder.verify(WRONG, can=LETTER.can)
        assert "blocked now" in wrong.stderr
        # No PIN is given: none is wanted.
        blocked = holder.run("pin", "verify", can=LETTER.can)
        assert blocked.exit_code == 1
        assert "the PIN is blocked" in blocked.stderr and "mumei card pin unblock" in blocked.stderr
        assert holder.verify(PIN).exit_code == 1

    def test_a_wrong_or_malformed_can_costs_no_try(self, holder: Holder) -> None:
        refused = holder.verify(PIN, can="000000")
        assert refused.exit_code == 1
        assert "wrong CAN" in refused.stderr
        assert holder.verify(PIN, can="12345").exit_code == 2
        assert holder.tries() == 3

    def test_a_malformed_pin_costs_no_try(self, holder: Holder) -> None:
        for pin in ("12345", "1234567", "27182x"):
            assert holder.verify(pin).exit_code == 2
        assert holder.tries() == 3

    def test_a_development_card_takes_no_can(self, tmp_path: Path, holder: Holder) -> None:
        """Else, on a shared descriptor, the CAN would be taken for the PIN and cost a try."""
        card = world.write_card(tmp_path / "development.card", world.sample_card())
        can, pin = holder.secret("can", LETTER.can), holder.secret("pin", PIN)
        for command in ("pin verify", "log", "settings show"):
            refused = mumei("card", *command.split(), "--card", card, "--can-file", can, "--pin-file", pin)
            assert refused.exit_code == 2
            assert "has no CAN" in refused.stderr
        assert mumei("card", "pin", "verify", "--card", card, "--pin-file", pin).exit_code == 0


class TestUnblock:
    def test_the_pin_keeps_its_digits_and_has_its_tries_again(self, holder: Holder) -> None:
        for _ in range(3):
            holder.verify(WRONG, can=LETTER.can)
        unblocked = holder.run("pin", "unblock", puk=PUK)
        assert (unblocked.exit_code, unblocked.stdout) == (0, "PIN unblocked, with all its tries.\n")
        assert holder.verify(PIN).exit_code == 0

    def test_a_new_pin_beside_the_puk_is_refused_and_costs_nothing(self, holder: Holder) -> None:
        refused = holder.run("pin", "unblock", puk=WRONG_PUK, new_pin=NEW_PIN)
        assert refused.exit_code == 2
        assert "mumei card pin change" in refused.stderr and "issuing office" in refused.stderr
        assert holder.tries(RECORD_PUK) == 10

    def test_the_puk_has_tries_of_its_own(self, holder: Holder) -> None:
        wrong = holder.run("pin", "unblock", puk=WRONG_PUK)
        assert wrong.exit_code == 1
        assert "CAN" in wrong.stderr and "pin change" not in wrong.stderr
        told = holder.run("pin", "unblock", puk=WRONG_PUK, can=LETTER.can)
        assert "9 tries are left for the PUK" in told.stderr
        assert (holder.tries(RECORD_PUK), holder.tries()) == (8, 3)

    def test_the_last_try_of_the_puk_wants_the_can(self, holder: Holder) -> None:
        holder.suspend(RECORD_PUK)
        assert holder.run("pin", "unblock", puk=PUK).exit_code == 1
        last = holder.run("pin", "unblock", puk=PUK, can=LETTER.can)
        assert last.exit_code == 0
        assert "a card with a blocked PUK has to be replaced" in last.stderr
        holder.suspend(RECORD_PUK)
        assert holder.run("pin", "unblock", puk=WRONG_PUK, can=LETTER.can).exit_code == 1
        final = holder.run("pin", "unblock", can=LETTER.can)
        assert "the PUK is blocked" in final.stderr and "replaces the card" in final.stderr


class TestTerminal:
    def test_after_a_refusal_the_can_leads_on(self, holder: Holder) -> None:
        holder.suspend()
        code, shown = holder.at_terminal(
            "pin",
            "verify",
            answers=[
                ("PIN (six digits):", PIN),
                ("CAN (six digits, on the card's back):", LETTER.can),
                ("PIN (six digits):", PIN),
            ],
        )
        assert code == 0, shown
        assert "wrong, or its tries are used up" in shown.split("CAN (six")[0]
        assert "this is the last try" in shown.split("CAN (six")[1]
        assert "PIN verified." in shown

    def test_there_is_no_third_time(self, holder: Holder) -> None:
        code, shown = holder.at_terminal(
            "log",
            answers=[
                ("PIN (six digits):", WRONG),
                ("CAN (six digits, on the card's back):", LETTER.can),
                ("PIN (six digits):", WRONG),
            ],
        )
        assert code == 1
        assert "2 tries are left for the PIN" in shown and "wrong PIN: one try is left" in shown
        assert holder.tries() == 1

    def test_who_stops_at_the_can_has_lost_no_more(self, holder: Holder) -> None:
        code, _ = holder.at_terminal(
            "pin", "verify", answers=[("PIN (six digits):", WRONG), ("on the card's back):", "\x03")]
        )
        assert code == 130
        assert holder.tries() == 2

    def test_a_pin_from_a_file_is_not_tried_twice(self, holder: Holder) -> None:
        code, shown = holder.at_terminal(
            "pin", "verify", "--pin-file", holder.secret("pin", WRONG), answers=[]
        )
        assert code == 1
        assert "--with-can" in shown
        assert holder.tries() == 2

    def test_what_is_malformed_is_asked_for_again(self, holder: Holder) -> None:
        code, shown = holder.at_terminal(
            "settings",
            "show",
            "--with-can",
            answers=[
                ("on the card's back):", "11235"),
                ("on the card's back):", LETTER.can),
                ("PIN (six digits):", "27182x"),
                ("PIN (six digits):", PIN),
            ],
        )
        assert code == 0, shown
        assert "a CAN has exactly 6 digits" in shown and "a PIN has exactly 6 digits" in shown
        assert "always PIN: off" in shown

    def test_without_one_the_options_are_named(self, holder: Holder) -> None:
        assert "--pin-file" in holder.run("pin", "verify").stderr
        asked = holder.run("pin", "verify", "--with-can", pin=PIN)
        assert asked.exit_code == 2
        assert "--can-file" in asked.stderr


class TestLogAndSettings:
    def test_they_open_with_the_pin_only(self, holder: Holder) -> None:
        assert holder.run("log", pin=PIN).stdout == "The card has answered nobody yet.\n"
        refused = holder.run("log", pin=WRONG)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert holder.run("settings", "set", "--always-pin", "on", pin=WRONG).exit_code == 1
        assert holder.run("settings", "show", pin=PIN, can=LETTER.can).exit_code == 0

    def test_settings_stay_set(self, holder: Holder) -> None:
        assert holder.run("settings", "set", "--always-pin", "on", pin=PIN).exit_code == 0
        report = json.loads(holder.run("settings", "show", "--json", pin=PIN).stdout)
        assert report == {"age_without_pin": True, "always_pin": True}


def test_the_doctor_knows_a_standard_card(holder: Holder) -> None:
    report = json.loads(mumei("doctor", "--card", holder.card, "--json").stdout)
    assert report["ok"]
    assert "standard profile" in report["layers"][-1]["found"]
