"""Issuing on record: renewals begun, a card's answer, the terms asked for, what the issuer gave (protocol 2.2)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final, Self

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mumei.issuer.issuance import Issuance, Purpose, RenewalEvidence
from mumei.office.database.models import AuditAction, EnrolmentRow, EnrolmentState
from mumei.office.database.models_cards import CardRow
from mumei.office.database.models_issuing import IssuingRow
from mumei.office.records import EnrolmentConflictError, EnrolmentRecord
from mumei.office.registry_base import RegistryBase
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
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.hashing import sha256
from mumei_core.dates import day_number, is_valid_until, today
from mumei_core.errors import DataError, UsageError

_NEW_CARD: Final = "Use a new card; keep this one apart and tell the card maker."


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingRecord:
    """What is on record of one issuance; what is not known yet is None.

    ``answer``: the card's, with commitment, points and sealed shares; ``trustees``: the list's octets as hashed,
    ``trustee_list`` their digest; ``evidence``: a renewal's, until it is issued; ``renewal_pseudonym``: P_r, 48.
    """

    enrolment: int
    purpose: Purpose
    renews: int | None
    answer: EnrolmentAnswer | None = field(repr=False)
    trustees: bytes | None = field(repr=False)
    trustee_list: bytes | None
    evidence: RenewalEvidence | None = field(repr=False)
    renewal_pseudonym: bytes | None = field(repr=False)

    @classmethod
    def from_row(cls, row: IssuingRow) -> Self:
        """The row's value."""
        shown = (row.shown_request, row.shown_presentation)
        return cls(
            enrolment=row.enrolment_id,
            purpose=Purpose(row.purpose),
            renews=row.renews_id,
            answer=EnrolmentAnswer.from_octets(row.answer) if row.answer is not None else None,
            trustees=row.trustees,
            trustee_list=row.trustee_list,
            evidence=RenewalEvidence(request=shown[0], presentation=shown[1])
            if shown[0] is not None and shown[1] is not None
            else None,
            renewal_pseudonym=row.renewal_pseudonym,
        )


