"""The language in which faults on the way to a card are written: what goes wrong, at which command, and how.

    SCRIPT = FAULT { "," FAULT }        FAULT = KIND [ "@" PLACE ] [ ":" DETAIL ]
    PLACE  = NUMBER | NAME [ "#" NUMBER | "*" ]

A place is a command's number, counted from 1 since the card was laid on the reader, or its name: the first of that
name, ``#2`` the second, ``*`` every one. Parts of a chain and GET RESPONSE count by themselves, as on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from mumei_core.commands import codes
from mumei_core.errors import UsageError

#: Instruction octet of each command, by the name that the specifications give it.
INSTRUCTIONS: Final[Mapping[str, int]] = MappingProxyType(
    {
        name.removeprefix("INS_").replace("_", " "): value
        for name, value in vars(codes).items()
        if name.startswith("INS_")
    }
)
DEFAULT_RATE: Final = 0.05
_MAX_SECONDS: Final = 3600.0


class Kind(StrEnum):
    """What can go wrong."""

    REMOVE = "remove"
    RESET = "reset"
    WARM_RESET = "warm-reset"
    LATE = "late"
    MUTE = "mute"
    REPLAY = "replay"
    WRONG_LE = "6C"
    PIECES = "61"
    MEMORY_FULL = "memory-full"
    MEMORY_WORN = "memory-worn"
    GARBLE = "garble"
    TRUNCATE = "truncate"
    SHORT_ONLY = "short-only"
    SHORT_SILENT = "short-silent"
    WRONG_PROTOCOL = "wrong-protocol"
    TWO_CARDS = "two-cards"
    RANDOM = "random"


class Moment(StrEnum):
    """When in an exchange: the command has not arrived, is being worked on, or is done and its answer unsent."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which command: the ``number``-th of all, or of those with instruction ``ins``; None for each of these."""

    number: int | None = None
    ins: int | None = None

    def fits(self, number: int, ins: int, number_of_ins: int) -> bool:
        """Whether the ``number``-th command is meant, which is the ``number_of_ins``-th of instruction ``ins``."""
        if self.ins is None:
            return self.number in (None, number)
        return self.ins == ins and self.number in (None, number_of_ins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. Which of the details counts is the kind's to say; ``text`` is how it was written."""

    kind: Kind
    text: str
    place: Place = Place()
    moment: Moment = Moment.BEFORE
    seconds: float = 0.0
    number: int | None = None
    rate: float = DEFAULT_RATE

    def __str__(self) -> str:
        return self.text


class _Form(NamedTuple):
    """How a kind is written, and what it does."""

    needs_place: bool | None  # None: it takes none
    detail: str
    about: str
    example: str


_FORMS: Final[Mapping[Kind, _Form]] = MappingProxyType(
    {
        Kind.REMOVE: _Form(True, "moment", "the card is taken off the reader", "remove@PRESENT:after"),
        Kind.RESET: _Form(
            True, "moment", "another program resets the card, and the reader's service says so", "reset@5"
        ),
        Kind.WARM_RESET: _Form(
            True, "moment", "the card loses power for an instant, and nobody is told", "warm-reset@4:inside"
        ),
        Kind.LATE: _Form(True, "seconds", "the answer comes so much later", "late@2:3s"),
        Kind.MUTE: _Form(True, "", "no answer from here on, until a reset", "mute@4"),
        Kind.REPLAY: _Form(
            True, "", "the reader sends the command twice, and passes on the second answer", "replay@PRESENT"
        ),
        Kind.WRONG_LE: _Form(
            False, "", "6CXX first: the answer is given when Le is right", "6C@READ BINARY*"
        ),
        Kind.PIECES: _Form(
            False, "octets", "answers come by 61XX and GET RESPONSE, in pieces of so many octets", "61:100"
        ),
        Kind.MEMORY_FULL: _Form(True, "", "no memory left on the card from here on (6A84)", "memory-full@2"),
        Kind.MEMORY_WORN: _Form(
            True, "", "every write to the card's memory fails from here on (6581)", "memory-worn@2"
        ),
        Kind.GARBLE: _Form(True, "bit", "one bit of the answer, from 0, is flipped", "garble@7:12"),
        Kind.TRUNCATE: _Form(True, "octets", "only so many octets of the answer arrive", "truncate@6:1"),
        Kind.SHORT_ONLY: _Form(None, "", "the reader passes no extended lengths, and says so", "short-only"),
        Kind.SHORT_SILENT: _Form(
            None, "", "the reader answers 6700 to extended lengths, and has not said so", "short-silent"
        ),
        Kind.WRONG_PROTOCOL: _Form(None, "", "the card speaks neither T=0 nor T=1", "wrong-protocol"),
        Kind.TWO_CARDS: _Form(None, "", "a second reader holds a card too", "two-cards"),
        Kind.RANDOM: _Form(
            None,
            "seed and rate",
            f"any of these at one command in {1 / DEFAULT_RATE:.0f}, or at another rate; the seed is printed",
            "random:42:0.1",
        ),
    }
)


def describe_language() -> str:
    """The whole language with an example of each fault, for people."""
    width = max(len(form.example) for form in _FORMS.values())
    lines = [f"  {form.example:<{width}}  {form.about}" for form in _FORMS.values()]
    moments = ", ".join(Moment)
    return "\n".join(
        (
            "A script is one fault or several, with commas between. After @ comes the place: a command's",
            "number from 1, or its name (the first of that name; NAME#2 the second, NAME* every one).",
            "After a colon come details.",
            "",
            *lines,
            "",
            f"Moments: {moments} (before where none is named). Inside: nothing that the command writes is kept.",
            f"Names: {', '.join(sorted(INSTRUCTIONS))}.",
        )
    )


def parse(text: str) -> tuple[Fault, ...]:
    """The faults of a script. Raises UsageError that says which part is wrong, and what is known."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise UsageError(f"a fault is missing in {text!r}", hint="For example: remove@3,6C@READ BINARY.")
    return tuple(map(_parse_fault, parts))


def _parse_fault(text: str) -> Fault:
    head, *details = text.split(":")
    word, at, place = head.partition("@")
    kind = next((kind for kind in Kind if kind.value.casefold() == word.strip().casefold()), None)
    if kind is None:
        raise UsageError(
            f"there is no fault {word.strip()!r}",
            hint=f"There are: {', '.join(Kind)}. 'mumei-card faults' explains.",
        )
    form = _FORMS[kind]
    if form.needs_place is None and at:
        raise _wrong(text, kind, "takes no place")
    if form.needs_place and not place.strip():
        raise _wrong(text, kind, "needs a place")
    fault = Fault(kind=kind, text=text, place=_parse_place(place.strip(), text) if at else Place())
    return _with_details(fault, form, [detail.strip() for detail in details])


def _parse_place(text: str, fault: str) -> Place:
    if text.isdecimal() and int(text):
        return Place(number=int(text))
    matched = re.fullmatch(
        r"(?P<name>[A-Za-z0-9 _-]*[A-Za-z])\s*(?:#(?P<number>[1-9]\d*)|(?P<each>\*))?", text
    )
    name = " ".join(re.split(r"[ _-]+", matched["name"])).upper() if matched else ""
    if matched is None or name not in INSTRUCTIONS:
        raise UsageError(
            f"{text!r} in {fault!r} is no place",
            hint=f"A place is a number from 1, or one of: {', '.join(sorted(INSTRUCTIONS))}; NAME#2 is its second, "
            "NAME* each.",
        )
    number = None if matched["each"] else int(matched["number"] or 1)
    return Place(number=number, ins=INSTRUCTIONS[name])


def _with_details(fault: Fault, form: _Form, details: list[str]) -> Fault:
    readers: Mapping[str, Callable[[Fault, list[str]], Fault]] = {
        "moment": _with_moment,
        "seconds": _with_seconds,
        "octets": _with_number,
        "bit": _with_number,
        "seed and rate": _with_seed,
    }
    if not form.detail:
        if details:
            raise _wrong(fault.text, fault.kind, "takes no details")
        return fault
    try:
        return readers[form.detail](fault, details)
    except ValueError:
        raise _wrong(fault.text, fault.kind, f"takes {form.detail} after a colon") from None


def _with_moment(fault: Fault, details: list[str]) -> Fault:
    (word,) = details or [Moment.BEFORE.value]
    return replace(fault, moment=Moment(word.casefold()))


def _with_seconds(fault: Fault, details: list[str]) -> Fault:
    (word,) = details
    seconds = float(word.removesuffix("s"))
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError
    return replace(fault, seconds=seconds)


def _with_number(fault: Fault, details: list[str]) -> Fault:
    if not details:
        return fault
    (word,) = details
    number = int(word)
    if number < 0 or (fault.kind is Kind.PIECES and not 1 <= number <= 256):
        raise ValueError
    return replace(fault, number=number)


def _with_seed(fault: Fault, details: list[str]) -> Fault:
    seed, rate, *more = [*details, "", ""]
    if any(more) or len(details) > 2:
        raise ValueError
    chosen = float(rate) if rate else DEFAULT_RATE
    if not 0 <= chosen <= 1:
        raise ValueError
    return replace(fault, number=int(seed) if seed else None, rate=chosen)


def _wrong(text: str, kind: Kind, problem: str) -> UsageError:
    return UsageError(f"{text!r}: {kind} {problem}", hint=f"For example: {_FORMS[kind].example}.")
