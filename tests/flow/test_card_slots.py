"""Tokens on the card: PREPARE and PRESENT, slots that are burned, a calendar that statements move (2.3, 2.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.fixtures import statements, world
from tests.fixtures.slot_sessions import ANY_SLOT, OVER_20, Card, asking, inserted, shop
from tests.fixtures.statements import AUDITOR, AUTHORITY, EPOCH, SAKE, signed, slot_record, week_of
from tests.fixtures.world import TODAY, TOMORROW, over, request_of, terminal

from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei_card.applet.calendar import RECORD_EPOCH
from mumei_card.applet.records import RECORD_LAST_DATE, day_to_bytes
from mumei_card.applet.slots import RECORD_SLOT_KEY
from mumei_core.commands import codes
from mumei_core.commands.card_log import Outcome
from mumei_core.commands.request import RecogniseToken, Request, SlotToken
from mumei_core.commands.slot_point import SlotPoint
from mumei_core.dates import date_of
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import SLOT_ROWS, SLOTS, SLOTS_OF_ONE_CONTEXT, bucket_of, first_day
from mumei_core.presentation.verifier import Verified


@pytest.fixture
def card() -> Iterator[Card]:
    with inserted() as ready:
        yield ready


def verified(request: Request, answer: bytes) -> Verified:
    assert answer.endswith(b"\x90\x00")
    return shop().verifier.verify(request.to_octets(), answer[:-2])


class TestTheTwoCommands:
    def test_a_slot_is_named_and_its_token_presented(self, card: Card) -> None:
        k = int(card.enter().prepare(asking()))
        claim = verified(asking(), card.point(k))

        assert claim.token is not None
        assert claim.token.k == k
        assert [entry.outcome for entry in card.log] == [Outcome.PROVEN]

    def test_tokens_of_two_visits_differ_and_those_of_one_slot_agree(self, card: Card) -> None:
        tokens = {}
        for _ in range(3):
            k = int(card.enter().prepare(asking()))
            claim = verified(asking(), card.point(k))
            assert claim.token is not None
            tokens[k] = claim.token.K.to_octets()
        assert len(set(tokens.values())) == 3

    def test_what_is_prepared_uses_the_sessions_presentation(self, card: Card) -> None:
        k = int(card.enter().prepare(asking()))
        assert card.prepare(asking()) == "6986"
        assert card.present(request_of(shop(), OVER_20), statements.slots()) == "6986"
        verified(asking(), card.point(k))
        assert card.point(k) == bytes.fromhex("6986")

    @pytest.mark.parametrize(
        "fault",
        [
            lambda k: SlotPoint(
                point=statements.tree().points[(k + 1) % 16].to_uncompressed(),
                path=statements.tree().path((k + 1) % 16),
            ).to_octets(),
            lambda k: SlotPoint(
                point=statements.tree().points[k].to_uncompressed(), path=(bytes(32),) * 4
            ).to_octets(),
            lambda k: SlotPoint(
                point=statements.tree(EPOCH - 1).points[k].to_uncompressed(), path=statements.tree().path(k)
            ).to_octets(),
            lambda k: b"\xed\x00",
        ],
        ids=["another slot's", "no path", "another epoch's", "malformed"],
    )
    def test_a_wrong_point_is_the_end_of_it(self, card: Card, fault: Callable[[int], bytes]) -> None:
        k = int(card.enter().prepare(asking()))

        assert card.send(codes.INS_PRESENT, fault(k), p2=1).hex().upper() == "6A80"
        assert card.point(k) == bytes.fromhex("6986")
        assert card.prepare(asking()) == "6986"
        assert [entry.outcome for entry in card.log] == [Outcome.INTERRUPTED]
        assert len(card.burned) == 1

    def test_what_is_prepared_ends_with_the_session(self, card: Card) -> None:
        k = int(card.enter().prepare(asking()))
        assert card.enter().point(k) == bytes.fromhex("6986")

    def test_a_point_without_preparation(self, card: Card) -> None:
        before = card.records
        assert card.enter().point(0) == bytes.fromhex("6986")
        assert {**card.records, "coupon": b"", "rng_counter": b""} == {
            **before,
            "coupon": b"",
            "rng_counter": b"",
        }

    def test_each_command_wants_its_own_kind_of_token(self, card: Card) -> None:
        plain = request_of(shop(), OVER_20)
        assert card.enter().prepare(plain, statements.slots()) == "6A80"
        assert card.present(asking(), statements.slots()) == "6A80"
        assert (
            card.prepare(replace(plain, token=RecogniseToken(epoch=EPOCH)), statements.recognise()) == "6A80"
        )
        assert card.present(plain, statements.slots()) == "9000"

    def test_cannot_prove_is_said_after_the_slot_is_burned(self, card: Card) -> None:
        k = int(card.enter().prepare(asking(question=Question(predicates=(over(65),)))))
        assert card.point(k) == bytes.fromhex("6985")
        assert len(card.burned) == 1
        assert [entry.outcome for entry in card.log] == [Outcome.CANNOT_PROVE]

    def test_a_slot_without_any_predicate(self, card: Card) -> None:
        request = asking(question=Question())
        k = int(card.enter().prepare(request))
        claim = verified(request, card.point(k))
        assert claim.token is not None


class TestRefusedBeforeTheCommit:
    """Each refusal changes nothing, and the good request is answered after it."""

    def refused(
        self, card: Card, request: Request, statement: bytes, sw: str, *, at: Terminal | None = None
    ) -> None:
        card.enter(at)
        before = card.records
        assert card.prepare(request, statement) == sw
        assert card.prepare(request, statement) == sw
        assert card.records == before
        if at is None:
            assert card.prepare(asking()) in ANY_SLOT

    @pytest.mark.parametrize("place", ["authority", "auditor"])
    def test_one_signature_is_another_keys(self, card: Card, place: str) -> None:
        wrong = {place: SigningKey.generate()}
        self.refused(card, asking(), signed(slot_record(), **wrong), "6984")

    def test_signers_do_not_stand_for_each_other(self, card: Card) -> None:
        self.refused(card, asking(), signed(slot_record(), AUDITOR, AUTHORITY), "6984")
        self.refused(card, asking(), signed(slot_record(), AUTHORITY, AUTHORITY), "6984")

    def test_another_bucket(self, card: Card) -> None:
        other = next(
            f"shop{i}.example" for i in range(9) if bucket_of(f"shop{i}.example".encode()) != bucket_of(SAKE)
        )
        bucket = bucket_of(other.encode())
        request = replace(asking(), token=SlotToken(epoch=EPOCH, bucket=bucket))
        self.refused(card, request, statements.slots(EPOCH, other.encode()), "6984")

    @pytest.mark.parametrize(
        "token",
        [
            SlotToken(epoch=EPOCH - 1, bucket=bucket_of(SAKE)),
            SlotToken(epoch=EPOCH, bucket=bucket_of(SAKE) ^ 1),
        ],
    )
    def test_a_token_under_another_statement(self, card: Card, token: SlotToken) -> None:
        self.refused(card, replace(asking(), token=token), statements.slots(), "6A80")

    @pytest.mark.parametrize(
        "statement", [b"\x30\x00", statements.slots()[:-1], statements.slots() + b"\x30\x00"]
    )
    def test_no_statement_at_all(self, card: Card, statement: bytes) -> None:
        self.refused(card, asking(), statement, "6A80")

    def test_a_statement_to_recognise_by(self, card: Card) -> None:
        self.refused(card, asking(), statements.recognise(), "6A80")

    @pytest.mark.parametrize("days", [-1, 14])
    def test_a_day_that_is_not_the_statements(self, card: Card, days: int) -> None:
        monday = date_of(first_day(EPOCH))
        self.refused(card, asking(today=monday + timedelta(days=days)), statements.slots(), "6984")

    @pytest.mark.parametrize("days", [0, 13])
    def test_a_till_may_be_a_week_behind(self, card: Card, days: int) -> None:
        monday = date_of(first_day(EPOCH))
        assert card.enter().prepare(asking(today=monday + timedelta(days=days))) in ANY_SLOT

    def test_a_day_outside_the_terminals_validity(self, card: Card) -> None:
        at = terminal(over(20), first=TOMORROW)
        self.refused(card, asking(at), statements.slots(), "6984", at=at)
        ended = terminal(over(20), first=TODAY - timedelta(days=9), days=9)
        self.refused(card, asking(ended), statements.slots(), "6984", at=ended)

    def test_a_pin_that_is_wanted(self, card: Card) -> None:
        at = terminal(over(20), pin=True)
        self.refused(card, asking(at), statements.slots(), "6982", at=at)
        assert card.enter(at, pin=True).prepare(asking(at)) in ANY_SLOT

    def test_no_credential(self) -> None:
        with inserted(world.card_with_parameters()) as card:
            assert card.enter().prepare(asking()) == "6A88"


class TestTheCalendar:
    def test_it_begins_with_the_last_day_at_the_office(self, card: Card) -> None:
        assert card.burn(asking(week=EPOCH - 2)) == "6984"
        assert card.burn(asking(week=EPOCH - 1)) in ANY_SLOT

    def test_statements_move_it_forward_and_nothing_moves_it_back(self, card: Card) -> None:
        assert card.burn(asking(week=EPOCH + 3)) in ANY_SLOT
        assert card.epoch == EPOCH + 3
        assert card.burn(asking(week=EPOCH + 2)) in ANY_SLOT
        assert card.epoch == EPOCH + 3
        assert card.burn(asking(week=EPOCH + 1)) == "6984"
        assert card.epoch == EPOCH + 3

    def test_no_day_at_the_office_moves_it_once_statements_do(self) -> None:
        """A renewal's date is no statement: an office's wrong one would make all that are to come old ones."""
        renewed = {RECORD_EPOCH: EPOCH.to_bytes(4), RECORD_LAST_DATE: day_to_bytes(first_day(EPOCH + 9))}
        with inserted({**world.sample_card(), **renewed}) as card:
            assert card.burn(asking()) in ANY_SLOT
            assert card.epoch == EPOCH

    def test_one_refused_does_not_move_it(self, card: Card) -> None:
        assert card.burn(asking(week=EPOCH + 3, today=TODAY)) == "6984"
        assert card.epoch == 0
        assert card.burn(asking()) in ANY_SLOT

    def test_a_presentation_without_token_moves_it_as_well(self, card: Card) -> None:
        plain = request_of(shop(), OVER_20, today=TODAY + timedelta(days=7))
        assert card.enter().present(plain, statements.slots(EPOCH + 1)) == "9000"
        assert card.epoch == EPOCH + 1

    def test_nothing_pushes_it_beyond_the_credential(self, card: Card) -> None:
        """Who could would make all statements of this card's life old ones."""
        last = week_of(date(2027, 12, 31))
        assert card.burn(asking(week=last + 1)) == "6984"
        assert card.burn(asking(week=last)) in ANY_SLOT


