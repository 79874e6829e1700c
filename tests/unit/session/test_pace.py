"""PACE between host and card: what each password opens, and what the holder is told when it does not open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Digits, Pin, PinBlockedError, Puk, TransportPin, restore_tries, set_pin
from mumei.session.pace import (
    Can,
    ShopCode,
    WrongPasswordError,
    check_card_access,
    establish,
)
from mumei.transport.base import CardConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, load, new_pin
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.errors import CardRefused, ProtocolError, UsageError, WrongCardError
from mumei_core.iso7816.apdu import CommandAPDU

LETTER = PinLetter(transport_pin="54321", puk="87654321", can="135790", shop_code="07")
PIN, WRONG_PIN = "246802", "999999"


class Connection(CardConnection):
    """A card in this process. ``tamper`` changes answers on their way; ``sent`` keeps what travelled."""

    def __init__(self, kernel: Kernel, *, supports_extended: bool = True) -> None:
        self.name, self.atr = "in process", kernel.atr
        self.supports_extended = supports_extended
        self.kernel = kernel
        self.sent: list[bytes] = []
        self.answered: list[bytes] = []
        self.tamper: Callable[[bytes], bytes] = bytes

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        self.answered.append(self.kernel.transmit(apdu))
        return self.tamper(self.answered[-1])

    def reset(self) -> None:
        self.kernel.reset()

    def close(self) -> None:
        pass


def new_card(*, pin: str | None = PIN, extended: bool = True) -> Connection:
    records = initial_records("standard", LETTER)
    if pin is not None:
        records[RECORD_PIN] = new_pin(pin.encode()).to_bytes()
    return Connection(Kernel(Nvm.in_memory(records)), supports_extended=extended)


@pytest.fixture
def card() -> Connection:
    return new_card()


@pytest.fixture
def channel(card: Connection) -> Channel:
    return Channel(card)


def tries(card: Connection, record: str = RECORD_PIN) -> int:
    return load(card.kernel.context, record).tries


def writes(card: Connection) -> int:
    return card.kernel.context.nvm.writes


def challenge(channel: Channel, length: int = 8) -> bytes:
    command = CommandAPDU(cla=0, ins=codes.INS_GET_CHALLENGE, p1=0, p2=0, le=length)
    return channel.execute(command, doing="give a challenge")


def refuse(channel: Channel, secret: Digits) -> WrongPasswordError:
    with pytest.raises(WrongPasswordError) as caught:
        establish(channel, secret)
    return caught.value


def guess_pin(channel: Channel, times: int) -> None:
    """Wrong PINs, each in a session of its own."""
    for _ in range(times):
        refuse(channel, Pin(WRONG_PIN))
        channel.reset()


SECRETS = [ShopCode("07"), Can("135790"), Pin(PIN), Puk("87654321")]


class TestOpening:
    @pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.label)
    @pytest.mark.parametrize("algorithm", PaceAlgorithm)
    def test_each_password_opens_a_channel(
        self, card: Connection, channel: Channel, secret: Digits, algorithm: PaceAlgorithm
    ) -> None:
        result = establish(channel, secret, algorithm=algorithm)

        assert len(card.sent) == 5
        assert len(challenge(channel)) == 8
        assert card.sent[-1][0] == 0x0C
        status = card.kernel.context.security_status
        assert status.channel is not None
        assert (status.channel.card_key, status.channel.terminal_key) == (
            result.card_key,
            result.terminal_key,
        )

    def test_it_works_before_and_after_select(self, channel: Channel) -> None:
        Application.identify(channel)
        establish(channel, Can("135790"))
        Application.identify(channel)
        assert len(challenge(channel)) == 8

    def test_select_of_the_application_inside_keeps_the_channel(
        self, card: Connection, channel: Channel
    ) -> None:
        establish(channel, Pin(PIN))
        Application.identify(channel)
        assert card.kernel.context.security_status.channel is not None
        assert card.kernel.context.security_status.pin_verified

    def test_a_channel_with_the_pin_counts_as_the_holder(self, card: Connection, channel: Channel) -> None:
        establish(channel, Pin(PIN))
        assert card.kernel.context.security_status.pin_verified
        channel.reset()
        establish(channel, Can("135790"))
        assert not card.kernel.context.security_status.pin_verified

    def test_two_sessions_have_nothing_in_common(self, card: Connection, channel: Channel) -> None:
        for _ in range(2):
            establish(channel, ShopCode("07"))
            channel.reset()
        first, second = card.answered[1:4], card.answered[6:9]
        for answer in first:
            assert answer not in second

    def test_ef_card_access_names_the_protocol(self, channel: Channel) -> None:
        check_card_access(channel)

    def test_a_development_card_offers_no_channel(self) -> None:
        letter = PinLetter(transport_pin="54321", puk="87654321")
        channel = Channel(Connection(Kernel(Nvm.in_memory(initial_records("development", letter)))))
        with pytest.raises(WrongCardError, match="does not offer"):
            check_card_access(channel)
        with pytest.raises(CardRefused, match="6D00"):
            establish(channel, Pin(PIN))

    def test_long_commands_and_answers_travel_in_parts_without_extended_lengths(self) -> None:
        card = new_card(extended=False)
        channel = Channel(card)
        Application.identify(channel)
        establish(channel, Can("135790"))
        assert len(challenge(channel, 256)) == 256
        response = channel.send(
            CommandAPDU(cla=0x80, ins=codes.INS_PRESENT, p1=0, p2=0, data=bytes(600), le=256)
        )
        assert response.sw == codes.SW_SECURITY_STATUS
        assert all(len(octets) <= 261 for octets in card.sent)
        assert [octets[0] for octets in card.sent[-3:]] == [0x9C, 0x9C, 0x8C]


class TestWrongPasswords:
    @pytest.mark.parametrize(
        "secret", [ShopCode("08"), Can("135791"), Pin(WRONG_PIN), Puk("00000000")], ids=lambda s: s.label
    )
    def test_a_stranger_is_told_nothing_but_no(
        self, card: Connection, channel: Channel, secret: Digits
    ) -> None:
        error = refuse(channel, secret)
        assert (error.sw, error.tries_left) == (0x6300, None)
        assert not channel.is_protected
        assert card.kernel.context.security_status.channel is None

    def test_wrong_suspended_and_blocked_look_alike_from_outside(self) -> None:
        """Octets sent back, commits, multiplications and delay: all the same, whatever the PIN's state."""
        seen = set()
        for left in (3, 2, 1, 0):
            for pin in (WRONG_PIN, PIN) if left < 2 else (WRONG_PIN,):
                card = new_card()
                card.kernel.context.nvm.commit({RECORD_PIN: bytes((left,)) + PIN.encode()})
                channel, before = Channel(card), writes(card)
                assert refuse(channel, Pin(pin)).sw == 0x6300
                counters = card.kernel.counters
                seen.add(
                    (
                        tuple(len(answer) for answer in card.answered),
                        tuple(answer[-2:] for answer in card.answered),
                        writes(card) - before,
                        counters.p256_multiplications,
                        counters.random_octets,
                        counters.delay_ms,
                    )
                )
        assert len(seen) == 1

    def test_a_suspended_pin_keeps_its_try_and_opens_nothing(
        self, card: Connection, channel: Channel
    ) -> None:
        guess_pin(channel, 2)
        for pin in (WRONG_PIN, PIN):
            refuse(channel, Pin(pin))
            assert tries(card) == 1

    def test_guesses_at_can_and_shop_code_cost_time_and_write_nothing(
        self, card: Connection, channel: Channel
    ) -> None:
        before = writes(card)
        delays = []
        for secret in (ShopCode("08"), ShopCode("09"), Can("000000"), Can("000001"), Can("000002")):
            refuse(channel, secret)
            delays.append(card.kernel.counters.delay_ms)
        assert delays == [1000, 2000, 3000, 5000, 9000]
        assert writes(card) == before
        establish(channel, Can("135790"))

    def test_a_success_gives_all_tries_back(self, card: Connection, channel: Channel) -> None:
        refuse(channel, Pin(WRONG_PIN))
        assert tries(card) == 2
        establish(channel, Pin(PIN))
        assert tries(card) == 3


