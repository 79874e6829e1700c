"""The card's own log: one entry a presentation, whatever happens on the way, and only its holder reads it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import EllipsisType

import pytest
from tests.fixtures import statements, world
from tests.fixtures.world import (
    HANAKO_20_TODAY,
    KODOMO_11,
    PIN,
    TODAY,
    TOMORROW,
    WRONG_PIN,
    Records,
    Wire,
    over,
    sample_card,
    terminal,
    under,
)

from mumei.session import credential
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal
from mumei.session.holder import Pin, TransportPin, change_pin, verify_pin
from mumei.session.holder_only import HolderNeededError
from mumei.terminal.check import visit
from mumei.terminal.question import Question, born_after
from mumei.terminal.trust import Terminal
from mumei.transport.base import CardConnection
from mumei.transport.simulator import SimulatedConnection
from mumei_card.applet.records import RECORD_CREDENTIAL, StoredCredential
from mumei_card.chip.nvm import Nvm
from mumei_card.errors import CardError
from mumei_card.link.in_process import SoftwareCard
from mumei_card.os.context import RECORD_CARD_KEY
from mumei_core.commands import codes
from mumei_core.commands.card_log import ENTRY_LENGTH, LogEntry, Outcome
from mumei_core.commands.request import Predicate
from mumei_core.credential import Index
from mumei_core.crypto import hashing
from mumei_core.crypto.curve import scalar_to_octets
from mumei_core.dates import day_number
from mumei_core.errors import CardRefused, CardRemovedError
from mumei_core.iso7816.apdu import CommandAPDU

OF_AGE = Question(predicates=(over(20),))
SHOP = terminal(over(20))
PRESENT_EXCHANGE = 4
"""In a visit without PIN: SELECT, EF.ATR/INFO, DESCRIBE TERMINAL, PRESENT."""


def insert(nvm: Nvm) -> SimulatedConnection:
    """The card with this memory, in an imagined reader."""
    return SimulatedConnection(SoftwareCard(nvm), name="test.card")


def use(nvm: Nvm, question: Question = OF_AGE, *, at: Terminal | None = None, pin: str | None = None) -> None:
    """One visit of the card with this memory, from insertion to removal."""
    at = at or world.terminal_for(question)
    with insert(nvm) as connection:
        visit(Channel(connection), at, question, today=TODAY, ask_pin=lambda: Pin(pin) if pin else None)


def log_of(records: Records) -> tuple[LogEntry, ...]:
    """What the holder reads from a card with these records."""
    with world.in_memory(records) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        verify_pin(channel, Pin(PIN))
        return read_log(channel)


def only_entry(nvm: Nvm) -> LogEntry:
    (entry,) = log_of(world.records_of(nvm))
    return entry


@pytest.fixture
def nvm() -> Nvm:
    """The memory of a card that has answered nobody."""
    return Nvm.in_memory(sample_card())


class TestWhatAnEntrySays:
    def test_a_card_that_nobody_has_asked(self) -> None:
        assert log_of(sample_card()) == ()

    def test_a_question_of_age(self, nvm: Nvm) -> None:
        use(nvm)
        assert only_entry(nvm) == LogEntry(
            sequence=1,
            date=day_number(TODAY),
            display_name="sake.example TEST",
            context_hash=hashing.sha256(b"sake.example"),
            predicates=(over(20),),
            outcome=Outcome.PROVEN,
        )

    def test_a_question_of_everything(self, nvm: Nvm) -> None:
        question = Question(
            predicates=(under(66), born_after(TODAY - timedelta(days=20_000))),
            disclose=(Index.PREFECTURE, Index.RESIDENT_CODE),
            pseudonym=True,
            transaction=bytes(32),
        )
        use(nvm, question, pin=PIN)
        assert only_entry(nvm) == LogEntry(
            sequence=1,
            date=day_number(TODAY),
            display_name="sake.example TEST",
            context_hash=hashing.sha256(b"sake.example"),
            predicates=question.predicates,
            disclosed=(1, 4),
            pseudonym=True,
            transaction=True,
            pin_used=True,
            outcome=Outcome.PROVEN,
        )

    def test_what_could_not_be_proven(self) -> None:
        nvm = Nvm.in_memory(sample_card(KODOMO_11))
        use(nvm)
        assert only_entry(nvm).outcome is Outcome.CANNOT_PROVE

    @pytest.mark.parametrize(
        "name", ["居酒屋「無名」", "한국 상점", "𠮷野家", "酒" * 42 + "ab", "a\0b\n" + "\u202e"]
    )
    def test_names_in_any_script_up_to_their_greatest_length(self, nvm: Nvm, name: str) -> None:
        use(nvm, at=world.renamed(SHOP, name))
        assert only_entry(nvm).display_name == name

    def test_two_sessions_are_two_entries_newest_first(self, nvm: Nvm) -> None:
        use(nvm, at=terminal(over(20), context="sake.example"))
        use(nvm, at=terminal(over(20), context="tobacco.example"))
        assert [(entry.sequence, entry.display_name) for entry in log_of(world.records_of(nvm))] == [
            (2, "tobacco.example TEST"),
            (1, "sake.example TEST"),
        ]

    def test_a_card_file_keeps_its_log_when_the_card_is_taken_out(self, tmp_path: Path) -> None:
        file = world.write_card(tmp_path / "holder.card", sample_card())
        use(card := Nvm.open(file))
        card.close()
        assert only_entry(Nvm.read(file)).display_name == "sake.example TEST"


class TestNothingSecret:
    def test_an_entry_names_no_secret_of_the_card_and_nothing_about_the_holder(self, nvm: Nvm) -> None:
        question = Question(predicates=(over(20),), disclose=(1, 2, 3, 4), pseudonym=True)
        use(nvm, question, pin=PIN)
        stored = StoredCredential.from_bytes(nvm.get(RECORD_CREDENTIAL) or b"")
        secrets = [
            *map(scalar_to_octets, stored.secrets),
            *stored.issued.attributes,
            stored.issued.signature.to_octets(),
            nvm.get(RECORD_CARD_KEY) or b"",
            world.NONCE,
            PIN.encode(),
        ]
        entry = only_entry(nvm).to_octets()
        assert [secret for secret in secrets if secret in entry] == []

    def test_lengths_and_writes_say_nothing(self) -> None:
        """Records, octets and commits are those of any other presentation, whatever was asked or came of it."""
        everything = Question(predicates=(over(18), under(70)), disclose=(1, 2, 3, 4), pseudonym=True)
        traces = []
        for place, question, context in (
            (HANAKO_20_TODAY, OF_AGE, "a"),
            (KODOMO_11, OF_AGE, "a"),
            (HANAKO_20_TODAY, everything, "a" * 120),
        ):
            nvm = Nvm.in_memory(sample_card(place))
            before, writes = nvm.sizes(), nvm.writes
            use(nvm, at=world.terminal_for(question, context=context), question=question)
            grown = {name: size for name, size in nvm.sizes().items() if before.get(name) != size}
            traces.append((grown, nvm.writes - writes))
        assert traces[0] == traces[1] == traces[2]
        assert ENTRY_LENGTH in traces[0][0].values()


class TestRing:
    def test_the_thirty_third_entry_replaces_the_first(self, nvm: Nvm) -> None:
        sizes = []
        for number in range(1, 36):
            use(nvm, at=terminal(over(20), context=f"shop-{number}.example"))
            sizes.append(nvm.sizes())
            if number in (31, 32, 33, 35):
                entries = log_of(world.records_of(nvm))
                newest_first = list(range(number, max(0, number - 32), -1))
                assert [entry.sequence for entry in entries] == newest_first
                assert [entry.display_name for entry in entries] == [
                    f"shop-{i}.example TEST" for i in newest_first
                ]
        # A full log takes no more room, and the card answers as before.
        assert sizes[31] == sizes[34]


class PowerCut(BaseException):
    """Nothing on the card catches a power cut."""


Commit = Callable[[Mapping[str, bytes | None]], None]


@dataclass
class Cut:
    """A memory whose power fails at its n-th commit of a visit; ``done``: whether that commit is still made."""

    commit: Commit
    at: int
    done: bool
    seen: int = 0

    def __call__(self, changes: Mapping[str, bytes | None]) -> None:
        self.seen += 1
        if self.seen != self.at or self.done:
            self.commit(changes)
        if self.seen == self.at:
            raise PowerCut


class TestPower:
    @pytest.mark.parametrize("place", [HANAKO_20_TODAY, KODOMO_11])
    @pytest.mark.parametrize(
        ("at", "done", "written"),
        [
            pytest.param(1, True, None, id="while a coupon is computed"),
            pytest.param(2, True, None, id="before it is asked"),
            pytest.param(3, False, None, id="before anything is on file"),
            pytest.param(3, True, Outcome.INTERRUPTED, id="while it computes"),
            pytest.param(4, False, Outcome.INTERRUPTED, id="before the outcome is on file"),
            pytest.param(4, True, ..., id="before the answer"),
        ],
    )
    def test_an_answer_needs_an_entry_and_an_entry_stays(
        self, place: int, at: int, done: bool, written: Outcome | EllipsisType | None
    ) -> None:
        nvm = Nvm.in_memory(sample_card(place))
        nvm.commit = Cut(nvm.commit, at, done)  # type: ignore[method-assign]
        with pytest.raises(PowerCut):
            use(nvm)
        if written is ...:
            written = Outcome.PROVEN if place == HANAKO_20_TODAY else Outcome.CANNOT_PROVE
        assert [entry.outcome for entry in log_of(world.records_of(nvm))] == (
            [written] if written is not None else []
        )

    @pytest.mark.parametrize("at", [3, 4])
    def test_after_power_comes_back_the_next_entry_follows(self, at: int) -> None:
        nvm = Nvm.in_memory(sample_card())
        nvm.commit = Cut(nvm.commit, at, True)  # type: ignore[method-assign]
        with pytest.raises(PowerCut):
            use(nvm)
        later = Nvm.in_memory(world.records_of(nvm))
        use(later)
        assert [entry.sequence for entry in log_of(world.records_of(later))] == [2, 1]

    def test_an_answer_lost_on_its_way_is_on_file(self, nvm: Nvm) -> None:
        with insert(nvm) as connection:
            wire = Wire(connection, cut_at=PRESENT_EXCHANGE, before=False)
            with pytest.raises(CardRemovedError):
                visit(Channel(wire), SHOP, OF_AGE, today=TODAY)
        assert only_entry(nvm).outcome is Outcome.PROVEN

    def test_a_request_that_never_arrived_is_not(self, nvm: Nvm) -> None:
        with insert(nvm) as connection:
            wire = Wire(connection, cut_at=PRESENT_EXCHANGE)
            with pytest.raises(CardRemovedError):
                visit(Channel(wire), SHOP, OF_AGE, today=TODAY)
        assert log_of(world.records_of(nvm)) == ()


class TestMemoryFailure:
    """A memory that cannot be written gets no answer out of the card."""

    def refuse(self, nvm: Nvm, at: int) -> list[int]:
        """Status words of PRESENT, asked twice in one session, where the n-th commit fails."""
        seen = 0
        commit = nvm.commit

        def failing(changes: Mapping[str, bytes | None]) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise CardError(codes.SW_MEMORY_FAILURE, "worn out")
            commit(changes)

        nvm.commit = failing  # type: ignore[method-assign]
        with insert(nvm) as connection:
            channel = selected(connection)
            return [status(channel), status(channel)]

    def test_no_entry_no_answer_and_it_may_be_asked_again(self, nvm: Nvm) -> None:
        assert self.refuse(nvm, 3) == [codes.SW_MEMORY_FAILURE, codes.SW_OK]
        assert only_entry(nvm).sequence == 1

    def test_no_outcome_no_answer_and_the_sessions_one_is_used(self, nvm: Nvm) -> None:
        assert self.refuse(nvm, 4) == [codes.SW_MEMORY_FAILURE, codes.SW_NO_CURRENT_FILE]
        assert only_entry(nvm).outcome is Outcome.INTERRUPTED


def selected(connection: CardConnection) -> Channel:
    """A channel that knows that the card takes extended lengths, before any terminal has shown its rights."""
    channel = Channel(connection)
    Application.select(channel)
    return channel


def status(channel: Channel) -> int:
    """The status word of PRESENT at SHOP, which shows its rights first where it has not."""
    with contextlib.suppress(CardRefused):
        credential.describe_terminal(channel, SHOP.description_octets)
    request = world.request_of(SHOP, OF_AGE).to_octets() + statements.slots()
    command = CommandAPDU(
        cla=codes.CLA_PROPRIETARY, ins=codes.INS_PRESENT, p1=0, p2=0, data=request, le=65_536
    )
    try:
        return channel.send(command).sw
    except CardRefused as refused:
        return refused.sw or 0


class TestRefusedRequests:
    @pytest.mark.parametrize(
        ("at", "asked", "refusal"),
        [
            pytest.param(terminal(over(20)), over(18), Refusal.NO_CONSENT, id="beyond its rights"),
            pytest.param(terminal(over(21)), over(21), Refusal.NO_CONSENT, id="without the PIN"),
            pytest.param(terminal(over(20), first=TOMORROW), over(20), Refusal.DATE, id="before its time"),
            pytest.param(
                terminal(over(20), issuer_name="Other TEST"),
                over(20),
                Refusal.MALFORMED,
                id="other digit table",
            ),
        ],
    )
    def test_they_leave_no_entry(self, nvm: Nvm, at: Terminal, asked: Predicate, refusal: Refusal) -> None:
        request = world.request_of(at, Question(predicates=(asked,)))
        with insert(nvm) as connection:
            channel = selected(connection)
            credential.describe_terminal(channel, at.description_octets)
            before = world.records_of(nvm)
            with pytest.raises(PresentationRefused) as caught:
                statements.present(channel, at, request)
        assert caught.value.refusal is refusal
        assert world.records_of(nvm) == before

    def test_nor_does_one_without_terminal_credential_or_form(self, nvm: Nvm) -> None:
        for records, describe in ((world.card_with_parameters(), True), (sample_card(), False)):
            memory = Nvm.in_memory(records)
            with insert(memory) as connection:
                channel = selected(connection)
                if describe:
                    credential.describe_terminal(channel, SHOP.description_octets)
                asked = world.request_of(SHOP, OF_AGE).to_octets()
                for request, statement in ((b"\xe1\x00", None), (asked, statements.slots())):
                    with pytest.raises(PresentationRefused):
                        credential.present(channel, request, statement=statement)
            assert world.records_of(memory) == dict(records)

    def test_a_second_question_in_a_session_leaves_none(self, nvm: Nvm) -> None:
        with insert(nvm) as connection:
            channel = selected(connection)
            assert [status(channel) for _ in range(3)] == [
                codes.SW_OK,
                codes.SW_NO_CURRENT_FILE,
                codes.SW_NO_CURRENT_FILE,
            ]
        assert only_entry(nvm).sequence == 1


class TestWhoReads:
    @pytest.fixture
    def channel(self, nvm: Nvm) -> Channel:
        """A card with one entry, selected."""
        use(nvm)
        channel = Channel(insert(nvm))
        Application.select(channel)
        return channel

    def test_nobody_without_the_pin(self, channel: Channel) -> None:
        for place in (0, 1, 31):
            answer = channel.send(CommandAPDU(cla=0x80, ins=codes.INS_LOG, p1=0, p2=place, le=256))
            assert (answer.sw, answer.data) == (codes.SW_SECURITY_STATUS, b"")
        with pytest.raises(HolderNeededError) as caught:
            read_log(channel)
        assert "PIN" in caught.value.hint

    def test_a_wrong_pin_closes_it_again(self, channel: Channel) -> None:
        verify_pin(channel, Pin(PIN))
        assert len(read_log(channel)) == 1
        with pytest.raises(CardRefused):
            verify_pin(channel, Pin(WRONG_PIN))
        with pytest.raises(HolderNeededError):
            read_log(channel)

    def test_the_pin_holds_until_the_card_is_taken_out_or_selected_anew(self, channel: Channel) -> None:
        for leave in (channel.reset, lambda: None):
            verify_pin(channel, Pin(PIN))
            assert len(read_log(channel)) == 1
            leave()
            Application.select(channel)
            with pytest.raises(HolderNeededError):
                read_log(channel)

    @pytest.mark.parametrize("pin_first", [True, False])
    def test_no_shop_that_got_the_pin_for_its_own_question(self, channel: Channel, pin_first: bool) -> None:
        if pin_first:
            verify_pin(channel, Pin(PIN))
        credential.describe_terminal(channel, SHOP.description_octets)
        if not pin_first:
            verify_pin(channel, Pin(PIN))
        with pytest.raises(HolderNeededError):
            read_log(channel)

    @pytest.mark.parametrize(
        ("apdu", "sw"),
        [
            ("8038010000", "6A86"),
            ("8038002000", "6A86"),
            ("803800FF00", "6A86"),
            ("80380000", "6700"),
            ("803800000100", "6700"),
            ("80380000010000", "6700"),
            ("8038000100", "6A83"),
            ("8038001F00", "6A83"),
        ],
    )
    def test_malformed_and_beyond_the_end(self, channel: Channel, apdu: str, sw: str) -> None:
        verify_pin(channel, Pin(PIN))
        assert channel.connection.transmit(bytes.fromhex(apdu)).hex().upper() == sw

    def test_a_new_card_has_an_empty_log_that_its_holder_reads(self) -> None:
        with world.in_memory(world.new_card()) as card:
            channel = Channel(card.connection)
            Application.select(channel)
            change_pin(channel, TransportPin(world.TRANSPORT_PIN), Pin(PIN))
            verify_pin(channel, Pin(PIN))
            assert read_log(channel) == ()
