"""An input of the card's targets is a little program: commands whole or made up, inside or outside the channel.

    00 n octets          send these n octets (n: 2 octets) as they are
    01 n octets          the same, but inside the channel, if one is open: octets are the plain command
    02 c f p1 p2 data    a known command: c chooses class and instruction, f says how (below); data as f says
    03                   reset
    04                   the last command once more
    05 i                 the next command's octet i has its lowest bit changed, after protection

f: bit 0 has Le · bit 1 data are a good object (1 octet: which; then 1 octet: how many changes, each place (2) and
octet) · bit 2 data are literal (1 octet: how many) · bit 3 extended · bit 4 chaining bit · bit 5 outside the
channel · bit 6 has a channel number. Other first octets count modulo 6; what is cut off ends the program.

Behind every program come DRAWN_STEPS more commands, drawn from its length and beginning: mostly well-formed ones
that the specs know, so that a card that was brought into some state is asked about it.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from mumei_core.commands.specification import CommandSpec, Presence
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, CommandAPDU

#: Of one program; what follows is left out.
MAX_STEPS: Final = 64
DRAWN_STEPS: Final = 24
_MARK: Final = 24
_CHAINING, _CHANNEL_NUMBER = 0x10, 0x01


class Kind(IntEnum):
    """What a step does."""

    RAW = 0
    PLAIN = 1
    KNOWN = 2
    RESET = 3
    AGAIN = 4
    TAMPER = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``octets``: a command. ``protected``: whether it belongs inside the channel. ``place``: of TAMPER."""

    kind: Kind
    octets: bytes = b""
    protected: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """``commands``: what KNOWN chooses from; ``good``: objects that its data are made of."""

    commands: Sequence[CommandSpec]
    good: Sequence[bytes]

    def steps(self, program: bytes) -> Iterator[Step]:
        """The steps of ``program``, at most MAX_STEPS."""
        reader = _Reader(program)
        for _ in range(MAX_STEPS):
            if reader.is_at_end:
                return
            kind = Kind(reader.octet() % len(Kind))
            if kind in (Kind.RAW, Kind.PLAIN):
                yield Step(kind=kind, octets=reader.take(reader.pair()), protected=kind is Kind.PLAIN)
            elif kind is Kind.KNOWN:
                yield self._known(reader)
            else:
                yield Step(kind=kind, place=reader.octet() if kind is Kind.TAMPER else 0)

    def drawn(self, program: bytes) -> Iterator[Step]:
        """DRAWN_STEPS commands, the same for programs of one length and beginning.

        Not of all its octets: recorded commands hold keys and signatures, which are others in each run's world.
        """
        mark = len(program).to_bytes(2) + program[:_MARK]
        draw = random.Random(zlib.crc32(mark))  # noqa: S311 - inputs to repeat, no secrets
        for _ in range(DRAWN_STEPS):
            spec = draw.choice(self.commands)
            variant = draw.choice(spec.variants)
            p1, p2 = self._parameter(variant.p1, draw), self._parameter(variant.p2, draw)
            le = draw.choice((None, MAX_SHORT_LE, MAX_EXTENDED_LE) if draw.randrange(8) else (1, 8))
            data = b"" if variant.data.presence is Presence.FORBIDDEN else self._drawn_data(draw)
            command = CommandAPDU(cla=spec.cla, ins=spec.ins, p1=p1, p2=p2, data=data, le=le)
            octets = command.to_bytes(extended=not command.fits_short)
            yield Step(kind=Kind.KNOWN, octets=octets, protected=draw.randrange(32) > 0)

    @staticmethod
    def _parameter(known: frozenset[int], draw: random.Random) -> int:
        return draw.choice(tuple(known)) if draw.randrange(8) else draw.randrange(0x100)

    def _drawn_data(self, draw: random.Random) -> bytes:
        chosen = draw.randrange(8)
        if chosen == 0:
            return b""
        if chosen == 1:
            return draw.randbytes(draw.randrange(1, 32))
        octets = bytearray(draw.choice(self.good))
        if chosen < 5:
            octets[draw.randrange(len(octets))] = draw.randrange(0x100)
        return bytes(octets)

    def _known(self, reader: _Reader) -> Step:
        spec = self.commands[reader.octet() % len(self.commands)]
        cla, ins = spec.cla, spec.ins
        how, p1, p2 = reader.octet(), reader.octet(), reader.octet()
        data = self._changed(reader) if how & 0x02 else b""
        if how & 0x04:
            data += reader.take(reader.octet())
        extended = bool(how & 0x08) or len(data) > 0xFF
        cla |= (_CHAINING if how & 0x10 else 0) | (_CHANNEL_NUMBER if how & 0x40 else 0)
        le = (MAX_EXTENDED_LE if extended else MAX_SHORT_LE) if how & 0x01 else None
        command = CommandAPDU(cla=cla, ins=ins, p1=p1, p2=p2, data=data, le=le)
        return Step(kind=Kind.KNOWN, octets=command.to_bytes(extended=extended), protected=not how & 0x20)

    def _changed(self, reader: _Reader) -> bytes:
        octets = bytearray(self.good[reader.octet() % len(self.good)])
        for _ in range(reader.octet() % 4):
            place, value = reader.pair(), reader.octet()
            if octets:
                octets[place % len(octets)] = value
        return bytes(octets)


def written(commands: Sequence[bytes], kind: Kind = Kind.RAW) -> bytes:
    """The program that sends these commands."""
    return b"".join(bytes([kind]) + len(octets).to_bytes(2) + octets for octets in commands)


class _Reader:
    """Takes octets from the front; behind the end there are zeros."""

    def __init__(self, octets: bytes) -> None:
        self._octets, self._at = octets, 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._octets)

    def take(self, count: int) -> bytes:
        part = self._octets[self._at : self._at + count]
        self._at += count
        return part

    def octet(self) -> int:
        return int.from_bytes(self.take(1))

    def pair(self) -> int:
        return int.from_bytes(self.take(2))
