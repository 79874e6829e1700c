"""mumei_core.commands.messages: one function a variant, which puts the command together from named fields."""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mumei_core.commands.specification import CommandSpec, DataObject, Field, Part, Presence, Variant

from .constants import constant
from .layout import LINE_LENGTH
from .reader import Specifications

FOLDER: Final = Path("host/mumei_core/commands/messages")
_WIDTH: Final = LINE_LENGTH - 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    name: str
    type: str
    about: str
    default: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.type}" + (f" = {self.default}" if self.default else "")


def files(specifications: Specifications) -> dict[Path, str]:
    """Path to text of each module."""
    about = '"""Commands to send, put together from named fields. Written by tools/gen_commands.py."""\n'
    written = {FOLDER / "__init__.py": about}
    for group in dict.fromkeys(command.spec.group for command in specifications.commands):
        specs = [command.spec for command in specifications.commands if command.spec.group == group]
        functions = [_function(spec, variant) for spec in specs for variant in spec.variants]
        body = "\n\n\n".join(functions) + "\n"
        helpers = [name for name in ("octet", "primitive", "raw", "whole") if f"{name}(" in body]
        written[FOLDER / f"{group}.py"] = (
            f'"""Builds the commands of {group}.yaml. Written by tools/gen_commands.py; do not edit."""\n\n'
            "from __future__ import annotations\n\n"
            "from mumei_core.commands import codes\n"
            + (f"from mumei_core.commands.building import {', '.join(helpers)}\n" if helpers else "")
            + "from mumei_core.iso7816.apdu import CommandAPDU\n\n\n"
            + body
        )
    return written


def function_name(spec: CommandSpec, variant: Variant) -> str:
    """``verify_pin``; a command of one variant has its own name only."""
    return identifier(spec.name if len(spec.variants) == 1 else f"{spec.name} {variant.name}")


def identifier(name: str) -> str:
    """``terminal's name`` as ``terminal_name``."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower().replace("'s", "")).strip("_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def _function(spec: CommandSpec, variant: Variant) -> str:
    arguments = list(_arguments(variant))
    required = [argument for argument in arguments if not argument.default]
    optional = [argument for argument in arguments if argument.default]
    shown = ", ".join(map(str, (*required, *optional)))
    head = f"def {function_name(spec, variant)}({'*, ' + shown if shown else ''}) -> CommandAPDU:"
    if len(head) > LINE_LENGTH:
        head = f"def {function_name(spec, variant)}(\n    *, {shown}\n) -> CommandAPDU:"
    if max(map(len, head.splitlines())) > LINE_LENGTH:
        rows = "".join(f"    {argument},\n" for argument in (*required, *optional))
        head = f"def {function_name(spec, variant)}(\n    *,\n{rows}) -> CommandAPDU:"
    return f"{head}\n{_docstring(spec, variant, arguments)}\n{_body(spec, variant)}"


def _arguments(variant: Variant) -> Iterator[_Argument]:
    for name, values, about in (
        (variant.p1_name or "p1", variant.p1, variant.p1_about),
        (variant.p2_name or "p2", variant.p2, variant.p2_about),
    ):
        if len(values) > 1:
            meanings = "; ".join(f"{span} {what}" for span, what in about)
            yield _Argument(name=identifier(name), type="int", about=meanings)
    yield from _fields(variant.data)
    if variant.response.by_le:
        longest = variant.response.longest
        yield _Argument(
            name="le", type="int", default="256", about=f"octets of the answer, at most {longest:,}"
        )


def _fields(field: Field) -> Iterator[_Argument]:
    missing = field.presence is Presence.OPTIONAL
    for part in field.parts:
        yield _Argument(
            name=identifier(part.name), type="bytes", default='b""' if missing else "", about=_about(part)
        )
    for entry in field.objects:
        if entry.longest:
            optional = entry.optional or missing
            yield _Argument(
                name=identifier(entry.name),
                type="bytes | None" if optional else "bytes",
                default="None" if optional else "",
                about=_about(entry),
            )


def _about(piece: Part | DataObject) -> str:
    if isinstance(piece, DataObject) and _constructed(piece):
        size = f"the whole object {piece.tag:02X}"
    elif piece.shortest == piece.longest:
        size = f"{piece.longest} octet" + ("s" if piece.longest > 1 else "")
    else:
        size = f"{piece.shortest} to {piece.longest:,} octets"
    return ", ".join(filter(None, (size, piece.about, "secret" if _secret(piece) else "")))


def _secret(piece: Part | DataObject) -> bool:
    return piece.any_secret if isinstance(piece, DataObject) else piece.secret


def _constructed(entry: DataObject) -> bool:
    first = entry.tag >> (entry.tag.bit_length() - 1) // 8 * 8
    return bool(first & 0x20)


def _docstring(spec: CommandSpec, variant: Variant, arguments: list[_Argument]) -> str:
    title = spec.name if len(spec.variants) == 1 else f"{spec.name}: {variant.name}"
    about = f": {variant.about}" if variant.about else ""
    first = _wrapped(f'"""{title} ({spec.clause}){about}.')
    rows = [_wrapped(f"``{argument.name}``: {argument.about}.") for argument in arguments]
    if not rows:
        return f'{first}"""' if len(first.splitlines()[-1]) < LINE_LENGTH - 3 else f'{first}\n    """'
    return "\n".join((first, "", *rows, '    """'))


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text, LINE_LENGTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False
    )


