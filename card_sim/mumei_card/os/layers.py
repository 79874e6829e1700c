"""The layers of this card that every command passes; PACE, secure messaging, SCP03 and admission have own modules.

Order of checking (ISO sets none; this is ours): response chaining, secure messaging, class 6E00 6882 6881,
PACE, command chaining 6883 6884, SCP03 6982, life cycle 6985, instruction 6D00, P1-P2
6A86, Lc and Le 6700, who asks 6982; the rest is the handlers'.
"""

from __future__ import annotations

from collections.abc import Callable

from mumei_card.errors import CardError
from mumei_card.os.admission import admit
from mumei_card.os.layer import Layer, Next
from mumei_card.os.registry import Presence, Registry
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.commands.codes import (
    CLA_ISO,
    CLA_PROPRIETARY,
    INS_GET_RESPONSE,
    INS_SELECT,
    MAX_COMMAND,
    MAX_RESPONSE,
    PROFILE_STANDARD,
    SW_CHAINING_NOT_SUPPORTED,
    SW_CHANNEL_NOT_SUPPORTED,
    SW_CLA_NOT_SUPPORTED,
    SW_CONDITIONS,
    SW_INS_NOT_SUPPORTED,
    SW_LAST_COMMAND_EXPECTED,
    SW_MORE_DATA,
    SW_SECURE_MESSAGING_NOT_SUPPORTED,
)
from mumei_core.gp.scp03_session import SECURE_MESSAGING_BIT
from mumei_core.iso7816.apdu import MAX_SHORT_LE, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT, ChainCollector, ChainError

# A whole command less header, extended Lc (3 octets) and Le (2).
MAX_COMMAND_DATA = MAX_COMMAND - 4 - 3 - 2
_MAX_RESPONSE_DATA = MAX_RESPONSE - 2
_GET_RESPONSE = COMMANDS[CLA_ISO, INS_GET_RESPONSE]

_CHANNEL_BITS = 0x03
_SECURE_MESSAGING_BITS = 0x0C
# Clause 5.1.1, table 3: class 01xx xxxx names a channel above 3.
_FURTHER_CHANNELS, _FURTHER_CHANNELS_MASK = 0x40, 0xC0


class ResponseChaining(Layer):
    """GET RESPONSE and 61XX, ISO/IEC 7816-4:2005 clauses 5.1.1.2 and 7.6.1.

    Lies below secure messaging: GET RESPONSE travels in plain and ends no channel (TR-03110-3 v2.21, F.1).
    """

    def __init__(self) -> None:
        self._waiting = b""
        self._sw = 0

    def reset(self) -> None:
        self._waiting = b""

    def interrupt(self) -> None:
        self.reset()

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        if command.ins == INS_GET_RESPONSE and command.cla in (CLA_ISO, CLA_PROPRIETARY):
            return self._next_piece(command)
        self.reset()
        response = above(command)
        # No Le: no data now, but a terminal on T=0, which cannot send Le beside data, learns that some wait.
        le = min(command.le or 0, _MAX_RESPONSE_DATA)
        if len(response.data) <= le:
            return response
        self._waiting, self._sw = response.data, response.sw
        return self._piece(le)

    def _next_piece(self, command: CommandAPDU) -> ResponseAPDU:
        # The same in every profile.
        admit(_GET_RESPONSE, command, PROFILE_STANDARD)
        if not self._waiting:
            raise CardError(SW_CONDITIONS, "no response waits")
        return self._piece(min(command.le or 0, _MAX_RESPONSE_DATA))

    def _piece(self, le: int) -> ResponseAPDU:
        piece, self._waiting = self._waiting[:le], self._waiting[le:]
        if not self._waiting:
            return ResponseAPDU(piece, self._sw)
        return ResponseAPDU(piece, SW_MORE_DATA | min(len(self._waiting), MAX_SHORT_LE) & 0xFF)


class ClassCheck(Layer):
    """The class octet, ISO/IEC 7816-4:2005 clause 5.1.1: interindustry and proprietary, channel 0 only.

    ``interrupt``: breaks off what the layers above collect, for they do not see a command that is refused here.
    """

    def __init__(self, registry: Registry, status: SecurityStatus, interrupt: Callable[[], None]) -> None:
        self._registry = registry
        self._status = status
        self._interrupt = interrupt

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        try:
            self._check(command.cla)
        except CardError:
            self._interrupt()
            raise
        return above(command)

    def _check(self, cla: int) -> None:
        if cla & _FURTHER_CHANNELS_MASK == _FURTHER_CHANNELS:
            raise CardError(SW_CHANNEL_NOT_SUPPORTED, "channels 4 to 19")
        bare = cla & ~(CHAINING_BIT | _SECURE_MESSAGING_BITS | _CHANNEL_BITS)
        if not self._registry.knows_class(bare):
            raise CardError(SW_CLA_NOT_SUPPORTED, "class not supported")
        # GlobalPlatform's own secure messaging has one of the two bits; without INITIALIZE UPDATE there is none.
        channel = self._status.secure_channel
        scp03 = channel is not None and channel.is_alive
        if cla & _SECURE_MESSAGING_BITS not in ((0, SECURE_MESSAGING_BIT) if scp03 else (0,)):
            raise CardError(SW_SECURE_MESSAGING_NOT_SUPPORTED, "no secure messaging here")
        if cla & _CHANNEL_BITS:
            raise CardError(SW_CHANNEL_NOT_SUPPORTED, "only the basic logical channel")


class CommandChaining(Layer):
    """Collects the parts of a chained command, ISO/IEC 7816-4:2005 clause 5.1.1.1."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._collector = ChainCollector(max_data=MAX_COMMAND_DATA)

    def reset(self) -> None:
        self._collector.reset()

    def end_session(self) -> None:
        self._collector.reset()

    def interrupt(self) -> None:
        self._collector.reset()

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        try:
            whole = self._collector.add(command)
        except ChainError as error:
            if error.sw != SW_LAST_COMMAND_EXPECTED or command.ins != INS_SELECT:
                raise CardError(error.sw, error.message) from error
            # SELECT may break in: a terminal that lost its place must be able to start over.
            whole = self._collector.add(command)
        if whole is not None:
            return above(whole)
        try:
            self._check_part(command)
        except CardError:
            self._collector.reset()
            raise
        return ResponseAPDU()

    def _check_part(self, command: CommandAPDU) -> None:
        """A chain carries a long data field of a command that there is."""
        if command.cla & SECURE_MESSAGING_BIT:
            # Under SCP03 every command has data, its MAC, and what lies inside is not known yet.
            return
        entry = self._registry.find(command.cla & ~CHAINING_BIT, command.ins)
        if entry is None:
            raise CardError(SW_INS_NOT_SUPPORTED, "instruction not supported")
        if entry.data is Presence.FORBIDDEN:
            raise CardError(SW_CHAINING_NOT_SUPPORTED, "a command without data comes in one piece")
