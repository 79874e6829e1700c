"""What a row of the tables of checks is: one check, the mutant without it, and the forgery that then passes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest
from tests.fixtures.crypto_world import answer, verifier
from tests.negative.mutants import Mutation

from mumei_core.errors import InvalidProof, MumeiError

Attempt = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``raises``: text of the statement in ``module`` that refuses. ``forgery`` is called where the check is
    missing and gives the attempt, which passes there and is refused by ours with ``reason``.

    ``redundant`` says which other check refuses the same: the attempt must fail without this one as well.
    """

    name: str
    module: ModuleType
    raises: str
    mutations: tuple[Mutation, ...]
    forgery: Callable[[], Attempt]
    reason: str
    redundant: str = ""

    def prove(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Fails the test unless the forgery passes without the check and is refused with it."""
        with monkeypatch.context() as mutant:
            for mutation in self.mutations:
                mutation.apply(mutant)
            attempt = self.forgery()
            if self.redundant:
                with pytest.raises(Exception):  # noqa: B017 - whatever stops it
                    attempt()
            else:
                attempt()
        with pytest.raises(MumeiError) as caught:
            attempt()
        refusal = caught.value
        assert self.reason in (refusal.reason if isinstance(refusal, InvalidProof) else str(refusal))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCheck:
    """A statement that refuses nothing hostile: why it needs no forgery."""

    module: ModuleType
    raises: str
    why: str


def refusals(module: ModuleType, functions: Iterable[str] = ()) -> Iterator[str]:
    """The source of every statement of a module, or of some functions, that refuses: raise and expect_…"""
    source = inspect.getsource(module)
    wanted = set(functions)
    for top in ast.walk(ast.parse(source)):
        if not isinstance(top, ast.FunctionDef) or (wanted and top.name not in wanted):
            continue
        for node in ast.walk(top):
            refuses = isinstance(node, ast.Raise) and node.exc is not None
            called = node.func if isinstance(node, ast.Call) else None
            expects = isinstance(called, ast.Name) and called.id.startswith("expect_")
            if refuses or expects:
                yield ast.get_source_segment(source, node) or ""


def present_and_verify(octets: bytes) -> Attempt:
    """An honest answer to request octets as they are, shown to our verifier."""
    wire = answer(octets)
    return lambda: verifier().verify(octets, wire)


def show_to_verifier(octets: bytes, wire: bytes) -> Attempt:
    return lambda: verifier().verify(octets, wire)
