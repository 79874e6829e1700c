"""What root and auditor say about issuing, in the card's memory: issuer keys by their days, and the trustees to
whom shares are sealed (mumei protocol 2.2, 2.5, types 4 and 5).

An office must not bring its own of either: both signatures are checked before anything is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mumei_card.applet.records import RECORD_PENDING, PinnedParameters
from mumei_card.applet.trust_points import auditor_keys, has_pinned_root, root_keys, take_successor
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.crypto.curve import Point
from mumei_core.development_trustees import development_trustees
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.iso7816 import ber_tlv
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement, record_type

RECORD_ISSUER_KEYS: Final = "issuer_keys"
"""One record behind the other, in the order in which they end."""
RECORD_TRUSTEES: Final = "trustees"


def take_statement(context: CardContext, octets: bytes) -> None:
    """Check a statement of type 4, 5 or 6 and keep it, in one commit. Raises :class:`CardError` 6A 80, 69 85."""
    try:
        statement = SignedStatement.from_octets(octets)
        kind = record_type(statement.record)
        if kind == codes.STATEMENT_SUCCESSOR:
            return take_successor(context, statement)
        statement.check(root_keys(context), auditor_keys(context))
        if kind == codes.STATEMENT_TRUSTEES:
            _take_trustees(context, TrusteeListRecord.from_octets(statement.record))
        else:
            _take_issuer_key(context, IssuerKeyRecord.from_octets(statement.record))
    except (DecodingError, InvalidProof) as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error


def trustees(context: CardContext) -> TrusteeListRecord:
    """To whom shares are sealed. Raises :class:`CardError` 6A 88 where nobody is named."""
    octets = context.nvm.get(RECORD_TRUSTEES)
    if octets is not None:
        return TrusteeListRecord.from_octets(octets)
    if context.profile != codes.PROFILE_DEVELOPMENT:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "the card has no list of trustees yet")
    return development_trustees()


def issuer_key(
    context: CardContext, pinned: PinnedParameters, key_id: bytes, day: int
) -> tuple[bytes, Point]:
    """PK and W1 of the key with this identifier, if it signs on ``day``. Raises :class:`CardError` 6A 80.

    The key that came with the parameters nobody has signed, and it names no days: it stands only on a card that has
    pinned no root, and until that has a record, of whichever key.
    """
    records = tuple(_issuer_keys(context))
    for record in records:
        if record.key_id == key_id and record.covers(day):
            return record.PK, Point.from_octets(record.W1)
    if not records and not has_pinned_root(context) and pinned.key_id == key_id:
        return pinned.public_key, pinned.W1
    raise CardError(codes.SW_WRONG_DATA, "issued under a key that is not the issuer's on that day")


def _take_trustees(context: CardContext, record: TrusteeListRecord) -> None:
    octets, kept = record.to_octets(), context.nvm.get(RECORD_TRUSTEES)
    if kept == octets:
        return
    if kept is not None and TrusteeListRecord.from_octets(kept).version >= record.version:
        raise CardError(codes.SW_CONDITIONS, "the card has a newer list of trustees")
    # What was shared out to others, and has no credential yet, no issuer signs any more.
    context.nvm.commit({RECORD_TRUSTEES: octets, RECORD_PENDING: None})


def _take_issuer_key(context: CardContext, record: IssuerKeyRecord) -> None:
    # PK and W1 are one key: so says the auditor's signature, for a card cannot pair. The subgroup it can check.
    Point.from_octets(record.W1)
    others = [kept for kept in _issuer_keys(context) if kept.PK != record.PK]
    records = sorted((*others, record), key=lambda kept: kept.last_day)[-codes.ISSUER_KEYS :]
    context.nvm.commit({RECORD_ISSUER_KEYS: b"".join(kept.to_octets() for kept in records)})


def _issuer_keys(context: CardContext) -> Iterator[IssuerKeyRecord]:
    for item in ber_tlv.parse(context.nvm.get(RECORD_ISSUER_KEYS) or b""):
        yield IssuerKeyRecord.from_octets(item.to_bytes())
