"""Writes host/mumei_core/commands/codes.py from apdu_specs/*.yaml, or with --check says whether it is stale.

The specs are the contract between card and host; the constants are generated so that neither side can hold a
number of its own. An entry without clause, status words or examples stops the generator.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "apdu_specs"
TARGET = ROOT / "host" / "mumei_core" / "commands" / "codes.py"
LINE_LENGTH = 110

COMMAND_KEYS = {
    "name",
    "cla",
    "ins",
    "clause",
    "p1",
    "p2",
    "data",
    "response",
    "states",
    "rights",
    "secret",
    "status_words",
}
OPTIONAL_KEYS = {"effect", "examples", "draft"}
STATUS_WORD = re.compile(r"[0-9A-F]{4}|[0-9A-F]{3}X|[0-9A-F]{2}XX")
RESERVED_KEYS = {"name", "cla", "ins", "clause", "reserved"}

HEAD = '''"""What apdu_specs says, as constants. Written by tools/gen_commands.py; do not edit.

Each constant carries the clause it comes from. TAG_* are BER-TLV tags as numbers, INS_* and CLA_* octets,
SW_* status words SW1-SW2 (where a card puts a number into the last digit or octet, that part is 0 here).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
'''


def refuse(where: str, what: str) -> NoReturn:
    raise SystemExit(f"apdu_specs: {where}: {what}")


def constant(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())


def load(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict) or "edition" not in loaded:
        refuse(path.name, "is not a mapping with an edition")
    return loaded


def cite(group: dict[str, Any], clause: str) -> str:
    """The clause with its edition, unless the clause names another document itself."""
    if clause.startswith("project"):
        return clause
    names_a_document = any(word in clause for word in ("TR-", "ICAO", "GlobalPlatform"))
    return clause if names_a_document else f"{group['edition']} {clause}"


def line(name: str, value: str, comment: str) -> str:
    """One constant; its comment goes above it where the line would be too long."""
    code = f"{name}: Final = {value}"
    if len(code) + len(comment) + 4 <= LINE_LENGTH:
        return f"{code}  # {comment}"
    return f"# {comment}\n{code}"


def hexadecimal(text: str) -> str:
    return f"0x{text.upper()}"


def check_command(path: Path, command: dict[str, Any]) -> None:
    where = f"{path.name}: {command.get('name', 'a command without name')}"
    keys = set(command)
    if command.get("reserved"):
        if keys != RESERVED_KEYS:
            refuse(where, f"a reserved entry has exactly {sorted(RESERVED_KEYS)}")
        return
    if missing := COMMAND_KEYS - keys:
        refuse(where, f"lacks {sorted(missing)}")
    if unknown := keys - COMMAND_KEYS - OPTIONAL_KEYS:
        refuse(where, f"has unknown keys {sorted(unknown)}")
    if not command.get("draft") and not command.get("examples"):
        refuse(where, "has no examples")
    for status in command["status_words"]:
        if set(status) != {"sw", "when"} or not STATUS_WORD.fullmatch(status["sw"]):
            refuse(where, f"status word entry {status} is not {{sw, when}}")


def command_lines(groups: list[tuple[Path, dict[str, Any]]]) -> Iterator[str]:
    seen: dict[tuple[str, str], str] = {}
    commands = [(path, group, command) for path, group in groups for command in group["commands"]]
    for path, group, command in commands:
        check_command(path, command)
        key = (command["cla"], command["ins"])
        if key in seen:
            refuse(path.name, f"{command['name']} and {seen[key]} share CLA and INS")
        seen[key] = command["name"]
        note = " (reserved)" if command.get("reserved") else ""
        yield line(
            f"INS_{constant(command['name'])}",
            hexadecimal(command["ins"]),
            f"class {command['cla']}, {cite(group, command['clause'])}{note}",
        )
    yield "\nCOMMAND_NAMES: Final[Mapping[tuple[int, int], str]] = MappingProxyType("
    yield "    {"
    for _, _, command in commands:
        yield f'        ({hexadecimal(command["cla"])}, {hexadecimal(command["ins"])}): "{command["name"]}",'
    yield "    }\n)"
    yield '"""(CLA, INS) to the name that specs and traces use."""'
    yield "\nSECRET_COMMANDS: Final[frozenset[tuple[int, int]]] = frozenset("
    yield "    {"
    for _, _, command in commands:
        if command.get("secret"):
            pair = f"({hexadecimal(command['cla'])}, {hexadecimal(command['ins'])})"
            yield f"        {pair},  # {command['name']}"
    yield "    }\n)"
    yield '"""(CLA, INS) of commands whose data, sent or answered, no log or trace may show."""'


def status_lines(spec: dict[str, Any]) -> Iterator[str]:
    for word in spec["status_words"]:
        last = f", last {word['last']} a number" if "last" in word else ""
        clause = f"{spec['edition']} {spec['clause']}{last}"
        yield line(f"SW_{word['name']}", hexadecimal(word["value"]), clause)
    yield "\nSTATUS_WORDS: Final[Mapping[int, str]] = MappingProxyType("
    yield "    {"
    for word in spec["status_words"]:
        yield f'        SW_{word["name"]}: "{word["meaning"]}",'
    yield "    }\n)"
    yield '"""Status word to its meaning; those that carry a number stand under number 0."""'


def generate() -> str:
    """The whole text of codes.py. Depends on nothing but the specs, so two runs give the same octets."""
    status = load(SPECS / "status_words.yaml")
    paths = sorted(path for path in SPECS.glob("*.yaml") if path.name != "status_words.yaml")
    groups = [(path, load(path)) for path in paths]
    blocks = [HEAD]
    blocks.append(line("CLA_ISO", "0x00", "ISO/IEC 7816-4:2005 5.1.1, channel 0, no secure messaging"))
    blocks.append(line("CLA_PROPRIETARY", "0x80", "ISO/IEC 7816-4:2005 5.1.1, proprietary class"))
    for path, group in groups:
        blocks.append(f"\n# apdu_specs/{path.name}")
        for item in group["constants"]:
            about = f"{item['about']}; {cite(group, item['clause'])}"
            if "octets" in item:
                blocks.append(line(item["name"], f'bytes.fromhex("{item["octets"]}")', about))
            else:
                blocks.append(line(item["name"], hexadecimal(item["value"]), about))
        for item in group["tags"]:
            name, clause = f"TAG_{item['name']}", cite(group, item["clause"])
            blocks.append(line(name, hexadecimal(item["tag"]), clause))
    blocks += ["\n# Instructions", *command_lines(groups), "\n# Status words", *status_lines(status)]
    text = "\n".join(blocks) + "\n"
    names = re.findall(r"^([A-Z0-9_]+): Final", text, flags=re.MULTILINE)
    if doubled := {name for name in names if names.count(name) > 1}:
        refuse("all files", f"names given twice: {sorted(doubled)}")
    if too_long := [row for row in text.splitlines() if len(row) > LINE_LENGTH]:
        refuse("all files", f"line too long in the output: {too_long[0]}")
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when codes.py is stale")
    arguments = parser.parse_args()
    text = generate()
    current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if arguments.check:
        if text != current:
            print("codes.py is stale: run tools/gen_commands.py", file=sys.stderr)
            return 1
        return 0
    if text != current:
        TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
