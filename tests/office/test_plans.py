"""The engine under every flow of the counter: wherever a process dies, another goes on, and nothing is doubled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.plans import registry as registry
from tests.fixtures.world import noon

from mumei.office.counter.journal import HeldPlan, Journal
from mumei.office.counter.plan import (
    Flow,
    LeaseLostError,
    Plan,
    PlanBusyError,
    PlanConflictError,
    Result,
    Step,
    cancel,
    carry_out,
)
from mumei.office.counter.workstation import Workstation
from mumei.office.database.models_plans import PlanKind, PlanState, StepState
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei_core.errors import DataError, UsageError


class PowerCut(BaseException):
    """The workstation goes dark."""


@dataclass
class Shelf:
    """Where steps put things: each puts one thing there, and finds it there when it is done again."""

    things: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    dies_in: str | None = None
    dies_after: bool = False

    def put(self, name: str) -> None:
        self.tried.append(name)
        if self.dies_in == name and not self.dies_after:
            raise PowerCut
        if name not in self.things:
            self.things.append(name)
        if self.dies_in == name:
            raise PowerCut

    def take(self, name: str) -> None:
        if self.dies_in == f"undo {name}" and not self.dies_after:
            raise PowerCut
        if name in self.things:
            self.things.remove(name)
        if self.dies_in == f"undo {name}":
            raise PowerCut


NAMES = ("order", "print", "hand over")


def _step(name: str) -> Step[Shelf]:
    def run(shelf: Shelf, _plan: Plan) -> Result:
        shelf.put(name)
        return {"place": shelf.things.index(name)}

    return Step(name=name, run=run, undo=lambda shelf, _plan: shelf.take(name))


FLOW = Flow(kind=PlanKind.ENROL, steps=tuple(map(_step, NAMES)), point_of_no_return="hand over")


def station(name: str, process: int = 1, machine: str = "") -> Workstation:
    return Workstation(name=name, machine=machine, process=process)


@pytest.fixture
def resident(registry: Registry) -> int:
    return registry.add_resident(sample_residents(noon().date())[0], clerk="sato").number


@pytest.fixture
def journal(registry: Registry) -> Journal:
    return Journal(registry, clerk="sato", workstation=station("counter-1"))


def begin(journal: Journal, resident: int, **options: Any) -> HeldPlan:
    return journal.begin(PlanKind.ENROL, resident, **options)


def test_all_steps_once_in_order(journal: Journal, resident: int) -> None:
    shelf, said = Shelf(), list[str]()
    carried = carry_out(FLOW, begin(journal, resident), shelf, progress=said.append)
    assert not carried.resumed
    assert shelf.tried == list(NAMES)
    plan = journal.plan(carried.plan.number)
    assert plan.state is PlanState.DONE and plan.workstation is None
    assert [(step.name, step.state, step.attempts) for step in plan.steps] == [
        (name, StepState.DONE, 1) for name in NAMES
    ]
    assert plan.integer("print", "place") == 1


@pytest.mark.parametrize("after", [False, True], ids=["before the deed", "after the deed"])
@pytest.mark.parametrize("name", NAMES)
def test_killed_in_any_step_another_workstation_goes_on(
    journal: Journal, registry: Registry, resident: int, name: str, after: bool
) -> None:
    shelf = Shelf(dies_in=name, dies_after=after)
    with pytest.raises(PowerCut):
        carry_out(FLOW, begin(journal, resident), shelf)
    shelf.dies_in = None
    other = Journal(registry, clerk="mori", workstation=station("counter-2"))
    with pytest.raises(PlanBusyError, match="counter-1") as busy:
        begin(other, resident)
    assert "--take-over" in busy.value.hint
    carried = carry_out(FLOW, begin(other, resident, take_over=True), shelf)
    assert carried.resumed == (carried.plan.steps != ())
    assert shelf.things == list(NAMES)
    # Only the step in which it died was done twice.
    assert {step.name: step.attempts for step in carried.plan.steps} == {
        known: 2 if known == name else 1 for known in NAMES
    }


class Dying:
    """A plan whose process dies at its n-th write, before or after it is on disk."""

    def __init__(self, hold: HeldPlan, at: int, *, after: bool) -> None:
        self._hold, self._at, self._after, self._count = hold, at, after, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._hold, name)
        return self._dying(found) if name in ("write", "begin_cancelling", "undone") else found

    def _dying(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._count += 1
            if self._count != self._at:
                return method(*args, **kwargs)
            if self._after:
                method(*args, **kwargs)
            raise PowerCut

        return call


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
def test_killed_at_any_write_of_the_journal(journal: Journal, resident: int, after: bool) -> None:
    writes = len(NAMES) + 1
    for at in range(1, writes + 1):
        shelf, hold = Shelf(), begin(journal, resident)
        with pytest.raises(PowerCut):
            carry_out(FLOW, Dying(hold, at, after=after), shelf)
        if journal.plan(hold.plan.number).state is PlanState.OPEN:
            carry_out(FLOW, begin(journal, resident, take_over=True), shelf)
        else:
            assert (at, after) == (writes, True)
        assert shelf.things == list(NAMES)
        assert journal.plan(hold.plan.number).state is PlanState.DONE
    assert journal.plans(unfinished=True) == ()


def test_an_error_lets_the_plan_go(journal: Journal, registry: Registry, resident: int) -> None:
    def refuse(_shelf: Shelf, _plan: Plan) -> Result:
        raise DataError("no", hint="Not so.")

    flow = Flow(kind=PlanKind.ENROL, steps=(_step("order"), Step(name="print", run=refuse)))
    with pytest.raises(DataError):
        carry_out(flow, begin(journal, resident), Shelf())
    other = Journal(registry, clerk="mori", workstation=station("counter-2"))
    assert carry_out(FLOW, begin(other, resident), Shelf(things=["order"])).resumed


def test_a_lease_expires(registry: Registry, resident: int, registry_path: Path) -> None:
    begin(Journal(registry, clerk="sato", workstation=station("counter-1")), resident)
    registry.close()
    for minutes, busy in ((4, True), (5, False)):
        moment = noon() + timedelta(minutes=minutes)
        with Registry.open(registry_path, clock=partial(_moment, moment)) as again:
            other = Journal(again, clerk="mori", workstation=station("counter-2"))
            if busy:
                with pytest.raises(PlanBusyError):
                    begin(other, resident)
            else:
                assert begin(other, resident).plan.steps == ()


def _moment(moment: datetime) -> datetime:
    return moment


def test_a_process_that_is_gone_is_seen_at_once(registry: Registry, resident: int) -> None:
    here = Workstation.this()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    dead = Workstation(name=here.name, machine=here.machine, process=ended.pid)
    begin(Journal(registry, clerk="sato", workstation=dead), resident)
    assert (
        carry_out(FLOW, begin(Journal(registry, clerk="sato"), resident), Shelf()).plan.state
        is PlanState.DONE
    )
    assert not here.is_gone()
    # Process numbers of other machines say nothing here.
    assert not Workstation(name="counter-9", machine="elsewhere", process=ended.pid).is_gone()


def test_who_lost_the_lease_writes_nothing_more(journal: Journal, registry: Registry, resident: int) -> None:
    sleeping = begin(journal, resident)
    other = Journal(registry, clerk="mori", workstation=station("counter-2"))
    awake = begin(other, resident, take_over=True)
    shelf = Shelf()
    with pytest.raises(LeaseLostError) as lost:
        carry_out(FLOW, sleeping, shelf)
    assert lost.value.hint and shelf.tried == []
    carry_out(FLOW, awake, shelf)
    with pytest.raises(LeaseLostError):
        sleeping.write(ends=True)


def test_one_unfinished_plan_of_a_kind(journal: Journal, resident: int) -> None:
    first = begin(journal, resident, arguments={"replacement": False})
    with pytest.raises(PlanConflictError, match="in another way") as conflict:
        begin(journal, resident, arguments={"replacement": True}, take_over=True)
    assert f"plan cancel {first.plan.number}" in conflict.value.hint
    first.release()
    assert begin(journal, resident, arguments={"replacement": False}).plan.number == first.plan.number


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_plan_is_cancelled_backwards(journal: Journal, resident: int, done: int) -> None:
    shelf = Shelf(dies_in=NAMES[done])
    with pytest.raises(PowerCut):
        carry_out(FLOW, begin(journal, resident), shelf)
    hold = begin(journal, resident, take_over=True)
    if NAMES[done] == FLOW.point_of_no_return:
        with pytest.raises(PlanConflictError, match="too far"):
            cancel(FLOW, hold, shelf)
        return
    plan = cancel(FLOW, hold, shelf)
    assert plan.state is PlanState.CANCELLED and shelf.things == []
    assert {step.state for step in plan.steps} == {StepState.UNDONE}
    with pytest.raises(PlanConflictError, match="cancelled"):
        journal.resume(plan.number)
    assert begin(journal, resident).plan.number != plan.number


@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_while_cancelling(journal: Journal, resident: int, after: bool) -> None:
    for at in range(1, 5):
        shelf = Shelf(dies_in="print", dies_after=True)
        with pytest.raises(PowerCut):
            carry_out(FLOW, begin(journal, resident), shelf)
        shelf.dies_in = None
        hold = begin(journal, resident, take_over=True)
        with pytest.raises(PowerCut):
            cancel(FLOW, Dying(hold, at, after=after), shelf)
        plan = journal.plan(hold.plan.number)
        if plan.state is PlanState.CANCELLING:
            hold = begin(journal, resident, take_over=True)
            with pytest.raises(PlanConflictError, match="cancelling"):
                carry_out(FLOW, hold, shelf)
        if plan.state is not PlanState.CANCELLED:
            plan = cancel(FLOW, begin(journal, resident, take_over=True), shelf)
        assert plan.state is PlanState.CANCELLED and shelf.things == []


def test_a_journal_keeps_short_values(journal: Journal, resident: int) -> None:
    hold = begin(journal, resident)
    hold.write(started="order")
    for result in ({"much": "x" * 600}, {"octets": b"secret"}):
        with pytest.raises(DataError):
            hold.write(done={"order": result})  # type: ignore[dict-item]
    assert journal.plan(hold.plan.number).step("order").state is StepState.STARTED  # type: ignore[union-attr]


def test_what_is_not_there(journal: Journal) -> None:
    with pytest.raises(NotFoundError):
        journal.plan(7)
    with pytest.raises(NotFoundError):
        journal.resume(7)
    with pytest.raises(NotFoundError):
        begin(journal, 7)


def test_a_flow_names_its_steps_apart() -> None:
    with pytest.raises(UsageError):
        Flow(kind=PlanKind.ENROL, steps=(_step("order"), _step("order")))
    with pytest.raises(UsageError):
        Flow(kind=PlanKind.ENROL, steps=(_step("order"),), point_of_no_return="print")


def test_a_workstation_says_its_process() -> None:
    here = Workstation.this()
    assert here.process == os.getpid() and Workstation.parse(str(here)) == here
