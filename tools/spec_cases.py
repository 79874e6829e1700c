"""Boundary cases of every command, made from the catalogue, each with the answer that the specifications want.

For conformance suites, fuzzers and anyone who has a card: nothing here was written by hand but the kinds of
mistake. A case is right on any card of its profile; ``expected`` is the answer where the one who asks has the
command's rights and its states hold, ``before_that`` what may be answered where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.catalogue.all import COMMANDS, find
from mumei_core.commands.specification import CommandSpec, DataObject, Field, Presence, Variant
from mumei_core.iso7816.apdu import MAX_EXTENDED_LE, CommandAPDU
from mumei_core.iso7816.ber_tlv import encode

#: A whole command less header, Lc and Le in their extended forms.
_MAX_DATA: Final = codes.MAX_COMMAND - 9
_UNKNOWN_TAGS: Final = (0x9E, 0x9F7E)
# What handlers answer where rights or states are not there; contents are looked at before or after, as they need.
_STATES: Final = (
    codes.SW_SECURITY_STATUS,
    codes.SW_CONDITIONS,
    codes.SW_NO_CURRENT_FILE,
    codes.SW_REFERENCE_NOT_FOUND,
    codes.SW_FILE_EXISTS,
    codes.SW_SECURE_MESSAGING_NOT_SUPPORTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One command APDU to a card of ``profile``. ``variant``: empty where the case leaves all variants."""

    command: str
    variant: str
    profile: str
    about: str
    clause: str
    apdu: CommandAPDU
    expected: int
    before_that: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """For reports and test identifiers."""
        title = f"{self.command}, {self.variant}" if self.variant else self.command
        return f"{self.profile}: {title}: {self.about}"

    @property
    def octets(self) -> bytes:
        """The command as it is sent, extended only where it must be."""
        return self.apdu.to_bytes(extended=not self.apdu.fits_short)

    def accepts(self, sw: int, *, ready: bool = False) -> bool:
        """Whether a card may answer this. ``ready``: rights and states are there, so nothing else will do."""
        return sw == self.expected or (not ready and sw in self.before_that)


def all_cases(profile: str) -> Iterator[Case]:
    """Of every command that cards of ``profile`` know, and that they do not know the others."""
    for spec in COMMANDS.values():
        yield from cases(spec, profile)


def cases(spec: CommandSpec, profile: str) -> Iterator[Case]:
    """All cases of one command, in the order in which a card checks."""
    maker = _Maker(spec, profile)
    yield from maker.classes()
    if profile not in spec.profiles:
        yield maker.case("not in this profile", maker.apdu(spec.variants[0]), codes.SW_INS_NOT_SUPPORTED)
        return
    yield from maker.parameters()
    yield from maker.several_mistakes()
    for variant in spec.variants:
        if profile in variant.profiles:
            yield from maker.lengths(variant)
            yield from maker.contents(variant)


def sample(field: Field) -> bytes:
    """A field of the right form, as short as it can be; its values are zeros and mean nothing."""
    if field.presence is Presence.FORBIDDEN:
        return b""
    if field.objects:
        return _join(_sample_objects(field.objects))
    return bytes(field.shortest)


