"""The form of a trace file, format 1: JSON Lines (RFC 8259 texts, UTF-8), one event a line, in the order of events.

Line 1 is a ``header``. Each ``card`` begins a session; ``wire`` is one APDU each way; ``message`` follows the wires
that carried it where they do not show it themselves: in parts, or inside a secure channel; with 0 wires it is what
the message or wire before it held, a channel deeper. ``end`` is the last line of a recording that was closed in
order. Octets are hexadecimal digits, ``[n]`` standing for n masked ones; times are seconds from the beginning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from mumei.trace.model import FORMAT, SCP03, SECURE_MESSAGING
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.errors import DecodingError

#: Characters of one line: two APDUs with extended lengths in hexadecimal, and room for the rest.
MAX_LINE: Final = 300_000
_MAX_TEXT: Final = 200
_MAX_SECONDS: Final = 10_000_000
_MAX_COUNT: Final = 1_000_000
_MAX_ATR: Final = 33


@dataclass(frozen=True, slots=True)
class _Form:
    """A member's value: whether it is one, and how JSON Schema says so."""

    is_one: Callable[[object], bool]
    schema: Mapping[str, Any]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable()


def _is_seconds(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= _MAX_SECONDS  # type: ignore[arg-type,operator]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT


def _is_octets(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(MaskedOctets.from_text(value) or True)
    except DecodingError:
        return False


def _is_atr(value: object) -> bool:
    if not isinstance(value, str) or not _is_octets(value):
        return False
    octets = MaskedOctets.from_text(value)
    return octets.is_whole and len(octets) <= _MAX_ATR


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_inside(value: object) -> bool:
    return isinstance(value, list) and value in ([], [SECURE_MESSAGING], [SCP03], [SECURE_MESSAGING, SCP03])


_TEXT: Final = _Form(_is_text, {"type": "string", "maxLength": _MAX_TEXT})
_SECONDS: Final = _Form(_is_seconds, {"type": "number", "minimum": 0, "maximum": _MAX_SECONDS})
_COUNT: Final = _Form(_is_count, {"type": "integer", "minimum": 0, "maximum": _MAX_COUNT})
_PATTERN: Final = r"^(([0-9a-f]{2})+|\[[1-9][0-9]{0,5}\])*$"
_OCTETS: Final = _Form(_is_octets, {"type": "string", "pattern": _PATTERN})
_OPTIONAL: Final = _Form(
    lambda value: value is None or _is_octets(value), {"type": ["string", "null"], "pattern": _PATTERN}
)
_ATR: Final = _Form(_is_atr, {"type": "string", "pattern": f"^([0-9a-f]{{2}}){{0,{_MAX_ATR}}}$"})
_BOOL: Final = _Form(lambda value: isinstance(value, bool), {"type": "boolean"})
_TIME: Final = _Form(_is_time, {"type": "string", "format": "date-time"})
_FORMAT: Final = _Form(lambda value: value == FORMAT and not isinstance(value, bool), {"const": FORMAT})
_INSIDE: Final = _Form(
    _is_inside, {"type": "array", "items": {"enum": [SECURE_MESSAGING, SCP03]}, "uniqueItems": True}
)

#: Kind of line: its members, all of which are there, and no others.
KINDS: Final[Mapping[str, Mapping[str, _Form]]] = MappingProxyType(
    {
        "header": {"format": _FORMAT, "mumei": _TEXT, "started": _TIME},
        "card": {"at": _SECONDS, "reader": _TEXT, "atr": _ATR, "extended": _BOOL},
        "wire": {
            "at": _SECONDS,
            "took": _SECONDS,
            "command": _OCTETS,
            "response": _OPTIONAL,
            "error": _TEXT,
        },
        "message": {"wires": _COUNT, "inside": _INSIDE, "command": _OCTETS, "response": _OCTETS},
        "reset": {"at": _SECONDS},
        "closed": {"at": _SECONDS},
        "end": {"at": _SECONDS, "left_out": _COUNT},
    }
)
_KIND: Final = "kind"


def encode_line(kind: str, **members: object) -> str:
    """One line with its end. What does not have its form is a fault of the program."""
    if not _has_form(kind, members):
        raise AssertionError(f"no line of a trace: {kind}")
    return json.dumps({_KIND: kind, **members}, ensure_ascii=True, separators=(",", ":")) + "\n"


def decode_line(line: str) -> tuple[str, Mapping[str, Any]]:
    """(kind, members) of one line. Raises :class:`DecodingError` saying what is wrong with it."""
    if len(line) > MAX_LINE:
        raise DecodingError("longer than any exchange")
    try:
        members = json.loads(line, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise DecodingError("no JSON text, or a member twice") from None
    if not isinstance(members, dict):
        raise DecodingError("no JSON object")
    kind = members.pop(_KIND, None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise DecodingError(f"the kind is none of {', '.join(KINDS)}")
    forms = KINDS[kind]
    if kind == "header" and _is_count(members.get("format")) and members["format"] != FORMAT:
        raise DecodingError(f"a trace of format {members['format']}, and this program knows format {FORMAT}")
    if missing := forms.keys() - members.keys():
        raise DecodingError(f"{kind} without {', '.join(sorted(missing))}")
    if members.keys() - forms.keys():
        raise DecodingError(f"{kind} with a member that is not known")
    if wrong := [name for name, form in forms.items() if not form.is_one(members[name])]:
        raise DecodingError(f"{kind} with a wrong {wrong[0]}")
    return kind, members


def json_schema() -> dict[str, Any]:
    """The same as JSON Schema (2020-12), of one line."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"one line of a mumei trace, format {FORMAT}",
        "oneOf": [
            {
                "type": "object",
                "properties": {_KIND: {"const": kind}}
                | {name: dict(form.schema) for name, form in forms.items()},
                "required": [_KIND, *forms],
                "additionalProperties": False,
            }
            for kind, forms in KINDS.items()
        ],
    }


def _has_form(kind: str, members: Mapping[str, object]) -> bool:
    forms = KINDS[kind]
    return members.keys() == forms.keys() and all(form.is_one(members[name]) for name, form in forms.items())


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)
