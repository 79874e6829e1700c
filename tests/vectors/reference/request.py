"""The request data object E1: what a terminal asks of a card, octet by octet (design, section 2.3).

BER-TLV with one-octet tags and DER lengths, elements in one fixed order, each at most once, none present and
empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from . import dates
from .encoding import Invalid, Reader, i2osp, os2ip

ON_OR_BEFORE: Final = 1
ON_OR_AFTER: Final = 2

BIRTH_DATE: Final = 0
ATTRIBUTES: Final = 5
MAX_DAY: Final = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePredicate:
    """kind 1 or 2, and either an age n (1..150) or a free day D (0..2^24 - 1); the other is None."""

    kind: int
    age: int | None = None
    day: int | None = None

    def sign(self) -> int:
        """s = +1 for on or before, -1 for on or after."""
        return 1 if self.kind == ON_OR_BEFORE else -1

    def bound(self, date: int) -> int:
        """D: cutoff(n, T) for "n or older", the day after for "younger than n"; Invalid if out of range."""
        if self.day is not None:
            bound = self.day
        elif self.age is not None:
            bound = dates.cutoff(self.age, date) + (1 if self.kind == ON_OR_AFTER else 0)
        else:
            raise Invalid("predicate without age and day")
        if not 0 <= bound < MAX_DAY:
            raise Invalid("bound of a date predicate is out of range")
        return bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The fields of E1: date a day number, disclosed the mask (bit i: attribute i), token what 87 holds."""

    rp_context: bytes
    nonce: bytes
    date: int
    channel_binding: bytes
    predicates: tuple[DatePredicate, ...] = ()
    disclosed: int = 0
    pseudonym: bool = False
    token: bytes | None = None
    transaction_hash: bytes | None = None
    table_hash: bytes | None = None

    def disclosed_indexes(self) -> list[int]:
        return [i for i in range(ATTRIBUTES) if self.disclosed >> i & 1]