class TestResuming:
    def test_the_can_resumes_a_suspended_pin(self, card: Connection, channel: Channel) -> None:
        guess_pin(channel, 2)
        establish(channel, Can("135790"))
        establish(channel, Pin(PIN))
        assert tries(card) == 3
        assert card.kernel.context.security_status.pin_verified
        assert len(challenge(channel)) == 8

    def test_inside_its_channel_the_card_tells_the_tries(self, card: Connection, channel: Channel) -> None:
        establish(channel, Can("135790"))
        assert [refuse(channel, Pin(WRONG_PIN)).tries_left for _ in range(3)] == [2, 1, 0]
        with pytest.raises(PinBlockedError, match="blocked"):
            establish(channel, Pin(PIN))
        assert tries(card) == 0

    def test_a_failed_second_pace_leaves_the_channel_of_the_can(self, channel: Channel) -> None:
        establish(channel, Can("135790"))
        refuse(channel, Pin(WRONG_PIN))
        assert len(challenge(channel)) == 8
        establish(channel, Pin(PIN))

    def test_a_blocked_pin_says_so_at_set_at(self, card: Connection, channel: Channel) -> None:
        card.kernel.context.nvm.commit({RECORD_PIN: b"\x00" + PIN.encode()})
        establish(channel, Can("135790"))
        with pytest.raises(PinBlockedError) as caught:
            establish(channel, Pin(PIN))
        assert caught.value.sw == 0x63C0
        assert "PUK" in caught.value.hint

    @pytest.mark.parametrize("first", [ShopCode("07"), Pin(PIN), Puk("87654321")], ids=lambda s: s.label)
    def test_only_the_can_lets_a_second_pace_follow(self, channel: Channel, first: Digits) -> None:
        establish(channel, first)
        with pytest.raises(CardRefused, match="6985"):
            establish(channel, Pin(PIN))
        assert len(challenge(channel)) == 8

    def test_resuming_is_forgotten_with_the_session(self, card: Connection, channel: Channel) -> None:
        guess_pin(channel, 2)
        establish(channel, Can("135790"))
        channel.reset()
        refuse(channel, Pin(PIN))
        assert tries(card) == 1


