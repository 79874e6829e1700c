"""The registry's enrolments, step by step: each can break off and go on, none can be bent (protocol 2.2)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from mumei.office.database.models import AuditAction, EnrolmentRow, EnrolmentState
from mumei.office.records import EnrolmentConflictError, EnrolmentRecord
from mumei.office.registry_cards import CardRegistry
from mumei.office.registry_issuing import forget_unasked, is_renewal
from mumei.office.rows import (
    audit,
    check_lives_here,
    enrolment_row,
    is_open,
    locked_resident_row,
    open_enrolment_row,
    resident_row,
    step,
)
from mumei_core.dates import date_of, day_number, today
from mumei_core.errors import UsageError

_COMMITMENT_LIMIT: Final = 2048


class EnrolmentRegistry(CardRegistry):
    """Enrolments on record. A step asked for again, with the same values, answers what is on record."""

    def begin_enrolment(
        self, resident_number: int, *, clerk: str, replacement: bool = False
    ) -> EnrolmentRecord:
        """Begin an enrolment with a fresh 32-octet nonce, or answer the resident's open one to go on with.

        One person with two valid cards would be two pseudonyms at one place: where an earlier credential
        was signed and has not expired, EnrolmentConflictError, unless ``replacement`` says that the office
        has dealt with the old card. Raises NotFoundError for an unknown resident, ResidentStateError for one who
        moved out or died.
        """
        with self._writing(clerk) as session:
            # Locked, so that of two offices the second finds what the first began.
            check_lives_here(locked_resident_row(session, resident_number))
            rows = session.scalars(
                select(EnrolmentRow).where(EnrolmentRow.resident_id == resident_number)
            ).all()
            for row in rows:
                if is_open(row):
                    if is_renewal(session, row):
                        raise EnrolmentConflictError(
                            f"a renewal of this resident's card, enrolment {row.id}, is still open",
                            hint="Finish or cancel it first.",
                        )
                    audit(session, self._clock(), clerk, AuditAction.ENROLMENT_RESUMED, row)
                    return EnrolmentRecord.from_row(row)
            if not replacement:
                self._refuse_second_card(rows)
            now = self._clock()
            row = EnrolmentRow(
                resident_id=resident_number,
                state=EnrolmentState.STARTED.value,
                nonce=secrets.token_bytes(32),
                started_at=now,
                changed_at=now,
            )
            session.add(row)
            session.flush()
            action = AuditAction.REPLACEMENT_STARTED if replacement else AuditAction.ENROLMENT_STARTED
            audit(session, self._clock(), clerk, action, row)
            return EnrolmentRecord.from_row(row)

    def enrolment(self, number: int) -> EnrolmentRecord:
        """The enrolment with this record number. Raises NotFoundError."""
        with self._reading() as session:
            return EnrolmentRecord.from_row(enrolment_row(session, number))

    def enrolments_of(self, resident_number: int) -> tuple[EnrolmentRecord, ...]:
        """All enrolments of a resident, oldest first. Raises NotFoundError for an unknown resident."""
        query = (
            select(EnrolmentRow).where(EnrolmentRow.resident_id == resident_number).order_by(EnrolmentRow.id)
        )
        with self._reading() as session:
            resident_row(session, resident_number)
            return tuple(EnrolmentRecord.from_row(row) for row in session.scalars(query))

    def record_commitment(self, number: int, commitment: bytes, *, clerk: str) -> EnrolmentRecord:
        """Bind the enrolment to the one commitment (1..2048 octets) that a card made for its nonce.

        The same one again is fine. Raises EnrolmentConflictError for another one, for one that another
        enrolment has, and after the end of the enrolment; NotFoundError.
        """
        if not 1 <= len(commitment) <= _COMMITMENT_LIMIT:
            raise UsageError(f"a commitment is 1 to {_COMMITMENT_LIMIT} octets")
        with self._writing(clerk) as session:
            row = open_enrolment_row(session, number)
            if row.commitment is not None:
                if not hmac.compare_digest(row.commitment, commitment):
                    raise EnrolmentConflictError(
                        f"enrolment {number} is bound to another commitment",
                        hint="Put back the card that began, or cancel this enrolment and begin anew.",
                    )
                return EnrolmentRecord.from_row(row)
            if (
                session.scalar(select(EnrolmentRow.id).where(EnrolmentRow.commitment == commitment))
                is not None
            ):
                raise EnrolmentConflictError(
                    "this commitment belongs to another enrolment",
                    hint="Use a new card, or go on with the enrolment that the card began.",
                )
            row.commitment = commitment
            step(row, EnrolmentState.COMMITTED, self._clock())
            audit(session, self._clock(), clerk, AuditAction.COMMITMENT_RECORDED, row)
            return EnrolmentRecord.from_row(row)

    def mark_stored(self, number: int, *, clerk: str) -> EnrolmentRecord:
        """The card accepted its credential: it is an issued card now, or renewed. Again is fine.

        Raises EnrolmentConflictError, NotFoundError.
        """
        return self._finish(number, EnrolmentState.STORED, AuditAction.CREDENTIAL_STORED, clerk)

    def cancel_enrolment(self, number: int, *, clerk: str) -> EnrolmentRecord:
        """End an open enrolment. Again is fine. Raises EnrolmentConflictError once stored; NotFoundError.

        If it was signed already, the card may hold its credential: the next enrolment is a replacement.
        """
        return self._finish(number, EnrolmentState.CANCELLED, AuditAction.ENROLMENT_CANCELLED, clerk)

    def _refuse_second_card(self, rows: Iterable[EnrolmentRow]) -> None:
        now = day_number(today(self._clock))
        for row in rows:
            if row.signature is not None and row.valid_until is not None and row.valid_until >= now:
                raise EnrolmentConflictError(
                    f"this resident was issued a card in enrolment {row.id},"
                    f" valid until {date_of(row.valid_until).isoformat()}",
                    hint="If that card is lost or taken back, begin a replacement.",
                )

    def _finish(self, number: int, state: EnrolmentState, action: AuditAction, clerk: str) -> EnrolmentRecord:
        with self._writing(clerk) as session:
            row = enrolment_row(session, number)
            if row.state != state:
                step(row, state, self._clock())
                card = None
                if state is EnrolmentState.STORED:
                    card = self._issue_card(session, row, clerk, renewal=is_renewal(session, row)).id
                else:
                    self._give_up_card(session, row)
                    forget_unasked(session, row)
                audit(session, self._clock(), clerk, action, row, card=card)
            return EnrolmentRecord.from_row(row)
