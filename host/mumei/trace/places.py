"""Where the named things of a field stand in its octets (ISO/IEC 7816-4:2005, 5.2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mumei_core.commands.data_objects import Item, walk
from mumei_core.commands.specification import CommandSpec, Field
from mumei_core.iso7816.apdu import CommandAPDU


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One item of a field. ``start``, ``end``: of its value; ``path``: tags around it, and its own."""

    item: Item
    start: int
    end: int
    path: tuple[int, ...]


def places(field: Field, octets: bytes) -> Iterator[Place]:
    """All items, outermost first. Takes any octets."""
    around: tuple[int, ...] = ()
    for item in walk(field, octets):
        path = around[: item.depth] if item.tag is None else (*around[: item.depth], item.tag)
        yield Place(item=item, start=item.start, end=item.start + len(item.value), path=path)
        if item.constructed:
            around = path


def field_of(spec: CommandSpec | None, command: CommandAPDU, *, answer: bool) -> Field | None:
    """The field that P1-P2 give the command or its answer; None for what the specs do not know."""
    variant = None if spec is None else spec.variant(command.p1, command.p2)
    if variant is None:
        return None
    return variant.response if answer else variant.data
