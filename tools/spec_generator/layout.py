"""Python values as source text: one line where it fits, else one line an item; defaults are left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, Final

LINE_LENGTH: Final = 110
_STEP: Final = "    "
_HEXADECIMAL: Final = {"tag", "cla", "ins", "value", "mask", "other_p1", "other_p2", "wrong_length"}
_DIGITS: Final = 80


def source(value: object, indent: int = 0, *, name: str = "", used: int = 0) -> str:
    """``value`` as an expression. ``used``: columns that its line has already taken beside the indentation."""
    if is_dataclass(value) and not isinstance(value, type):
        return _call(value, indent, used)
    if isinstance(value, tuple):
        return _items("(", ")", [_item(entry) for entry in value], indent, used, comma=len(value) == 1)
    if isinstance(value, dict):
        entries = [_entry(key, entry) for key, entry in value.items()]
        return _items("{", "}", entries, indent, used)
    if isinstance(value, frozenset):
        return _octets(value, indent, used)
    if isinstance(value, bytes):
        return _bytes(value, indent, used)
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, str):
        return _text(value, indent, used)
    if isinstance(value, int) and not isinstance(value, bool) and name in _HEXADECIMAL:
        return f"0x{value:02X}"
    return repr(value)


_Item = Callable[[int, int], str]


def _item(value: object) -> _Item:
    return lambda indent, used: source(value, indent, used=used)


def _keyword(name: str, value: object) -> _Item:
    return lambda indent, used: f"{name}=" + source(value, indent, name=name, used=used + len(name) + 1)


def _entry(key: object, value: object) -> _Item:
    head = f"{source(key, used=-10_000)}: "
    return lambda indent, used: head + source(value, indent, used=used + len(head))


def _call(value: Any, indent: int, used: int) -> str:
    given = []
    for entry in fields(value):
        present = getattr(value, entry.name)
        if entry.default is MISSING or present != entry.default:
            given.append(_keyword(entry.name, present))
    return _items(f"{type(value).__name__}(", ")", given, indent, used)


def _items(start: str, end: str, items: list[_Item], indent: int, used: int, *, comma: bool = False) -> str:
    flat = start + ", ".join(item(0, -10_000) for item in items) + ("," if comma else "") + end
    if "\n" not in flat and indent * len(_STEP) + used + len(flat) + 1 <= LINE_LENGTH:
        return flat
    inner = _STEP * (indent + 1)
    rows = [f"{inner}{item(indent + 1, 1)},\n" for item in items]
    return f"{start}\n{''.join(rows)}{_STEP * indent}{end}"


def _octets(values: frozenset[int], indent: int, used: int) -> str:
    if len(values) == 0x100:
        return "ANY_OCTET"
    ordered = sorted(values)
    if len(ordered) > 4 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        start = f"0x{ordered[0]:02X}, " if ordered[0] else ""
        return f"frozenset(range({start}0x{ordered[-1] + 1:02X}))"
    rows: list[_Item] = [lambda _, __, octet=octet: f"0x{octet:02X}" for octet in ordered]  # type: ignore[misc]
    return _items("frozenset({", "})", rows, indent, used)


def _text(value: str, indent: int, used: int) -> str:
    whole = json.dumps(value, ensure_ascii=False)
    room = LINE_LENGTH - indent * len(_STEP) - used - 1
    if len(whole) <= room or used < 0:
        return whole
    return _pieces(whole[1:-1].replace('\\"', "\x00"), indent, "")


def _bytes(value: bytes, indent: int, used: int) -> str:
    digits = value.hex().upper()
    whole = f'bytes.fromhex("{digits}")'
    if used < 0 or indent * len(_STEP) + used + len(whole) + 1 <= LINE_LENGTH:
        return whole
    inner = _STEP * (indent + 1)
    rows = "".join(f'{inner}"{digits[i : i + _DIGITS]}"\n' for i in range(0, len(digits), _DIGITS))
    return f"bytes.fromhex(\n{rows}{_STEP * indent})"


def _pieces(text: str, indent: int, row: str) -> str:
    """Adjacent literals in brackets, broken at blanks where there are any."""
    room = LINE_LENGTH - (indent + 1) * len(_STEP) - 1
    rows = []
    for word in text.split(" "):
        while len(word) > room:
            rows.append(row) if row else None
            row, word = "", word
            rows.append(word[:room])
            word = word[room:]
        if len(row) + len(word) + 1 > room:
            rows.append(row)
            row = ""
        row += word + " "
    rows.append(row[:-1])
    inner = _STEP * (indent + 1)
    body = "".join(f'{inner}"{piece}"\n'.replace("\x00", '\\"') for piece in rows if piece)
    return f"(\n{body}{_STEP * indent})"
