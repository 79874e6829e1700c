"""The holder's settings: the card wants the PIN where its holder says so, and nobody else changes that."""

from __future__ import annotations

import itertools

import pytest
from tests.fixtures import statements, world
from tests.fixtures.world import PIN, TODAY, WRONG_PIN, InsertedCard, over, sample_card, terminal

from mumei.session import credential
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal
from mumei.session.holder import Pin, pin_status, verify_pin
from mumei.session.holder_only import HolderNeededError
from mumei.session.settings import read_settings, store_settings
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question, born_after
from mumei.terminal.verdict import Outcome, Reason
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.link.in_process import SoftwareCard
from mumei_core.commands import codes
from mumei_core.commands.settings import HolderSettings
from mumei_core.credential import Index
from mumei_core.errors import CardRefused
from mumei_core.iso7816.apdu import CommandAPDU

ON_OFF = (True, False)
AGE = Question(predicates=(over(20),))
ALWAYS = HolderSettings(always_pin=True)


def set_by_holder(card: InsertedCard, settings: HolderSettings) -> None:
    """The holder at home; the card is taken out afterwards."""
    channel = Channel(card.connection)
    Application.select(channel)
    verify_pin(channel, Pin(PIN))
    store_settings(channel, settings)
    channel.reset()


@pytest.mark.parametrize("age_without_pin", ON_OFF)
@pytest.mark.parametrize("always_pin", ON_OFF)
@pytest.mark.parametrize("rights_want_pin", ON_OFF)
@pytest.mark.parametrize(
    ("question", "is_age", "is_listed"),
    [
        pytest.param(AGE, True, True, id="a usual age"),
        pytest.param(Question(predicates=(over(19),)), True, False, id="another age"),
        pytest.param(Question(predicates=(born_after(TODAY.replace(1960)),)), True, False, id="a day"),
        pytest.param(Question(predicates=(over(20),), pseudonym=True), True, True, id="age and pseudonym"),
        pytest.param(Question(disclose=(Index.PREFECTURE,)), False, True, id="prefecture"),
        pytest.param(Question(pseudonym=True), False, True, id="pseudonym"),
        pytest.param(Question(transaction=bytes(32)), False, True, id="signature"),
    ],
)
def test_every_combination_of_settings_rights_and_question(
    age_without_pin: bool,
    always_pin: bool,
    rights_want_pin: bool,
    question: Question,
    is_age: bool,
    is_listed: bool,
) -> None:
    at = terminal(
        *question.predicates, show=question.disclosed, pseudonym=question.pseudonym, pin=rights_want_pin
    )
    request = world.request_of(at, question)
    wanted = always_pin or rights_want_pin or not is_listed or (is_age and not age_without_pin)
    with world.in_memory(sample_card()) as card:
        set_by_holder(card, HolderSettings(age_without_pin=age_without_pin, always_pin=always_pin))
        channel = Channel(card.connection)
        Application.select(channel)
        credential.describe_terminal(channel, at.description_octets)
        if wanted:
            before = world.records_of(card.nvm)
            with pytest.raises(PresentationRefused) as caught:
                statements.present(channel, at, request)
            assert caught.value.refusal is Refusal.NO_CONSENT
            assert world.records_of(card.nvm) == before
            verify_pin(channel, Pin(PIN))
        assert statements.present(channel, at, request)


