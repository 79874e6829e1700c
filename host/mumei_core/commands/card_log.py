"""One entry of the card's own log: E6 of LOG, of one length whatever it says (mumei protocol 2.6).

Every object is always there and has a fixed length, so that neither the card's memory nor an answer, read
through a cipher, tells who asked what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.request import (
    HASH_LENGTH,
    MAX_PREDICATES,
    Predicate,
    Request,
    decode_mask,
    decode_predicate,
    encode_mask,
    encode_predicate,
)
from mumei_core.commands.template import (
    build_template,
    day_from,
    day_octets,
    expect_length,
    expect_version,
    parse_template,
)
from mumei_core.commands.terminal_rights import MAX_DISPLAY_NAME
from mumei_core.credential import decode_text, encode_text
from mumei_core.crypto import hashing
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv

#: Octets of every entry.
ENTRY_LENGTH: Final = 215
_SEQUENCE_LENGTH = 4
_LAST_SEQUENCE = (1 << 8 * _SEQUENCE_LENGTH) - 1
#: Tag of the predicate, kind, value in 3 octets: enough for years and for a day.
_PREDICATE_LENGTH = 5
_NO_PREDICATE = bytes(_PREDICATE_LENGTH)
_VALUE_LENGTHS: Mapping[int, int] = {codes.TAG_PREDICATE_AGE: 1, codes.TAG_PREDICATE_DAY: 3}
_ORDER: Final = (
    codes.TAG_LOG_ENTRY_VERSION,
    codes.TAG_LOG_ENTRY_SEQUENCE,
    codes.TAG_LOG_ENTRY_DATE,
    codes.TAG_LOG_ENTRY_OUTCOME,
    codes.TAG_LOG_ENTRY_CIRCUMSTANCES,
    codes.TAG_LOG_ENTRY_ATTRIBUTES,
    codes.TAG_LOG_ENTRY_PREDICATES,
    codes.TAG_LOG_ENTRY_CONTEXT_HASH,
    codes.TAG_LOG_ENTRY_DISPLAY_NAME,
)


class Outcome(IntEnum):
    """How a presentation ended. INTERRUPTED: the card lost power after it had begun, and answered nothing."""

    INTERRUPTED = 0
    PROVEN = 1
    CANNOT_PROVE = 2


class _Circumstance(IntFlag):
    PSEUDONYM = 1
    TRANSACTION = 2
    PIN_USED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """Who asked, when and what, and how it ended.

    ``sequence``: 1 for the card's first presentation. ``date``: day number, as the terminal said. ``disclosed``:
    ascending attribute indexes. ``context_hash``: SHA-256(rp_context). ``display_name``: as in the terminal's
    rights, at most 128 octets of UTF-8.
    """

    sequence: int
    date: int
    display_name: str
    context_hash: bytes
    predicates: tuple[Predicate, ...] = ()
    disclosed: tuple[int, ...] = ()
    pseudonym: bool = False
    transaction: bool = False
    pin_used: bool = False
    outcome: Outcome = Outcome.INTERRUPTED

    def __post_init__(self) -> None:
        if not 1 <= self.sequence <= _LAST_SEQUENCE:
            raise DecodingError("a sequence number lies between 1 and 2^32 - 1")
        expect_length("the context's hash", self.context_hash, HASH_LENGTH)
        if len(self.predicates) > MAX_PREDICATES:
            raise DecodingError(f"at most {MAX_PREDICATES} predicates")
        if len(encode_text(self.display_name)) > MAX_DISPLAY_NAME:
            raise DecodingError(f"a display name has at most {MAX_DISPLAY_NAME} octets of UTF-8")

    @classmethod
    def of(cls, request: Request, *, sequence: int, display_name: str, pin_used: bool) -> LogEntry:
        """The entry of a presentation that has not been computed yet."""
        return cls(
            sequence=sequence,
            date=request.date,
            display_name=display_name,
            context_hash=hashing.sha256(request.rp_context),
            predicates=request.predicates,
            disclosed=request.disclosed,
            pseudonym=request.pseudonym,
            transaction=request.transaction is not None,
            pin_used=pin_used,
        )

    def ended(self, outcome: Outcome) -> LogEntry:
        """The same with its outcome."""
        return replace(self, outcome=outcome)

    def to_octets(self) -> bytes:
        """ENTRY_LENGTH octets."""
        return build_template(
            codes.TAG_LOG_ENTRY,
            {
                codes.TAG_LOG_ENTRY_VERSION: bytes([codes.DATA_VERSION]),
                codes.TAG_LOG_ENTRY_SEQUENCE: self.sequence.to_bytes(_SEQUENCE_LENGTH, "big"),
                codes.TAG_LOG_ENTRY_DATE: day_octets(self.date),
                codes.TAG_LOG_ENTRY_OUTCOME: bytes([self.outcome]),
                codes.TAG_LOG_ENTRY_CIRCUMSTANCES: bytes([self._circumstances()]),
                codes.TAG_LOG_ENTRY_ATTRIBUTES: encode_mask(self.disclosed),
                codes.TAG_LOG_ENTRY_PREDICATES: _pack_predicates(self.predicates),
                codes.TAG_LOG_ENTRY_CONTEXT_HASH: self.context_hash,
                codes.TAG_LOG_ENTRY_DISPLAY_NAME: _pack_name(self.display_name),
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> LogEntry:
        """Raises DecodingError."""
        values = parse_template(octets, codes.TAG_LOG_ENTRY, _ORDER)
        expect_version(values[codes.TAG_LOG_ENTRY_VERSION], codes.DATA_VERSION)
        expect_length("a log entry", octets, ENTRY_LENGTH)
        sequence = expect_length("sequence number", values[codes.TAG_LOG_ENTRY_SEQUENCE], _SEQUENCE_LENGTH)
        circumstances = _octet(values[codes.TAG_LOG_ENTRY_CIRCUMSTANCES])
        if circumstances >= 2 * _Circumstance.PIN_USED:
            raise DecodingError("unknown circumstances of a presentation")
        mask = values[codes.TAG_LOG_ENTRY_ATTRIBUTES]
        return cls(
            sequence=int.from_bytes(sequence, "big"),
            date=day_from("date", values[codes.TAG_LOG_ENTRY_DATE]),
            display_name=_unpack_name(values[codes.TAG_LOG_ENTRY_DISPLAY_NAME]),
            context_hash=values[codes.TAG_LOG_ENTRY_CONTEXT_HASH],
            predicates=_unpack_predicates(values[codes.TAG_LOG_ENTRY_PREDICATES]),
            disclosed=() if mask == b"\0" else decode_mask(mask),
            pseudonym=bool(circumstances & _Circumstance.PSEUDONYM),
            transaction=bool(circumstances & _Circumstance.TRANSACTION),
            pin_used=bool(circumstances & _Circumstance.PIN_USED),
            outcome=_outcome(values[codes.TAG_LOG_ENTRY_OUTCOME]),
        )

    def _circumstances(self) -> int:
        return (
            self.pseudonym * _Circumstance.PSEUDONYM
            | self.transaction * _Circumstance.TRANSACTION
            | self.pin_used * _Circumstance.PIN_USED
        )


def _octet(value: bytes) -> int:
    return expect_length("an object of a log entry", value, 1)[0]


def _outcome(value: bytes) -> Outcome:
    try:
        return Outcome(_octet(value))
    except ValueError:
        raise DecodingError("unknown outcome of a presentation") from None


def _pack_predicates(predicates: tuple[Predicate, ...]) -> bytes:
    """Four places; one that is not used is zeros."""
    return b"".join(map(_pack_predicate, predicates)).ljust(MAX_PREDICATES * _PREDICATE_LENGTH, b"\0")


def _pack_predicate(predicate: Predicate) -> bytes:
    item = ber_tlv.parse(encode_predicate(predicate))[0]
    kind, value = item.value[:1], item.value[1:]
    return bytes([item.tag]) + kind + value.rjust(_PREDICATE_LENGTH - 2, b"\0")


def _unpack_predicates(octets: bytes) -> tuple[Predicate, ...]:
    expect_length("the predicates of a log entry", octets, MAX_PREDICATES * _PREDICATE_LENGTH)
    places = [octets[i : i + _PREDICATE_LENGTH] for i in range(0, len(octets), _PREDICATE_LENGTH)]
    predicates = tuple(_unpack_predicate(place) for place in places if place != _NO_PREDICATE)
    if _pack_predicates(predicates) != octets:
        raise DecodingError("a log entry's predicates have gaps")
    return predicates


def _unpack_predicate(place: bytes) -> Predicate:
    tag, kind, value = place[0], place[1:2], place[2:]
    length = _VALUE_LENGTHS.get(tag, len(value))
    return decode_predicate(Tlv(tag, kind + value[len(value) - length :]))


def _pack_name(name: str) -> bytes:
    octets = encode_text(name)
    return bytes([len(octets)]) + octets.ljust(MAX_DISPLAY_NAME, b"\0")


def _unpack_name(value: bytes) -> str:
    expect_length("a log entry's display name", value, 1 + MAX_DISPLAY_NAME)
    octets = value[1 : 1 + value[0]]
    if value[0] > MAX_DISPLAY_NAME or any(value[1 + value[0] :]):
        raise DecodingError("a log entry's display name is not as long as it says")
    name = decode_text(octets)
    if encode_text(name) != octets:
        raise DecodingError("a log entry's display name is not in normal form C")
    return name
