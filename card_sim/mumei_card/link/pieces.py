"""A reader that gives answers in other ways than the card does: by 61XX and GET RESPONSE, or after the right Le
(ISO/IEC 7816-4:2005, 5.1.3 and 7.6.1; on T=0 cards, ISO/IEC 7816-3:2006, 12.2)."""

from __future__ import annotations

from typing import Final

from mumei_core.commands.codes import INS_GET_RESPONSE, SW_MORE_DATA, SW_WRONG_LE
from mumei_core.iso7816.apdu import MAX_SHORT_LE, ApduError, CommandAPDU

_SW: Final = 2


class Pieces:
    """An answer that waits, and how it is to be asked for."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing waits."""
        self._waiting = b""
        self._size = MAX_SHORT_LE
        self._header: bytes | None = None

    def give(self, apdu: bytes) -> bytes | None:
        """What waits, where this command asks for it rightly; after every other one nothing waits any more."""
        le = self._asks_for(apdu) if self._waiting else None
        if le is None:
            self.clear()
            return None
        return self._give(le)

    def keep(self, answer: bytes, size: int | None) -> bytes:
        """Keep the data of ``answer``, to be fetched in pieces of ``size`` octets; the status word goes now."""
        if len(answer) <= _SW:
            return answer
        self._waiting, self._header = answer, None
        self._size = MAX_SHORT_LE if size is None else size
        return self._more()

    def ask_for_le(self, apdu: bytes, answer: bytes) -> bytes:
        """Keep ``answer`` until the same command comes with its length as Le."""
        length = min(len(answer) - _SW, MAX_SHORT_LE)
        if length <= 0 or self._le(apdu) == length:
            return answer
        self._waiting, self._size, self._header = answer, MAX_SHORT_LE, apdu[:4]
        return (SW_WRONG_LE | length & 0xFF).to_bytes(_SW)

    def _asks_for(self, apdu: bytes) -> int | None:
        """The octets that a command wants of what waits; None where it wants something else."""
        le = self._le(apdu)
        if self._header is None:
            return le if apdu[1:2] == bytes((INS_GET_RESPONSE,)) else None
        right = le == min(len(self._waiting) - _SW, MAX_SHORT_LE)
        return le if right and apdu[:4] == self._header else None

    def _give(self, le: int) -> bytes:
        self._header = None
        size = min(le, self._size, len(self._waiting) - _SW)
        piece, self._waiting = self._waiting[:size], self._waiting[size:]
        if len(self._waiting) > _SW:
            return piece + self._more()
        sw, self._waiting = self._waiting, b""
        return piece + sw

    def _more(self) -> bytes:
        return (SW_MORE_DATA | min(len(self._waiting) - _SW, self._size) & 0xFF).to_bytes(_SW)

    @staticmethod
    def _le(apdu: bytes) -> int | None:
        try:
            return CommandAPDU.from_bytes(apdu).le
        except ApduError:
            return None
