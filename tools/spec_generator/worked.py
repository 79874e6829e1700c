"""An example as a reader follows it: what is sent, what is answered, and below each what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mumei_core.commands.explanation import Explanation, Line, explain_by
from mumei_core.commands.specification import Example
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

from .reader import Specifications, find

_DIGITS: Final = 96
_NAME: Final = 34


def example_rows(specifications: Specifications, example: Example) -> Iterator[str]:
    """The rows of a code block."""
    for number, (octets, answer) in enumerate(example.steps):
        if number:
            yield ""
        sent = CommandAPDU.from_bytes(octets)
        got = ResponseAPDU.from_bytes(bytes.fromhex(re.sub(r"\.", "0", answer)))
        spec = find(specifications, sent)
        explanation = explain_by(spec, specifications.layer_words, sent, got)
        yield from _wrapped("> ", _spaced(sent))
        yield from _sent(explanation)
        yield from _wrapped("< ", f"{answer[:-4]} {answer[-4:]}".strip())
        dotted = "." in answer
        for line in explanation.response:
            yield from _line(line, hidden=dotted)
        yield f"    {explanation.sw:04X}: {explanation.meaning}"


def _sent(explanation: Explanation) -> Iterator[str]:
    yield f"    {explanation.title}"
    for parameter in explanation.parameters:
        if parameter.meaning:
            yield from _wrapped(f"    {parameter.name} {parameter.value:02X}: ", parameter.meaning)
    for line in explanation.data:
        yield from _line(line, hidden=False)


def _line(line: Line, *, hidden: bool) -> Iterator[str]:
    """``hidden``: the value differs each time, so it is not shown."""
    tag = f"{line.tag:02X} " if line.tag is not None else ""
    name = f"    {'  ' * line.depth}{tag}{line.name}"
    if line.flaw:
        name += f" ({line.flaw})"
    if not line.shown:
        yield name
    elif hidden and not line.secret:
        yield f"{name.ljust(_NAME)}  ({len(line.shown) // 2} octets)"
    else:
        yield from _wrapped(name.ljust(_NAME) + "  ", line.shown)


def _spaced(apdu: CommandAPDU) -> str:
    """Header, Lc, data and Le; all examples are short."""
    fields = [f"{octet:02X}" for octet in apdu.header]
    if apdu.data:
        fields += [f"{len(apdu.data):02X}", apdu.data.hex().upper()]
    if apdu.le is not None:
        fields.append(f"{apdu.le % 256:02X}")
    return " ".join(fields)


def _wrapped(head: str, text: str) -> Iterator[str]:
    room = _DIGITS
    rows = [text[i : i + room] for i in range(0, len(text), room)] if " " not in text else _words(text, room)
    yield head + (rows[0] if rows else "")
    for row in rows[1:]:
        yield " " * len(head) + row


def _words(text: str, room: int) -> list[str]:
    rows = [""]
    for word in text.split(" "):
        pieces = [word[i : i + room] for i in range(0, len(word), room)] or [""]
        for number, piece in enumerate(pieces):
            if number or len(rows[-1]) + 1 + len(piece) > room:
                rows.append(piece)
            else:
                rows[-1] = f"{rows[-1]} {piece}".strip()
    return rows
