"""Who may do what in a ward office: the one table of rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mumei_core.errors import UsageError


class Role(StrEnum):
    """A clerk's duty. Only CLERK and SUPERVISOR go together: the others watch over those, or see no resident."""

    CLERK = "CLERK"
    SUPERVISOR = "SUPERVISOR"
    AUDITOR = "AUDITOR"
    IT = "IT"


class Right(StrEnum):
    """What a command does, as its refusal words it: "may not ..."."""

    SEE_RESIDENTS = "see residents"
    CHANGE_RESIDENTS = "put residents on record or change them"
    ISSUE_CARDS = "issue and renew cards"
    SERVE_CARDS = "change, unblock and take back cards"
    REPORT_LOST = "report cards lost and found"
    RUN_BATCHES = "run orders of cards"
    EXPORT_CASES = "hand cases to the trustees"
    APPROVE = "approve what takes two persons"
    SEE_APPROVALS = "see what waits for approval"
    SEE_TRAIL = "read the audit trail"
    SEE_CLERKS = "see who the clerks are"
    MANAGE_CLERKS = "add, change and disable clerks"
    MANAGE_REGISTRY = "look after the registry and its keys"
    SEAL_TRAIL = "seal the audit trail"
    OWN_ACCOUNT = "log in and change the own password"


_CLERK: Final = frozenset(
    {
        Right.SEE_RESIDENTS,
        Right.CHANGE_RESIDENTS,
        Right.ISSUE_CARDS,
        Right.SERVE_CARDS,
        Right.REPORT_LOST,
        Right.RUN_BATCHES,
        Right.SEE_APPROVALS,
        Right.OWN_ACCOUNT,
    }
)

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        Role.CLERK: _CLERK,
        Role.SUPERVISOR: _CLERK | {Right.APPROVE, Right.EXPORT_CASES, Right.SEE_TRAIL, Right.SEE_CLERKS},
        Role.AUDITOR: frozenset({Right.SEE_TRAIL, Right.SEE_APPROVALS, Right.SEE_CLERKS, Right.OWN_ACCOUNT}),
        Role.IT: frozenset(
            {
                Right.MANAGE_CLERKS,
                Right.SEE_CLERKS,
                Right.MANAGE_REGISTRY,
                Right.SEAL_TRAIL,
                Right.OWN_ACCOUNT,
            }
        ),
    }
)
"""The table. An auditor changes nothing but the own password; IT sees no resident."""

_TOGETHER: Final = frozenset({Role.CLERK, Role.SUPERVISOR})


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """All that these roles allow."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


def check_roles(roles: frozenset[Role]) -> None:
    """Raise UsageError for no role, or for roles that one person must not have together."""
    if not roles:
        raise UsageError("a clerk has a role", hint=f"Give one of {', '.join(Role)}.")
    if len(roles) > 1 and not roles <= _TOGETHER:
        raise UsageError(
            f"one person cannot be {' and '.join(sorted(roles))}",
            hint="Auditors and IT have no other role; CLERK and SUPERVISOR go together.",
        )


def roles_with(right: Right) -> tuple[Role, ...]:
    """The roles that allow it, in the order of the table."""
    return tuple(role for role in Role if right in RIGHTS[role])


def to_text(roles: Iterable[Role]) -> str:
    """As the registry keeps them: in order, commas between."""
    present = frozenset(roles)
    return ",".join(role.value for role in Role if role in present)


def from_text(text: str) -> frozenset[Role]:
    """The inverse of :func:`to_text`."""
    return frozenset(map(Role, text.split(",")))
