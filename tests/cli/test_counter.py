"""The commands of ``mumei office`` for cards that are out, for plans and for batches, as a clerk meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from tests.fixtures import world
from tests.fixtures.command_line import Place, mumei, mumei_json
from tests.fixtures.plans import PowerCut

from mumei.office.counter.report import ReportCodes
from mumei.office.counter.seat import Seat
from mumei.office.registry import Registry
from mumei.transport.reader_choice import Reader, choose
from mumei_card.chip.nvm import Nvm
from mumei_core.errors import UsageError


def office(place: Place, *arguments: str | Path) -> Result:
    return mumei("office", *arguments, "--registry", place.registry, "--clerk", "sato")


def office_json(place: Place, *arguments: str | Path, expect: int = 0) -> dict[str, object]:
    return mumei_json("office", *arguments, "--registry", place.registry, "--clerk", "sato", expect=expect)


def desk(place: Place) -> list[str | Path]:
    return ["--issuer", place.issuer, "--passphrase-file", place.passphrase]


def secret(place: Place, name: str, text: str) -> Path:
    return place.secret(name, text)


@pytest.fixture
def card(place: Place) -> Path:
    """Issued to resident 1, whose PIN is set."""
    path = place.card("hanako")
    assert office(place, "enrol", "1", "--card", path, *desk(place)).exit_code == 0
    changed = mumei(
        "card", "pin", "change", "--card", path,
        "--pin-file", secret(place, "transport", world.TRANSPORT_PIN), "--new-pin-file", place.pin,
    )  # fmt: skip
    assert changed.exit_code == 0
    return path


class TestRenew:
    @pytest.mark.parametrize("command", ["renew", "change"])
    def test_same_card_new_credential(self, place: Place, card: Path, command: str) -> None:
        before = Nvm.read(card).get("credential")
        result = office_json(place, command, "1", "--card", card, "--pin-file", place.pin, *desk(place))
        assert (result["enrolment"], result["resumed"]) == (2, False)
        assert Nvm.read(card).get("credential") != before

    def test_a_wrong_pin_changes_nothing(self, place: Place, card: Path) -> None:
        wrong = secret(place, "wrong", world.WRONG_PIN)
        refused = office(place, "renew", "1", "--card", card, "--pin-file", wrong, *desk(place))
        assert refused.exit_code == 1
        assert office_json(place, "plan", "list") == {"plans": []}

    def test_another_residents_card(self, place: Place, card: Path) -> None:
        other = place.card("taro")
        assert office(place, "enrol", "2", "--card", other, *desk(place)).exit_code == 0
        refused = office(place, "renew", "2", "--card", card, "--pin-file", place.pin, *desk(place))
        assert refused.exit_code == 3 and "not the card of resident 2" in refused.stderr


class TestLost:
    def test_reported_shown_and_found(self, place: Place, card: Path) -> None:
        reported = office(place, "lost", "1")
        assert reported.exit_code == 0 and "goes to the trustees" in reported.stdout
        shown = office(place, "show", "1").stdout
        assert "card 1: lost" in shown and "open" in shown
        again = office(place, "renew", "1", "--card", card, "--pin-file", place.pin, *desk(place))
        assert again.exit_code == 2 and "no card in use" in again.stderr
        assert "in use again" in office(place, "found", "1").stdout
        assert "card 1: issued" in office(place, "show", "1").stdout

    def test_by_the_code(self, place: Place, card: Path) -> None:
        with Registry.open(place.registry) as registry:
            code = ReportCodes(registry).new_code(1, clerk="sato")
        result = office_json(place, "lost", "--report-code-file", secret(place, "code", code))
        assert result["resident"] == 1

    def test_whose(self, place: Place) -> None:
        assert office(place, "lost").exit_code == 2
        assert office(place, "lost", "1", "--by-code").exit_code == 2
        assert office(place, "lost", "1").exit_code == 2
        assert office(place, "found", "1").exit_code == 2


class TestReturn:
    def test_cut_in_two(self, place: Place, card: Path) -> None:
        done = office(place, "return", "1", "--destroyed")
        assert done.exit_code == 0 and "returned and destroyed" in done.stdout
        assert office_json(place, "show", "1")["cards"][0]["state"] == "destroyed"  # type: ignore[index]

    def test_nothing_to_return(self, place: Place) -> None:
        assert office(place, "return", "1", "--destroyed").exit_code == 2


def test_unblock(place: Place, card: Path) -> None:
    wrong = secret(place, "wrong", world.WRONG_PIN)
    for _ in range(3):
        assert mumei("card", "pin", "verify", "--card", card, "--pin-file", wrong).exit_code == 1
    new = secret(place, "new", "161803")
    done = office(
        place, "unblock", "1", "--card", card, "--puk-file", secret(place, "puk", world.PUK), "--new-pin-file", new
    )  # fmt: skip
    assert done.exit_code == 0 and "set anew" in done.stdout
    assert mumei("card", "pin", "verify", "--card", card, "--pin-file", new).exit_code == 0


class TestPlans:
    def test_begun_listed_shown_and_cancelled(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        def dark(*_: object) -> None:
            raise PowerCut

        with monkeypatch.context() as patch:
            patch.setattr(Seat, "again", dark)
            with pytest.raises(PowerCut):
                office(place, "enrol", "1", "--card", place.card("hanako"), *desk(place))
        listed = office_json(place, "plan", "list")["plans"]
        assert isinstance(listed, list) and listed[0]["state"] == "open"
        shown = office(place, "plan", "show", "1").stdout
        assert "store: done" in shown and "read back: started" in shown
        cancelled = office(place, "plan", "cancel", "1", "--take-over")
        assert cancelled.exit_code == 0 and "cancelled" in cancelled.stdout
        assert office(place, "plan", "list").stdout == "no plans\n"
        trail = office_json(place, "plan", "list", "--all")["plans"]
        assert isinstance(trail, list) and trail[0]["state"] == "cancelled"

    def test_no_such_plan(self, place: Place) -> None:
        assert office(place, "plan", "show", "7").exit_code == 2
        assert office(place, "plan", "cancel", "7").exit_code == 2


class TestLetter:
    def test_printed_once_and_wiped(self, place: Place) -> None:
        maker = secret(place, "maker", f"transport PIN: {world.TRANSPORT_PIN}\nPUK: {world.PUK}")
        sender = place.folder / "sender.json"
        sender.write_text(
            '{"name": "岐阜市役所", "address": "岐阜市司町40-1", "telephone": "058-000-0000"}', "utf-8"
        )
        letter = place.folder / "letter.pdf"
        result = office(
            place, "enrol", "1", "--card", place.card("hanako"), *desk(place),
            "--maker-letter", maker, "--letter", letter, "--letter-from", sender,
        )  # fmt: skip
        assert result.exit_code == 0
        assert letter.read_bytes().startswith(b"%PDF") and letter.stat().st_mode & 0o077 == 0
        assert not maker.exists()
        kept = b"".join(path.read_bytes() for path in place.folder.glob("ward.db*"))
        assert world.PUK.encode() not in kept

    def test_options_that_go_together(self, place: Place) -> None:
        card = place.card("hanako")
        before = card.read_bytes()
        one = office(place, "enrol", "1", "--card", card, *desk(place), "--letter", place.folder / "l.pdf")
        assert one.exit_code == 2 and card.read_bytes() == before


class TestBatch:
    def order(self, place: Place, *lines: str) -> Path:
        file = place.folder / "order.csv"
        file.write_text("\n".join(["resident", *lines]) + "\n")
        return file

    def hopper(self, place: Place, *records: world.Records) -> Path:
        folder = place.folder / "blanks"
        folder.mkdir(exist_ok=True)
        for number, one in enumerate(records):
            world.write_card(folder / f"{number}.card", one)
        return folder

    def test_run_shown_and_the_failed_run_again(self, place: Place) -> None:
        cards = self.hopper(place, world.sample_card(5), world.new_card(), world.new_card())
        order = self.order(place, "1", "2")
        run = ["--cards", cards, "--reader", "A", *desk(place)]
        first = mumei("office", "batch", "run", order, "--registry", place.registry, *map(str, run))
        assert first.exit_code == 0 and "1 of 2 cards are issued" in first.stdout
        assert "1 failed" in first.stdout and "a minute" in first.stderr
        shown = mumei("office", "batch", "show", "1", "--registry", place.registry, "--only-failed").stdout
        assert "resident 1: failed" in shown and "resident 2" not in shown
        second = mumei_json(
            "office", "batch", "run", "1", "--failed", "--registry", place.registry, *map(str, run)
        )
        assert (second["done"], second["failed"], second["issued_now"]) == (2, 0, 1)
        assert "2 of 2 issued" in mumei("office", "batch", "show", "--registry", place.registry).stdout

    def test_what_is_wrong_with_the_order(self, place: Place) -> None:
        cards = self.hopper(place, world.new_card())
        for order in (place.folder / "none.csv", self.order(place, "x"), self.order(place, "77"), "9"):
            refused = mumei(
                "office", "batch", "run", order, "--registry", place.registry,
                "--cards", cards, "--reader", "A", *map(str, desk(place)),
            )  # fmt: skip
            assert refused.exit_code == 2


def test_two_cards_in_two_readers() -> None:
    """No guess is made which is meant: every flow opens its card so."""
    readers = [Reader(name=name, atr=b"\x3b", present=True) for name in ("left", "right")]
    with pytest.raises(UsageError, match="2 readers hold a card") as caught:
        choose(readers, None)
    assert "Leave only the card that is meant" in caught.value.hint
    assert choose(readers, "left").name == "left"
