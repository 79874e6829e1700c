"""What a command is, as apdu_specs writes it down: the types of the generated catalogue (ISO/IEC 7816-4:2005, 5.1).

One :class:`CommandSpec` for each class and instruction, with a :class:`Variant` for each meaning of P1-P2. Lengths
are in octets; a tag is its octets read as one number. Card, host, decoder, reference and test cases all read these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from mumei_core.commands.codes import SW_WRONG_LENGTH, SW_WRONG_P1_P2

ANY_OCTET: Final = frozenset(range(0x100))
DEVELOPMENT: Final = "development"
STANDARD: Final = "standard"
PROFILES: Final = (DEVELOPMENT, STANDARD)


class Presence(Enum):
    """Whether a field of the command, or the answer's data, must, may or must not be there."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWord:
    """A status word and when it is answered. ``mask``: FFFF; FFF0 or FF00 where the card puts a number."""

    value: int
    mask: int = 0xFFFF
    when: str
    clause: str = ""

    def matches(self, sw: int) -> bool:
        return sw & self.mask == self.value

    @property
    def pattern(self) -> str:
        """``9000``, ``63CX``, ``61XX``."""
        digits = f"{self.value:04X}"
        free = {0xFFFF: 0, 0xFFF0: 1, 0xFF00: 2}[self.mask]
        return digits[: 4 - free] + "X" * free


@dataclass(frozen=True, slots=True, kw_only=True)
class DataObject:
    """One BER-TLV data object; ``shortest`` and ``longest`` are of its value.

    ``secret``: no log or trace shows the value. ``repeated``: may be there more than once. ``children``: what a
    constructed object holds; empty where its contents are not of these specs.
    """

    tag: int
    name: str
    shortest: int
    longest: int
    secret: bool = False
    optional: bool = False
    repeated: bool = False
    children: tuple[DataObject, ...] = ()
    about: str = ""

    @property
    def any_secret(self) -> bool:
        """Whether it or anything inside is secret."""
        return self.secret or any(child.any_secret for child in self.children)

    def encoded(self, length: int) -> int:
        """Octets of the whole object with a value of ``length`` octets."""
        return (self.tag.bit_length() + 7) // 8 + _length_octets(length) + length


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stretch of a field without tags. Only one part of a field has more than one length."""

    name: str
    shortest: int
    longest: int
    secret: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A command's data field, or an answer's data.

    ``objects``: its data objects; ``ordered`` says whether they come in this order only. Without objects the octets
    are raw, and ``parts`` says how they divide. ``by_le``: the answer is as long as Le says. ``carries``: one
    of these is what the raw octets of several commands make up together. ``wrong_length``: what the card answers to
    a data field of raw octets of another length.
    """

    presence: Presence
    shortest: int = 0
    longest: int = 0
    secret: bool = False
    objects: tuple[DataObject, ...] = ()
    ordered: bool = True
    parts: tuple[Part, ...] = ()
    by_le: bool = False
    carries: tuple[DataObject, ...] = ()
    wrong_length: int = SW_WRONG_LENGTH
    about: str = ""

    @property
    def any_secret(self) -> bool:
        """Whether anything in it is secret."""
        inside = any(entry.any_secret for entry in self.objects) or any(part.secret for part in self.parts)
        return self.secret or inside


NOTHING: Final = Field(presence=Presence.FORBIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One meaning of P1-P2. ``p1``, ``p2``: the octets that select it; ``*_about``: (octets as text, meaning);
    ``*_name``: what the octet is called, where it is one thing.

    ``states``: what must be so before, names of apdu_specs/vocabulary.yaml; ``rights``: who may ask, likewise.
    ``profiles``: which cards have it. ``layer``: who answers, where it is not an applet's handler.
    """

    name: str
    p1: frozenset[int]
    p2: frozenset[int]
    p1_about: tuple[tuple[str, str], ...] = ()
    p2_about: tuple[tuple[str, str], ...] = ()
    p1_name: str = ""
    p2_name: str = ""
    data: Field = NOTHING
    response: Field = NOTHING
    states: tuple[str, ...] = ()
    rights: str = "ANYONE"
    profiles: tuple[str, ...] = PROFILES
    layer: str = ""
    about: str = ""

    def takes(self, p1: int, p2: int) -> bool:
        return p1 in self.p1 and p2 in self.p2

    @property
    def needs_le(self) -> bool:
        """The answer always has data, so Le must be there. Elsewhere Le says what the terminal would take."""
        return self.response.presence is Presence.REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked example on a card of the kind ``given``: commands, and the hexadecimal digits answered.

    A dot in an answer stands for a digit that differs each time.
    """

    about: str
    given: str
    steps: tuple[tuple[bytes, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec:
    """One command. ``clause``: of the standard, with edition. ``effect``: what it changes.

    ``life_cycle``: the card's states in which it is not refused with 69 85; development cards have no life cycle.
    ``other_p1``, ``other_p2``: what is answered to an unknown P1, and to a known one with an unknown P2.
    """

    name: str
    group: str
    cla: int
    ins: int
    clause: str
    effect: str = ""
    variants: tuple[Variant, ...]
    status_words: tuple[StatusWord, ...]
    examples: tuple[Example, ...]
    life_cycle: tuple[str, ...]
    other_p1: int = SW_WRONG_P1_P2
    other_p2: int = SW_WRONG_P1_P2

    @property
    def secret(self) -> bool:
        """Whether anything that is sent or answered is secret."""
        return any(variant.data.any_secret or variant.response.any_secret for variant in self.variants)

    @property
    def profiles(self) -> tuple[str, ...]:
        """Which cards know the instruction."""
        return tuple(name for name in PROFILES if any(name in variant.profiles for variant in self.variants))

    def variant(self, p1: int, p2: int, profile: str | None = None) -> Variant | None:
        """What P1-P2 mean, on cards of ``profile`` or of any; None where they mean nothing."""
        for variant in self.variants:
            if variant.takes(p1, p2) and (profile is None or profile in variant.profiles):
                return variant
        return None

    def documents(self, sw: int) -> bool:
        """Whether the card may answer ``sw`` to this command, what the layers below answer left aside."""
        return any(word.matches(sw) for word in self.status_words)


def _length_octets(length: int) -> int:
    """Octets of a DER length."""
    if length < 0x80:
        return 1
    return 1 + (length.bit_length() + 7) // 8
