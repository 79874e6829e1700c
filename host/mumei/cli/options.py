"""Options that many commands share: which card, and JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mumei.transport.base import CardConnection
from mumei_core.errors import UsageError

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlace:
    """Where the card is: a card file, or a reader.

    Attributes:
        card: file of a simulated card; ``None`` for a real reader.
        reader: pattern for the reader's name; ``None`` for the only reader with a card.
        wait: seconds to wait for a card in the reader.
    """

    card: Path | None = None
    reader: str | None = None
    wait: float = 0.0

    def open(self) -> CardConnection:
        """Hold the card; use as a context manager. Raises what opening a simulator or a reader raises."""
        if self.card is not None:
            from mumei.transport.simulator import open_simulator

            return open_simulator(self.card)
        from mumei.transport.pcsc import open_reader

        return open_reader(self.reader, card_limit=self.wait)


def card_options(function: Command) -> Command:
    """Add --card, --reader and --wait; the command gets them as one ``place: CardPlace``."""

    @functools.wraps(function)
    def wrapper(*args: Any, card: Path | None, reader: str | None, wait: float, **kwargs: Any) -> Any:
        if card is not None and (reader is not None or wait):
            raise UsageError(
                "--card names a simulated card, --reader and --wait a real one", hint="Give one of them."
            )
        return function(*args, place=CardPlace(card=card, reader=reader, wait=wait), **kwargs)

    options = (
        click.option(
            "--card", type=click.Path(path_type=Path), metavar="FILE", help="A simulated card, from its file."
        ),
        click.option(
            "--reader",
            metavar="PATTERN",
            help="A reader, by a part of its name or a glob; case is ignored. "
            "[default: the only reader with a card]",
        ),
        click.option(
            "--wait",
            type=click.FloatRange(min=0, max=3600),
            default=0.0,
            metavar="SECONDS",
            help="How long to wait for a card in the reader.",
        ),
    )
    return _decorate(wrapper, options)


def json_option(function: Command) -> Command:
    """Add --json; the command gets ``as_json: bool``."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)


def _decorate(function: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        function = option(function)
    return function
