"""The card's life cycle (GlobalPlatform Card Specification 2.3, 5.1 and table 11-6), and what each state answers.

OP_READY → INITIALIZED → SECURED ↔ LOCKED, and from everywhere → TERMINATED, from where nothing leads away.
Development cards have no life cycle: they are open from their first day to their last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mumei_card.chip.nvm import Nvm
from mumei_card.errors import CardError
from mumei_card.os.layer import Layer, Next
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

RECORD_LIFE_CYCLE: Final = "life_cycle"
_BY_NAME = 0x04
# All bits of the class octet that say how a command travels, not what it is.
_TRANSPORT_BITS = 0x1F


Kind = tuple[int, int]
"""Class octet without its transport bits, and instruction."""

SECURITY_DOMAIN_COMMANDS: Final[frozenset[Kind]] = frozenset(
    kind for kind, spec in COMMANDS.items() if any("SECURITY_DOMAIN" in v.states for v in spec.variants)
)
"""What exists only where the security domain does."""

CHANNEL_COMMANDS: Final[frozenset[Kind]] = frozenset(
    kind
    for kind, spec in COMMANDS.items()
    if any(v.layer == "PACE" or v.rights == "CHANNEL_WITH_CHAT" for v in spec.variants)
)
"""PACE and Terminal Authentication."""


def life_cycle_of(nvm: Nvm) -> LifeCycle | None:
    """The card's state; None for a development card. Raises CardError 65 81 for a record that is no state."""
    octets = nvm.get(RECORD_LIFE_CYCLE)
    if octets is None:
        return None
    try:
        return LifeCycle(int.from_bytes(octets))
    except ValueError:
        raise CardError(codes.SW_MEMORY_FAILURE, "the life cycle record is no state") from None


class LifeCycleGate(Layer):
    """Refuses what the card's state does not allow: 69 85, and 62 83 for SELECT of a locked application.

    Sits twice in the chain: below PACE, so that a terminated card does not even begin a channel, and above SCP03,
    whose counter must move on with a refused command too. What the card does not know goes on, to be answered
    6D 00 in every state: a locked card reveals nothing by it. A locked card can still be reached by PACE and
    Terminal Authentication, for that is the way to unlock it.
    """

    def __init__(self, nvm: Nvm, knows: Callable[[Kind], bool]) -> None:
        """``knows``: which commands the layers above this one answer."""
        self._nvm = nvm
        self._knows = knows

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        state = life_cycle_of(self._nvm)
        kind = (command.cla & ~_TRANSPORT_BITS, command.ins)
        if state is None or not self._knows(kind):
            return above(command)
        if state.name not in COMMANDS[kind].life_cycle:
            raise CardError(codes.SW_CONDITIONS, f"not in state {state.name}")
        if state is LifeCycle.LOCKED and _selects_application(command):
            raise CardError(codes.SW_DEACTIVATED, "the application is locked")
        return above(command)


def _selects_application(command: CommandAPDU) -> bool:
    return command.ins == codes.INS_SELECT and command.p1 == _BY_NAME and codes.AID.startswith(command.data)
