"""The driver for machines without atheris: good inputs, changed at random. It sees no coverage."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from tools.fuzz.judge import Judge
from tools.fuzz.tlv_mutation import mutate_objects

_INTERESTING: Final = (0x00, 0x01, 0x1F, 0x20, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFE, 0xFF)
_LONGEST_RUN: Final = 16
_MOST_CHANGES: Final = 4
#: One input in so many is noise from its first octet on.
_NOISE_EVERY: Final = 16
#: One in so many keeps the lengths of data objects right.
_OBJECTS_EVERY: Final = 4


def drive(judge: Judge, seeds: Sequence[bytes], *, seed: int, max_octets: int) -> None:
    """The seeds in an order of chance, then what a :class:`Mutator` makes of them, until the judge is done."""
    mutator = Mutator(seeds, seed=seed, max_octets=max_octets)
    order = list(seeds)
    random.Random(seed).shuffle(order)  # noqa: S311
    for octets in order:
        if not judge.figures.done:
            judge(octets)
    while not judge.figures.done:
        judge(mutator.next())


class Mutator:
    """``seeds``: good inputs. ``seed``: the same one makes the same inputs."""

    def __init__(self, seeds: Sequence[bytes], *, seed: int, max_octets: int) -> None:
        self._seeds = [octets[:max_octets] for octets in seeds] or [b""]
        self._random = random.Random(seed)  # noqa: S311 - inputs to repeat, no secrets
        self._max = max_octets
        self._changes: Sequence[Callable[[bytearray], None]] = (
            self._flip,
            self._set,
            self._add,
            self._insert,
            self._remove,
            self._cut,
            self._repeat,
            self._splice,
        )

    def next(self) -> bytes:
        """The next input."""
        draw = self._random
        if draw.randrange(_NOISE_EVERY) == 0:
            return draw.randbytes(draw.randrange(min(64, self._max) + 1))
        seed = draw.choice(self._seeds)
        if draw.randrange(_OBJECTS_EVERY) == 0:
            changed = mutate_objects(seed, draw)
            if changed is not None:
                return changed[: self._max]
        octets = bytearray(seed)
        for _ in range(draw.randrange(_MOST_CHANGES + 1)):
            draw.choice(self._changes)(octets)
        return bytes(octets[: self._max])

    def _place(self, octets: bytearray) -> int:
        return self._random.randrange(len(octets) + 1)

    def _flip(self, octets: bytearray) -> None:
        if octets:
            octets[self._random.randrange(len(octets))] ^= 1 << self._random.randrange(8)

    def _set(self, octets: bytearray) -> None:
        if octets:
            octets[self._random.randrange(len(octets))] = self._random.choice(_INTERESTING)

    def _add(self, octets: bytearray) -> None:
        """Lengths and counters that are one off."""
        if octets:
            place = self._random.randrange(len(octets))
            octets[place] = (octets[place] + self._random.choice((-1, 1))) & 0xFF

    def _insert(self, octets: bytearray) -> None:
        place = self._place(octets)
        octets[place:place] = self._random.randbytes(self._random.randrange(1, _LONGEST_RUN))

    def _remove(self, octets: bytearray) -> None:
        place = self._place(octets)
        del octets[place : place + self._random.randrange(1, _LONGEST_RUN)]

    def _cut(self, octets: bytearray) -> None:
        del octets[self._place(octets) :]

    def _repeat(self, octets: bytearray) -> None:
        place = self._place(octets)
        octets[place:place] = octets[place : place + self._random.randrange(1, 4 * _LONGEST_RUN)]

    def _splice(self, octets: bytearray) -> None:
        other = self._random.choice(self._seeds)
        place = self._random.randrange(len(other) + 1)
        octets[self._place(octets) :] = other[place:]
