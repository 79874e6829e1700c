"""``mumei office approvals | approve | refuse``: what takes two persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import click

from mumei.cli.office.options import read_option, registry_option, session_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.office.clerks.approvals import Approval, Approvals, ApprovalState, Operation
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLine:
    """A request in a list. ``subject`` is the number of a resident or, for WIPE, of a card."""

    number: int
    operation: Operation
    subject: int
    state: ApprovalState
    requester: str
    decider: str | None
    expires_at: datetime

    @classmethod
    def of(cls, found: Approval) -> ApprovalLine:
        return cls(
            number=found.number,
            operation=found.operation,
            subject=found.subject,
            state=found.state,
            requester=found.requester,
            decider=found.decider,
            expires_at=found.expires_at,
        )

    def text(self) -> str:
        """One line."""
        decided = f", by {self.decider}" if self.decider else ""
        return (
            f"{self.number:>4}  {self.operation} of {self.operation.kind} {self.subject}, asked by"
            f" {self.requester}: {self.state}{decided}, until {self.expires_at:%Y-%m-%d %H:%M}Z"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalList:
    """Requests, oldest first."""

    approvals: tuple[ApprovalLine, ...]

    def text(self) -> str:
        """One line a request."""
        return "\n".join(line.text() for line in self.approvals) or "nothing waits for approval"


@click.command()
@registry_option
@read_option(Right.SEE_APPROVALS)
@click.option("--all", "every", is_flag=True, help="Those too that are decided, used or expired.")
@json_option
def approvals(registry: str, every: bool, as_json: bool) -> None:
    """List what waits for a second person.

    \b
    Examples:
      mumei office approvals --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        found = Approvals(open_registry).all(open_only=not every)
    emit(ApprovalList(approvals=tuple(map(ApprovalLine.of, found))), as_json=as_json)


@click.command()
@click.argument("number", type=int)
@registry_option
@session_option(Right.APPROVE)
@json_option
def approve(number: int, registry: str, clerk: ClerkSession, as_json: bool) -> None:
    """Approve request NUMBER of somebody else. They can then do it, once, within a day of asking.

    \b
    Examples:
      mumei office approve 3 --registry ward.db
    """
    _decide(number, registry, clerk, approve=True, as_json=as_json)


@click.command()
@click.argument("number", type=int)
@registry_option
@session_option(Right.APPROVE)
@json_option
def refuse(number: int, registry: str, clerk: ClerkSession, as_json: bool) -> None:
    """Refuse request NUMBER of somebody else.

    \b
    Examples:
      mumei office refuse 3 --registry ward.db
    """
    _decide(number, registry, clerk, approve=False, as_json=as_json)


def _decide(number: int, registry: str, clerk: ClerkSession, *, approve: bool, as_json: bool) -> None:
    with Registry.open(registry) as open_registry:
        decided = Approvals(open_registry).decide(number, approve=approve, by=clerk)
    emit(ApprovalLine.of(decided), as_json=as_json)
