"""Options that many commands share: which card, and JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from mumei.cli.tracing import through_trace
from mumei.transport.base import ANSWER_LIMIT, CardConnection
from mumei_core.errors import UsageError

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlace:
    """Where the card is: a card file, or a reader.

    Attributes:
        card: file of a simulated card; ``None`` for a real reader.
        reader: pattern for the reader's name; ``None`` for the only reader with a card.
        wait: seconds to wait for a card in the reader.
        patience: seconds that the card may take for one answer.
        simulation: options of the simulated card, as its provider names them.
    """

    card: Path | None = None
    reader: str | None = None
    wait: float = 0.0
    patience: float = ANSWER_LIMIT
    simulation: Mapping[str, str] = field(default_factory=dict)

    def open(self) -> CardConnection:
        """Hold the card; use as a context manager. Raises what opening a simulator or a reader raises."""
        return through_trace(self._open)

    def _open(self) -> CardConnection:
        if self.card is not None:
            from mumei.transport.simulator import open_simulator

            return open_simulator(self.card, options=self.simulation, answer_limit=self.patience)
        from mumei.transport.pcsc import open_reader

        return open_reader(self.reader, card_limit=self.wait, answer_limit=self.patience)


def card_options(function: Command) -> Command:
    """Add --card, --reader, --wait and the options of simulated cards; all come as one ``place: CardPlace``."""

    @functools.wraps(function)
    def wrapper(
        *args: Any,
        card: Path | None,
        reader: str | None,
        wait: float,
        patience: float,
        fault: str | None,
        chip: str | None,
        realtime: bool,
        **kwargs: Any,
    ) -> Any:
        if card is not None and (reader is not None or wait):
            raise UsageError(
                "--card names a simulated card, --reader and --wait a real one", hint="Give one of them."
            )
        simulation = _simulation(fault, chip, realtime=realtime)
        if card is None and simulation:
            raise UsageError(
                "--fault, --chip and --realtime are for simulated cards", hint="Name one with --card FILE."
            )
        place = CardPlace(card=card, reader=reader, wait=wait, patience=patience, simulation=simulation)
        return function(*args, place=place, **kwargs)

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
        click.option(
            "--patience",
            type=click.FloatRange(min=0.01, max=3600),
            default=ANSWER_LIMIT,
            show_default=True,
            metavar="SECONDS",
            help="How long the card may take for one answer.",
        ),
        click.option(
            "--fault",
            metavar="SCRIPT",
            help="Simulated cards: trouble on the way, as remove@3, mute@PRESENT or random:42. "
            "[the whole language: mumei-card faults]",
        ),
        click.option(
            "--chip",
            metavar="NAME",
            help="Simulated cards: the chip whose time is kept, as J3R180 or J3R180/java-card/contactless-424. "
            "[all of them: mumei-card chips]",
        ),
        click.option("--realtime", is_flag=True, help="Simulated cards: answer as slowly as the chip would."),
    )
    return _decorate(wrapper, options)


def _simulation(fault: str | None, chip: str | None, *, realtime: bool) -> dict[str, str]:
    """What the provider of simulated cards is told; nothing where no option was given."""
    named = {"fault": fault, "chip": chip, "realtime": "on" if realtime else None}
    return {name: value for name, value in named.items() if value is not None}


def json_option(function: Command) -> Command:
    """Add --json; the command gets ``as_json: bool``."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(function)


def _decorate(function: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        function = option(function)
    return function