class IssuingRegistry(RegistryBase):
    """Issuances on record. A step asked for again, with the same values, answers what is on record."""

    def begin_renewal(self, resident_number: int, *, clerk: str) -> EnrolmentRecord:
        """Begin to renew the resident's card, or answer the renewal that is open, to go on with.

        Raises EnrolmentConflictError where an enrolment is open, where there is no unexpired card, or where it
        makes no shares: then a new card is enrolled; NotFoundError.
        """
        with self._writing(clerk) as session:
            check_lives_here(locked_resident_row(session, resident_number))
            query = select(EnrolmentRow).where(EnrolmentRow.resident_id == resident_number)
            rows = session.scalars(query.order_by(EnrolmentRow.id)).all()
            for row in filter(is_open, rows):
                if _purpose(session, row.id) is not Purpose.RENEW:
                    raise EnrolmentConflictError(
                        f"enrolment {row.id} of this resident is still open",
                        hint="Finish or cancel it first.",
                    )
                audit(session, self._clock(), clerk, AuditAction.ENROLMENT_RESUMED, row)
                return EnrolmentRecord.from_row(row)
            renewed = self._renewable(session, [row for row in rows if row.state == EnrolmentState.STORED])
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
            session.add(IssuingRow(enrolment_id=row.id, purpose=int(Purpose.RENEW), renews_id=renewed.id))
            audit(session, now, clerk, AuditAction.RENEWAL_STARTED, row)
            return EnrolmentRecord.from_row(row)

    def issuing(self, number: int) -> IssuingRecord | None:
        """What is on record of this enrolment's issuance; None for a card that made no shares. NotFoundError."""
        with self._reading() as session:
            enrolment_row(session, number)
            row = session.get(IssuingRow, number)
            return IssuingRecord.from_row(row) if row is not None else None

    def issuings_of(self, resident_number: int) -> tuple[IssuingRecord, ...]:
        """All of a resident, oldest first: so every handle that may still be valid is found for a report."""
        query = (
            select(IssuingRow)
            .join(EnrolmentRow, EnrolmentRow.id == IssuingRow.enrolment_id)
            .where(EnrolmentRow.resident_id == resident_number)
            .order_by(IssuingRow.enrolment_id)
        )
        with self._reading() as session:
            return tuple(map(IssuingRecord.from_row, session.scalars(query)))

    def irrevocable(self) -> tuple[EnrolmentRecord, ...]:
        """Enrolments whose unexpired cards made no shares: enrolled before, to be enrolled anew."""
        made = select(IssuingRow.enrolment_id).where(IssuingRow.answer.is_not(None))
        query = select(EnrolmentRow).where(
            EnrolmentRow.state == EnrolmentState.STORED.value,
            EnrolmentRow.valid_until >= day_number(today(self._clock)),
            EnrolmentRow.id.not_in(made),
        )
        with self._reading() as session:
            rows = session.scalars(query.order_by(EnrolmentRow.id))
            return tuple(EnrolmentRecord.from_row(row) for row in rows)

    def record_answer(
        self, number: int, answer: EnrolmentAnswer, trustees: bytes, *, clerk: str
    ) -> EnrolmentRecord:
        """Bind the enrolment to what a card answered to its nonce, checked; ``trustees``: the list's octets.

        The same one again is fine. Raises EnrolmentConflictError for another one, for a commitment, a handle or a
        chip that another enrolment has, and after the end of the enrolment; NotFoundError.
        """
        if answer.linked is None:
            raise UsageError("an answer without shares is not recorded")
        commitment, octets = answer.commitment.to_octets(), answer.to_octets()
        with self._writing(clerk) as session:
            row = open_enrolment_row(session, number)
            kept = _issuing_row(session, number)
            if kept.answer is not None or row.commitment is not None:
                other = kept.answer is not None and not hmac.compare_digest(kept.answer, octets)
                if other or not hmac.compare_digest(row.commitment or b"", commitment):
                    raise EnrolmentConflictError(
                        f"enrolment {number} is bound to another commitment",
                        hint="Put back the card that began, or cancel this enrolment and begin anew.",
                    )
            if kept.answer is not None:
                return EnrolmentRecord.from_row(row)
            kept.answer, kept.share_point = octets, answer.linked.F[0].to_octets()
            kept.trustees, kept.trustee_list = trustees, answer.linked.trustee_list
            if answer.attestation is not None:
                kept.attestation = sha256(answer.attestation.certificate.key)
            _refuse_known(session, row, kept, commitment)
            if row.commitment is None:
                row.commitment = commitment
                step(row, EnrolmentState.COMMITTED, self._clock())
                audit(session, self._clock(), clerk, AuditAction.COMMITMENT_RECORDED, row)
            return EnrolmentRecord.from_row(row)

    def record_evidence(self, number: int, evidence: RenewalEvidence, *, clerk: str) -> RenewalEvidence:
        """Keep what the old credential has shown; the first stays, so that a request comes out the same again.

        Raises EnrolmentConflictError for what is no renewal, or before the answer; NotFoundError.
        """
        with self._writing(clerk) as session:
            row, kept = open_enrolment_row(session, number), _issuing_row(session, number)
            if kept.purpose != Purpose.RENEW or kept.answer is None:
                raise EnrolmentConflictError(f"enrolment {number} is no renewal that a card has answered")
            if kept.shown_request is None or kept.shown_presentation is None:
                kept.shown_request, kept.shown_presentation = evidence.request, evidence.presentation
                audit(session, self._clock(), clerk, AuditAction.RENEWAL_SHOWN, row)
            return RenewalEvidence(request=kept.shown_request, presentation=kept.shown_presentation)

    def record_valid_until(self, number: int, valid_until: int, *, clerk: str) -> EnrolmentRecord:
        """Keep, **before** the issuer is asked, the day that is asked for; the first stays.

        A 30 June or 31 December, today or later (DataError). Raises EnrolmentConflictError without answer;
        NotFoundError.
        """
        if not is_valid_until(valid_until) or valid_until < day_number(today(self._clock)):
            raise DataError(
                "a credential ends on a 30 June or 31 December that is not past",
                hint="Choose one of these two days.",
            )
        with self._writing(clerk) as session:
            row = open_enrolment_row(session, number)
            if row.commitment is None:
                raise EnrolmentConflictError(
                    f"enrolment {number} has no commitment yet", hint="Let the card commit first."
                )
            if row.valid_until is None:
                # Who moved out or died since the enrolment began gets no card.
                check_lives_here(resident_row(session, row.resident_id))
                row.valid_until, row.changed_at = valid_until, self._clock()
                audit(session, self._clock(), clerk, AuditAction.ISSUANCE_TERMS_RECORDED, row)
            return EnrolmentRecord.from_row(row)

    def record_issuance(self, number: int, issuance: Issuance, *, clerk: str) -> EnrolmentRecord:
        """Keep what the issuer gave, checked; a renewal's evidence has done its work and goes.

        The same signature again is fine, and keeps the first proof. Raises EnrolmentConflictError before the day is
        on record, for another day, and for another signature; NotFoundError.
        """
        with self._writing(clerk) as session:
            row, kept = open_enrolment_row(session, number), _issuing_row(session, number)
            if row.valid_until != issuance.valid_until:
                raise EnrolmentConflictError(
                    f"enrolment {number} asked for a credential that ends on another day, or for none",
                    hint="Give the card nothing; begin anew.",
                )
            if row.signature is not None:
                if not hmac.compare_digest(row.signature, issuance.signature):
                    raise EnrolmentConflictError(
                        f"enrolment {number} has another signature on record",
                        hint="Give the card the signature on record.",
                    )
                return EnrolmentRecord.from_row(row)
            row.signer_nym_entropy, row.key_id = issuance.signer_nym_entropy, issuance.key_id
            row.signature, row.common_key_proof = issuance.signature, issuance.common_key_proof
            kept.renewal_pseudonym = issuance.renewal_pseudonym
            kept.shown_request = kept.shown_presentation = None
            step(row, EnrolmentState.SIGNED, self._clock())
            audit(session, self._clock(), clerk, AuditAction.SIGNATURE_RECORDED, row)
            return EnrolmentRecord.from_row(row)

    def _renewable(self, session: Session, stored: list[EnrolmentRow]) -> EnrolmentRow:
        last = stored[-1] if stored else None
        kept = session.get(IssuingRow, last.id) if last is not None else None
        if last is None:
            raise EnrolmentConflictError("this resident has no card to renew", hint="Enrol a card instead.")
        if (last.valid_until or 0) < day_number(today(self._clock)):
            raise EnrolmentConflictError(
                "this resident's card has expired",
                hint="Enrol a new card: it has new pseudonyms, and the holder is to be told.",
            )
        if kept is None or kept.renewal_pseudonym is None:
            raise EnrolmentConflictError(
                "this card was enrolled before cards could be renewed",
                hint="Enrol a new card as a replacement: it has new pseudonyms, and the holder is to be told.",
            )
        return last


