"""What a check of the suite carries beside its code: clauses, the cards it can run on, and what it wears out.

A check is a test function whose first parameter is ``card``. It sends octets and judges answers; what it needs to
know of the card is on the bench. Checks are found by pytest as tests, and by :func:`checks` as data.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW

Function = TypeVar("Function", bound=Callable[..., None])

ANY: Final = (ISSUED, DEVELOPMENT, NEW)
"""A check that says nothing runs on any card, best on one in use."""

ISO: Final = "ISO/IEC 7816-4:2005"
ISO3: Final = "ISO/IEC 7816-3:2006"
ICAO10: Final = "ICAO Doc 9303-10 (8th ed.)"
TR2: Final = "BSI TR-03110-2 v2.21"
TR3: Final = "BSI TR-03110-3 v2.21"
GP: Final = "GlobalPlatform Card Specification 2.3"
AMD_D: Final = "GlobalPlatform Amendment D v1.1.2"
MUMEI: Final = "mumei protocol"


@dataclass(frozen=True, slots=True, order=True)
class Clause:
    """``about``: what of the clause is checked."""

    standard: str
    section: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One named check. ``cards``: kinds it can run on, the best first. ``wears``: what it uses up, or nothing."""

    name: str
    function: Callable[..., None]
    values: tuple[Any, ...]
    clauses: tuple[Clause, ...]
    cards: tuple[str, ...]
    wears: str


def clause(standard: str, section: str, about: str) -> Callable[[Function], Function]:
    """The check is about this clause. May stand several times."""

    def mark(function: Function) -> Function:
        vars(function).setdefault("clauses", []).insert(0, Clause(standard, section, about))
        return function

    return mark


def on(*kinds: str) -> Callable[[Function], Function]:
    """The check needs one of these cards, the best first."""
    return _marked("kinds", kinds)


def wears(what: str) -> Callable[[Function], Function]:
    """The check leaves a card that is not as it was: it gets one of its own, or is asked for."""
    return _marked("wears", what)


def cases(**named: Any) -> Callable[[Function], Function]:
    """The check runs once for each name; a tuple gives several further parameters."""
    return _marked(
        "cases", {name: value if isinstance(value, tuple) else (value,) for name, value in named.items()}
    )


def clauses_by_case(**clauses: tuple[Clause, ...]) -> Callable[[Function], Function]:
    """Further clauses of single cases."""
    return _marked("case_clauses", clauses)


def clauses_of(function: Callable[..., None], case: str = "") -> tuple[Clause, ...]:
    """The clauses of a check; none for a function that is no check."""
    marks = vars(function)
    return (*marks.get("clauses", ()), *marks.get("case_clauses", {}).get(case, ()))


def _marked(name: str, value: Any) -> Callable[[Function], Function]:
    def mark(function: Function) -> Function:
        vars(function)[name] = value
        return function

    return mark


def parameters_of(function: Callable[..., None]) -> list[str]:
    """The parameters that cases fill: all after ``card``."""
    return list(inspect.signature(function).parameters)[1:]


def checks_of(function: Callable[..., None]) -> Iterator[Check]:
    """The checks that a function is: one, or one a case."""
    marks = vars(function)
    for name, values in marks.get("cases", {"": ()}).items():
        yield Check(
            name=f"{function.__name__}[{name}]" if name else function.__name__,
            function=function,
            values=values,
            clauses=clauses_of(function, name),
            cards=marks.get("kinds", ANY),
            wears=marks.get("wears", ""),
        )


def checks() -> tuple[Check, ...]:
    """Every check of the suite, by module and place."""
    found: dict[str, Check] = {}
    for path in sorted(Path(__file__).parent.glob("test_[0-9]*.py")):
        module = importlib.import_module(f"tests.conformance.{path.stem}")
        for function in vars(module).values():
            if inspect.isfunction(function) and "clauses" in vars(function):
                for check in checks_of(function):
                    assert check.name not in found, f"two checks are called {check.name}"
                    found[check.name] = check
    return tuple(found.values())
