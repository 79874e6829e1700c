"""What the README tells people to type: commands that there are, with options that they take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from mumei.cli.main import cli

README: Final = Path(__file__).parents[2] / "README.md"
#: Stands for the options of a clerk's desk, which IT sets up.
_DESK: Final = "$DESK"


def _lines() -> Iterator[str]:
    text = README.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith("    "):
            typed = re.sub(r"\s+#.*", "", line.strip())
            yield from re.findall(r"mumei [^;]+", typed) if typed.startswith("for ") else [typed]
        else:
            yield from re.findall(r"`([^`]+)`", line)


COMMANDS: Final = sorted({line for line in _lines() if line.startswith("mumei ") and "…" not in line})


def _resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no {words[0]}"
        command, words = found, words[1:]
    return command, words


def test_there_is_something_to_read() -> None:
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_there_and_takes_what_it_is_given(line: str) -> None:
    command, words = _resolve(shlex.split(line)[1:])
    if command.context_settings.get("ignore_unknown_options") or "--" in words:
        words = []  # the rest is another command's
    known = {
        name: option for option in command.params for name in option.opts if isinstance(option, click.Option)
    }
    given = {word.partition("=")[0] for word in words if word.startswith("--")} - {
        "--help",
        "--json",
        "--debug",
    }
    assert not given - set(known)
    required = {option.opts[0] for option in known.values() if option.required}
    if _DESK not in words and not isinstance(command, click.Group) and len(words) > 1:
        assert not required - given, "what it must be given"
