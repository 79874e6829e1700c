"""The main job in process: cards are issued, shops learn the answer and nothing else (protocol 2.2-2.4, 2.7)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures import world
from tests.fixtures.world import (
    HANAKO_20_TODAY,
    ICHIRO_67,
    KODOMO_11,
    PIN,
    SAYURI_TOKYO,
    TARO_20_TOMORROW,
    TODAY,
    TOMORROW,
    URUU_29_FEBRUARY,
    ask,
    born,
    issued_card,
    over,
    sample_card,
    terminal,
    under,
)

from mumei.terminal.check import Visit, build_request
from mumei.terminal.question import Question, born_after, born_before
from mumei.terminal.verdict import Outcome, Reason
from mumei_core.commands.request import Predicate
from mumei_core.credential import Index
from mumei_core.errors import InvalidProof, UsageError

ACCEPT, DENY, CANNOT_DECIDE = Outcome.ACCEPT, Outcome.DENY, Outcome.CANNOT_DECIDE


def outcome(answer: Visit) -> Outcome:
    return answer.verdict.outcome


def reason(answer: Visit) -> Reason:
    return answer.verdict.reason


class TestAges:
    @pytest.mark.parametrize(
        ("place", "predicate", "expected"),
        [
            pytest.param(HANAKO_20_TODAY, over(20), ACCEPT, id="20 today is 20 or over"),
            pytest.param(HANAKO_20_TODAY, under(20), DENY, id="20 today is not under 20"),
            pytest.param(TARO_20_TOMORROW, over(20), DENY, id="20 tomorrow is not yet 20"),
            pytest.param(TARO_20_TOMORROW, under(20), ACCEPT, id="20 tomorrow is under 20"),
            pytest.param(TARO_20_TOMORROW, over(18), ACCEPT, id="19 is 18 or over"),
            pytest.param(URUU_29_FEBRUARY, over(20), ACCEPT, id="22, born on 29 February"),
            pytest.param(ICHIRO_67, over(65), ACCEPT, id="67 is 65 or over"),
            pytest.param(ICHIRO_67, over(70), DENY, id="67 is not 70"),
            pytest.param(KODOMO_11, under(12), ACCEPT, id="11 is under 12"),
            pytest.param(KODOMO_11, over(12), DENY, id="11 is not 12"),
            pytest.param(KODOMO_11, over(20), DENY, id="11 is not 20"),
            pytest.param(ICHIRO_67, under(12), DENY, id="67 is not under 12"),
        ],
    )
    def test_sample_residents_today(self, place: int, predicate: Predicate, expected: Outcome) -> None:
        answer = ask(sample_card(place), Question(predicates=(predicate,)))
        assert outcome(answer) is expected
        assert reason(answer) is (Reason.PROVEN if expected is ACCEPT else Reason.CANNOT_PROVE)

    def test_who_is_denied_today_is_accepted_on_the_birthday(self) -> None:
        card, at = sample_card(TARO_20_TOMORROW), terminal(over(20))
        question = Question(predicates=(over(20),))
        assert outcome(ask(card, question, at=at, today=TODAY)) is DENY
        assert outcome(ask(card, question, at=at, today=TOMORROW)) is ACCEPT

    @pytest.mark.parametrize(
        ("birth", "years", "day", "of_age"),
        [
            pytest.param(date(2004, 2, 29), 20, date(2024, 2, 28), False, id="leap year, 28 February"),
            pytest.param(date(2004, 2, 29), 20, date(2024, 2, 29), True, id="leap year, 29 February"),
            pytest.param(date(2004, 2, 29), 20, date(2024, 3, 1), True, id="leap year, 1 March"),
            pytest.param(date(2008, 2, 29), 15, date(2023, 2, 28), False, id="common year, 28 February"),
            pytest.param(date(2008, 2, 29), 15, date(2023, 3, 1), True, id="common year, 1 March"),
            pytest.param(date(2004, 2, 28), 20, date(2024, 2, 28), True, id="born on the 28th, on the 28th"),
            pytest.param(
                date(2004, 3, 1), 20, date(2024, 2, 29), False, id="born on 1 March, on 29 February"
            ),
            pytest.param(
                date(2005, 2, 28), 15, date(2020, 2, 28), True, id="born on the 28th, common to leap"
            ),
        ],
    )
    def test_born_around_29_february(self, birth: date, years: int, day: date, of_age: bool) -> None:
        card = issued_card(born(birth), on=date(day.year, 1, 15))
        assert outcome(ask(card, Question(predicates=(over(years),)), today=day)) is (
            ACCEPT if of_age else DENY
        )
        assert outcome(ask(card, Question(predicates=(under(years),)), today=day)) is (
            DENY if of_age else ACCEPT
        )

    @pytest.mark.parametrize("years", [1, 21, 66, 68, 99, 146])
    def test_any_other_age_with_the_pin(self, years: int) -> None:
        card = sample_card(ICHIRO_67)
        assert outcome(ask(card, Question(predicates=(over(years),)), pin=PIN)) is (
            ACCEPT if years <= 67 else DENY
        )
        assert outcome(ask(card, Question(predicates=(under(years),)), pin=PIN)) is (
            DENY if years <= 67 else ACCEPT
        )

    @pytest.mark.parametrize("birth", [date(1880, 1, 1), TODAY - timedelta(days=1), TODAY])
    def test_the_oldest_and_the_youngest_there_are(self, birth: date) -> None:
        card = issued_card(born(birth))
        aged = birth.year == 1880
        assert outcome(ask(card, Question(predicates=(over(12),)))) is (ACCEPT if aged else DENY)
        assert outcome(ask(card, Question(predicates=(under(12),)))) is (DENY if aged else ACCEPT)

    def test_the_whole_range_of_days_is_65536_and_beyond_it_nothing_is_proven(self) -> None:
        birth = date(1880, 1, 1)
        card = issued_card(born(birth))
        last = birth + timedelta(days=65_535)
        accepted = Question(predicates=(born_before(last + timedelta(days=1)),))
        refused = Question(predicates=(born_before(last + timedelta(days=2)),))
        assert outcome(ask(card, accepted, pin=PIN)) is ACCEPT
        assert reason(ask(card, refused, pin=PIN)) is Reason.CANNOT_PROVE


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    birth=st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    day=st.dates(date(2021, 1, 1), date(2030, 12, 31)),
    years=st.integers(1, 120),
    nearby=st.sampled_from((None, -1, 0, 1)),
)
def test_the_answer_is_the_age_as_people_count_it(
    birth: date, day: date, years: int, nearby: int | None
) -> None:
    if nearby is not None:
        # Around the birthday, and around the age: where the mistakes would be.
        day = date(day.year, birth.month, min(birth.day, 28)) + timedelta(days=nearby)
        years = max(1, day.year - birth.year)
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    card = issued_card.__wrapped__(born(birth), on=day)
    assert (outcome(ask(card, Question(predicates=(over(years),)), today=day, pin=PIN)) is ACCEPT) == (
        age >= years
    )
    assert (outcome(ask(card, Question(predicates=(under(years),)), today=day, pin=PIN)) is ACCEPT) == (
        age < years
    )


class TestBirthDates:
    def test_born_before_and_after_do_not_hold_on_the_day_itself(self) -> None:
        resident = world.residents()[HANAKO_20_TODAY]
        card, day, step = sample_card(), resident.birth_date, timedelta(days=1)
        for predicate, expected in (
            (born_before(day), DENY),
            (born_before(day + step), ACCEPT),
            (born_after(day), DENY),
            (born_after(day - step), ACCEPT),
        ):
            assert outcome(ask(card, Question(predicates=(predicate,)), pin=PIN)) is expected

    def test_several_predicates_hold_together_or_not_at_all(self) -> None:
        card = sample_card(ICHIRO_67)
        assert outcome(ask(card, Question(predicates=(over(65), under(70))))) is ACCEPT
        assert outcome(ask(card, Question(predicates=(over(65), over(70))))) is DENY
        four = (over(18), over(20), over(60), under(70))
        answer = ask(card, Question(predicates=four))
        assert outcome(answer) is ACCEPT
        assert answer.verdict.proven == ("18 or over", "20 or over", "60 or over", "under 70")

    def test_a_fifth_predicate_is_too_many(self) -> None:
        with pytest.raises(UsageError, match="at most 4 predicates"):
            ask(sample_card(), Question(predicates=(over(12), over(15), over(18), over(20), under(65))))


class TestWhereFrom:
    def test_the_prefecture_is_shown_and_compared(self) -> None:
        question = Question(prefecture=world.GIFU)
        at_home, elsewhere = ask(sample_card(), question), ask(sample_card(SAYURI_TOKYO), question)
        assert (outcome(at_home), reason(at_home)) == (ACCEPT, Reason.PROVEN)
        assert (outcome(elsewhere), reason(elsewhere)) == (DENY, Reason.ELSEWHERE)
        assert at_home.verdict.disclosed == {"prefecture": "21"}

    def test_prefecture_and_age_in_one_question(self) -> None:
        question = Question(predicates=(under(12),), prefecture=world.GIFU)
        assert outcome(ask(sample_card(KODOMO_11), question)) is ACCEPT
        assert outcome(ask(sample_card(ICHIRO_67), question)) is DENY

    def test_every_attribute_is_shown_as_the_office_has_it(self) -> None:
        resident = world.residents()[HANAKO_20_TODAY]
        answer = ask(sample_card(), Question(disclose=tuple(range(5))))
        assert answer.verdict.disclosed == {
            "birth_date": resident.birth_date.isoformat(),
            "prefecture": "21",
            "municipality": "212016",
            "civil_identity": f"{resident.name} ({resident.reading}), {resident.address}",
            "resident_code": resident.resident_code.digits,
        }


class TestPseudonyms:
    FORUM = Question(pseudonym=True)

    def pseudonym(self, records: world.Records, context: str) -> bytes:
        found = ask(records, self.FORUM, at=world.terminal_for(self.FORUM, context=context)).verdict.pseudonym
        assert found is not None
        return found

    def test_the_same_person_is_known_again_at_one_place_and_nowhere_else(self) -> None:
        first = self.pseudonym(sample_card(), "forum.example")
        assert self.pseudonym(sample_card(), "forum.example") == first
        assert self.pseudonym(sample_card(), "library.example") != first
        assert self.pseudonym(sample_card(SAYURI_TOKYO), "forum.example") != first

    def test_all_terminals_of_one_context_see_the_same_pseudonym(self) -> None:
        other_till = terminal(over(20), context="forum.example", pseudonym=True, show=(Index.PREFECTURE,))
        answer = ask(sample_card(), Question(predicates=(over(20),), pseudonym=True), at=other_till)
        assert answer.verdict.pseudonym == self.pseudonym(sample_card(), "forum.example")

    def test_without_being_asked_for_there_is_none(self) -> None:
        assert ask(sample_card(), Question(predicates=(over(20),))).verdict.pseudonym is None


class TestLearnsOnlyTheAnswer:
    def test_two_visits_share_nothing_but_what_all_cards_of_the_issuer_share(self) -> None:
        question, at = Question(predicates=(over(18),)), terminal(over(18))
        first, second = ask(sample_card(), question, at=at).wire, ask(sample_card(), question, at=at).wire
        stranger = ask(sample_card(ICHIRO_67), question, at=at).wire
        assert first is not None and second is not None and stranger is not None
        assert len(first) == len(second) == len(stranger) == 828
        # valid_until and the issuer's key; after that not one window of 8 octets comes back.
        assert first[:12] == second[:12] == stranger[:12]
        seen = {first[i : i + 8] for i in range(12, len(first) - 7)}
        assert not any(second[i : i + 8] in seen for i in range(12, len(second) - 7))

    @pytest.mark.parametrize("question", [Question(predicates=(over(12),)), Question(pseudonym=True)])
    def test_no_attribute_and_no_stored_octets_are_in_an_answer(self, question: Question) -> None:
        records = sample_card()
        wire = ask(records, question).wire
        assert wire is not None
        resident = world.residents()[HANAKO_20_TODAY]
        assert resident.resident_code.digits.encode() not in wire
        credential = records["credential"]
        stored = {credential[i : i + 12] for i in range(len(credential) - 11)}
        # The issuer's key, named by its hash, is the one thing that card and answer have in common.
        assert not any(wire[i : i + 12] in stored for i in range(12, len(wire) - 11))

    def test_the_answer_is_as_long_whoever_it_is(self) -> None:
        for question in (
            Question(predicates=(over(12),)),
            Question(predicates=(over(12),), pseudonym=True),
            Question(prefecture=world.GIFU),
        ):
            cards = (sample_card(HANAKO_20_TODAY), sample_card(ICHIRO_67), sample_card(SAYURI_TOKYO))
            lengths = {len(ask(records, question).wire or b"") for records in cards}
            assert len(lengths) == 1


class TestTransactions:
    QUESTION = Question(predicates=(over(20),), transaction=bytes(range(100, 132)))

    def test_the_holder_signs_a_file_and_is_not_named(self) -> None:
        answer = ask(sample_card(), self.QUESTION)
        assert outcome(answer) is ACCEPT
        assert answer.verdict.transaction == self.QUESTION.transaction
        assert answer.verdict.pseudonym is None and answer.verdict.disclosed == {}

    def test_a_signature_alone_is_a_question(self) -> None:
        answer = ask(sample_card(), Question(transaction=bytes(32)))
        assert outcome(answer) is ACCEPT
        assert answer.verdict.transaction == bytes(32)

    def test_it_does_not_hold_for_another_file(self) -> None:
        at = terminal(over(20))
        answer = ask(sample_card(), self.QUESTION, at=at)
        assert answer.wire is not None
        request = build_request(at, self.QUESTION, bytes(32), TODAY)
        with pytest.raises(InvalidProof):
            at.verifier.verify(request.to_octets(), answer.wire)

    def test_who_is_refused_signs_nothing(self) -> None:
        answer = ask(sample_card(KODOMO_11), self.QUESTION)
        assert outcome(answer) is DENY
        assert answer.verdict.transaction is None
