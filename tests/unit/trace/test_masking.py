"""What must not stand in a trace: by the specs' marks, beyond them, in parts, and in whatever nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.world import NONCE, over

from mumei.trace.masking import WireMasking, mask_message
from mumei_core.commands import codes
from mumei_core.commands.request import Request
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode

OK = codes.SW_OK.to_bytes(2)
PIN = b"271828"


def iso(
    ins: int, data: bytes = b"", *, p1: int = 0, p2: int = 0, cla: int = 0, le: int | None = None
) -> bytes:
    return CommandAPDU(cla=cla, ins=ins, p1=p1, p2=p2, data=data, le=le).to_bytes(extended=len(data) > 255)


def own(ins: int, data: bytes = b"", **more: int) -> bytes:
    return iso(ins, data, cla=codes.CLA_PROPRIETARY, **more)


def masked(command: bytes, answer: bytes = OK) -> tuple[str, str]:
    sent, got = WireMasking().mask(command, answer)
    assert got is not None
    return sent.to_text(), got.to_text()


def request(**more: object) -> bytes:
    return Request(
        rp_context=b"sake.example",
        nonce=NONCE,
        date=53652,
        channel_binding=bytes(32),
        **more,  # type: ignore[arg-type]
    ).to_octets()


class TestSecretsOfTheHolder:
    @pytest.mark.parametrize(
        ("command", "text"),
        [
            (iso(codes.INS_VERIFY, PIN, p2=3), "0020000306[6]"),
            (iso(codes.INS_CHANGE_REFERENCE_DATA, b"12345" + PIN, p2=3), "002400030b[11]"),
            (iso(codes.INS_RESET_RETRY_COUNTER, b"12345678" + PIN, p2=3), "002c00030e[14]"),
            (iso(codes.INS_RESET_RETRY_COUNTER, PIN, p1=2, p2=3), "002c020306[6]"),
            # Of a wrong length, under a reference that nobody knows, with Le, extended.
            (iso(codes.INS_VERIFY, PIN + b"1", p2=3), "0020000307[7]"),
            (iso(codes.INS_VERIFY, b"271", p2=3), "0020000303[3]"),
            (iso(codes.INS_VERIFY, PIN, p2=9), "0020000906[6]"),
            (iso(codes.INS_VERIFY, PIN, p1=1, p2=3), "0020010306[6]"),
            (iso(codes.INS_VERIFY, PIN, p2=3, le=256), "0020000306[6]00"),
            (b"\x00\x20\x00\x03\x00\x00\x06" + PIN, "00200003000006[6]"),
            # No command APDU at all.
            (b"\x00\x20\x00\x03\x09" + PIN, "00200003[7]"),
        ],
    )
    def test_never_in_a_trace(self, command: bytes, text: str) -> None:
        assert masked(command)[0] == text

    def test_not_in_the_parts_of_a_chain_either(self) -> None:
        masking = WireMasking()
        first = masking.mask(iso(codes.INS_VERIFY, PIN[:4], p2=3, cla=0x10), OK)[0]
        last = masking.mask(iso(codes.INS_VERIFY, PIN[4:], p2=3), OK)[0]
        assert (first.to_text(), last.to_text()) == ("1020000304[4]", "0020000302[2]")

    def test_a_status_word_stays(self) -> None:
        assert masked(iso(codes.INS_VERIFY, PIN, p2=3), b"\x63\xc2")[1] == "63c2"

    def test_not_even_where_no_answer_came(self) -> None:
        sent, got = WireMasking().mask(iso(codes.INS_VERIFY, PIN, p2=3), None)
        assert sent.to_text() == "0020000306[6]" and got is None


class TestPresentations:
    ANSWER = bytes(range(1, 13)) + b"\x00\x04\x00\x00\x00\x15" + bytes(range(100, 160))

    def answered(self, asked: bytes) -> str:
        return masked(own(codes.INS_PRESENT, asked), self.ANSWER + OK)[1]

    def test_a_proof_of_predicates_stays(self) -> None:
        asked = request(predicates=(over(20),), table_hash=bytes(32))
        assert self.answered(asked) == (self.ANSWER + OK).hex()

    def test_what_is_shown_goes_with_its_proof(self) -> None:
        """The proof alone would let anyone try the 47 prefectures."""
        assert self.answered(request(disclosed=(1,))) == self.ANSWER[:14].hex() + "[64]9000"

    def test_the_proof_beside_a_pseudonym_goes(self) -> None:
        assert self.answered(request(pseudonym=True)) == self.ANSWER[:12].hex() + "[66]9000"

    def test_what_was_signed_goes_from_request_and_proof(self) -> None:
        asked = request(transaction=b"\xaa" * 32)
        sent, got = masked(own(codes.INS_PRESENT, asked), self.ANSWER + OK)
        assert "aaaa" not in sent and "8820[32]" in sent
        assert got == self.ANSWER[:12].hex() + "[66]9000"

    @pytest.mark.parametrize("asked", [b"", b"\xe1\x00", b"\xe1\x03\x80\x01\x01", bytes(90)])
    def test_the_answer_to_what_is_no_request_goes(self, asked: bytes) -> None:
        assert self.answered(asked) == "[78]9000"

    def test_in_pieces_it_goes_whole(self) -> None:
        masking = WireMasking()
        masking.mask(own(codes.INS_PRESENT, request(disclosed=(1,))), self.ANSWER[:20] + b"\x61\x00")
        rest = masking.mask(iso(codes.INS_GET_RESPONSE, le=256), self.ANSWER[20:] + OK)[1]
        assert rest is not None and rest.to_text() == "[58]9000"

    def test_in_pieces_a_proof_of_predicates_stays(self) -> None:
        masking = WireMasking()
        asked = request(predicates=(over(20),), table_hash=bytes(32))
        half = len(asked) // 2
        masking.mask(_part(asked[:half]), OK)
        first = masking.mask(own(codes.INS_PRESENT, asked[half:]), self.ANSWER[:20] + b"\x61\x00")[1]
        rest = masking.mask(iso(codes.INS_GET_RESPONSE, le=256), self.ANSWER[20:] + OK)[1]
        assert first is not None and rest is not None and first.is_whole and rest.is_whole


def _part(data: bytes) -> bytes:
    return CommandAPDU(cla=0x90, ins=codes.INS_PRESENT, p1=0, p2=0, data=data).to_bytes()


class TestOthers:
    def test_the_log_tells_its_version_only(self) -> None:
        objects = {0x80: b"\1", 0x81: bytes(4), 0x82: bytes(4), 0x83: b"\1", 0x84: b"\0", 0x85: b"\0"}
        objects |= {0x86: bytes(20), 0x87: b"\xaa" * 32, 0x88: b"\x10Sake Shop at the".ljust(129, b"\0")}
        entry = encode(codes.TAG_LOG_ENTRY, b"".join(encode(tag, value) for tag, value in objects.items()))
        got = masked(own(codes.INS_LOG, le=256), entry + OK)[1]
        assert got == "e681d48001018104[4]8204[4]8301[1]8401[1]8501[1]8614[20]8720[32]888181[129]9000"

    def test_a_chip_has_no_number(self) -> None:
        answer = bytes(range(1, 49))
        got = masked(own(codes.INS_INITIALIZE_UPDATE, bytes(16), le=256), answer + OK)[1]
        assert got.startswith("[10]")

    def test_what_scp03_carried_goes_where_it_was_secret(self) -> None:
        command = CommandAPDU(
            cla=codes.CLA_SCP03, ins=codes.INS_STORE_CREDENTIAL, p1=0, p2=0, data=bytes(range(64)), le=256
        ).to_bytes()
        assert masked(command, bytes(32) + OK) == ("8432000040[64]00", "[32]9000")
        kept, _ = WireMasking(keep_scp03=True).mask(command, bytes(32) + OK)
        assert kept.is_whole

    def test_what_secure_messaging_carries_stays(self) -> None:
        data = encode(codes.TAG_SM_CRYPTOGRAM, b"\1" + bytes(range(16))) + encode(codes.TAG_SM_MAC, bytes(8))
        command = iso(codes.INS_VERIFY, data, p2=3, cla=0x0C, le=256)
        answer = encode(codes.TAG_SM_STATUS, OK) + encode(codes.TAG_SM_MAC, bytes(8)) + OK
        assert masked(command, answer) == (command.hex(), answer.hex())
        assert masked(command, b"in plain" + OK) == (command.hex(), "[8]9000")

    def test_but_not_what_only_says_so(self) -> None:
        assert masked(iso(codes.INS_VERIFY, PIN, p2=3, cla=0x0C))[0] == "0c20000306[6]"

    def test_unknown_commands_are_masked_both_ways(self) -> None:
        assert masked(iso(0x7C, b"secret"), b"secret" + OK) == ("007c000006[6]", "[6]9000")

    def test_an_unexpected_answer_is_masked(self) -> None:
        assert masked(iso(codes.INS_VERIFY, PIN, p2=3), b"secret" + OK)[1] == "[6]9000"

    def test_get_response_of_nothing_is_masked(self) -> None:
        assert masked(iso(codes.INS_GET_RESPONSE, le=256), b"secret" + OK)[1] == "[6]9000"

    def test_a_reset_forgets_what_was_waited_for(self) -> None:
        masking = WireMasking()
        masking.mask(iso(codes.INS_GET_CHALLENGE, le=8), bytes(4) + b"\x61\x04")
        masking.reset()
        got = masking.mask(iso(codes.INS_GET_RESPONSE, le=4), b"next" + OK)[1]
        assert got is not None and not got.is_whole

    def test_public_things_stay(self) -> None:
        command = iso(codes.INS_SELECT, codes.AID, p1=4, le=256)
        assert masked(command, b"\x6f\x00" + OK) == (command.hex(), "6f009000")


@given(st.binary(min_size=1, max_size=80), st.binary(max_size=60))
def test_takes_any_octets_and_keeps_their_number(command: bytes, answer: bytes) -> None:
    sent, got = WireMasking().mask(command, answer + OK)
    assert got is not None and (len(sent), len(got)) == (len(command), len(answer) + 2)


@given(
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.sampled_from(sorted({0x20, 0x32, 0x34, 0x38, 0x50, 0xD8})),
)
def test_whole_messages_keep_their_lengths(data: bytes, answer: bytes, ins: int) -> None:
    command = CommandAPDU(cla=0x80 if ins != 0x20 else 0, ins=ins, p1=0, p2=0, data=data)
    sent, got = mask_message(command, ResponseAPDU(answer, codes.SW_OK))
    assert (len(sent), len(got)) == (len(data), len(answer))
