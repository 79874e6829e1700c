"""Epochs, buckets and slots: the calendar of revocation, which both sides compute alike (mumei protocol 2.5).

An epoch is an ISO week, numbered from the one of 1880-01-01. Days are those of :mod:`mumei_core.dates`.
"""

from __future__ import annotations

from typing import Final

from mumei_core.crypto.hashing import sha256

DAYS: Final = 7
#: Days of an epoch that lie before day 0: 1880-01-01 is a Thursday.
_OFFSET: Final = 3
#: A statement is good for a week more than its own: a till may be a week behind.
_ACCEPTED_DAYS: Final = 2 * DAYS
EPOCH_LIMIT: Final = 1 << 32
"""Epochs have four octets."""

BUCKETS: Final = 64
SLOTS: Final = 16
"""K: points of one epoch and bucket."""
SLOTS_OF_ONE_CONTEXT: Final = 12
"""So many a card burns for one rp_context in an epoch; then it asks for the PIN, and shows one of them again."""
RECOGNISE: Final = 255
"""k of the point that belongs to one rp_context."""
SLOT_ROWS: Final = 256
"""Burned slots that a card remembers."""


def epoch_of(day: int) -> int:
    """The epoch in which ``day`` lies."""
    return (day + _OFFSET) // DAYS


def first_day(epoch: int) -> int:
    """Its Monday; nothing of an epoch is signed before. Negative for epoch 0 only."""
    return DAYS * epoch - _OFFSET


def days_of(epoch: int) -> tuple[int, int]:
    """The dates, first and last, both inclusive, for which a statement of ``epoch`` is good: two weeks."""
    first = first_day(epoch)
    return first, first + _ACCEPTED_DAYS - 1


def bucket_of(rp_context: bytes) -> int:
    """The bucket of a relying party: SHA-256(rp_context) as a big-endian integer modulo their number."""
    return int.from_bytes(sha256(rp_context)) % BUCKETS
