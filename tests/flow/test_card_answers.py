"""What a card answers to DESCRIBE TERMINAL and PRESENT, in the order of protocol 2.3, and what it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fixtures import statements, world
from tests.fixtures.world import HANAKO_20_TODAY, ICHIRO_67, TODAY, over, request_of, terminal, under

from mumei.terminal.question import Question, born_before
from mumei.terminal.trust import Terminal
from mumei.transport.base import CardConnection
from mumei.transport.simulator import open_simulator
from mumei_card.chip.nvm import Nvm
from mumei_core.commands import codes
from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.dates import day_number
from mumei_core.epochs import epoch_of
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import CommandAPDU

SELECT = bytes.fromhex("00A4040008F06D756D6569010100")
OVER_20 = Question(predicates=(over(20),))
SHOP = terminal(over(20), over(65), under(20), show=(Index.PREFECTURE,), pseudonym=True)


class Session:
    """Octets to one card, from SELECT on, and the octets of its file."""

    def __init__(self, file: Path, connection: CardConnection) -> None:
        self.file = file
        self._connection = connection
        self.select()

    def send(self, ins: int, data: bytes, *, le: int | None = 65_536, cla: int = 0x80, p2: int = 0) -> bytes:
        command = CommandAPDU(cla=cla, ins=ins, p1=0, p2=p2, data=data, le=le)
        return self._connection.transmit(command.to_bytes(extended=True))

    def sw(self, ins: int, data: bytes, *, le: int | None = 65_536, cla: int = 0x80, p2: int = 0) -> str:
        return self.send(ins, data, le=le, cla=cla, p2=p2)[-2:].hex().upper()

    def select(self) -> None:
        assert self._connection.transmit(SELECT).endswith(b"\x90\x00")

    def describe(self, at: Terminal = SHOP) -> str:
        return self.sw(codes.INS_DESCRIBE_TERMINAL, at.description_octets, le=None)

    def present(self, request: Request | bytes, *, statement: bytes | None = None) -> str:
        """With the statement of the request's own week, where it asks for a date; octets as they are."""
        if isinstance(request, Request):
            return self.sw(codes.INS_PRESENT, with_statement(request, statement))
        return self.sw(codes.INS_PRESENT, request)

    def verify_pin(self, pin: str) -> str:
        return self.sw(codes.INS_VERIFY, pin.encode(), le=None, cla=0, p2=codes.REFERENCE_PIN)

    def octets(self) -> bytes:
        return self.file.read_bytes()


def session_with(file: Path) -> Iterator[Session]:
    with open_simulator(file) as connection:
        yield Session(file, connection)


def with_statement(request: Request, statement: bytes | None = None) -> bytes:
    """What PRESENT takes. ``statement``: another one than that of the request's week, its bucket's."""
    if statement is None and request.predicates:
        statement = statements.slots(epoch_of(request.date), request.rp_context)
    return request.to_octets() + (statement or b"")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Session]:
    """Hanako's card; 20 today."""
    yield from session_with(world.write_card(tmp_path / "hanako.card", world.sample_card()))


@pytest.fixture
def described(card: Session) -> Session:
    assert card.describe() == "9000"
    return card


GOOD = request_of(SHOP, OVER_20)


