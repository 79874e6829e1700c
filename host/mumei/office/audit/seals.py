"""Seals: signed checkpoints of the audit trail (ECDSA P-256 with SHA-256), one an hour.

A seal says that the chain has this link after this entry, and which seal came before::

    body   = deterministic CBOR of ["MUMEI-AUDIT-SEAL-V1", trail id, number, microseconds since 1970 in UTC,
                                    entries, link after them, SHA-256 of the seal before or 32 zero octets]
    seal   = body || signature, 64 octets, r || s

So whoever keeps one seal can tell whether the trail that it closed is still there. The key is in a file, not in the
database: who can write to the database cannot seal.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import cbor2
from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.entry import LINK_SIZE, AuditEntry, entry_digest, first_link, link_after, microseconds
from mumei.office.audit.trail import head_of, lock, record, rows_after
from mumei.office.database.models_audit import AuditHeadRow, AuditRow, AuditSealRow
from mumei.office.registry_base import RegistryBase
from mumei_core.eac.signature import SigningKey, verify
from mumei_core.errors import DataError, TrustError

NO_SEAL: Final = bytes(LINK_SIZE)
PERIOD: Final = timedelta(hours=1)
_LABEL: Final = "MUMEI-AUDIT-SEAL-V1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A checkpoint: ``entries`` are sealed, and ``link`` follows the last of them. ``key`` is 04 || X || Y."""

    trail_id: bytes
    number: int
    at: datetime
    entries: int
    link: bytes
    previous: bytes
    key: bytes
    signature: bytes

    @classmethod
    def from_row(cls, row: AuditSealRow, trail_id: bytes) -> Self:
        """The row's value."""
        return cls(
            trail_id=trail_id,
            number=row.id,
            at=row.at,
            entries=row.entries,
            link=row.link,
            previous=row.previous,
            key=row.key,
            signature=row.signature,
        )

    def to_body(self) -> bytes:
        """What is signed."""
        return cbor2.dumps(
            [
                _LABEL,
                self.trail_id,
                self.number,
                microseconds(self.at),
                self.entries,
                self.link,
                self.previous,
            ],
            canonical=True,
        )

    @property
    def digest(self) -> bytes:
        """What the next seal names."""
        return hashlib.sha256(self.to_body() + self.signature).digest()

    def check(self) -> None:
        """Raises InvalidProof, and DecodingError for a key that is none."""
        verify(self.key, self.to_body(), self.signature)


class BrokenTrailError(DataError):
    """The trail is not what it was: it is not sealed over."""


class Sealer(RegistryBase):
    """Seals the trail of a registry."""

    def __init__(self, registry: RegistryBase) -> None:
        super().__init__(registry._engine, registry._clock)

    def adopt_key(self, key: SigningKey, *, clerk: str) -> None:
        """Have the trail name the key that seals it from now on. Again is fine."""
        with self._writing(clerk) as session:
            lock(session)
            if _key_on_record(session) != _fingerprint(key):
                record(
                    session,
                    at=self._clock(),
                    clerk=clerk,
                    action=AuditAction.AUDIT_KEY_SET,
                    digest=_fingerprint(key),
                )

    def last(self) -> Seal | None:
        """The newest seal."""
        with self._reading() as session:
            return _last(session, head_of(session).trail_id)

    def is_due(self) -> bool:
        """Whether an hour is over in which something was done that is not sealed."""
        with self._reading() as session:
            last = _last(session, head_of(session).trail_id)
            first_open: datetime | None = session.scalar(
                select(AuditRow.at)
                .where(AuditRow.id > (last.entries if last else 0))
                .order_by(AuditRow.id)
                .limit(1)
            )
        return first_open is not None and _hour(first_open) < _hour(self._clock())

    def seal(self, key: SigningKey) -> Seal | None:
        """Seal what is new; None where nothing is.

        Raises TrustError where the trail does not name this key, BrokenTrailError where what is new does not
        follow from what was sealed.
        """
        with self._writing(None) as session:
            head = lock(session)
            if _key_on_record(session) != _fingerprint(key):
                raise TrustError(
                    "the audit trail names another key for its seals",
                    hint="Use that key, or run: mumei audit init",
                )
            last = _last(session, head.trail_id)
            if head.number == (last.entries if last else 0):
                return None
            _check_new(session, head, last)
            unsigned = Seal(
                trail_id=head.trail_id,
                number=last.number + 1 if last else 1,
                at=self._clock(),
                entries=head.number,
                link=head.link,
                previous=last.digest if last else NO_SEAL,
                key=key.point,
                signature=b"",
            )
            row = AuditSealRow(
                id=unsigned.number,
                at=unsigned.at,
                entries=unsigned.entries,
                link=unsigned.link,
                previous=unsigned.previous,
                key=unsigned.key,
                signature=key.sign(unsigned.to_body()),
            )
            session.add(row)
            return Seal.from_row(row, head.trail_id)


def _check_new(session: Session, head: AuditHeadRow, last: Seal | None) -> None:
    number, link = (last.entries, last.link) if last else (0, first_link(head.trail_id))
    for row in rows_after(session, number):
        number += 1
        body = AuditEntry.from_row(row).to_body(row.previous)
        if (
            row.id != number
            or row.previous != link
            or row.link != link_after(entry_digest(body), row.signature)
        ):
            raise _broken(number)
        link = row.link
    if (number, link) != (head.number, head.link):
        raise _broken(number)


def _broken(number: int) -> BrokenTrailError:
    return BrokenTrailError(
        f"the audit trail was altered at entry {number}; it is not sealed over",
        hint="Tell the auditor. 'mumei audit verify' says what else does not hold.",
    )


def _last(session: Session, trail_id: bytes) -> Seal | None:
    row = session.scalar(select(AuditSealRow).order_by(AuditSealRow.id.desc()).limit(1))
    return None if row is None else Seal.from_row(row, trail_id)


def _key_on_record(session: Session) -> bytes | None:
    return session.scalar(
        select(AuditRow.digest)
        .where(AuditRow.action == AuditAction.AUDIT_KEY_SET.value)
        .order_by(AuditRow.id.desc())
        .limit(1)
    )


def _fingerprint(key: SigningKey) -> bytes:
    return hashlib.sha256(key.point).digest()


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