class _Maker:
    def __init__(self, spec: CommandSpec, profile: str) -> None:
        self._spec = spec
        self._profile = profile
        self._variants = [variant for variant in spec.variants if profile in variant.profiles]

    def case(
        self,
        about: str,
        apdu: CommandAPDU,
        expected: int,
        variant: Variant | None = None,
        *,
        deep: bool = False,
    ) -> Case:
        """``deep``: the contents are wrong, which is seen after rights, and before or after states."""
        before = _STATES if deep else ()
        if any("SECURITY_DOMAIN" in known.states for known in self._spec.variants):
            before = (*before, codes.SW_INS_NOT_SUPPORTED)
        if self._in_scp03:
            before = (*before, codes.SW_SECURE_MESSAGING_NOT_SUPPORTED, codes.SW_SECURITY_STATUS)
        return Case(
            command=self._spec.name,
            variant=variant.name if variant else "",
            profile=self._profile,
            about=about,
            clause=self._spec.clause,
            apdu=apdu,
            expected=expected,
            before_that=tuple(word for word in before if word != expected),
        )

    @property
    def _in_scp03(self) -> bool:
        return self._spec.cla == codes.CLA_SCP03

    def apdu(self, variant: Variant) -> CommandAPDU:
        """The variant in its right form, with the smallest P1 and P2 that select it."""
        response = variant.response
        wants_le = response.presence is not Presence.FORBIDDEN
        le = min(response.longest, 256) or 256 if response.by_le else 256
        return CommandAPDU(
            cla=self._spec.cla,
            ins=self._spec.ins,
            p1=min(variant.p1),
            p2=min(variant.p2),
            data=sample(variant.data) if variant.data.presence is Presence.REQUIRED else b"",
            le=le if wants_le else None,
        )

    def classes(self) -> Iterator[Case]:
        """Class octets that no card of ours takes; a class that is known, without this instruction."""
        right = self.apdu(self._spec.variants[0])
        for cla, expected, about in (
            (0xA0, codes.SW_CLA_NOT_SUPPORTED, "class A0"),
            (0x20, codes.SW_CLA_NOT_SUPPORTED, "class 20, reserved by ISO"),
            (self._spec.cla & 0x80 | 0x01, codes.SW_CHANNEL_NOT_SUPPORTED, "logical channel 1"),
            (
                self._spec.cla & 0x80 | 0x0C,
                codes.SW_SECURE_MESSAGING_NOT_SUPPORTED,
                "secure messaging without channel",
            ),
        ):
            # A command of SCP03's class alone has a bit of secure messaging.
            yield self.case(about, replace(right, cla=cla), expected)
        # GET RESPONSE goes with the class of the command before.
        both = self._spec.ins == codes.INS_GET_RESPONSE
        for cla in () if both else (codes.CLA_ISO, codes.CLA_PROPRIETARY):
            if find(cla, self._spec.ins) is None:
                yield self.case(f"class {cla:02X}", replace(right, cla=cla), codes.SW_INS_NOT_SUPPORTED)

    def parameters(self) -> Iterator[Case]:
        known_p1 = frozenset[int]().union(*(variant.p1 for variant in self._variants))
        right = self.apdu(self._variants[0])
        for p1 in _outside(known_p1):
            yield self.case(f"P1 {p1:02X}", replace(right, p1=p1), self._spec.other_p1)
        for p1 in sorted({min(variant.p1) for variant in self._variants}):
            variant = next(variant for variant in self._variants if p1 in variant.p1)
            known_p2 = frozenset[int]().union(*(other.p2 for other in self._variants if p1 in other.p1))
            for p2 in _outside(known_p2):
                apdu = replace(self.apdu(variant), p1=p1, p2=p2)
                yield self.case(f"P1-P2 {p1:02X}{p2:02X}", apdu, self._spec.other_p2)

    def several_mistakes(self) -> Iterator[Case]:
        """Everything wrong from some field on: what comes first in the command is answered."""
        variant = self._variants[0]
        right = self.apdu(variant)
        wrong = replace(right, data=b"" if right.data else b"\0", le=None)
        known_p1 = frozenset[int]().union(*(other.p1 for other in self._variants))
        known_p2 = frozenset[int]().union(*(other.p2 for other in self._variants if right.p1 in other.p1))
        for p2 in _outside(known_p2)[:1]:
            wrong = replace(wrong, p2=p2)
            yield self.case("P2, data and Le wrong", wrong, self._spec.other_p2)
        for p1 in _outside(known_p1)[:1]:
            wrong = replace(wrong, p1=p1)
            yield self.case("P1 and all that follows wrong", wrong, self._spec.other_p1)
        yield self.case(
            "class and all that follows wrong", replace(wrong, cla=0xA0), codes.SW_CLA_NOT_SUPPORTED
        )

    def lengths(self, variant: Variant) -> Iterator[Case]:
        right, data = self.apdu(variant), variant.data
        if data.presence is Presence.REQUIRED:
            yield self.case("no data", replace(right, data=b""), codes.SW_WRONG_LENGTH, variant)
        if data.presence is Presence.FORBIDDEN:
            yield self.case("data where none belong", replace(right, data=b"\0"), data.wrong_length, variant)
        elif not data.objects:
            for length in (data.shortest - 1, data.longest + 1):
                if 0 < length <= _MAX_DATA:
                    apdu = replace(right, data=bytes(length))
                    yield self.case(f"{length} octets of data", apdu, data.wrong_length, variant)
        if variant.needs_le:
            yield self.case("no Le", replace(right, le=None), codes.SW_WRONG_LENGTH, variant)
        if variant.response.by_le and variant.response.longest < MAX_EXTENDED_LE:
            apdu = replace(right, le=variant.response.longest + 1)
            yield self.case(f"Le {variant.response.longest + 1}", apdu, codes.SW_WRONG_LENGTH, variant)

    def contents(self, variant: Variant) -> Iterator[Case]:
        """Data objects that are not as they must be: 6A 80, whatever it is."""
        if not variant.data.objects or not self._spec.documents(codes.SW_WRONG_DATA):
            return
        right = self.apdu(variant)
        for about, octets in mutations(variant.data.objects, ordered=variant.data.ordered):
            if 0 < len(octets) <= _MAX_DATA:
                yield self.case(about, replace(right, data=octets), codes.SW_WRONG_DATA, variant, deep=True)


