"""Decoding of request objects: one encoding per request, and no field that nobody asked for."""

from __future__ import annotations

import itertools

import pytest
from tests.fixtures.crypto_world import ask, born, over, parameters, under

from mumei_core.commands.request import RecogniseToken, Request, SlotToken
from mumei_core.crypto.predicate.messages import Kind
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv

REQUESTS = [
    ask(),
    ask(rp_context=b"x" * 255, disclosed=(0, 1, 2, 3, 4), pseudonym=True, transaction=bytes(32)),
    ask(over(20)),
    ask(over(20), under(65), born(Kind.ON_OR_BEFORE, 40_000), born(Kind.ON_OR_AFTER, 0), disclosed=(1, 4)),
    ask(over(1), pseudonym=True, transaction=b"\xff" * 32, disclosed=(3,)),
    ask(over(20), token=SlotToken(epoch=7665, bucket=63), transaction=bytes(32)),
    ask(pseudonym=True, token=RecogniseToken(epoch=7665)),
]


def objects(request: Request) -> list[tuple[int, bytes]]:
    return [(item.tag, item.value) for item in ber_tlv.parse_one(request.to_octets(), 0xE1).children()]


def encoded(items: list[tuple[int, bytes]]) -> bytes:
    return ber_tlv.encode(0xE1, b"".join(ber_tlv.encode(tag, value) for tag, value in items))


def refused(octets: bytes) -> None:
    with pytest.raises(DecodingError):
        Request.from_octets(octets)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_comes_back_octet_for_octet(request_: Request) -> None:
    octets = request_.to_octets()

    assert Request.from_octets(octets) == request_
    assert Request.from_octets(octets).to_octets() == octets
    assert encoded(objects(request_)) == octets


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_other_order_is_refused(request_: Request) -> None:
    items = objects(request_)
    for i, j in itertools.combinations(range(len(items)), 2):
        swapped = list(items)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        refused(encoded(swapped))


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_repetition_is_refused(request_: Request) -> None:
    items = objects(request_)
    for i, item in enumerate(items):
        refused(encoded([*items[: i + 1], item, *items[i + 1 :]]))
        refused(encoded([*items, item]))


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_empty_object_is_refused(request_: Request) -> None:
    items = objects(request_)
    for i, (tag, _) in enumerate(items):
        refused(encoded([*items[:i], (tag, b""), *items[i + 1 :]]))


@pytest.mark.parametrize("request_", REQUESTS)
def test_every_mandatory_object_is(request_: Request) -> None:
    items = objects(request_)
    for i, (tag, _) in enumerate(items):
        without = encoded([*items[:i], *items[i + 1 :]])
        if tag in (0x80, 0x81, 0x82, 0x83, 0x89) or (tag in (0xA4, 0x8A) and request_.predicates):
            refused(without)
        else:
            assert Request.from_octets(without) != request_


@pytest.mark.parametrize(
    "value",
    [
        b"\0" + bytes(4),
        b"\1",
        b"\1" + bytes(5),
        b"\1" + bytes(7),
        b"\1" + bytes(5) + b"\x40",
        b"\2" + bytes(3),
        b"\2" + bytes(5),
        b"\2" + bytes(6),
        b"\3" + bytes(4),
        b"\3" + bytes(6),
    ],
)
def test_a_token_is_asked_in_two_ways_only(value: bytes) -> None:
    """64 buckets; an epoch of 4 octets; recognise names no bucket."""
    *before, binding = objects(ask())
    assert binding[0] == 0x89
    Request.from_octets(encoded([*before, (0x87, b"\1" + bytes(5) + b"\x3f"), binding]))
    refused(encoded([*before, (0x87, value), binding]))


