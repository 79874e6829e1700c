"""No tag, class, instruction or status word is written outside apdu_specs and what is generated from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS

PROJECT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ("host", "card_sim")
GENERATED: Final = "Written by tools/gen_commands.py"

_NAME: Final = re.compile(r"(^|_)(sw|sw1|sw2|tag|ins|cla)(_|$)", re.IGNORECASE)
#: SW1 alone is compared with the classes of clause 5.1.3, which are no status words.
_COMPARED: Final = re.compile(r"(^|_)(sw|tag|ins|cla)(_|$)", re.IGNORECASE)
#: What a name may hold though it ends on TAG or SW: how many there are, how long one is, which bits it has.
_MAX_COUNT: Final = 0x1F
_MASK: Final = 0xFFFF
#: Where a tag stands among the arguments of the functions that take one.
_TAG_AT: Final = {
    "encode": 0,
    "Tlv": 0,
    "build_template": 0,
    "parse_template": 1,
    "parse_one": 1,
    "primitive": 1,
    "whole": 1,
}
_STATUS_WORDS: Final = frozenset(codes.STATUS_WORDS)
_LONG_TAGS: Final = frozenset(
    value for name, value in vars(codes).items() if name.startswith("TAG_") and value > 0xFF
)


def literals(source: str) -> list[str]:
    """``line: what`` for each number or string in ``source`` that belongs into the specifications."""
    tree = ast.parse(source)
    used = {name for node in ast.walk(tree) for name in _used_on_the_wire(node)}
    found: set[tuple[int, str]] = set()
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        found |= {(line, what) for what in (*_offences(node), *_definitions(node, used))}
    return [f"{line}: {what}" for line, what in sorted(found)]


def _offences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        if any(_is_compared(operand) for operand in operands):
            yield from (f"compared with {value:02X}" for value in _numbers(*operands) if value != _MASK)
    elif isinstance(node, ast.FunctionDef):
        yield from _defaults(node.args)


def _definitions(node: ast.AST, used: set[str]) -> Iterator[str]:
    """``used``: names that stand for tags, instructions and status words elsewhere in the module."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {_last_name(leaf) for target in targets for leaf in _leaves(target)}
    if any(map(_NAME.search, names)):
        yield from (f"a name for {value:02X}" for value in _numbers(node.value) if value > _MAX_COUNT)
    if names & used:
        yield from (f"a name for {value:02X}" for value in _numbers(node.value))


def _used_on_the_wire(node: ast.AST) -> Iterator[str]:
    """Names of constants that are given as a tag, or compared with one."""
    if isinstance(node, ast.Call):
        at = _TAG_AT.get(_last_name(node.func))
        if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Name):
            yield _last_name(node.args[at])
    elif isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        if any(isinstance(operand, ast.Attribute) and _is_compared(operand) for operand in operands):
            yield from (
                leaf.id for operand in operands for leaf in _leaves(operand) if isinstance(leaf, ast.Name)
            )


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        for item in node.elts:
            yield from _leaves(item)
    else:
        yield node


def _defaults(node: ast.arguments) -> Iterator[str]:
    named = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
    pairs = [
        *zip(named, node.defaults, strict=True),
        *zip(node.kwonlyargs, node.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None and _NAME.search(argument.arg):
            yield from (f"a default of {value:02X}" for value in _numbers(default))


def _constant(node: ast.Constant) -> Iterator[str]:
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool):
        if value in _STATUS_WORDS:
            yield f"status word {value:04X}"
        if value in _LONG_TAGS:
            yield f"tag {value:04X}"
    elif isinstance(value, bytes) and _is_command(value):
        yield f"command {value.hex().upper()}"
    elif (
        isinstance(value, str)
        and re.fullmatch("([0-9A-Fa-f]{2}){4,}", value)
        and _is_command(bytes.fromhex(value))
    ):
        yield f"command {value}"


def _call(node: ast.Call) -> Iterator[str]:
    for keyword in node.keywords:
        if keyword.arg is not None and _NAME.search(keyword.arg):
            yield from (f"{keyword.arg}={value:02X}" for value in _numbers(keyword.value))
    name = _last_name(node.func)
    at = _TAG_AT.get(name)
    if at is not None and len(node.args) > at:
        yield from (f"tag {value:02X}" for value in _numbers(node.args[at]))
    if name.endswith("Error") and node.args:
        yield from (f"{name} with {value:04X}" for value in _numbers(node.args[0]))


def _is_command(octets: bytes) -> bool:
    return len(octets) >= 4 and (octets[0], octets[1]) in COMMANDS


def _is_compared(node: ast.expr) -> bool:
    """Whether this is a variable or attribute for a class, an instruction, a tag or a status word."""
    return bool(_COMPARED.search(_last_name(node)))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _numbers(*nodes: ast.expr) -> Iterator[int]:
    """Numbers that stand there by themselves or in a tuple, list, set or dict. 0 is no tag and no instruction."""
    for node in nodes:
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, int)
            and node.value not in (0, False, True)
        ):
            yield node.value
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield from _numbers(*node.elts)


