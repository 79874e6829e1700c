"""A standard card and its holder: which password opens what, what shops cannot, and a card pulled at any step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
from tests.fixtures import statements, world
from tests.fixtures.certificates import AUDITOR, CVCA, REVOCATION, SHOP, SHOP_RIGHTS, Member, over, shop
from tests.fixtures.world import NONCE, PIN, PUK, TODAY, TRANSPORT_PIN, WRONG_PIN, Records, Wire, in_memory

from mumei.authority.credentials import TerminalCredentials
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal, present
from mumei.session.holder import Digits, Pin, Puk, TransportPin, restore_tries, set_pin
from mumei.session.holder_only import HolderNeededError
from mumei.session.pace import Can, ShopCode, WrongPasswordError, establish, status_inside_can
from mumei.session.settings import read_settings, store_settings
from mumei.session.terminal_authentication import authenticate
from mumei_card.applet.trust_points import trust_records
from mumei_card.os.passwords import RECORD_PIN, new_pin
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands.request import Request
from mumei_core.commands.settings import HolderSettings
from mumei_core.commands.trust import CardTrust
from mumei_core.dates import day_number
from mumei_core.errors import CardRefused, CardRemovedError

LETTER = PinLetter(transport_pin=TRANSPORT_PIN, puk=PUK, can="500540")
CAN, NEW_PIN = LETTER.can, "161803"
ALWAYS = HolderSettings(always_pin=True)


def new_card() -> Records:
    """Its holder has set no PIN yet."""
    return initial_records("standard", LETTER)


def own_card() -> Records:
    """No credential; the PIN is PIN."""
    return {**new_card(), RECORD_PIN: new_pin(PIN.encode()).to_bytes()}


@cache
def issued_card() -> Records:
    """Hanako's credential on a standard card that shops can ask."""
    pinned = CardTrust.of(
        [CVCA.certificate], TODAY, auditor_keys=[AUDITOR.point], authority_keys=[REVOCATION.point]
    )
    trust = trust_records(pinned)
    return {**world.sample_card(), **own_card(), **trust}


@contextmanager
def session(records: Records, *secrets: Digits) -> Iterator[tuple[Channel, Callable[[], Records]]]:
    """A session opened with these passwords in turn; and what the card holds then."""
    with in_memory(records) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        for secret in secrets:
            establish(channel, secret)
        yield channel, lambda: world.records_of(card.nvm)


def opens(records: Records, secret: Digits) -> bool:
    try:
        with session(records, secret):
            return True
    except WrongPasswordError:
        return False


class TestWhoseChannel:
    @pytest.mark.parametrize("secrets", [(Pin(PIN),), (Can(CAN), Pin(PIN))], ids=["PIN", "CAN, then PIN"])
    def test_the_holders_own_commands_answer_after_the_pin(self, secrets: tuple[Digits, ...]) -> None:
        with session(own_card(), *secrets) as (channel, _):
            assert read_log(channel) == ()
            store_settings(channel, ALWAYS)
            assert read_settings(channel) == ALWAYS

    @pytest.mark.parametrize(
        "secret",
        [ShopCode("00"), Can(CAN), Puk(PUK), TransportPin(TRANSPORT_PIN)],
        ids=lambda secret: secret.label,
    )
    def test_and_after_nothing_else(self, secret: Digits) -> None:
        records = new_card() if isinstance(secret, TransportPin) else own_card()
        with session(records, secret) as (channel, kept):
            before = kept()
            for refused in (read_log, read_settings, lambda at: store_settings(at, ALWAYS)):
                with pytest.raises(HolderNeededError):
                    refused(channel)
            assert kept() == before

    def test_nor_in_plain(self) -> None:
        with session(own_card()) as (channel, _):
            for refused in (read_log, read_settings, restore_tries, lambda at: set_pin(at, Pin(NEW_PIN))):
                with pytest.raises(CardRefused):
                    refused(channel)

    def test_a_pin_just_set_is_still_to_be_shown(self) -> None:
        with session(new_card(), TransportPin(TRANSPORT_PIN)) as (channel, kept):
            set_pin(channel, Pin(PIN))
            with pytest.raises(HolderNeededError):
                read_settings(channel)
            after = kept()
        with session(after, Pin(PIN)) as (channel, _):
            assert read_settings(channel) == HolderSettings()

    @pytest.mark.parametrize("secret", [ShopCode("00"), Can(CAN), Puk(PUK)], ids=lambda secret: secret.label)
    def test_only_who_knows_the_old_pin_sets_a_new_one(self, secret: Digits) -> None:
        with session(own_card(), secret) as (channel, kept):
            with pytest.raises(CardRefused):
                set_pin(channel, Pin(NEW_PIN))
            assert opens(kept(), Pin(PIN))

    def test_tries_are_told_in_a_channel_of_the_can_and_asking_costs_none(self) -> None:
        with session(own_card()) as (channel, _):
            with pytest.raises(WrongPasswordError):
                establish(channel, Pin(WRONG_PIN))
            establish(channel, Can(CAN))
            for _ in range(4):
                assert status_inside_can(channel, Pin).tries_left == 2
            assert status_inside_can(channel, Puk).tries_left == 10
            establish(channel, Pin(PIN))


