"""Ending what was begun at the counter and will not be finished: plans, and enrolments with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from mumei.office.counter.enrol import BEGIN, ENROL, Till
from mumei.office.counter.give_back import GIVE_BACK
from mumei.office.counter.journal import Journal
from mumei.office.counter.lost import FOUND, LOST
from mumei.office.counter.plan import Flow, Plan, Progress, cancel, say_nothing
from mumei.office.counter.renew import CHANGE, RENEW
from mumei.office.counter.unblock import UNBLOCK
from mumei.office.database.models_plans import PlanKind
from mumei.office.registry import Registry

FLOWS: Final[Mapping[PlanKind, Flow[Any]]] = MappingProxyType(
    {flow.kind: flow for flow in (ENROL, RENEW, CHANGE, UNBLOCK, LOST, FOUND, GIVE_BACK)}
)
"""Every flow of the counter, by the kind of its plans."""


_MAKE_ENROLMENTS: Final = frozenset({PlanKind.ENROL, PlanKind.RENEW, PlanKind.CHANGE})


def cancel_enrolment(registry: Registry, enrolment: int, *, clerk: str) -> None:
    """End an open enrolment, and the plan that it belongs to. Again is fine.

    Raises as :meth:`Registry.cancel_enrolment` and :func:`cancel_plan`.
    """
    record = registry.enrolment(enrolment)
    for plan in Journal(registry, clerk=clerk).plans(resident_number=record.resident_number, unfinished=True):
        if (
            plan.kind is PlanKind.ENROL
            and plan.is_done(BEGIN)
            and plan.integer(BEGIN, "enrolment") == enrolment
        ):
            cancel_plan(registry, plan.number, clerk=clerk)
    registry.cancel_enrolment(enrolment, clerk=clerk)


def cancel_plan(
    registry: Registry, number: int, *, clerk: str, take_over: bool = False, progress: Progress = say_nothing
) -> Plan:
    """Take a plan back as far as it can be. Raises as :meth:`Journal.resume` and :func:`cancel`."""
    hold = Journal(registry, clerk=clerk).resume(number, take_over=take_over)
    back = Till(registry=registry, clerk=clerk)
    return cancel(FLOWS[hold.plan.kind], hold, back, progress=progress)
