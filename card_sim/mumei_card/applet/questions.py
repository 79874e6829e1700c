"""What a terminal asks, checked in the order of mumei protocol 2.3: the same for PREPARE and for PRESENT.

Nothing here changes anything: who is refused may ask again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from mumei_card.applet.calendar import check_statement, moved_by
from mumei_card.applet.holder import SESSION_TERMINAL
from mumei_card.applet.parameters import pinned_parameters
from mumei_card.applet.records import (
    RECORD_CREDENTIAL,
    RECORD_LAST_DATE,
    PinnedParameters,
    StoredCredential,
)
from mumei_card.applet.settings import holder_settings
from mumei_card.applet.terminal_authentication import authorised_terminal
from mumei_card.applet.trust_points import RECORD_TRUST, load_trust
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.request import RecogniseToken, Request, SlotToken
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import (
    TerminalRights,
    channel_binding,
    development_binding,
    needs_pin,
)
from mumei_core.dates import day_number
from mumei_core.epoch_statements import EpochRecord, RecogniseRecord, SlotRecord, epoch_record
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.statements import SignedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as it came, and what its statement says. ``octets``: of the object E1."""

    octets: bytes
    request: Request
    statement: SignedStatement | None
    record: EpochRecord | None

    @classmethod
    def from_data(cls, data: bytes) -> Question:
        """From E1, or E1 and a statement behind it. Raises :class:`DecodingError`."""
        items = ber_tlv.parse(data)
        if not 1 <= len(items) <= 2:
            raise DecodingError("a request, and at most a statement behind it")
        octets = items[0].to_bytes()
        statement = SignedStatement.from_octets(items[1].to_bytes()) if len(items) == 2 else None
        return cls(
            octets=octets,
            request=Request.from_octets(octets),
            statement=statement,
            record=epoch_record(statement) if statement else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedQuestion(Question):
    """One that the card will answer. ``newest``: its newest epoch from then on, None where nothing moves it."""

    rights: TerminalRights
    newest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedQuestion:
    """One for which a slot has been burned. ``root``: of the tree in which the slot's point must lie."""

    question: AcceptedQuestion
    root: bytes
    k: int


def accepted_question(data: bytes, context: CardContext, *, prepares: bool) -> AcceptedQuestion:
    """The question in the data field of PREPARE or PRESENT. Raises :class:`CardError`."""
    try:
        question = Question.from_data(data)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    if prepares != isinstance(question.request.token, SlotToken):
        raise CardError(codes.SW_WRONG_DATA, "a token under a slot is prepared, and nothing else is")
    if context.security_status.presented:
        raise CardError(codes.SW_NO_CURRENT_FILE, "one presentation per session")
    rights, binding = _terminal(context)
    parameters = pinned_parameters(context)
    _check_binding(question.request, rights, binding, parameters)
    _check_token(question)
    if not rights.permits(question.request):
        raise CardError(codes.SW_SECURITY_STATUS, "not among the terminal's rights")
    stored = context.nvm.get(RECORD_CREDENTIAL)
    _check_date(context, question, rights, StoredCredential.from_bytes(stored) if stored else None)
    _check_consent(context, question.request, rights, parameters)
    if stored is None:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "no credential")
    return AcceptedQuestion(
        octets=question.octets,
        request=question.request,
        statement=question.statement,
        record=question.record,
        rights=rights,
        newest=moved_by(context, question.record) if question.record else None,
    )


def _terminal(context: CardContext) -> tuple[TerminalRights, bytes]:
    """What the terminal may ask, and the channel binding that its requests must name."""
    channel, terminal = context.security_status.channel, authorised_terminal(context)
    if channel is not None and terminal is not None and terminal.rights is not None:
        binding = channel_binding(channel.card_key, channel.terminal_key, terminal.certificate)
        return terminal.rights, binding
    octets = context.security_status.session.get(SESSION_TERMINAL)
    if context.profile != codes.PROFILE_DEVELOPMENT or not isinstance(octets, bytes):
        raise CardError(codes.SW_SECURITY_STATUS, "no terminal has shown its rights")
    return TerminalDescription.from_octets(octets), development_binding(octets)


def _check_binding(
    request: Request, rights: TerminalRights, binding: bytes, parameters: PinnedParameters
) -> None:
    """Without this a certified terminal could pass on another shop's request, or name its own digit table."""
    if not hmac.compare_digest(request.channel_binding, binding):
        raise CardError(codes.SW_WRONG_DATA, "the request belongs to another channel")
    if request.rp_context != rights.rp_context:
        raise CardError(codes.SW_WRONG_DATA, "the request names another context")
    if request.table_hash is not None and request.table_hash != parameters.table_hash:
        raise CardError(codes.SW_WRONG_DATA, "the request names another digit table")


def _check_token(question: Question) -> None:
    """The token is asked under what the statement says, and a statement to recognise by comes for a token only."""
    token, record = question.request.token, question.record
    if isinstance(token, SlotToken):
        agrees = isinstance(record, SlotRecord) and (record.epoch, record.bucket) == (
            token.epoch,
            token.bucket,
        )
    elif isinstance(token, RecogniseToken):
        agrees = record is None or (isinstance(record, RecogniseRecord) and record.epoch == token.epoch)
    else:
        agrees = not isinstance(record, RecogniseRecord)
    if not agrees:
        raise CardError(codes.SW_WRONG_DATA, "the token is asked under another statement")


def _check_date(
    context: CardContext, question: Question, rights: TerminalRights, credential: StoredCredential | None
) -> None:
    """The request's day lies in the statement's days and in the terminal's validity."""
    date = question.request.date
    if question.statement is not None and question.record is not None:
        check_statement(
            context,
            question.statement,
            question.record,
            rp_context=rights.rp_context,
            valid_until=credential.issued.valid_until if credential else None,
        )
        first, last = question.record.days
    elif question.request.token is not None or question.request.predicates:
        raise CardError(codes.SW_REFERENCE_DATA_UNUSABLE, "a date or a token is asked without a statement")
    else:
        first, last = _last_date(context), rights.not_after
    if not max(first, rights.not_before) <= date <= min(last, rights.not_after):
        raise CardError(
            codes.SW_REFERENCE_DATA_UNUSABLE, "the day is outside statement or terminal's validity"
        )


def _last_date(context: CardContext) -> int:
    """Where no statement gives the days: the later of the last day at the office and the trust points' date."""
    known = int.from_bytes(context.record(RECORD_LAST_DATE))
    if context.nvm.get(RECORD_TRUST) is None:
        return known
    return max(known, day_number(load_trust(context).today))


def _check_consent(
    context: CardContext, request: Request, rights: TerminalRights, parameters: PinnedParameters
) -> None:
    wants_pin = needs_pin(rights, request, parameters.ages) or holder_settings(context).need_pin(request)
    if wants_pin and not context.security_status.pin_verified:
        raise CardError(codes.SW_SECURITY_STATUS, "the holder has not consented with the PIN")