class TestSlots:
    def test_twelve_without_the_pin_then_one_of_its_own_with_it(self, card: Card) -> None:
        shown = {card.burn(asking()) for _ in range(SLOTS_OF_ONE_CONTEXT)}
        assert len(shown) == SLOTS_OF_ONE_CONTEXT
        before = card.burned

        assert card.burn(asking()) == "6982"
        again = {card.burn(asking(), pin=True) for _ in range(20)}
        assert again <= shown
        assert len(again) > 1
        assert card.burned == before

    def test_another_shop_of_the_bucket_gets_what_is_left_and_never_anothers(self, card: Card) -> None:
        others = in_bucket_of_sake(2)
        shown = {card.burn(asking()) for _ in range(SLOTS_OF_ONE_CONTEXT)}
        first, second = (shop(name) for name in others)
        left = {card.burn(asking(first)) for _ in range(4)}
        assert left == ANY_SLOT - shown

        assert card.burn(asking(second)) == "6A84"
        assert card.burn(asking(second), pin=True) == "6A84"
        assert card.burn(asking(first)) == "6982"
        assert card.burn(asking(first), pin=True) in left
        assert card.burn(asking(), pin=True) in shown

    def test_the_next_epoch_has_sixteen_new_ones(self, card: Card) -> None:
        for _ in range(SLOTS_OF_ONE_CONTEXT):
            card.burn(asking())
        assert card.burn(asking(week=EPOCH + 1)) in ANY_SLOT
        assert card.burn(asking()) == "6982"

    def test_rows_of_epochs_that_have_passed_are_empty(self, card: Card) -> None:
        for _ in range(3):
            card.burn(asking())
        for _ in range(4):
            assert card.burn(asking(week=EPOCH + 2)) in ANY_SLOT
        assert {int.from_bytes(row[:4]) for row in card.burned} == {EPOCH + 2}
        assert len(card.burned) == 4

    def test_no_row_left(self) -> None:
        """All rows are of this epoch, in other buckets: a new party finds no place for its slot."""
        rows = {
            f"slot_{i:03}": EPOCH.to_bytes(4) + (1000 + i).to_bytes(2) + bytes([i % SLOTS]) + bytes(4)
            for i in range(SLOT_ROWS)
        }
        with inserted({**world.sample_card(), **rows}) as card:
            assert card.burn(asking()) == "6A84"
            assert card.burn(asking(), pin=True) == "6A84"
            assert card.burn(asking(week=EPOCH + 2)) in ANY_SLOT

    def test_a_row_tells_nothing_of_the_party_without_the_cards_key(self, card: Card) -> None:
        card.burn(asking())
        (row,) = card.burned
        tag = row[7:]
        with inserted({**world.sample_card(), RECORD_SLOT_KEY: bytes(16)}) as other:
            other.burn(asking())
            assert other.burned[0][7:] != tag

    def test_a_card_from_before_there_were_slots_draws_its_key(self) -> None:
        old = {name: value for name, value in world.sample_card().items() if name != RECORD_SLOT_KEY}
        with inserted(old) as card:
            assert {card.burn(asking()) for _ in range(SLOTS_OF_ONE_CONTEXT)} <= ANY_SLOT
            assert len(card.records[RECORD_SLOT_KEY]) == 16
            assert card.burn(asking()) == "6982"

    def test_slots_are_drawn_at_random(self) -> None:
        first = set()
        for _ in range(12):
            with inserted() as card:
                first.add(card.burn(asking()))
        assert len(first) > 3


