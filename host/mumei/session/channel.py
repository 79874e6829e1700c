"""From a command to octets and back: a chain of small links (ISO/IEC 7816-4:2005, 5.1 and 5.1.1.1).

Each link has one method, ``transmit``, and knows only the next link, so that each can be tried with a fake
next one. From the session down to the wire:

    command chaining → secure messaging → response chaining → formatting → connection

Secure messaging protects each part of a chained command by itself, and whole answers: GET RESPONSE travels in plain
below it (TR-03110-3 v2.21, F.1). Until PACE hands over keys it passes everything on as it came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from mumei.session.card_memory import refuse_exhausted_memory
from mumei.transport.base import GARBLED_HINT, CardConnection
from mumei_core.commands import codes
from mumei_core.commands.messages import card as messages
from mumei_core.errors import (
    CardRefused,
    CardResetError,
    ChannelBrokenError,
    GarbledAnswerError,
    ProtocolError,
)
from mumei_core.iso7816 import chaining, status_word
from mumei_core.iso7816.apdu import (
    MAX_EXTENDED_LE,
    MAX_SHORT_DATA,
    MAX_SHORT_LE,
    CommandAPDU,
    ResponseAPDU,
)
from mumei_core.iso7816.secure_messaging import (
    SECURE_MESSAGING_BITS,
    SecureMessagingError,
    TerminalChannel,
    is_protected,
    max_plain_data,
)

# Octets around the data field of an extended command: header 4, Lc 3, Le 2 (5.1, table 2).
_EXTENDED_FRAME = 9

#: After a secure channel broke.
BEGIN_ANEW: Final = (
    "Take the card off the reader and put it back. If it happens again, do not trust this reader."
)

_PROPRIETARY_BIT = 0x80
_SW1_MORE_DATA = codes.SW_MORE_DATA >> 8
# A whole answer in pieces of 64 octets: a card that gives fewer at a time would keep a till waiting for an hour.
_MAX_PIECES = MAX_EXTENDED_LE // 64
_SW1_WRONG_LE = codes.SW_WRONG_LE >> 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the card and the way to it can do; the default is what every card can (5.1.1.1, 8.1.1.2.7).

    Attributes:
        chaining: the card collects commands with the chaining bit.
        extended: commands and answers may have extended lengths.
        max_command: octets of the longest whole command APDU with extended lengths.
    """

    chaining: bool = False
    extended: bool = False
    max_command: int = 4 + 1 + MAX_SHORT_DATA + 1


class Link(Protocol):
    """One link of the chain."""

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        """Pass ``command`` on, changed or in parts, and return the answer as the link above may see it."""


