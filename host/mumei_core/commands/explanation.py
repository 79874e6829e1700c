"""One command and its answer in the words of a specification, secrets left out (ISO/IEC 7816-4:2005, 5.1).

Takes whatever octets a card or a terminal sends, and never raises. What is protected is shown as protected; what a
specification does not name is shown only where nothing in that field is secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.data_objects import Item, walk
from mumei_core.commands.specification import (
    CommandSpec,
    DataObject,
    Field,
    Part,
    Presence,
    StatusWord,
    Variant,
)
from mumei_core.iso7816.apdu import MAX_EXTENDED_DATA, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT

#: Bits of the class octet that say that data field and answer are protected.
PROTECTION_BITS: Final = 0x0C
_SCP03_BIT = 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """P1 or P2: the octet, and what it means here; nothing where it means nothing."""

    name: str
    value: int
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One stretch of data. ``shown``: hexadecimal digits, or how many octets are hidden; empty around objects."""

    name: str
    depth: int
    shown: str
    tag: int | None = None
    secret: bool = False
    flaw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was sent and answered.

    ``variant``: empty where P1-P2 mean nothing. ``title``: the command, and the variant where there are several.
    ``chained``: a part of a longer command, of which only the last is answered. ``protected``: by what, or empty.
    ``sw`` and what follows: None and empty without an answer; ``documented``: whether the specifications allow this
    status word here.
    """

    command: str
    variant: str
    title: str
    header: bytes
    parameters: tuple[Parameter, ...]
    chained: bool
    protected: str
    data: tuple[Line, ...]
    le: int | None
    response: tuple[Line, ...] = ()
    sw: int | None = None
    meaning: str = ""
    documented: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """An exchange in hexadecimal digits, each octet of a secret as two asterisks; lengths stay true."""

    command: str
    response: str | None


def explain_by(
    spec: CommandSpec | None,
    layer_words: Sequence[StatusWord],
    command: CommandAPDU,
    response: ResponseAPDU | None,
) -> Explanation:
    """``spec``: of this class and instruction; None for a command that nobody knows."""
    variant = spec.variant(command.p1, command.p2) if spec else None
    data, answer = _fields(spec, command)
    name = spec.name if spec else f"unknown command {command.cla:02X} {command.ins:02X}"
    one_of_several = spec is not None and variant is not None and len(spec.variants) > 1
    explanation = Explanation(
        command=name,
        variant=variant.name if variant else "",
        title=f"{name}: {variant.name}" if variant and one_of_several else name,
        header=command.header,
        parameters=_parameters(variant, command),
        chained=bool(command.cla & CHAINING_BIT),
        protected=_protection(spec, command),
        data=tuple(map(_line, walk(data, command.data))),
        le=command.le,
    )
    if response is None:
        return explanation
    word = _meaning(spec, layer_words, response.sw)
    return replace(
        explanation,
        response=tuple(map(_line, walk(answer, response.data))),
        sw=response.sw,
        meaning=word.when if word else "",
        documented=word is not None,
    )


def redact_by(spec: CommandSpec | None, command: CommandAPDU, response: ResponseAPDU | None) -> Redacted:
    """The octets of both, in short or extended form as they fit, without secrets."""
    data, answer = _fields(spec, command)
    octets = command.to_bytes(extended=not command.fits_short)
    # Header, then Lc in one octet or three.
    start = 0 if not command.data else 5 if command.fits_short else 7
    shown = octets[:start].hex().upper() + _masked(data, command.data)
    shown += octets[start + len(command.data) :].hex().upper()
    if response is None:
        return Redacted(command=shown, response=None)
    return Redacted(command=shown, response=_masked(answer, response.data) + f"{response.sw:04X}")


def _masked(field: Field, octets: bytes) -> str:
    digits = [f"{octet:02X}" for octet in octets]
    for item in walk(field, octets):
        # Of an object with others inside, these say what is secret.
        if item.secret and not item.constructed:
            digits[item.start : item.start + len(item.value)] = ["**"] * len(item.value)
    return "".join(digits)


def _fields(spec: CommandSpec | None, command: CommandAPDU) -> tuple[Field, Field]:
    """What data and answer are to be read by."""
    protection = _protection(spec, command)
    if protection == "secure messaging":
        return _PROTECTED_COMMAND, _PROTECTED_ANSWER
    variant = spec.variant(command.p1, command.p2) if spec else None
    if protection:
        return _UNDER_SCP03, _UNDER_SCP03
    if spec is None or (variant is None and spec.secret):
        return _HIDDEN, _HIDDEN
    if variant is None:
        return _OPEN, _OPEN
    return variant.data, variant.response


def _protection(spec: CommandSpec | None, command: CommandAPDU) -> str:
    bits = command.cla & PROTECTION_BITS
    if not bits or (spec is not None and spec.cla & PROTECTION_BITS == bits):
        return ""
    return "SCP03" if bits == _SCP03_BIT else "secure messaging"


def _parameters(variant: Variant | None, command: CommandAPDU) -> tuple[Parameter, ...]:
    p1_about, p2_about = (variant.p1_about, variant.p2_about) if variant else ((), ())
    return (
        Parameter(name="P1", value=command.p1, meaning=_octet_means(p1_about, command.p1)),
        Parameter(name="P2", value=command.p2, meaning=_octet_means(p2_about, command.p2)),
    )


def _octet_means(about: tuple[tuple[str, str], ...], octet: int) -> str:
    for span, meaning in about:
        first, _, last = span.partition("..")
        if int(first, 16) <= octet <= int(last or first, 16):
            return meaning
    return ""


def _meaning(spec: CommandSpec | None, layer_words: Sequence[StatusWord], sw: int) -> StatusWord | None:
    for word in (*(spec.status_words if spec else ()), *layer_words):
        if word.matches(sw):
            return word
    return None


def _line(item: Item) -> Line:
    shown = (
        "" if item.constructed else f"‹{len(item.value)} octets›" if item.secret else item.value.hex().upper()
    )
    return Line(
        name=item.name, depth=item.depth, shown=shown, tag=item.tag, secret=item.secret, flaw=item.flaw
    )


def _raw(name: str, *, secret: bool) -> Field:
    return Field(
        presence=Presence.OPTIONAL,
        longest=MAX_EXTENDED_DATA + 1,
        parts=(Part(name=name, shortest=0, longest=MAX_EXTENDED_DATA + 1, secret=secret),),
    )


_HIDDEN = _raw("data", secret=True)
_OPEN = _raw("data", secret=False)
_UNDER_SCP03 = _raw("data under SCP03", secret=True)


def _protected(*others: DataObject) -> Field:
    """Secure messaging's objects. The cryptogram is not shown, nor is what only claims to be protected."""
    cryptograms = (
        DataObject(
            tag=tag, name="cryptogram", shortest=1, longest=MAX_EXTENDED_DATA, secret=True, optional=True
        )
        for tag in (codes.TAG_SM_CRYPTOGRAM, codes.TAG_SM_CRYPTOGRAM_ODD)
    )
    mac = DataObject(tag=codes.TAG_SM_MAC, name="MAC", shortest=8, longest=8)
    return Field(presence=Presence.OPTIONAL, longest=MAX_EXTENDED_DATA, objects=(*cryptograms, *others, mac))


_PROTECTED_COMMAND = _protected(
    DataObject(tag=codes.TAG_SM_LE, name="protected Le", shortest=1, longest=2, optional=True)
)
_PROTECTED_ANSWER = _protected(
    DataObject(tag=codes.TAG_SM_STATUS, name="protected status word", shortest=2, longest=2)
)
