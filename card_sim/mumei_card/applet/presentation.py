"""DESCRIBE TERMINAL, PREPARE and PRESENT: who asks, what is allowed, and the proof (mumei protocol 2.3-2.6, 2.8).

A question is checked in one order (:mod:`mumei_card.applet.questions`): structure 6A80 · one per session 6986 ·
binding, context, table, token against statement 6A80 · rights 6982 · statement and day 6984 · consent 6982 ·
credential 6A88 · slot 6A84; then counter, calendar, slot and log entry are committed. What is refused before the
commit changes nothing and may be asked again; after it, the session's one presentation is used, whatever goes wrong
then: where the card itself fails, the log says interrupted.

Where a token under a slot is asked, all of that is PREPARE's, and PRESENT answers, once, what PREPARE has accepted;
elsewhere it is PRESENT's. *Cannot prove*, 6985, comes last.
"""

from __future__ import annotations

from mumei_card.applet import coupons, log, slots
from mumei_card.applet.calendar import epoch_records
from mumei_card.applet.holder import SESSION_TERMINAL
from mumei_card.applet.questions import AcceptedQuestion, PreparedQuestion, accepted_question
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_TABLE_A, RECORD_TABLE_W, StoredCredential
from mumei_card.chip.arithmetic import CountedGroup, StoredDigitTable
from mumei_card.chip.rng import scalar_source
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.card_log import Outcome
from mumei_core.commands.slot_point import SlotPoint
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.crypto.curve import Point
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.crypto.revocation.messages import SALT_LENGTH
from mumei_core.crypto.revocation.prover import Slot
from mumei_core.crypto.revocation.tree import check_path
from mumei_core.epoch_statements import RecogniseRecord, SlotRecord
from mumei_core.epochs import RECOGNISE
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.presentation.prover import PREDICATE_SCALARS, prepare, present

_OF_PREPARED = 0x01
"""P2 of a PRESENT that brings the point of a prepared slot."""


def describe_terminal(command: CommandAPDU, context: CardContext) -> bytes:
    """Take the terminal's rights from an unsigned description: development profile only, once per session."""
    if SESSION_TERMINAL in context.security_status.session:
        raise CardError(codes.SW_CONDITIONS, "this session has its terminal")
    try:
        TerminalDescription.from_octets(command.data)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    context.security_status.session[SESSION_TERMINAL] = command.data
    coupons.make(context)
    return b""


def prepare_presentation(command: CommandAPDU, context: CardContext) -> bytes:
    """PREPARE: accepts a request for a token, burns a slot for it, and says which: k, one octet."""
    question = accepted_question(command.data, context, prepares=True)
    record, newest = question.record, question.newest
    assert isinstance(record, SlotRecord) and newest is not None  # noqa: S101 - accepted as such
    choice = slots.choose(context, record, question.request.rp_context, newest)
    k, burned = choice.drawn(context.trng)
    context.rng({**burned, **_begun(question, context)})
    status = context.security_status
    status.presented = True
    status.prepared = PreparedQuestion(question=question, root=record.root, k=k)
    return bytes([k])


def present_credential(command: CommandAPDU, context: CardContext) -> bytes:
    """PRESENT: the presentation's octets for the request in the data field, or for the one that is prepared."""
    if command.p2 == _OF_PREPARED:
        return _present_prepared(command.data, context)
    question = accepted_question(command.data, context, prepares=False)
    base = None
    if isinstance(question.record, RecogniseRecord):
        base = (RECOGNISE, _point(question.record.R))
    return _present(question, base, context, _begun(question, context))


def _present_prepared(data: bytes, context: CardContext) -> bytes:
    """Whatever comes of it, what was prepared is used up: it is one presentation, not several tries."""
    status = context.security_status
    prepared, status.prepared = status.prepared, None
    try:
        offered = SlotPoint.from_octets(data)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    if not isinstance(prepared, PreparedQuestion):
        raise CardError(codes.SW_NO_CURRENT_FILE, "nothing is prepared")
    try:
        check_path(prepared.root, prepared.k, offered.point, offered.path)
    except InvalidProof as error:
        raise CardError(codes.SW_WRONG_DATA, "not the slot's point with its path") from error
    return _present(prepared.question, (prepared.k, _point(offered.point)), context, {})


def _point(octets: bytes) -> Point:
    """The signature says that the point is in the subgroup; a card that can check it, does (2.5)."""
    try:
        return Point.from_uncompressed(octets)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error


def _begun(question: AcceptedQuestion, context: CardContext) -> dict[str, bytes]:
    """What goes on file before anything is answered: the log's entry, and the calendar where a statement came."""
    moved = {} if question.newest is None else epoch_records(question.newest)
    return {**log.begun(context, question.request, question.rights.display_name), **moved}


def _present(
    question: AcceptedQuestion, base: tuple[int, Point] | None, context: CardContext, begun: dict[str, bytes]
) -> bytes:
    """``base``: a token's k and point. ``begun``: what is not on file yet, for the commit that ends the coupon."""
    stored = StoredCredential.from_bytes(context.record(RECORD_CREDENTIAL))
    credential = stored.credential()
    coupon = coupons.sessions_coupon(context, stored)
    rng = context.rng({**begun, **coupons.DESTROYED})
    rng.mix(question.octets)
    context.security_status.presented = True
    slot = None
    if base is not None:
        slot = Slot(k=base[0], point=base[1], salt=rng.octets(SALT_LENGTH))
    group, draw = CountedGroup(context.counters), scalar_source(rng, at_once=PREDICATE_SCALARS)
    table = StoredDigitTable(context.record(RECORD_TABLE_A), context.record(RECORD_TABLE_W))
    try:
        presentation = present(
            group,
            credential,
            coupon or prepare(group, credential, draw),
            question.request,
            question.octets,
            table,
            question.rights.OP,
            draw,
            slot,
        )
    except CannotProve as error:
        log.ended(context, Outcome.CANNOT_PROVE)
        # It *is* a presentation: the session's one is used, so thresholds cannot be tried one after another.
        raise CardError(codes.SW_CONDITIONS, "cannot prove") from error
    context.counters.hash_to_scalar += 1
    log.ended(context, Outcome.PROVEN)
    return presentation.to_octets()