def mutations(objects: Sequence[DataObject], *, ordered: bool = True) -> Iterator[tuple[str, bytes]]:
    """(what is wrong, the whole field) for every object at every depth. Everything else is of the right form."""
    good = _sample_objects(objects)
    whole = _join(good)
    yield "an octet behind the last object", whole + b"\0"
    if whole:
        yield "the last octet missing", whole[:-1]
    unknown = next(tag for tag in _UNKNOWN_TAGS if all(entry.tag != tag for entry in objects))
    yield f"unknown object {unknown:02X}", whole + encode(unknown, b"\0")
    required = [entry for entry in objects if not entry.optional]
    if ordered and len(required) > 1:
        yield "the objects in another order", _join([*good[1:], good[0]])
    for entry in objects:
        yield from _of_one(entry, objects)


def _of_one(entry: DataObject, objects: Sequence[DataObject]) -> Iterator[tuple[str, bytes]]:
    def with_(octets: bytes) -> bytes:
        """The field with ``octets`` in the place of this object, which is put in even if it may be absent."""
        return b"".join(
            octets if other is entry else _sample(other)
            for other in objects
            if other is entry or not other.optional
        )

    name = f"{entry.tag:02X}, {entry.name}"
    if not entry.optional:
        yield f"{name} missing", with_(b"")
    if not entry.repeated:
        yield f"{name} twice", with_(2 * _sample(entry))
    if entry.shortest:
        yield f"{name} too short", with_(encode(entry.tag, bytes(entry.shortest - 1)))
    if not entry.children and entry.longest < _MAX_DATA:
        yield f"{name} too long", with_(encode(entry.tag, bytes(entry.longest + 1)))
    if entry.children:
        for about, octets in mutations(entry.children):
            yield f"{about} in {name}", with_(encode(entry.tag, octets))


def _sample_objects(objects: Sequence[DataObject]) -> list[bytes]:
    return [_sample(entry) for entry in objects if not entry.optional]


def _sample(entry: DataObject) -> bytes:
    value = _join(_sample_objects(entry.children)) if entry.children else bytes(entry.shortest)
    return encode(entry.tag, value)


def _join(objects: Sequence[bytes]) -> bytes:
    return b"".join(objects)


def _outside(known: frozenset[int]) -> tuple[int, ...]:
    """Octets just beside those that are known: the smallest and the largest, at most two."""
    unknown = [octet for octet in range(0x100) if octet not in known]
    beside = [octet for octet in unknown if {octet - 1, octet + 1} & known]
    return tuple(sorted({*beside[:1], *beside[-1:]})) or tuple(unknown[:1])