def _purpose(session: Session, number: int) -> Purpose:
    kept = session.get(IssuingRow, number)
    return Purpose(kept.purpose) if kept is not None else Purpose.ENROL


def forget_unasked(session: Session, row: EnrolmentRow) -> None:
    """Let a chip serve the next enrolment, where this one ends before the issuer was asked."""
    kept = session.get(IssuingRow, row.id)
    if kept is not None and row.valid_until is None:
        kept.attestation = kept.share_point = None


def is_renewal(session: Session, row: EnrolmentRow) -> bool:
    """Whether an enrolment is a renewal."""
    return _purpose(session, row.id) is Purpose.RENEW


def _issuing_row(session: Session, number: int) -> IssuingRow:
    kept = session.get(IssuingRow, number)
    if kept is None:
        kept = IssuingRow(enrolment_id=number, purpose=int(Purpose.ENROL))
        session.add(kept)
    return kept


def _refuse_known(session: Session, row: EnrolmentRow, kept: IssuingRow, commitment: bytes) -> None:
    """Nothing that names one card serves a second enrolment. Raises EnrolmentConflictError."""
    with session.no_autoflush:
        if _is_there(session, (EnrolmentRow.commitment == commitment) & (EnrolmentRow.id != row.id)):
            raise EnrolmentConflictError(
                "this commitment belongs to another enrolment",
                hint="Use a new card, or go on with the enrolment that the card began.",
            )
        others = IssuingRow.enrolment_id != row.id
        if _is_there(session, (IssuingRow.share_point == kept.share_point) & others):
            raise EnrolmentConflictError("the card's handle is another card's", hint=_NEW_CARD)
        reserved = session.scalar(select(CardRow.attestation).where(CardRow.enrolment_id == row.id))
        if reserved is not None and reserved != kept.attestation:
            raise EnrolmentConflictError(
                "this chip is not the one that the delivery note names for the card",
                hint="Issue nothing here: have this computer and its reader examined first.",
            )
        if kept.attestation and _is_there(session, (IssuingRow.attestation == kept.attestation) & others):
            raise EnrolmentConflictError("this chip has shown itself for another enrolment", hint=_NEW_CARD)


def _is_there(session: Session, condition: ColumnElement[bool]) -> bool:
    return session.scalar(select(1).where(condition).limit(1)) is not None