def tlv(tag: int, value: bytes) -> bytes:
    """Tag of one octet, DER length, value."""
    length = len(value)
    if length < 0x80:
        return bytes([tag, length]) + value
    octets = i2osp(length, (length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def parse_tlv(octets: bytes) -> list[tuple[int, bytes]]:
    """All (tag, value) of a string of data objects; raises Invalid for lengths that are not DER."""
    reader = Reader(octets)
    objects = []
    while reader.remaining():
        tag, length = reader.integer(1), reader.integer(1)
        if length >= 0x80:
            coded = reader.octets(length & 0x7F)
            length = os2ip(coded)
            if length < 0x80 or coded[0] == 0:
                raise Invalid("length is not in its shortest form")
        objects.append((tag, reader.octets(length)))
    return objects


def _check(request: Request) -> None:
    """Everything that both directions demand; raises Invalid."""
    if not 1 <= len(request.rp_context) <= 255:
        raise Invalid("rp_context of 1 to 255 octets")
    lengths = ((request.nonce, 32), (request.channel_binding, 32))
    optional = (request.transaction_hash, request.table_hash)
    if any(len(v) != n for v, n in lengths) or any(v is not None and len(v) != 32 for v in optional):
        raise Invalid("nonce, channel binding and hashes have 32 octets")
    if (request.table_hash is not None) != bool(request.predicates):
        raise Invalid("the digit table's hash goes exactly with predicates")
    if not 0 <= request.date < 2**32:
        raise Invalid("date has four octets")
    if len(request.predicates) > 4:
        raise Invalid("at most four predicates")
    if request.disclosed >> ATTRIBUTES:
        raise Invalid("only attributes 0 to 4 can be disclosed")
    if request.predicates and request.disclosed >> BIRTH_DATE & 1:
        raise Invalid("a predicate and the birth date itself exclude each other")
    for predicate in request.predicates:
        if predicate.kind not in (ON_OR_BEFORE, ON_OR_AFTER):
            raise Invalid("no such kind of predicate")
        if (predicate.age is None) == (predicate.day is None):
            raise Invalid("a predicate has either an age or a day")
        if predicate.age is not None and not 1 <= predicate.age <= 150:
            raise Invalid("age of 1 to 150 years")
        predicate.bound(request.date)
    token = request.token
    if token is not None and (token[:1], len(token)) not in ((b"\x01", 7), (b"\x02", 5)):
        raise Invalid("token is 01 epoch bucket or 02 epoch")


def build_request(request: Request) -> bytes:
    """The octets of E1; raises Invalid if no card may answer them."""
    _check(request)
    body = tlv(0x80, b"\x01")
    body += tlv(0x81, request.rp_context)
    body += tlv(0x82, request.nonce)
    body += tlv(0x83, i2osp(request.date, 4))
    if request.predicates:
        body += tlv(0xA4, b"".join(_build_predicate(p) for p in request.predicates))
    if request.disclosed:
        body += tlv(0x85, i2osp(request.disclosed, 1))
    if request.pseudonym:
        body += tlv(0x86, b"\x01")
    for tag, value in ((0x87, request.token), (0x88, request.transaction_hash)):
        if value is not None:
            body += tlv(tag, value)
    body += tlv(0x89, request.channel_binding)
    if request.table_hash is not None:
        body += tlv(0x8A, request.table_hash)
    return tlv(0xE1, body)


def _build_predicate(predicate: DatePredicate) -> bytes:
    if predicate.age is not None:
        return tlv(0x80, bytes([predicate.kind, predicate.age]))
    return tlv(0x81, bytes([predicate.kind]) + i2osp(predicate.day or 0, 3))


def _parse_predicate(tag: int, value: bytes) -> DatePredicate:
    if tag == 0x80 and len(value) == 2:
        return DatePredicate(kind=value[0], age=value[1])
    if tag == 0x81 and len(value) == 4:
        return DatePredicate(kind=value[0], day=os2ip(value[1:]))
    raise Invalid("predicate is 80 kind n or 81 kind D")


_ORDER: Final = (0x80, 0x81, 0x82, 0x83, 0xA4, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A)
_ALWAYS: Final = (0x80, 0x81, 0x82, 0x83, 0x89)


def parse_request(octets: bytes) -> Request:
    """The fields of E1, or raises Invalid. build_request of the result gives the same octets."""
    outer = parse_tlv(octets)
    if len(outer) != 1 or outer[0][0] != 0xE1:
        raise Invalid("one data object E1")
    objects = parse_tlv(outer[0][1])
    tags = [tag for tag, _ in objects]
    if any(tag not in _ORDER for tag in tags) or tags != [tag for tag in _ORDER if tag in tags]:
        raise Invalid("unknown, repeated or misplaced element")
    fields = dict(objects)
    if any(tag not in fields for tag in _ALWAYS):
        raise Invalid("elements 80 to 83 and 89 are always there")
    if fields[0x80] != b"\x01":
        raise Invalid("version 01")
    if len(fields[0x83]) != 4:
        raise Invalid("date has four octets")
    if fields.get(0x86, b"\x01") != b"\x01":
        raise Invalid("pseudonym is 01 or absent")
    mask = fields.get(0x85, b"\x01")
    if len(mask) != 1 or mask == b"\x00":
        raise Invalid("mask is one octet other than 00, or absent")
    predicates = tuple(_parse_predicate(*element) for element in parse_tlv(fields.get(0xA4, b"")))
    if 0xA4 in fields and not predicates:
        raise Invalid("A4 is never empty")
    request = Request(
        rp_context=fields[0x81],
        nonce=fields[0x82],
        date=os2ip(fields[0x83]),
        predicates=predicates,
        disclosed=mask[0] if 0x85 in fields else 0,
        pseudonym=0x86 in fields,
        token=fields.get(0x87),
        transaction_hash=fields.get(0x88),
        channel_binding=fields[0x89],
        table_hash=fields.get(0x8A),
    )
    _check(request)
    return request
