"""Secure messaging: what goes in comes out, and whatever was touched on the way ends the channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.commands import codes
from mumei_core.iso7816.apdu import ApduError, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode, parse
from mumei_core.iso7816.secure_messaging import (
    CardChannel,
    SecureMessagingError,
    TerminalChannel,
    max_plain_data,
)

COMMAND = CommandAPDU(cla=0x00, ins=0xB0, p1=1, p2=2, data=b"\x11" * 20, le=40)
RESPONSE = ResponseAPDU(b"\x22" * 20, 0x9000)
KEY_LENGTHS = [16, 24, 32]

commands = st.builds(
    CommandAPDU,
    cla=st.sampled_from([0x00, 0x80, 0x10, 0x90]),
    ins=st.integers(0, 0xFF),
    p1=st.integers(0, 0xFF),
    p2=st.integers(0, 0xFF),
    data=st.binary(max_size=600),
    le=st.none() | st.integers(1, 65_536),
)
responses = st.builds(ResponseAPDU, st.binary(max_size=600), st.integers(0x6100, 0x9FFF))


def channels(length: int = 16) -> tuple[TerminalChannel, CardChannel]:
    keys = bytes(range(length)), bytes(range(100, 100 + length))
    return TerminalChannel(*keys), CardChannel(*keys)


def tags(data: bytes) -> list[int]:
    return [item.tag for item in parse(data)]


def objects(data: bytes) -> list[bytes]:
    return [item.to_bytes() for item in parse(data)]


def assert_refused(card: CardChannel, command: CommandAPDU, sw: int | None = None) -> None:
    """The command is refused with 69 87 or 69 88, and nothing passes after it, not even the right one."""
    with pytest.raises(SecureMessagingError) as caught:
        card.unwrap(command)
    assert caught.value.sw in ((sw,) if sw else (0x6987, 0x6988))
    assert not card.is_open
    for forbidden in (lambda: card.unwrap(command), lambda: card.wrap(RESPONSE)):
        with pytest.raises(SecureMessagingError, match="closed"):
            forbidden()


class TestWhatGoesInComesOut:
    @pytest.mark.parametrize("length", KEY_LENGTHS)
    @given(st.lists(st.tuples(commands, responses), min_size=1, max_size=4))
    def test_any_exchange(self, length: int, exchanges: list[tuple[CommandAPDU, ResponseAPDU]]) -> None:
        terminal, card = channels(length)
        for command, response in exchanges:
            protected = terminal.wrap(command, extended=True)
            assert CommandAPDU.from_bytes(protected.to_bytes(extended=not protected.fits_short)) == protected
            assert card.unwrap(protected) == command
            answer = card.wrap(response)
            assert ResponseAPDU.from_bytes(answer.to_bytes()) == answer
            assert terminal.unwrap(answer) == response

    @pytest.mark.parametrize(
        ("command", "expected"),
        [
            pytest.param(replace(COMMAND, data=b"", le=None), [0x8E], id="case 1: neither"),
            pytest.param(replace(COMMAND, data=b""), [0x97, 0x8E], id="case 2: no cryptogram"),
            pytest.param(replace(COMMAND, le=None), [0x87, 0x8E], id="case 3: no Le"),
            pytest.param(COMMAND, [0x87, 0x97, 0x8E], id="case 4"),
            pytest.param(replace(COMMAND, ins=0xCB), [0x85, 0x97, 0x8E], id="odd instruction: 85"),
        ],
    )
    def test_only_what_is_there_travels(self, command: CommandAPDU, expected: list[int]) -> None:
        terminal, card = channels()
        protected = terminal.wrap(command, extended=True)
        assert tags(protected.data) == expected
        assert protected.le == 256
        assert card.unwrap(protected) == command

    def test_an_answer_without_data_has_no_cryptogram(self) -> None:
        terminal, card = channels()
        card.unwrap(terminal.wrap(COMMAND, extended=True))
        assert tags(card.wrap(ResponseAPDU(sw=0x6A82)).data) == [0x99, 0x8E]

    @pytest.mark.parametrize(
        ("le", "octets"),
        [(1, "01"), (255, "ff"), (256, "00"), (257, "0101"), (65_535, "ffff"), (65_536, "0000")],
    )
    def test_le_takes_as_many_octets_as_it_needs(self, le: int, octets: str) -> None:
        terminal, card = channels()
        protected = terminal.wrap(replace(COMMAND, data=b"", le=le), extended=True)
        assert parse(protected.data)[0].value.hex() == octets
        assert protected.le == (256 if le <= 256 else 65_536)
        assert card.unwrap(protected).le == le

    def test_equal_commands_look_different_each_time(self) -> None:
        terminal, _ = channels()
        first, second = (terminal.wrap(COMMAND, extended=True).data for _ in range(2))
        assert all(a != b for a, b in zip(objects(first)[::2], objects(second)[::2], strict=True))

    def test_a_short_command_becomes_extended_where_it_must(self) -> None:
        terminal, _ = channels()
        protected = terminal.wrap(replace(COMMAND, data=bytes(240), le=256), extended=True)
        assert (len(protected.data) > 255, protected.le) == (True, 65_536)
        assert parse(protected.data)[1].value == b"\x00"

    def test_without_extended_lengths_it_is_refused(self) -> None:
        terminal, _ = channels()
        with pytest.raises(ApduError):
            terminal.wrap(replace(COMMAND, data=bytes(240)), extended=False).to_bytes()

    @pytest.mark.parametrize(("le", "most"), [(None, 239), (200, 223)])
    def test_how_much_stays_short(self, le: int | None, most: int) -> None:
        assert max_plain_data(255, le=le is not None) == most
        for length, fits in ((most, True), (most + 1, False)):
            terminal, _ = channels()
            assert (
                len(terminal.wrap(replace(COMMAND, data=bytes(length), le=le), extended=True).data) <= 255
            ) is fits

    @given(st.integers(256, 65_535), st.sampled_from([None, 65_536]))
    def test_how_much_fits_an_extended_command(self, limit: int, le: int | None) -> None:
        most = max_plain_data(limit, le=le is not None)
        terminal, _ = channels()
        assert len(terminal.wrap(replace(COMMAND, data=bytes(most), le=le), extended=True).data) <= limit

    def test_chained_parts_are_protected_each_by_itself(self) -> None:
        terminal, card = channels()
        parts = [replace(COMMAND, cla=0x10, data=b"first", le=None), replace(COMMAND, data=b"last")]
        for part in parts:
            protected = terminal.wrap(part, extended=True)
            assert protected.cla == part.cla | 0x0C
            assert card.unwrap(protected) == part
            terminal.unwrap(card.wrap(ResponseAPDU()))

    def test_the_counter_has_sixteen_octets_and_does_not_wrap(self) -> None:
        terminal, card = channels()
        terminal._ssc = card._ssc = (1 << 128) - 3
        card.unwrap(terminal.wrap(COMMAND, extended=True))
        terminal.unwrap(card.wrap(RESPONSE))
        with pytest.raises(SecureMessagingError, match="used up"):
            terminal.wrap(COMMAND, extended=True)
        assert not terminal.is_open

    def test_an_error_inside_is_counted_like_any_answer(self) -> None:
        terminal, card = channels()
        card.unwrap(terminal.wrap(COMMAND, extended=True))
        assert terminal.unwrap(card.wrap(ResponseAPDU(sw=0x6982))).sw == 0x6982
        assert card.unwrap(terminal.wrap(COMMAND, extended=True)) == COMMAND


class TestTouchedCommands:
    @given(st.data())
    def test_any_octet_changed(self, data: st.DataObject) -> None:
        terminal, card = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        octets = bytearray(protected.to_bytes())
        # All but Lc, which the transport would notice, and the outer Le, which is the transport's own.
        at = data.draw(st.sampled_from([i for i in range(len(octets) - 1) if i != 4]))
        octets[at] ^= data.draw(st.integers(1, 0xFF))
        assert_refused(card, CommandAPDU.from_bytes(bytes(octets)))

    @given(st.data())
    def test_octets_dropped_added_or_cut_off(self, data: st.DataObject) -> None:
        terminal, card = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        field = protected.data
        at = data.draw(st.integers(0, len(field) - 1))
        touched = data.draw(
            st.sampled_from(
                [field[:at] + field[at + 1 :], field[:at] + b"\x00" + field[at:], field[:at], field + b"\x00"]
            )
        )
        if touched != field:
            assert_refused(card, replace(protected, data=touched))

    def test_a_missing_mac_is_a_missing_object(self) -> None:
        terminal, card = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        assert_refused(card, replace(protected, data=b"".join(objects(protected.data)[:-1])), 0x6987)

    def test_no_data_field_at_all(self) -> None:
        _, card = channels()
        assert_refused(card, replace(COMMAND, cla=0x0C, data=b""), 0x6987)

    @pytest.mark.parametrize(
        "order", [(1, 0, 2), (0, 2, 1), (0, 0, 1, 2), (0, 1, 1, 2), (0, 1, 2, 2), (0, 2), (1, 2)]
    )
    def test_objects_moved_doubled_or_left_out(self, order: tuple[int, ...]) -> None:
        terminal, card = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        parts = objects(protected.data)
        assert_refused(card, replace(protected, data=b"".join(parts[i] for i in order)), 0x6988)

    @pytest.mark.parametrize(
        "foreign", [encode(0x99, b"\x90\x00"), encode(0x81, b"\x01"), encode(0x85, bytes(16))]
    )
    def test_an_object_that_does_not_belong_there(self, foreign: bytes) -> None:
        terminal, card = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        assert_refused(card, replace(protected, data=foreign + protected.data), 0x6988)

    def test_a_command_repeated(self) -> None:
        terminal, card = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        card.unwrap(protected)
        card.wrap(RESPONSE)
        assert_refused(card, protected, 0x6988)

    def test_two_commands_in_the_other_order(self) -> None:
        terminal, card = channels()
        terminal.wrap(COMMAND, extended=True)
        assert_refused(card, terminal.wrap(COMMAND, extended=True), 0x6988)

    def test_a_plain_command(self) -> None:
        _, card = channels()
        assert_refused(card, COMMAND, 0x6987)

    @pytest.mark.parametrize("cla", [0x04, 0x08])
    def test_a_class_that_says_half_of_it(self, cla: int) -> None:
        terminal, card = channels()
        assert_refused(card, replace(terminal.wrap(COMMAND, extended=True), cla=cla), 0x6987)

    def test_a_command_of_another_session(self) -> None:
        _, card = channels()
        assert_refused(card, TerminalChannel(bytes(16), bytes(16)).wrap(COMMAND, extended=True), 0x6988)


def forged(terminal: TerminalChannel, inner: bytes, header: bytes = b"\x0c\xb0\x01\x02") -> CommandAPDU:
    """A command whose MAC is right, whatever ``inner`` is: from somebody who has the keys and breaks the rules."""
    mac = terminal._mac(header + b"\x80" + bytes(11) + inner + b"\x80" + bytes(-(len(inner) + 1) % 16))
    return CommandAPDU(
        cla=header[0], ins=header[1], p1=header[2], p2=header[3], data=inner + encode(0x8E, mac), le=256
    )


def encrypted(terminal: TerminalChannel, padded: bytes) -> bytes:
    encryptor = terminal._cipher().encryptor()
    return encryptor.update(padded) + encryptor.finalize()


class TestRulesWithinARightMac:
    @pytest.mark.parametrize(
        "padded",
        [
            pytest.param(bytes(16), id="only zeros"),
            pytest.param(b"\x01" * 16, id="no 80"),
            pytest.param(b"\x80" + bytes(15), id="padding of nothing"),
            pytest.param(b"\x01\x80" + bytes(30), id="more than a block of padding"),
        ],
    )
    def test_wrong_padding(self, padded: bytes) -> None:
        terminal, card = channels()
        terminal._ssc = 1
        inner = encode(0x87, b"\x01" + encrypted(terminal, padded))
        assert_refused(card, forged(terminal, inner), 0x6988)

    @pytest.mark.parametrize("value", [b"", b"\x01", b"\x01" + bytes(15), b"\x02" + bytes(16), bytes(16)])
    def test_cryptograms_that_are_none(self, value: bytes) -> None:
        terminal, card = channels()
        terminal._ssc = 1
        assert_refused(card, forged(terminal, encode(0x87, value)), 0x6988)

    @pytest.mark.parametrize("value", [b"", b"\x00\x00\x00"])
    def test_an_le_of_another_length(self, value: bytes) -> None:
        terminal, card = channels()
        terminal._ssc = 1
        assert_refused(card, forged(terminal, encode(0x97, value)), 0x6988)

    @pytest.mark.parametrize(("ins", "tag"), [(0xB0, 0x85), (0xCB, 0x87)])
    def test_the_other_instructions_cryptogram(self, ins: int, tag: int) -> None:
        terminal, card = channels()
        terminal._ssc = 1
        padding = b"\x01" if tag == 0x87 else b""
        inner = encode(tag, padding + encrypted(terminal, b"data\x80" + bytes(11)))
        assert_refused(card, forged(terminal, inner, bytes((0x0C, ins, 1, 2))), 0x6988)


class TestTouchedAnswers:
    def answer(self) -> tuple[TerminalChannel, ResponseAPDU]:
        terminal, card = channels()
        card.unwrap(terminal.wrap(COMMAND, extended=True))
        return terminal, card.wrap(RESPONSE)

    def assert_refused(self, terminal: TerminalChannel, response: ResponseAPDU) -> None:
        with pytest.raises(SecureMessagingError) as caught:
            terminal.unwrap(response)
        assert caught.value.hint
        assert not terminal.is_open
        with pytest.raises(SecureMessagingError, match="closed"):
            terminal.wrap(COMMAND, extended=True)

    @given(st.data())
    def test_any_octet_changed(self, data: st.DataObject) -> None:
        terminal, answer = self.answer()
        octets = bytearray(answer.to_bytes())
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 0xFF))
        self.assert_refused(terminal, ResponseAPDU.from_bytes(bytes(octets)))

    @given(st.data())
    def test_octets_dropped_added_or_cut_off(self, data: st.DataObject) -> None:
        terminal, answer = self.answer()
        octets = answer.to_bytes()
        at = data.draw(st.integers(0, len(octets) - 3))
        touched = data.draw(
            st.sampled_from(
                [octets[:at] + octets[at + 1 :], octets[:at] + b"\x00" + octets[at:], octets[at + 1 :]]
            )
        )
        if touched != octets:
            self.assert_refused(terminal, ResponseAPDU.from_bytes(touched))

    @pytest.mark.parametrize("order", [(1, 0, 2), (0, 0, 1, 2), (0, 2), (1, 2), (2,), (0, 1), ()])
    def test_objects_moved_doubled_or_left_out(self, order: tuple[int, ...]) -> None:
        terminal, answer = self.answer()
        parts = objects(answer.data)
        self.assert_refused(terminal, ResponseAPDU(b"".join(parts[i] for i in order), answer.sw))

    @pytest.mark.parametrize("plain", [ResponseAPDU(), ResponseAPDU(b"data"), ResponseAPDU(sw=0x6988)])
    def test_a_plain_answer(self, plain: ResponseAPDU) -> None:
        terminal, _ = self.answer()
        self.assert_refused(terminal, plain)

    def test_another_status_word_outside(self) -> None:
        terminal, answer = self.answer()
        self.assert_refused(terminal, replace(answer, sw=0x6982))

    def test_an_answer_repeated(self) -> None:
        terminal, answer = self.answer()
        terminal.unwrap(answer)
        terminal.wrap(COMMAND, extended=True)
        self.assert_refused(terminal, answer)

    def test_a_commands_octets_are_no_answer(self) -> None:
        terminal, _ = channels()
        protected = terminal.wrap(COMMAND, extended=True)
        self.assert_refused(terminal, ResponseAPDU(protected.data, codes.SW_OK))


def test_wiping_may_be_repeated_and_leaves_nothing() -> None:
    terminal, _ = channels()
    terminal.wipe()
    terminal.wipe()
    assert not terminal.is_open
    assert not terminal._k_enc and not terminal._k_mac
