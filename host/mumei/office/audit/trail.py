"""Writes the audit trail: entries are chained as they are added, in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, SessionTransaction

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.entry import AuditEntry, entry_digest, link_after
from mumei.office.audit.signer import SESSION_KEY, Signer, current_signer
from mumei.office.database.engine import ForeignSchemaError
from mumei.office.database.models import AuditRow
from mumei.office.database.models_audit import AuditHeadRow

_HEAD: Final = "mumei_audit_head"
_PAGE: Final = 1000


def record(
    session: Session,
    *,
    at: datetime,
    clerk: str,
    action: AuditAction,
    resident: int | None = None,
    enrolment: int | None = None,
    card: int | None = None,
    order: int | None = None,
    plan: int | None = None,
    case: int | None = None,
    approval: int | None = None,
    about: str | None = None,
    digest: bytes | None = None,
) -> AuditEntry:
    """Add an entry; it becomes part of the chain when the transaction is committed, and is gone if it is not.

    The first entry of a transaction locks the chain to the transaction's end (on SQLite, the write lock has done
    so already): on PostgreSQL take every other lock before, so that two offices never wait for each other.
    ``clerk`` is 1..50 characters; ``about`` and ``digest`` as :class:`AuditEntry` has them. An entry of the clerk
    whose session it is (:mod:`mumei.office.audit.signer`) is signed with that clerk's key.
    """
    head = lock(session)
    entry = AuditEntry(
        number=head.number + 1,
        at=at,
        clerk=clerk,
        action=action,
        resident=resident,
        enrolment=enrolment,
        card=card,
        order=order,
        plan=plan,
        case=case,
        approval=approval,
        about=about,
        digest=digest,
    )
    hashed = entry_digest(entry.to_body(head.link))
    signature = _signature(session, clerk, hashed)
    row = AuditRow(
        id=entry.number,
        at=at,
        clerk=clerk,
        action=action.value,
        resident_id=resident,
        enrolment_id=enrolment,
        card_id=card,
        order_id=order,
        plan_id=plan,
        case_id=case,
        approval_id=approval,
        about=about,
        digest=digest,
        previous=head.link,
        link=link_after(hashed, signature),
        signature=signature,
    )
    session.add(row)
    head.number, head.link = row.id, row.link
    return AuditEntry.from_row(row)


def rows_after(session: Session, number: int) -> Iterator[AuditRow]:
    """The entries behind this one, in order; memory stays flat. Raises ForeignSchemaError for what is none."""
    query = select(AuditRow).where(AuditRow.id > number).order_by(AuditRow.id)
    try:
        yield from session.scalars(query.execution_options(yield_per=_PAGE, populate_existing=True))
    except (ValueError, TypeError):
        # SQLite takes any value for any column.
        raise ForeignSchemaError(
            "an entry of the audit trail cannot be read: somebody wrote to the database",
            hint="Tell the auditor; restore the registry from its backup.",
        ) from None


def head_of(session: Session) -> AuditHeadRow:
    """How far the chain is. Raises ForeignSchemaError where somebody took its head."""
    return _there(session.scalar(select(AuditHeadRow)))


def lock(session: Session) -> AuditHeadRow:
    """Lock the chain to the transaction's end and return its head. Again in one transaction costs nothing."""
    # A savepoint that is rolled back lets go of locks taken inside, so the innermost transaction counts.
    innermost = session.get_nested_transaction() or session.get_transaction()
    held: tuple[SessionTransaction | None, AuditHeadRow] | None = session.info.get(_HEAD)
    if held is not None and innermost is not None and held[0] is innermost:
        return held[1]
    head = session.scalar(select(AuditHeadRow).with_for_update().execution_options(populate_existing=True))
    session.info[_HEAD] = (session.get_nested_transaction() or session.get_transaction(), _there(head))
    return _there(head)


def _there(head: AuditHeadRow | None) -> AuditHeadRow:
    if head is None:
        raise ForeignSchemaError("the audit trail has no head", hint="Restore the registry from its backup.")
    return head


def _signature(session: Session, clerk: str, digest: bytes) -> bytes | None:
    signer: Signer | None = session.info.get(SESSION_KEY) or current_signer()
    return signer.sign(digest) if signer is not None and signer.name == clerk else None
