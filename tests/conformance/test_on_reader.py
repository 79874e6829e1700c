"""The guard before a card in a reader: only the very test card, and nothing that wears it out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tools.conformance.bench_file import DEVELOPMENT, ISSUED, NEW, BenchFile

from mumei.transport.base import CardConnection
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.inspection import inspect
from mumei_card.link.in_process import SoftwareCard
from mumei_core.errors import UsageError, WrongCardError

from .on_reader import RealReader
from .running import failures
from .suite import checks

KINDS = (ISSUED, NEW, DEVELOPMENT)
#: Where passwords are tried; the rest of the suite runs on one card of a kind in process already.
PASSWORDS = ("test_06_pace", "test_12_holder")


class Reader:
    """A reader in which one of the bench's cards lies."""

    def __init__(self, bench: BenchFile, kind: str) -> None:
        stored = Nvm.read(str(bench.folder / bench.cards[kind].file))
        self.nvm = Nvm.in_memory({name: stored.get(name) or b"" for name in stored.sizes()})
        self._card = SoftwareCard(self.nvm)
        self.asked_for: list[str] = []

    def open(self, pattern: str) -> CardConnection:
        self.asked_for.append(pattern)
        return SimulatedConnection(self._card, name=pattern)

    @property
    def records(self) -> dict[str, bytes]:
        return {name: self.nvm.get(name) or b"" for name in self.nvm.sizes()}


def target(bench: BenchFile, reader: Reader, serial: str, *, destructive: bool = False) -> RealReader:
    return RealReader(bench, reader="ACR", serial=serial, destructive=destructive, open_=reader.open)


@pytest.mark.parametrize("kind", KINDS)
def test_the_named_card_is_taken(bench: BenchFile, kind: str) -> None:
    reader = Reader(bench, kind)
    assert target(bench, reader, bench.cards[kind].serial).kinds == {kind}
    assert reader.asked_for == ["ACR"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("named", KINDS)
def test_another_card_is_refused_and_loses_nothing(bench: BenchFile, kind: str, named: str) -> None:
    if kind == named:
        return
    reader = Reader(bench, kind)
    before = inspect(reader.nvm)
    with pytest.raises(WrongCardError):
        target(bench, reader, bench.cards[named].serial)
    after = inspect(reader.nvm)
    assert after.pin_tries_left == before.pin_tries_left and after.puk_tries_left == before.puk_tries_left


@pytest.mark.parametrize("kind", [ISSUED, NEW])
def test_a_card_with_other_keys_is_refused(bench: BenchFile, kind: str) -> None:
    # The number can be copied from a card; its keys cannot.
    other = replace(bench.cards[kind], mac=bytes(range(16)).hex())
    changed = replace(bench, cards={**bench.cards, kind: other})
    with pytest.raises(WrongCardError):
        target(changed, Reader(bench, kind), other.serial)


@pytest.mark.parametrize("serial", ["", "00", "issued"])
def test_a_serial_that_the_bench_does_not_have(bench: BenchFile, serial: str) -> None:
    reader = Reader(bench, ISSUED)
    with pytest.raises(UsageError) as refused:
        target(bench, reader, serial)
    assert bench.cards[ISSUED].serial in refused.value.hint
    assert reader.asked_for == [], "no card was touched"


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_on_one_card_wears_no_password_out(bench: BenchFile, kind: str) -> None:
    reader = Reader(bench, kind)
    guarded = target(bench, reader, bench.cards[kind].serial)
    failed: dict[str, str] = {}
    tries: list[int] = []
    # What needs another card, or would wear this one out, does not apply.
    for check in checks():
        if not check.function.__module__.endswith(PASSWORDS):
            continue
        failed |= failures([check], guarded)
        state = inspect(reader.nvm)
        tries += [state.pin_tries_left, state.puk_tries_left]
    assert failed == {}
    assert min(tries) > 0
    state = inspect(reader.nvm)
    assert (state.pin_tries_left, state.puk_tries_left) == (3, 10)
    assert target(bench, reader, bench.cards[kind].serial).kinds == {kind}