def _body(spec: CommandSpec, variant: Variant) -> str:
    given = [f"cla=0x{spec.cla:02X}", f"ins=codes.INS_{constant(spec.name)}"]
    given.append(_parameter("p1", variant.p1_name, variant.p1))
    given.append(_parameter("p2", variant.p2_name, variant.p2))
    data = list(_data(variant.data))
    if data:
        given.append("data=" + _sum(data))
    if variant.response.presence is not Presence.FORBIDDEN:
        le = "le" if variant.response.by_le else "256" if variant.response.longest <= 256 else "65_536"
        given.append(f"le={le}")
    flat = f"    return CommandAPDU({', '.join(given)})"
    if len(flat) <= LINE_LENGTH and "\n" not in flat:
        return flat
    return "    return CommandAPDU(\n" + "".join(f"        {item},\n" for item in given) + "    )"


def _sum(terms: list[str]) -> str:
    flat = " + ".join(terms)
    if len(flat) <= LINE_LENGTH - 14:
        return flat
    return (
        'b"".join(\n            (\n'
        + "".join(f"                {term},\n" for term in terms)
        + "            )\n        )"
    )


def _parameter(name: str, said: str, values: frozenset[int]) -> str:
    argument = identifier(said or name)
    if len(values) == 1:
        return f"{name}=0x{min(values):02X}"
    ordered = sorted(values)
    if len(values) == 0x100:
        return f"{name}={argument}"
    if len(ordered) > 4 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        start = f"0x{ordered[0]:02X}, " if ordered[0] else ""
        allowed = f"frozenset(range({start}0x{ordered[-1] + 1:02X}))"
    else:
        allowed = "frozenset({" + ", ".join(f"0x{value:02X}" for value in ordered) + "})"
    return f'{name}=octet("{said or name.upper()}", {argument}, {allowed})'


def _data(field: Field) -> Iterator[str]:
    for part in field.parts:
        also = ", optional=True" if field.presence is Presence.OPTIONAL else ""
        yield f'raw("{part.name}", {identifier(part.name)}, {part.shortest}, {part.longest}{also})'
    for entry in field.objects:
        name = identifier(entry.name)
        if not entry.longest:
            yield f'primitive("{entry.name}", 0x{entry.tag:02X}, b"", 0, 0)'
        elif _constructed(entry):
            yield f'whole("{entry.name}", 0x{entry.tag:02X}, {name})'
        else:
            yield f'primitive("{entry.name}", 0x{entry.tag:02X}, {name}, {entry.shortest}, {entry.longest})'
