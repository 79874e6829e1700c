"""The request data object E1: what a terminal asks, octet for octet what the proof is bound to.

Source: mumei protocol 2.3. DER lengths, objects in the order of their tags, each at most once; absent when not
asked, never present and empty. A4 holds one to four predicates: 80 kind || n (an age) or 81 kind || D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.template import (
    build_template,
    day_from,
    day_octets,
    expect_length,
    expect_version,
    parse_template,
)
from mumei_core.credential import ATTRIBUTES, Index
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.dates import DAY_LIMIT, MAX_AGE, cutoff
from mumei_core.epochs import BUCKETS, EPOCH_LIMIT, RECOGNISE, SLOTS
from mumei_core.errors import DataError, DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv

VERSION: Final = codes.DATA_VERSION
NONCE_LENGTH: Final = 32
HASH_LENGTH: Final = 32
MAX_PREDICATES: Final = 4
MAX_RP_CONTEXT: Final = 255
_CUTOFF_LENGTH = 3
_SLOT_KIND, _RECOGNISE_KIND = 1, 2

_DISCLOSED_MASK = (1 << len(ATTRIBUTES)) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgePredicate:
    """Age >= n (kind "on or before") or age < n (kind "on or after") on the request's date; n in 1..150."""

    kind: Kind
    years: int

    def __post_init__(self) -> None:
        if not 1 <= self.years <= MAX_AGE:
            raise DecodingError(f"an age lies between 1 and {MAX_AGE}")

    def on(self, day: int) -> DatePredicate:
        """The same as a comparison with a day: both sides compute D from n and the date (2.4)."""
        last = cutoff(self.years, day)
        return DatePredicate(kind=self.kind, cutoff=last if self.kind is Kind.ON_OR_BEFORE else last + 1)


Predicate = AgePredicate | DatePredicate


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotToken:
    """A token under one of the card's slots of this epoch and bucket: 01 || epoch(4) || bucket(2)."""

    epoch: int
    bucket: int

    def __post_init__(self) -> None:
        if not 0 <= self.epoch < EPOCH_LIMIT or not 0 <= self.bucket < BUCKETS:
            raise DecodingError(f"an epoch has 4 octets, and a bucket lies between 0 and {BUCKETS - 1}")

    def to_octets(self) -> bytes:
        return bytes([_SLOT_KIND]) + self.epoch.to_bytes(4) + self.bucket.to_bytes(2)

    def has_slot(self, k: int) -> bool:
        """Whether an answer may name this slot."""
        return 0 <= k < SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseToken:
    """A token under the one point of this epoch and the request's rp_context: 02 || epoch(4)."""

    epoch: int

    def __post_init__(self) -> None:
        if not 0 <= self.epoch < EPOCH_LIMIT:
            raise DecodingError("an epoch has 4 octets")

    def to_octets(self) -> bytes:
        return bytes([_RECOGNISE_KIND]) + self.epoch.to_bytes(4)

    def has_slot(self, k: int) -> bool:
        """Whether an answer may name this slot."""
        return k == RECOGNISE


