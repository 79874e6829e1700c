"""mumei_core.commands.catalogue: every command as a value, one module a group, and one that joins them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from .layout import source
from .reader import Specifications

FOLDER: Final = Path("host/mumei_core/commands/catalogue")
_TYPES: Final = (
    "ANY_OCTET",
    "CommandSpec",
    "DataObject",
    "Example",
    "Field",
    "Part",
    "Presence",
    "StatusWord",
    "Variant",
)


def files(specifications: Specifications) -> dict[Path, str]:
    """Path to text of each module."""
    written = {
        FOLDER
        / "__init__.py": '"""The commands of apdu_specs as values. Written by tools/gen_commands.py."""\n'
    }
    groups = [
        group.name
        for group in specifications.groups
        if any(command.spec.group == group.name for command in specifications.commands)
    ]
    for name in groups:
        specs = tuple(command.spec for command in specifications.commands if command.spec.group == name)
        body = f"COMMANDS: Final[tuple[CommandSpec, ...]] = {source(specs, used=50)}\n"
        written[FOLDER / f"{name}.py"] = _head(f"apdu_specs/{name}.yaml", body) + body
    written[FOLDER / "all.py"] = _joined(specifications, groups)
    return written


def _head(origin: str, body: str) -> str:
    used = "".join(f"    {name},\n" for name in _TYPES if name in body)
    return (
        f'"""The commands of {origin}. Written by tools/gen_commands.py; do not edit."""\n\n'
        "from __future__ import annotations\n\n"
        "from typing import Final\n\n"
        f"from mumei_core.commands.specification import (\n{used})\n\n"
    )


def _joined(specifications: Specifications, groups: list[str]) -> str:
    together = "".join(f"            *{name}.COMMANDS,\n" for name in groups)
    pairs = [f'(0x{text["cla"]}, 0x{text["ins"]}): "{text["name"]}"' for _, text in specifications.reserved]
    layers = source(
        specifications.layer_words, used=len("LAYER_STATUS_WORDS: Final[tuple[StatusWord, ...]] = ")
    )
    text = (
        '"""All commands by class and instruction, and the words of their specs. Written by tools/'
        'gen_commands.py."""\n\n'
        "from __future__ import annotations\n\n"
        "from collections.abc import Mapping\n"
        "from types import MappingProxyType\n"
        "from typing import Final\n\n"
        f"from mumei_core.commands.catalogue import {', '.join(groups)}\n"
        "from mumei_core.commands.specification import CommandSpec, StatusWord\n\n"
        "COMMANDS: Final[Mapping[tuple[int, int], CommandSpec]] = MappingProxyType(\n    {\n"
        f"        (spec.cla, spec.ins): spec\n        for spec in (\n{together}        )\n    }}\n)\n\n"
        f"RESERVED: Final[Mapping[tuple[int, int], str]] = {_mapping(pairs)}\n"
        '"""Instructions that later versions take."""\n\n'
        f"LAYER_STATUS_WORDS: Final[tuple[StatusWord, ...]] = {layers}\n"
        '"""What any command may be answered by the layers below its handler."""\n\n'
    )
    for kind, key in (("states", "when"), ("rights", "who"), ("given", "about")):
        words = {name: str(entry[key]) for name, entry in specifications.words[kind].items()}
        text += f"{kind.upper()}: Final[Mapping[str, str]] = MappingProxyType(\n    {source(words, 1)}\n)\n\n"
    return text + _FIND


_FIND = '''
def find(cla: int, ins: int) -> CommandSpec | None:
    """The command of a class octet with whatever transport bits: chaining, secure messaging, channel."""
    for known in (cla, cla & ~0x10, cla & 0xE0):
        spec = COMMANDS.get((known, ins))
        if spec is not None:
            return spec
    return None
'''


def _mapping(pairs: list[str]) -> str:
    body = f"{{{', '.join(pairs)}}}"
    return f"MappingProxyType({body})" if len(pairs) < 2 else f"MappingProxyType(\n    {body}\n)"