def modules() -> list[Path]:
    paths = (path for folder in SOURCES for path in sorted((PROJECT / folder).rglob("*.py")))
    return [path for path in paths if GENERATED not in path.read_text(encoding="utf-8")[:200]]


def test_no_module_holds_a_number_of_the_wire() -> None:
    assert len(modules()) > 150
    found = {
        str(path.relative_to(PROJECT)): offences
        for path in modules()
        if (offences := literals(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ("raise CardError(0x6985, 'no')", "CardError with 6985"),
        ("x = 0x6A82", "status word 6A82"),
        ("x = 27266", "status word 6A82"),
        ("if response.sw == 0x9000: pass", "compared with 9000"),
        ("if response.sw in (1, 0x6282): pass", "compared with 6282"),
        ("if item.tag == 0x84: pass", "compared with 84"),
        ("if command.ins != 0xA4: pass", "compared with A4"),
        ("x = CommandAPDU(cla=0, ins=0xA4, p1=4, p2=0)", "ins=A4"),
        ("x = CommandAPDU(cla=0x80, ins=codes.INS_LOG, p1=4, p2=0)", "cla=80"),
        ("x = ber_tlv.encode(0x30, body)", "tag 30"),
        ("x = encode(0x02, body)", "tag 02"),
        ("x = parse_one(octets, 0xE1)", "tag E1"),
        ("x = 0x7F4C", "tag 7F4C"),
        ("_TAG_NONCE = 0x80", "a name for 80"),
        ("_SW1_MORE_DATA: Final = 0x61", "a name for 61"),
        ("def f(*, sw: int = 0x6700) -> None: ...", "a default of 6700"),
        ("def f(tag: int = 5) -> None: ...", "a default of 05"),
        ("x = bytes.fromhex('00A4040008F06D756D65690101')", "command 00A4040008F06D756D65690101"),
        ("_SET, _OTHER = 0x31, 7\nx = encode(_SET, b'')", "a name for 31"),
        ("_NONCE = 0x82\nif item.tag in (_NONCE, _OTHER): pass", "a name for 82"),
        ("x = b'\\x80\\x34\\x00\\x00'", "command 80340000"),
    ],
)
def test_a_planted_number_is_found(planted: str, says: str) -> None:
    assert f"1: {says}" in literals(planted)


@pytest.mark.parametrize(
    "innocent",
    [
        "if sw >> 8 in (0x62, 0x63): pass",
        "x = sw & 0xFFF0",
        "if 0x64 <= sw1 <= 0x6F: pass",
        "_TAG = 16",
        "if response.sw == codes.SW_OK: pass",
        "x = CommandAPDU(cla=codes.CLA_ISO, ins=codes.INS_LOG, p1=0x80, p2=1)",
        "x = encode(codes.TAG_REQUEST, b'')",
        "raise ValueError('6985')",
        "install = 5",
        "x = bytes.fromhex('04007F00070202020203')",
    ],
)
def test_other_numbers_are_left_alone(innocent: str) -> None:
    assert literals(innocent) == []
