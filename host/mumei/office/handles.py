"""The handles of enrolments as trustees know them, and how many have confirmed each (protocol 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mumei.office.database.models import EnrolmentRow
from mumei.office.database.models_cases import ConfirmationRow, HandleRow
from mumei.office.database.models_issuing import IssuingRow
from mumei.trustee.handles import SealedHandle
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.hashing import serialize


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """So many trustees ``have`` confirmed, so many are ``needed``: 0 for a card that made no shares."""

    enrolment: int
    resident: int
    valid_until: int
    have: int
    needed: int

    @property
    def revocable(self) -> bool:
        """Whether enough trustees hold their shares."""
        return 0 < self.needed <= self.have


def sealed_handle(issuing: IssuingRow) -> SealedHandle | None:
    """What the card gave at its enrolment; None for one that made no shares."""
    answer = EnrolmentAnswer.from_octets(issuing.answer) if issuing.answer is not None else None
    if answer is None or answer.linked is None:
        return None
    return SealedHandle(
        commitment=answer.commitment.C.to_octets(),
        points=serialize(*answer.linked.F),
        shares=answer.linked.sealed,
        trustees=answer.linked.trustee_list,
    )


def handle_row(session: Session, enrolment: int, handle: SealedHandle) -> HandleRow:
    """The handle's row, made where there is none."""
    row = session.get(HandleRow, enrolment)
    if row is None:
        row = HandleRow(enrolment_id=enrolment, digest=handle.digest)
        session.add(row)
        session.flush()
    return row


def unexpired(
    session: Session, day: int, *, resident: int | None = None
) -> list[tuple[EnrolmentRow, IssuingRow | None]]:
    """Enrolments whose cards may hold a credential that is good on ``day``, oldest first.

    From the moment on that the day is asked for: a signature may have reached the card though nothing says so.
    """
    query = (
        select(EnrolmentRow, IssuingRow)
        .outerjoin(IssuingRow, IssuingRow.enrolment_id == EnrolmentRow.id)
        .where(EnrolmentRow.valid_until >= day)
        .order_by(EnrolmentRow.id)
    )
    if resident is not None:
        query = query.where(EnrolmentRow.resident_id == resident)
    return [(enrolment, issuing) for enrolment, issuing in session.execute(query)]


def confirmed(session: Session, enrolment: EnrolmentRow, issuing: IssuingRow | None) -> Confirmed:
    """How an enrolment stands."""
    handle = sealed_handle(issuing) if issuing is not None else None
    query = select(func.count()).where(ConfirmationRow.enrolment_id == enrolment.id)
    return Confirmed(
        enrolment=enrolment.id,
        resident=enrolment.resident_id,
        valid_until=enrolment.valid_until or 0,
        have=session.scalar(query) or 0,
        needed=handle.t if handle is not None else 0,
    )
