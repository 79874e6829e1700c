"""The request data object E1: what a terminal asks, octet for octet what the proof is bound to.

Source: mumei protocol 2.3. DER lengths, objects in the order of their tags, each at most once; absent when not
asked, never present and empty. A4 holds one to four predicates: 80 kind || n (an age) or 81 kind || D.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.credential import ATTRIBUTES, Index
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.dates import DAY_LIMIT, cutoff
from mumei_core.errors import DataError, DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv

VERSION: Final = 1
NONCE_LENGTH: Final = 32
HASH_LENGTH: Final = 32
MAX_PREDICATES: Final = 4
MAX_AGE: Final = 150
MAX_RP_CONTEXT: Final = 255
_DATE_LENGTH = 4
_CUTOFF_LENGTH = 3

_REQUEST, _VERSION, _RP_CONTEXT, _NONCE, _DATE, _PREDICATES = 0xE1, 0x80, 0x81, 0x82, 0x83, 0xA4
_DISCLOSED, _PSEUDONYM, _TOKEN, _TRANSACTION, _BINDING, _TABLE = 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A
_AGE, _DAY = 0x80, 0x81
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
class Request:
    """One request. ``disclosed`` holds ascending attribute indexes; ``table_hash`` goes with predicates only."""

    rp_context: bytes
    nonce: bytes
    date: int
    channel_binding: bytes
    predicates: tuple[Predicate, ...] = ()
    disclosed: tuple[int, ...] = ()
    pseudonym: bool = False
    transaction: bytes | None = None
    table_hash: bytes | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:
            raise DecodingError("rp_context has 1 to 255 octets")
        _expect_length("nonce", self.nonce, NONCE_LENGTH)
        _expect_length("channel binding", self.channel_binding, HASH_LENGTH)
        if self.transaction is not None:
            _expect_length("transaction hash", self.transaction, HASH_LENGTH)
        if self.table_hash is not None:
            _expect_length("digit table's hash", self.table_hash, HASH_LENGTH)
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
        body = [
            (_VERSION, bytes([VERSION])),
            (_RP_CONTEXT, self.rp_context),
            (_NONCE, self.nonce),
            (_DATE, self.date.to_bytes(_DATE_LENGTH, "big")),
        ]
        if self.predicates:
            body.append((_PREDICATES, b"".join(map(encode_predicate, self.predicates))))
        if self.disclosed:
            body.append((_DISCLOSED, bytes([sum(1 << index for index in self.disclosed)])))
        if self.pseudonym:
            body.append((_PSEUDONYM, b"\1"))
        if self.transaction is not None:
            body.append((_TRANSACTION, self.transaction))
        body.append((_BINDING, self.channel_binding))
        if self.table_hash is not None:
            body.append((_TABLE, self.table_hash))
        return ber_tlv.encode(_REQUEST, b"".join(ber_tlv.encode(tag, value) for tag, value in body))

    @classmethod
    def from_octets(cls, octets: bytes) -> Request:
        """Strict: an encoding that :meth:`to_octets` would not give is refused with :class:`DecodingError`."""
        objects = ber_tlv.parse_one(octets, _REQUEST).children()
        tags = [item.tag for item in objects]
        by_tag = {item.tag: item for item in objects}
        if _TOKEN in by_tag:
            raise DecodingError("revocation tokens are not known to this version")
        if unknown := set(tags) - set(_ORDER):
            raise DecodingError(f"unknown request object {min(unknown):02X}")
        if tags != [tag for tag in _ORDER if tag in tags]:
            raise DecodingError("request objects are out of order or repeated")
        if missing := _MANDATORY - set(tags):
            raise DecodingError(f"request object {min(missing):02X} is missing")
        if by_tag[_VERSION].value != bytes([VERSION]):
            raise DecodingError("unknown version of the request")
        _expect_length("date", by_tag[_DATE].value, _DATE_LENGTH)
        if _PSEUDONYM in by_tag and by_tag[_PSEUDONYM].value != b"\1":
            raise DecodingError("a pseudonym is asked with 01 or not at all")
        return cls(
            rp_context=by_tag[_RP_CONTEXT].value,
            nonce=by_tag[_NONCE].value,
            date=int.from_bytes(by_tag[_DATE].value, "big"),
            channel_binding=by_tag[_BINDING].value,
            predicates=_decode_predicates(by_tag.get(_PREDICATES)),
            disclosed=_decode_mask(by_tag.get(_DISCLOSED)),
            pseudonym=_PSEUDONYM in by_tag,
            transaction=by_tag[_TRANSACTION].value if _TRANSACTION in by_tag else None,
            table_hash=by_tag[_TABLE].value if _TABLE in by_tag else None,
        )


_MANDATORY: Final = frozenset({_VERSION, _RP_CONTEXT, _NONCE, _DATE, _BINDING})
_ORDER: Final = (
    _VERSION,
    _RP_CONTEXT,
    _NONCE,
    _DATE,
    _PREDICATES,
    _DISCLOSED,
    _PSEUDONYM,
    _TRANSACTION,
    _BINDING,
    _TABLE,
)


def encode_predicate(predicate: Predicate) -> bytes:
    """80 kind || n or 81 kind || D(3): inside A4 of requests and of a terminal's rights."""
    if isinstance(predicate, AgePredicate):
        return ber_tlv.encode(_AGE, bytes([predicate.kind, predicate.years]))
    return ber_tlv.encode(_DAY, bytes([predicate.kind]) + predicate.cutoff.to_bytes(_CUTOFF_LENGTH, "big"))


def decode_predicate(item: Tlv) -> Predicate:
    """One object of A4. Raises :class:`DecodingError`."""
    lengths = {_AGE: 2, _DAY: 1 + _CUTOFF_LENGTH}
    if lengths.get(item.tag) != len(item.value):
        raise DecodingError("a predicate is 80 kind || n or 81 kind || D")
    if item.value[0] not in (Kind.ON_OR_BEFORE, Kind.ON_OR_AFTER):
        raise DecodingError("unknown kind of predicate")
    kind, value = Kind(item.value[0]), int.from_bytes(item.value[1:], "big")
    if item.tag == _AGE:
        return AgePredicate(kind=kind, years=value)
    return DatePredicate(kind=kind, cutoff=value)


def _decode_predicates(item: Tlv | None) -> tuple[Predicate, ...]:
    if item is None:
        return ()
    predicates = tuple(map(decode_predicate, item.children()))
    if not predicates:
        raise DecodingError("A4 is present and empty")
    return predicates


def _decode_mask(item: Tlv | None) -> tuple[int, ...]:
    if item is None:
        return ()
    if len(item.value) != 1 or not 0 < item.value[0] <= _DISCLOSED_MASK:
        raise DecodingError("the disclosed mask is one octet with bits 0 to 4, not 00")
    return tuple(i for i in range(len(ATTRIBUTES)) if item.value[0] >> i & 1)


def _expect_length(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise DecodingError(f"{what} has {length} octets, not {len(value)}")
