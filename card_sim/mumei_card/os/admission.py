"""Admission: whether the card knows a command, takes it in this form, and from this asker (ISO/IEC 7816-4:2005
clauses 5.1.1 and 5.1.3).
"""

from __future__ import annotations

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Layer, Next
from mumei_card.os.registry import Access, Presence, Registry
from mumei_core.commands.codes import (
    PROFILE_DEVELOPMENT,
    SW_INS_NOT_SUPPORTED,
    SW_SECURITY_STATUS,
    SW_WRONG_LENGTH,
    SW_WRONG_P1_P2,
)
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU


class Admission(Layer):
    """Instruction, P1-P2, presence of data field and Le, and who asks: as the registry's entry says."""

    def __init__(self, registry: Registry, context: CardContext) -> None:
        self._registry = registry
        self._context = context

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        entry = self._registry.find(command.cla, command.ins)
        if entry is None or entry.access is self._absent:
            raise CardError(SW_INS_NOT_SUPPORTED, "instruction not supported")
        if command.p1 not in entry.p1 or command.p2 not in entry.p2:
            raise CardError(SW_WRONG_P1_P2, f"{entry.name} does not take this P1-P2")
        if command.data and entry.data is Presence.FORBIDDEN:
            raise CardError(SW_WRONG_LENGTH, f"{entry.name} takes no data")
        if not command.data and entry.data is Presence.REQUIRED:
            raise CardError(SW_WRONG_LENGTH, f"{entry.name} needs data")
        if command.le is None and entry.answers:
            raise CardError(SW_WRONG_LENGTH, f"{entry.name} needs Le")
        if not self._may(entry.access):
            raise CardError(SW_SECURITY_STATUS, f"{entry.name} needs more authentication")
        return above(command)

    @property
    def _absent(self) -> Access:
        """The commands that cards of this profile do not have."""
        return Access.AUTHENTICATION if self._is_open else Access.DEVELOPMENT

    @property
    def _is_open(self) -> bool:
        return self._context.profile == PROFILE_DEVELOPMENT

    def _may(self, access: Access) -> bool:
        status = self._context.security_status
        if self._is_open or access in (Access.ANYONE, Access.HANDLER):
            return True
        if access in (Access.CHANNEL, Access.AUTHENTICATION):
            return status.channel is not None
        return access is Access.TERMINAL and status.terminal is not None
