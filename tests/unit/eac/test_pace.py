"""Both state machines of PACE against each other: a touched message never lets both of them through."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumei_core.commands import codes
from mumei_core.eac.card_access import parse_card_access
from mumei_core.eac.ec import PointError
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import CardPace, PaceError, Step, TerminalPace, WrongToken
from mumei_core.eac.pace_crypto import PaceAlgorithm, map_generator, password_key
from mumei_core.eac.pace_messages import Password, SetAt, UnknownPassword, general_authenticate
from mumei_core.errors import DecodingError
from mumei_core.iso7816.ber_tlv import encode

CAN = b"123456"
CARS = (b"JPMUMEI00002", b"JPMUMEI00001")

Tamper = Callable[[int, bytes], bytes]
"""(number of the message 0..7, its octets) -> what arrives."""


def untouched(number: int, octets: bytes) -> bytes:
    return octets


@dataclass
class Run:
    """One PACE. Messages are numbered in the order in which they travel: card's nonce is 1, its token 7."""

    tamper: Tamper = untouched
    card_password: bytes = CAN
    terminal_password: bytes = CAN
    cars: tuple[bytes, ...] = ()
    terminal: TerminalPace = field(init=False)
    card: CardPace = field(init=False)
    messages: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        algorithm = PaceAlgorithm.AES_128
        self.terminal = TerminalPace(
            P256_GROUP, algorithm, Password.CAN, self.terminal_password, random=os.urandom
        )
        self.card = CardPace(
            P256_GROUP,
            algorithm,
            Password.CAN,
            password_key(algorithm, self.card_password),
            random=os.urandom,
            cars=self.cars,
        )

    def go(self) -> None:
        """Raises what the first side to refuse raises."""
        command = self.terminal.nonce_command()
        while True:
            data = self._travel(command.data)
            last = not command.cla & 0x10
            if last:
                self.card.take_token(data, last=last)
                answer = self.card.check_token()
            else:
                answer = self.card.general_authenticate(data, last=last)
            following = self.terminal.next(self._travel(answer))
            if following is None:
                return
            command = following

    def _travel(self, octets: bytes) -> bytes:
        self.messages.append(octets)
        return self.tamper(len(self.messages) - 1, octets)

    def assert_not_both(self) -> None:
        """Whoever refused keeps no result and goes no further."""
        assert Step.FAILED in (self.terminal.step, self.card.step)
        for side in (self.terminal, self.card):
            if side.step is not Step.DONE:
                with pytest.raises(PaceError):
                    assert side.result
        if self.card.step is Step.FAILED:
            with pytest.raises(PaceError) as caught:
                self.card.general_authenticate(b"\x7c\x00", last=False)
            assert caught.value.sw == codes.SW_CONDITIONS
        if self.terminal.step is Step.FAILED:
            with pytest.raises(PaceError, match="over"):
                self.terminal.next(b"\x7c\x00")


def refuse(run: Run, sw: int | None = None) -> PaceError:
    with pytest.raises(PaceError) as caught:
        run.go()
    run.assert_not_both()
    if sw is not None:
        assert caught.value.sw == sw
    return caught.value


def at(number: int, change: Callable[[bytes], bytes]) -> Tamper:
    return lambda n, octets: change(octets) if n == number else octets


class TestTogether:
    @pytest.mark.parametrize("cars", [(), CARS[:1], CARS])
    def test_both_sides_have_the_same(self, cars: tuple[bytes, ...]) -> None:
        run = Run(cars=cars)
        run.go()
        assert run.terminal.result == run.card.result
        assert run.terminal.result.cars == cars
        assert run.terminal.result.card_key != run.terminal.result.terminal_key

    def test_no_two_runs_share_anything(self) -> None:
        runs = [Run(), Run()]
        for run in runs:
            run.go()
        assert not set(runs[0].messages[1:]) & set(runs[1].messages[1:])

    def test_keys_do_not_show_in_logs(self) -> None:
        run = Run()
        run.go()
        shown = repr(run.terminal.result)
        for key in (run.terminal.result.k_enc, run.terminal.result.k_mac):
            assert repr(key) not in shown

    def test_a_wrong_password_is_found_by_the_card_and_only_at_the_token(self) -> None:
        run = Run(terminal_password=b"654321")
        with pytest.raises(WrongToken) as caught:
            run.go()
        assert caught.value.sw == 0x6300
        assert len(run.messages) == 7

    def test_a_card_that_guesses_is_found_by_the_terminal(self) -> None:
        run = Run(tamper=at(7, lambda octets: encode(0x7C, encode(0x86, bytes(8)))))
        with pytest.raises(WrongToken):
            run.go()
        assert run.terminal.step is Step.FAILED


