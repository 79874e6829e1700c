"""The auditor on what enrolment stands on: issuer keys and lists of trustees, types 4 and 5 (2.2, 2.5).

The issuer's root signs first; neither alone can plant a key or trustees. The auditor publishes both.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.commands import codes
from mumei_core.crypto.curve import BP1, Point
from mumei_core.crypto.pairing import BP2, G2Point, products_are_equal
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, InvalidProof, TrustError
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement, record_type

IssuingRecord = IssuerKeyRecord | TrusteeListRecord


def recompute_issuer_key(record: IssuerKeyRecord) -> None:
    """e(W1, BP2) = e(BP1, PK), both in their subgroups and neither the identity. Raises TrustError.

    A W1 of another key, or one that is a known multiple of BP1, would let an issuer name the person.
    """
    try:
        W1, PK = Point.from_octets(record.W1), G2Point.from_octets(record.PK)
    except DecodingError as error:
        raise TrustError(f"the issuer's key is none: {error}", hint="Do not sign it.") from error
    if W1 == BP1 or not products_are_equal([(W1, BP2)], [(BP1, PK)]):
        raise TrustError(
            "PK and W1 are not one key", hint="Do not sign it: cards would accept marked credentials."
        )


def recompute_issuing(record: IssuingRecord) -> None:
    """What can be checked of the record itself. Raises TrustError."""
    if isinstance(record, IssuerKeyRecord):
        recompute_issuer_key(record)
    elif record.t < 2:
        raise TrustError(
            "one trustee alone could revoke", hint="Have at least two of them needed: --threshold 2."
        )
    elif not set(development_trustees().keys).isdisjoint(record.keys):
        raise TrustError(
            "a trustee's key is one of the development profile's, which everybody has",
            hint="Have the trustee make keys of its own: mumei trustee init, without --development.",
        )


def sign_issuing(record: IssuingRecord, *, root: SigningKey, auditor: SigningKey) -> SignedStatement:
    """The statement, after the checks, signed by the issuer's root and the auditor. Raises TrustError."""
    recompute_issuing(record)
    octets = record.to_octets()
    return SignedStatement(record=octets, authority=root.sign(octets), auditor=auditor.sign(octets))


def verify_issuing(
    statement: SignedStatement, *, root_keys: Sequence[bytes], auditor_keys: Sequence[bytes]
) -> IssuingRecord:
    """Both signatures, and everything checked again. Raises TrustError."""
    record: IssuingRecord
    try:
        if record_type(statement.record) == codes.STATEMENT_ISSUER_KEY:
            record = IssuerKeyRecord.from_octets(statement.record)
        else:
            record = TrusteeListRecord.from_octets(statement.record)
        statement.check(root_keys, auditor_keys)
    except DecodingError as error:
        raise TrustError(
            f"this is no statement about issuing: {error}", hint="Name another file, or get it anew."
        ) from error
    except InvalidProof as error:
        raise TrustError(
            f"the statement is not signed as it must be: {error.reason}",
            hint="Check that the public keys are those of its signers; if they are, do not use it.",
        ) from error
    recompute_issuing(record)
    return record
