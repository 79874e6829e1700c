"""``mumei receipt verify``: anyone, any time later; and a receipt names nobody."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import cbor2
import pytest
from click.testing import Result
from tests.fixtures import world
from tests.fixtures.command_line import Place, calendar_at, mumei, mumei_json
from tests.fixtures.revocation import DEVELOPMENT
from tests.fixtures.world import over, terminal, under

from mumei.terminal.question import Question
from mumei.terminal.receipt import Receipt
from mumei.terminal.trust import Terminal
from mumei_card.applet.records import StoredCredential
from mumei_card.chip.arithmetic import StoredDigitTable
from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.curve import GROUP, R
from mumei_core.presentation.prover import prepare, present

AT = terminal(over(20), under(65), show=(Index.PREFECTURE, Index.CIVIL_IDENTITY), pseudonym=True)
QUESTION = Question(predicates=(over(20),), prefecture=world.GIFU)


@pytest.fixture
def contract(place: Place) -> Path:
    file = place.folder / "contract.pdf"
    file.write_bytes(b"%PDF sake on credit")
    return file


@pytest.fixture
def receipt(place: Place, contract: Path) -> Path:
    """Kept by ``mumei terminal verify``, with a signature under the contract."""
    file, card = place.folder / "visit.receipt", place.card("hanako", world.sample_card())
    result = mumei(
        *("terminal", "verify", "--terminal", place.terminal("sake", AT), "--card", card, "--over", "20"),
        *("--prefecture", "gifu", "--sign", contract, "--receipt", file),
    )
    assert result.exit_code == 0
    return file


def verify(place: Place, file: Path, *options: str | Path) -> Result:
    arguments = ("receipt", "verify", file, "--parameters", place.parameters, "--development")
    return mumei(*arguments, *options)


def altered(place: Place, receipt: Path, **fields: object) -> Path:
    """The receipt with some fields of its map replaced."""
    file = place.folder / "altered.receipt"
    document = {**cbor2.loads(receipt.read_bytes()), **fields}
    file.write_bytes(cbor2.dumps(document, canonical=True))
    return file


def answer_anything(records: world.Records, request: Request) -> bytes:
    """A presentation by a card that checks nothing."""
    table = StoredDigitTable(records["table_a"], records["table_w"])
    credential = StoredCredential.from_bytes(records["credential"]).credential()

    def draw() -> int:
        return secrets.randbelow(R - 1) + 1

    coupon = prepare(GROUP, credential, draw)
    presentation = present(GROUP, credential, coupon, request, request.to_octets(), table, None, draw)
    return presentation.to_octets()


def plain_receipt(request: bytes, wire: bytes, at: Terminal) -> Receipt:
    """Of a development terminal: no keys, no chain."""
    no_key = bytes(65)
    return Receipt(
        request=request, wire=wire, card_key=no_key, terminal_key=no_key, certificate=at.description_octets
    )


class TestValid:
    def test_what_it_proves(self, place: Place, receipt: Path, contract: Path) -> None:
        result = verify(place, receipt, "--signed", contract)
        assert result.exit_code == 0
        assert result.stdout.startswith("VALID: on 2026-11-23 a card issued by Gifu TEST")
        assert "20 or over" in result.stdout and "prefecture: 21" in result.stdout
        assert "the file given" in result.stdout
        assert "nobody can tell" in result.stdout and "DEVELOPMENT" in result.stdout

    def test_without_the_file_it_says_what_to_compare(self, place: Place, receipt: Path) -> None:
        assert "give it with --signed" in verify(place, receipt).stdout

    def test_json(self, place: Place, receipt: Path, contract: Path) -> None:
        arguments = ("receipt", "verify", receipt, "--parameters", place.parameters, "--development")
        report = mumei_json(*arguments, "--signed", contract)
        assert report["proven"] == ["20 or over"]
        assert report["disclosed"] == {"prefecture": "21"}
        assert (report["rp_context"], report["date"]) == ("sake.example", "2026-11-23")
        assert report["transaction_checked"] is True

    def test_years_later(self, place: Place, receipt: Path) -> None:
        with calendar_at(date(2046, 1, 1)):
            assert verify(place, receipt).exit_code == 0


class TestNotValid:
    def test_another_file_was_signed(self, place: Place, receipt: Path, contract: Path) -> None:
        contract.write_bytes(b"%PDF the shop for one yen")
        result = verify(place, receipt, "--signed", contract)
        assert result.exit_code == 1 and "another file" in result.stderr
        assert verify(place, receipt, "--signed", place.folder / "none").exit_code == 2

    def test_a_receipt_without_signature_signs_nothing(self, place: Place, contract: Path) -> None:
        answer = world.ask(world.sample_card(), QUESTION, at=AT)
        file = place.folder / "plain.receipt"
        Receipt.of(answer).save(file)
        assert verify(place, file).exit_code == 0
        assert verify(place, file, "--signed", contract).exit_code == 1

    @pytest.mark.parametrize("field", ["request", "wire", "certificate"])
    def test_any_octet_changed(self, place: Place, receipt: Path, field: str) -> None:
        octets = cbor2.loads(receipt.read_bytes())[field]
        for at in range(0, len(octets), 53):
            changed = bytearray(octets)
            changed[at] ^= 1
            result = verify(place, altered(place, receipt, **{field: bytes(changed)}))
            assert result.exit_code in (1, 2, 5), at
            assert result.stdout == ""

    def test_cut_or_longer_parts(self, place: Place, receipt: Path) -> None:
        document = cbor2.loads(receipt.read_bytes())
        for field in ("request", "wire", "certificate"):
            for octets in (b"", document[field][:-1], document[field] + b"\x00"):
                assert verify(place, altered(place, receipt, **{field: octets})).exit_code in (1, 2)

    def test_with_the_description_of_another_terminal(self, place: Place, receipt: Path) -> None:
        generous = terminal(over(20), under(65), over(18), show=(Index.PREFECTURE,))
        result = verify(place, altered(place, receipt, certificate=generous.description_octets))
        assert result.exit_code == 1 and "channel" in result.stderr

    def test_with_the_answer_of_another_visit(self, place: Place, receipt: Path) -> None:
        other = world.ask(world.sample_card(world.ICHIRO_67), QUESTION, at=AT)
        assert verify(place, altered(place, receipt, wire=other.wire)).exit_code == 1
        assert verify(place, altered(place, receipt, request=other.request)).exit_code == 1

    @pytest.mark.parametrize(
        ("question", "today", "code"),
        [
            pytest.param(Question(predicates=(over(20),)), world.TODAY, 0, id="within its rights"),
            pytest.param(Question(predicates=(over(60),)), world.TODAY, 1, id="an age it may not ask"),
            pytest.param(Question(prefecture=world.GIFU), world.TODAY, 1, id="an attribute it may not see"),
            pytest.param(Question(predicates=(over(20),)), date(2026, 12, 28), 1, id="after its last day"),
            pytest.param(Question(predicates=(over(20),)), date(2026, 11, 22), 1, id="before its first"),
        ],
    )
    def test_a_holder_with_software_that_answers_anything(
        self, place: Place, question: Question, today: date, code: int
    ) -> None:
        # The credential is genuine and the proof is right; only the terminal never had the right to ask.
        narrow = terminal(over(20))
        request = world.request_of(narrow, question, today=today)
        file = place.folder / "forged.receipt"
        wire = answer_anything(world.sample_card(world.ICHIRO_67), request)
        plain_receipt(request.to_octets(), wire, narrow).save(file)
        result = verify(place, file)
        assert result.exit_code == code
        assert code == 0 or "rights" in result.stderr

    def test_a_holder_who_names_another_shop(self, place: Place) -> None:
        narrow = terminal(over(20))
        request = replace(
            world.request_of(narrow, Question(predicates=(over(20),))), rp_context=b"bank.example"
        )
        file = place.folder / "forged.receipt"
        wire = answer_anything(world.sample_card(), request)
        plain_receipt(request.to_octets(), wire, narrow).save(file)
        assert verify(place, file).exit_code == 1

    @pytest.mark.parametrize(
        "question",
        [
            pytest.param(Question(pseudonym=True), id="pseudonym"),
            pytest.param(Question(disclose=(Index.CIVIL_IDENTITY,)), id="name"),
        ],
    )
    def test_one_that_names_the_holder_is_refused(self, place: Place, question: Question) -> None:
        answer = world.ask(world.sample_card(), question, at=AT)
        file = place.folder / "naming.receipt"
        plain_receipt(answer.request, answer.wire or b"", AT).save(file)
        result = verify(place, file)
        assert result.exit_code == 2
        assert world.residents()[0].family_name not in result.output

    def test_of_another_issuer(self, place: Place) -> None:
        at = terminal(show=(Index.PREFECTURE,), issuer_name="Elsewhere TEST")
        records = world.issued_card(world.residents()[0], issuer_name="Elsewhere TEST")
        answer = world.ask(records, Question(prefecture=world.GIFU), at=at)
        file = place.folder / "foreign.receipt"
        Receipt.of(answer).save(file)
        assert verify(place, file).exit_code == 5


class TestFiles:
    def test_development_parameters_only_on_request(self, place: Place, receipt: Path) -> None:
        result = mumei("receipt", "verify", receipt, "--parameters", place.parameters)
        assert result.exit_code == 5 and "--development" in result.stderr

    def test_files_that_are_no_receipts(self, place: Place, receipt: Path) -> None:
        whole = receipt.read_bytes()
        for number, octets in enumerate(
            (b"", b"\x00", whole[:-1], whole + b"\x00", b"\xff" * 99, bytes(20_000), cbor2.dumps([1]))
        ):
            file = place.folder / f"broken{number}"
            file.write_bytes(octets)
            assert verify(place, file).exit_code == 2, number
        assert verify(place, altered(place, receipt, type="mumei-receipt-3")).exit_code == 2
        assert verify(place, altered(place, receipt, type=["mumei-receipt-2"])).exit_code == 2
        assert verify(place, altered(place, receipt, name="Hanako")).exit_code == 2
        assert verify(place, altered(place, receipt, wire="text")).exit_code == 2
        assert verify(place, place.folder / "none").exit_code == 2

    def test_versions(self, place: Place, receipt: Path) -> None:
        document = cbor2.loads(receipt.read_bytes())
        assert document["type"] == "mumei-receipt-2"
        new = {name: document.pop(name) for name in ("statement", "verdict", "signature")}
        old = place.folder / "old.receipt"
        old.write_bytes(cbor2.dumps({**document, "type": "mumei-receipt-1"}, canonical=True))
        checked = verify(place, old)
        assert checked.exit_code == 0 and "revocation: not checked" in checked.stdout
        for name in new:
            old.write_bytes(cbor2.dumps({**document, **new, "type": "mumei-receipt-1"}, canonical=True))
            assert verify(place, old).exit_code == 2
            left = {key: value for key, value in new.items() if key != name}
            old.write_bytes(cbor2.dumps({**document, **left}, canonical=True))
            assert verify(place, old).exit_code == 2
        assert verify(place, altered(place, receipt, verdict=b"")).exit_code == 2

    def test_a_development_terminal_has_no_key_to_sign_with(self, place: Place, receipt: Path) -> None:
        result = verify(place, altered(place, receipt, signature=bytes(64)))
        assert result.exit_code == 1 and "signs nothing" in result.stderr

    def test_of_another_day_than_its_statement(self, place: Place, receipt: Path) -> None:
        later = DEVELOPMENT.statement(
            place.folder / "later", b"sake.example", day=world.TODAY + timedelta(days=7)
        )
        result = verify(place, altered(place, receipt, statement=later.read_bytes()))
        assert result.exit_code == 1 and "statement" in result.stderr

    def test_a_receipt_for_parameters(self, place: Place, receipt: Path) -> None:
        result = mumei("receipt", "verify", receipt, "--parameters", receipt, "--development")
        assert result.exit_code == 5


class TestNamesNobody:
    def test_two_receipts_of_one_card_share_what_strangers_share(self, place: Place) -> None:
        def kept(who: int) -> bytes:
            return cbor2.dumps(
                [
                    getattr(Receipt.of(world.ask(world.sample_card(who), QUESTION, at=AT)), name)
                    for name in ("request", "wire")
                ]
            )

        mine, again, stranger = kept(0), kept(0), kept(world.ICHIRO_67)
        common = {mine[i : i + 8] for i in range(len(mine) - 7)} & {
            again[i : i + 8] for i in range(len(again) - 7)
        }
        assert common == {piece for piece in common if piece in stranger}

    def test_no_octets_that_the_card_keeps(self) -> None:
        records = world.sample_card()
        receipt = Receipt.of(world.ask(records, QUESTION, at=AT))
        for name in ("credential", "card_key"):
            stored = records[name]
            windows = {stored[i : i + 12] for i in range(len(stored) - 11)}
            assert not any(receipt.wire[i : i + 12] in windows for i in range(12, len(receipt.wire) - 11))

    def test_nothing_of_the_resident(self, receipt: Path) -> None:
        octets, resident = receipt.read_bytes(), world.residents()[0]
        for private in (resident.family_name, resident.resident_code.digits, resident.address):
            assert private.encode() not in octets