class TestRefusedBeforeTheCommit:
    """Each refusal leaves the file as it was, and the good request is answered after it."""

    def refused(self, card: Session, request: Request | bytes, sw: str) -> None:
        before = card.octets()
        assert card.present(request) == sw
        assert card.present(request) == sw
        assert card.octets() == before
        assert card.present(GOOD) == "9000"

    @pytest.mark.parametrize(
        "octets",
        [
            pytest.param(b"\x00", id="no data object"),
            pytest.param(GOOD.to_octets()[:-1], id="cut off"),
            pytest.param(GOOD.to_octets() + b"\x00", id="with an octet behind"),
            pytest.param(b"\xe2" + GOOD.to_octets()[1:], id="another template"),
            pytest.param(GOOD.to_octets().replace(b"\x80\x01\x01", b"\x80\x01\x02", 1), id="another version"),
            pytest.param(bytes.fromhex("E1820003800101"), id="a length that is not DER"),
        ],
    )
    def test_structure(self, described: Session, octets: bytes) -> None:
        self.refused(described, octets, "6A80")

    def test_objects_out_of_order_repeated_unknown_or_empty(self, described: Session) -> None:
        children = list(ber_tlv.parse_one(GOOD.to_octets(), codes.TAG_REQUEST).children())
        encoded = [ber_tlv.encode(item.tag, item.value) for item in children]
        token = ber_tlv.encode(codes.TAG_REQUEST_TOKEN, b"\x01" + bytes(6))
        for changed in (
            encoded[::-1],
            [*encoded, encoded[-1]],
            [encoded[0], *encoded],
            encoded[1:],
            [*encoded[:-2], token, *encoded[-2:]],
            [*encoded[:-2], ber_tlv.encode(codes.TAG_REQUEST_PSEUDONYM, b""), *encoded[-2:]],
            [*encoded[:-2], ber_tlv.encode(codes.TAG_REQUEST_PSEUDONYM, b"\x00"), *encoded[-2:]],
            [*encoded[:-2], ber_tlv.encode(codes.TAG_REQUEST_DISCLOSED, b"\x00"), *encoded[-2:]],
            [*encoded[:-2], ber_tlv.encode(codes.TAG_REQUEST_DISCLOSED, b"\x20"), *encoded[-2:]],
            [*encoded[:4], ber_tlv.encode(codes.TAG_REQUEST_PREDICATES, b""), *encoded[5:]],
        ):
            before = described.octets()
            assert described.present(ber_tlv.encode(codes.TAG_REQUEST, b"".join(changed))) == "6A80"
            assert described.octets() == before
        assert described.present(GOOD) == "9000"

    @pytest.mark.parametrize(
        "predicates",
        [
            pytest.param("80020114" * 5, id="five"),
            pytest.param("80020100", id="age 0"),
            pytest.param("80020197", id="age 151"),
            pytest.param("80020014", id="kind 0"),
            pytest.param("80020314", id="kind 3"),
            pytest.param("800101", id="no age"),
            pytest.param("8104010000FF80", id="half a predicate behind"),
            pytest.param("82020114", id="another tag"),
            pytest.param("80020196", id="an age that nobody born since 1880 has"),
        ],
    )
    def test_predicates_that_are_none(self, described: Session, predicates: str) -> None:
        items = ber_tlv.parse_one(GOOD.to_octets(), codes.TAG_REQUEST).children()
        body = b"".join(
            ber_tlv.encode(
                item.tag,
                bytes.fromhex(predicates) if item.tag == codes.TAG_REQUEST_PREDICATES else item.value,
            )
            for item in items
        )
        self.refused(described, ber_tlv.encode(codes.TAG_REQUEST, body), "6A80")

    def test_a_birth_date_shown_beside_a_predicate(self, described: Session) -> None:
        octets = request_of(SHOP, replace(OVER_20, disclose=(Index.PREFECTURE,))).to_octets()
        shown = octets.replace(b"\x85\x01\x02", b"\x85\x01\x01")
        assert shown != octets
        self.refused(described, shown, "6A80")

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param(replace(GOOD, channel_binding=bytes(32)), id="channel"),
            pytest.param(replace(GOOD, rp_context=b"forum.example"), id="context"),
            pytest.param(replace(GOOD, table_hash=bytes(32)), id="digit table"),
        ],
    )
    def test_another_channel_context_or_table(self, described: Session, changed: Request) -> None:
        self.refused(described, changed, "6A80")

    @pytest.mark.parametrize(
        "question",
        [
            pytest.param(Question(predicates=(over(18),)), id="another age"),
            pytest.param(Question(predicates=(under(65),)), id="the other direction"),
            pytest.param(Question(predicates=(over(20), over(18))), id="one of two"),
            pytest.param(Question(predicates=(born_before(TODAY),)), id="a free day"),
            pytest.param(Question(disclose=(Index.MUNICIPALITY,)), id="an attribute"),
            pytest.param(
                Question(disclose=(Index.PREFECTURE, Index.RESIDENT_CODE)), id="one of two attributes"
            ),
        ],
    )
    def test_beyond_the_terminals_rights(self, described: Session, question: Question) -> None:
        self.refused(described, request_of(SHOP, question), "6982")

    def test_no_pseudonym_without_the_right(self, card: Session) -> None:
        at = terminal(over(20))
        card.describe(at)
        assert card.present(request_of(at, replace(OVER_20, pseudonym=True))) == "6982"
        assert card.present(request_of(at, OVER_20)) == "9000"

    def test_no_terminal_at_all(self, card: Session) -> None:
        before = card.octets()
        assert card.present(GOOD) == "6982"
        assert card.octets() == before
        assert card.describe() == "9000"
        assert card.present(GOOD) == "9000"

    def test_no_date_is_answered_without_a_statement(self, described: Session) -> None:
        self.refused(described, GOOD.to_octets(), "6984")
        described.select()
        described.describe()
        assert described.present(request_of(SHOP, Question(prefecture=world.GIFU))) == "9000"

    def test_days_outside_the_terminals_validity_or_the_statements(self, card: Session) -> None:
        step = timedelta(days=1)
        at = terminal(over(20), first=TODAY - 5 * step, days=10)
        card.describe(at)
        before = card.octets()
        for day in (TODAY - 6 * step, TODAY + 5 * step):
            assert card.present(request_of(at, OVER_20, today=day)) == "6984"
        # TODAY is a Monday, and this is its week's statement.
        for day in (TODAY - step, TODAY + 14 * step):
            asked = request_of(at, OVER_20, today=day)
            assert card.present(asked, statement=statements.slots()) == "6984"
        assert card.octets() == before
        assert card.present(request_of(at, OVER_20)) == "9000"
        later = terminal(over(20), first=TODAY + 5 * step)
        card.select()
        card.describe(later)
        assert card.present(request_of(later, OVER_20, today=TODAY + 4 * step)) == "6984"
        assert card.present(request_of(later, OVER_20, today=TODAY + 5 * step)) == "9000"

    def test_without_a_date_asked_the_day_is_not_before_the_last_known(self, card: Session) -> None:
        shown = Question(prefecture=world.GIFU)
        # The card's last known date is the day it was issued, TODAY.
        at = terminal(show=shown.disclosed, first=TODAY - timedelta(days=5))
        card.describe(at)
        assert card.present(request_of(at, shown, today=TODAY - timedelta(days=1))) == "6984"
        assert card.present(request_of(at, shown)) == "9000"

    def test_a_terminal_does_not_move_the_cards_date(self, card: Session) -> None:
        shown = Question(prefecture=world.GIFU)
        far = terminal(show=shown.disclosed, first=TODAY + timedelta(days=300))
        card.describe(far)
        assert card.present(request_of(far, shown, today=TODAY + timedelta(days=300))) == "9000"
        card.select()
        card.describe()
        assert card.present(GOOD) == "9000"

    @pytest.mark.parametrize(
        ("at", "question"),
        [
            pytest.param(terminal(over(21)), Question(predicates=(over(21),)), id="an age not on the list"),
            pytest.param(
                terminal(over(20), over(21)), Question(predicates=(over(20), over(21))), id="one of two ages"
            ),
            pytest.param(
                terminal(born_before(TODAY)), Question(predicates=(born_before(TODAY),)), id="a free day"
            ),
            pytest.param(terminal(over(20), pin=True), OVER_20, id="a terminal that always wants the PIN"),
        ],
    )
    def test_consent_is_the_pin_and_may_follow(self, card: Session, at: Terminal, question: Question) -> None:
        card.describe(at)
        request = request_of(at, question)
        before = card.octets()
        assert card.present(request) == "6982"
        assert card.octets() == before
        assert card.verify_pin(world.WRONG_PIN) == "63C2"
        assert card.present(request) == "6982"
        assert card.verify_pin(world.PIN) == "9000"
        assert card.present(request) in ("9000", "6985")

    def test_a_pin_of_the_session_before_is_no_consent(self, card: Session) -> None:
        at = terminal(over(21))
        card.describe(at)
        assert card.verify_pin(world.PIN) == "9000"
        card.select()
        card.describe(at)
        assert card.present(request_of(at, Question(predicates=(over(21),)))) == "6982"


