"""A plan: the named steps of one flow, each journalled before and after, carried out from wherever it stands.

A flow is a table of steps. Every step is idempotent: a process may die before it, in it or after it, and the step
is then done again, by any workstation. What a step has to remember it leaves as its result, a few short public
values; secrets are never among them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from mumei.office.database.models_plans import PlanKind, PlanState, StepState
from mumei_core.errors import DataError, HostEnvironmentError, MumeiError, UsageError

Value = str | int | bool
Result = Mapping[str, Value]
NOTHING: Final[Result] = {}
NO_STEPS: Final[Mapping[str, Result]] = {}


class PlanConflictError(DataError):
    """The plan is not in a state for this. Nothing was changed."""


class PlanBusyError(HostEnvironmentError):
    """Another workstation works on the plan."""


class LeaseLostError(HostEnvironmentError):
    """Another workstation took the plan over; this one has written nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """The journal's entry of one step. Moments are UTC."""

    name: str
    state: StepState
    attempts: int
    workstation: str
    result: Result
    started_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan on record. ``workstation`` and ``lease_until``: who works on it, None where nobody does."""

    number: int
    kind: PlanKind
    state: PlanState
    resident_number: int
    arguments: Result
    clerk: str
    workstation: str | None
    lease_until: datetime | None
    steps: tuple[StepRecord, ...]
    started_at: datetime
    changed_at: datetime

    def step(self, name: str) -> StepRecord | None:
        """The journal's entry of this step, if there is one."""
        return next((step for step in self.steps if step.name == name), None)

    def is_done(self, name: str) -> bool:
        """Whether the step needs not be done any more."""
        step = self.step(name)
        return step is not None and step.state is StepState.DONE

    def result(self, name: str) -> Result:
        """What the step left. Raises PlanConflictError where it is not done."""
        step = self.step(name)
        if step is None or step.state is not StepState.DONE:
            raise PlanConflictError(
                f"plan {self.number} has not done its step {name!r}", hint="Go on with the plan first."
            )
        return step.result

    def integer(self, step: str, name: str) -> int:
        """A number that the step left. Raises PlanConflictError."""
        found = self.result(step).get(name)
        if not isinstance(found, int):
            raise PlanConflictError(
                f"plan {self.number}: its step {step!r} left no {name}",
                hint="Cancel the plan and begin anew.",
            )
        return found


