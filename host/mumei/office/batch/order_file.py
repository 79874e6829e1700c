"""An order of cards as a file: CSV with a heading, or a JSON list of objects; one line a card.

Columns: ``resident``, a record number; ``card_number``, 20 hex digits, where a certain card is to be used;
``replacement``, yes or no. Only the first is needed. A file with one wrong line is refused whole, and says every
line that is wrong.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mumei.files import read_file
from mumei_core.crypto.hashing import sha256
from mumei_core.errors import DataError
from mumei_core.gp.diversification import DIVERSIFICATION_DATA_OCTETS

COLUMNS: Final = ("resident", "card_number", "replacement")
MAX_LINES: Final = 100_000
_MAX_OCTETS: Final = 16 * 1024 * 1024
_SHOWN: Final = 10
_WORDS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
_MAX_NUMBER: Final = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One card: for whom, which card (10 octets) or any, and whether the earlier one is dealt with."""

    resident: int
    card_number: bytes | None = None
    replacement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFile:
    """``digest``: SHA-256 of the file, by which an order is known again."""

    name: str
    digest: bytes
    lines: tuple[OrderLine, ...]


def read_order(path: Path) -> OrderFile:
    """Read an order. Raises DataError, which names every line that is wrong, and UsageError for no file."""
    octets = read_file(path, what="order", limit=_MAX_OCTETS)
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8", hint="Save it as 'CSV UTF-8', or write JSON.") from error
    rows = _from_json(text, path) if text.lstrip().startswith("[") else _from_csv(text, path)
    if not rows:
        raise DataError(f"{path.name} orders no card", hint="One line a card, below the heading.")
    if len(rows) > MAX_LINES:
        raise DataError(f"{path.name} orders more than {MAX_LINES} cards", hint="Divide it.")
    return OrderFile(name=path.name[:100], digest=sha256(octets), lines=_lines(rows, path))


def _from_csv(text: str, path: Path) -> list[Mapping[str, object]]:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        heading = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = heading
        if "resident" not in heading or not set(heading) <= set(COLUMNS) or len(set(heading)) < len(heading):
            raise DataError(
                f"{path.name} has another heading", hint=f"Its first line is to be: {','.join(COLUMNS)}"
            )
        return [dict(row) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path.name} is no CSV: {error}", hint="Export it anew as 'CSV UTF-8'.") from error


def _from_json(text: str, path: Path) -> list[Mapping[str, object]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is no JSON", hint="It is to be a list of objects.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path.name} is no list of objects", hint='For example [{"resident": 1}].')
    return rows


def _lines(rows: Sequence[Mapping[str, object]], path: Path) -> tuple[OrderLine, ...]:
    lines: list[OrderLine] = []
    wrong: list[str] = []
    seen: dict[object, int] = {}
    for number, row in enumerate(rows, 1):
        try:
            line = _line(row)
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
            continue
        for what, value in (("resident", line.resident), ("card", line.card_number)):
            if value is not None and (first := seen.setdefault((what, value), number)) != number:
                wrong.append(f"line {number}: the same {what} as in line {first}")
        lines.append(line)
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DataError(
            f"{path.name}: {'; '.join(wrong[:_SHOWN])}{more}",
            hint="Nothing was ordered. Lines are counted from the first below the heading.",
        )
    return tuple(lines)


def _line(row: Mapping[str, object]) -> OrderLine:
    """Raises ValueError with words for the clerk."""
    if not set(row) <= set(COLUMNS):
        raise ValueError("it has more than " + ", ".join(COLUMNS))
    resident = row.get("resident")
    number = int(resident) if isinstance(resident, str) and _is_number(resident) else resident
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < _MAX_NUMBER:
        raise ValueError("the resident is no record number")
    return OrderLine(
        resident=number,
        card_number=_card_number(row.get("card_number")),
        replacement=_yes_or_no(row.get("replacement")),
    )


def _is_number(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= len(str(_MAX_NUMBER))


def _card_number(value: object) -> bytes | None:
    if value is None or value == "":
        return None
    try:
        number = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        number = b""
    if len(number) != DIVERSIFICATION_DATA_OCTETS:
        raise ValueError(f"a card number is {2 * DIVERSIFICATION_DATA_OCTETS} hex digits")
    return number


def _yes_or_no(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    found = _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("replacement is yes or no")
    return found
