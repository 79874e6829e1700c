"""Every check of a terminal on statements, slots, lists and receipts: an attack that passes without it alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import CVCA
from tests.fixtures.revocation import DEVELOPMENT, STANDARD, Publisher, token_under
from tests.fixtures.world import HANAKO_20_TODAY, ICHIRO_67, TODAY, Records, Wire, in_memory, over
from tests.negative.mutants import Mutation

from mumei.revocation.lists import RevocationList
from mumei.revocation.store import ListStore
from mumei.session import credential as session
from mumei.session.channel import Channel
from mumei.terminal import check, receipt
from mumei.terminal.calendar import EpochStatement, StoredCalendar
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question
from mumei.terminal.receipt import Claim, Receipt, verify_receipt
from mumei.terminal.revocation_check import RevocationCheck
from mumei.terminal.revocation_folder import RevocationFolder
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import Outcome, Reason, RevocationState
from mumei_core.commands import codes
from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.curve import BP1, Point
from mumei_core.crypto.hash_to_curve import slot_points
from mumei_core.crypto.revocation.messages import DIGEST_LENGTH, SALT_LENGTH, Token
from mumei_core.crypto.revocation.tree import SlotTree
from mumei_core.dates import day_number
from mumei_core.eac.signature import SigningKey
from mumei_core.epoch_statements import EpochRecord, RecogniseRecord, SlotRecord
from mumei_core.epochs import SLOTS, bucket_of, epoch_of
from mumei_core.errors import DataError, InvalidProof, TrustError
from mumei_core.presentation.messages import Presentation
from mumei_core.statements import SignedStatement

AGE = Question(predicates=(over(20),))
CONTEXT = b"sake.example"
EPOCH = epoch_of(day_number(TODAY))
LOST, MINE = world.sample_card(ICHIRO_67), world.sample_card(HANAKO_20_TODAY)
STRANGER = SigningKey(0x5EED)


def ask(records: Records, at: Terminal) -> tuple[Visit, int]:
    """The visit, and after how many exchanges it was over."""
    with in_memory(records) as card:
        wire = Wire(card.connection)
        return visit(Channel(wire), at, AGE, today=TODAY), wire.exchanges


def outcome(records: Records, at: Terminal) -> tuple[Outcome, Reason]:
    verdict = ask(records, at)[0].verdict
    return verdict.outcome, verdict.reason


def with_lists(at: Terminal, folder: Path, *reported: Records) -> Terminal:
    return DEVELOPMENT.informed(at, folder, *reported)


def planted(at: Terminal, record: EpochRecord) -> Terminal:
    """The same terminal, whose statement authority and auditor have both signed though they must not."""
    octets = record.to_octets()
    signed = SignedStatement(
        record=octets,
        authority=DEVELOPMENT.authority.sign(octets),
        auditor=DEVELOPMENT.auditor.sign(octets),
    )
    statement = EpochStatement(octets=signed.to_octets(), record=record)
    return replace(at, revocation=replace(at.revocation, calendar=StoredCalendar((statement,))))


NO_COMPARISON = Mutation(owner=EpochStatement, name="check_points", old="if not right:", new="if False:")


class TestPoints:
    def test_a_tree_over_other_points(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        points = slot_points(EPOCH, bucket_of(CONTEXT))
        tree = SlotTree((*points[1:], points[0]))
        record = SlotRecord(epoch=EPOCH, bucket=bucket_of(CONTEXT), root=tree.root)
        at = planted(with_lists(world.terminal(over(20)), tmp_path), record)
        with monkeypatch.context() as mutant:
            NO_COMPARISON.apply(mutant)
            assert ask(MINE, at)[1] > 0, "the card was asked, and burned a slot"
        answer, exchanges = ask(MINE, at)
        assert (answer.verdict.reason, exchanges) == (Reason.WRONG_STATEMENT, 0)

    def test_a_point_that_fetches_what_is_on_file_beside_the_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With BP1 for R the token is F_0, which the office keeps of every card (2.2)."""
        shop = world.terminal(over(20), recognise=True)
        at = planted(
            with_lists(shop, tmp_path),
            RecogniseRecord(epoch=EPOCH, rp_context=CONTEXT, R=BP1.to_uncompressed()),
        )
        with monkeypatch.context() as mutant:
            NO_COMPARISON.apply(mutant)
            assert token_under(BP1, MINE) in (ask(MINE, at)[0].wire or b"")
        answer, exchanges = ask(MINE, at)
        assert (answer.verdict.reason, exchanges) == (Reason.WRONG_STATEMENT, 0)

    def test_such_a_statement_is_not_even_taken_in(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = world.terminal(over(20), recognise=True)
        record = RecogniseRecord(epoch=EPOCH, rp_context=CONTEXT, R=BP1.to_uncompressed())
        calendar = planted(shop, record).revocation.calendar
        (statement,) = calendar.statements(CONTEXT, day_number(TODAY), recognise=True)
        file = tmp_path / "bad.statement"
        file.write_bytes(statement.octets)
        opened = DEVELOPMENT.open(shop, tmp_path)
        with monkeypatch.context() as mutant:
            NO_COMPARISON.apply(mutant)
            assert opened.take_in(file, TODAY)[0].new == 1
        with pytest.raises(TrustError, match="other points"):
            opened.take_in(file, TODAY)

    @pytest.mark.parametrize(
        "forger",
        [
            Publisher(authority=STRANGER, auditor=DEVELOPMENT.auditor),
            Publisher(authority=DEVELOPMENT.authority, auditor=STRANGER),
        ],
        ids=["authority", "auditor"],
    )
    def test_a_statement_that_one_alone_has_signed(
        self, tmp_path: Path, forger: Publisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = DEVELOPMENT.open(world.terminal(over(20)), tmp_path)
        file = forger.statement(tmp_path / "stick", CONTEXT)
        with monkeypatch.context() as mutant:
            Mutation(
                owner=RevocationFolder,
                name="_judge",
                old="SignedStatement.from_octets(statement.octets).check(signers.authority, signers.auditor)",
                new="pass",
            ).apply(mutant)
            assert opened.take_in(file, TODAY)[0].new == 1
        with pytest.raises(TrustError, match="not signed"):
            opened.take_in(file, TODAY)


class TestLookUp:
    @pytest.mark.parametrize(
        "mutation",
        [
            Mutation(owner=check, name="_settle", old="if verified.token is not None:", new="if False:"),
            Mutation(
                owner=check,
                name="_settle",
                old="if revocation.state is RevocationState.REPORTED:",
                new="if False:",
            ),
            Mutation(
                owner=RevocationCheck,
                name="look_up",
                old="found.holds(shown.K.to_octets())",
                new="False",
            ),
            Mutation(
                owner=RevocationCheck,
                name="look_up",
                old="bucket_of(rights.rp_context), shown.k)",
                new="bucket_of(rights.rp_context), shown.k ^ 1)",
            ),
        ],
        ids=["no look-up", "result ignored", "never found", "another slot's list"],
    )
    def test_a_reported_card(
        self, tmp_path: Path, mutation: Mutation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = with_lists(world.terminal(over(20)), tmp_path, LOST)
        with monkeypatch.context() as mutant:
            mutation.apply(mutant)
            assert outcome(LOST, at)[0] is Outcome.ACCEPT
        assert outcome(LOST, at) == (Outcome.DENY, Reason.REPORTED)

    def test_a_terminal_that_asks_for_no_token(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        at = with_lists(world.terminal(over(20)), tmp_path, LOST)
        with monkeypatch.context() as mutant:
            Mutation(
                owner=RevocationCheck, name="plan", old="if self.rule is not Rule.OFF:", new="if False:"
            ).apply(mutant)
            assert outcome(LOST, at)[0] is Outcome.ACCEPT
        assert outcome(LOST, at) == (Outcome.DENY, Reason.REPORTED)

    def test_a_list_that_anybody_signed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever hands the stick over has a card that was reported."""
        shop = world.terminal(over(20))
        forger = Publisher(authority=STRANGER, auditor=DEVELOPMENT.auditor)
        stick = tmp_path / "stick"
        forger.lists(stick, CONTEXT)
        opened = DEVELOPMENT.open(shop, tmp_path / "terminal")
        opened.folder.mkdir()
        with monkeypatch.context() as mutant:
            Mutation(
                owner=RevocationList,
                name="check",
                old="self.header.check(self.signature, authority_keys)",
                new="pass",
            ).apply(mutant)
            opened.take_in(stick, TODAY)
            assert outcome(LOST, replace(shop, revocation=opened.check()))[0] is Outcome.ACCEPT
        # It is checked again when it is loaded.
        assert outcome(LOST, replace(shop, revocation=opened.check()))[0] is Outcome.CANNOT_DECIDE
        with pytest.raises(TrustError):
            opened.take_in(stick, TODAY)

    def test_last_mondays_list_once_more(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shop = world.terminal(over(20))
        opened = DEVELOPMENT.open(shop, tmp_path / "terminal")
        opened.folder.mkdir()
        DEVELOPMENT.lists(tmp_path / "old", CONTEXT, MINE)
        DEVELOPMENT.lists(tmp_path / "new", CONTEXT, LOST, number=2)

        def state() -> Outcome:
            return outcome(LOST, replace(shop, revocation=opened.check()))[0]

        opened.take_in(tmp_path / "new", TODAY)
        assert state() is Outcome.DENY
        with pytest.raises(TrustError, match="older"):
            opened.take_in(tmp_path / "old", TODAY)
        assert state() is Outcome.DENY
        with monkeypatch.context() as mutant:
            Mutation(
                owner=ListStore,
                name="_take",
                old="if held is not None and found.header.number <= held.header.number:",
                new="if False:",
            ).apply(mutant)
            opened.take_in(tmp_path / "old", TODAY)
        assert state() is Outcome.ACCEPT


class Liar(Wire):
    """Between a card and its reader in plain: answers PREPARE as it likes."""

    said = b""

    def transmit(self, apdu: bytes) -> bytes:
        answer = super().transmit(apdu)
        return self.said + answer[-2:] if apdu[1] == codes.INS_PREPARE else answer


class TestSlot:
    @pytest.mark.parametrize(
        "said", [b"\x10", b"\xff", b"", b"\x00\x00"], ids=lambda said: said.hex() or "none"
    )
    def test_a_slot_that_is_none(self, tmp_path: Path, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        at = with_lists(world.terminal(over(20)), tmp_path)

        def visited() -> Visit:
            with in_memory(MINE) as card:
                wire = Liar(card.connection)
                wire.said = said
                return visit(Channel(wire), at, AGE, today=TODAY)

        with monkeypatch.context() as mutant:
            Mutation(
                owner=session,
                name="prepare",
                old="if len(answer) != 1 or answer[0] >= SLOTS:",
                new="if False:",
            ).apply(mutant)
            if len(said) == 1:
                with pytest.raises(IndexError):
                    visited()
        answer = visited()
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.DENY, Reason.INVALID_PROOF)
        assert "slot" in answer.verdict.detail

    @pytest.mark.parametrize("k", range(SLOTS))
    def test_another_slot_than_the_one_that_was_burned(self, tmp_path: Path, k: int) -> None:
        """The card answers for the slot that it has drawn, and takes no other point."""
        at = with_lists(world.terminal(over(20)), tmp_path)
        with in_memory(MINE) as card:
            wire = Liar(card.connection)
            wire.said = bytes([k])
            answer = visit(Channel(wire), at, AGE, today=TODAY)
        verdict = answer.verdict
        taken = answer.wire is not None
        assert (verdict.outcome, taken) in ((Outcome.ACCEPT, True), (Outcome.DENY, False))
        assert taken or (verdict.reason is Reason.INVALID_PROOF and "slot" in verdict.detail)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Receipt:
    """Of an accepted visit with a token."""
    at = STANDARD.informed(standard.terminal(over(20)), tmp_path_factory.mktemp("sake"))
    answer = standard.ask(standard.sample_card(), AGE, at=at)
    assert answer.verdict.revocation.state is RevocationState.NOT_REPORTED
    return Receipt.of(answer)


class TestReceipts:
    """Of a standard terminal, whose signature attests what it looked up."""

    @staticmethod
    def verify(given: Receipt) -> RevocationState:
        return verify_receipt(given, standard.parameters(), root=CVCA.certificate).revocation.state

    def test_it_says_that_the_card_was_looked_up(self, kept: Receipt) -> None:
        assert self.verify(kept) is RevocationState.NOT_REPORTED

    def test_a_list_that_the_terminal_never_saw(self, kept: Receipt, monkeypatch: pytest.MonkeyPatch) -> None:
        claim = Claim.from_octets(kept.verdict)
        forged = replace(kept, verdict=replace(claim, number=99).to_octets())
        with monkeypatch.context() as mutant:
            Mutation(
                owner=receipt,
                name="_check_attested",
                old="verify(key, receipt.attested, receipt.signature)",
                new="pass",
            ).apply(mutant)
            assert self.verify(forged) is RevocationState.NOT_REPORTED
        with pytest.raises(InvalidProof):
            self.verify(forged)

    def test_a_check_that_was_made_and_is_denied(self, kept: Receipt) -> None:
        for verdict in (
            Claim(state=RevocationState.NOT_CHECKED),
            Claim(state=RevocationState.REPORTED, epoch=EPOCH, number=1),
            Claim(state=RevocationState.NOT_REPORTED, epoch=EPOCH - 1, number=1),
        ):
            with pytest.raises(InvalidProof, match="does not hold") as caught:
                self.verify(replace(kept, verdict=verdict.to_octets()))
            assert "verdict" in caught.value.reason

    def test_damaged_claims(self, kept: Receipt) -> None:
        for verdict in (b"\x00", b"\x84", kept.verdict + b"\x00", b"\x83\x01\x02\x03"):
            with pytest.raises(DataError):
                self.verify(replace(kept, verdict=verdict))

    def test_the_statement_is_of_this_place_and_day_and_of_its_own_points(
        self, kept: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        others = STANDARD.statement(tmp_path / "others", b"another.example").read_bytes()
        planted_root = SlotRecord(epoch=EPOCH, bucket=bucket_of(CONTEXT), root=bytes(32)).to_octets()
        forged = SignedStatement(record=planted_root, authority=bytes(64), auditor=bytes(64)).to_octets()
        for statement in (others, forged, b""):
            with pytest.raises(InvalidProof) as caught:
                self.verify(replace(kept, statement=statement))
            assert "statement" in caught.value.reason
        with monkeypatch.context() as mutant:
            NO_COMPARISON.apply(mutant)
            with pytest.raises(InvalidProof) as caught:
                self.verify(replace(kept, statement=forged))
        assert "statement" not in caught.value.reason

    def test_who_comes_by_the_handle_can_test_the_answer_and_not_the_receipt(self, tmp_path: Path) -> None:
        at = with_lists(world.terminal(over(20)), tmp_path)
        answer, _ = ask(MINE, at)
        request, digest = Request.from_octets(answer.request), Receipt.of(answer).wire[-DIGEST_LENGTH:]
        whole = Presentation.from_octets(answer.wire or b"", request)
        kept = Presentation.from_octets(Receipt.of(answer).wire, request, receipt=True)
        assert kept == replace(whole, token=digest)
        assert isinstance(whole.token, Token)
        found = []
        for k, point in enumerate(slot_points(EPOCH, bucket_of(CONTEXT))):
            K = Point.from_octets(token_under(point, MINE))
            t_K = point * whole.m_hat[Index.REVOCATION_HANDLE] - K * whole.c
            found += [
                Token(salt=salt, k=k, K=K).digest(t_K) == digest
                for salt in (whole.token.salt, bytes(SALT_LENGTH))
            ]
        # With the salt, that only the terminal ever had, one of them fits; without it none does.
        assert sum(found[::2]) == 1 and not any(found[1::2])
        assert whole.token.salt not in Receipt.of(answer).wire

    def test_a_token_is_in_no_receipt(self, kept: Receipt) -> None:
        """Who keeps the whole answer could test it against any handle that comes up later."""
        old = replace(kept, statement=b"", verdict=b"", signature=b"")
        with pytest.raises(DataError, match="tested against cards"):
            self.verify(old)
