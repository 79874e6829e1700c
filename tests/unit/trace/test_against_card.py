"""A recorded session sent to a card again: to the same, to another, to one that answers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import CVCA
from tests.fixtures.world import (
    PIN,
    TARO_20_TOMORROW,
    TODAY,
    TRANSPORT_PIN,
    Records,
    Wire,
    in_memory,
    over,
)

from mumei.session import holder
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import Digits, Pin, TransportPin
from mumei.session.pace import ShopCode, establish
from mumei.session.personalisation import store_parameters
from mumei.session.scp03 import open_scp03
from mumei.session.security_domain import life_cycle
from mumei.terminal.access import CertificateAccess
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei.trace.against_card import AskPassword, ReplayReport, replay_against
from mumei.trace.comparison import difference
from mumei.trace.file import read_trace
from mumei.trace.model import Session
from mumei.trace.recorder import Recorder
from mumei.transport.base import CardConnection
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands import codes
from mumei_core.eac.pace_messages import Password
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode

OVER_20 = Question(predicates=(over(20),))
SHOWN = Question(disclose=(1,), pseudonym=True)


def record(path: Path, records: Records, session: Callable[[CardConnection], object]) -> Session:
    recorder = Recorder(path)
    with in_memory(records) as card, recorder.attach(card.connection) as connection:
        session(connection)
    assert recorder.finish() == ""
    return read_trace(path).sessions[0]


def replay(session: Session, records: Records, **more: object) -> ReplayReport:
    with in_memory(records) as card:
        return replay_against(session, card.connection, **more)  # type: ignore[arg-type]


def knowing(**secrets: str) -> AskPassword:
    kinds: dict[Password, tuple[str, type[Digits]]] = {
        Password.SHOP_CODE: ("shop_code", ShopCode),
        Password.PIN: ("pin", Pin),
    }

    def ask(kind: Password) -> Digits | None:
        name, made = kinds.get(kind, ("", Pin))
        return made(secrets[name]) if name in secrets else None

    return ask


class TestInPlain:
    def asked(self, connection: CardConnection) -> None:
        visit(Channel(connection), world.terminal_for(OVER_20), OVER_20, today=TODAY)

    def with_log(self, connection: CardConnection) -> None:
        channel = Channel(connection)
        Application.select(channel)
        holder.verify_pin(channel, Pin(PIN))
        channel.reset()
        Application.select(channel)
        holder.verify_pin(channel, Pin(PIN))
        read_log(channel)

    def test_the_same_card_agrees(self, tmp_path: Path) -> None:
        report = replay(record(tmp_path / "t", world.sample_card(), self.asked), world.sample_card())
        assert (report.agreed, report.not_sent, report.differs) == ((1, 2, 3, 4), (), None)
        assert "4 of 4" in report.text()

    def test_a_card_that_cannot_prove_it_differs_there(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), self.asked)
        report = replay(session, world.sample_card(TARO_20_TOMORROW))
        assert report.differs is not None and report.agreed == (1, 2, 3)
        assert (report.differs.number, report.differs.command) == (4, "PRESENT")
        assert "6985" in report.differs.what and "recorded 9000" in report.differs.what
        assert "DIFFERS at exchange 4" in report.text()

    def test_another_kind_of_card_differs_at_once(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), self.asked)
        report = replay(session, standard.sample_card())
        assert report.differs is not None and report.differs.number == 1
        assert "another value" in report.differs.what

    def test_in_parts_as_recorded(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), lambda c: self.asked(Wire(c, extended=False)))
        whole = record(tmp_path / "u", world.sample_card(), self.asked)
        assert replay(session, world.sample_card()).differs is None
        assert replay(whole, world.sample_card()).differs is None

    def test_the_pin_may_be_typed_again(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), self.with_log)
        report = replay(session, world.sample_card(), passwords=knowing(pin=PIN))
        assert (len(report.agreed), report.not_sent, report.differs) == (7, (), None)

    def test_without_it_what_follows_is_left_out(self, tmp_path: Path) -> None:
        session = record(tmp_path / "t", world.sample_card(), self.with_log)
        report = replay(session, world.sample_card())
        assert report.agreed == (1, 2, 4, 5) and report.differs is None
        assert [left.number for left in report.not_sent] == [3, 6, 7]
        assert "6 octets of it were masked" in report.text()

    def test_a_card_is_not_changed_unasked(self, tmp_path: Path) -> None:
        def change(connection: CardConnection) -> None:
            channel = Channel(connection)
            Application.select(channel)
            holder.change_pin(channel, TransportPin(TRANSPORT_PIN), Pin(PIN))

        session = record(tmp_path / "t", world.new_card(), change)
        with in_memory(world.new_card()) as card:
            before = world.records_of(card.nvm)
            report = replay_against(session, card.connection)
            assert world.records_of(card.nvm) == before
        assert report.not_sent[0].command == "CHANGE REFERENCE DATA" and "--changes" in report.text()
        # Asked for, it still cannot: what was masked is gone.
        assert "masked" in replay(session, world.new_card(), changes=True).text()

    def test_parameters_are_stored_again_where_asked_for(self, tmp_path: Path) -> None:
        def store(connection: CardConnection) -> None:
            channel = Channel(connection)
            Application.select(channel)
            store_parameters(channel, world.issuer().parameters.for_card(TODAY))

        session = record(tmp_path / "t", world.new_card(), store)
        report = replay(session, world.new_card(), changes=True)
        assert len(report.agreed) == report.exchanges and report.differs is None
        again = replay(session, world.card_with_parameters(), changes=True)
        assert again.differs is not None and again.differs.command == "STORE DATA"


class TestInChannels:
    def test_with_password_and_key_a_whole_visit_is_asked_again(self, tmp_path: Path) -> None:
        """In a channel of its own, and with a request that is bound to it."""
        for question in (OVER_20, SHOWN):
            at = standard.terminal_for(question)
            session = self.visited(tmp_path / f"{question.pseudonym}", at, question)
            report = replay(
                session,
                standard.sample_card(),
                passwords=knowing(shop_code="00"),
                credentials=self.credentials(at),
            )
            assert (len(report.agreed), report.not_sent, report.differs) == (15, (), None)

    def test_another_holder_differs_at_the_presentation(self, tmp_path: Path) -> None:
        at = standard.terminal_for(OVER_20)
        report = replay(
            self.visited(tmp_path / "t", at, OVER_20),
            standard.sample_card(TARO_20_TOMORROW),
            passwords=knowing(shop_code="00"),
            credentials=self.credentials(at),
        )
        assert report.differs is not None and report.differs.command == "PRESENT"

    def test_a_card_that_finds_the_certificate_expired_differs_at_it(self, tmp_path: Path) -> None:
        at = standard.terminal_for(OVER_20)
        later = standard.trusting(CVCA, on=standard.SHOP_LAST + timedelta(days=400))
        report = replay(
            self.visited(tmp_path / "t", at, OVER_20),
            later,
            passwords=knowing(shop_code="00"),
            credentials=self.credentials(at),
        )
        assert report.differs is not None and report.differs.number == 8
        assert "expired" in report.differs.what

    def test_without_password_or_key_it_is_said_what_is_missing(self, tmp_path: Path) -> None:
        session = self.visited(tmp_path / "t", standard.terminal_for(OVER_20), OVER_20)
        blind = replay(session, standard.sample_card())
        assert (blind.agreed, blind.differs) == ((1, 2), None)
        assert "shop code" in blind.text() and len(blind.not_sent) == 13
        keyless = replay(session, standard.sample_card(), passwords=knowing(shop_code="00"))
        assert (keyless.agreed, keyless.differs) == (tuple(range(1, 8)), None)
        assert "terminal's key" in keyless.text()

    def test_a_wrong_password_differs_and_a_pin_is_not_wasted(self, tmp_path: Path) -> None:
        def opened(connection: CardConnection) -> None:
            channel = Channel(connection)
            Application.identify(channel)
            establish(channel, Pin(PIN))
            read_log(channel)

        session = record(tmp_path / "t", standard.sample_card(), opened)
        assert replay(session, standard.sample_card(), passwords=knowing(pin=PIN)).differs is None
        with in_memory(standard.sample_card()) as card:
            before = world.records_of(card.nvm)
            replay_against(session, card.connection)
            assert world.records_of(card.nvm) == before
        wrong = replay(session, standard.sample_card(), passwords=knowing(pin=world.WRONG_PIN))
        assert wrong.differs is not None and wrong.differs.number == 3

    def test_scp03_is_left_out(self, tmp_path: Path) -> None:
        def personalised(connection: CardConnection) -> None:
            channel = Channel(connection)
            Application.identify(channel)
            life_cycle(open_scp03(channel, standard.MASTER.keys_of))

        report = replay(record(tmp_path / "t", standard.new_card(), personalised), standard.new_card())
        assert [left.number for left in report.not_sent] == [3, 4, 5]
        assert "the card's own keys" in report.text() and report.differs is None

    def visited(self, path: Path, at: Terminal, question: Question) -> Session:
        return record(path, standard.sample_card(), lambda c: visit(Channel(c), at, question, today=TODAY))

    def credentials(self, at: Terminal) -> object:
        assert isinstance(at.access, CertificateAccess)
        return at.access.credentials


class TestDifference:
    SELECT = CommandAPDU(cla=0, ins=codes.INS_SELECT, p1=4, p2=0, data=codes.AID, le=256)
    CHALLENGE = CommandAPDU(cla=0, ins=codes.INS_GET_CHALLENGE, p1=0, p2=0, le=8)
    PACE = CommandAPDU(cla=0x10, ins=codes.INS_GENERAL_AUTHENTICATE, p1=0, p2=0, data=b"\x7c\x00", le=256)

    def found(self, command: CommandAPDU, then: bytes, now: bytes, sw: int = codes.SW_OK) -> str:
        return difference(command, MaskedOctets(then), codes.SW_OK, ResponseAPDU(now, sw))

    def test_randoms_do_not_matter(self) -> None:
        assert self.found(self.CHALLENGE, bytes(8), b"12345678") == ""
        then, now = (encode(0x7C, encode(0x80, octets)) for octets in (bytes(16), b"x" * 16))
        assert self.found(self.PACE, then, now) == ""

    def test_lengths_do(self) -> None:
        assert self.found(self.CHALLENGE, bytes(8), bytes(7)) == "7 octets; recorded 8"

    def test_objects_do(self) -> None:
        then, now = (encode(0x7C, encode(tag, bytes(16))) for tag in (0x80, 0x82))
        assert "82; recorded data object 80" in self.found(self.PACE, then, now)
        assert "nothing more" in self.found(self.PACE, then, encode(0x7C, b""))

    def test_status_words_do(self) -> None:
        assert "6982" in self.found(self.CHALLENGE, bytes(8), b"", codes.SW_SECURITY_STATUS)

    def test_values_do_where_all_cards_give_the_same(self) -> None:
        fci = encode(codes.TAG_FCI, encode(codes.TAG_DF_NAME, codes.AID))
        assert self.found(self.SELECT, fci, fci) == ""
        assert "another value" in self.found(self.SELECT, fci, fci[:-1] + b"\x02")

    @pytest.mark.parametrize("now", [b"", b"\x00", b"\x7c", b"\x7c\x05\x80", bytes(40)])
    def test_any_octets_can_be_compared(self, now: bytes) -> None:
        assert self.found(self.PACE, encode(0x7C, encode(0x80, bytes(16))), now)

    def test_masked_octets_do_not_matter(self) -> None:
        masked = MaskedOctets.hiding(bytes(8))
        assert difference(self.CHALLENGE, masked, codes.SW_OK, ResponseAPDU(b"12345678", codes.SW_OK)) == ""
