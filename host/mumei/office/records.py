"""What the registry hands out: plain values, detached from the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from mumei.office.audit.entry import AuditEntry as AuditEntry
from mumei.office.database.code_vault import CodeVault
from mumei.office.database.models import EnrolmentRow, EnrolmentState, ResidentRow, ResidentState
from mumei.office.residents.japan_codes import MunicipalityCode
from mumei.office.residents.resident import Resident, Sex
from mumei_core.errors import DataError


class NotFoundError(DataError):
    """The registry has no such record."""


class EnrolmentConflictError(DataError):
    """The step does not fit what is on record. Nothing was changed."""


class ResidentStateError(DataError):
    """The resident moved out or died, or has not: the step is not for them. Nothing was changed."""


class StaleRecordError(DataError):
    """Somebody else changed the record since it was looked at. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentRecord:
    """A resident on record; ``number`` is the record number that clerks use. ``repr`` names nobody.

    ``record``: 16 random octets, the resident's name towards the issuer. ``state_since``: the day of death or of
    moving. ``version`` counts changes, from 1.
    """

    number: int
    record: bytes
    resident: Resident
    state: ResidentState
    state_since: date | None
    added_at: datetime
    changed_at: datetime
    version: int

    @classmethod
    def from_row(cls, row: ResidentRow, vault: CodeVault) -> Self:
        """The row's value. Raises DataError if somebody put into the database what is no resident."""
        return cls(
            number=row.id,
            record=row.record,
            resident=resident_of(row, vault),
            state=ResidentState(row.state),
            state_since=row.state_since,
            added_at=row.added_at,
            changed_at=row.changed_at,
            version=row.version,
        )


def resident_of(row: ResidentRow, vault: CodeVault) -> Resident:
    """The person a row tells of. Raises DataError for a row that is no resident, or whose code does not open."""
    return Resident(
        resident_code=vault.open(row.code_sealed, row.record),
        family_name=row.family_name,
        given_name=row.given_name,
        family_reading=row.family_reading,
        given_reading=row.given_reading,
        sex=_sex(row.sex),
        birth_date=row.birth_date,
        address=row.address,
        prefecture=row.prefecture,
        municipality=MunicipalityCode(digits=row.municipality),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRecord:
    """An enrolment on record. What is not known yet is None; moments are UTC.

    ``nonce`` and ``key_id`` (SHA-256 of the issuer's PK) are 32 octets, ``signature`` 80,
    ``common_key_proof`` 64; ``commitment`` is what the card sent; ``valid_until`` a day number.
    ``signer_nym_entropy`` (32 octets) is sensitive: it must not leave the office but to this card.
    """

    number: int
    resident_number: int
    state: EnrolmentState
    nonce: bytes
    commitment: bytes | None = field(repr=False)
    signer_nym_entropy: bytes | None = field(repr=False)
    valid_until: int | None
    key_id: bytes | None
    signature: bytes | None = field(repr=False)
    common_key_proof: bytes | None = field(repr=False)
    started_at: datetime
    changed_at: datetime

    @classmethod
    def from_row(cls, row: EnrolmentRow) -> Self:
        """The row's value."""
        return cls(
            number=row.id,
            resident_number=row.resident_id,
            state=EnrolmentState(row.state),
            nonce=row.nonce,
            commitment=row.commitment,
            signer_nym_entropy=row.signer_nym_entropy,
            valid_until=row.valid_until,
            key_id=row.key_id,
            signature=row.signature,
            common_key_proof=row.common_key_proof,
            started_at=row.started_at,
            changed_at=row.changed_at,
        )


def _sex(number: int) -> Sex:
    try:
        return Sex(number)
    except ValueError:
        raise DataError("the record's sex is none of ISO/IEC 5218", hint="Restore the registry.") from None
