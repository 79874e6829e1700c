"""The main job on standard cards: everything inside PACE, by terminals with certificates (protocol 2.3-2.7)."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from tests.fixtures import standard, statements, world
from tests.fixtures.certificates import ALL, CVCA, OFFICES
from tests.fixtures.standard import CAN, ask, issued_card, opened, sample_card, terminal
from tests.fixtures.world import (
    GIFU,
    HANAKO_20_TODAY,
    ICHIRO_67,
    KODOMO_11,
    PIN,
    SAYURI_TOKYO,
    TARO_20_TOMORROW,
    TODAY,
    TOMORROW,
    URUU_29_FEBRUARY,
    WRONG_PIN,
    Wire,
    in_memory,
    over,
    under,
)

from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Capabilities, Channel
from mumei.session.credential import describe_terminal
from mumei.session.holder import Pin, WrongPinError, verify_pin
from mumei.session.pace import (
    Can,
    ShopCode,
    WrongPasswordError,
    check_card_access,
    establish,
    status_inside_can,
)
from mumei.session.settings import store_settings
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome, Reason
from mumei.transport.base import CardConnection
from mumei_core.commands import card_log, codes
from mumei_core.commands.request import Predicate
from mumei_core.commands.settings import HolderSettings
from mumei_core.eac.chat import Role
from mumei_core.errors import CardRefused, WrongCardError

ACCEPT, DENY, CANNOT_DECIDE = Outcome.ACCEPT, Outcome.DENY, Outcome.CANNOT_DECIDE
AGE = Question(predicates=(over(20),))
SIGNED = Question(predicates=(over(20),), transaction=bytes(range(100, 132)))
FORUM = Question(pseudonym=True)


def outcome(answer: Visit) -> Outcome:
    return answer.verdict.outcome


def reason(answer: Visit) -> Reason:
    return answer.verdict.reason


class TestWhatTerminalsLearn:
    @pytest.mark.parametrize(
        ("place", "predicate", "expected"),
        [
            pytest.param(HANAKO_20_TODAY, over(20), ACCEPT, id="20 today is 20 or over"),
            pytest.param(HANAKO_20_TODAY, under(20), DENY, id="20 today is not under 20"),
            pytest.param(TARO_20_TOMORROW, over(20), DENY, id="20 tomorrow is not yet 20"),
            pytest.param(TARO_20_TOMORROW, under(20), ACCEPT, id="20 tomorrow is under 20"),
            pytest.param(URUU_29_FEBRUARY, over(20), ACCEPT, id="22, born on 29 February"),
            pytest.param(ICHIRO_67, over(65), ACCEPT, id="67 is 65 or over"),
            pytest.param(ICHIRO_67, over(70), DENY, id="67 is not 70"),
            pytest.param(KODOMO_11, under(12), ACCEPT, id="11 is under 12"),
            pytest.param(KODOMO_11, over(20), DENY, id="11 is not 20"),
        ],
    )
    def test_ages(self, place: int, predicate: Predicate, expected: Outcome) -> None:
        answer = ask(sample_card(place), Question(predicates=(predicate,)))
        assert outcome(answer) is expected
        assert reason(answer) is (Reason.PROVEN if expected is ACCEPT else Reason.CANNOT_PROVE)
        assert "DEVELOPMENT" not in answer.verdict.text() and not answer.verdict.development

    def test_who_is_denied_today_is_accepted_on_the_birthday(self) -> None:
        card, at = sample_card(TARO_20_TOMORROW), terminal(over(20))
        assert outcome(ask(card, AGE, at=at)) is DENY
        assert outcome(ask(card, AGE, at=at, today=TOMORROW)) is ACCEPT

    def test_the_prefecture_is_shown_and_compared(self) -> None:
        question = Question(predicates=(under(70),), prefecture=GIFU)
        at_home, elsewhere = ask(sample_card(), question), ask(sample_card(SAYURI_TOKYO), question)
        assert (outcome(at_home), reason(elsewhere)) == (ACCEPT, Reason.ELSEWHERE)
        assert at_home.verdict.disclosed == {"prefecture": "21"}

    def test_pseudonyms_are_one_at_one_place_and_different_elsewhere(self) -> None:
        def pseudonym(place: int, context: str) -> bytes:
            found = ask(
                sample_card(place), FORUM, at=standard.terminal_for(FORUM, context=context)
            ).verdict.pseudonym
            assert found is not None
            return found

        first = pseudonym(HANAKO_20_TODAY, "forum.example")
        assert pseudonym(HANAKO_20_TODAY, "forum.example") == first
        assert pseudonym(HANAKO_20_TODAY, "library.example") != first
        assert pseudonym(SAYURI_TOKYO, "forum.example") != first

    def test_the_holder_signs_and_is_not_named(self) -> None:
        signed = ask(sample_card(), SIGNED)
        assert outcome(signed) is ACCEPT
        assert signed.verdict.transaction == SIGNED.transaction
        assert signed.verdict.pseudonym is None and signed.verdict.disclosed == {}

    def test_an_office_asks_as_a_shop_does(self) -> None:
        assert outcome(ask(sample_card(), AGE, at=terminal(over(20), sector=OFFICES))) is ACCEPT

    def test_cards_of_an_issuer_that_is_not_trusted(self) -> None:
        card = issued_card(world.residents()[HANAKO_20_TODAY], issuer_name="Elsewhere TEST")
        for question in (AGE, Question(prefecture=GIFU)):
            answer = ask(card, question)
            assert (outcome(answer), reason(answer)) == (CANNOT_DECIDE, Reason.UNKNOWN_ISSUER)

    def test_a_card_that_was_never_issued(self) -> None:
        """Trust points it has, and the state before SECURED answers no presentation at all."""
        answer = ask(standard.card_with_parameters(), AGE)
        assert outcome(answer) is not ACCEPT
        assert answer.wire is None

    def test_what_a_card_repeats_on_the_air_all_cards_say(self) -> None:
        at, seen = terminal(over(20)), []
        for card in (sample_card(), sample_card(), sample_card(ICHIRO_67)):
            answers: list[bytes] = []

            def wire(inner: CardConnection, heard: list[bytes] = answers) -> Wire:
                return Wire(inner, look=lambda _, answer: heard.append(answer))

            ask(card, AGE, at=at, wire=wire)
            seen.append(answers)
        assert len({tuple(map(len, answers)) for answers in seen}) == 1
        first, second, stranger = (
            {answer[i : i + 12] for answer in answers for i in range(len(answer) - 11)} for answers in seen
        )
        assert first & second == first & stranger


class TestConsent:
    def test_verify_inside_the_channel_where_the_certificate_demands_the_pin(self) -> None:
        at = terminal(over(20), pin=True)
        assert reason(ask(sample_card(), AGE, at=at)) is Reason.NO_CONSENT
        assert outcome(ask(sample_card(), AGE, at=at, pin=PIN)) is ACCEPT
        assert outcome(ask(sample_card(KODOMO_11), AGE, at=at, pin=PIN)) is DENY

    def test_the_pin_is_asked_for_only_where_it_is_wanted(self) -> None:
        def must_not_ask() -> None:
            raise AssertionError("asked for a PIN")

        with in_memory(sample_card()) as card:
            channel = Channel(card.connection)
            assert (
                outcome(visit(channel, terminal(over(20)), AGE, today=TODAY, ask_pin=must_not_ask)) is ACCEPT
            )

    def test_the_pin_never_goes_over_the_wire_in_clear(self) -> None:
        seen: list[bytes] = []

        def wire(inner: CardConnection) -> Wire:
            return Wire(inner, look=lambda *both: seen.extend(both))

        answer = ask(sample_card(), AGE, at=terminal(over(20), pin=True), pin=PIN, wire=wire)
        assert outcome(answer) is ACCEPT
        assert not any(PIN.encode() in octets for octets in seen)

    def test_wrong_pins_tell_no_counter_and_the_last_try_is_the_holders_own(self) -> None:
        at = terminal(over(20), pin=True)
        with in_memory(sample_card()) as card:

            def typed(pin: str) -> Visit:
                channel = Channel(card.connection)
                channel.reset()
                return visit(channel, at, AGE, today=TODAY, ask_pin=standard.typing(pin))

            # Twice wrong, then suspended: in a shop even the right one looks the same.
            for pin in (WRONG_PIN, WRONG_PIN, PIN, WRONG_PIN):
                with pytest.raises(WrongPinError) as caught:
                    typed(pin)
                assert (caught.value.sw, caught.value.tries_left) == (codes.SW_AUTHENTICATION_FAILED, None)
                assert caught.value.hint and PIN not in str(caught.value)
            # At home: the CAN says how things stand, and lets the last try count.
            channel = Channel(card.connection)
            channel.reset()
            Application.identify(channel)
            establish(channel, Can(CAN))
            assert status_inside_can(channel, Pin).tries_left == 1
            establish(channel, Pin(PIN))
            assert outcome(typed(PIN)) is ACCEPT

    @pytest.mark.parametrize("secret", [ShopCode("00"), Can(CAN)], ids=lambda secret: secret.label)
    def test_verify_is_for_terminals_that_were_let_in(self, secret: ShopCode | Can) -> None:
        with opened(sample_card(), secret) as channel:
            for pin in (WRONG_PIN,) * 4:
                with pytest.raises(CardRefused) as caught:
                    verify_pin(channel, Pin(pin))
                assert caught.value.sw == codes.SW_SECURITY_STATUS
            channel.reset()
            Application.identify(channel)
            establish(channel, Can(CAN))
            assert status_inside_can(channel, Pin).tries_left == codes.PIN_TRIES

    @pytest.mark.parametrize(
        ("settings", "question", "asked_for"),
        [
            (HolderSettings(always_pin=True), AGE, True),
            (HolderSettings(always_pin=True), Question(prefecture=GIFU), True),
            (HolderSettings(age_without_pin=False), AGE, True),
            (HolderSettings(age_without_pin=False), Question(prefecture=GIFU), False),
            (HolderSettings(), AGE, False),
        ],
    )
    def test_the_holders_own_settings_are_kept(
        self, settings: HolderSettings, question: Question, asked_for: bool
    ) -> None:
        with in_memory(sample_card()) as card:
            channel = Channel(card.connection)
            Application.identify(channel)
            establish(channel, Pin(PIN))
            store_settings(channel, settings)
            records = world.records_of(card.nvm)
        without = ask(records, question)
        assert reason(without) is (Reason.NO_CONSENT if asked_for else Reason.PROVEN)
        assert outcome(ask(records, question, pin=PIN)) is ACCEPT


def test_the_holder_reads_who_asked() -> None:
    with in_memory(sample_card(KODOMO_11)) as card:
        for question, pin in ((AGE, None), (Question(predicates=(under(12),), prefecture=GIFU), PIN)):
            at = terminal(*question.predicates, show=question.disclosed, pin=pin is not None)
            channel = Channel(card.connection)
            channel.reset()
            visit(channel, at, question, today=TODAY, ask_pin=standard.typing(pin))
        records = world.records_of(card.nvm)
    with opened(records, Pin(PIN)) as channel:
        latest, first = read_log(channel)
    assert (first.sequence, latest.sequence) == (1, 2)
    assert (first.outcome, latest.outcome) == (card_log.Outcome.CANNOT_PROVE, card_log.Outcome.PROVEN)
    assert (first.pin_used, latest.pin_used) == (False, True)
    assert (latest.predicates, latest.disclosed) == ((under(12),), (1,))
    assert first.display_name == "sake.example TEST"
    assert first.context_hash == hashlib.sha256(b"sake.example").digest()


class TestExchanges:
    def test_fourteen_from_reset_to_the_answer_as_the_protocol_counts(self) -> None:
        """EF.CardAccess 1 (or known), PACE 5, Terminal Authentication 7 with two certificates, presentation 1."""
        at = terminal(over(20))
        with in_memory(sample_card()) as card:
            wire = Wire(card.connection)
            wire.reset()
            channel = Channel(wire)
            # Known of the card's type: extended lengths, and that the application needs no SELECT.
            channel.adopt(Capabilities(chaining=True, extended=True, max_command=codes.MAX_COMMAND))
            check_card_access(channel)
            inside = standard.Inside(channel, at.access.enter(channel), at)
            request = inside.request(over(20)).to_octets()
            at.verifier.verify(request, statements.present(channel, at, request))
            assert wire.exchanges == 14

    def test_a_visit_selects_and_reads_the_capabilities_in_its_place(self) -> None:
        """SELECT and EF.ATR/INFO, where a stock client reads EF.CardAccess: 14 after SELECT. A PIN: one more."""
        wires: list[Wire] = []

        def wire(inner: CardConnection) -> Wire:
            wires.append(Wire(inner))
            return wires[-1]

        ask(sample_card(), AGE, wire=wire)
        ask(sample_card(), Question(predicates=(over(20),), prefecture=GIFU, pseudonym=True), wire=wire)
        ask(sample_card(), AGE, at=terminal(over(20), pin=True), pin=PIN, wire=wire)
        assert [wire.exchanges for wire in wires] == [15, 15, 16]

    def test_short_lengths_take_longer_and_get_there(self) -> None:
        wires: list[Wire] = []

        def wire(inner: CardConnection) -> Wire:
            wires.append(Wire(inner, extended=False))
            return wires[-1]

        question = Question(predicates=(over(20),), prefecture=GIFU, pseudonym=True)
        at = terminal(over(20), show=(1,), pseudonym=True, pin=True)
        assert outcome(ask(sample_card(), question, at=at, pin=PIN, wire=wire)) is ACCEPT
        assert wires[0].longest_command <= 261 and wires[0].longest_answer <= 258


class TestTwoProfiles:
    def test_a_development_terminal_on_a_standard_card(self) -> None:
        with pytest.raises(WrongCardError, match="different profiles") as caught:
            world.ask(sample_card(), AGE)
        assert caught.value.hint

    def test_a_standard_terminal_on_a_development_card(self) -> None:
        with pytest.raises(WrongCardError, match="different profiles") as caught:
            ask(world.sample_card(), AGE)
        assert caught.value.hint

    def test_a_description_gives_no_rights_on_a_standard_card(self) -> None:
        for secrets in ((), (ShopCode("00"),)):
            with opened(sample_card(), *secrets) as channel, pytest.raises(CardRefused):
                describe_terminal(channel, world.terminal(over(20)).description_octets)

    def test_a_development_card_has_no_channel(self) -> None:
        with opened(world.sample_card()) as channel, pytest.raises(CardRefused):
            establish(channel, Pin(PIN))


def test_a_shop_code_that_is_not_the_cards_opens_nothing() -> None:
    with pytest.raises(WrongPasswordError, match="shop code") as caught:
        ask(sample_card(), AGE, at=terminal(over(20), shop_code="01"))
    assert caught.value.hint


def test_an_expired_credential_is_denied() -> None:
    last_day, later = date(2027, 12, 31), date(2028, 1, 1)
    sector = CVCA.issue(b"JPLONG00001", Role.DV_OFFICIAL, ALL, expiration=later)
    at = terminal(over(20), sector=sector, expiration=later)
    assert outcome(ask(sample_card(), AGE, at=at, today=last_day)) is ACCEPT
    late = ask(sample_card(), AGE, at=at, today=later)
    assert (outcome(late), reason(late)) == (DENY, Reason.EXPIRED)
