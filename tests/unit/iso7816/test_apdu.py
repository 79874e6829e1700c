"""APDUs: the four cases of ISO/IEC 7816-4:2005 clause 5.1, short and extended, to the octet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.iso7816.apdu import ApduError, CommandAPDU, ResponseAPDU

OCTET = st.integers(0, 0xFF)


@st.composite
def commands(draw: st.DrawFn) -> CommandAPDU:
    return CommandAPDU(
        cla=draw(OCTET),
        ins=draw(OCTET),
        p1=draw(OCTET),
        p2=draw(OCTET),
        data=draw(st.binary(max_size=300)),
        le=draw(st.none() | st.integers(1, 65_536)),
    )


CASES = [
    ("case 1", "00A40000", b"", None, False),
    ("case 2 short", "0084000008", b"", 8, False),
    ("case 2 short, 256", "00B0000000", b"", 256, False),
    ("case 3 short", "00A4000C023F00", b"\x3f\x00", None, False),
    ("case 4 short", "00A4040002AABB00", b"\xaa\xbb", 256, False),
    ("case 2 extended", "00B00000000101", b"", 257, True),
    ("case 2 extended, 65,536", "00B00000000000", b"", 65_536, True),
    ("case 3 extended", "00A4000C0000023F00", b"\x3f\x00", None, True),
    ("case 4 extended", "00A40400000002AABB0100", b"\xaa\xbb", 256, True),
    ("case 4 extended, 65,536", "00A40400000002AABB0000", b"\xaa\xbb", 65_536, True),
]


@pytest.mark.parametrize(("name", "octets", "data", "le", "extended"), CASES, ids=[case[0] for case in CASES])
def test_the_cases_read_and_write_as_the_standard_says(
    name: str, octets: str, data: bytes, le: int | None, extended: bool
) -> None:
    wire = bytes.fromhex(octets)
    command = CommandAPDU.from_bytes(wire)
    assert (command.data, command.le) == (data, le)
    assert command.header == wire[:4]
    assert command.to_bytes(extended=extended) == wire


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "00A404",
        "00A404000000",  # Lc 00 is no short length; too short for an extended one
        "00A4040002AA",  # data cut off
        "00A4040002AABB0000",  # extended Le after a short Lc
        "00A40400000002AABB00",  # short Le after an extended Lc
        "00A40400000002AA",  # extended, data cut off
        "00A404000000000100",  # extended Lc 0
        "00A4040001AA00FF",  # trailing octet
    ],
)
def test_what_is_no_command_is_wrong_length(octets: str) -> None:
    with pytest.raises(ApduError) as caught:
        CommandAPDU.from_bytes(bytes.fromhex(octets))
    assert caught.value.sw == 0x6700


@given(commands())
def test_extended_form_round_trips(command: CommandAPDU) -> None:
    assert CommandAPDU.from_bytes(command.to_bytes(extended=True)) == command


@given(commands())
def test_short_form_round_trips_or_says_that_it_does_not_fit(command: CommandAPDU) -> None:
    if command.fits_short:
        assert CommandAPDU.from_bytes(command.to_bytes()) == command
    else:
        with pytest.raises(ApduError):
            command.to_bytes()


@given(st.binary(max_size=600))
def test_any_octets_are_a_command_in_one_way_or_none(octets: bytes) -> None:
    try:
        command = CommandAPDU.from_bytes(octets)
    except ApduError:
        return
    forms = [command.to_bytes(extended=True)]
    if command.fits_short:
        forms.append(command.to_bytes())
    assert octets in forms


@pytest.mark.parametrize("length", [255, 256, 65_535])
def test_long_data_keep_their_length(length: int) -> None:
    command = CommandAPDU(cla=0x80, ins=0x34, p1=0, p2=0, data=bytes(length), le=65_536)
    assert CommandAPDU.from_bytes(command.to_bytes(extended=True)) == command


@pytest.mark.parametrize(
    "fields",
    [{"cla": 0x100}, {"p2": -1}, {"le": 0}, {"le": 65_537}, {"data": bytes(65_536)}],
    ids=["cla", "p2", "le 0", "le 65537", "data"],
)
def test_impossible_fields_are_refused_when_made(fields: dict[str, int | bytes]) -> None:
    valid: dict[str, int | bytes] = {"cla": 0, "ins": 0, "p1": 0, "p2": 0}
    with pytest.raises(ApduError):
        CommandAPDU(**{**valid, **fields})  # type: ignore[arg-type]


def test_repr_shows_no_data() -> None:
    command = CommandAPDU(cla=0, ins=0x20, p1=0, p2=3, data=b"123456")
    assert "123456" not in repr(command)
    assert "313233" not in repr(command)
    assert "secret" not in repr(ResponseAPDU(b"secret"))


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_responses_round_trip(data: bytes, sw: int) -> None:
    response = ResponseAPDU(data, sw)
    assert ResponseAPDU.from_bytes(response.to_bytes()) == response


@pytest.mark.parametrize("octets", [b"", b"\x90"])
def test_a_response_without_status_word_is_refused(octets: bytes) -> None:
    with pytest.raises(ApduError):
        ResponseAPDU.from_bytes(octets)