class TestShop:
    def ask(
        self, records: Records, member: Member, secret: Digits, look: Callable[[Channel], None] | None = None
    ) -> Records:
        """A certified shop asks the age; what the card holds then. ``look``: before it asks."""
        terminal = TerminalCredentials(certificate=member.certificate, known=member.above, key=member.key)
        with session(records) as (channel, kept):
            result = establish(channel, secret, chat=terminal.chat)
            binding = authenticate(channel, result, terminal)
            if look is not None:
                look(channel)
            request = Request(
                rp_context=SHOP,
                nonce=NONCE,
                date=day_number(TODAY),
                channel_binding=binding,
                predicates=(over(20),),
                table_hash=world.issuer().parameters.table_hash,
            )
            present(channel, request.to_octets(), statement=statements.by(REVOCATION, AUDITOR, request))
            return kept()

    def test_the_holder_reads_at_home_who_asked(self) -> None:
        after = self.ask(issued_card(), shop(), ShopCode("00"))
        after = self.ask(after, shop(), Pin(PIN))
        with session(after, Pin(PIN)) as (channel, _):
            latest, first = read_log(channel)
        assert (first.pin_used, latest.pin_used) == (False, True)
        assert first.predicates == (over(20),)
        assert first.display_name == latest.display_name != ""

    def test_the_holders_wish_for_the_pin_holds_at_certified_shops(self) -> None:
        with session(issued_card(), Pin(PIN)) as (channel, kept):
            store_settings(channel, ALWAYS)
            careful = kept()
        with pytest.raises(PresentationRefused) as refused:
            self.ask(careful, shop(), ShopCode("00"))
        assert refused.value.refusal is Refusal.NO_CONSENT
        self.ask(careful, shop(), Pin(PIN))

    def test_a_shop_with_the_pin_reads_no_log_and_changes_nothing_of_the_holders(self) -> None:
        def look(channel: Channel) -> None:
            for refused in (read_log, read_settings, lambda at: store_settings(at, HolderSettings())):
                with pytest.raises(HolderNeededError):
                    refused(channel)
            for meddle in (restore_tries, lambda at: set_pin(at, Pin(NEW_PIN))):
                with pytest.raises(CardRefused):
                    meddle(channel)

        after = self.ask(issued_card(), shop(replace(SHOP_RIGHTS, pin=True)), Pin(PIN), look)
        assert opens(after, Pin(PIN))


class TestPulled:
    """The card leaves at any exchange: with the command lost, or done and its answer lost."""

    @pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
    @pytest.mark.parametrize(
        ("old", "records"),
        [(Pin(PIN), own_card()), (TransportPin(TRANSPORT_PIN), new_card())],
        ids=["PIN", "new"],
    )
    def test_a_change_leaves_one_pin_that_opens(self, before: bool, old: Digits, records: Records) -> None:
        # SELECT, EF.ATR/INFO, PACE 5, RESET RETRY COUNTER.
        for at in range(1, 9):
            with in_memory(records) as card:
                channel = Channel(Wire(card.connection, cut_at=at, before=before))
                with pytest.raises(CardRemovedError):
                    Application.identify(channel)
                    establish(channel, old)
                    set_pin(channel, Pin(NEW_PIN))
                after = world.records_of(card.nvm)
            changed = (at, before) == (8, False)
            assert (opens(after, old), opens(after, Pin(NEW_PIN))) == (not changed, changed)

    @pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
    def test_pulling_the_card_wins_no_try_and_costs_the_holder_none(self, before: bool) -> None:
        for at in range(1, 8):
            for guess, lost in ((PIN, 0), (WRONG_PIN, 1)):
                with in_memory(own_card()) as card:
                    channel = Channel(Wire(card.connection, cut_at=at, before=before))
                    with pytest.raises(CardRemovedError):
                        Application.identify(channel)
                        establish(channel, Pin(guess))
                    after = world.records_of(card.nvm)
                compared = (at, before) == (7, False)
                with session(after, Can(CAN)) as (channel, _):
                    assert status_inside_can(channel, Pin).tries_left == 3 - lost * compared
