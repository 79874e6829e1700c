"""The day's envelopes to the trustees and their confirmations back (protocol 2.5).

Until enough have confirmed, a card is irrevocable, and the office says so.

An envelope holds what the card made at its enrolment, sealed to each trustee; it names nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.models import EnrolmentRow
from mumei.office.database.models_cases import ConfirmationRow, HandleRow, TrusteeListRow, TrusteeRow
from mumei.office.database.models_issuing import IssuingRow
from mumei.office.handles import Confirmed, confirmed, handle_row, sealed_handle, unexpired
from mumei.office.registry_base import RegistryBase
from mumei.trustee.documents import Confirmations, Envelopes, TrusteeInfo
from mumei_core.crypto.hashing import sha256
from mumei_core.dates import day_number, today
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.statements import SignedStatement

_PIECE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenConfirmations:
    """``new``: confirmations; ``revocable``: cards for which they were enough; ``unknown``: of no card here."""

    trustee: int
    new: int
    revocable: int
    unknown: int


class TrusteeDesk(RegistryBase):
    """The registry's side towards the trustees."""

    def __init__(self, registry: RegistryBase) -> None:
        super().__init__(registry._engine, registry._clock)

    def know_trustees(
        self,
        statement: SignedStatement,
        members: Sequence[TrusteeInfo],
        *,
        root_keys: Sequence[bytes],
        auditor_keys: Sequence[bytes],
        clerk: str,
    ) -> TrusteeListRecord:
        """Keep a signed list of trustees with each one's key for confirmations, ``members`` in any order.

        Raises TrustError for a list that root and auditor have not signed, UsageError where members are not its.
        """
        try:
            statement.check(root_keys, auditor_keys)
            found = TrusteeListRecord.from_octets(statement.record)
        except (DecodingError, InvalidProof) as error:
            raise TrustError(
                "this is no list of trustees that root and auditor have signed",
                hint="Get it anew, and check whose public keys were named.",
            ) from error
        by_key = {member.sealing: member for member in members}
        if by_key.keys() != set(found.keys):
            raise UsageError(
                "the trustees named are not those of the list", hint="Name each one's file: --trustee FILE."
            )
        with self._writing(clerk) as session:
            if session.get(TrusteeListRow, found.digest) is None:
                now = self._clock()
                session.add(TrusteeListRow(digest=found.digest, record=found.to_octets(), added_at=now))
                session.flush()
                for number, key in enumerate(found.keys, start=1):
                    member = by_key[key]
                    session.add(
                        TrusteeRow(
                            list_digest=found.digest, number=number, name=member.name, signing=member.signing
                        )
                    )
                record(session, at=now, clerk=clerk, action=AuditAction.TRUSTEES_KNOWN, digest=found.digest)
        return found

    def envelopes(self, *, clerk: str) -> Envelopes:
        """All handles of unexpired cards that not every trustee has confirmed yet; again is harmless."""
        day = day_number(today(self._clock))
        handles = []
        with self._writing(clerk) as session:
            for enrolment, issuing in unexpired(session, day):
                handle = sealed_handle(issuing) if issuing is not None else None
                if handle is None or confirmed(session, enrolment, issuing).have >= handle.n:
                    continue
                handle_row(session, enrolment.id, handle)
                handles.append(handle)
            if handles:
                digest = sha256(b"".join(handle.digest for handle in handles))
                action = AuditAction.ENVELOPES_EXPORTED
                record(session, at=self._clock(), clerk=clerk, action=action, digest=digest)
        return Envelopes(day=day, handles=tuple(handles))

    def take_confirmations(self, confirmations: Confirmations, *, clerk: str) -> TakenConfirmations:
        """Keep a trustee's confirmations; those that are on record already change nothing.

        Raises DataError for an unknown trustee, TrustError where it has not signed.
        """
        with self._reading() as session:
            trustee = session.get(TrusteeRow, (confirmations.trustees, confirmations.index))
            if trustee is None:
                raise DataError(
                    "these confirmations are of a trustee that is not known here",
                    hint="Take in the list of trustees first: mumei office trustees.",
                )
            signing = trustee.signing
        confirmations.check(signing)
        new = unknown = enough = 0
        with self._writing(clerk) as session:
            for at in range(0, len(confirmations.handles), _PIECE):
                some = confirmations.handles[at : at + _PIECE]
                # Of this very list: who is in two lists, under two numbers, is one trustee all the same.
                query = select(HandleRow).join(IssuingRow, IssuingRow.enrolment_id == HandleRow.enrolment_id)
                known = HandleRow.digest.in_(some) & (IssuingRow.trustee_list == confirmations.trustees)
                rows = session.scalars(query.where(known)).all()
                unknown += len(some) - len(rows)
                for row in rows:
                    added, reached = self._confirm(session, row, confirmations)
                    new, enough = new + added, enough + reached
            if new:
                record(
                    session,
                    at=self._clock(),
                    clerk=clerk,
                    action=AuditAction.SHARES_CONFIRMED,
                    digest=sha256(b"".join(confirmations.handles)),
                )
        return TakenConfirmations(trustee=confirmations.index, new=new, revocable=enough, unknown=unknown)

    def waiting(self) -> tuple[Confirmed, ...]:
        """Unexpired cards that cannot be revoked yet, or never: too few trustees have confirmed, or no shares."""
        day = day_number(today(self._clock))
        with self._reading() as session:
            found = (confirmed(session, *pair) for pair in unexpired(session, day))
            return tuple(each for each in found if not each.revocable)

    def _confirm(self, session: Session, row: HandleRow, found: Confirmations) -> tuple[int, int]:
        key = (row.enrolment_id, found.index)
        if session.get(ConfirmationRow, key) is not None:
            return 0, 0
        session.add(ConfirmationRow(enrolment_id=row.enrolment_id, trustee=found.index, at=self._clock()))
        session.flush()
        enrolment = session.get_one(EnrolmentRow, row.enrolment_id)
        stands = confirmed(session, enrolment, session.get(IssuingRow, row.enrolment_id))
        return 1, int(stands.have == stands.needed)
