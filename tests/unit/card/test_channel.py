"""The card's channel from the wire's side: what ends it, what does not, what it keeps (TR-03110-3 v2.21, F)."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumei_card.os.passwords import RECORD_PIN
from mumei_core.commands import codes
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import TerminalPace
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.eac.pace_messages import Password
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import TerminalChannel

from .conftest import Card, make_card

CHALLENGE = CommandAPDU(cla=0, ins=codes.INS_GET_CHALLENGE, p1=0, p2=0, le=8)
ECHOING_ERROR = CommandAPDU(cla=0x80, ins=codes.INS_PRESENT, p1=0, p2=0, data=b"request", le=256)
CHAT = bytes.fromhex("7F4C12060904007F00070301020253050000000010")

DIGITS = {
    Password.SHOP_CODE: b"00",
    Password.CAN: b"123456",
    Password.PIN: b"123456",
    Password.PUK: b"12345678",
}


class Session:
    """A terminal at a card, in plain or inside its channel."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.keys: TerminalChannel | None = None

    def raw(self, octets: bytes) -> ResponseAPDU:
        return ResponseAPDU.from_bytes(self.card.kernel.transmit(octets))

    def wrapped(self, command: CommandAPDU) -> bytes:
        assert self.keys is not None
        protected = self.keys.wrap(command, extended=True)
        return protected.to_bytes(extended=not protected.fits_short)

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        if self.keys is None:
            return self.raw(command.to_bytes(extended=not command.fits_short))
        return self.keys.unwrap(self.raw(self.wrapped(command)))

    def pace(
        self,
        password: Password = Password.CAN,
        digits: bytes | None = None,
        *,
        chat: bytes | None = None,
        algorithm: PaceAlgorithm = PaceAlgorithm.AES_128,
    ) -> int:
        """Runs PACE; gives the last status word, and goes on inside the new channel after a success."""
        terminal = TerminalPace(
            P256_GROUP, algorithm, password, digits or DIGITS[password], random=os.urandom, chat=chat
        )
        set_at = self.send(terminal.set_at())
        if set_at.sw != codes.SW_OK and set_at.sw >> 4 != codes.SW_TRIES_LEFT >> 4:
            return set_at.sw
        command: CommandAPDU | None = terminal.nonce_command()
        while command is not None:
            response = self.send(command)
            if response.sw != codes.SW_OK:
                return response.sw
            command = terminal.next(response.data)
        self.keys = TerminalChannel(terminal.result.k_enc, terminal.result.k_mac)
        return codes.SW_OK

    def begin_pace(self, steps: int) -> None:
        """The first ``steps`` GENERAL AUTHENTICATEs of a PACE."""
        terminal = TerminalPace(P256_GROUP, PaceAlgorithm.AES_128, Password.CAN, b"123456", random=os.urandom)
        self.send(terminal.set_at())
        command: CommandAPDU | None = terminal.nonce_command()
        for _ in range(steps):
            assert command is not None
            command = terminal.next(self.send(command).data)

    @property
    def is_over(self) -> bool:
        """Nothing of the session is left on the card."""
        status = self.card.kernel.context.security_status
        return (status.channel, status.terminal, status.session, status.pin_verified) == (
            None,
            None,
            {},
            False,
        )


@pytest.fixture
def session() -> Session:
    return Session(make_card("standard"))


def opened(password: Password = Password.PIN) -> Session:
    session = Session(make_card("standard"))
    assert session.pace(password) == codes.SW_OK
    return session