class TestOrder:
    """Where several things are wrong, the earlier check of 2.3 answers."""

    def test_each_check_comes_before_the_next(self, card: Session) -> None:
        late = TODAY + timedelta(days=99)
        no_rights = Question(predicates=(over(21),))
        wrong_channel = replace(request_of(SHOP, no_rights, today=late), channel_binding=bytes(32))
        card.describe()
        assert card.present(wrong_channel.to_octets() + b"\x00") == "6A80"
        assert card.present(wrong_channel) == "6A80"
        assert card.present(request_of(SHOP, no_rights, today=late)) == "6982"
        at = terminal(over(21))
        card.select()
        card.describe(at)
        # Date before consent: a date that no PIN can help.
        assert card.present(request_of(at, no_rights, today=late)) == "6984"
        assert card.present(request_of(at, no_rights)) == "6982"

    def test_a_second_presentation_is_refused_before_anything_but_structure(self, described: Session) -> None:
        assert described.present(GOOD) == "9000"
        before = described.octets()
        assert described.present(GOOD.to_octets()[:-1]) == "6A80"
        for request in (
            GOOD,
            replace(GOOD, channel_binding=bytes(32)),
            request_of(SHOP, Question(disclose=(4,))),
        ):
            assert described.present(request) == "6986"
        assert described.octets() == before

    def test_consent_comes_before_the_credential(self, tmp_path: Path) -> None:
        at = terminal(over(20), over(21))
        file = world.write_card(tmp_path / "empty.card", world.card_with_parameters())
        for card in session_with(file):
            card.describe(at)
            assert card.present(request_of(at, Question(predicates=(over(21),)))) == "6982"
            assert card.present(request_of(at, OVER_20)) == "6A88"


