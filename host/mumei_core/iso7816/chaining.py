"""Command chaining, ISO/IEC 7816-4:2005 clause 5.1.1.1: bit 5 of CLA says that more parts follow.

Both ends are here so that they cannot drift apart: :func:`split` for the host, :class:`ChainCollector` for
the card. What the standard leaves open is answered in the safe way: a part with another header drops the
chain and is not executed.
"""

from __future__ import annotations

from dataclasses import replace

from mumei_core.commands.codes import SW_LAST_COMMAND_EXPECTED, SW_WRONG_LENGTH
from mumei_core.errors import ProtocolError
from mumei_core.iso7816.apdu import MAX_SHORT_DATA, ApduError, CommandAPDU

CHAINING_BIT = 0x10


class ChainError(ProtocolError):
    """A chain of commands is broken. ``sw`` is what the card answers."""

    def __init__(self, message: str, *, sw: int) -> None:
        super().__init__(message)
        self.sw = sw


def split(command: CommandAPDU, *, max_data: int = MAX_SHORT_DATA) -> tuple[CommandAPDU, ...]:
    """The parts to send one after the other, each with at most ``max_data`` octets; Le goes with the last.

    Raises :class:`ApduError` when the command is itself marked as a part.
    """
    if command.cla & CHAINING_BIT:
        raise ApduError("the command is already part of a chain")
    if max_data < 1:
        raise ApduError("a part holds at least one octet")
    pieces = [command.data[i : i + max_data] for i in range(0, len(command.data), max_data)] or [b""]
    parts = [replace(command, cla=command.cla | CHAINING_BIT, data=piece, le=None) for piece in pieces[:-1]]
    return (*parts, replace(command, data=pieces[-1]))


class ChainCollector:
    """The card's side: keeps the parts of one chain, gives back the whole command.

    ``max_data`` bounds the sum of all data fields, in octets.
    """

    def __init__(self, *, max_data: int) -> None:
        self._max_data = max_data
        self._header: bytes | None = None
        self._data = b""

    def reset(self) -> None:
        """Forgets an unfinished chain."""
        self._header = None
        self._data = b""

    def add(self, command: CommandAPDU) -> CommandAPDU | None:
        """The whole command when ``command`` ends a chain or stands alone; None when more parts follow.

        Raises :class:`ChainError` and forgets the chain: ``sw`` 68 83 for another header in the middle of a
        chain, 67 00 for too many octets.
        """
        whole = replace(command, cla=command.cla & ~CHAINING_BIT)
        more = command.cla & CHAINING_BIT
        if self._header not in (None, whole.header):
            self.reset()
            raise ChainError("another command came in the middle of a chain", sw=SW_LAST_COMMAND_EXPECTED)
        data = self._data + command.data
        if len(data) > self._max_data:
            self.reset()
            raise ChainError("the chain holds more octets than the card takes", sw=SW_WRONG_LENGTH)
        if more:
            self._header, self._data = whole.header, data
            return None
        self.reset()
        return replace(whole, data=data)