class TestWhatEndsTheChannel:
    @settings(max_examples=80, deadline=None)
    @given(st.data())
    def test_any_touched_octet(self, data: st.DataObject) -> None:
        session = opened()
        before = session.card.state()[0]
        octets = bytearray(session.wrapped(ECHOING_ERROR))
        at = data.draw(st.sampled_from([i for i in range(1, len(octets) - 1) if i != 4]))
        octets[at] ^= data.draw(st.integers(1, 0xFF))
        assert session.raw(bytes(octets)) in (ResponseAPDU(sw=0x6987), ResponseAPDU(sw=0x6988))
        assert session.is_over
        assert session.card.state()[0] == before
        assert session.raw(session.wrapped(CHALLENGE)) == ResponseAPDU(sw=0x6882)

    @pytest.mark.parametrize(
        "touch",
        [
            pytest.param(lambda first, second: [first, first], id="repeated"),
            pytest.param(lambda first, second: [second, first], id="reordered"),
            pytest.param(lambda first, second: [second], id="dropped"),
        ],
    )
    def test_commands_out_of_order(self, touch: Callable[[bytes, bytes], list[bytes]]) -> None:
        session = opened()
        octets = touch(session.wrapped(CHALLENGE), session.wrapped(CHALLENGE))
        assert session.raw(octets[0]).sw in (codes.SW_OK, 0x6988)
        if len(octets) > 1:
            assert session.raw(octets[1]).sw in (0x6988, 0x6882)
        assert session.is_over

    def test_a_plain_command_which_is_then_processed(self) -> None:
        session = opened()
        answer = session.raw(CHALLENGE.to_bytes())
        assert (len(answer.data), answer.sw) == (8, codes.SW_OK)
        assert session.is_over

    def test_a_plain_command_that_is_refused_brings_nothing_back(self) -> None:
        session = opened()
        assert session.raw(ECHOING_ERROR.to_bytes()) == ResponseAPDU(sw=codes.SW_SECURITY_STATUS)
        assert session.is_over

    @pytest.mark.parametrize("cla", [0x04, 0x08])
    def test_half_a_secure_messaging_class_is_a_plain_command(self, cla: int) -> None:
        session = opened()
        assert session.raw(bytes((cla, 0x84, 0, 0, 8))).sw == codes.SW_SECURE_MESSAGING_NOT_SUPPORTED
        assert session.is_over

    def test_power_off(self) -> None:
        session = opened()
        session.card.kernel.reset()
        assert session.is_over
        assert session.raw(session.wrapped(CHALLENGE)).sw == 0x6882

    def test_octets_that_are_no_command_end_nothing(self) -> None:
        session = opened()
        assert session.raw(b"\x0c\x84\x00").sw == codes.SW_WRONG_LENGTH
        assert session.send(CHALLENGE).sw == codes.SW_OK


class TestWhatDoesNot:
    def test_an_error_inside(self) -> None:
        session = opened()
        assert session.send(ECHOING_ERROR).sw == codes.SW_SECURITY_STATUS
        assert session.send(CommandAPDU(cla=0, ins=0xEE, p1=0, p2=0)).sw == codes.SW_INS_NOT_SUPPORTED
        assert session.send(CommandAPDU(cla=0x20, ins=0x84, p1=0, p2=0)).sw == codes.SW_CLA_NOT_SUPPORTED
        assert session.send(CHALLENGE).sw == codes.SW_OK

    def test_get_response_in_plain(self) -> None:
        session = opened()
        octets = session.wrapped(CommandAPDU(cla=0, ins=0x84, p1=0, p2=0, le=256))
        first = session.raw(octets[:-1] + b"\x10")
        assert (len(first.data), first.sw >> 8) == (16, 0x61)
        rest = session.raw(bytes.fromhex("00C0000000"))
        data, response = first.data + rest.data, rest
        while response.sw >> 8 == 0x61:
            response = session.raw(bytes.fromhex("00C0000000"))
            data += response.data
        assert session.keys is not None
        assert len(session.keys.unwrap(ResponseAPDU(data, response.sw)).data) == 256
        assert session.send(CHALLENGE).sw == codes.SW_OK

    def test_a_terminal_that_cannot_send_le_beside_data_fetches_its_answer(self) -> None:
        session = opened()
        first = session.raw(session.wrapped(CHALLENGE)[:-1])
        assert (first.data, first.sw >> 8) == (b"", 0x61)
        fetched = session.raw(bytes((0x00, 0xC0, 0, 0, first.sw & 0xFF)))
        assert session.keys is not None
        assert len(session.keys.unwrap(fetched).data) == 8

    def test_select_of_the_application_keeps_channel_and_holder(self) -> None:
        session = opened()
        select = CommandAPDU(cla=0, ins=codes.INS_SELECT, p1=4, p2=0x0C, data=codes.AID)
        assert session.send(select).sw == codes.SW_OK
        status = session.card.kernel.context.security_status
        assert status.channel is not None and status.pin_verified

    def test_a_chain_of_protected_parts(self) -> None:
        session = opened()
        part = CommandAPDU(cla=0x90, ins=codes.INS_PRESENT, p1=0, p2=0, data=b"first")
        assert session.wrapped(part)[0] == 0x9C
        session = opened()
        assert session.send(part) == ResponseAPDU()
        assert session.send(ECHOING_ERROR).sw == codes.SW_SECURITY_STATUS

    def test_a_chain_does_not_outlive_its_channel(self) -> None:
        session = opened()
        session.send(CommandAPDU(cla=0x90, ins=codes.INS_PRESENT, p1=0, p2=0, data=b"first"))
        assert session.raw(CHALLENGE.to_bytes()).sw == codes.SW_OK


