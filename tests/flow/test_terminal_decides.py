"""What a terminal makes of cards that it must not believe, and of holders who do not consent (2.4, 2.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.fixtures import world
from tests.fixtures.world import (
    HANAKO_20_TODAY,
    KODOMO_11,
    PIN,
    TODAY,
    TOMORROW,
    ask,
    issued_card,
    over,
    sample_card,
    terminal,
    under,
)

from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.check import Nonces, Visit, build_request, decide, visit
from mumei.terminal.question import Question, born_before
from mumei.terminal.verdict import Outcome, Reason
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.dates import day_number
from mumei_core.errors import CardRefused, TrustError, UsageError, WrongCardError

ACCEPT, DENY, CANNOT_DECIDE = Outcome.ACCEPT, Outcome.DENY, Outcome.CANNOT_DECIDE


def outcome(answer: Visit) -> Outcome:
    return answer.verdict.outcome


def reason(answer: Visit) -> Reason:
    return answer.verdict.reason


class TestTerminalDecides:
    def test_a_card_of_an_issuer_that_is_not_trusted(self) -> None:
        card = issued_card(world.residents()[HANAKO_20_TODAY], issuer_name="Elsewhere TEST")
        for question in (Question(prefecture=world.GIFU), Question(predicates=(over(20),))):
            answer = ask(card, question)
            assert (outcome(answer), reason(answer)) == (CANNOT_DECIDE, Reason.UNKNOWN_ISSUER)

    def test_an_expired_credential(self) -> None:
        card = sample_card()
        question = Question(predicates=(over(20),))
        last_day = date(2027, 12, 31)
        assert outcome(ask(card, question, today=last_day)) is ACCEPT
        late = ask(card, question, today=last_day + timedelta(days=1))
        assert (outcome(late), reason(late)) == (DENY, Reason.EXPIRED)

    def test_a_card_that_was_never_issued(self) -> None:
        for records in (world.new_card(), world.card_with_parameters()):
            answer = ask(records, Question(predicates=(over(20),)))
            assert (outcome(answer), reason(answer)) == (DENY, Reason.NO_CREDENTIAL)

    def test_a_clock_that_is_wrong(self) -> None:
        at = terminal(over(20), first=TODAY - timedelta(days=10), days=30)
        question = Question(predicates=(over(20),))
        # Cards know their newest week, and go back by one at most; their terminals' days they know as well.
        for day in (TODAY - timedelta(days=8), TODAY + timedelta(days=20)):
            answer = ask(sample_card(), question, at=at, today=day)
            assert (outcome(answer), reason(answer)) == (CANNOT_DECIDE, Reason.DATE_REFUSED)

    def test_parameters_of_another_profile_make_no_terminal(self) -> None:
        at = terminal(over(20))
        with pytest.raises(TrustError, match="different profiles") as caught:
            replace(at, parameters=replace(at.parameters, profile=codes.PROFILE_STANDARD))
        assert "evelopment" in caught.value.hint

    def test_a_card_of_another_profile_is_asked_nothing(self) -> None:
        sent: list[int] = []
        letter = PinLetter(transport_pin=world.TRANSPORT_PIN, puk=world.PUK, can="500540")
        with world.in_memory(initial_records("standard", letter)) as card:
            wire = world.Wire(card.connection, look=lambda command, _: sent.append(command[1]))
            with pytest.raises(WrongCardError, match="different profiles") as caught:
                visit(Channel(wire), terminal(over(20)), Question(predicates=(over(20),)), today=TODAY)
        assert "evelopment" in caught.value.hint
        assert sent == [codes.INS_SELECT, codes.INS_READ_BINARY]

    def test_a_question_beyond_the_terminals_rights_never_reaches_the_card(self) -> None:
        at = terminal(over(20))
        with world.in_memory(sample_card()) as card:
            wire = world.Wire(card.connection)
            for question in (
                Question(predicates=(over(18),)),
                Question(predicates=(under(20),)),
                Question(prefecture=world.GIFU),
                Question(pseudonym=True),
                Question(predicates=(born_before(TODAY),)),
                Question(),
            ):
                with pytest.raises(UsageError) as caught:
                    visit(Channel(wire), at, question, today=TODAY)
                assert caught.value.hint
            assert wire.exchanges == 0

    def test_a_replayed_answer_is_refused(self) -> None:
        at, question, nonces = terminal(over(20)), Question(predicates=(over(20),)), Nonces()
        with world.in_memory(sample_card()) as card:
            answer = visit(Channel(card.connection), at, question, today=TODAY, nonces=nonces)
        assert answer.wire is not None and outcome(answer) is ACCEPT
        again = decide(at, question, answer.request, answer.wire, today=TODAY, nonces=nonces)
        assert (again.outcome, again.reason) == (DENY, Reason.INVALID_PROOF)
        elsewhere = decide(at, question, answer.request, answer.wire, today=TODAY, nonces=Nonces())
        assert elsewhere.outcome is DENY

    def test_an_answer_altered_on_the_way_is_refused(self) -> None:
        at, question = terminal(over(20)), Question(predicates=(over(20),))
        good = ask(sample_card(), question, at=at)
        assert good.wire is not None
        for place in range(12, len(good.wire), 101):
            octets = bytearray(good.wire)
            octets[place] ^= 1
            nonces = Nonces()
            verdict = decide(at, question, good.request, bytes(octets), today=TODAY, nonces=nonces)
            assert (verdict.outcome, verdict.reason) == (DENY, Reason.INVALID_PROOF)

    def test_the_last_day_of_a_terminals_rights_counts(self) -> None:
        at = terminal(over(20), days=3)
        question = Question(predicates=(over(20),))
        assert outcome(ask(sample_card(), question, at=at, today=TODAY + timedelta(days=2))) is ACCEPT
        assert outcome(ask(sample_card(), question, at=at, today=TODAY + timedelta(days=3))) is CANNOT_DECIDE

    def test_every_verdict_of_a_development_card_says_so(self) -> None:
        for place in (HANAKO_20_TODAY, KODOMO_11):
            verdict = ask(sample_card(place), Question(predicates=(over(20),))).verdict
            assert verdict.development and "DEVELOPMENT" in verdict.text()


class TestConsent:
    def test_without_a_pin_the_terminal_cannot_decide(self) -> None:
        for question in (Question(predicates=(over(21),)), Question(predicates=(born_before(TODAY),))):
            answer = ask(sample_card(), question)
            assert (outcome(answer), reason(answer)) == (CANNOT_DECIDE, Reason.NO_CONSENT)
            assert outcome(ask(sample_card(), question, pin=PIN)) in (ACCEPT, DENY)

    def test_a_terminal_that_always_wants_the_pin(self) -> None:
        at, question = terminal(over(20), pin=True), Question(predicates=(over(20),))
        assert reason(ask(sample_card(), question, at=at)) is Reason.NO_CONSENT
        assert outcome(ask(sample_card(), question, at=at, pin=PIN)) is ACCEPT

    def test_a_wrong_pin_costs_a_try_and_the_right_one_gives_them_back(self) -> None:
        at, question = terminal(over(20), pin=True), Question(predicates=(over(20),))
        with world.in_memory(sample_card()) as card:
            channel = Channel(card.connection)
            with pytest.raises(CardRefused, match="2 tries are left"):
                visit(channel, at, question, today=TODAY, ask_pin=lambda: Pin(world.WRONG_PIN))
            answer = visit(channel, at, question, today=TODAY, ask_pin=lambda: Pin(PIN))
            assert outcome(answer) is ACCEPT
            with pytest.raises(CardRefused, match="2 tries are left"):
                visit(channel, at, question, today=TODAY, ask_pin=lambda: Pin(world.WRONG_PIN))

    def test_the_pin_is_not_asked_for_where_the_card_does_not_want_it(self) -> None:
        def must_not_ask() -> None:
            raise AssertionError("asked for a PIN")

        with world.in_memory(sample_card()) as card:
            answer = visit(
                Channel(card.connection),
                terminal(over(20)),
                Question(predicates=(over(20),)),
                today=TODAY,
                ask_pin=must_not_ask,
            )
        assert outcome(answer) is ACCEPT


def test_a_request_names_the_day_that_the_terminal_has() -> None:
    request = build_request(terminal(over(20)), Question(predicates=(over(20),)), bytes(32), TOMORROW)
    assert request.date == day_number(TODAY) + 1
