"""What a terminal may ask, as it tells a card of the development profile: E2 of DESCRIBE TERMINAL, unsigned.

In every other profile the same rights come from the terminal's certificate. Source: mumei protocol 2.3, 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from mumei_core.commands import codes
from mumei_core.commands.request import (
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
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.credential import decode_text, encode_text
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, Point
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv

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
    codes.TAG_TERMINAL_RECOGNISE,
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
class TerminalDescription(TerminalRights):
    """The rights with their encoding; the context's point always goes with them."""

    OP: Point

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
                codes.TAG_TERMINAL_RECOGNISE: b"\1" if self.recognise else None,
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> TerminalDescription:
        """Strict: an encoding that :meth:`to_octets` would not give is refused with DecodingError."""
        values = parse_template(octets, codes.TAG_TERMINAL, _ORDER, _MANDATORY)
        expect_version(values[codes.TAG_TERMINAL_VERSION], codes.DATA_VERSION)
        for tag in (codes.TAG_TERMINAL_PSEUDONYM, codes.TAG_TERMINAL_RECOGNISE):
            if values.get(tag, b"\1") != b"\1":
                raise DecodingError("a right is 01 or absent")
        verification = values[codes.TAG_TERMINAL_HOLDER_VERIFICATION]
        if verification not in (_VERIFICATION_NONE, _VERIFICATION_PIN):
            raise DecodingError("holder verification is 00 or 01")
        OP = expect_length("OP", values[codes.TAG_TERMINAL_PSEUDONYM_BASE], UNCOMPRESSED_LENGTH)
        description = cls(
            rp_context=values[codes.TAG_TERMINAL_RP_CONTEXT],
            display_name=decode_text(values[codes.TAG_TERMINAL_DISPLAY_NAME]),
            OP=Point.from_uncompressed(OP),
            predicates=tuple(
                map(decode_predicate, ber_tlv.parse(values.get(codes.TAG_TERMINAL_PREDICATES, b"")))
            ),
            attributes=decode_mask(values.get(codes.TAG_TERMINAL_ATTRIBUTES)),
            pseudonym=codes.TAG_TERMINAL_PSEUDONYM in values,
            recognise=codes.TAG_TERMINAL_RECOGNISE in values,
            pin=verification == _VERIFICATION_PIN,
            not_before=day_from("not before", values[codes.TAG_TERMINAL_NOT_BEFORE]),
            not_after=day_from("not after", values[codes.TAG_TERMINAL_NOT_AFTER]),
        )
        # A list that is present and empty, a name not in normal form C: the channel binding is over octets.
        if description.to_octets() != octets:
            raise DecodingError("a terminal's description is not in its one encoding")
        return description
