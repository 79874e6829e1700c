"""Delivery notes of the card maker: which cards are in the box, as CSV.

The first line is ``number`` or ``number,attestation``; each further line a card: its diversification data (20 hex
digits), and SHA-256 of its attestation key (64 hex digits; may be left empty). Blank lines are passed over.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final, Self

from mumei_core.errors import DataError

_HEADINGS: Final = (["number"], ["number", "attestation"])
_NUMBER: Final = re.compile(r"[0-9A-Fa-f]{20}")
_ATTESTATION: Final = re.compile(r"[0-9A-Fa-f]{64}")
_LIMIT: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredCard:
    """``number``: diversification data, 10 octets; ``attestation``: 32 octets, or None where it was not said."""

    number: bytes = field(repr=False)
    attestation: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryNote:
    """The cards of one box. ``digest``: SHA-256 of the note, by which it is known again."""

    digest: bytes
    cards: tuple[DeliveredCard, ...]

    @classmethod
    def from_bytes(cls, octets: bytes) -> Self:
        """Read a note. Raises DataError naming the line that is wrong, and for a note without cards."""
        if len(octets) > _LIMIT:
            raise DataError(
                "the delivery note is too long to be one", hint="Check that it is the right file."
            )
        try:
            lines = list(csv.reader(octets.decode("utf-8-sig").splitlines(), strict=True))
        except (UnicodeDecodeError, csv.Error):
            raise DataError(
                "the delivery note is not CSV in UTF-8", hint="Ask the card maker for it again."
            ) from None
        if not lines or lines[0] not in _HEADINGS:
            raise DataError(
                "the delivery note does not begin with number,attestation", hint="Check that it is one."
            )
        cards, seen = [], set[bytes]()
        for place, line in enumerate(lines[1:], start=2):
            if not any(line):
                continue
            card = _card(line, place)
            for name in filter(None, (card.number, card.attestation)):
                if name in seen:
                    raise DataError(
                        f"line {place}: a card stands there twice", hint="Ask the card maker which is right."
                    )
                seen.add(name)
            cards.append(card)
        if not cards:
            raise DataError("the delivery note names no card", hint="Check that it is the right file.")
        return cls(digest=hashlib.sha256(octets).digest(), cards=tuple(cards))


def _card(line: list[str], place: int) -> DeliveredCard:
    number, attestation = (*line, "")[:2]
    if len(line) > 2 or not _NUMBER.fullmatch(number):
        raise DataError(
            f"line {place}: the card number is not 20 hex digits",
            hint="Ask the card maker for the note again.",
        )
    if attestation and not _ATTESTATION.fullmatch(attestation):
        raise DataError(
            f"line {place}: the attestation is not 64 hex digits",
            hint="Ask the card maker for the note again.",
        )
    return DeliveredCard(
        number=bytes.fromhex(number), attestation=bytes.fromhex(attestation) if attestation else None
    )
