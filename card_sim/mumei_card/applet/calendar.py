"""The card's calendar: epochs, which only statements move, and only forward (mumei protocol 2.5).

TR-03110's date serves the validity of certificates and nothing else; requests' dates are taken from statements.
"""

from __future__ import annotations

from typing import Final

from mumei_card.applet.records import RECORD_LAST_DATE
from mumei_card.applet.trust_points import auditor_keys, authority_keys
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.epoch_statements import EpochRecord, SlotRecord
from mumei_core.epochs import bucket_of, epoch_of, first_day
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.statements import SignedStatement

RECORD_EPOCH: Final = "epoch"
_EPOCH_LENGTH: Final = 4


def newest_epoch(context: CardContext) -> int:
    """The newest epoch that the card has seen; before its first statement the one of its last day at the office."""
    stored = context.nvm.get(RECORD_EPOCH)
    if stored is not None:
        # Statements alone move it from then on: a renewal's date is the office's word.
        return int.from_bytes(stored)
    return epoch_of(int.from_bytes(context.record(RECORD_LAST_DATE)))


def is_accepted(epoch: int, newest: int) -> bool:
    """Whether a card that knows ``newest`` still takes a statement of ``epoch``: that one and the one before.

    What lies ahead moves the calendar.
    """
    return epoch >= newest - 1


def moved_by(context: CardContext, record: EpochRecord) -> int:
    """The newest epoch once ``record`` is accepted."""
    return max(newest_epoch(context), record.epoch)


def epoch_records(newest: int) -> dict[str, bytes]:
    """What to commit with the presentation's counter."""
    return {RECORD_EPOCH: newest.to_bytes(_EPOCH_LENGTH)}


def check_statement(
    context: CardContext,
    statement: SignedStatement,
    record: EpochRecord,
    *,
    rp_context: bytes,
    valid_until: int | None,
) -> None:
    """A statement that the card takes for a terminal of ``rp_context``; ``record``: what it says.

    ``valid_until``: the credential's last day, beyond which nothing may push the calendar; None without one. Raises
    :class:`CardError` 69 84, whatever the reason.
    """
    try:
        statement.check(authority_keys(context), auditor_keys(context))
    except (InvalidProof, DecodingError) as error:
        raise _refused("a statement that authority and auditor have not both signed") from error
    if isinstance(record, SlotRecord):
        if record.bucket != bucket_of(rp_context):
            raise _refused("a statement for another bucket than the terminal's")
    elif record.rp_context != rp_context:
        raise _refused("a statement for another context than the terminal's")
    if not is_accepted(record.epoch, newest_epoch(context)):
        raise _refused("a statement of an epoch that has passed")
    if valid_until is not None and first_day(record.epoch) > valid_until:
        raise _refused("a statement from after the credential's end")


def _refused(reason: str) -> CardError:
    return CardError(codes.SW_REFERENCE_DATA_UNUSABLE, reason)
