"""The options in which a question, or the right to ask it, is put: the same words for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import click

from mumei.terminal import question
from mumei_core.commands.request import Predicate
from mumei_core.credential import ATTRIBUTES
from mumei_core.dates import MAX_AGE

Command = Callable[..., Any]
_AGE = click.IntRange(1, MAX_AGE)
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_NAMES = [attribute.name.replace("_", "-") for attribute in ATTRIBUTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the shared options say."""

    predicates: tuple[Predicate, ...]
    disclose: tuple[int, ...]
    pseudonym: bool


def question_options(function: Command) -> Command:
    """Add --over, --under, --born-before, --born-after, --show and --pseudonym; the command gets ``asked``."""

    def wrapper(
        *args: Any,
        over: tuple[int, ...],
        under: tuple[int, ...],
        born_before: tuple[datetime, ...],
        born_after: tuple[datetime, ...],
        show: tuple[str, ...],
        pseudonym: bool,
        **kwargs: Any,
    ) -> Any:
        predicates: list[Predicate] = [question.over(years) for years in over]
        predicates += [question.under(years) for years in under]
        predicates += [question.born_before(_date(day)) for day in born_before]
        predicates += [question.born_after(_date(day)) for day in born_after]
        asked = Asked(
            predicates=tuple(predicates),
            disclose=tuple(sorted({_NAMES.index(name) for name in show})),
            pseudonym=pseudonym,
        )
        return function(*args, asked=asked, **kwargs)

    wrapper.__doc__ = function.__doc__
    wrapper.__name__ = function.__name__
    wrapper.__dict__.update(function.__dict__)
    options = (
        click.option("--over", type=_AGE, multiple=True, metavar="AGE", help="AGE or over. May be repeated."),
        click.option("--under", type=_AGE, multiple=True, metavar="AGE", help="Under AGE. May be repeated."),
        click.option(
            "--born-before", type=_DAY, multiple=True, metavar="DATE", help="Born before DATE; needs the PIN."
        ),
        click.option(
            "--born-after", type=_DAY, multiple=True, metavar="DATE", help="Born after DATE; needs the PIN."
        ),
        click.option("--show", type=click.Choice(_NAMES), multiple=True, help="Show this attribute."),
        click.option("--pseudonym", is_flag=True, help="The same person as last time, at this place only."),
    )
    decorated: Command = wrapper
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def _date(day: datetime) -> date:
    return day.date()
