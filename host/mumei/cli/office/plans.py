"""``mumei office plan list | show | cancel``: what was begun at the counter, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import click

from mumei.cli.office.options import clerk_option, read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.office.clerks.roles import Right
from mumei.office.counter.cancelling import cancel_plan
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import Plan, Value
from mumei.office.database.models_plans import PlanKind, PlanState, StepState
from mumei.office.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step of a plan."""

    name: str
    state: StepState
    attempts: int
    workstation: str
    at: datetime
    result: dict[str, Value]

    def text(self) -> str:
        found = ", ".join(f"{name} {value}" for name, value in self.result.items())
        again = f", {self.attempts} attempts" if self.attempts > 1 else ""
        return f"  {self.at:%H:%M:%S}Z  {self.name}: {self.state.lower()} at {self.workstation}{again}" + (
            f" ({found})" if found else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanShown:
    """A plan and its journal."""

    plan: int
    kind: PlanKind
    state: PlanState
    resident: int
    clerk: str
    begun_at: datetime
    workstation: str | None
    steps: tuple[StepLine, ...]

    @classmethod
    def of(cls, plan: Plan, *, steps: bool = True) -> PlanShown:
        return cls(
            plan=plan.number,
            kind=plan.kind,
            state=plan.state,
            resident=plan.resident_number,
            clerk=plan.clerk,
            begun_at=plan.started_at,
            workstation=plan.workstation,
            steps=tuple(
                StepLine(
                    name=step.name,
                    state=step.state,
                    attempts=step.attempts,
                    workstation=step.workstation,
                    at=step.changed_at,
                    result=dict(step.result),
                )
                for step in (plan.steps if steps else ())
            ),
        )

    def text(self) -> str:
        head = (
            f"Plan {self.plan}: {self.kind.lower()} for resident {self.resident}, {self.state.lower()},"
            f" begun {self.begun_at:%Y-%m-%d %H:%M}Z by {self.clerk}"
            + (f", held by {self.workstation}" if self.workstation else "")
        )
        return "\n".join([head, *(step.text() for step in self.steps)])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansShown:
    """A page of plans."""

    plans: tuple[PlanShown, ...]

    def text(self) -> str:
        return "\n".join(plan.text() for plan in self.plans) or "no plans"


@click.group()
def plan() -> None:
    """What was begun at the counter, and how far it is."""


@plan.command("list")
@registry_option
@click.option("--resident", type=int, metavar="NUMBER", help="Only this resident's.")
@click.option("--all", "everything", is_flag=True, help="Finished and cancelled ones too.")
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this plan.")
@click.option("--limit", default=100, show_default=True, help="Longest page.")
@read_option(Right.SEE_RESIDENTS)
@json_option
def list_plans(
    registry: str, resident: int | None, everything: bool, after: int, limit: int, as_json: bool
) -> None:
    """List what is not finished. The command that began a plan goes on with it.

    \b
    Examples:
      mumei office plan list --registry ward.db
      mumei office plan list --registry ward.db --resident 1 --all
    """
    with Registry.open(registry) as open_registry:
        found = Journal(open_registry, clerk="-").plans(
            resident_number=resident, unfinished=not everything, after=after, limit=limit
        )
    emit(PlansShown(plans=tuple(PlanShown.of(one, steps=False) for one in found)), as_json=as_json)


@plan.command()
@click.argument("number", type=int)
@registry_option
@read_option(Right.SEE_RESIDENTS)
@json_option
def show(number: int, registry: str, as_json: bool) -> None:
    """Show a plan with the journal of its steps.

    \b
    Examples:
      mumei office plan show 7 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        found = Journal(open_registry, clerk="-").plan(number)
    emit(PlanShown.of(found), as_json=as_json)


@plan.command()
@click.argument("number", type=int)
@registry_option
@click.option(
    "--take-over", is_flag=True, help="Although another workstation, now dead, seems to work on it."
)
@clerk_option(Right.ISSUE_CARDS)
@json_option
def cancel(number: int, registry: str, take_over: bool, clerk: str, as_json: bool) -> None:
    """Take back what plan NUMBER has done, as far as that can be.

    \b
    Examples:
      mumei office plan cancel 7 --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        found = cancel_plan(open_registry, number, clerk=clerk, take_over=take_over, progress=progress)
    emit(PlanShown.of(found), as_json=as_json)
