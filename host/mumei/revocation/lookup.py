"""The look-up of a token in a list: a table over the first bits of sorted entries, then the few that share them.

Time does not grow with the list: there are about as many places in the table as entries. The answer is exact, for
the entries themselves are kept; memory is 16 octets an entry and 4 a place.
"""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate
from typing import Final, Self

from mumei.revocation.lists import ENTRY_LENGTH, RevocationList
from mumei_core.crypto.curve import POINT_LENGTH
from mumei_core.errors import DecodingError

_WORD_BITS: Final = 32
_FEWEST_BITS: Final = 8
_CHUNK: Final = 4096 * ENTRY_LENGTH


class LoadedList:
    """A list that was checked, ready to be asked. Made by :meth:`of`."""

    __slots__ = ("_begins", "_body", "_shift", "number")

    def __init__(self, body: bytes, number: int) -> None:
        """``body``: sorted entries; whoever calls has checked them."""
        self.number = number
        self._body = body
        # As many places as entries, within a factor of two; no more than a word of the entry can tell apart.
        bits = min(max((len(body) // ENTRY_LENGTH).bit_length(), _FEWEST_BITS), _WORD_BITS)
        self._shift = _WORD_BITS - bits
        self._begins = _places(body, bits)

    @classmethod
    def of(cls, checked: RevocationList) -> Self:
        """The look-up of a list whose :meth:`RevocationList.check` has passed."""
        return cls(checked.body, checked.header.number)

    def __len__(self) -> int:
        return len(self._body) // ENTRY_LENGTH

    def holds(self, token: bytes) -> bool:
        """Whether ``token``, enc(K) of 48 octets, is on the list. Raises DecodingError for another length."""
        if len(token) != POINT_LENGTH:
            raise DecodingError(f"a token has {POINT_LENGTH} octets, not {len(token)}")
        place = int.from_bytes(token[:4]) >> self._shift
        begin, end = self._begins[place], self._begins[place + 1]
        entry, body = token[:ENTRY_LENGTH], self._body
        return any(
            body[at : at + ENTRY_LENGTH] == entry
            for at in range(begin * ENTRY_LENGTH, end * ENTRY_LENGTH, ENTRY_LENGTH)
        )

    @property
    def octets_in_memory(self) -> int:
        """Of entries and table together."""
        return len(self._body) + self._begins.itemsize * len(self._begins)


def _places(body: bytes, bits: int) -> array[int]:
    """For each value of an entry's first ``bits``: how many entries begin with less."""
    shift = _WORD_BITS - bits
    counts = array("I", bytes(4 * ((1 << bits) + 1)))
    # In pieces, so that what is only needed on the way stays small beside the list.
    for begin in range(0, len(body), _CHUNK):
        words = array("I", body[begin : begin + _CHUNK])[:: ENTRY_LENGTH // 4]
        if sys.byteorder == "little":
            words.byteswap()
        for word in words:
            counts[(word >> shift) + 1] += 1
    return array("I", accumulate(counts))
