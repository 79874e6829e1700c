"""From files to commands: every name resolved, every length reckoned, and file and line kept for each command."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mumei_core.commands.specification import (
    NOTHING,
    PROFILES,
    CommandSpec,
    DataObject,
    Example,
    Field,
    Part,
    Presence,
    StatusWord,
    Variant,
)
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT

from .located import Mapping, Place, load, refuse
from .schema import check as check_form

STATUS_WORDS: Final = "status_words.yaml"
VOCABULARY: Final = "vocabulary.yaml"
_CONSTRUCTED: Final = 0x20
_MAX_VALUE: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One file of commands, as it was read."""

    path: Path
    content: Mapping

    @property
    def name(self) -> str:
        return str(self.content["group"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command with its text, for the places of what is wrong with it."""

    spec: CommandSpec
    text: Mapping

    @property
    def place(self) -> Place:
        return self.text.place


@dataclass(slots=True, kw_only=True)
class Specifications:
    """Everything in apdu_specs. ``tags``: name to number. ``words``: kind to name to entry of the vocabulary."""

    groups: tuple[Group, ...]
    status_words: Mapping
    vocabulary: Mapping
    tags: dict[str, int] = field(default_factory=dict)
    words: dict[str, dict[str, Mapping]] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    reserved: list[tuple[Group, Mapping]] = field(default_factory=list)
    layer_words: tuple[StatusWord, ...] = ()


def cite(content: Mapping, clause: str) -> str:
    """The clause with its edition, unless the clause names another document itself."""
    if clause.startswith("project"):
        return clause
    names_a_document = any(word in clause for word in ("TR-", "ICAO", "GlobalPlatform", "ISO/IEC"))
    return clause if names_a_document else f"{content['edition']} {clause}"


def read(folder: Path) -> Specifications:
    """All files in ``folder``. Raises SpecError, with file and line, for form and for names and lengths."""
    special = {STATUS_WORDS: "status_words.schema.json", VOCABULARY: "vocabulary.schema.json"}
    paths = sorted(path for path in folder.glob("*.yaml") if path.name not in special)
    groups = []
    for path in paths:
        content = load(path)
        check_form(content, folder / "schema.json")
        groups.append(Group(path=path, content=content))
    others = {name: load(folder / name) for name in special}
    for name, schema in special.items():
        check_form(others[name], folder / schema)
    specifications = Specifications(
        groups=tuple(groups), status_words=others[STATUS_WORDS], vocabulary=others[VOCABULARY]
    )
    _Reader(specifications).read()
    return specifications


def find(specifications: Specifications, apdu: CommandAPDU) -> CommandSpec | None:
    """The command that has this class, its transport bits left aside, and instruction."""
    for cla in (apdu.cla, apdu.cla & ~CHAINING_BIT, apdu.cla & 0xE0):
        for command in specifications.commands:
            if (command.spec.cla, command.spec.ins) == (cla, apdu.ins):
                return command.spec
    return None


class _Reader:
    def __init__(self, specifications: Specifications) -> None:
        self._all = specifications

    def read(self) -> None:
        self._vocabulary()
        self._tags()
        self._all.layer_words = tuple(
            status_word(entry, clause=str(entry["clause"])) for entry in self._all.status_words["layers"]
        )
        for group in self._all.groups:
            for text in group.content["commands"]:
                if text.get("reserved"):
                    self._all.reserved.append((group, text))
                else:
                    self._all.commands.append(Command(spec=self._command(group, text), text=text))

    def _vocabulary(self) -> None:
        for kind in ("states", "rights", "layers", "life_cycle", "given"):
            entries: dict[str, Mapping] = {}
            for entry in self._all.vocabulary[kind]:
                if entry["name"] in entries:
                    refuse(entry.place, f"{kind}: {entry['name']} is there twice")
                entries[entry["name"]] = entry
            self._all.words[kind] = entries

    def _tags(self) -> None:
        for group in self._all.groups:
            for entry in group.content["tags"]:
                if entry["name"] in self._all.tags:
                    refuse(entry.place, f"the tag {entry['name']} is declared twice")
                self._all.tags[entry["name"]] = int(entry["tag"], 16)

    def _word(self, kind: str, text: Mapping, key: str, name: str) -> str:
        if name not in self._all.words[kind]:
            refuse(getattr(name, "place", text.at(key)), f"{name} is none of the {kind} in {VOCABULARY}")
        return str(name)

    def _command(self, group: Group, text: Mapping) -> CommandSpec:
        cycle = text.get("life_cycle", list(self._all.words["life_cycle"]))
        return CommandSpec(
            name=str(text["name"]),
            group=group.name,
            cla=int(text["cla"], 16),
            ins=int(text["ins"], 16),
            clause=cite(group.content, text["clause"]),
            effect="" if text["effect"] == "none" else str(text["effect"]),
            variants=tuple(self._variant(entry) for entry in text["variants"]),
            status_words=tuple(status_word(entry) for entry in text["status_words"]),
            examples=tuple(self._example(entry) for entry in text["examples"]),
            life_cycle=tuple(self._word("life_cycle", text, "life_cycle", name) for name in cycle),
            other_p1=int(text.get("other_p1", "6A86"), 16),
            other_p2=int(text.get("other_p2", "6A86"), 16),
        )

    def _variant(self, text: Mapping) -> Variant:
        layer = text.get("layer", "")
        rights = text.get("rights", "ANYONE")
        (p1, p1_about), (p2, p2_about) = (_octets(text, key) for key in ("p1", "p2"))
        return Variant(
            name=str(text["name"]),
            p1=p1,
            p2=p2,
            p1_about=p1_about,
            p2_about=p2_about,
            p1_name=str(text.get("p1_name", "")),
            p2_name=str(text.get("p2_name", "")),
            data=self._field(text, "data"),
            response=self._field(text, "response"),
            states=tuple(self._word("states", text, "states", name) for name in text.get("states", ())),
            rights=self._word("rights", text, "rights", rights),
            profiles=tuple(str(name) for name in text.get("profiles", PROFILES)),
            layer=self._word("layers", text, "layer", layer) if layer else "",
            about=str(text.get("about", "")),
        )

    def _field(self, variant: Mapping, key: str) -> Field:
        text = variant[key]
        if not isinstance(text, Mapping):
            return NOTHING
        objects = tuple(self._object(entry) for entry in text.get("objects", ()))
        parts = tuple(_part(entry) for entry in text.get("parts", ()))
        _refuse_doubles(text, "objects", [entry.name for entry in objects], "name")
        if len([part for part in parts if part.shortest != part.longest]) > 1:
            refuse(text.at("parts"), "two parts of more than one length: nobody can tell where one ends")
        ordered = text.get("ordered", True)
        shortest, longest = _around(objects) if objects else _sum(parts)
        return Field(
            presence=Presence(text["presence"]),
            shortest=shortest,
            longest=longest,
            secret=text.get("secret", False),
            objects=objects,
            ordered=ordered,
            parts=parts,
            by_le=text.get("by_le", False),
            carries=tuple(self._object(entry) for entry in text.get("carries", ())),
            wrong_length=int(text.get("wrong_length", "6700"), 16),
            about=str(text.get("about", "")),
        )

    def _object(self, text: Mapping) -> DataObject:
        name = text["tag"]
        if name not in self._all.tags:
            refuse(name.place, f"the tag {name} is not declared under tags")
        tag = self._all.tags[name]
        children = tuple(self._object(entry) for entry in text.get("children", ()))
        constructed = bool(tag >> (tag.bit_length() - 1) // 8 * 8 & _CONSTRUCTED)
        if children and not constructed:
            refuse(text.at("children"), f"{name} ({tag:02X}) is primitive and holds no objects")
        _refuse_doubles(text, "children", [f"{child.tag:02X}" for child in children], "tag")
        shortest, longest = self._lengths(text, children)
        return DataObject(
            tag=tag,
            name=str(text.get("name", name.lower().replace("_", " "))),
            shortest=shortest,
            longest=longest,
            secret=text.get("secret", False),
            optional=text.get("optional", False),
            repeated=text.get("repeated", False),
            children=children,
            about=str(text.get("about", "")),
        )

    def _lengths(self, text: Mapping, children: tuple[DataObject, ...]) -> tuple[int, int]:
        if not children:
            return _length(text)
        shortest, longest = _around(children)
        if "length" in text:
            said = _length(text)
            if said[1] < shortest or said[0] > longest:
                refuse(
                    text.at("length"),
                    f"{text['tag']} has {said[0]}..{said[1]} octets, its objects have {shortest}..{longest}",
                )
            shortest, longest = max(shortest, said[0]), min(longest, said[1])
        return shortest, longest

    def _example(self, text: Mapping) -> Example:
        given = self._word("given", text, "given", text.get("given", "pin"))
        steps = []
        for step, place in zip(text["steps"], text["steps"].places, strict=True):
            if not re.fullmatch("([0-9A-F]{2})*", step[0]):
                refuse(
                    place, f"the example's command is not whole octets in capital hexadecimal: {step[0][:40]}"
                )
            if not re.fullmatch(r"([0-9A-F.]{2})*[0-9A-F]{4}", step[1]):
                refuse(place, f"the example's answer is not octets, dots and a status word: {step[1][:40]}")
            steps.append((bytes.fromhex(step[0]), str(step[1])))
        return Example(about=str(text["about"]), given=given, steps=tuple(steps))


def status_word(entry: Mapping, *, clause: str = "") -> StatusWord:
    """``63CX`` as value and mask."""
    digits = str(entry["sw"])
    free = digits.count("X")
    return StatusWord(
        value=int(digits.replace("X", "0"), 16),
        mask=0xFFFF >> 4 * free << 4 * free,
        when=str(entry["when"]),
        clause=clause,
    )


def _part(text: Mapping) -> Part:
    shortest, longest = _length(text)
    return Part(
        name=str(text["name"]),
        shortest=shortest,
        longest=longest,
        secret=text.get("secret", False),
        about=str(text.get("about", "")),
    )


def _length(text: Mapping) -> tuple[int, int]:
    said: Any = text["length"]
    shortest, longest = map(int, said.split("..")) if isinstance(said, str) else (said, said)
    if shortest > longest:
        refuse(text.at("length"), f"a length from {shortest} to {longest} octets")
    if longest > _MAX_VALUE + 1:
        refuse(text.at("length"), f"{longest} octets are more than any field holds")
    return shortest, longest


def _around(objects: tuple[DataObject, ...]) -> tuple[int, int]:
    """Octets of all objects with tags and lengths: the fewest and the most."""
    shortest = sum(entry.encoded(entry.shortest) for entry in objects if not entry.optional)
    if any(entry.repeated for entry in objects):
        return shortest, _MAX_VALUE
    return shortest, min(sum(entry.encoded(entry.longest) for entry in objects), _MAX_VALUE)


def _sum(parts: tuple[Part, ...]) -> tuple[int, int]:
    return sum(part.shortest for part in parts), sum(part.longest for part in parts)


def _octets(text: Mapping, key: str) -> tuple[frozenset[int], tuple[tuple[str, str], ...]]:
    """The values of P1 or P2, and what they mean."""
    said = text[key]
    if not isinstance(said, Mapping):
        return frozenset({int(said, 16)}), ((str(said), ""),)
    values: set[int] = set()
    for span in said:
        first, _, last = span.partition("..")
        octets = set(range(int(first, 16), int(last or first, 16) + 1))
        if not octets or octets & values:
            refuse(said.at(span), f"{span} is empty or overlaps another value of {key}")
        values |= octets
    return frozenset(values), tuple((str(span), str(about)) for span, about in said.items())


def _refuse_doubles(text: Mapping, key: str, names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            refuse(text.at(key), f"two objects with the {what} {name}")