class TestPin:
    def test_a_transport_pin_opens_a_channel_that_only_changes_it(self) -> None:
        card = new_card(pin=None)
        channel = Channel(card)
        establish(channel, TransportPin("54321"))
        assert not card.kernel.context.security_status.pin_verified
        set_pin(channel, Pin(PIN))
        assert not card.kernel.context.security_status.pin_verified
        channel.reset()
        establish(channel, Pin(PIN))
        assert card.kernel.context.security_status.pin_verified

    def test_the_holder_changes_the_pin(self, channel: Channel) -> None:
        establish(channel, Pin(PIN))
        set_pin(channel, Pin("112233"))
        channel.reset()
        refuse(channel, Pin(PIN))
        channel.reset()
        establish(channel, Pin("112233"))

    def test_the_puk_unblocks_and_changes_nothing(self, card: Connection, channel: Channel) -> None:
        card.kernel.context.nvm.commit({RECORD_PIN: b"\x00" + PIN.encode()})
        establish(channel, Puk("87654321"))
        restore_tries(channel)
        assert tries(card) == 3
        channel.reset()
        establish(channel, Pin(PIN))

    def test_the_puk_has_its_own_ten_tries(self, card: Connection, channel: Channel) -> None:
        for _ in range(12):
            refuse(channel, Puk("00000000"))
            channel.reset()
        assert (tries(card), tries(card, RECORD_PUK)) == (3, 1)

    @pytest.mark.parametrize("secret", [ShopCode("07"), Can("135790")], ids=lambda s: s.label)
    def test_other_channels_do_neither(self, channel: Channel, secret: Digits) -> None:
        establish(channel, secret)
        with pytest.raises(CardRefused, match="6982"):
            set_pin(channel, Pin("112233"))
        with pytest.raises(CardRefused, match="6982"):
            restore_tries(channel)

    def test_once_a_terminal_is_let_in_the_pin_stays_as_it_is(
        self, card: Connection, channel: Channel
    ) -> None:
        establish(channel, Pin(PIN))
        card.kernel.context.security_status.terminal = "somebody"
        with pytest.raises(CardRefused, match="6982"):
            set_pin(channel, Pin("112233"))


class PowerCut(BaseException):
    """Nothing on the card catches a power cut."""


@pytest.mark.parametrize("pin", [PIN, WRONG_PIN])
def test_a_power_cut_before_the_comparison_costs_a_try(
    card: Connection, channel: Channel, pin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(self: object) -> bytes:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("mumei_core.eac.pace.CardPace.check_token", cut)
        with pytest.raises(PowerCut):
            establish(channel, Pin(pin))
    assert tries(card) == 2


class TestBrokenSessions:
    def test_an_answer_changed_on_its_way_ends_everything(self, card: Connection, channel: Channel) -> None:
        establish(channel, Can("135790"))
        card.tamper = lambda answer: bytes((answer[0] ^ 1,)) + answer[1:]
        with pytest.raises(ProtocolError):
            challenge(channel)
        card.tamper = bytes
        sent = len(card.sent)
        with pytest.raises(ProtocolError, match="closed"):
            challenge(channel)
        assert len(card.sent) == sent
        channel.reset()
        establish(channel, Can("135790"))

    @pytest.mark.parametrize("plain", ["9000", "6982", "0102030405060708 9000"])
    def test_a_plain_answer_is_not_believed(self, card: Connection, channel: Channel, plain: str) -> None:
        establish(channel, Can("135790"))
        card.tamper = lambda _: bytes.fromhex(plain)
        with pytest.raises(ProtocolError):
            challenge(channel)

    def test_a_card_that_does_not_know_the_password_is_not_believed(
        self, card: Connection, channel: Channel
    ) -> None:
        card.tamper = lambda answer: (
            answer[:-10] + bytes(8) + answer[-2:] if answer[:4] == bytes.fromhex("7C0A8608") else answer
        )
        with pytest.raises(ProtocolError, match="token"):
            establish(channel, Can("135790"))
        assert not channel.is_protected

    def test_a_plain_command_ends_the_cards_session(self, card: Connection, channel: Channel) -> None:
        establish(channel, Pin(PIN))
        assert card.kernel.transmit(bytes.fromhex("0084000008"))[-2:] == b"\x90\x00"
        status = card.kernel.context.security_status
        assert status.channel is None and not status.pin_verified
        with pytest.raises(ProtocolError):
            challenge(channel)


def test_secrets_of_wrong_length_never_reach_the_card() -> None:
    for kind, text in ((Can, "12345"), (ShopCode, "7"), (Can, "１２３４５６")):
        with pytest.raises(UsageError):
            kind(text)
