"""One entry of the audit trail and its place in the chain: the format that an auditor verifies, version 1.

Entries are numbered from 1 without a gap. What is hashed is deterministic CBOR (RFC 8949, 4.2.1)::

    first  = SHA-256("MUMEI-AUDIT-TRAIL-V1" || trail id, 16 random octets of the registry)
    body   = [1, number, microseconds since 1970 in UTC, clerk, action, resident, enrolment, card, order, plan,
              case, approval, about, digest, previous link]          absent = null; a link is a bstr of 32 octets
    digest = SHA-256("MUMEI-AUDIT-ENTRY-V1" || body)                 what the clerk's key signs, where there is one
    link   = SHA-256("MUMEI-AUDIT-LINK-V1" || digest || signature)   signature: 64 octets, or none

So every field, the order and the presence of a clerk's signature are fixed by the links that follow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self, TypeVar

import cbor2

from mumei.files import decode_document
from mumei.office.audit.actions import AuditAction
from mumei.office.database.models import AuditRow
from mumei_core.errors import DataError

_T = TypeVar("_T", int, str, bytes)

TRAIL_ID_SIZE: Final = 16
LINK_SIZE: Final = 32
_FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which record, and when (UTC).

    Numbers are those of the registry's records. ``about`` is the name of the clerk whom the action concerns;
    ``digest`` 32 octets that identify what was used, such as SHA-256 of a public key. No entry names a resident.
    An ``action`` that this program does not know is kept as it is: a newer one wrote it, or somebody else.
    """

    number: int
    at: datetime
    clerk: str
    action: AuditAction | str
    resident: int | None = None
    enrolment: int | None = None
    card: int | None = None
    order: int | None = None
    plan: int | None = None
    case: int | None = None
    approval: int | None = None
    about: str | None = None
    digest: bytes | None = None
    signature: bytes | None = field(default=None, repr=False)

    def to_body(self, previous: bytes) -> bytes:
        """What is hashed, behind the link ``previous``."""
        return cbor2.dumps(
            [
                _FORMAT,
                self.number,
                microseconds(self.at),
                self.clerk,
                str(self.action),
                self.resident,
                self.enrolment,
                self.card,
                self.order,
                self.plan,
                self.case,
                self.approval,
                self.about,
                self.digest,
                previous,
            ],
            canonical=True,
        )

    @classmethod
    def from_row(cls, row: AuditRow) -> Self:
        """The row's value."""
        return cls(
            number=row.id,
            at=row.at,
            clerk=row.clerk,
            action=_action(row.action),
            resident=row.resident_id,
            enrolment=row.enrolment_id,
            card=row.card_id,
            order=row.order_id,
            plan=row.plan_id,
            case=row.case_id,
            approval=row.approval_id,
            about=row.about,
            digest=row.digest,
            signature=row.signature,
        )

    @classmethod
    def from_body(cls, body: bytes, signature: bytes | None) -> tuple[Self, bytes]:
        """The entry of a body, and the link before it. Raises DataError."""
        try:
            items = decode_document(body)
            if not isinstance(items, list) or len(items) != _ITEMS or items[0] != _FORMAT:
                raise ValueError("not an entry of this version")
            _, number, at, clerk, action, *numbers, about, digest, previous = items
            entry = cls(
                number=_typed(number, int),
                at=_EPOCH + _typed(at, int) * _MICROSECOND,
                clerk=_typed(clerk, str),
                action=_action(_typed(action, str)),
                **{name: _optional(value, int) for name, value in zip(_NUMBERS, numbers, strict=True)},
                about=_optional(about, str),
                digest=_optional(digest, bytes),
                signature=signature,
            )
            return entry, _typed(previous, bytes)
        except (ValueError, OverflowError):
            raise DataError(
                "this is no entry of an audit trail, or of a newer kind", hint="Export the trail anew."
            ) from None


_NUMBERS: Final = ("resident", "enrolment", "card", "order", "plan", "case", "approval")
_ITEMS: Final = 15


def _action(word: str) -> AuditAction | str:
    try:
        return AuditAction(word)
    except ValueError:
        return word


def _typed(value: object, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise ValueError("wrong type")
    return value


def _optional(value: object, kind: type[_T]) -> _T | None:
    return None if value is None else _typed(value, kind)


def microseconds(moment: datetime) -> int:
    """Since 1970-01-01T00:00Z."""
    return (moment - _EPOCH) // _MICROSECOND


def first_link(trail_id: bytes) -> bytes:
    """What stands before entry 1."""
    return hashlib.sha256(b"MUMEI-AUDIT-TRAIL-V1" + trail_id).digest()


def entry_digest(body: bytes) -> bytes:
    """What a clerk's key signs."""
    return hashlib.sha256(b"MUMEI-AUDIT-ENTRY-V1" + body).digest()


def link_after(digest: bytes, signature: bytes | None) -> bytes:
    """The link that follows an entry."""
    return hashlib.sha256(b"MUMEI-AUDIT-LINK-V1" + digest + (signature or b"")).digest()