@pytest.mark.parametrize("tag", [0x84, 0x8B, 0x8F, 0xA5, 0xA4 + 0x20, 0x5F20, 0x7F21])
@pytest.mark.parametrize("value", [b"", b"\1", b"\1" + bytes(6), b"\2" + bytes(4)])
def test_unknown_objects_are_refused(tag: int, value: bytes) -> None:
    items = objects(ask())
    for at in range(len(items) + 1):
        refused(encoded([*items[:at], (tag, value), *items[at:]]))


def test_lengths_have_one_form() -> None:
    octets = ask().to_octets()
    assert octets[1] == len(octets) - 2 < 0x80
    body = octets[2:]
    refused(b"\xe1\x81" + bytes([len(body)]) + body)
    refused(b"\xe1\x82\x00" + bytes([len(body)]) + body)
    refused(b"\xe1\x80" + body + b"\0\0")
    refused(b"\xe1\x84\0\0\0" + bytes([len(body)]) + body)
    refused(
        octets.replace(b"\x80\x01\x01", b"\x80\x81\x01\x01", 1).replace(
            octets[:2], bytes([0xE1, octets[1] + 1])
        )
    )
    long = ask(rp_context=b"x" * 200).to_octets()
    assert long[:3] == b"\xe1\x82\x01"
    refused(long.replace(b"\x81\x81\xc8", b"\x81\x82\x00\xc8"))


def test_truncation_and_extension_are_refused_at_every_octet() -> None:
    octets = REQUESTS[3].to_octets()
    for cut in range(len(octets)):
        refused(octets[:cut])
    for more in (b"\0", b"\xff", octets, b"\x87\0"):
        refused(octets + more)
    refused(octets[1:])
    refused(ber_tlv.encode(0xE2, octets[2:]))


@pytest.mark.parametrize("length", [0, 1, 3, 5, 31, 33, 64])
def test_every_field_has_its_length(length: int) -> None:
    for tag in (0x80, 0x82, 0x83, 0x85, 0x86, 0x88, 0x89, 0x8A):
        items = dict(objects(ask(over(20), disclosed=(1,), pseudonym=True, transaction=bytes(32))))
        if len(items[tag]) != length:
            refused(encoded([(t, bytes(length) if t == tag else v) for t, v in items.items()]))


@pytest.mark.parametrize(
    "a4",
    [
        b"\x80\x02\x00\x14",
        b"\x80\x02\x03\x14",
        b"\x80\x02\x01\x00",
        b"\x80\x02\x01\x97",
        b"\x80\x01\x01",
        b"\x80\x03\x01\x00\x14",
        b"\x81\x02\x01\x14",
        b"\x81\x05\x01\x00\x00\x00\x14",
        b"\x81\x04\x03\x00\x00\x14",
        b"\x82\x02\x01\x14",
        b"\x80\x02\x01\x14\x00",
        b"\x80\x02\x01\x14" * 5,
        b"\x80\x02\x01\x93",  # 147 years before 2026: the calendar begins with 1880
    ],
)
def test_predicates_have_one_form(a4: bytes) -> None:
    refused(encoded([(tag, a4 if tag == 0xA4 else value) for tag, value in objects(ask(over(20)))]))


@pytest.mark.parametrize(
    "fields",
    [
        {"rp_context": b""},
        {"rp_context": b"x" * 256},
        {"nonce": bytes(16)},
        {"date": -1},
        {"date": 1 << 24},
        {"channel_binding": b""},
        {"transaction": b""},
        {"disclosed": (1, 0)},
        {"disclosed": (1, 1)},
        {"disclosed": (5,)},
        {"table_hash": bytes(32)},
    ],
    ids=str,
)
def test_a_terminal_cannot_even_build_such_a_request(fields: dict[str, object]) -> None:
    with pytest.raises(DecodingError):
        ask(**fields)


def test_predicates_go_with_their_table_and_without_the_birth_date() -> None:
    for wrong in ({"table_hash": None}, {"disclosed": (0, 1)}):
        with pytest.raises(DecodingError):
            ask(over(20), **wrong)
    assert ask(over(20), disclosed=(1,)).table_hash == parameters().hash
