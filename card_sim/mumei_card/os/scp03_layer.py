"""SCP03 in the chain of layers: takes the protection off a command and puts it on the answer (GlobalPlatform Card
Specification 2.3, 10.8; Amendment D v1.1.2, 6.2 and 7.1.2).

Lies above command chaining, because a chain carries one MAC over the whole command; its class is the same as
of a protected short one. Every command in plain ends an open channel, and SELECT and INITIALIZE UPDATE, which begin
something new, are carried out nevertheless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Layer, Next, answer
from mumei_card.os.lifecycle import SECURITY_DOMAIN_COMMANDS
from mumei_core.commands import codes
from mumei_core.gp.scp03 import CardScp03
from mumei_core.gp.scp03_session import SECURE_MESSAGING_BIT, Scp03Error
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

Authenticate = Callable[[CommandAPDU, CardContext, CardScp03], None]
"""EXTERNAL AUTHENTICATE; raises CardError."""

_BEGINNINGS = frozenset(
    {(codes.CLA_ISO, codes.INS_SELECT), (codes.CLA_PROPRIETARY, codes.INS_INITIALIZE_UPDATE)}
)


class Scp03Layer(Layer):
    """``is_reachable``: whether the security domain exists for this terminal."""

    def __init__(
        self, context: CardContext, *, authenticate: Authenticate, is_reachable: Callable[[CardContext], bool]
    ) -> None:
        self._context = context
        self._authenticate = authenticate
        self._is_reachable = is_reachable

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        status = self._context.security_status
        channel = status.secure_channel
        command = self._with_class_bit(command)
        if channel is not None and channel.is_pending:
            if (command.cla, command.ins) == (codes.CLA_SCP03, codes.INS_SCP03_EXTERNAL_AUTHENTICATE):
                return self._open(command, channel)
            # EXTERNAL AUTHENTICATE comes directly after INITIALIZE UPDATE or not at all.
            self._end(channel)
            channel = None
        if channel is not None and channel.is_open:
            if (command.cla, command.ins) not in _BEGINNINGS:
                return self._inside(command, channel, above)
            self._end(channel)
        if command.cla & SECURE_MESSAGING_BIT:
            raise CardError(codes.SW_SECURITY_STATUS, "protected, and no channel is open", keep_status=True)
        if (command.cla, command.ins) in SECURITY_DOMAIN_COMMANDS and not self._is_reachable(self._context):
            raise CardError(codes.SW_INS_NOT_SUPPORTED, "no security domain for this terminal")
        return above(command)

    def _with_class_bit(self, command: CommandAPDU) -> CommandAPDU:
        """Inside TR-03110's secure messaging, which takes the class bits for itself, SCP03's bit cannot be said: so
        an open channel counts it as set, as its MAC does in any case.
        """
        status = self._context.security_status
        begins = (command.cla, command.ins) in _BEGINNINGS
        if status.channel is None or status.secure_channel is None or begins:
            return command
        return replace(command, cla=command.cla | SECURE_MESSAGING_BIT)

    def _open(self, command: CommandAPDU, channel: CardScp03) -> ResponseAPDU:
        try:
            self._authenticate(command, self._context, channel)
        except CardError:
            self._end(channel)
            raise
        return ResponseAPDU()

    def _inside(self, command: CommandAPDU, channel: CardScp03, above: Next) -> ResponseAPDU:
        status = self._context.security_status
        try:
            bare = channel.unwrap(command)
        except Scp03Error as error:
            self._end(channel)
            raise CardError(error.sw, error.message, keep_status=True) from error
        # Refusals too come back through here: the counter moves on with every command.
        response = channel.wrap(answer(status, above, bare))
        if status.secure_channel is not channel:
            channel.wipe()
        return response

    def _end(self, channel: CardScp03) -> None:
        channel.wipe()
        self._context.security_status.secure_channel = None
