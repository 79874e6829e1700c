"""STORE DATA: pins the issuer's public parameters and what the card trusts, each once; takes statements about
issuer keys and trustees (GlobalPlatform Card Specification 2.3, 11.11; mumei protocol 2.2, 2.4, 2.6).

In the development profile in plain; every other profile takes them inside SCP03 only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mumei_card.applet.issuing_trust import take_statement
from mumei_card.applet.records import (
    RECORD_LAST_DATE,
    RECORD_PARAMETERS,
    RECORD_TABLE_A,
    RECORD_TABLE_W,
    PinnedParameters,
    day_to_bytes,
)
from mumei_card.applet.trust_points import (
    RECORD_TRUST,
    auditor_keys,
    has_pinned_root,
    root_keys,
    trust_records,
)
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.parameters import TABLE_LENGTH, CardParameters
from mumei_core.commands.trust import CardTrust
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, Point
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.statements import DigitRecord, SignedStatement

MORE_BLOCKS, LAST_BLOCK = 0x00, 0x80
_SESSION_BLOCKS = "store_data_blocks"
# Two tables and a few hundred octets: what no valid object exceeds is not collected.
_MAX_COLLECTED = 2 * TABLE_LENGTH + 1024


def store_data(command: CommandAPDU, context: CardContext) -> bytes:
    """Collect blocks 0, 1, 2, …; with the last one decode, check and pin everything in one commit."""
    blocks = _blocks(context) if command.p2 else ()
    if command.p2 != len(blocks):
        raise CardError(codes.SW_CONDITIONS, "a block is missing or repeated")
    blocks = (*blocks, command.data)
    known = _OBJECTS.get(blocks[0][0])
    if known is not None and known[1] and context.nvm.get(known[1]) is not None:
        raise CardError(codes.SW_CONDITIONS, "pinned already")
    if sum(map(len, blocks)) > _MAX_COLLECTED:
        raise CardError(codes.SW_NO_SPACE, "longer than any parameters")
    if command.p1 == MORE_BLOCKS:
        context.security_status.session[_SESSION_BLOCKS] = blocks
        return b""
    context.security_status.session.pop(_SESSION_BLOCKS, None)
    if known is None:
        raise CardError(codes.SW_WRONG_DATA, "no object that a card stores")
    known[0](context, b"".join(blocks))
    return b""


def _blocks(context: CardContext) -> tuple[bytes, ...]:
    blocks = context.security_status.session.get(_SESSION_BLOCKS, ())
    return blocks if isinstance(blocks, tuple) else ()


def _pin_trust(context: CardContext, octets: bytes) -> None:
    try:
        trust = CardTrust.from_octets(octets)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    context.nvm.commit(trust_records(trust))


def _pin_parameters(context: CardContext, octets: bytes) -> None:
    try:
        parameters = CardParameters.from_octets(octets)
        _check_statement(context, parameters)
        W1 = Point.from_octets(parameters.W1)
        for table in (parameters.A_table, parameters.W_table):
            for i in range(0, TABLE_LENGTH, UNCOMPRESSED_LENGTH):
                Point.from_uncompressed(table[i : i + UNCOMPRESSED_LENGTH])
    except (DecodingError, InvalidProof) as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    if parameters.profile != context.profile:
        raise CardError(codes.SW_WRONG_DATA, "parameters of another card profile")
    pinned = PinnedParameters(
        public_key=parameters.public_key, W1=W1, table_hash=parameters.table_hash, ages=parameters.ages
    )
    context.nvm.commit(
        {
            RECORD_PARAMETERS: pinned.to_bytes(),
            RECORD_TABLE_A: parameters.A_table,
            RECORD_TABLE_W: parameters.W_table,
            RECORD_LAST_DATE: day_to_bytes(parameters.date),
        }
    )


def _check_statement(context: CardContext, parameters: CardParameters) -> None:
    """Digit key, table and ages as root and auditor signed them (2.5): a card cannot recompute a pairing.

    Raises :class:`InvalidProof` or :class:`DecodingError`. A development card that has pinned no root checks
    nothing; any other pins one first, or who loads the parameters would choose digits and ages.
    """
    if not has_pinned_root(context):
        if context.profile != codes.PROFILE_DEVELOPMENT:
            raise DecodingError("no root is pinned that could have signed digits and ages")
        return
    if parameters.statement is None:
        raise DecodingError("the statement about digits and ages is missing")
    statement = SignedStatement.from_octets(parameters.statement)
    statement.check(root_keys(context), auditor_keys(context))
    expected = DigitRecord(X=parameters.X, table_hash=parameters.table_hash, ages=parameters.ages)
    if DigitRecord.from_octets(statement.record) != expected:
        raise DecodingError("the statement is about other digits or ages")


# First octet of what STORE DATA brings: who pins it, and the record that says that it was; statements may follow
# one another.
_OBJECTS: Final[Mapping[int, tuple[Callable[[CardContext, bytes], None], str]]] = {
    codes.TAG_PARAMETERS: (_pin_parameters, RECORD_PARAMETERS),
    codes.TAG_TRUST: (_pin_trust, RECORD_TRUST),
    codes.TAG_DER_SEQUENCE: (take_statement, ""),
}


def pinned_parameters(context: CardContext) -> PinnedParameters:
    """Raises :class:`CardError` 6A 88 on a card without parameters."""
    octets = context.nvm.get(RECORD_PARAMETERS)
    if octets is None:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "the card has no parameters yet")
    return PinnedParameters.from_bytes(octets)
