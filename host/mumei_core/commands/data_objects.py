"""Whether a field holds what its specification says, and what stands where in it (ISO/IEC 7816-4:2005, 5.2.2).

:func:`check` is strict and says what is wrong. :func:`walk` names what it finds in any octets whatever, and never
raises: what it cannot name it calls so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mumei_core.commands.specification import DataObject, Field, Part, Presence
from mumei_core.errors import DecodingError
from mumei_core.iso7816.ber_tlv import Tlv, TlvError, parse

UNKNOWN = "not in the specification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One named stretch of a field. ``tag``: None outside data objects. ``depth``: objects around it.

    ``value``: the octets, without tag and length; of a constructed object the children follow as items of their own
    and ``constructed`` is true. ``start``: where the value begins in the field. ``secret``: no log may show it.
    ``flaw``: what is wrong with it, or nothing.
    """

    name: str
    depth: int
    start: int
    value: bytes
    tag: int | None = None
    constructed: bool = False
    secret: bool = False
    flaw: str = ""


def check(field: Field, octets: bytes) -> None:
    """Raises :class:`DecodingError` unless ``octets`` are as the field says."""
    if not octets:
        if field.presence is Presence.REQUIRED and not field.by_le:
            raise DecodingError("the field is empty")
        return
    if field.presence is Presence.FORBIDDEN:
        raise DecodingError("the field is not empty")
    if field.objects:
        _check_objects(field.objects, parse(octets), ordered=field.ordered)
    elif not field.shortest <= len(octets) <= field.longest:
        raise DecodingError(f"{len(octets)} octets, not {field.shortest} to {field.longest}")


def _check_objects(objects: Sequence[DataObject], items: Sequence[Tlv], *, ordered: bool) -> None:
    known = {known.tag: known for known in objects}
    tags = [item.tag for item in items]
    for item in items:
        if item.tag not in known:
            raise DecodingError(f"the object {item.tag:02X} is unknown here")
        if tags.count(item.tag) > 1 and not known[item.tag].repeated:
            raise DecodingError(f"the object {item.tag:02X} is there twice")
        _check_object(known[item.tag], item)
    for wanted in objects:
        if wanted.tag not in tags and not wanted.optional:
            raise DecodingError(f"the object {wanted.tag:02X}, {wanted.name}, is missing")
    # Objects that may be repeated stand among each other in any order.
    once = [tag for tag in tags if not known[tag].repeated]
    if ordered and once != [tag for tag in known if tag in once]:
        raise DecodingError("the objects are not in their order")


def _check_object(spec: DataObject, item: Tlv) -> None:
    if not spec.shortest <= len(item.value) <= spec.longest:
        raise DecodingError(
            f"{len(item.value)} octets in {item.tag:02X}, {spec.name}, not {spec.shortest} to {spec.longest}"
        )
    if spec.children:
        _check_objects(spec.children, item.children(), ordered=True)


def walk(field: Field, octets: bytes) -> tuple[Item, ...]:
    """What stands in ``octets``, outermost first. Never raises."""
    if not octets:
        return ()
    if field.presence is Presence.FORBIDDEN:
        return (Item(name=UNKNOWN, depth=0, start=0, value=octets, secret=True, flaw="should be empty"),)
    if field.objects:
        walker = _Walker(secret=field.secret, guarded=field.any_secret)
        return tuple(walker.walk(field.objects, octets, depth=0, start=0))
    return tuple(_walk_parts(field, octets))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walker:
    """``secret``: the whole field is. ``guarded``: something in it is, so what has no name is not shown either."""

    secret: bool
    guarded: bool

    def walk(self, objects: Sequence[DataObject], octets: bytes, *, depth: int, start: int) -> Iterator[Item]:
        try:
            items = parse(octets)
        except TlvError as error:
            hidden = self.secret or self.guarded
            yield Item(name=UNKNOWN, depth=depth, start=start, value=octets, secret=hidden, flaw=str(error))
            return
        known = {known.tag: known for known in objects}
        for item in items:
            start += len(item.to_bytes()) - len(item.value)
            spec = known.get(item.tag)
            yield self._item(item, spec, depth, start)
            if spec is not None and spec.children:
                yield from self.walk(spec.children, item.value, depth=depth + 1, start=start)
            start += len(item.value)

    def _item(self, item: Tlv, spec: DataObject | None, depth: int, start: int) -> Item:
        flaw = ""
        if spec is None:
            flaw = UNKNOWN
        elif not spec.shortest <= len(item.value) <= spec.longest:
            flaw = "of a length that it cannot have"
        # A value of the wrong length may hold its neighbour's octets.
        hidden = self.secret or bool(flaw and self.guarded) or (spec is not None and spec.secret)
        return Item(
            name=UNKNOWN if spec is None else spec.name,
            depth=depth,
            start=start,
            value=item.value,
            tag=item.tag,
            constructed=spec is not None and bool(spec.children),
            secret=hidden,
            flaw=flaw,
        )


def _walk_parts(field: Field, octets: bytes) -> Iterator[Item]:
    if not field.shortest <= len(octets) <= field.longest:
        flaw = f"{len(octets)} octets, not {field.shortest} to {field.longest}"
        yield Item(name=UNKNOWN, depth=0, start=0, value=octets, secret=field.any_secret, flaw=flaw)
        return
    start = 0
    for part in field.parts:
        value = octets[start : start + _length(part, field, len(octets))]
        hidden = field.secret or part.secret
        yield Item(name=part.name, depth=0, start=start, value=value, secret=hidden)
        start += len(value)


def _length(part: Part, field: Field, total: int) -> int:
    """The part of more than one length takes what the others leave."""
    if part.shortest == part.longest:
        return part.shortest
    return total - sum(other.shortest for other in field.parts if other is not part)