class TestPace:
    @pytest.mark.parametrize("algorithm", PaceAlgorithm)
    @pytest.mark.parametrize("password", Password)
    def test_each_password_with_each_key_length(
        self, session: Session, password: Password, algorithm: PaceAlgorithm
    ) -> None:
        assert session.pace(password, algorithm=algorithm) == codes.SW_OK
        assert len(session.send(CHALLENGE).data) == 8

    def test_what_terminal_authentication_will_need(self, session: Session) -> None:
        session.pace(Password.SHOP_CODE, chat=CHAT)
        channel = session.card.kernel.context.security_status.channel
        assert channel is not None
        assert (channel.password, channel.chat) == (Password.SHOP_CODE, CHAT)
        assert len(channel.card_key) == len(channel.terminal_key) == 65

    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_another_command_in_the_middle_ends_pace(self, session: Session, steps: int) -> None:
        session.begin_pace(steps)
        assert session.send(CHALLENGE).sw == codes.SW_LAST_COMMAND_EXPECTED
        assert session.raw(bytes.fromhex("10860000027C0000")).sw == codes.SW_CONDITIONS
        assert session.send(CHALLENGE).sw == codes.SW_OK

    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_select_may_break_in(self, session: Session, steps: int) -> None:
        session.begin_pace(steps)
        select = CommandAPDU(cla=0, ins=codes.INS_SELECT, p1=4, p2=0x0C, data=codes.AID)
        assert session.send(select).sw == codes.SW_OK
        assert session.raw(bytes.fromhex("10860000027C0000")).sw == codes.SW_CONDITIONS

    @pytest.mark.parametrize("steps", [0, 1, 2, 3])
    def test_pace_may_begin_anew_at_any_step(self, session: Session, steps: int) -> None:
        session.begin_pace(steps)
        assert session.pace() == codes.SW_OK

    @pytest.mark.parametrize(
        ("chat", "sw"),
        [
            pytest.param(CHAT, 0x9000, id="authentication terminal"),
            pytest.param("7F4C0E060904007F000703010201530100", 0x6A80, id="inspection system"),
            pytest.param("7F4C0E060904007F000703010203530100", 0x6A80, id="signature terminal"),
            pytest.param("7F4C00", 0x6A80, id="empty"),
        ],
    )
    def test_only_terminals_of_our_type(self, session: Session, chat: bytes | str, sw: int) -> None:
        octets = bytes.fromhex(chat) if isinstance(chat, str) else chat
        terminal = TerminalPace(
            P256_GROUP, PaceAlgorithm.AES_128, Password.CAN, b"123456", random=os.urandom, chat=octets
        )
        assert session.send(terminal.set_at()).sw == sw

    def test_domain_parameters_that_the_card_has_not(self, session: Session) -> None:
        assert session.raw(bytes.fromhex("0022C1A412800A04007F0007020204020283010284010D")).sw == 0x6A80

    @pytest.mark.parametrize("octets", ["0022C1A4", "1086000000", "108600010 27C0000".replace(" ", "")])
    def test_headers_without_what_they_need(self, session: Session, octets: str) -> None:
        assert session.raw(bytes.fromhex(octets)).sw in (codes.SW_WRONG_LENGTH, codes.SW_WRONG_P1_P2)

    def test_a_stranger_makes_the_card_write_nothing_but_a_try(self, session: Session) -> None:
        writes = session.card.nvm.writes
        session.begin_pace(3)
        session.card.kernel.reset()
        assert session.card.nvm.writes == writes
        session.pace(Password.PIN, b"000000")
        assert session.card.nvm.writes == writes + 1

    def test_the_delay_of_a_wrong_can_is_forgotten_at_power_off_only(self, session: Session) -> None:
        counters = session.card.kernel.counters
        for expected in (1000, 3000, 7000):
            assert session.pace(Password.CAN, b"000000") == codes.SW_AUTHENTICATION_FAILED
            assert counters.delay_ms == expected
        session.card.kernel.reset()
        session.pace(Password.CAN, b"000000")
        assert counters.delay_ms == 1000


