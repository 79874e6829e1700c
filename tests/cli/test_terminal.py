"""``mumei terminal``: a shop's terminal is set up, shown, and asks cards."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from tests.fixtures import world
from tests.fixtures.command_line import Place, calendar_at, mumei, mumei_json
from tests.fixtures.world import (
    HANAKO_20_TODAY,
    ICHIRO_67,
    KODOMO_11,
    SAYURI_TOKYO,
    TARO_20_TOMORROW,
    over,
    terminal,
    under,
)

from mumei.transport.simulator import open_simulator
from mumei_card.chip.nvm import Nvm
from mumei_core.credential import Index


@pytest.fixture
def sake(place: Place) -> Path:
    """A shop that may ask: 20 or over, under 12, prefecture, pseudonym."""
    at = terminal(over(20), under(12), over(21), show=(Index.PREFECTURE,), pseudonym=True)
    return place.terminal("sake", at)


def verify(at: Path, card: Path, *options: str | Path) -> Result:
    return mumei("terminal", "verify", "--terminal", at, "--card", card, *options)


def init(place: Place, folder: Path, *options: str | Path) -> Result:
    return mumei(
        *("terminal", "describe", folder, "--context", "sake.example", "--name", "Sake Shop"),
        *("--parameters", place.parameters, *options),
    )


class TestInit:
    def test_made_and_shown(self, place: Place) -> None:
        folder = place.folder / "sake"
        made = init(place, folder, "--over", "20", "--show", "prefecture", "--development")
        assert made.exit_code == 0
        assert "20 or over" in made.stdout and "prefecture" in made.stdout
        report = mumei_json("terminal", "show", folder)
        assert report == {
            "rp_context": "sake.example",
            "display_name": "Sake Shop",
            "may_ask": ["20 or over"],
            "may_see": ["prefecture"],
            "pseudonym": False,
            "recognise": False,
            "pin_always": False,
            "not_before": "2026-11-23",
            "not_after": "2026-12-27",
            "issuer": "Gifu TEST",
            "development": True,
        }
        before = place.files()
        assert init(place, folder, "--over", "20", "--development").exit_code == 2
        assert place.files() == before

    def test_development_parameters_only_on_request(self, place: Place) -> None:
        before = place.files()
        result = init(place, place.folder / "sake", "--over", "20")
        assert result.exit_code == 5 and "--development" in result.stderr
        assert place.files() == before

    def test_tampered_parameters_are_not_trusted(self, place: Place) -> None:
        octets = bytearray(place.parameters.read_bytes())
        honest, other = world.issuer().parameters, world.issuer("Elsewhere TEST").parameters
        place.parameters.write_bytes(bytes(octets).replace(honest.W1, other.W1))
        result = init(place, place.folder / "sake", "--over", "20", "--development")
        assert result.exit_code == 5 and "audit" in result.stderr
        assert not (place.folder / "sake").exists()

    def test_in_the_issuers_folder_by_mistake(self, place: Place) -> None:
        before = place.files()
        assert init(place, place.issuer, "--over", "20", "--development").exit_code == 2
        assert place.files() == before

    @pytest.mark.parametrize(
        "options",
        [
            ("--over", "0"),
            ("--over", "151"),
            ("--under", "twelve"),
            ("--born-before", "2006-02-30"),
            ("--born-before", "1880-01-01"),
            ("--show", "shoe-size"),
            ("--days", "36"),
            ("--context", ""),
            ("--context", "x" * 256),
            ("--name", ""),
            ("--name", "x" * 129),
            ("--context", "\ud83d"),
            tuple(part for years in range(1, 18) for part in ("--over", str(years))),
        ],
    )
    def test_rights_that_cannot_be(self, place: Place, options: tuple[str, ...]) -> None:
        before = place.files()
        result = init(place, place.folder / "sake", "--development", *options)
        assert result.exit_code == 2
        assert place.files() == before


class TestVerify:
    @pytest.mark.parametrize(
        ("who", "options", "code", "word"),
        [
            pytest.param(HANAKO_20_TODAY, ("--over", "20"), 0, "ACCEPT", id="20 today"),
            pytest.param(TARO_20_TOMORROW, ("--over", "20"), 1, "DENY", id="20 tomorrow"),
            pytest.param(KODOMO_11, ("--under", "12"), 0, "ACCEPT", id="11 is under 12"),
            pytest.param(ICHIRO_67, ("--under", "12"), 1, "DENY", id="67 is not"),
            pytest.param(
                ICHIRO_67, ("--over", "20", "--prefecture", "gifu"), 0, "ACCEPT", id="age and place"
            ),
            pytest.param(ICHIRO_67, ("--prefecture", "岐阜県"), 0, "ACCEPT", id="place in kanji"),
            pytest.param(SAYURI_TOKYO, ("--prefecture", "21"), 1, "DENY", id="elsewhere"),
        ],
    )
    def test_verdicts_and_exit_codes(
        self, place: Place, sake: Path, who: int, options: tuple[str, ...], code: int, word: str
    ) -> None:
        card = place.card("card", world.sample_card(who))
        result = verify(sake, card, *options)
        assert result.exit_code == code
        assert result.stdout.startswith(f"{word}: ")
        assert "DEVELOPMENT" in result.stdout
        resident = world.residents()[who]
        for private in (resident.family_name, resident.birth_date.isoformat(), resident.resident_code.digits):
            assert private not in result.output

    def test_who_is_denied_today_is_accepted_tomorrow(self, place: Place, sake: Path) -> None:
        card = place.card("taro", world.sample_card(TARO_20_TOMORROW))
        assert verify(sake, card, "--over", "20").exit_code == 1
        with calendar_at(world.TOMORROW):
            assert verify(sake, card, "--over", "20").exit_code == 0

    def test_json_says_the_same(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        base = ("terminal", "verify", "--terminal", sake, "--card", card)
        report = mumei_json(*base, "--over", "20", "--prefecture", "gifu")
        assert report == {
            "outcome": "accept",
            "reason": "proven",
            "asked": ["20 or over", "lives in prefecture 21"],
            "proven": ["20 or over"],
            "disclosed": {"prefecture": "21"},
            "pseudonym": None,
            "week_mark": None,
            "transaction": None,
            "rp_context": "sake.example",
            "date": "2026-11-23",
            "development": True,
            "detail": "",
            "revocation": {"state": "not_checked", "week": None, "number": None, "behind": False},
            "advice": "",
        }
        denied = mumei_json(*base, "--under", "12", expect=1)
        assert (denied["outcome"], denied["reason"], denied["proven"]) == ("deny", "cannot_prove", [])

    def test_a_pseudonym_is_the_same_on_the_next_visit_and_another_elsewhere(
        self, place: Place, sake: Path
    ) -> None:
        card = place.card("hanako", world.sample_card())
        forum = place.terminal("forum", terminal(context="forum.example", pseudonym=True))
        seen = [
            mumei_json("terminal", "verify", "--terminal", at, "--card", card, "--pseudonym")["pseudonym"]
            for at in (sake, sake, forum)
        ]
        assert seen[0] == seen[1] != seen[2]
        assert len(seen[0]) == 96
        assert seen[0] in verify(sake, card, "--pseudonym").stdout

    def test_an_issuer_not_known_is_exit_code_5(self, place: Place, sake: Path) -> None:
        records = world.issued_card(world.residents()[0], issuer_name="Elsewhere TEST")
        card = place.card("foreign", records)
        for options in (("--over", "20"), ("--prefecture", "gifu"), ("--pseudonym",)):
            result = verify(sake, card, *options)
            assert result.exit_code == 5
            assert result.stdout.startswith("CANNOT DECIDE: the card's issuer")

    def test_an_expired_credential(self, place: Place) -> None:
        card = place.card("hanako", world.sample_card())
        later = date(2028, 1, 1)
        at = place.terminal("sake", terminal(over(20), first=later))
        with calendar_at(later):
            result = verify(at, card, "--over", "20")
        assert result.exit_code == 1 and "expired" in result.stdout

    def test_a_terminal_past_its_days(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        with calendar_at(world.TODAY + timedelta(days=35)):
            result = verify(sake, card, "--over", "20")
        assert result.exit_code == 6 and "clock" in result.stdout

    def test_cards_that_were_never_issued(self, place: Place, sake: Path) -> None:
        for name, records in (("new", world.new_card()), ("loaded", world.card_with_parameters())):
            result = verify(sake, place.card(name, records), "--over", "20")
            assert result.exit_code == 1 and "never issued" in result.stdout

    def test_beyond_its_rights_the_card_is_not_asked(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        before = world.records_of(Nvm.read(card))
        for options in (("--over", "18"), ("--show", "resident-code"), ("--born-before", "2006-01-01"), ()):
            result = verify(sake, card, *options)
            assert result.exit_code == 2
        # The memory may have put itself in order at power-up; what it holds is as before.
        assert world.records_of(Nvm.read(card)) == before

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--over", "20", "--show", "birth-date"), "a birth date that is disclosed"),
            (("--over", "150"), "an age that no birth date can have"),
            (
                ("--over", "20", "--over", "21", "--under", "12", "--under", "20", "--under", "65"),
                "at most 4",
            ),
        ],
    )
    def test_questions_that_no_card_can_be_asked(
        self, place: Place, options: tuple[str, ...], words: str
    ) -> None:
        card = place.card("hanako", world.sample_card())
        rights = (over(20), over(21), over(150), under(12), under(20), under(65))
        result = verify(place.terminal("any", terminal(*rights, show=(0,))), card, *options)
        assert result.exit_code == 2 and words in result.stderr

    def test_prefectures_that_are_none(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        for name in ("48", "00", "atlantis", ""):
            assert verify(sake, card, "--prefecture", name).exit_code == 2

    def test_terminals_that_are_none(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        assert verify(place.folder / "none", card, "--over", "20").exit_code == 5
        assert verify(place.issuer, card, "--over", "20").exit_code == 5
        description = sake / "description.e2"
        whole = description.read_bytes()
        for octets in (b"", whole[:-1], whole + b"\x00", bytes(5000)):
            description.write_bytes(octets)
            assert verify(sake, card, "--over", "20").exit_code == 5
            assert mumei("terminal", "show", sake).exit_code == 5
        description.write_bytes(whole)
        (sake / "parameters.cbor").unlink()
        assert verify(sake, card, "--over", "20").exit_code == 5


class TestCards:
    def test_files_that_are_no_cards_or_half_of_one(self, place: Place, sake: Path) -> None:
        octets = place.card("whole", world.sample_card()).read_bytes()
        for name, content in (
            ("cut", octets[:-1]),
            ("flipped", octets[:5000] + bytes([octets[5000] ^ 1]) + octets[5001:]),
            ("empty", b""),
            ("foreign", b"PK\x03\x04" + bytes(500)),
        ):
            card = place.folder / f"{name}.card"
            card.write_bytes(content)
            assert verify(sake, card, "--over", "20").exit_code == 2, name
            assert card.read_bytes() == content
        assert verify(sake, place.folder / "none.card", "--over", "20").exit_code == 3

    def test_one_that_another_program_has_open(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        with open_simulator(card):
            busy = verify(sake, card, "--over", "20")
        assert busy.exit_code == 3 and "another program" in busy.stderr
        assert verify(sake, card, "--over", "20").exit_code == 0

    def test_a_card_file_and_a_reader_at_once(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        assert verify(sake, card, "--over", "20", "--reader", "acr").exit_code == 2


class TestPin:
    def test_asked_for_only_where_the_card_wants_it(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        # A PIN file that is not there hurts only where it is read.
        assert verify(sake, card, "--over", "20", "--pin-file", place.folder / "none").exit_code == 0
        assert verify(sake, card, "--over", "21", "--pin-file", place.folder / "none").exit_code == 2
        assert verify(sake, card, "--over", "21", "--pin-file", place.pin).exit_code == 1

    def test_right_and_wrong(self, place: Place) -> None:
        card = place.card("hanako", world.sample_card())
        strict = place.terminal("strict", terminal(over(20), pin=True))
        wrong = place.secret("wrong", world.WRONG_PIN)
        refused = verify(strict, card, "--over", "20", "--pin-file", wrong)
        assert refused.exit_code == 1 and "2 tries are left" in refused.stderr
        assert world.WRONG_PIN not in refused.output
        assert verify(strict, card, "--over", "20", "--pin-file", place.pin).exit_code == 0
        for _ in range(3):
            last = verify(strict, card, "--over", "20", "--pin-file", wrong)
        assert last.exit_code == 1 and "unblock" in last.stderr
        assert verify(strict, card, "--over", "20", "--pin-file", place.pin).exit_code == 1

    def test_nobody_to_ask(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        result = verify(sake, card, "--over", "21")
        assert result.exit_code == 2 and "--pin-file" in result.stderr


class TestSignAndReceipt:
    def test_a_file_is_signed_and_a_receipt_kept(self, place: Place, sake: Path) -> None:
        card, contract = place.card("hanako", world.sample_card()), place.folder / "contract.pdf"
        contract.write_bytes(b"%PDF sake on credit")
        receipt = place.folder / "visit.receipt"
        result = verify(sake, card, "--over", "20", "--sign", contract, "--receipt", receipt)
        assert result.exit_code == 0 and "signed: SHA-256" in result.stdout
        assert receipt.exists()
        assert verify(sake, card, "--over", "20", "--receipt", receipt).exit_code == 2

    def test_no_receipt_of_a_denial(self, place: Place, sake: Path) -> None:
        card, receipt = place.card("kodomo", world.sample_card(KODOMO_11)), place.folder / "visit.receipt"
        assert verify(sake, card, "--over", "20", "--receipt", receipt).exit_code == 1
        assert not receipt.exists()

    def test_no_receipt_that_would_name_the_holder(self, place: Place, sake: Path) -> None:
        card, receipt = place.card("hanako", world.sample_card()), place.folder / "visit.receipt"
        before = card.read_bytes()
        for options in (("--pseudonym",), ("--show", "civil-identity"), ("--show", "birth-date")):
            assert verify(sake, card, *options, "--receipt", receipt).exit_code == 2
        assert not receipt.exists()
        assert card.read_bytes() == before

    def test_where_no_receipt_can_be_written_the_verdict_is_not_lost(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        result = verify(sake, card, "--over", "20", "--receipt", place.folder / "none" / "visit.receipt")
        assert result.exit_code in (2, 3)
        assert not (place.folder / "none").exists()

    def test_a_file_to_sign_that_is_not_there(self, place: Place, sake: Path) -> None:
        card = place.card("hanako", world.sample_card())
        assert verify(sake, card, "--over", "20", "--sign", place.folder / "none").exit_code == 2


def test_the_wire_and_the_request_are_not_printed(place: Place, sake: Path) -> None:
    card = place.card("hanako", world.sample_card())
    report = mumei_json("terminal", "verify", "--terminal", sake, "--card", card, "--over", "20")
    assert len(json.dumps(report)) < 600
