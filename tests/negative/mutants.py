"""Makes a mutant of one function: the same source with one piece of text replaced.

So an attack can be shown to work where exactly one check is missing. A piece that is not found exactly once fails
the test: the check has moved or is gone, and the table that names it has to follow.
"""

from __future__ import annotations

import inspect
import textwrap
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """In ``owner.name``, a function as a module sees it or a class's method, ``old`` becomes ``new``."""

    owner: ModuleType | type
    name: str
    old: str
    new: str

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = inspect.getattr_static(self.owner, self.name)
        function = raw.__func__ if isinstance(raw, classmethod | staticmethod) else raw
        source = textwrap.dedent(inspect.getsource(function))
        found = source.count(self.old)
        assert found == 1, f"{self.name}: {self.old!r} stands {found} times in its source, not once"
        code = compile(
            "from __future__ import annotations\n" + source.replace(self.old, self.new),
            f"<mutant of {self.name}>",
            "exec",
        )
        made: dict[str, Any] = {}
        exec(code, function.__globals__, made)
        monkeypatch.setattr(self.owner, self.name, made[function.__name__])


def without(owner: object, name: str, condition: str, new: str = "if False:") -> tuple[Mutation, ...]:
    return (Mutation(owner=owner, name=name, old=condition, new=new),)  # type: ignore[arg-type]
