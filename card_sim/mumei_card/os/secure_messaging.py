"""Secure messaging in the chain of layers (TR-03110-3 v2.21, F.3-F.6; ICAO Doc 9303-11, 8th edition, 9.8.3).

Unwraps commands, wraps whatever is answered, refusals included. Two things end a session, and nothing else does: an
error in the protection, answered in plain with 69 87 or 69 88 and not processed; and a plain command, which is then
processed as the plain one that it is.
"""

from __future__ import annotations

from collections.abc import Callable

from mumei_card.os.layer import Layer, Next, answer
from mumei_card.os.security_status import SecurityStatus
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import CardChannel, SecureMessagingError, is_protected

# Bit 7: channels above 3, whose numbers lie where the others have secure messaging, and FF, which is no class.
_OTHER_CLASSES = 0x40


class SecureMessagingLayer(Layer):
    """``end_above``: lets the layers above forget what belonged to the session."""

    def __init__(self, status: SecurityStatus, end_above: Callable[[], None]) -> None:
        self._status = status
        self._end_above = end_above
        self._channel: CardChannel | None = None
        self._successor: CardChannel | None = None

    def start(self, channel: CardChannel) -> None:
        """Use ``channel`` from the next command on; the answer that is on its way goes as its command came."""
        self._successor = channel

    def reset(self) -> None:
        for channel in (self._channel, self._successor):
            if channel is not None:
                channel.wipe()
        self._channel = self._successor = None

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        channel = self._channel
        if channel is None:
            response = above(command)
            self._follow_up()
            return response
        if not _is_protected(command.cla):
            self._end()
            # With an answer of its own: the outer one would bring the ended session's status back on a refusal.
            response = answer(self._status, above, command)
            self._follow_up()
            return response
        try:
            plain = channel.unwrap(command)
        except SecureMessagingError as error:
            self._end()
            return ResponseAPDU(sw=error.sw)
        protected = channel.wrap(answer(self._status, above, plain))
        self._follow_up()
        return protected

    def _follow_up(self) -> None:
        """After an answer: PACE may have brought new keys, or a command may have ended the channel."""
        if self._successor is not None:
            if self._channel is not None:
                self._channel.wipe()
            self._channel, self._successor = self._successor, None
        elif self._channel is not None and self._status.channel is None:
            self._end()

    def _end(self) -> None:
        self.reset()
        self._status.clear()
        self._end_above()


def _is_protected(cla: int) -> bool:
    """Where the two bits say something else, the command is a plain one (ISO/IEC 7816-4:2005, 5.1.1)."""
    return is_protected(cla) and not cla & _OTHER_CLASSES
