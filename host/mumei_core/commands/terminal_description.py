"""What a terminal may ask, as it tells a card of the development profile: E2 of DESCRIBE TERMINAL, unsigned.

In every other profile the same rights come from the terminal's certificate. Source: mumei protocol 2.3, 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.request import (
    MAX_RP_CONTEXT,
    AgePredicate,
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
from mumei_core.credential import decode_text, encode_text
from mumei_core.crypto import hashing
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, Point
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv

MAX_DISPLAY_NAME: Final = 128
#: More thresholds would tell everybody's year of birth.
MAX_PERMITTED: Final = 16
_EPHEMERAL_KEY_LENGTH = 65
_VERIFICATION_NONE, _VERIFICATION_PIN = b"\0", b"\1"
_ORDER = (
    codes.TAG_TERMINAL_VERSION,
    codes.TAG_TERMINAL_RP_CONTEXT,
    codes.TAG_TERMINAL_DISPLAY_NAME,
    codes.TAG_TERMINAL_PSEUDONYM_BASE,
    codes.TAG_TERMINAL_PREDICATES,
    codes.TAG_TERMINAL_ATTRIBUTES,
    codes.TAG_TERMINAL_PSEUDONYM,
    codes.TAG_TERMINAL_HOLDER_VERIFICATION,
    codes.TAG_TERMINAL_NOT_BEFORE,
    codes.TAG_TERMINAL_NOT_AFTER,
)
_MANDATORY = (
    codes.TAG_TERMINAL_VERSION,
    codes.TAG_TERMINAL_RP_CONTEXT,
    codes.TAG_TERMINAL_DISPLAY_NAME,
    codes.TAG_TERMINAL_PSEUDONYM_BASE,
    codes.TAG_TERMINAL_HOLDER_VERIFICATION,
    codes.TAG_TERMINAL_NOT_BEFORE,
    codes.TAG_TERMINAL_NOT_AFTER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalDescription:
    """A relying party's context and rights; every right defaults to *no*.

    ``OP``: the context's point. ``attributes``: ascending indexes that may be disclosed. ``pin``: whether the
    holder's PIN is always demanded. ``not_before``, ``not_after``: day numbers, both inclusive.
    """

    rp_context: bytes
    display_name: str
    OP: Point
    predicates: tuple[Predicate, ...] = ()
    attributes: tuple[int, ...] = ()
    pseudonym: bool = False
    pin: bool = False
    not_before: int
    not_after: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:
            raise DecodingError("rp_context has 1 to 255 octets")
        if not 1 <= len(encode_text(self.display_name)) <= MAX_DISPLAY_NAME:
            raise DecodingError(f"a display name has 1 to {MAX_DISPLAY_NAME} octets of UTF-8")
        if len(self.predicates) > MAX_PERMITTED:
            raise DecodingError(f"a terminal may be permitted at most {MAX_PERMITTED} predicates")
        if self.not_after < self.not_before:
            raise DecodingError("the description ends before it begins")

    def to_octets(self) -> bytes:
        return build_template(
            codes.TAG_TERMINAL,
            {
                codes.TAG_TERMINAL_VERSION: bytes([codes.DATA_VERSION]),
                codes.TAG_TERMINAL_RP_CONTEXT: self.rp_context,
                codes.TAG_TERMINAL_DISPLAY_NAME: encode_text(self.display_name),
                codes.TAG_TERMINAL_PSEUDONYM_BASE: self.OP.to_uncompressed(),
                codes.TAG_TERMINAL_PREDICATES: b"".join(map(encode_predicate, self.predicates)) or None,
                codes.TAG_TERMINAL_ATTRIBUTES: encode_mask(self.attributes) if self.attributes else None,
                codes.TAG_TERMINAL_PSEUDONYM: b"\1" if self.pseudonym else None,
                codes.TAG_TERMINAL_HOLDER_VERIFICATION: _VERIFICATION_PIN if self.pin else _VERIFICATION_NONE,
                codes.TAG_TERMINAL_NOT_BEFORE: day_octets(self.not_before),
                codes.TAG_TERMINAL_NOT_AFTER: day_octets(self.not_after),
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> TerminalDescription:
        """Raises DecodingError."""
        values = parse_template(octets, codes.TAG_TERMINAL, _ORDER, _MANDATORY)
        expect_version(values[codes.TAG_TERMINAL_VERSION], codes.DATA_VERSION)
        if values.get(codes.TAG_TERMINAL_PSEUDONYM, b"\1") != b"\1":
            raise DecodingError("the right to a pseudonym is 01 or absent")
        verification = values[codes.TAG_TERMINAL_HOLDER_VERIFICATION]
        if verification not in (_VERIFICATION_NONE, _VERIFICATION_PIN):
            raise DecodingError("holder verification is 00 or 01")
        OP = expect_length("OP", values[codes.TAG_TERMINAL_PSEUDONYM_BASE], UNCOMPRESSED_LENGTH)
        return cls(
            rp_context=values[codes.TAG_TERMINAL_RP_CONTEXT],
            display_name=decode_text(values[codes.TAG_TERMINAL_DISPLAY_NAME]),
            OP=Point.from_uncompressed(OP),
            predicates=tuple(
                map(decode_predicate, ber_tlv.parse(values.get(codes.TAG_TERMINAL_PREDICATES, b"")))
            ),
            attributes=decode_mask(values.get(codes.TAG_TERMINAL_ATTRIBUTES)),
            pseudonym=codes.TAG_TERMINAL_PSEUDONYM in values,
            pin=verification == _VERIFICATION_PIN,
            not_before=day_from("not before", values[codes.TAG_TERMINAL_NOT_BEFORE]),
            not_after=day_from("not after", values[codes.TAG_TERMINAL_NOT_AFTER]),
        )

    def permits(self, request: Request) -> bool:
        """Whether every part of the request is among the rights: whole request or nothing."""
        return (
            set(request.predicates) <= set(self.predicates)
            and set(request.disclosed) <= set(self.attributes)
            and (self.pseudonym or not request.pseudonym)
        )


def needs_pin(description: TerminalDescription, request: Request, ages: tuple[int, ...]) -> bool:
    """Whether the card answers only after the PIN: the terminal's rights say so, or an age outside the pinned
    list or a free day is asked. The list stops terminals from searching for a birth date (2.4).
    """
    listed = all(isinstance(p, AgePredicate) and p.years in ages for p in request.predicates)
    return description.pin or not listed


def channel_binding(card_key: bytes, terminal_key: bytes, certificate: bytes) -> bytes:
    """SHA-256("MUMEI-CB-V1" || card's || terminal's PACE ephemeral key || certificate), 32 octets (2.6)."""
    expect_length("the card's ephemeral key", card_key, _EPHEMERAL_KEY_LENGTH)
    expect_length("the terminal's ephemeral key", terminal_key, _EPHEMERAL_KEY_LENGTH)
    return hashing.sha256(hashing.CHANNEL_BINDING + card_key + terminal_key + certificate)


def development_binding(description: bytes) -> bytes:
    """The binding without PACE: two keys of zeros, and the description's octets for a certificate."""
    return channel_binding(bytes(_EPHEMERAL_KEY_LENGTH), bytes(_EPHEMERAL_KEY_LENGTH), description)
