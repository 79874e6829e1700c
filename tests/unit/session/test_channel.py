"""Each link of the chain, with a fake next one (ISO/IEC 7816-4:2005, 5.1)."""

from collections.abc import Sequence

import pytest

from mumei.session.channel import (
    Capabilities,
    Channel,
    CommandChaining,
    Formatting,
    ResponseChaining,
    SecureMessaging,
)
from mumei.transport.base import CardConnection
from mumei_core.errors import CardRefused, ProtocolError
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

EXTENDED = Capabilities(chaining=True, extended=True, max_command=4096)


class FakeLink:
    """Gives prepared answers and keeps what it was sent."""

    def __init__(self, *answers: ResponseAPDU) -> None:
        self.answers = list(answers)
        self.sent: list[CommandAPDU] = []

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        self.sent.append(command)
        return self.answers.pop(0)


class FakeConnection(CardConnection):
    """A card that answers from a list of octets."""

    def __init__(self, answers: Sequence[str], *, supports_extended: bool = True) -> None:
        self.name = "fake"
        self.atr = b"\x3b\x00"
        self.supports_extended = supports_extended
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.sent: list[str] = []
        self.resets = 0

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu.hex())
        return self.answers.pop(0)

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        pass


def command(data: bytes = b"", le: int | None = None) -> CommandAPDU:
    return CommandAPDU(cla=0x80, ins=0x34, p1=0, p2=0, data=data, le=le)


def answer(sw: int, data: str = "") -> ResponseAPDU:
    return ResponseAPDU(bytes.fromhex(data), sw)


class TestFormatting:
    @pytest.mark.parametrize(
        ("sent", "octets"),
        [
            pytest.param(command(), "80340000", id="case 1"),
            pytest.param(command(le=256), "8034000000", id="case 2, short Le 256"),
            pytest.param(command(b"\x01\x02"), "80340000020102", id="case 3"),
            pytest.param(command(b"\x01", 16), "80340000010110", id="case 4"),
            pytest.param(command(le=257), "80340000000101", id="case 2, extended Le"),
            pytest.param(command(b"\x01", 65_536), "80340000000001010000", id="case 4, extended for its Le"),
        ],
    )
    def test_the_short_form_is_used_wherever_a_command_fits(self, sent: CommandAPDU, octets: str) -> None:
        connection = FakeConnection(["9000"])
        Formatting(connection, EXTENDED).transmit(sent)
        assert connection.sent == [octets]

    def test_a_card_without_extended_lengths_is_asked_for_256_octets_at_most(self) -> None:
        connection = FakeConnection(["9000"])
        Formatting(connection, Capabilities()).transmit(command(b"\x01", 65_536))
        assert connection.sent == ["80340000010100"]

    @pytest.mark.parametrize("octets", ["6000", "5000", "a000", "1234"])
    def test_two_octets_that_are_no_status_word_are_refused(self, octets: str) -> None:
        with pytest.raises(ProtocolError, match="no status word"):
            Formatting(FakeConnection([octets]), EXTENDED).transmit(command())

    def test_data_beside_an_error_are_refused(self) -> None:
        with pytest.raises(ProtocolError, match="6A80"):
            Formatting(FakeConnection(["016a80"]), EXTENDED).transmit(command())


class TestResponseChaining:
    def test_a_whole_answer_passes(self) -> None:
        link = FakeLink(answer(0x9000, "0102"))
        assert ResponseChaining(link).transmit(command(le=256)) == answer(0x9000, "0102")
        assert len(link.sent) == 1

    def test_the_rest_is_fetched_in_the_same_class_with_the_length_announced(self) -> None:
        link = FakeLink(answer(0x6102, "01"), answer(0x6100, "0203"), answer(0x9000, "04"))
        assert ResponseChaining(link).transmit(command(le=1)) == answer(0x9000, "01020304")
        assert [(sent.cla, sent.ins, sent.le) for sent in link.sent[1:]] == [
            (0x80, 0xC0, 2),
            (0x80, 0xC0, 256),
        ]

    def test_a_wrong_le_is_corrected_once(self) -> None:
        link = FakeLink(answer(0x6C05), answer(0x9000, "0102030405"))
        assert ResponseChaining(link).transmit(command(le=256)).sw == 0x9000
        assert [sent.le for sent in link.sent] == [256, 5]

        stubborn = FakeLink(answer(0x6C05), answer(0x6C06))
        assert ResponseChaining(stubborn).transmit(command(le=256)).sw == 0x6C06
        assert len(stubborn.sent) == 2

    def test_pieces_that_bring_nothing_end_the_exchange(self) -> None:
        with pytest.raises(ProtocolError, match="announces more"):
            ResponseChaining(FakeLink(answer(0x6110), answer(0x6110))).transmit(command())

    def test_an_answer_longer_than_any_answer_ends_the_exchange(self) -> None:
        piece = answer(0x6100, "00" * 256)
        with pytest.raises(ProtocolError, match="announces more"):
            ResponseChaining(FakeLink(*[piece] * 300)).transmit(command())

    def test_an_answer_in_crumbs_ends_the_exchange_long_before_it_is_whole(self) -> None:
        link = FakeLink(*[answer(0x6100, "00")] * 5_000)
        with pytest.raises(ProtocolError, match="announces more"):
            ResponseChaining(link).transmit(command())
        assert len(link.sent) < 1_100

    def test_an_error_in_the_middle_leaves_no_half_an_answer(self) -> None:
        link = FakeLink(answer(0x6102, "01"), answer(0x6F00))
        assert ResponseChaining(link).transmit(command()) == answer(0x6F00)


