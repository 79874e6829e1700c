"""What the auditor does before it signs: recompute every point from its label, and every table entry (2.5).

A card on a chip cannot hash to a curve. Points with a known ratio between them would link all pseudonyms of a card,
unseen by it; so a second party, whose key every card pins, recomputes each and signs. Anyone can check the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mumei.issuer.parameters import PublicParameters
from mumei_core.commands import codes
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.statements import (
    ContextRecord,
    DigitRecord,
    SignedStatement,
    check_signature,
    record_type,
)

#: Kinds of key files.
AUDITOR_KEY: Final = "auditor-key"
ROOT_KEY: Final = "issuer-root-key"


def context_record(rp_context: bytes, name: str, sector: bytes) -> ContextRecord:
    """The record of a relying party's context, its point computed here. ``sector``: CAR of its certificates."""
    return ContextRecord(
        rp_context=rp_context, name=name, sector=sector, OP=context_point(rp_context).to_uncompressed()
    )


def digit_record(parameters: PublicParameters) -> DigitRecord:
    """The record of a digit table and the ages answered without PIN, after the whole audit.

    Raises TrustError where the parameters do not stand it.
    """
    parameters.audit()
    return DigitRecord(X=parameters.digit_key, table_hash=parameters.table_hash, ages=parameters.ages)


def recompute(record: bytes, parameters: PublicParameters | None = None) -> ContextRecord | DigitRecord:
    """Read a record and recompute what it claims. ``parameters``: what a digits record is about.

    Raises TrustError where record and recomputation differ, UsageError without the parameters.
    """
    try:
        if record_type(record) == codes.STATEMENT_CONTEXT:
            context = ContextRecord.from_octets(record)
            expected = context_record(context.rp_context, context.name, context.sector)
            if context.OP != expected.OP:
                raise TrustError(
                    "the point is not that of its context",
                    hint="Do not use it: with a chosen point pseudonyms can be linked.",
                )
            return context
        digits = DigitRecord.from_octets(record)
    except DecodingError as error:
        raise TrustError(
            f"this is no record that an auditor signs: {error}", hint="Name another file, or get it anew."
        ) from error
    if parameters is None:
        raise UsageError("a record of digits is checked against parameters", hint="Name their file.")
    if digits != digit_record(parameters):
        raise TrustError("the record is about other parameters", hint="Get the matching files.")
    return digits


def sign_context(record: ContextRecord, key: SigningKey) -> bytes:
    """The auditor's signature over a context, 64 octets, for the certificate. Raises as :func:`recompute`."""
    if record.verifier_key is not None:
        raise UsageError(
            "a verifier key is signed only after a proof that somebody knows it",
            hint="Leave it out: linking by consent is not there yet.",
        )
    octets = record.to_octets()
    recompute(octets)
    return key.sign(octets)


def sign_digits(parameters: PublicParameters, root: SigningKey, auditor: SigningKey) -> SignedStatement:
    """The statement about digits and ages, signed by the issuer's root and the auditor."""
    record = digit_record(parameters).to_octets()
    return SignedStatement(record=record, authority=root.sign(record), auditor=auditor.sign(record))


def verify_digits(
    statement: SignedStatement,
    parameters: PublicParameters,
    *,
    root_keys: Sequence[bytes],
    auditor_keys: Sequence[bytes],
) -> None:
    """Both signatures, and everything recomputed. Raises TrustError."""
    recompute(statement.record, parameters)
    try:
        statement.check(root_keys, auditor_keys)
    except InvalidProof as error:
        raise TrustError(
            f"the statement is not signed as it must be: {error.reason}",
            hint="Check that the public keys are those of its signers; if they are, do not use it.",
        ) from error


def verify_context(record: ContextRecord, signature: bytes, auditor_keys: Sequence[bytes]) -> None:
    """The auditor's signature, and the point recomputed. Raises TrustError."""
    octets = record.to_octets()
    recompute(octets)
    try:
        check_signature(octets, signature, auditor_keys)
    except InvalidProof as error:
        raise TrustError(
            f"the context is not signed as it must be: {error.reason}",
            hint="Check that the public keys are those of its signers; if they are, do not use it.",
        ) from error
