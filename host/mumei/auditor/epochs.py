"""The auditor on epoch statements, types 2 and 3: recompute every point from its label, then sign (2.5)."""

from __future__ import annotations

from collections.abc import Sequence

from mumei.revocation.statements import HalfSigned, check_begun, recognise_record, slot_record
from mumei_core.eac.signature import SigningKey
from mumei_core.epoch_statements import EpochRecord, SlotRecord, epoch_record
from mumei_core.errors import DecodingError, InvalidProof, TrustError
from mumei_core.statements import SignedStatement, check_signature


def recompute_epoch(record: EpochRecord) -> None:
    """Raises TrustError where root or point are not those of their label."""
    expected = (
        slot_record(record.epoch, record.bucket)
        if isinstance(record, SlotRecord)
        else recognise_record(record.epoch, record.rp_context)
    )
    if record != expected:
        raise TrustError(
            f"the points of epoch {record.epoch} are not those of their labels",
            hint="Do not sign it: with points of somebody's choice cards' tokens can be joined.",
        )


def sign_epoch(
    half: HalfSigned, key: SigningKey, *, authority_keys: Sequence[bytes], day: int
) -> SignedStatement:
    """The statement with both signatures, not before the epoch's first day.

    Raises UsageError for another day, TrustError where the authority has not signed or the points are others.
    """
    check_begun(half.record.epoch, day=day)
    octets = half.record.to_octets()
    try:
        check_signature(octets, half.signature, authority_keys)
    except InvalidProof as error:
        raise TrustError(
            "the statement is not signed by the revocation authority", hint="Get it anew from the authority."
        ) from error
    recompute_epoch(half.record)
    return SignedStatement(record=octets, authority=half.signature, auditor=key.sign(octets))


def verify_epoch(
    statement: SignedStatement, *, authority_keys: Sequence[bytes], auditor_keys: Sequence[bytes]
) -> EpochRecord:
    """Both signatures, and everything recomputed. Raises TrustError."""
    try:
        record = epoch_record(statement)
        statement.check(authority_keys, auditor_keys)
    except DecodingError as error:
        raise TrustError(
            f"this is no statement about an epoch: {error}", hint="Name another file, or get it anew."
        ) from error
    except InvalidProof as error:
        raise TrustError(
            f"the statement is not signed as it must be: {error.reason}",
            hint="Check that the public keys are those of its signers; if they are, do not use it.",
        ) from error
    recompute_epoch(record)
    return record