class TestAtTheShop:
    def visit(self, settings: HolderSettings, *, pin: str | None) -> tuple[Visit, int]:
        """A visit of a card with these settings, and how often the shop asked for the PIN."""
        asked = 0

        def ask_pin() -> Pin | None:
            nonlocal asked
            asked += 1
            return Pin(pin) if pin else None

        with world.in_memory(sample_card()) as card:
            set_by_holder(card, settings)
            shop = terminal(over(20))
            return visit(Channel(card.connection), shop, AGE, today=TODAY, ask_pin=ask_pin), asked

    @pytest.mark.parametrize("settings", [ALWAYS, HolderSettings(age_without_pin=False)])
    def test_the_holder_is_asked_once_and_the_answer_comes(self, settings: HolderSettings) -> None:
        answer, asked = self.visit(settings, pin=PIN)
        assert (answer.verdict.outcome, asked) == (Outcome.ACCEPT, 1)

    def test_who_declines_is_not_answered_for(self) -> None:
        answer, asked = self.visit(ALWAYS, pin=None)
        assert (answer.verdict.reason, asked) == (Reason.NO_CONSENT, 1)

    def test_without_such_a_wish_nobody_is_asked(self) -> None:
        answer, asked = self.visit(HolderSettings(), pin=None)
        assert (answer.verdict.outcome, asked) == (Outcome.ACCEPT, 0)

    def test_a_wrong_pin_costs_a_try_and_nothing_is_shown(self) -> None:
        with pytest.raises(CardRefused, match="2 tries are left"):
            self.visit(ALWAYS, pin=WRONG_PIN)

    def test_a_terminal_that_asks_for_more_than_its_rights_gets_no_pin_by_it(self) -> None:
        """Rights come before consent: 69 82 either way, and no try is spent."""
        at, beyond = terminal(over(20)), Question(predicates=(over(18),))
        with world.in_memory(sample_card()) as card:
            set_by_holder(card, ALWAYS)
            channel = Channel(card.connection)
            Application.select(channel)
            credential.describe_terminal(channel, at.description_octets)
            verify_pin(channel, Pin(PIN))
            with pytest.raises(PresentationRefused):
                statements.present(channel, at, world.request_of(at, beyond))


class TestWhoSets:
    @pytest.fixture
    def channel(self) -> Channel:
        """A card whose holder has set nothing, selected."""
        channel = Channel(SimulatedConnection(SoftwareCard(Nvm.in_memory(sample_card())), name="test.card"))
        Application.select(channel)
        return channel

    def test_a_new_card_has_ages_without_pin_and_nothing_more(self, channel: Channel) -> None:
        verify_pin(channel, Pin(PIN))
        assert read_settings(channel) == HolderSettings(age_without_pin=True, always_pin=False)

    def test_settings_outlive_power_off_and_a_change_of_the_other(self, channel: Channel) -> None:
        for age_without_pin, always_pin in itertools.product(ON_OFF, ON_OFF):
            chosen = HolderSettings(age_without_pin=age_without_pin, always_pin=always_pin)
            verify_pin(channel, Pin(PIN))
            store_settings(channel, chosen)
            channel.reset()
            Application.select(channel)
            verify_pin(channel, Pin(PIN))
            assert read_settings(channel) == chosen

    def test_nobody_without_the_pin_reads_or_sets(self, channel: Channel) -> None:
        with pytest.raises(HolderNeededError):
            read_settings(channel)
        with pytest.raises(HolderNeededError) as caught:
            store_settings(channel, HolderSettings())
        assert "PIN" in caught.value.hint

    def test_nor_does_a_shop_that_got_the_pin(self, channel: Channel) -> None:
        verify_pin(channel, Pin(PIN))
        store_settings(channel, ALWAYS)
        credential.describe_terminal(channel, terminal(over(20)).description_octets)
        with pytest.raises(HolderNeededError):
            store_settings(channel, HolderSettings())
        channel.reset()
        Application.select(channel)
        verify_pin(channel, Pin(PIN))
        assert read_settings(channel) == ALWAYS

    @pytest.mark.parametrize(
        "data",
        [
            "E700",
            "E706800101810101",
            "E706800101820100",
            "E709800102810101820100",
            "E709800101810102820100",
            "E709800101810101820101FF",
            "E709800101820100810101",
            "E70C800101810101820100830100",
            "E70B80010181020101820100",
            "E609800101810101820100",
            "E709800101810101",
            "FF",
        ],
    )
    def test_malformed_settings_change_nothing(self, channel: Channel, data: str) -> None:
        verify_pin(channel, Pin(PIN))
        store_settings(channel, ALWAYS)
        command = CommandAPDU(cla=0x80, ins=codes.INS_SETTINGS, p1=0, p2=0, data=bytes.fromhex(data), le=256)
        assert channel.send(command).sw == codes.SW_WRONG_DATA
        assert read_settings(channel) == ALWAYS

    def test_setting_costs_no_try_and_makes_no_entry(self, channel: Channel) -> None:
        verify_pin(channel, Pin(PIN))
        store_settings(channel, ALWAYS)
        assert read_log(channel) == ()
        channel.reset()
        Application.select(channel)
        assert pin_status(channel).tries_left == codes.PIN_TRIES
