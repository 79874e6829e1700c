"""Data objects: strict DER lengths, nothing left over, and files of a real card read right."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mumei_core.iso7816.ber_tlv import Tlv, TlvError, encode, parse, parse_one

VECTORS = Path(os.environ.get("MUMEI_VECTORS", Path(__file__).parents[3].parent / "shared" / "vectors"))
TAGS = st.sampled_from([0x01, 0x4F, 0x5F29, 0x7F66, 0x80, 0x87, 0xA5, 0xE1, 0x7F4E, 0xDF8101])


@pytest.mark.parametrize(
    ("tag", "length", "head"),
    [
        (0x80, 0, "8000"),
        (0x80, 127, "807F"),
        (0x80, 128, "808180"),
        (0x80, 255, "8081FF"),
        (0x80, 256, "80820100"),
        (0x7F66, 65_535, "7F6682FFFF"),
    ],
)
def test_lengths_take_their_shortest_form(tag: int, length: int, head: str) -> None:
    octets = encode(tag, bytes(length))
    assert octets == bytes.fromhex(head) + bytes(length)
    assert parse_one(octets, tag).value == bytes(length)


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=5))
def test_what_was_written_is_read(objects: list[tuple[int, bytes]]) -> None:
    octets = b"".join(encode(tag, value) for tag, value in objects)
    assert [(read.tag, read.value) for read in parse(octets)] == objects


@given(st.binary(max_size=80))
def test_any_octets_are_refused_or_read_in_the_one_way_to_write_them(octets: bytes) -> None:
    try:
        objects = parse(octets)
    except TlvError:
        return
    assert b"".join(read.to_bytes() for read in objects) == octets


@pytest.mark.parametrize(
    "octets",
    [
        "80",  # no length
        "8002AA",  # value cut off
        "80817F" + "00" * 127,  # 127 in two octets
        "808200FF" + "00" * 255,  # 255 in three octets
        "8081",  # length cut off
        "808201",
        "8080AA0000",  # indefinite
        "8083010000",  # a length of four octets
        "8084FFFFFFFF",  # a huge one must not be believed
        "00",  # padding
        "800100" + "00",
        "5F",  # tag cut off
        "5F80",
        "5F1E00",  # 1E fits one octet
        "5F80010000",
        "5F81828300",  # tag of four octets
    ],
)
def test_malformed_octets_are_refused(octets: str) -> None:
    with pytest.raises(TlvError):
        parse(bytes.fromhex(octets))


@pytest.mark.parametrize("tag", [0, -1, 0x1F, 0x5F, 0x8001, 0x5F1E, 0x5F8080, 0x01020304])
def test_impossible_tags_are_not_written(tag: int) -> None:
    with pytest.raises(TlvError):
        encode(tag, b"")


def test_too_long_a_value_is_not_written() -> None:
    with pytest.raises(TlvError):
        encode(0x80, bytes(65_536))


def test_parse_one_refuses_another_tag_and_company() -> None:
    for octets in (encode(0x81, b""), encode(0x80, b"") * 2, b""):
        with pytest.raises(TlvError):
            parse_one(octets, 0x80)


def test_a_primitive_object_has_no_children() -> None:
    with pytest.raises(TlvError):
        Tlv(0x80, b"").children()
    assert Tlv(0xA5, encode(0x80, b"\x01")).children() == (Tlv(0x80, b"\x01"),)


def test_repr_shows_no_value() -> None:
    assert "secret" not in repr(Tlv(0x80, b"secret"))


def test_files_of_a_real_card() -> None:
    path = VECTORS / "standards" / "iso7816_files.json"
    if not path.exists():
        pytest.skip(f"no vectors at {path}; set MUMEI_VECTORS")
    samples = json.loads(path.read_text(encoding="utf-8"))

    info = {read.tag: read for read in parse(bytes.fromhex(samples["ef_atr"]["value"]))}
    assert info[0x47].value == bytes.fromhex("8421E0")
    sizes = [int.from_bytes(read.value) for read in info[0x7F66].children()]
    expected = samples["ef_atr"]["decoded"]["7F66"]
    assert sizes == [expected["max_command"], expected["max_response"]]

    template = parse_one(bytes.fromhex(samples["ef_dir"]["value"]), 0x61).children()
    assert template[0] == Tlv(0x4F, bytes.fromhex(samples["ef_dir"]["decoded"]["61"]["4F"]))
    assert template[1] == Tlv(0x50, b"eMRTD")

    for value in samples["ef_cardaccess"]["values"].values():
        (info_set,) = parse_one(bytes.fromhex(value), 0x31).children()
        assert [read.tag for read in info_set.children()] == [0x06, 0x02, 0x02]