class TestTouched:
    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, 7), st.data())
    def test_any_octet_changed(self, number: int, data: st.DataObject) -> None:
        def change(octets: bytes) -> bytes:
            touched = bytearray(octets)
            touched[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 0xFF))
            return bytes(touched)

        error = refuse(Run(tamper=at(number, change)))
        assert error.sw in (0x6A80, 0x6300)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 7), st.data())
    def test_octets_dropped_added_or_cut_off(self, number: int, data: st.DataObject) -> None:
        def change(octets: bytes) -> bytes:
            i = data.draw(st.integers(0, len(octets) - 1))
            return data.draw(
                st.sampled_from([octets[:i], octets + b"\x00", octets[:i] + octets[i + 1 :], octets + octets])
            )

        refuse(Run(tamper=at(number, change)))

    @pytest.mark.parametrize("number", range(2, 8))
    def test_the_message_before_comes_again(self, number: int) -> None:
        seen: list[bytes] = []

        def repeat(n: int, octets: bytes) -> bytes:
            seen.append(octets)
            return seen[number - 2] if n == number else octets

        refuse(Run(tamper=repeat))

    @pytest.mark.parametrize("number", [1, 3, 5, 7])
    @pytest.mark.parametrize("value", [b"", b"\x7c\x00", b"\x7c\x02\x80\x00", b"\x30\x00"])
    def test_the_card_answers_emptily(self, number: int, value: bytes) -> None:
        refuse(Run(tamper=at(number, lambda octets: value)))

    @pytest.mark.parametrize("length", [0, 8, 15, 17, 24, 48, 64])
    def test_a_nonce_of_a_strange_length(self, length: int) -> None:
        nonce = encode(0x7C, encode(0x80, bytes(length)))
        refuse(Run(tamper=at(1, lambda octets: nonce)))

    @pytest.mark.parametrize("number", [3, 5])
    def test_the_terminals_own_key_is_not_taken_back(self, number: int) -> None:
        """Reflection: a card that mirrors the terminal's keys must not get through."""
        tag = {3: 0x82, 5: 0x84}[number]
        seen: list[bytes] = []

        def mirror(n: int, octets: bytes) -> bytes:
            seen.append(octets)
            return encode(0x7C, encode(tag, seen[number - 1][-65:])) if n == number else octets

        refuse(Run(tamper=mirror))

    def test_the_card_refuses_its_own_key(self) -> None:
        algorithm = PaceAlgorithm.AES_128
        one = (1).to_bytes(32)
        card = CardPace(
            P256_GROUP,
            algorithm,
            Password.CAN,
            password_key(algorithm, CAN),
            random=lambda count: one[-count:],
        )
        card.general_authenticate(b"\x7c\x00", last=False)
        two = P256_GROUP.multiply(P256_GROUP.generator, 2)
        card.general_authenticate(general_authenticate(0x81, two.octets).data, last=False)
        # s = 1 and H = 2G make 3G the generator, and the card's key the same with a private key of 1.
        mirrored = P256_GROUP.multiply(P256_GROUP.generator, 3)
        with pytest.raises(PaceError, match="same") as caught:
            card.general_authenticate(general_authenticate(0x83, mirrored.octets).data, last=False)
        assert caught.value.sw == 0x6A80