class TestCommandChaining:
    def test_a_command_that_fits_passes_whole(self) -> None:
        link = FakeLink(answer(0x9000))
        CommandChaining(link, Capabilities(chaining=True)).transmit(command(bytes(255), 256))
        assert link.sent == [command(bytes(255), 256)]

    def test_a_longer_one_goes_in_short_parts(self) -> None:
        link = FakeLink(answer(0x9000), answer(0x9000), answer(0x9000, "07"))
        data = bytes(range(256)) * 2
        response = CommandChaining(link, Capabilities(chaining=True)).transmit(command(data, 256))
        assert response == answer(0x9000, "07")
        assert [sent.cla for sent in link.sent] == [0x90, 0x90, 0x80]
        assert b"".join(sent.data for sent in link.sent) == data
        assert [sent.le for sent in link.sent] == [None, None, 256]

    def test_parts_are_as_long_as_the_card_takes(self) -> None:
        link = FakeLink(answer(0x9000), answer(0x9000))
        CommandChaining(link, EXTENDED).transmit(command(bytes(5000), 65_536))
        assert [len(sent.to_bytes(extended=True)) for sent in link.sent[:1]] <= [4096]
        assert len(link.sent) == 2

    def test_a_card_that_cannot_is_not_sent_half_a_command(self) -> None:
        link = FakeLink()
        with pytest.raises(ProtocolError, match="256 octets"):
            CommandChaining(link, Capabilities()).transmit(command(bytes(256)))
        assert link.sent == []

    def test_an_error_ends_the_chain_and_is_the_answer(self) -> None:
        link = FakeLink(answer(0x6700))
        assert CommandChaining(link, Capabilities(chaining=True)).transmit(command(bytes(600))).sw == 0x6700
        assert len(link.sent) == 1

    @pytest.mark.parametrize("strange", [answer(0x6282), answer(0x9000, "01"), answer(0x63C1)])
    def test_warnings_and_data_in_the_middle_are_refused(self, strange: ResponseAPDU) -> None:
        with pytest.raises(ProtocolError, match="middle of a chain"):
            CommandChaining(FakeLink(strange), Capabilities(chaining=True)).transmit(command(bytes(600)))


def test_without_keys_everything_passes_as_it_came() -> None:
    link = FakeLink(answer(0x6A82))
    assert SecureMessaging(link, EXTENDED).transmit(command(b"\x01", 3)) == answer(0x6A82)
    assert link.sent == [command(b"\x01", 3)]


class TestChannel:
    def test_begins_with_what_every_card_can_do(self) -> None:
        connection = FakeConnection(["9000"])
        Channel(connection).send(command(le=65_536))
        assert connection.sent == ["8034000000"]

    def test_adopts_what_the_card_can_do(self) -> None:
        connection = FakeConnection(["9000"])
        channel = Channel(connection)
        channel.adopt(EXTENDED)
        channel.send(command(bytes(300)))
        assert connection.sent == ["8034000000012c" + "00" * 300]

    def test_a_reader_without_extended_lengths_makes_the_card_take_chains(self) -> None:
        connection = FakeConnection(["9000", "9000"], supports_extended=False)
        channel = Channel(connection)
        channel.adopt(EXTENDED)
        channel.send(command(bytes(300)))
        assert [octets[:10] for octets in connection.sent] == ["90340000ff", "803400002d"]

    def test_a_refusal_names_what_was_refused_and_why(self) -> None:
        channel = Channel(FakeConnection(["6982"]))
        with pytest.raises(CardRefused, match="refused to answer the request: ") as caught:
            channel.execute(command(), doing="answer the request")
        assert caught.value.sw == 0x6982

    def test_after_a_reset_capabilities_are_unknown_again(self) -> None:
        connection = FakeConnection(["9000"])
        channel = Channel(connection)
        channel.adopt(EXTENDED)
        channel.reset()
        channel.send(command(le=1000))
        assert connection.resets == 1
        assert connection.sent == ["8034000000"]
