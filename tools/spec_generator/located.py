"""YAML (1.1) that knows where it stood: every text, list and mapping keeps its file and line for refusals."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

# The one in C reads the same and ten times as fast; some wheels come without it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class SpecError(Exception):
    """The specifications contradict themselves or are incomplete. The text begins with file and line."""


def refuse(place: Place, what: str) -> NoReturn:
    raise SpecError(f"{place}: {what}")


class Text(str):
    """A scalar that is text."""

    place: Place


class Sequence(list[Any]):
    """A YAML sequence; ``places`` holds its items' places."""

    place: Place
    places: list[Place]


class Mapping(dict[str, Any]):
    """A YAML mapping; ``places`` holds its keys' places."""

    place: Place
    places: dict[str, Place]

    def at(self, key: str) -> Place:
        """Where ``key`` stands; where the mapping begins if it has no such key."""
        return self.places.get(key, self.place)


def load(path: Path) -> Mapping:
    """The mapping in one file. Raises SpecError for what is no YAML, no mapping, or has a key twice."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        refuse(Place(path.name, line), f"no YAML: {error.problem}")
    value = _Builder(path.name).build(node) if node is not None else None
    if not isinstance(value, Mapping):
        refuse(Place(path.name, 1), "is no mapping")
    return value


class _Builder:
    """Builds values from nodes; an alias gives the very object of its anchor."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._scalars = yaml.SafeLoader("")
        self._built: dict[int, Any] = {}

    def build(self, node: yaml.Node) -> Any:
        if id(node) not in self._built:
            self._built[id(node)] = self._new(node)
        return self._built[id(node)]

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1)

    def _new(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            sequence = Sequence(self.build(item) for item in node.value)
            sequence.place, sequence.places = self._place(node), [self._place(item) for item in node.value]
            return sequence
        value = self._scalars.construct_object(node)
        if not isinstance(value, str):
            return value
        text = Text(value)
        text.place = self._place(node)
        return text

    def _mapping(self, node: yaml.MappingNode) -> Mapping:
        mapping = Mapping()
        mapping.place, mapping.places = self._place(node), {}
        for key_node, value_node in node.value:
            key: Hashable = self.build(key_node)
            if not isinstance(key, str):
                refuse(self._place(key_node), f"the key {key!r} is no text: put it in quotes")
            if key in mapping:
                refuse(self._place(key_node), f"the key {key!r} is there twice")
            mapping[key] = self.build(value_node)
            mapping.places[key] = self._place(key_node)
        return mapping


def place_of(root: Mapping, path: list[str | int]) -> Place:
    """The place of what ``path`` leads to, or of the last thing before it that has one."""
    place: Place = root.place
    value: Any = root
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            place, value = value.at(step), value.get(step)
        elif isinstance(value, Sequence) and isinstance(step, int):
            place, value = value.places[step], value[step]
        if isinstance(value, Mapping | Sequence | Text):
            place = value.place
    return place