Desk = TypeVar("Desk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[Desk]):
    """``run`` does it, again if need be, and returns what later steps have to know. ``undo`` takes it back when the
    plan is cancelled, with what :func:`cancel` was given, for which less is needed than for doing it; it may be
    asked to although ``run`` was never finished; None where nothing is left of it. ``says``: for the clerk.
    ``only_looks``: nothing is changed by it, so that its beginning needs no entry. ``wanted``: whether this plan
    has the step at all.
    """

    name: str
    run: Callable[[Desk, Plan], Result]
    undo: Callable[[Any, Plan], None] | None = None
    says: str = ""
    only_looks: bool = False
    wanted: Callable[[Desk, Plan], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow(Generic[Desk]):
    """A kind of plan: its steps, in order. ``point_of_no_return``: from this step on it cannot be cancelled."""

    kind: PlanKind
    steps: tuple[Step[Desk], ...]
    point_of_no_return: str | None = None

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        if not names or len(set(names)) != len(names):
            raise UsageError("a flow has steps, each with a name of its own")
        if self.point_of_no_return is not None and self.point_of_no_return not in names:
            raise UsageError(f"{self.point_of_no_return!r} is no step of this flow")


class Hold(Protocol):
    """A plan held by this workstation: :class:`mumei.office.counter.journal.HeldPlan`."""

    @property
    def plan(self) -> Plan:
        """As it stands."""

    def write(
        self, *, done: Mapping[str, Result] = NO_STEPS, started: str | None = None, ends: bool = False
    ) -> Plan:
        """The end of steps, the next one's beginning, the plan's end: in one transaction."""

    def begin_cancelling(self) -> Plan:
        """From here on the plan only goes back."""

    def undone(self, name: str | None) -> Plan:
        """The step was taken back; None: all were, and the plan is cancelled."""

    def release(self) -> None:
        """Another workstation may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How a plan ended. ``resumed``: some of it had been done before."""

    plan: Plan
    resumed: bool

    @classmethod
    def of(cls, plan: Plan, *, resumed: bool) -> Self:
        return cls(plan=plan, resumed=resumed)


Progress = Callable[[str], None]


def say_nothing(_message: str) -> None:
    """For who wants no progress."""


def carry_out(flow: Flow[Desk], hold: Hold, desk: Desk, *, progress: Progress = say_nothing) -> Carried:
    """Do what is left of the plan.

    Raises what a step raises: the plan stays where it is and is let go, so that any workstation can go on; only one
    of which nothing was done yet is cancelled. Raises PlanConflictError for a plan that is over or being cancelled,
    and LeaseLostError.
    """
    with _released(hold, flow):
        if hold.plan.state is not PlanState.OPEN:
            raise PlanConflictError(
                f"plan {hold.plan.number} is {hold.plan.state.lower()}",
                hint="Begin a new one if one is needed.",
            )
        resumed = bool(hold.plan.steps)
        done: dict[str, Result] = {}
        for step in flow.steps:
            if hold.plan.is_done(step.name) or not (step.wanted is None or step.wanted(desk, hold.plan)):
                continue
            if not step.only_looks:
                hold.write(done=done, started=step.name)
                done = {}
            if step.says:
                progress(step.says)
            done[step.name] = step.run(desk, hold.plan)
        return Carried.of(hold.write(done=done, ends=True), resumed=resumed)


def cancel(flow: Flow[Desk], hold: Hold, back: object, *, progress: Progress = say_nothing) -> Plan:
    """Take back what was done, last step first; a cancellation that broke off goes on. ``back`` is for the steps.

    Raises PlanConflictError once the plan is over, or past its point of no return; and what taking back raises.
    """
    with _released(hold, None):
        plan = hold.plan
        if plan.state not in (PlanState.OPEN, PlanState.CANCELLING):
            raise PlanConflictError(
                f"plan {plan.number} is {plan.state.lower()}", hint="There is nothing to cancel."
            )
        final = flow.point_of_no_return
        if final is not None and plan.step(final) is not None:
            raise PlanConflictError(
                f"plan {plan.number} has gone too far to be cancelled: {final!r} was begun",
                hint="Finish it; then take the card back with 'mumei office return', or report it lost.",
            )
        plan = hold.begin_cancelling()
        for step in reversed(flow.steps):
            record = plan.step(step.name)
            if record is None or record.state is StepState.UNDONE:
                continue
            if step.undo is not None:
                progress(f"taking back: {step.name}")
                step.undo(back, plan)
            plan = hold.undone(step.name)
        return hold.undone(None)


@contextlib.contextmanager
def _released(hold: Hold, flow: Flow[Desk] | None) -> Iterator[None]:
    """An error lets the plan go; whoever is killed lets go of nothing, and is found out by the next."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        with contextlib.suppress(MumeiError):
            if flow is not None and _nothing_was_done(flow, hold.plan, error):
                hold.undone(None)
            else:
                hold.release()
        raise


def _nothing_was_done(flow: Flow[Desk], plan: Plan, error: BaseException) -> bool:
    """Whether steps have only looked, or the first that would have changed something was refused."""
    changing = [step for step in flow.steps if not step.only_looks and plan.step(step.name) is not None]
    if plan.state is not PlanState.OPEN or len(changing) > 1 or not isinstance(error, MumeiError):
        return False
    if not changing:
        return True
    first = plan.step(changing[0].name)
    refused = isinstance(error, DataError | UsageError)
    return refused and first is not None and first.state is StepState.STARTED and first.attempts == 1
