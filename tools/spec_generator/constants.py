"""codes.py: every constant, tag, instruction and status word, each with its clause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .layout import LINE_LENGTH
from .located import Mapping, SpecError
from .reader import Specifications, cite

TARGET: Final = Path("host/mumei_core/commands/codes.py")

_HEAD = '''"""What apdu_specs says, as constants. Written by tools/gen_commands.py; do not edit.

Each constant carries the clause it comes from. TAG_* are BER-TLV tags as numbers, INS_* and CLA_* octets,
SW_* status words SW1-SW2 (where a card puts a number into the last digit or octet, that part is 0 here).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
'''


def files(specifications: Specifications) -> dict[Path, str]:
    """Path to text. Raises SpecError for a name given twice."""
    blocks = [_HEAD]
    blocks.append(_line("CLA_ISO", "0x00", "ISO/IEC 7816-4:2005 5.1.1, channel 0, no secure messaging"))
    blocks.append(_line("CLA_PROPRIETARY", "0x80", "ISO/IEC 7816-4:2005 5.1.1, proprietary class"))
    for group in specifications.groups:
        blocks.append(f"\n# apdu_specs/{group.path.name}")
        for item in group.content["constants"]:
            about = f"{item['about']}; {cite(group.content, item['clause'])}"
            value = f'bytes.fromhex("{item["octets"]}")' if "octets" in item else f"0x{item['value']}"
            blocks.append(_line(item["name"], value, about))
        for item in group.content["tags"]:
            blocks.append(
                _line(f"TAG_{item['name']}", f"0x{item['tag']}", cite(group.content, item["clause"]))
            )
    blocks += ["\n# Instructions", *_commands(specifications)]
    blocks += ["\n# Status words", *_status_words(specifications.status_words)]
    text = "\n".join(blocks) + "\n"
    names = re.findall(r"^([A-Z0-9_]+): Final", text, flags=re.MULTILINE)
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(f"codes.py would define twice: {', '.join(doubled)}")
    return {TARGET: text}


def constant(name: str) -> str:
    """A command's name as the name of a constant."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())


def _line(name: str, value: str, comment: str) -> str:
    """One constant; its comment goes above it where the line would be too long."""
    code = f"{name}: Final = {value}"
    if len(code) + len(comment) + 4 <= LINE_LENGTH:
        return f"{code}  # {comment}"
    return f"# {comment}\n{code}"


def _commands(specifications: Specifications) -> Iterator[str]:
    rows: list[tuple[str, str, str]] = []
    for group in specifications.groups:
        for text in group.content["commands"]:
            note = " (reserved)" if text.get("reserved") else ""
            comment = f"class {text['cla']}, {cite(group.content, text['clause'])}{note}"
            yield _line(f"INS_{constant(text['name'])}", f"0x{text['ins']}", comment)
            rows.append((text["name"], text["cla"], text["ins"]))
    yield "\nCOMMAND_NAMES: Final[Mapping[tuple[int, int], str]] = MappingProxyType("
    yield "    {"
    for name, cla, ins in rows:
        yield f'        (0x{cla}, 0x{ins}): "{name}",'
    yield "    }\n)"
    yield '"""(CLA, INS) to the name that specs and traces use."""'
    yield "\nSECRET_COMMANDS: Final[frozenset[tuple[int, int]]] = frozenset("
    yield "    {"
    for command in specifications.commands:
        if command.spec.secret:
            yield f"        (0x{command.spec.cla:02X}, 0x{command.spec.ins:02X}),  # {command.spec.name}"
    yield "    }\n)"
    yield '"""(CLA, INS) of commands with secrets in what is sent or answered; the catalogue says which objects."""'


def _status_words(content: Mapping) -> Iterator[str]:
    for word in content["status_words"]:
        last = f", last {word['last']} a number" if "last" in word else ""
        yield _line(
            f"SW_{word['name']}", f"0x{word['value']}", f"{content['edition']} {content['clause']}{last}"
        )
    yield "\nSTATUS_WORDS: Final[Mapping[int, str]] = MappingProxyType("
    yield "    {"
    for word in content["status_words"]:
        yield f'        SW_{word["name"]}: "{word["meaning"]}",'
    yield "    }\n)"
    yield '"""Status word to its meaning; those that carry a number stand under number 0."""'
