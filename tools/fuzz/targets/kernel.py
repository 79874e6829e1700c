"""The whole card, both profiles: programs of commands in plain, inside PACE's channel, inside SCP03, inside both.

Every program begins with a fresh card and, where it has a channel, with a real PACE or SCP03 in front: the recorded
one, which the card's fixed randomness repeats. The terminal of these channels has the keys, and misuses them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tools.fuzz.oracles import Stopwatch, Violation
from tools.fuzz.target import KERNEL_BAR, Runner, Target
from tools.fuzz.targets.card_rules import unchanged
from tools.fuzz.targets.cards import Beginnings, Card, Terminal
from tools.fuzz.targets.documented import COMMANDS, EXAMPLES
from tools.fuzz.targets.script import Kind, Language, Step, written
from tools.fuzz.world import World

from mumei_core.commands import codes

#: After so many programs, and after the first, the card has to present once more.
_PRESENT_EVERY: Final = 64
_GOOD: Final = (
    "request",
    "description",
    "enrol",
    "credential",
    "settings",
    "digits",
    "body",
    "set at",
    "set at ta",
    "set dst",
    "dynamic",
    "put key",
    "trust",
)
_DEVELOPMENT: Final = ("development new", "development with parameters", "development issued")
_STANDARD: Final = (
    "standard new",
    "standard with parameters",
    "standard issued",
    "standard locked",
    "standard terminated",
)
_CHANNELS: Final = (
    "standard CAN",
    "standard PIN",
    "standard PUK",
    "standard transport PIN",
    "standard shop",
    "standard office",
)
_SCP03: Final = ("standard SCP03", "standard SCP03 new", "standard office SCP03")
_VISITS: Final = {"development issued": "development visit 0", "standard issued": "standard visit"}


class _Runs:
    """Runs programs whose first octet says on which card, or behind which tape, they begin."""

    def __init__(self, world: World, stopwatch: Stopwatch, beginnings: Sequence[str]) -> None:
        self._world, self._stopwatch, self._names = world, stopwatch, beginnings
        self._beginnings = Beginnings(world, stopwatch)
        self._language = Language(commands=COMMANDS, good=world.good(*_GOOD))
        self._programs = 0

    def __call__(self, program: bytes) -> int:
        if not program:
            return 0
        card, terminal = self._beginnings.at(self._names[program[0] % len(self._names)])
        self._play(terminal, self._language.steps(program[1:]))
        self._play(terminal, self._language.drawn(program))
        if card.name in _VISITS:
            self._programs += 1
            if self._programs % _PRESENT_EVERY == 1:
                self._require_presentation(card)
        return card.sent

    def _play(self, terminal: Terminal, steps: Iterator[Step]) -> None:
        tamper: int | None = None
        last = Step(kind=Kind.RAW)
        for step in steps:
            if step.kind is Kind.RESET:
                terminal.reset()
            elif step.kind is Kind.TAMPER:
                tamper = step.place
            else:
                last = last if step.kind is Kind.AGAIN else step
                terminal.send(last.octets, protected=last.protected, tamper=tamper)
                tamper = None

    def _require_presentation(self, card: Card) -> None:
        """The holder's records are as before, and a shop is answered; else whoever fuzzed has won."""
        left = card.contents()
        if not unchanged(card.records, left):
            return
        again = Card(card.name, left, self._stopwatch)
        for octets in self._world.tapes[_VISITS[card.name]].commands:
            answer = again.transmit(octets)
            if answer.sw != codes.SW_OK:
                raise Violation("presents", f"the card does not present any more: {answer.sw:04X}")


def _target(
    name: str,
    about: str,
    beginnings: Sequence[str],
    seeds: Callable[[World], list[bytes]],
    *,
    share: float,
    part: float,
) -> Target:
    def make(world: World, stopwatch: Stopwatch) -> Runner:
        return _Runs(world, stopwatch, beginnings)

    return Target(
        name=name,
        about=about,
        make=make,
        seeds=seeds,
        bar=int(KERNEL_BAR * part),
        share=share,
        max_octets=4096,
        unit="APDU",
        module="mumei_card",
        likes_long=True,
    )


def _plain_seeds(beginnings: Sequence[str]) -> Callable[[World], list[bytes]]:
    """Recorded sessions on the card that they were recorded on; examples of the specs on every card."""

    def seeds(world: World) -> list[bytes]:
        found = [
            bytes([beginnings.index(tape.card)]) + written(tape.commands)
            for tape in world.tapes.values()
            if tape.card in beginnings
        ]
        for place in range(len(beginnings)):
            found += [bytes([place]) + written(commands) for commands in EXAMPLES]
        return [*found, *_made_up(world, len(beginnings))]

    return seeds


def _channel_seeds(beginnings: Sequence[str]) -> Callable[[World], list[bytes]]:
    """The specs' examples, and every known command with good data, inside each channel."""

    def seeds(world: World) -> list[bytes]:
        found = [
            bytes([place]) + written(commands, Kind.PLAIN)
            for place in range(len(beginnings))
            for commands in EXAMPLES
        ]
        return [*found, *_made_up(world, len(beginnings))]

    return seeds


def _made_up(world: World, beginnings: int) -> list[bytes]:
    """One program per beginning and good object: each variant of each known command with it as its data."""
    known = [
        (number, min(variant.p1), min(variant.p2))
        for number, spec in enumerate(COMMANDS)
        for variant in spec.variants
    ]
    return [
        bytes([place])
        + b"".join(bytes([Kind.KNOWN, number, 0x03, p1, p2, good, 0]) for number, p1, p2 in known)
        for place in range(beginnings)
        for good in range(len(world.good(*_GOOD)))
    ]


TARGETS: Final = (
    _target(
        "card-development",
        "development cards, everything in plain",
        _DEVELOPMENT,
        _plain_seeds(_DEVELOPMENT),
        share=5.0,
        part=0.35,
    ),
    _target(
        "card-standard",
        "standard cards in every state of life, in plain; recorded PACE and whole visits among the seeds",
        _STANDARD,
        _plain_seeds(_STANDARD),
        share=5.0,
        part=0.35,
    ),
    _target(
        "card-channel",
        "standard cards inside PACE, with CAN, PIN, PUK or shop code, some behind Terminal Authentication",
        _CHANNELS,
        _channel_seeds(_CHANNELS),
        share=5.0,
        part=0.2,
    ),
    _target(
        "card-scp03",
        "standard cards inside SCP03: new, with parameters, and issued behind an office's certificate",
        _SCP03,
        _channel_seeds(_SCP03),
        share=3.0,
        part=0.1,
    ),
)