class TestTouchedPace:
    """Each command of a PACE with the PIN, touched on its way to the card."""

    SET_AT, NONCE, MAP, AGREE, TOKEN = range(5)
    DOCUMENTED = frozenset(
        {
            0x9000,
            0x6300,
            0x6700,
            0x6883,
            0x6884,
            0x6985,
            0x6A80,
            0x6A86,
            0x6A88,
            0x6D00,
            0x6E00,
            0x6881,
            0x6882,
            0x6982,
        }
    )

    def run(self, session: Session, number: int, touch: Callable[[bytes], list[bytes]]) -> list[int]:
        """The status words of a run in which command ``number`` is replaced by ``touch`` of it."""
        terminal = TerminalPace(P256_GROUP, PaceAlgorithm.AES_128, Password.PIN, b"123456", random=os.urandom)
        command: CommandAPDU | None = terminal.set_at()
        words = []
        for step in range(5):
            assert command is not None
            sent = touch(command.to_bytes()) if step == number else [command.to_bytes()]
            answers = [session.raw(octets) for octets in sent]
            words += [answer.sw for answer in answers]
            if step == number or answers[0].sw != codes.SW_OK:
                break
            command = terminal.nonce_command() if step == self.SET_AT else terminal.next(answers[0].data)
        return words

    def assert_closed(self, session: Session) -> None:
        """Outside, with at most one try gone, and ready for a PACE that nobody touches."""
        assert session.is_over
        tries = (session.card.nvm.get(RECORD_PIN) or b"")[0]
        assert tries in (2, 3)
        assert session.pace(Password.PIN) == codes.SW_OK
        assert (session.card.nvm.get(RECORD_PIN) or b"")[0] == 3

    @settings(max_examples=120, deadline=None)
    @given(st.integers(0, 4), st.data())
    def test_any_octet_changed(self, number: int, data: st.DataObject) -> None:
        def change(octets: bytes) -> list[bytes]:
            touched = bytearray(octets)
            # The last octet of all but the first is Le, which means nothing to PACE.
            end = len(octets) - (number != self.SET_AT)
            touched[data.draw(st.integers(0, end - 1))] ^= data.draw(st.integers(1, 0xFF))
            return [bytes(touched)]

        session = Session(make_card("standard"))
        words = self.run(session, number, change)
        assert words[-1] in self.DOCUMENTED or words[-1] >> 8 == 0x61
        self.assert_closed(session)

    @pytest.mark.parametrize("number", [NONCE, MAP, AGREE])
    @pytest.mark.parametrize(
        "touch",
        [
            pytest.param(lambda octets: [octets, octets], id="repeated"),
            pytest.param(lambda octets: [octets[:-2]], id="cut"),
            pytest.param(lambda octets: [octets + b"\x00\x00"], id="extended"),
            pytest.param(lambda octets: [bytes((octets[0] & 0x0F, *octets[1:]))], id="last too early"),
        ],
    )
    def test_commands_repeated_cut_or_extended(
        self, session: Session, number: int, touch: Callable[[bytes], list[bytes]]
    ) -> None:
        assert self.run(session, number, touch)[-1] in (0x6700, 0x6883, 0x6A80)
        assert session.is_over
        assert session.pace(Password.PIN) == codes.SW_OK

    def test_a_token_twice(self, session: Session) -> None:
        assert self.run(session, self.TOKEN, lambda octets: [octets, octets])[-1] == codes.SW_CONDITIONS
        assert session.is_over

    def test_a_broken_off_pace_costs_no_try(self, session: Session) -> None:
        session.begin_pace(3)
        session.card.kernel.reset()
        assert (session.card.nvm.get(RECORD_PIN) or b"")[0] == 3


