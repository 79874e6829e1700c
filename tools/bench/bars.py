"""A bar, what was measured against it, and the details that make the figure checkable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

#: Presentations of the batch, and visits of which a median is taken.
MANY: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of the table: the figure must be at most ``limit``, or below it where ``strict``.

    ``measured`` is None where it could not be measured; ``note`` then says what to install. ``by_design``: why the
    design lets this bar be missed; such a miss is shown, and fails no run.
    """

    what: str
    measured: float | None
    limit: float
    unit: str = ""
    digits: int = 2
    strict: bool = False
    note: str = ""
    by_design: str = ""

    @property
    def is_met(self) -> bool:
        if self.measured is None:
            return False
        return self.measured < self.limit if self.strict else self.measured <= self.limit

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return f"not measured: {self.note}"
        if self.is_met:
            return "met"
        return f"MISSED by design: {self.by_design}" if self.by_design else "MISSED"

    @property
    def holds(self) -> bool:
        """Whether it is met, or measured and missed by design."""
        return self.is_met or (self.measured is not None and bool(self.by_design))

    @property
    def measured_words(self) -> str:
        return "-" if self.measured is None else f"{self.measured:.{self.digits}f}{self._suffix}"

    @property
    def limit_words(self) -> str:
        return f"{'below' if self.strict else 'at most'} {self.limit:g}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return f" {self.unit}" if self.unit else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A small table under the bars: how a figure came about. ``said`` says it in sentences."""

    title: str
    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The bars that one measurement serves, and its details."""

    bars: tuple[Bar, ...]
    details: tuple[Details, ...]


#: Says what is being done, to whoever waits.
Progress = Callable[[str], None]
