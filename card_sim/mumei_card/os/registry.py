"""The commands that the card knows: which class and instruction, what is admitted, who handles it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Container
from dataclasses import dataclass

from mumei_card.os.context import CardContext
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

ANY_OCTET: Container[int] = range(0x100)
ONLY_ZERO: Container[int] = (0,)

Handler = Callable[[CommandAPDU, CardContext], bytes | ResponseAPDU]
"""Gets an admitted command; gives the answer's data (with 90 00) or a response with a warning; refuses by
raising CardError."""


class Presence(enum.Enum):
    """Whether a field of the command must, may or must not be there."""

    REQUIRED = enum.auto()
    OPTIONAL = enum.auto()
    FORBIDDEN = enum.auto()


class Access(enum.Enum):
    """Who may give a command to a card of the standard profile; the development profile asks nobody."""

    ANYONE = enum.auto()
    CHANNEL = enum.auto()
    """After PACE; the handler looks at the password."""
    AUTHENTICATION = enum.auto()
    """After PACE, as its continuation; the development profile has no such command."""
    TERMINAL = enum.auto()
    """After Terminal Authentication."""
    HANDLER = enum.auto()
    """By a rule of its own, as personalisation inside SCP03."""
    DEVELOPMENT = enum.auto()
    """Nobody: other profiles do not have the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One entry. ``data``: the data field. ``answers``: the command has answer data, so Le is required.

    Le beside a command without answer is no error: it says how much the terminal would take
    (ISO/IEC 7816-4:2005 clause 5.1.1).
    """

    name: str
    cla: int
    ins: int
    handler: Handler
    p1: Container[int] = ONLY_ZERO
    p2: Container[int] = ONLY_ZERO
    data: Presence
    answers: bool
    access: Access = Access.TERMINAL


class Registry:
    """All commands, by class and instruction. Filled once, when the card is assembled."""

    def __init__(self) -> None:
        self._commands: dict[tuple[int, int], Command] = {}

    def add(self, command: Command) -> None:
        """Raises ValueError when class and instruction are taken: a mistake of ours, found at the start."""
        key = (command.cla, command.ins)
        if key in self._commands:
            raise ValueError(f"{command.name} and {self._commands[key].name} share class and instruction")
        self._commands[key] = command

    def find(self, cla: int, ins: int) -> Command | None:
        return self._commands.get((cla, ins))

    def knows_class(self, cla: int) -> bool:
        return any(known == cla for known, _ in self._commands)

    def names(self) -> tuple[str, ...]:
        """Names of all commands, in the order of registration."""
        return tuple(command.name for command in self._commands.values())
