"""An exchange in the words of apdu_specs: command, meaning of P1-P2, data objects by name, status word.

Takes anything: what is not as the specs say it is shown as octets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mumei.trace.glosses import gloss, presentation_parts
from mumei.trace.model import Message, answer_of, command_of, data_of
from mumei.trace.places import field_of, places
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import find
from mumei_core.commands.data_objects import UNKNOWN
from mumei_core.commands.decoder import explain
from mumei_core.commands.specification import Field
from mumei_core.iso7816 import status_word
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

_SW: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A data object or a stretch of octets.

    ``value``: None where the items after it, deeper, hold it. ``gloss``: a text or a day that it says.
    """

    depth: int
    name: str
    tag: str
    octets: int
    value: MaskedOctets | None
    gloss: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One message in words. ``parameters``: what P1 and P2 mean. ``sw``, ``meaning``: empty where no answer came.

    ``documented``: whether the specs allow this status word after this command.
    """

    command: str
    clause: str = ""
    header: str
    parameters: tuple[str, ...] = ()
    data: tuple[Item, ...]
    le: int | None = None
    answer: tuple[Item, ...]
    sw: str
    meaning: str
    documented: bool = True


def name_message(message: Message) -> Named:
    """The message in the specs' words."""
    answer, sw = answer_of(message.response) if len(message.response) >= _SW else (MaskedOctets(), None)
    command = command_of(message.command)
    if command is None:
        return Named(
            command="no command APDU",
            header=message.command.zeroed[:4].hex(" ").upper(),
            data=tuple(_raw(data_of(message.command))),
            answer=tuple(_raw(answer)),
            sw="" if sw is None else f"{sw:04X}",
            meaning="" if sw is None else _standard_words(sw),
        )
    words = explain(command, None if sw is None else ResponseAPDU(b"", sw))
    spec = find(command.cla, command.ins)
    data, inside = data_of(message.command), words.protected and f"protected by {words.protected}"
    return Named(
        command=words.title,
        clause="" if spec is None else spec.clause,
        header=words.header.hex(" ").upper(),
        parameters=tuple(f"{one.name} {one.meaning}" for one in words.parameters if one.meaning),
        data=tuple(_raw(data, inside) if inside else _items(field_of(spec, command, answer=False), data)),
        le=command.le,
        answer=_presentation(command, answer)
        or tuple(_raw(answer, inside) if inside else _items(field_of(spec, command, answer=True), answer)),
        sw="" if sw is None else f"{sw:04X}",
        meaning="" if sw is None else (words.meaning or _standard_words(sw)) + _number(sw),
        documented=words.documented,
    )


def _presentation(command: CommandAPDU, answer: MaskedOctets) -> tuple[Item, ...]:
    """The parts of PRESENT's answer; nothing for other answers."""
    if command.cla != codes.CLA_PROPRIETARY or command.ins != codes.INS_PRESENT or not len(answer):
        return ()
    items, at = [], 0
    for part in presentation_parts(command.data, answer):
        value = answer.cut(at, at + part.octets)
        said = gloss(part.name, value)
        items.append(Item(depth=0, name=part.name, tag="", octets=part.octets, value=value, gloss=said))
        at += part.octets
    return tuple(items)


def _number(sw: int) -> str:
    """What X is in 63CX."""
    tries = status_word.tries_left(sw)
    return "" if tries is None else f" (X is {tries})"


def _standard_words(sw: int) -> str:
    return status_word.describe(sw).partition(": ")[2]


def _items(field: Field | None, octets: MaskedOctets) -> Iterator[Item]:
    if field is None or not len(octets):
        yield from _raw(octets)
        return
    hidden = (0, 0)
    for place in places(field, octets.zeroed):
        if hidden[0] <= place.start and place.end <= hidden[1] and place.item.depth:
            continue  # inside what is masked whole there are only zeros
        value = octets.cut(place.start, place.end)
        masked = len(value) > 0 and value.hidden == ((0, len(value)),)
        if masked and place.item.constructed:
            hidden = (place.start, place.end)
        flaw = place.item.flaw if place.item.name != UNKNOWN and not masked else ""
        yield Item(
            depth=place.item.depth,
            name=f"{place.item.name} ({flaw})" if flaw else place.item.name,
            tag="" if place.item.tag is None else f"{place.item.tag:02X}",
            octets=len(value),
            value=None if place.item.constructed and not masked else value,
            gloss="" if place.item.constructed else gloss(place.item.name, value),
        )


def _raw(octets: MaskedOctets, name: str = "octets") -> Iterator[Item]:
    if len(octets):
        yield Item(depth=0, name=name, tag="", octets=len(octets), value=octets)
