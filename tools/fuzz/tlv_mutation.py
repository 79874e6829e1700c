"""Changes to data objects that keep the lengths around them right, so that they get past the outermost check.

Reads BER-TLV on its own, more tolerant than the project does: what is fuzzed must not make the inputs.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_MOST_OBJECTS: Final = 64
_MOST_DEPTH: Final = 8
_TAGS: Final = (0x02, 0x04, 0x06, 0x0C, 0x30, 0x53, 0x80, 0x81, 0x82, 0x85, 0x86, 0x87, 0x8A, 0xA3, 0xA4)


@dataclass(slots=True)
class _Object:
    """``children`` where the contents are objects, else ``value``."""

    tag: bytes
    value: bytes
    children: list[_Object] = field(default_factory=list)

    def octets(self) -> bytes:
        value = b"".join(child.octets() for child in self.children) if self.children else self.value
        return self.tag + _length(len(value)) + value


def mutate_objects(octets: bytes, draw: random.Random) -> bytes | None:
    """``octets`` with one object changed, or None where they are no data objects."""
    objects = _read(octets, _MOST_DEPTH)
    if not objects:
        return None
    level = objects
    # Go down until a coin or the tree says stop.
    while True:
        place = draw.randrange(len(level))
        below = level[place].children
        if not below or draw.randrange(4) == 0:
            break
        level = below
    draw.choice(_CHANGES)(level, place, draw)
    return b"".join(item.octets() for item in objects)


def _remove(level: list[_Object], place: int, draw: random.Random) -> None:
    del draw, level[place]


def _repeat(level: list[_Object], place: int, draw: random.Random) -> None:
    del draw
    level.insert(place, level[place])


def _swap(level: list[_Object], place: int, draw: random.Random) -> None:
    other = draw.randrange(len(level))
    level[place], level[other] = level[other], level[place]


def _empty(level: list[_Object], place: int, draw: random.Random) -> None:
    del draw
    level[place] = _Object(level[place].tag, b"")


def _insert_empty(level: list[_Object], place: int, draw: random.Random) -> None:
    level.insert(place, _Object(bytes([draw.choice(_TAGS)]), b""))


def _retag(level: list[_Object], place: int, draw: random.Random) -> None:
    level[place].tag = bytes([draw.choice(_TAGS)])


def _resize(level: list[_Object], place: int, draw: random.Random) -> None:
    value = level[place].octets()[len(level[place].tag) + 1 :]
    more = draw.randrange(-2, 3)
    value = value[:more] if more < 0 else value + draw.randbytes(more)
    level[place] = _Object(level[place].tag, value)


def _change(level: list[_Object], place: int, draw: random.Random) -> None:
    item = level[place]
    value = bytearray(item.value)
    if value:
        value[draw.randrange(len(value))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
    level[place] = _Object(item.tag, bytes(value))


_CHANGES: Final[tuple[Callable[[list[_Object], int, random.Random], None], ...]] = (
    _remove,
    _repeat,
    _swap,
    _empty,
    _insert_empty,
    _retag,
    _resize,
    _change,
    _change,
    _change,
)


def _read(octets: bytes, depth: int) -> list[_Object]:
    """The objects that ``octets`` are; none where they are something else."""
    found: list[_Object] = []
    at = 0
    while at < len(octets):
        start, at = at, at + 1
        if octets[start] & _LONG_TAG == _LONG_TAG:
            while at < len(octets) and octets[at] & 0x80:
                at += 1
            at += 1
        tag = octets[start:at]
        first = octets[at] if at < len(octets) else 0x80
        at += 1
        length = first
        if first & 0x80:
            count = first & 0x7F
            length = int.from_bytes(octets[at : at + count])
            at += count
        if first == 0x80 or at + length > len(octets) or len(found) >= _MOST_OBJECTS:
            return []
        value = octets[at : at + length]
        inside = _read(value, depth - 1) if tag[0] & _CONSTRUCTED and depth else []
        found.append(_Object(tag, value, inside))
        at += length
    return found


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets
