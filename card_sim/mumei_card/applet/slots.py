"""Burned slots: under which points the card has shown, or may have shown, a token (mumei protocol 2.5).

A row says epoch, bucket, slot and, in four octets that tell nothing without the card's slot key, for which relying
party. A slot is burned before its number leaves the card, so a torn answer does not free it. One relying party gets
at most twelve of the sixteen in an epoch; then, or when others have taken the rest, the holder's PIN lets it have
one of *its own* once more, and never another's: two relying parties that saw one slot would know the card from each
other.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final, Self

from mumei_card.applet.calendar import is_accepted
from mumei_card.chip.rng import Trng
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.epoch_statements import SlotRecord
from mumei_core.epochs import SLOT_ROWS, SLOTS, SLOTS_OF_ONE_CONTEXT
from mumei_core.gp.kdf import aes_cmac

RECORD_SLOT_KEY: Final = "slot_key"
SLOT_KEY_LENGTH: Final = 16
_TAG_LENGTH: Final = 4
# So long that what is left over by the division tells nothing.
_DRAWN_OCTETS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """One burned slot, 11 octets. ``tag``: first four octets of AES-CMAC(slot key, rp_context)."""

    epoch: int
    bucket: int
    k: int
    tag: bytes

    def to_bytes(self) -> bytes:
        return self.epoch.to_bytes(4) + self.bucket.to_bytes(2) + bytes([self.k]) + self.tag

    @classmethod
    def from_bytes(cls, octets: bytes) -> Self:
        return cls(
            epoch=int.from_bytes(octets[:4]),
            bucket=int.from_bytes(octets[4:6]),
            k=octets[6],
            tag=octets[7:],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChoice:
    """Slots of which one may be shown. ``place``: where it is to be burned; None where all are, for this party.

    ``new_key``: of the card's slots, to be kept with the first row; None where the card has one.
    """

    record: SlotRecord
    slots: tuple[int, ...]
    tag: bytes
    place: str | None
    new_key: bytes | None

    def drawn(self, trng: Trng) -> tuple[int, dict[str, bytes]]:
        """One of them at random, and the records that burn it: commit them before the number leaves the card.

        By the true random generator alone: it is no secret, and the hedged one would have to draw before the commit
        that burns its counter.
        """
        k = self.slots[int.from_bytes(trng(_DRAWN_OCTETS)) % len(self.slots)]
        if self.place is None:
            return k, {}
        row = SlotRow(epoch=self.record.epoch, bucket=self.record.bucket, k=k, tag=self.tag)
        key = {} if self.new_key is None else {RECORD_SLOT_KEY: self.new_key}
        return k, {self.place: row.to_bytes(), **key}


def choose(context: CardContext, record: SlotRecord, rp_context: bytes, newest: int) -> SlotChoice:
    """Which slots of ``record`` the card may show to ``rp_context``, once its calendar stands at ``newest``.

    Raises :class:`CardError` 69 82 where only the holder's PIN opens one more time what this party has seen, and
    6A 84 where nothing is left and it has seen none.
    """
    # A card that was made before there were slots draws its key with the first.
    stored = context.nvm.get(RECORD_SLOT_KEY)
    key = stored or context.trng(SLOT_KEY_LENGTH)
    new_key = None if stored else key
    tag = aes_cmac(key, rp_context)[:_TAG_LENGTH]
    rows, free = _rows(context, newest)
    burned = [row for row in rows if (row.epoch, row.bucket) == (record.epoch, record.bucket)]
    own = sorted({row.k for row in burned if hmac.compare_digest(row.tag, tag)})
    unused = sorted(set(range(SLOTS)) - {row.k for row in burned})
    if unused and free is not None and len(own) < SLOTS_OF_ONE_CONTEXT:
        return SlotChoice(record=record, slots=tuple(unused), tag=tag, place=free, new_key=new_key)
    if not own:
        raise CardError(codes.SW_NO_SPACE, "no slot is left")
    if not context.security_status.pin_verified:
        raise CardError(codes.SW_SECURITY_STATUS, "a slot is shown a second time only with the PIN")
    return SlotChoice(record=record, slots=tuple(own), tag=tag, place=None, new_key=None)


def _rows(context: CardContext, newest: int) -> tuple[list[SlotRow], str | None]:
    """The rows that count, and the first empty place: rows of epochs that have passed are empty."""
    rows, free = [], None
    for place in map(_place, range(SLOT_ROWS)):
        octets = context.nvm.get(place)
        row = SlotRow.from_bytes(octets) if octets is not None else None
        if row is not None and is_accepted(row.epoch, newest):
            rows.append(row)
        elif free is None:
            free = place
    return rows, free


def _place(number: int) -> str:
    return f"slot_{number:03}"