class TestSteps:
    @pytest.mark.parametrize("step", range(3))
    def test_the_last_commands_class_comes_too_early(self, step: int) -> None:
        run = Run()
        command = run.terminal.nonce_command()
        for _ in range(step):
            following = run.terminal.next(run.card.general_authenticate(command.data, last=False))
            assert following is not None
            command = following
        with pytest.raises(PaceError) as caught:
            run.card.general_authenticate(command.data, last=True)
        assert caught.value.sw == 0x6883

    def test_the_token_must_be_the_last(self) -> None:
        run = Run()
        run.card.step = Step.TOKEN
        with pytest.raises(PaceError) as caught:
            run.card.take_token(b"\x7c\x0a\x85\x08" + bytes(8), last=False)
        assert caught.value.sw == 0x6883

    def test_a_token_before_its_time(self) -> None:
        run = Run()
        with pytest.raises(PaceError) as caught:
            run.card.take_token(b"\x7c\x0a\x85\x08" + bytes(8), last=True)
        assert caught.value.sw == 0x6985
        with pytest.raises(PaceError):
            run.card.check_token()

    def test_nothing_follows_the_end(self) -> None:
        run = Run()
        run.go()
        for more in (lambda: run.terminal.next(b"\x7c\x00"), run.card.check_token):
            with pytest.raises(PaceError):
                more()


def test_a_generator_at_infinity_is_refused() -> None:
    s = 12345
    minus = P256_GROUP.multiply(P256_GROUP.generator, P256_GROUP.order - s)
    with pytest.raises(PointError):
        map_generator(P256_GROUP, s.to_bytes(16), minus)


@pytest.mark.parametrize("nonce", [bytes(16), P256_GROUP.order.to_bytes(32)])
def test_a_nonce_that_is_zero_is_refused(nonce: bytes) -> None:
    with pytest.raises(PointError):
        map_generator(P256_GROUP, nonce, P256_GROUP.generator)


class TestSetAt:
    OID = encode(0x80, PaceAlgorithm.AES_128.value)

    def test_objects_may_come_in_any_order(self) -> None:
        parts = [self.OID, encode(0x83, b"\x02"), encode(0x84, b"\x0c")]
        expected = SetAt.from_octets(b"".join(parts))
        assert SetAt.from_octets(b"".join(reversed(parts))) == expected
        assert expected.to_command().data == b"".join(parts)

    @pytest.mark.parametrize(
        "octets",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(OID, id="no password"),
            pytest.param(encode(0x83, b"\x02"), id="no protocol"),
            pytest.param(OID + OID + encode(0x83, b"\x02"), id="twice"),
            pytest.param(OID + encode(0x83, b"\x02") + encode(0x65, b""), id="extensions"),
            pytest.param(encode(0x80, b"\x04\x00") + encode(0x83, b"\x02"), id="another protocol"),
            pytest.param(OID + encode(0x83, b"\x02") + encode(0x84, b"\x00\x0c"), id="long parameters"),
            pytest.param(OID + encode(0x83, b"\x02") + b"\x00", id="trailing"),
        ],
    )
    def test_what_is_refused(self, octets: bytes) -> None:
        with pytest.raises(DecodingError):
            SetAt.from_octets(octets)

    @pytest.mark.parametrize("reference", ["", "00", "05", "0202"])
    def test_unknown_passwords_are_told_apart(self, reference: str) -> None:
        with pytest.raises(UnknownPassword):
            SetAt.from_octets(self.OID + encode(0x83, bytes.fromhex(reference)))


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "3000",
        "31023000",
        "3104300206 00".replace(" ", "") + "00",
        "31113 00F060A04007F00070202040202020101".replace(" ", ""),
        "31143012060A04007F000702020402020201020201FF",
        "31133011060A04007F0007020204020202010204 00".replace(" ", ""),
    ],
)
def test_a_malformed_ef_card_access_is_refused(octets: str) -> None:
    with pytest.raises(DecodingError):
        parse_card_access(bytes.fromhex(octets))


def test_other_security_infos_are_passed_over() -> None:
    assert parse_card_access(bytes.fromhex("310F300D060804007F0007020202020102")) == ()