TokenRequest = SlotToken | RecogniseToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``disclosed`` holds ascending attribute indexes; ``table_hash`` goes with predicates only."""

    rp_context: bytes
    nonce: bytes
    date: int
    channel_binding: bytes
    predicates: tuple[Predicate, ...] = ()
    disclosed: tuple[int, ...] = ()
    pseudonym: bool = False
    token: TokenRequest | None = None
    transaction: bytes | None = None
    table_hash: bytes | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:
            raise DecodingError("rp_context has 1 to 255 octets")
        expect_length("nonce", self.nonce, NONCE_LENGTH)
        expect_length("channel binding", self.channel_binding, HASH_LENGTH)
        if self.transaction is not None:
            expect_length("transaction hash", self.transaction, HASH_LENGTH)
        if self.table_hash is not None:
            expect_length("digit table's hash", self.table_hash, HASH_LENGTH)
        if not 0 <= self.date < DAY_LIMIT:
            raise DecodingError("the date lies between 0 and 2^24 - 1")
        if len(self.predicates) > MAX_PREDICATES:
            raise DecodingError(f"at most {MAX_PREDICATES} predicates")
        if bool(self.predicates) != (self.table_hash is not None):
            raise DecodingError("the digit table's hash goes with predicates, and only with them")
        if self.disclosed != tuple(sorted(set(self.disclosed) & set(range(len(ATTRIBUTES))))):
            raise DecodingError("disclosed attributes are a subset of 0..4 in ascending order")
        if self.predicates and Index.BIRTH_DATE in self.disclosed:
            raise DecodingError("a predicate on a birth date that is disclosed as well")
        self.date_predicates()

    def date_predicates(self) -> tuple[DatePredicate, ...]:
        """Every predicate as a comparison with a day."""
        try:
            return tuple(p.on(self.date) if isinstance(p, AgePredicate) else p for p in self.predicates)
        except DataError as error:
            raise DecodingError(f"an age that no birth date can have: {error}") from error

    def to_octets(self) -> bytes:
        return build_template(
            codes.TAG_REQUEST,
            {
                codes.TAG_REQUEST_VERSION: bytes([VERSION]),
                codes.TAG_REQUEST_RP_CONTEXT: self.rp_context,
                codes.TAG_REQUEST_NONCE: self.nonce,
                codes.TAG_REQUEST_DATE: day_octets(self.date),
                codes.TAG_REQUEST_PREDICATES: b"".join(map(encode_predicate, self.predicates)) or None,
                codes.TAG_REQUEST_DISCLOSED: encode_mask(self.disclosed) if self.disclosed else None,
                codes.TAG_REQUEST_PSEUDONYM: b"\1" if self.pseudonym else None,
                codes.TAG_REQUEST_TOKEN: self.token.to_octets() if self.token else None,
                codes.TAG_REQUEST_TRANSACTION: self.transaction,
                codes.TAG_REQUEST_CHANNEL_BINDING: self.channel_binding,
                codes.TAG_REQUEST_DIGIT_TABLE: self.table_hash,
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Request:
        """Strict: an encoding that :meth:`to_octets` would not give is refused with :class:`DecodingError`."""
        values = parse_template(octets, codes.TAG_REQUEST, _ORDER, _MANDATORY)
        expect_version(values[codes.TAG_REQUEST_VERSION], VERSION)
        if values.get(codes.TAG_REQUEST_PSEUDONYM, b"\1") != b"\1":
            raise DecodingError("a pseudonym is asked with 01 or not at all")
        return cls(
            rp_context=values[codes.TAG_REQUEST_RP_CONTEXT],
            nonce=values[codes.TAG_REQUEST_NONCE],
            date=day_from("date", values[codes.TAG_REQUEST_DATE]),
            channel_binding=values[codes.TAG_REQUEST_CHANNEL_BINDING],
            predicates=_decode_predicates(values.get(codes.TAG_REQUEST_PREDICATES)),
            disclosed=decode_mask(values.get(codes.TAG_REQUEST_DISCLOSED)),
            pseudonym=codes.TAG_REQUEST_PSEUDONYM in values,
            token=_decode_token(values.get(codes.TAG_REQUEST_TOKEN)),
            transaction=values.get(codes.TAG_REQUEST_TRANSACTION),
            table_hash=values.get(codes.TAG_REQUEST_DIGIT_TABLE),
        )


_ORDER: Final = (
    codes.TAG_REQUEST_VERSION,
    codes.TAG_REQUEST_RP_CONTEXT,
    codes.TAG_REQUEST_NONCE,
    codes.TAG_REQUEST_DATE,
    codes.TAG_REQUEST_PREDICATES,
    codes.TAG_REQUEST_DISCLOSED,
    codes.TAG_REQUEST_PSEUDONYM,
    codes.TAG_REQUEST_TOKEN,
    codes.TAG_REQUEST_TRANSACTION,
    codes.TAG_REQUEST_CHANNEL_BINDING,
    codes.TAG_REQUEST_DIGIT_TABLE,
)
_MANDATORY: Final = (
    codes.TAG_REQUEST_VERSION,
    codes.TAG_REQUEST_RP_CONTEXT,
    codes.TAG_REQUEST_NONCE,
    codes.TAG_REQUEST_DATE,
    codes.TAG_REQUEST_CHANNEL_BINDING,
)


def encode_predicate(predicate: Predicate) -> bytes:
    """80 kind || n or 81 kind || D(3): inside A4 of requests and of a terminal's rights."""
    if isinstance(predicate, AgePredicate):
        return ber_tlv.encode(codes.TAG_PREDICATE_AGE, bytes([predicate.kind, predicate.years]))
    return ber_tlv.encode(
        codes.TAG_PREDICATE_DAY, bytes([predicate.kind]) + predicate.cutoff.to_bytes(_CUTOFF_LENGTH, "big")
    )


def decode_predicate(item: Tlv) -> Predicate:
    """One object of A4. Raises :class:`DecodingError`."""
    lengths = {codes.TAG_PREDICATE_AGE: 2, codes.TAG_PREDICATE_DAY: 1 + _CUTOFF_LENGTH}
    if lengths.get(item.tag) != len(item.value):
        raise DecodingError("a predicate is 80 kind || n or 81 kind || D")
    if item.value[0] not in (Kind.ON_OR_BEFORE, Kind.ON_OR_AFTER):
        raise DecodingError("unknown kind of predicate")
    kind, value = Kind(item.value[0]), int.from_bytes(item.value[1:], "big")
    if item.tag == codes.TAG_PREDICATE_AGE:
        return AgePredicate(kind=kind, years=value)
    return DatePredicate(kind=kind, cutoff=value)


def _decode_predicates(value: bytes | None) -> tuple[Predicate, ...]:
    if value is None:
        return ()
    predicates = tuple(map(decode_predicate, ber_tlv.parse(value)))
    if not predicates:
        raise DecodingError("A4 is present and empty")
    return predicates


def _decode_token(value: bytes | None) -> TokenRequest | None:
    if value is None:
        return None
    kind, epoch = value[:1], int.from_bytes(value[1:5])
    if kind == bytes([_SLOT_KIND]) and len(value) == 7:
        return SlotToken(epoch=epoch, bucket=int.from_bytes(value[5:]))
    if kind == bytes([_RECOGNISE_KIND]) and len(value) == 5:
        return RecogniseToken(epoch=epoch)
    raise DecodingError("a token is asked with 01 || epoch(4) || bucket(2) or 02 || epoch(4)")


def encode_mask(indexes: tuple[int, ...]) -> bytes:
    """Attribute indexes as one octet: bit i, lowest first, is index i."""
    return bytes([sum(1 << index for index in indexes)])


def decode_mask(value: bytes | None) -> tuple[int, ...]:
    """The reverse; absent is none, present and empty is refused with :class:`DecodingError`."""
    if value is None:
        return ()
    if len(value) != 1 or not 0 < value[0] <= _DISCLOSED_MASK:
        raise DecodingError("an attribute mask is one octet with bits 0 to 4, not 00")
    return tuple(i for i in range(len(ATTRIBUTES)) if value[0] >> i & 1)
