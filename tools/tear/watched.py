"""A card under observation: a memory that can be looked at, its power in our hand, its steps on record.

Its true random generator is stuck: it gives the same octets for ever. So a counter value used twice shows, where
fresh randomness would hide it.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from mumei.session.channel import Channel
from mumei.transport.simulator import SimulatedConnection
from mumei_card.applet import presentation
from mumei_card.applet.slots import SlotChoice
from mumei_card.chip.flash import RamFlash
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.power import Moment, Power, PowerLost, Step
from mumei_card.chip.rng import HedgedRng
from mumei_card.os.kernel import Kernel
from mumei_core.commands import codes
from mumei_core.eac.pace import CardPace
from mumei_core.gp.scp03 import CardScp03
from mumei_core.presentation import prover

Records = Mapping[str, bytes]
_OK = codes.SW_OK.to_bytes(2)


def stuck(n: int) -> bytes:
    """What the broken generator gives."""
    return b"\x5d" * n


class Kind(Enum):
    """What an event is about, and what its value says."""

    DRAWN = auto()
    """Randoms were drawn under a counter value."""
    COMPARED = auto()
    """A password or cryptogram was compared."""
    PRESENTED = auto()
    """A proof was computed: (first moves, challenge)."""
    ANSWERED = auto()
    """The answer with a proof is on its way."""
    SLOT = auto()
    """An answer that names this slot is on its way: (epoch, bucket, k)."""
    SEQUENCE = auto()
    """An answer with this SCP03 sequence counter is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``position``: steps that were done before it."""

    position: int
    kind: Kind
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A commit between two positions, and what the card held then."""

    begin: int
    end: int
    records: dict[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An APDU: its instruction, octets of command and answer, and the positions before and behind it."""

    instruction: int
    command: int
    answer: int
    begin: int
    end: int


class Supply(Power):
    """Power whose steps are kept, and that goes where it is told, once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.cut: tuple[int, Moment, int] | None = None
        self.line_cut: int | None = None
        """Octets that still come or go on the line."""

    def before(self, step: Step) -> None:
        self._cut_at(Moment.BEFORE)
        self.steps.append(step)

    def torn(self, step: Step) -> int | None:
        if self.cut is not None and self.cut[:2] == (len(self.steps) - 1, Moment.TORN):
            return self.cut[2]
        return None

    def after(self, step: Step) -> None:
        if self.cut is not None and self.cut[:2] == (len(self.steps) - 1, Moment.AFTER):
            raise PowerLost

    def octet(self) -> None:
        """One more octet is about to come or go on the line."""
        if self.line_cut is not None:
            if not self.line_cut:
                raise PowerLost
            self.line_cut -= 1

    def _cut_at(self, moment: Moment) -> None:
        if self.cut is not None and self.cut[:2] == (len(self.steps), moment):
            raise PowerLost


class WatchedCard:
    """A card on ``image``, powered up; in a reader it has what :class:`SoftwareCard` has. ``idles``: whether the
    reader lets it work while nobody waits."""

    def __init__(self, image: bytes, *, idles: bool = False) -> None:
        self.flash = RamFlash(image)
        self.supply = Supply()
        self.nvm = Nvm.power_up(self.flash, power=self.supply)
        self.events: list[Event] = []
        self.commits: list[Committed] = []
        self.exchanges: list[Exchange] = []
        self.in_hand: dict[str, bytes] = {}
        """What the newest commit is to leave."""
        self.is_busy = False
        self.leaving: list[tuple[Kind, Any]] = []
        """What the terminal learns if the command in hand succeeds."""
        self._idles = idles
        self._commit = self.nvm.commit
        self.nvm.commit = self._watched_commit  # type: ignore[method-assign]
        self._kernel = Kernel(self.nvm, random_source=stuck)
        self.atr = self._kernel.atr

    @property
    def position(self) -> int:
        """Steps that were begun."""
        return len(self.supply.steps)

    @property
    def records(self) -> dict[str, bytes]:
        """What it holds."""
        return {name: value for name in self.nvm.sizes() if (value := self.nvm.get(name)) is not None}

    def forget(self) -> bytes:
        """Begin a new record here; returns the image."""
        self.supply.steps.clear()
        self.events.clear()
        self.commits.clear()
        self.exchanges.clear()
        return self.flash.read()

    def connect(self) -> Channel:
        """A new channel, in plain, to the card as it lies in the reader."""
        return Channel(SimulatedConnection(self, name="torn.card"))

    def transmit(self, apdu: bytes) -> bytes:
        apdu = self._on_the_line(apdu)
        begin = self.position
        self.leaving.clear()
        self.is_busy = True
        answer = self._kernel.transmit(apdu)
        self.is_busy = False
        if answer[-2:] == _OK:
            for kind, value in self.leaving:
                self.note(kind, value)
        self.exchanges.append(
            Exchange(
                instruction=apdu[1], command=len(apdu), answer=len(answer), begin=begin, end=self.position
            )
        )
        answer = self._on_the_line(answer)
        while self._idles and self._kernel.idle():
            pass
        return answer

    def _on_the_line(self, octets: bytes) -> bytes:
        """Octet by octet, as a reader and a card exchange them; a command is there when all of it is."""
        passed = bytearray()
        for octet in octets:
            self.supply.octet()
            passed.append(octet)
        return bytes(passed)

    def reset(self) -> None:
        self._kernel.reset()

    def close(self) -> None:
        self._kernel.reset()

    def note(self, kind: Kind, value: Any = None) -> None:
        """Something happened, now."""
        self.events.append(Event(position=self.position, kind=kind, value=value))

    def _watched_commit(self, changes: Mapping[str, bytes | None]) -> None:
        begin = self.position
        self.in_hand = {
            name: value for name, value in {**self.records, **changes}.items() if value is not None
        }
        self._commit(changes)
        self.commits.append(Committed(begin=begin, end=self.position, records=self.records))


@contextmanager
def watching(card: WatchedCard) -> Iterator[None]:
    """While this lasts, what happens inside the card is noted."""

    def noted(inner: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
        def outer(*arguments: Any, **named: Any) -> Any:
            if card.is_busy or inner is draw:
                note(*arguments, **named)
            return inner(*arguments, **named)

        return outer

    def presented(*arguments: Any, **named: Any) -> Any:
        proof = prove(*arguments, **named)
        card.note(Kind.PRESENTED, (proof.Abar.to_octets() + proof.D.to_octets(), proof.c))
        card.leaving.append((Kind.ANSWERED, None))
        return proof

    def chosen(choice: SlotChoice, trng: Any) -> tuple[int, dict[str, bytes]]:
        k, burned = choose(choice, trng)
        card.leaving.append((Kind.SLOT, (choice.record.epoch, choice.record.bucket, k)))
        return k, burned

    draw, prove, choose = HedgedRng.octets, prover.present, SlotChoice.drawn
    compare, token, cryptogram = hmac.compare_digest, CardPace.check_token, CardScp03.external_authenticate
    sequence = CardScp03.__init__
    replacements: list[tuple[Any, str, Any, Any]] = [
        (HedgedRng, "octets", draw, noted(draw, lambda rng, _: card.note(Kind.DRAWN, rng.counter))),
        (presentation, "present", prove, presented),
        (SlotChoice, "drawn", choose, chosen),
        (hmac, "compare_digest", compare, noted(compare, _note_digits(card))),
        (CardPace, "check_token", token, noted(token, lambda _: card.note(Kind.COMPARED))),
        (
            CardScp03,
            "external_authenticate",
            cryptogram,
            noted(cryptogram, lambda *_: card.note(Kind.COMPARED)),
        ),
        (
            CardScp03,
            "__init__",
            sequence,
            noted(
                sequence,
                lambda *_, **named: card.leaving.append((Kind.SEQUENCE, named["sequence_counter"])),
            ),
        ),
    ]
    for owner, name, _, replacement in replacements:
        setattr(owner, name, replacement)
    try:
        yield
    finally:
        for owner, name, original, _ in replacements:
            setattr(owner, name, original)


def _note_digits(card: WatchedCard) -> Callable[[Any, Any], None]:
    """PINs and PUKs are compared as digits; whatever else is compared is no guess."""

    def note(left: Any, right: Any) -> None:
        if all(isinstance(side, bytes) and 5 <= len(side) <= 8 and side.isdigit() for side in (left, right)):
            card.note(Kind.COMPARED)

    return note