class TestVerifyForATerminal:
    """VERIFY of the standard profile: yes or no, and it counts like PACE."""

    RIGHT = CommandAPDU(cla=0, ins=codes.INS_VERIFY, p1=0, p2=3, data=b"123456")
    WRONG = CommandAPDU(cla=0, ins=codes.INS_VERIFY, p1=0, p2=3, data=b"654321")
    ASK = CommandAPDU(cla=0, ins=codes.INS_VERIFY, p1=0, p2=3)

    @pytest.fixture
    def let_in(self, session: Session) -> Session:
        session.pace(Password.SHOP_CODE)
        session.card.kernel.context.security_status.terminal = "a shop"
        return session

    def tries(self, session: Session) -> int:
        return (session.card.nvm.get(RECORD_PIN) or b"\xff")[0]

    def test_not_before_a_terminal_was_let_in(self, session: Session) -> None:
        session.pace(Password.SHOP_CODE)
        assert session.send(self.RIGHT).sw == codes.SW_SECURITY_STATUS
        assert self.tries(session) == 3

    def test_right_and_wrong(self, let_in: Session) -> None:
        answers = [let_in.send(command).sw for command in (self.ASK, self.WRONG, self.RIGHT, self.ASK)]
        assert answers == [0x6300, 0x6300, 0x9000, 0x9000]
        assert self.tries(let_in) == 3

    def test_a_wrong_pin_undoes_an_earlier_success(self, let_in: Session) -> None:
        assert [let_in.send(c).sw for c in (self.RIGHT, self.WRONG, self.ASK)] == [0x9000, 0x6300, 0x6300]

    def test_the_last_try_is_not_a_terminals(self, let_in: Session) -> None:
        assert [let_in.send(self.WRONG).sw for _ in range(4)] == [0x6300] * 4
        assert let_in.send(self.RIGHT).sw == 0x6300
        assert self.tries(let_in) == 1

    def test_states_are_not_told_apart_by_their_writes(self) -> None:
        seen = set()
        for tries in (3, 1, 0):
            session = opened(Password.SHOP_CODE)
            session.card.kernel.context.security_status.terminal = "a shop"
            session.card.nvm.commit({RECORD_PIN: bytes((tries,)) + b"123456"})
            before = session.card.nvm.writes
            seen.add((session.send(self.WRONG).sw, session.card.nvm.writes - before))
        assert seen == {(0x6300, 1)}


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00A4040008F06D756D6569010100", 0x9000),
        ("00B0810000", 0x9000),
        ("00B09C0000", 0x9000),
        ("0084000008", 0x9000),
        ("00CA004700", 0x9000),
        ("0020000306313233343536", 0x6982),
        ("002400030C313233343536363534333231", 0x6D00),
        ("002C030300", 0x6982),
        ("80340000017F00", 0x6982),
        ("803E0000017F", 0x6D00),
        ("8038000000", 0x6982),
        ("00CA00E700", 0x6A88),
    ],
)
def test_what_a_stranger_gets_from_a_standard_card(session: Session, command: str, sw: int) -> None:
    assert session.raw(bytes.fromhex(command)).sw == sw
