"""What traces and logs show: names from the specifications, no secrets, and no octets that could stop them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.decoder import explain, redact
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.ber_tlv import encode


def command(apdu: str) -> CommandAPDU:
    return CommandAPDU.from_bytes(bytes.fromhex(apdu))


def response(octets: str) -> ResponseAPDU:
    return ResponseAPDU.from_bytes(bytes.fromhex(octets))


def test_a_command_is_explained_in_the_words_of_its_specification() -> None:
    explanation = explain(
        command("00A40400 08 F06D756D65690101 00"), response("6F0A 8408F06D756D65690101 9000")
    )
    assert explanation.title == "SELECT: BY NAME"
    assert [(p.name, p.value, p.meaning) for p in explanation.parameters] == [
        ("P1", 4, "by application identifier"),
        ("P2", 0, "FCI; 00 first, 01 last, 02 next, 03 previous occurrence"),
    ]
    assert [(line.name, line.shown) for line in explanation.data] == [
        ("application identifier", "F06D756D65690101")
    ]
    assert [(line.name, line.tag, line.depth, line.shown) for line in explanation.response] == [
        ("FCI template", 0x6F, 0, ""),
        ("application identifier", 0x84, 1, "F06D756D65690101"),
    ]
    assert (explanation.sw, explanation.meaning, explanation.documented) == (0x9000, "selected", True)


def test_a_status_word_that_no_specification_names_is_said_to_be_so() -> None:
    explanation = explain(command("0084000008"), response("6F00"))
    assert not explanation.documented
    assert explanation.meaning == ""


@pytest.mark.parametrize(
    ("apdu", "shown"),
    [
        ("00200003 06 313233343536", "0020000306************"),
        # One digit too few or too many: what cannot be the PIN is not shown either.
        ("00200003 05 3132333435", "0020000305**********"),
        ("00200103 06 313233343536", "0020010306************"),
        # Of a class that says protected, and not protected at all.
        ("0C200003 06 313233343536", "0C20000306************"),
        ("84200003 06 313233343536", "8420000306************"),
        ("10240003 06 313233343536", "1024000306************"),
        ("00240003 0C 313233343536363534333231 00", "002400030C************************00"),
        # Nobody knows what an unknown command carries.
        ("00FE0000 02 3132 00", "00FE000002****00"),
        ("00A40400 02 3132 00", "00A4040002313200"),
    ],
)
def test_secrets_are_masked_and_lengths_stay(apdu: str, shown: str) -> None:
    whole = redact(command(apdu))
    assert whole.command == shown
    assert whole.response is None


def test_extended_lengths_stay_extended() -> None:
    long = CommandAPDU(cla=0x80, ins=0x32, p1=0, p2=0, data=bytes(300), le=65_536)
    assert redact(long).command == "80320000" + "00012C" + "**" * 300 + "0000"


def test_of_a_credential_nothing_personal_is_shown() -> None:
    attributes = b"".join(encode(tag, bytes(4)) for tag in (0x80, 0x81, 0x82))
    inside = encode(0x80, b"\x01") + encode(0xA3, attributes) + encode(0x84, bytes(80))
    explanation = explain(CommandAPDU(cla=0x80, ins=0x32, p1=0, p2=0, data=encode(0xE4, inside), le=256))
    shown = {line.name: line.shown for line in explanation.data}
    assert shown["version"] == "01"
    assert shown["birth date"] == "‹4 octets›"
    assert shown["signature"] == "‹80 octets›"


def test_inside_a_channel_only_the_protection_is_shown() -> None:
    explanation = explain(command("0C200003 14 8708 01AABBCCDDEEFF00 8E08 1122334455667788 00"))
    assert explanation.protected == "secure messaging"
    assert [line.name for line in explanation.data][:2] == ["cryptogram", "MAC"]


def test_every_example_can_be_explained_and_shows_no_pin() -> None:
    for spec in COMMANDS.values():
        for example in spec.examples:
            for octets, answer in example.steps:
                sent = CommandAPDU.from_bytes(octets)
                got = ResponseAPDU.from_bytes(bytes.fromhex(re.sub(r"\.", "0", answer)))
                explanation = explain(sent, got)
                assert explanation.command in {known.name for known in COMMANDS.values()}
                assert explanation.documented, f"{spec.name}: {example.about}"
                redacted = redact(sent, got)
                if explanation.command == "VERIFY":
                    assert "313233343536" not in redacted.command


_COMMANDS = st.builds(
    CommandAPDU,
    cla=st.sampled_from(sorted({cla for cla, _ in COMMANDS})) | st.integers(0, 255),
    ins=st.sampled_from(sorted({ins for _, ins in COMMANDS})) | st.integers(0, 255),
    p1=st.sampled_from((0, 4, 0x81, 0xC1)) | st.integers(0, 255),
    p2=st.sampled_from((0, 3, 0xA4, 0xB6)) | st.integers(0, 255),
    data=st.binary(max_size=60)
    | st.builds(encode, st.sampled_from((0xE1, 0xE4, 0x7C, 0x80)), st.binary(max_size=300)),
    le=st.none() | st.integers(1, 65_536),
)
_RESPONSES = st.builds(ResponseAPDU, st.binary(max_size=60), st.integers(0, 0xFFFF))


@given(_COMMANDS, st.none() | _RESPONSES)
def test_no_octets_raise(sent: CommandAPDU, got: ResponseAPDU | None) -> None:
    explanation = explain(sent, got)
    redacted = redact(sent, got)
    assert len(redacted.command) == 2 * len(sent.to_bytes(extended=not sent.fits_short))
    assert (redacted.response is None) == (got is None)
    for line in explanation.data:
        if line.secret and line.shown:
            assert line.shown.endswith("octets›")