class TestRecognising:
    AT = shop(recognise=True)

    def asked(self, at: Terminal | None = None, **changes: object) -> Request:
        given: dict[str, object] = {"token": RecogniseToken(epoch=EPOCH), **changes}
        return replace(request_of(at or self.AT, OVER_20), **given)  # type: ignore[arg-type]

    def test_the_same_card_twice_and_no_slot(self, card: Card) -> None:
        tokens = []
        for _ in range(2):
            card.enter(self.AT)
            answer = card.send(codes.INS_PRESENT, self.asked().to_octets() + statements.recognise())
            claim = verified(self.asked(), answer)
            assert claim.token is not None
            assert claim.token.k == 255
            tokens.append(claim.token.K)
        assert tokens[0] == tokens[1]
        assert not card.burned
        assert card.records[RECORD_EPOCH] == EPOCH.to_bytes(4)

    def test_only_who_has_the_right(self, card: Card) -> None:
        assert card.enter().present(self.asked(shop()), statements.recognise()) == "6982"

    def test_refused(self, card: Card) -> None:
        card.enter(self.AT)
        before = card.records
        asked = self.asked()
        other = b"forum.example"
        wrong_point = replace(statements.recognise_record(), R=statements.recognise_record(EPOCH + 1).R)
        for request, statement, sw in (
            (asked, b"", "6984"),
            (asked, statements.slots(), "6A80"),
            (asked, statements.recognise(EPOCH + 1), "6A80"),
            (asked, statements.recognise(EPOCH, other), "6984"),
            (asked, signed(wrong_point, auditor=SigningKey.generate()), "6984"),
            (replace(asked, token=None), statements.recognise(), "6A80"),
        ):
            assert card.present(request, statement) == sw
            assert card.records == before
        assert card.present(asked, statements.recognise()) == "9000"


def in_bucket_of_sake(count: int) -> list[str]:
    """Names of other shops in the same bucket."""
    names = (f"shop{i}.example" for i in range(10_000))
    found = (name for name in names if bucket_of(name.encode()) == bucket_of(SAKE))
    return [next(found) for _ in range(count)]


def test_the_statement_of_one_bucket_serves_all_its_shops() -> None:
    (other,) = in_bucket_of_sake(1)
    assert statements.slot_record(EPOCH, other.encode()) == statements.slot_record()
