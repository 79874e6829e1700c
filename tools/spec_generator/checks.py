"""What the specifications must agree on among themselves: commands, variants, status words, names, examples."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mumei_core.commands.data_objects import check as check_data
from mumei_core.commands.explanation import PROTECTION_BITS
from mumei_core.commands.specification import CommandSpec, Example, Field, Variant
from mumei_core.errors import DecodingError
from mumei_core.iso7816.apdu import CommandAPDU

from .located import Mapping, Place, refuse
from .reader import Command, Specifications, find, status_word


def check(specifications: Specifications) -> None:
    """Raises SpecError, with file and line, for the first contradiction."""
    _names(specifications)
    _instructions(specifications)
    known = {word.pattern for word in map(status_word, _defined(specifications))}
    _layer_words(specifications, known)
    for command in specifications.commands:
        _variants(command)
        _status_words(command, known)
        _other_words(command)
    for command in specifications.commands:
        _examples(specifications, command)


def _defined(specifications: Specifications) -> Iterable[Mapping]:
    """The status words that there are, as entries with ``sw`` and ``when``."""
    for entry in specifications.status_words["status_words"]:
        last = {"octet": 2, "digit": 1}.get(entry.get("last", ""), 0)
        word = Mapping(sw=entry["value"][: 4 - last] + "X" * last, when=entry["meaning"])
        word.place, word.places = entry.place, {}
        yield word


def _names(specifications: Specifications) -> None:
    taken: dict[str, Place] = {}
    for group in specifications.groups:
        for entry in group.content["constants"]:
            if entry["name"] in taken:
                refuse(
                    entry.place, f"the constant {entry['name']} is defined at {taken[entry['name']]} already"
                )
            taken[entry["name"]] = entry.place
    for key in ("name", "value"):
        seen: dict[str, Place] = {}
        for entry in specifications.status_words["status_words"]:
            if entry[key] in seen:
                refuse(entry.place, f"the status word {entry[key]} is defined at {seen[entry[key]]} already")
            seen[entry[key]] = entry.place


def _instructions(specifications: Specifications) -> None:
    taken: dict[tuple[int, int], tuple[str, Place]] = {}
    names: dict[str, Place] = {}
    entries = [command.text for command in specifications.commands]
    for text in (*entries, *(text for _, text in specifications.reserved)):
        key = (int(text["cla"], 16), int(text["ins"], 16))
        if key in taken:
            name, place = taken[key]
            refuse(text.place, f"{text['name']} has class and instruction of {name} at {place}")
        taken[key] = (text["name"], text.place)
        if text["name"] in names:
            refuse(text.place, f"a command {text['name']} is at {names[text['name']]} already")
        names[text["name"]] = text.place


def _variants(command: Command) -> None:
    for at, variant in enumerate(command.spec.variants):
        place = command.text["variants"].places[at]
        for other in command.spec.variants[:at]:
            if other.name == variant.name:
                refuse(place, f"{command.spec.name} has two variants {variant.name}")
            together = set(other.profiles) & set(variant.profiles)
            if together and other.p1 & variant.p1 and other.p2 & variant.p2:
                refuse(place, f"{variant.name} overlaps {other.name}: some P1-P2 would mean both")


def _layer_words(specifications: Specifications, known: set[str]) -> None:
    for word, entry in zip(specifications.layer_words, specifications.status_words["layers"], strict=True):
        if word.pattern not in known:
            refuse(entry.place, f"the status word {word.pattern} is not defined")


def _status_words(command: Command, known: set[str]) -> None:
    words: dict[str, Place] = {}
    conditions: dict[str, str] = {}
    for word, entry in zip(command.spec.status_words, command.text["status_words"], strict=True):
        if word.pattern not in known:
            refuse(entry.place, f"the status word {word.pattern} is not defined in status_words.yaml")
        if word.pattern in words:
            refuse(
                entry.place, f"{word.pattern} is listed at {words[word.pattern]} already: one entry a word"
            )
        condition = " ".join(word.when.lower().split())
        if condition in conditions:
            refuse(entry.place, f"{word.pattern} and {conditions[condition]} have the same condition")
        words[word.pattern], conditions[condition] = entry.place, word.pattern


def _other_words(command: Command) -> None:
    """What the table answers by itself must be among the words of the command."""
    spec = command.spec
    answers = {spec.other_p1: "other_p1", spec.other_p2: "other_p2"}
    answers |= {v.data.wrong_length: "wrong_length" for v in spec.variants if not v.layer}
    every_p1 = frozenset[int]().union(*(variant.p1 for variant in spec.variants))
    if len(every_p1) == 0x100:
        answers.pop(0x6A86, None)
    for sw, key in answers.items():
        if not spec.documents(sw):
            refuse(command.text.at(key), f"{spec.name} answers {sw:04X} ({key}) and does not list it")


def _examples(specifications: Specifications, command: Command) -> None:
    shown: set[str] = set()
    for example, text in zip(command.spec.examples, command.text["examples"], strict=True):
        profile = specifications.words["given"][example.given]["profile"]
        for at in range(len(example.steps)):
            found = _step(specifications, example, at, profile, text["steps"].places[at])
            if found is not None and found[0] is command.spec and found[1] is not None:
                shown.add(found[1].name)
    for variant, place in zip(command.spec.variants, command.text["variants"].places, strict=True):
        if variant.name not in shown:
            refuse(place, f"no example shows {command.spec.name}, {variant.name}")


def _step(
    specifications: Specifications, example: Example, at: int, profile: str, place: Place
) -> tuple[CommandSpec, Variant | None] | None:
    octets, answer = example.steps[at]
    sw = int(answer[-4:], 16)
    try:
        apdu = CommandAPDU.from_bytes(octets)
    except DecodingError as error:
        refuse(place, f"the example's command {octets.hex().upper()[:40]} is none: {error.message}")
    spec = find(specifications, apdu)
    listed = (*(spec.status_words if spec else ()), *specifications.layer_words)
    if not any(word.matches(sw) for word in listed):
        refuse(
            place,
            f"the example is answered {sw:04X}, which {spec.name if spec else 'no layer'} does not list",
        )
    if spec is None:
        return None
    variant = spec.variant(apdu.p1, apdu.p2, profile)
    if sw >> 8 in (0x90, 0x61, 0x62) or sw >> 4 == 0x63C:
        if variant is None:
            refuse(place, f"the example is answered {sw:04X}, and its P1-P2 are no variant of {spec.name}")
        if apdu.cla & PROTECTION_BITS & ~spec.cla:
            # Under a cipher, or with a MAC behind it.
            return spec, variant
        _data(variant.data, apdu.data, place, "data")
        # What waits for GET RESPONSE after 61XX is not here yet.
        if sw >> 8 == 0x90:
            _data(variant.response, bytes.fromhex(re.sub(r"\.", "0", answer[:-4])), place, "answer")
    elif len(answer) > 4:
        refuse(place, f"the example is answered {sw:04X}, and errors bring no data")
    return spec, variant


def _data(field: Field, octets: bytes, place: Place, which: str) -> None:
    try:
        check_data(field, octets)
    except DecodingError as error:
        refuse(place, f"the example's {which} is not what the variant has: {error.message}")