class Formatting:
    """Commands to octets: the short form wherever the command fits, the extended form where allowed."""

    def __init__(
        self,
        connection: CardConnection,
        capabilities: Capabilities,
        *,
        on_extended: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_extended`` is called before an extended form is sent."""
        self._connection = connection
        self._capabilities = capabilities
        self._on_extended = on_extended

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        """Raises :class:`GarbledAnswerError` for an answer that 5.1.3 does not allow."""
        extended = self._capabilities.extended and not command.fits_short
        if extended:
            self._on_extended()
        if not extended and command.le is not None:
            # More than 256 octets then come by 61XX.
            command = replace(command, le=min(command.le, MAX_SHORT_LE))
        response = ResponseAPDU.from_bytes(self._connection.transmit(command.to_bytes(extended=extended)))
        sw1 = response.sw >> 8
        # Of 9XXX the standard names 9000 alone; no command of ours has another (5.1.3).
        if response.sw != codes.SW_OK and (sw1 >> 4 != 0x6 or sw1 == 0x60):
            raise GarbledAnswerError(
                f"the card answered {response.sw:04X}: no status word", hint=GARBLED_HINT
            )
        if command.cla & _PROPRIETARY_BIT and not status_word.is_known(response.sw):
            # Our own commands have no others; what a foreign card means by one, its SELECT has told already.
            raise GarbledAnswerError(
                f"the card answered {response.sw:04X}: a status word that none of our commands has",
                hint=GARBLED_HINT,
            )
        if 0x64 <= sw1 <= 0x6F and response.data and not is_protected(command.cla):
            raise GarbledAnswerError(f"data came with the error {response.sw:04X}", hint=GARBLED_HINT)
        return response


class ResponseChaining:
    """Answers in pieces: after 61XX comes GET RESPONSE, after 6CXX the same command with that Le, once."""

    def __init__(self, following: Link) -> None:
        self._next = following

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        """Raises :class:`GarbledAnswerError` when the pieces do not end."""
        response = self._with_right_le(command)
        data, pieces = bytearray(response.data), 0
        while response.sw >> 8 == _SW1_MORE_DATA:
            pieces += 1
            response = self._with_right_le(_get_response(command.cla, _announced(response)))
            if response.sw == codes.SW_CONDITIONS and not is_protected(command.cla):
                raise CardResetError("the card has forgotten the rest of its answer", hint=GARBLED_HINT)
            data += response.data
            endless = response.sw >> 8 == _SW1_MORE_DATA and not response.data
            if endless or pieces > _MAX_PIECES or len(data) > MAX_EXTENDED_LE:
                raise GarbledAnswerError(
                    "the card announces more data than it gives, or than an answer holds", hint=GARBLED_HINT
                )
        # The data beside a protected command's error are its proof.
        failed = 0x64 <= response.sw >> 8 <= 0x6F and not is_protected(command.cla)
        return ResponseAPDU(b"" if failed else bytes(data), response.sw)

    def _with_right_le(self, command: CommandAPDU) -> ResponseAPDU:
        response = self._next.transmit(command)
        # A protected command is not sent twice: the card has counted it.
        if response.sw >> 8 != _SW1_WRONG_LE or is_protected(command.cla):
            return response
        return self._next.transmit(replace(command, le=_announced(response)))


def _get_response(cla: int, le: int) -> CommandAPDU:
    """GET RESPONSE (7.6.1) in the class of the command whose answer waits."""
    plain = cla & ~(chaining.CHAINING_BIT | SECURE_MESSAGING_BITS)
    return replace(messages.get_response(le=le), cla=plain)


def _announced(response: ResponseAPDU) -> int:
    """Octets that SW2 announces; 00 is 256 or more."""
    return response.sw & 0xFF or MAX_SHORT_LE


class CommandChaining:
    """Commands in pieces, where they are longer than the card takes at once (5.1.1.1).

    ``protection``: the secure messaging below, which makes every piece longer.
    """

    def __init__(
        self, following: Link, capabilities: Capabilities, *, protection: SecureMessaging | None = None
    ) -> None:
        self._next = following
        self._capabilities = capabilities
        self._protection = protection
        self._max_data = (
            capabilities.max_command - _EXTENDED_FRAME if capabilities.extended else MAX_SHORT_DATA
        )

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        """Raises :class:`ProtocolError` for a command that this card cannot be given, or a broken chain."""
        if len(command.data) <= self._room(le=command.le is not None):
            return self._next.transmit(command)
        if not self._capabilities.chaining:
            raise ProtocolError(
                f"{len(command.data)} octets of data are more than the card takes",
                hint="Use a reader that passes extended APDUs, or another card.",
            )
        *parts, last = chaining.split(command, max_data=self._room(le=True))
        for part in parts:
            response = self._next.transmit(part)
            if response.sw >> 12 == 0x6 and response.sw >> 8 >= 0x64:
                return response
            if response.sw != codes.SW_OK or response.data:
                raise GarbledAnswerError(
                    f"the card answered {response.sw:04X} in the middle of a chain of commands",
                    hint=GARBLED_HINT,
                )
        return self._next.transmit(last)

    def _room(self, *, le: bool) -> int:
        """Octets of data that one command can carry."""
        if self._protection is None or self._protection.keys is None:
            return self._max_data
        return max_plain_data(self._max_data, le=le)


class SecureMessaging:
    """Protects commands and unprotects answers, once it has keys (TR-03110-3 v2.21, F.3-F.6).

    A broken answer, or one that never came, ends the session for good: the keys are wiped, and nothing is sent any
    more, least of all in plain, until the card is reset.
    """

    def __init__(self, following: Link, capabilities: Capabilities) -> None:
        self.keys: TerminalChannel | None = None
        self._next = following
        self._extended = capabilities.extended

    def transmit(self, command: CommandAPDU) -> ResponseAPDU:
        """Raises :class:`ChannelBrokenError` where the session is over, or the answer is not the card's."""
        if self.keys is None:
            return self._next.transmit(command)
        try:
            return self.keys.unwrap(self._next.transmit(self.keys.wrap(command, extended=self._extended)))
        except SecureMessagingError as error:
            self.keys.wipe()
            raise ChannelBrokenError(
                f"the secure channel to the card broke: {error.message}", hint=BEGIN_ANEW
            ) from error
        except BaseException:
            # Whatever went wrong, the two counters need not agree any more.
            self.keys.wipe()
            raise


class Channel:
    """Everything the session says to one card goes through here.

    Starts with what every card can do; :meth:`adopt` assembles the chain anew once the card has said more.

    Attributes:
        connection: the way to the card.
        capabilities: what is made use of.
        has_sent_extended: whether a command with extended lengths has been sent.
    """

    def __init__(self, connection: CardConnection) -> None:
        self.connection = connection
        self.capabilities = Capabilities()
        self.has_sent_extended = False
        self._keys: TerminalChannel | None = None
        self._first = self._assemble()

    def adopt(self, capabilities: Capabilities) -> None:
        """Use what the card can do, as far as the way to it passes extended lengths."""
        extended = capabilities.extended and self.connection.supports_extended
        self.capabilities = replace(capabilities, extended=extended)
        self._first = self._assemble()

    @property
    def is_protected(self) -> bool:
        """Whether PACE has opened a secure channel. It stays so when the channel breaks, until :meth:`reset`."""
        return self._keys is not None

    def protect(self, keys: TerminalChannel) -> None:
        """Send everything inside secure messaging from now on; keys of an earlier channel are wiped."""
        if self._keys is not None:
            self._keys.wipe()
        self._keys = keys
        self._first = self._assemble()

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        """Send a whole command and return the whole answer, whatever its status word.

        Raises:
            SessionLostError, NoServiceError, CardBusyError: as :meth:`CardConnection.transmit`; also where the card
                breaks the rules of ISO/IEC 7816-4 or of secure messaging, or had done so.
        """
        before, self.has_sent_extended = self.has_sent_extended, False
        response = self._first.transmit(command)
        if response.sw == codes.SW_WRONG_LENGTH and self._may_repeat_short():
            # Not done, whoever said so: perhaps a reader that passes short lengths only, and has not told us.
            self.keep_short()
            response = self._first.transmit(command)
        self.has_sent_extended = self.has_sent_extended or before
        self.connection.carried(command, response)
        return response

    def execute(self, command: CommandAPDU, *, doing: str) -> bytes:
        """Send a command that must succeed and return the answer's data.

        Args:
            command: as for :meth:`send`.
            doing: completes "the card refused to ...".

        Raises:
            CardMemoryError: the card has no memory for it.
            CardRefused: any other status word but 90 00.
            SessionLostError, NoServiceError, CardBusyError: as :meth:`send`.
        """
        response = self.send(command)
        refuse_exhausted_memory(response.sw)
        if response.sw != codes.SW_OK:
            raise CardRefused(
                f"the card refused to {doing}: {status_word.describe(response.sw)}", sw=response.sw
            )
        return response.data

    def keep_short(self) -> None:
        """Send no extended lengths any more; long commands go in chains."""
        self.connection.supports_extended = self.has_sent_extended = False
        self.adopt(self.capabilities)

    def reset(self) -> None:
        """Reset the card: selection, PIN and channel are forgotten; capabilities are to be read anew."""
        if self._keys is not None:
            self._keys.wipe()
            self._keys = None
        self.connection.reset()
        self.capabilities = Capabilities()
        self._first = self._assemble()

    def _may_repeat_short(self) -> bool:
        return self.has_sent_extended and self.capabilities.chaining and not self.is_protected

    def _note_extended(self) -> None:
        self.has_sent_extended = True

    def _assemble(self) -> Link:
        formatting = Formatting(self.connection, self.capabilities, on_extended=self._note_extended)
        protection = SecureMessaging(ResponseChaining(formatting), self.capabilities)
        protection.keys = self._keys
        return CommandChaining(protection, self.capabilities, protection=protection)
