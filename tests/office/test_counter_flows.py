"""The flows of the counter beside enrolment: what they do, and what they refuse before anything is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fixtures import world
from tests.fixtures.clerks import name_clerks
from tests.fixtures.plans import Card, IssuedCounter
from tests.fixtures.plans import registry as registry
from tests.fixtures.world import over

from mumei.office.cards import CardConflictError
from mumei.office.cases import Cases
from mumei.office.clerks.approvals import ApprovalNeededError, Approvals, ApprovalState
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.cancelling import cancel_plan
from mumei.office.counter.enrol import Till
from mumei.office.counter.journal import Journal
from mumei.office.counter.lost import end_report
from mumei.office.counter.overview import overview
from mumei.office.counter.plan import PlanConflictError
from mumei.office.counter.report import ReportCodes
from mumei.office.database.models_cards import CardState
from mumei.office.database.models_cases import CaseState
from mumei.office.database.models_plans import PlanKind, PlanState
from mumei.office.delivery_note import DeliveredCard, DeliveryNote
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei.session.holder import WrongPinError
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.base import CardConnection
from mumei_card.applet.records import StoredCredential
from mumei_card.applet.security_domain import SecurityDomain
from mumei_core.errors import CardRemovedError, DataError, MumeiError, UsageError, WrongCardError


@pytest.fixture
def counter(registry: Registry) -> Iterator[IssuedCounter]:
    registry.import_residents(world.residents()[:3], clerk="sato")
    yield IssuedCounter(registry=registry)


@pytest.fixture(params=["development", "standard"])
def either(request: pytest.FixtureRequest, counter: IssuedCounter) -> IssuedCounter:
    counter.standard_cards = request.param == "standard"
    return counter


def nym_of(card: Card) -> int:
    stored = StoredCredential.from_bytes(card.records["credential"])
    return stored.secrets[-1]


def plans_of(counter: IssuedCounter, resident: int = 1) -> dict[PlanKind, PlanState]:
    return {
        plan.kind: plan.state for plan in Journal(counter.registry, clerk="-").plans(resident_number=resident)
    }


class TestRenew:
    def test_a_new_credential_and_the_same_pseudonyms(self, either: IssuedCounter) -> None:
        card = either.issued()
        before = card.records["credential"]
        carried = either.renew(card)
        assert carried.plan.state is PlanState.DONE and not carried.resumed
        after = card.records["credential"]
        assert before != after and nym_of(card) == StoredCredential.from_bytes(before).secrets[-1]
        first, second = either.registry.enrolments_of(1)
        assert (first.signature, second.state.value) != (second.signature, "")
        kept = either.registry.issuings_of(1)
        assert kept[0].renewal_pseudonym == kept[1].renewal_pseudonym is not None
        assert [card.state for card in either.registry.cards_of(1)] == [CardState.ISSUED]

    def test_the_card_of_another_resident(self, either: IssuedCounter) -> None:
        either.issued(1)
        other = either.issued(2)
        before = other.records["credential"]
        with pytest.raises(WrongCardError, match="resident 1") as caught:
            either.renew(other, 1)
        assert caught.value.hint
        assert "pending" not in other.records and other.records["credential"] == before
        assert plans_of(either) == {PlanKind.ENROL: PlanState.DONE, PlanKind.RENEW: PlanState.CANCELLED}
        assert len(either.registry.enrolments_of(1)) == 1

    def test_a_card_that_was_reported_is_not_renewed(self, counter: IssuedCounter) -> None:
        card = counter.issued()
        counter.lost()
        with pytest.raises(PlanConflictError, match="no card in use") as caught:
            counter.renew(card)
        assert "mumei office found" in caught.value.hint

    def test_after_a_move_the_card_says_where(self, counter: IssuedCounter) -> None:
        card = counter.issued()
        counter.renew(card, kind=PlanKind.CHANGE)
        assert plans_of(counter)[PlanKind.CHANGE] is PlanState.DONE

    def test_cancelled_in_the_middle_the_old_credential_works(self, counter: IssuedCounter) -> None:
        card = counter.issued()
        hold = counter.journal().begin(PlanKind.RENEW, 1)
        hold.write(done={"right card": {}}, started="begin")
        number = counter.registry.begin_renewal(1, clerk="sato").number
        hold.write(done={"begin": {"enrolment": number}})
        hold.release()
        plan = cancel_plan(counter.registry, hold.plan.number, clerk="sato")
        assert plan.state is PlanState.CANCELLED
        assert counter.registry.enrolment(number).state.value == "CANCELLED"
        assert world.ask(card.records, Question(predicates=(over(20),))).verdict.outcome is Outcome.ACCEPT


class TestLostAndFound:
    def test_reported_and_found(self, counter: IssuedCounter) -> None:
        counter.issued()
        carried = counter.lost()
        assert carried.plan.result("case")["irrevocable"] in (0, 1)
        case = Cases(counter.registry).live_case_of(1)
        assert case is not None and case.words == carried.plan.result("case")["words"]
        assert counter.registry.cards_of(1)[0].state is CardState.LOST
        counter.found()
        assert counter.registry.cards_of(1)[0].state is CardState.ISSUED
        assert Cases(counter.registry).case(case.number).state is CaseState.WITHDRAWN

    def test_nothing_to_report(self, counter: IssuedCounter) -> None:
        with pytest.raises(CardConflictError) as caught:
            counter.lost()
        assert caught.value.hint
        assert plans_of(counter) == {PlanKind.LOST: PlanState.CANCELLED}

    def test_found_after_another_was_issued(self, counter: IssuedCounter) -> None:
        counter.issued()
        counter.lost()
        counter.enrol(counter.new_card(), 1, replacement=True)
        with pytest.raises(MumeiError):
            counter.found()
        assert [card.state for card in counter.registry.cards_of(1)] == [CardState.LOST, CardState.ISSUED]

    def test_by_the_code_of_the_letter(self, counter: IssuedCounter) -> None:
        counter.issued(2)
        codes = ReportCodes(counter.registry)
        enrolment = counter.registry.enrolments_of(2)[0].number
        first = codes.new_code(enrolment, clerk="sato")
        second = codes.new_code(enrolment, clerk="sato")
        assert codes.resident_of(second.lower()) == 2
        with pytest.raises(NotFoundError):
            codes.resident_of(first)
        with pytest.raises(DataError, match="misread"):
            codes.resident_of(second[:-1] + ("0" if second[-1] != "0" else "1"))


class TestReturn:
    def test_wiped_and_destroyed(self, either: IssuedCounter) -> None:
        card = either.issued()
        carried = either.give_back(card)
        assert carried.plan.result("wipe")["wiped"] is True
        assert either.registry.cards_of(1)[0].state is CardState.DESTROYED
        assert ("credential" in card.records) is not either.standard_cards

    def test_cut_in_two(self, either: IssuedCounter) -> None:
        either.issued()
        assert either.give_back(None).plan.result("wipe")["wiped"] is False
        assert either.registry.cards_of(1)[0].state is CardState.DESTROYED

    def test_a_standard_card_wants_the_right_terminal(self, counter: IssuedCounter) -> None:
        counter.standard_cards = True
        card = counter.issued()
        before = card.records["credential"]
        counter.standard_cards = False
        with pytest.raises(UsageError, match="right to it"):
            counter.give_back(card)
        assert card.records["credential"] == before
        counter.standard_cards = True
        counter.give_back(card)
        assert "credential" not in card.records


class TestUnblock:
    def test_all_tries_again(self, either: IssuedCounter) -> None:
        card = either.issued()
        if not either.standard_cards:
            from mumei.session.application import Application
            from mumei.session.channel import Channel
            from mumei.session.holder import Pin, pin_status, verify_pin

            with card.insert() as connection:
                channel = Channel(connection)
                Application.select(channel)
                for _ in range(3):
                    with pytest.raises(WrongPinError):
                        verify_pin(channel, Pin(world.WRONG_PIN))
                assert pin_status(channel).is_blocked
        either.unblock(card)
        assert plans_of(either)[PlanKind.UNBLOCK] is PlanState.DONE
        either.renew(card)


def test_what_the_office_knows(counter: IssuedCounter) -> None:
    card = counter.issued()
    counter.renew(card)
    counter.lost()
    known = overview(counter.registry, 1)
    assert [card.state for card in known.cards] == [CardState.LOST]
    assert [one.renews for one in known.enrolments] == [None, known.enrolments[0].enrolment]
    assert [plan.kind for plan in known.plans] == [PlanKind.ENROL, PlanKind.RENEW, PlanKind.LOST]
    assert len(known.cases) == 1
    with pytest.raises(NotFoundError):
        overview(counter.registry, 77)


class TestTwoPersons:
    """Revoking, wiping, a second card: nothing of it is done before somebody else has approved, and once only."""

    @pytest.fixture
    def people(self, counter: IssuedCounter) -> dict[str, ClerkSession]:
        counter.issued()
        return name_clerks(counter.registry)

    def approve(self, counter: IssuedCounter, number: int, by: ClerkSession) -> None:
        Approvals(counter.registry).decide(number, approve=True, by=by)

    def test_revoked(self, counter: IssuedCounter, people: dict[str, ClerkSession]) -> None:
        with pytest.raises(ApprovalNeededError) as needed:
            counter.lost(session=people["sato"])
        # The report holds at once.
        assert counter.registry.cards_of(1)[0].state is CardState.LOST
        assert Cases(counter.registry).cases() == ()
        with pytest.raises(ApprovalNeededError) as again:
            counter.lost(session=people["sato"])
        assert again.value.number == needed.value.number
        self.approve(counter, needed.value.number, people["mori"])
        assert counter.lost(session=people["sato"]).resumed
        assert len(Cases(counter.registry).cases()) == 1
        states = [approval.state for approval in Approvals(counter.registry).all()]
        assert states == [ApprovalState.USED]

    def test_found_before_anybody_approved(
        self, counter: IssuedCounter, people: dict[str, ClerkSession]
    ) -> None:
        with pytest.raises(ApprovalNeededError):
            counter.lost(session=people["sato"])
        counter.found()
        end_report(Till(registry=counter.registry, clerk="sato"), 1)
        assert Journal(counter.registry, clerk="-").plans(unfinished=True) == ()

    def test_wiped(self, counter: IssuedCounter, people: dict[str, ClerkSession]) -> None:
        with pytest.raises(ApprovalNeededError) as needed:
            counter.give_back(None, session=people["sato"])
        assert counter.registry.cards_of(1)[0].state is CardState.RETURNED
        self.approve(counter, needed.value.number, people["mori"])
        counter.give_back(None, session=people["sato"])
        assert counter.registry.cards_of(1)[0].state is CardState.DESTROYED

    def test_a_second_card(self, counter: IssuedCounter, people: dict[str, ClerkSession]) -> None:
        blank = counter.new_card()
        before = blank.records
        with pytest.raises(ApprovalNeededError) as needed:
            counter.enrol(blank, 1, replacement=True, session=people["sato"])
        assert blank.records == before and len(counter.registry.enrolments_of(1)) == 1
        self.approve(counter, needed.value.number, people["mori"])
        counter.enrol(blank, 1, replacement=True, session=people["sato"])
        assert [card.state for card in counter.registry.cards_of(1)] == [CardState.LOST, CardState.ISSUED]


class TestStock:
    """Where cards come with delivery notes, only such are used, and each for one enrolment."""

    def deliver(self, counter: IssuedCounter, *cards: Card) -> None:
        numbers = [
            SecurityDomain.from_bytes(card.records["security_domain"]).diversification_data for card in cards
        ]
        note = DeliveryNote(
            digest=bytes(32),
            cards=tuple(DeliveredCard(number=number, attestation=None) for number in numbers),
        )
        counter.registry.take_delivery(note, clerk="sato")

    def test_a_card_of_the_stock_and_no_other(self, counter: IssuedCounter) -> None:
        counter.standard_cards = True
        ours, also_ours, foreign = (counter.new_card() for _ in range(3))
        self.deliver(counter, ours, also_ours)
        before = foreign.records["security_domain"][:10], set(foreign.records)
        with pytest.raises(CardConflictError, match="not in the stock") as caught:
            counter.enrol(foreign)
        assert caught.value.hint
        assert (foreign.records["security_domain"][:10], set(foreign.records)) == before
        counter.enrol(ours)
        counter.assert_issued(ours)
        assert [card.number for card in counter.registry.cards_of(1)] == [None]

    def test_another_card_of_the_stock_in_between(self, counter: IssuedCounter) -> None:
        counter.standard_cards = True
        ours, also_ours = counter.new_card(), counter.new_card()
        self.deliver(counter, ours, also_ours)

        class Pulled(world.Wire):
            def __init__(self, inner: CardConnection) -> None:
                # After SELECT, EF.ATR/INFO and the two of SCP03.
                super().__init__(inner, cut_at=5)

        with pytest.raises(CardRemovedError):
            counter.enrol(ours, wire=Pulled)
        before = set(also_ours.records)
        with pytest.raises(WrongCardError, match="out of the stock"):
            counter.enrol(also_ours)
        assert set(also_ours.records) == before
        counter.enrol(ours)
        counter.assert_issued(ours)
