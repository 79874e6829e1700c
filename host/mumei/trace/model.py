"""What a trace holds: sessions with cards, exchange by exchange, secrets masked when they were recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mumei.session.application import Profile
from mumei.transport.masked_octets import MaskedOctets
from mumei.transport.replay import Recorded, RecordedReset, ReplayConnection
from mumei_core.commands import codes
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.apdu import ApduError, CommandAPDU

FORMAT: Final = 1
SECURE_MESSAGING: Final = "secure messaging"
SCP03: Final = "SCP03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One APDU each way, as it travelled.

    ``response``: None where none came; ``error`` is then the kind of trouble. ``at``: seconds from the beginning of
    the recording; ``took``: seconds until the answer was there.
    """

    command: MaskedOctets
    response: MaskedOctets | None
    at: float
    took: float
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A whole command and its whole answer, unprotected. ``inside``: the channels around it, outermost first."""

    command: MaskedOctets
    response: MaskedOctets
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What the session said at once, and the APDUs that it took. ``number``: from 1, through the whole trace."""

    number: int
    wires: tuple[Wire, ...]
    message: Message

    @property
    def octets(self) -> int:
        """All that travelled, both ways."""
        return sum(len(wire.command) + len(wire.response or b"") for wire in self.wires)

    @property
    def at(self) -> float:
        return self.wires[0].at

    @property
    def took(self) -> float:
        """Seconds in which the terminal waited for the card."""
        return sum(wire.took for wire in self.wires)

    @property
    def error(self) -> str:
        """What kept the last answer away, or nothing."""
        return self.wires[-1].error


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The card was reset: selection, PIN and channel are forgotten."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """From opening a card to closing it. ``reader``: its kind, not whose; ``extended``: extended APDUs pass."""

    reader: str
    atr: bytes
    extended: bool
    at: float
    steps: tuple[Exchange | Reset, ...] = ()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(step for step in self.steps if isinstance(step, Exchange))

    @property
    def profile(self) -> Profile | None:
        """What the card said in its FCI; None where it never did."""
        for exchange in self.exchanges:
            if (found := _profile(exchange.message)) is not None:
                return found
        return None

    def connection(self) -> ReplayConnection:
        """A connection that answers as the card did."""
        steps: list[Recorded | RecordedReset] = []
        number = 0
        for step in self.steps:
            if isinstance(step, Reset):
                steps.append(RecordedReset(number=number))
                continue
            number = step.number
            steps += (Recorded(number=number, command=w.command, response=w.response) for w in step.wires)
        return ReplayConnection(steps, name=self.reader, atr=self.atr, supports_extended=self.extended)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One recording. ``ended``: whether it was closed in order; ``left_out``: exchanges that found no room."""

    mumei: str
    started: datetime
    sessions: tuple[Session, ...] = field(default=())
    ended: bool = True
    left_out: int = 0

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(exchange for session in self.sessions for exchange in session.exchanges)


def command_of(octets: MaskedOctets) -> CommandAPDU | None:
    """The command with zeros for hidden octets; None for what is none."""
    try:
        return CommandAPDU.from_bytes(octets.zeroed)
    except ApduError:
        return None


def data_of(octets: MaskedOctets) -> MaskedOctets:
    """The data field of a command; all behind the header for what is no command."""
    command = command_of(octets)
    if command is None:
        return octets.cut(4, len(octets))
    start = data_start(octets.zeroed)
    return octets.cut(start, start + len(command.data))


def data_start(apdu: bytes) -> int:
    """Where the data field of a command begins; past its end where there is none (ISO/IEC 7816-4:2005, 5.1)."""
    extended = len(apdu) > 5 and apdu[4] == 0
    return 4 + (3 if extended else 1)


def answer_of(octets: MaskedOctets) -> tuple[MaskedOctets, int]:
    """The answer's data, and its status word."""
    return octets.cut(0, len(octets) - 2), int.from_bytes(octets.zeroed[-2:])


def _profile(message: Message) -> Profile | None:
    command = command_of(message.command)
    if command is None or command.ins != codes.INS_SELECT or len(message.response) < 2:
        return None
    try:
        fci = ber_tlv.parse_one(answer_of(message.response)[0].zeroed, codes.TAG_FCI)
        own = next(item for item in fci.children() if item.tag == codes.TAG_PROPRIETARY_INFORMATION)
        value = next(item.value for item in own.children() if item.tag == codes.TAG_FCI_PROFILE)
        return Profile(int.from_bytes(value))
    except (ber_tlv.TlvError, StopIteration, ValueError):
        return None
