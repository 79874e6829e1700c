"""apdu_specs/COMMANDS.md: the reference of all commands, for a reader who has a card and no source code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from mumei_core.commands.specification import (
    PROFILES,
    CommandSpec,
    DataObject,
    Field,
    Part,
    Presence,
    StatusWord,
    Variant,
)

from .located import Mapping
from .reader import Group, Specifications, cite
from .worked import example_rows

TARGET: Final = Path("apdu_specs/COMMANDS.md")
#: In the order in which a session meets them.
_ORDER: Final = ("card", "eac", "cvc", "identity", "pin", "gp")

_TEXT: Final = Path(__file__).with_name("reference.md")


def files(specifications: Specifications) -> dict[Path, str]:
    """Path to text."""
    groups = {group.name: group for group in specifications.groups}
    ordered = [groups.pop(name) for name in _ORDER if name in groups] + list(groups.values())
    head, notation = _TEXT.read_text(encoding="utf-8").split("<!-- contents -->\n")
    rows = [head, *_contents(specifications, ordered), notation, *_words(specifications)]
    rows += _glance(specifications, ordered)
    for group in ordered:
        rows += [
            f"## {group.content['title']}\n",
            f"{group.content['about']}\n",
            f"Edition: {_edition(group)}.\n",
        ]
        for spec in _specs(specifications, group):
            rows += _command(specifications, spec)
    rows += _appendix(specifications, ordered)
    text = re.sub(r"[ ]+\n", "\n", "\n".join(rows))
    return {TARGET: re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"}


def _edition(group: Group) -> str:
    return str(group.content["edition"])


def _specs(specifications: Specifications, group: Group) -> list[CommandSpec]:
    return [command.spec for command in specifications.commands if command.spec.group == group.name]


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def _link(title: str) -> str:
    return f"[{title}](#{_anchor(title)})"


def _contents(specifications: Specifications, groups: list[Group]) -> Iterator[str]:
    yield "## Contents\n"
    yield f"- {_link('Reading this reference')}"
    yield f"- {_link('Commands at a glance')}"
    for group in groups:
        yield f"- {_link(str(group.content['title']))}"
        for spec in _specs(specifications, group):
            yield f"  - {_link(spec.name)}"
    yield f"- {_link('Status words')}"
    yield f"- {_link('Tags')}\n"


def _words(specifications: Specifications) -> Iterator[str]:
    yield "### Profiles, life cycle, rights and states\n"
    yield "A card is made for one profile and keeps it: **development** cards are open, **standard** cards"
    yield "answer everything personal inside channels only. Standard cards with a security domain have a life"
    yield "cycle; a terminated card answers `6985` to everything it knows.\n"
    for kind, head, key in (
        ("life_cycle", "State of the card", "about"),
        ("rights", "Right", "who"),
        ("states", "State of card or session", "when"),
        ("given", "Card of the examples", "about"),
    ):
        words = specifications.words[kind].items()
        yield from _table((head, "Meaning"), ((f"`{name}`", _words_of(entry, key)) for name, entry in words))
    yield "### What the layers below may answer to any command\n"
    yield from _table(
        ("SW1-SW2", "When", "Clause"),
        ((f"`{word.pattern}`", word.when, word.clause) for word in specifications.layer_words),
    )


def _words_of(entry: Mapping, key: str) -> str:
    return str(entry[key])


def _glance(specifications: Specifications, groups: list[Group]) -> Iterator[str]:
    yield "## Commands at a glance\n"
    rows = []
    for group in groups:
        for spec in _specs(specifications, group):
            for variant in spec.variants:
                rows.append(
                    (
                        _link(spec.name) if variant is spec.variants[0] else "",
                        f"`{spec.cla:02X} {spec.ins:02X}`",
                        variant.name if len(spec.variants) > 1 else "",
                        _values(variant.p1_about),
                        _values(variant.p2_about),
                        variant.data.presence.value,
                        ", ".join(variant.profiles) if variant.profiles != PROFILES else "both",
                        f"`{variant.rights}`",
                    )
                )
    yield from _table(("Command", "CLA INS", "Variant", "P1", "P2", "Data", "Profile", "Rights"), rows)
    names = ", ".join(f"`{text['cla']} {text['ins']}` {text['name']}" for _, text in specifications.reserved)
    yield f"Reserved for later versions: {names}.\n"


def _values(about: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"`{span}`" for span, _ in about)


def _command(specifications: Specifications, spec: CommandSpec) -> Iterator[str]:
    yield f"### {spec.name}\n"
    yield f"Clause: {spec.clause}.\n"
    if spec.effect:
        yield f"{_sentence(spec.effect)}\n"
    states = list(specifications.words["life_cycle"])
    if list(spec.life_cycle) != states:
        yield f"Life cycle: answered in {_and(f'`{name}`' for name in spec.life_cycle)} only, elsewhere `6985`.\n"
    if len(spec.profiles) == 1:
        yield f"Profile {spec.profiles[0]} only; the other one answers `6D00`.\n"
    for variant in spec.variants:
        yield from _variant(spec, variant)
    yield "**Status words**\n"
    meanings = {word.pattern: word.when for word in _defined(specifications)}
    yield from _table(
        ("SW1-SW2", "When", "In general"),
        ((f"`{word.pattern}`", word.when, meanings[word.pattern]) for word in spec.status_words),
    )
    shown = {int(answer[-4:], 16) for example in spec.examples for _, answer in example.steps}
    unseen = [word.pattern for word in spec.status_words if not any(word.matches(sw) for sw in shown)]
    yield "**Examples**\n"
    for example in spec.examples:
        yield f"{_sentence(example.about)} Card: `{example.given}`.\n"
        yield "```text"
        yield from example_rows(specifications, example)
        yield "```\n"
    if unseen:
        words = _and(f"`{pattern}`" for pattern in unseen)
        yield f"Not shown, for they need a channel, a credential or a broken card: {words}.\n"


def _variant(spec: CommandSpec, variant: Variant) -> Iterator[str]:
    if len(spec.variants) > 1:
        yield f"#### {spec.name}: {variant.name}\n"
    if variant.about:
        yield f"{_sentence(variant.about)}\n"
    if len(spec.profiles) > len(variant.profiles):
        yield f"Profile {variant.profiles[0]} only.\n"
    yield from _table(("Field", "Value", "Meaning"), _coding(spec, variant))
    for field, title in ((variant.data, "Data"), (variant.response, "Answer")):
        if field.objects or len(field.parts) > 1:
            order = "" if field.ordered else ", in any order"
            yield f"{title}{order}:\n"
            yield from _table(("Tag", "Object", "Length", "Presence", "", "Meaning"), _pieces(field))
    if variant.data.carries and variant is next(v for v in spec.variants if v.data.carries):
        names = _and((f"`{entry.tag:02X}`" for entry in variant.data.carries), "or")
        yield f"Together the data fields are one object, {names}:\n"
        rows = (row for entry in variant.data.carries for row in _object(entry, 0, variant.data.secret))
        yield from _table(("Tag", "Object", "Length", "Presence", "", "Meaning"), rows)
    if variant.states:
        yield f"States: {_and(f'`{name}`' for name in variant.states)}.\n"
    yield f"Rights: `{variant.rights}`.\n"
    if variant.layer:
        yield f"Answered by the layer of {variant.layer}, not by an application.\n"


def _coding(spec: CommandSpec, variant: Variant) -> Iterator[tuple[str, str, str]]:
    yield (
        "CLA",
        f"`{spec.cla:02X}`",
        "`+10` but for the last of a chain" if variant.data.longest > 255 else "",
    )
    yield "INS", f"`{spec.ins:02X}`", spec.name
    for name, said, about in (
        ("P1", variant.p1_name, variant.p1_about),
        ("P2", variant.p2_name, variant.p2_about),
    ):
        for number, (span, meaning) in enumerate(about):
            called = f"{said}: {meaning}" if said and meaning and said not in meaning else meaning or said
            yield name if not number else "", f"`{span}`", called
    yield "Data", _presence(variant.data), _field(variant.data)
    le = {Presence.REQUIRED: "required", Presence.OPTIONAL: "optional", Presence.FORBIDDEN: "not needed"}
    yield "Le", le[variant.response.presence], _field(variant.response)


def _presence(field: Field) -> str:
    return field.presence.value


def _field(field: Field) -> str:
    if field.presence is Presence.FORBIDDEN:
        return ""
    if len(field.parts) > 1:
        what = f"{_length(field)} octets, see below"
    elif field.objects:
        what = _and(
            (f"`{entry.tag:02X}` {entry.name}" for entry in field.objects), "or" if _choice(field) else "and"
        )
    else:
        what = _and(f"{part.name}, {_length(part)} {_octets(part)}{_mark(part)}" for part in field.parts)
        if len(field.parts) == 1 and field.parts[0].about:
            what += f": {field.parts[0].about}"
    return f"{what}; {field.about}" if field.about else what


def _choice(field: Field) -> bool:
    return len(field.objects) > 1 and all(entry.optional for entry in field.objects)


def _pieces(field: Field) -> Iterator[tuple[str, ...]]:
    for part in field.parts:
        yield "", part.name, _length(part), "", _mark(part).strip(" ()"), part.about
    shown: dict[tuple[DataObject, ...], int] = {}
    for entry in field.objects:
        known = shown.get(entry.children)
        yield from _object(entry, 0, field.secret, known)
        if entry.children:
            shown[entry.children] = entry.tag


def _object(
    entry: DataObject, depth: int, secret: bool, known: int | None = None
) -> Iterator[tuple[str, ...]]:
    """``known``: the tag under which the same objects stand already."""
    hidden = secret or entry.secret
    presence = "optional" if entry.optional else "required"
    yield (
        "&nbsp;" * 4 * depth + f"`{entry.tag:02X}`",
        entry.name,
        _length(entry),
        f"{presence}, repeated" if entry.repeated else presence,
        "secret" if hidden else "",
        entry.about if known is None else f"the same objects as in `{known:02X}`",
    )
    for child in entry.children if known is None else ():
        yield from _object(child, depth + 1, secret)


def _length(piece: DataObject | Part | Field) -> str:
    if piece.shortest == piece.longest:
        return f"{piece.longest:,}"
    # A list of objects that may repeat has no end of its own.
    most = "" if piece.longest >= 65_535 else f"{piece.longest:,}"
    return f"{piece.shortest:,}..{most}"


def _octets(part: Part) -> str:
    return "octet" if part.longest == 1 else "octets"


def _mark(part: Part) -> str:
    return " (secret)" if part.secret else ""


def _appendix(specifications: Specifications, groups: list[Group]) -> Iterator[str]:
    yield "## Status words\n"
    content = specifications.status_words
    yield f"{content['edition']}, clause {content['clause']}. `X` stands for a digit that is a number.\n"
    yield from _table(
        ("SW1-SW2", "Meaning", "Commands"),
        ((f"`{word.pattern}`", word.when, _who(specifications, word)) for word in _defined(specifications)),
    )
    yield "## Tags\n"
    for group in groups:
        if group.content["tags"]:
            yield f"### Tags: {group.content['title']}\n"
            yield from _table(
                ("Tag", "Name", "Clause"),
                (
                    (
                        f"`{entry['tag']}`",
                        entry["name"].lower().replace("_", " "),
                        cite(group.content, entry["clause"]),
                    )
                    for entry in group.content["tags"]
                ),
            )


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")


def _who(specifications: Specifications, word: StatusWord) -> str:
    layer = ["any"] if any(known.value == word.value for known in specifications.layer_words) else []
    names = [
        _link(command.spec.name)
        for command in specifications.commands
        if any(known.value == word.value for known in command.spec.status_words)
    ]
    if len(names) > 8:
        return ", ".join([*layer, f"{len(names)} commands"])
    return ", ".join([*layer, *names]) or "none"


def _defined(specifications: Specifications) -> Iterator[StatusWord]:
    for entry in specifications.status_words["status_words"]:
        free = {"octet": 2, "digit": 1}.get(entry.get("last", ""), 0)
        yield StatusWord(
            value=int(entry["value"], 16), mask=0xFFFF >> 4 * free << 4 * free, when=str(entry["meaning"])
        )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def _and(items: Iterable[str], word: str = "and") -> str:
    listed = list(items)
    return f" {word} ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
