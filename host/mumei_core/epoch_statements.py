"""Statements of revocation authority and auditor about an epoch: type 2 slots, type 3 recognise (2.5).

Both sign, the authority first, and none before the epoch's first day. ASN.1: apdu_specs/mumei.asn1. Source: mumei
protocol 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from mumei_core.commands import codes
from mumei_core.commands.request import MAX_RP_CONTEXT
from mumei_core.commands.template import expect_length
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH
from mumei_core.crypto.revocation.messages import recognise_input, slots_input
from mumei_core.crypto.revocation.tree import HASH_LENGTH
from mumei_core.eac import der
from mumei_core.epochs import BUCKETS, days_of, first_day
from mumei_core.errors import DecodingError
from mumei_core.statements import SignedStatement, record_fields, record_type, signed_record

#: What one octet less than an INTEGER's four can say without a sign.
_MAX_EPOCH: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """Type 2. ``root``: of the tree over the sixteen slot points of ``epoch`` and ``bucket``, 32 octets."""

    epoch: int
    bucket: int
    root: bytes

    def __post_init__(self) -> None:
        _check_epoch(self.epoch)
        if not 0 <= self.bucket < BUCKETS:
            raise DecodingError(f"a bucket lies between 0 and {BUCKETS - 1}")
        expect_length("the root", self.root, HASH_LENGTH)

    def to_octets(self) -> bytes:
        """What both sign."""
        return signed_record(
            codes.STATEMENT_SLOTS,
            der.octet_string(slots_input(self.epoch, self.bucket)),
            der.integer(self.epoch),
            der.integer(self.bucket),
            der.octet_string(self.root),
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`, also where the label does not name the same epoch and bucket."""
        p_input, epoch, bucket, root = record_fields(octets, codes.STATEMENT_SLOTS, lengths=(4,))
        record = cls(
            epoch=der.read_integer(epoch), bucket=der.read_integer(bucket), root=der.read_octets(root)
        )
        if der.read_octets(p_input) != slots_input(record.epoch, record.bucket):
            raise DecodingError("slot points are hashed from their own label")
        return record

    @property
    def days(self) -> tuple[int, int]:
        """The dates for which it is good, first and last."""
        return days_of(self.epoch)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniseRecord:
    """Type 3. ``R``: the point of one relying party and epoch, 96 octets, uncompressed."""

    epoch: int
    rp_context: bytes
    R: bytes

    def __post_init__(self) -> None:
        _check_epoch(self.epoch)
        if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:
            raise DecodingError("rp_context has 1 to 255 octets")
        expect_length("R", self.R, UNCOMPRESSED_LENGTH)

    def to_octets(self) -> bytes:
        """What both sign."""
        return signed_record(
            codes.STATEMENT_RECOGNISE,
            der.octet_string(recognise_input(self.epoch, self.rp_context)),
            der.integer(self.epoch),
            der.octet_string(self.rp_context),
            der.octet_string(self.R),
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`, also where the label does not name the same epoch and context."""
        p_input, epoch, rp_context, R = record_fields(octets, codes.STATEMENT_RECOGNISE, lengths=(4,))
        record = cls(
            epoch=der.read_integer(epoch), rp_context=der.read_octets(rp_context), R=der.read_octets(R)
        )
        if der.read_octets(p_input) != recognise_input(record.epoch, record.rp_context):
            raise DecodingError("a point to recognise by is hashed from its own label")
        return record

    @property
    def days(self) -> tuple[int, int]:
        """The dates for which it is good, first and last."""
        return days_of(self.epoch)


EpochRecord = SlotRecord | RecogniseRecord


def epoch_record(statement: SignedStatement) -> EpochRecord:
    """What the statement says of an epoch; signatures are not checked here. Raises :class:`DecodingError`."""
    kind = record_type(statement.record)
    if kind == codes.STATEMENT_SLOTS:
        return SlotRecord.from_octets(statement.record)
    if kind == codes.STATEMENT_RECOGNISE:
        return RecogniseRecord.from_octets(statement.record)
    raise DecodingError("a statement about something else than an epoch")


def _check_epoch(epoch: int) -> None:
    if not 0 <= epoch <= _MAX_EPOCH or first_day(epoch) < 0:
        raise DecodingError("an epoch is a week from 1880-01-05 on")