class TestCannotProve:
    def test_it_is_a_presentation(self, described: Session) -> None:
        before = described.octets()
        assert described.present(request_of(SHOP, Question(predicates=(under(20),)))) == "6985"
        assert described.octets() != before
        # Thresholds cannot be tried one after another in one session.
        assert described.present(GOOD) == "6986"
        assert described.present(request_of(SHOP, Question(predicates=(over(65),)))) == "6986"

    def test_it_says_nothing_but_that(self, tmp_path: Path) -> None:
        answers: set[bytes] = set()
        for place, question in (
            (HANAKO_20_TODAY, Question(predicates=(over(65),))),
            (ICHIRO_67, Question(predicates=(under(20),))),
            (HANAKO_20_TODAY, Question(predicates=(over(20), over(65)))),
        ):
            file = world.write_card(tmp_path / f"{len(answers)}-{place}.card", world.sample_card(place))
            for card in session_with(file):
                card.describe()
                answers.add(card.send(codes.INS_PRESENT, with_statement(request_of(SHOP, question))))
            file.unlink()
        assert answers == {bytes.fromhex("6985")}

    def test_both_answers_write_the_same_and_draw_a_counter(self, tmp_path: Path) -> None:
        sizes = set()
        for question in (OVER_20, Question(predicates=(over(65),))):
            file = world.write_card(tmp_path / "card", world.sample_card())
            for card in session_with(file):
                card.describe()
                card.present(request_of(SHOP, question))
            sizes.add((len(file.read_bytes()), int.from_bytes(Nvm.read(file).get("rng_counter") or b"")))
            file.unlink()
        assert len(sizes) == 1

    def test_a_new_session_may_ask_again(self, described: Session) -> None:
        assert described.present(request_of(SHOP, Question(predicates=(over(65),)))) == "6985"
        described.select()
        assert described.describe() == "9000"
        assert described.present(GOOD) == "9000"


class TestNoCredential:
    @pytest.mark.parametrize("loaded", [False, True], ids=["no parameters", "no credential"])
    def test_it_is_said_and_changes_nothing(self, tmp_path: Path, loaded: bool) -> None:
        records = world.card_with_parameters() if loaded else world.new_card()
        for card in session_with(world.write_card(tmp_path / "empty.card", records)):
            card.describe()
            before = card.octets()
            assert [card.present(GOOD) for _ in range(2)] == ["6A88", "6A88"]
            assert card.octets() == before


class TestDescribeTerminal:
    def test_once_a_session(self, described: Session) -> None:
        other = terminal(over(20), show=(0, 1, 2, 3, 4))
        assert described.describe(other) == "6985"
        assert described.describe() == "6985"
        assert described.present(request_of(other, Question(disclose=(4,)))) == "6A80"
        assert described.present(GOOD) == "9000"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param(b"\x87\x01\x00", b"\x87\x01\x02", id="holder verification"),
            pytest.param(b"\x80\x01\x01", b"\x80\x01\x00", id="version"),
            pytest.param(b"\x85\x01\x02", b"\x85\x01\x00", id="empty attribute mask"),
            pytest.param(b"\x86\x01\x01", b"\x86\x01\x00", id="pseudonym 00"),
            pytest.param(b"\x82\x11sake", b"\x82\x11\xff\xfe\xfd\xfc", id="a name that is not UTF-8"),
            pytest.param(b"\x83\x60", b"\x83\x60\xff", id="a point too long"),
        ],
    )
    def test_malformed(self, card: Session, old: bytes, new: bytes) -> None:
        octets = SHOP.description_octets.replace(old, new, 1)
        assert octets != SHOP.description_octets
        assert card.sw(codes.INS_DESCRIBE_TERMINAL, octets, le=None) == "6A80"
        assert card.describe() == "9000"

    def test_a_point_that_is_not_in_the_group(self, card: Session) -> None:
        octets = bytearray(SHOP.description_octets)
        at = octets.index(b"\x83\x60") + 2
        octets[at + 95] ^= 1
        assert card.sw(codes.INS_DESCRIBE_TERMINAL, bytes(octets), le=None) == "6A80"

    def test_it_ends_with_the_session(self, described: Session) -> None:
        described.select()
        assert described.present(GOOD) == "6982"


class TestBinding:
    def test_a_request_of_one_shop_cannot_be_passed_on_by_another(self, card: Session) -> None:
        other = terminal(over(20), context="forum.example")
        card.describe(other)
        assert card.present(GOOD) == "6A80"


def test_a_card_knows_the_day_it_was_issued() -> None:
    assert int.from_bytes(world.sample_card()["last_date"]) == day_number(TODAY)
