"""What the parties see of a card, exchange by exchange, kept in a form that can be compared (mumei protocol 2.6).

A *step* is a place in a script that every card goes through: the same command in the same situation. Cards may
differ in a step's answer only by chance, or by a class that the design admits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from mumei.transport.base import CardConnection
from mumei_card.chip.counters import OperationCounters

#: Octets of a string that is looked for, at least.
SHORTEST: Final = 4
SW_LENGTH: Final = 2


class PoweredCard(Protocol):
    """A card with its counters: :class:`mumei_card.os.kernel.Kernel`, or one with a leak planted in it."""

    counters: OperationCounters

    @property
    def atr(self) -> bytes:
        """Answer to reset."""

    def transmit(self, octets: bytes, /) -> bytes:
        """One command in, one response out."""

    def reset(self) -> None:
        """Power off and on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One command and its answer, status word included. ``operations``: what the card counted meanwhile."""

    step: str
    command: bytes
    answer: bytes
    operations: tuple[int, ...]


class RecordingConnection(CardConnection):
    """A card in a reader of ours, with every octet kept. ``step`` names what comes next, when we know it."""

    def __init__(self, card: PoweredCard) -> None:
        self.name = "audited card"
        self.atr = card.atr
        self.supports_extended = True
        self.exchanges: list[Exchange] = []
        self.step: str | None = None
        self._card = card

    def transmit(self, apdu: bytes) -> bytes:
        before = operations(self._card.counters)
        answer = self._card.transmit(apdu)
        after = operations(self._card.counters)
        # Product code names no steps: class, instruction and place in the session do.
        # Its length is the terminal's doing, and certificates of two relying parties are not equally long.
        step = self.step or f"exchange {len(self.exchanges) + 1}, {apdu[:2].hex(' ').upper()}, {len(apdu)} octets"
        counted = tuple(b - a for a, b in zip(before, after, strict=True))
        self.exchanges.append(Exchange(step=step, command=apdu, answer=answer, operations=counted))
        return answer

    def probe(self, step: str, apdu: bytes) -> bytes:
        """Send ``apdu`` under a name of its own."""
        self.step = step
        try:
            return self.transmit(apdu)
        finally:
            self.step = None

    def reset(self) -> None:
        self._card.reset()

    def close(self) -> None:
        self._card.reset()

    def take(self) -> list[Exchange]:
        """All exchanges since the last call."""
        taken, self.exchanges = self.exchanges, []
        return taken


def operations(counters: OperationCounters) -> tuple[int, ...]:
    """The card's counts in the order of their fields: what a stopwatch would tell, without its noise."""
    return tuple(getattr(counters, name) for name in counters.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """What can be read off an answer without looking into it. ``length``: of the data, in octets."""

    sw: int
    length: int
    operations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Octets that came from the card at one visit. ``private``: meant to come back at this relying party and
    nowhere else, as a pseudonym does.
    """

    visit: int
    octets: bytes
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """One row in a relying party's database, and, for the audit's eyes only, whose it is.

    ``words``: column to value as the party would compare it. ``parts``: octet strings by name. ``whole``: the
    card's own octets as they came, without what was disclosed on request.
    """

    party: int
    card: int
    words: dict[str, str]
    parts: dict[str, bytes]
    whole: bytes


@dataclass(slots=True, kw_only=True)
class CardTrace:
    """All that was seen of one card.

    ``visible``, ``texts``: by step. ``exchanges_in``: by situation, how many there were. ``classes``: by name
    of a class, the values that this card showed. ``party_of``, ``sent``: by visit, the relying party (-1 for
    none) and all that it sent. ``quotients``: see :func:`tools.linkage_audit.driver.quotients`.
    ``issuer_knows``, ``secrets``: names to octets that nobody may ever see.
    """

    card: int
    visible: dict[str, set[Visible]] = field(default_factory=dict)
    exchanges_in: dict[str, set[int]] = field(default_factory=dict)
    texts: dict[str, list[Text]] = field(default_factory=dict)
    classes: dict[str, set[str]] = field(default_factory=dict)
    party_of: dict[int, int] = field(default_factory=dict)
    sent: dict[int, bytes] = field(default_factory=dict)
    rows: list[StoredRow] = field(default_factory=list)
    issuer_knows: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    quotients: dict[str, list[int]] = field(default_factory=dict)
    exchanges: int = 0
    presentations: int = 0
    octets: int = 0


class TraceBuilder:
    """Sorts exchanges into a :class:`CardTrace`."""

    def __init__(self, card: int) -> None:
        self.trace = CardTrace(card=card)
        # Equal octets are kept once: a trace is mostly the same short answers.
        self._same: dict[bytes, bytes] = {}

    def add(
        self, scope: str, exchanges: list[Exchange], *, visit: int, without: tuple[bytes, ...] = ()
    ) -> None:
        """One session's exchanges in the situation ``scope``.

        ``without``: strings inside answers that are kept by name elsewhere; disclosed values count to no length.
        """
        trace = self.trace
        trace.exchanges_in.setdefault(scope, set()).add(len(exchanges))
        trace.exchanges += len(exchanges)
        for exchange in exchanges:
            step = f"{scope} / {exchange.step}"
            data = exchange.answer[:-SW_LENGTH]
            trace.octets += len(exchange.answer)
            sw = int.from_bytes(exchange.answer[-SW_LENGTH:], "big")
            seen = Visible(sw=sw, length=len(data), operations=exchange.operations)
            trace.visible.setdefault(step, set()).add(seen)
            for known in without:
                data = data.replace(known, b"")
            self.add_text(step, data, visit=visit)

    def add_text(self, step: str, octets: bytes, *, visit: int, private: bool = False) -> None:
        """An answer, or a part of one that is known by name; what is shorter than a string is none."""
        if len(octets) >= SHORTEST:
            kept = self._same.setdefault(octets, octets)
            self.trace.texts.setdefault(step, []).append(Text(visit, kept, private))

    def note_length(self, step: str, length: int) -> None:
        """The length of something that was put together from several answers."""
        seen = Visible(sw=0, length=length, operations=())
        self.trace.visible.setdefault(step, set()).add(seen)
