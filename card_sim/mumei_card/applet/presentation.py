"""DESCRIBE TERMINAL and PRESENT: who asks, what is allowed, and the proof (mumei protocol 2.3, 2.4, 2.6, 2.8).

PRESENT answers in one order: structure 6A80 · one per session 6986 · binding, context, table 6A80 · rights 6982 ·
date 6984 · consent 6982 · credential 6A88 · counter, log entry and the coupon's end committed · cannot prove 6985.
What is refused before the commit changes nothing and may be asked again; after it, the session's one presentation
is used, whatever goes wrong then: where the card itself fails, the log says interrupted.
"""

from __future__ import annotations

import hmac

from mumei_card.applet import coupons, log
from mumei_card.applet.holder import SESSION_TERMINAL
from mumei_card.applet.parameters import pinned_parameters
from mumei_card.applet.records import (
    RECORD_CREDENTIAL,
    RECORD_LAST_DATE,
    RECORD_TABLE_A,
    RECORD_TABLE_W,
    PinnedParameters,
    StoredCredential,
)
from mumei_card.applet.settings import holder_settings
from mumei_card.applet.terminal_authentication import authorised_terminal
from mumei_card.applet.trust_points import RECORD_TRUST, load_trust
from mumei_card.chip.arithmetic import CountedGroup, StoredDigitTable
from mumei_card.chip.rng import scalar_source
from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.commands.card_log import Outcome
from mumei_core.commands.request import Request
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import (
    TerminalRights,
    channel_binding,
    development_binding,
    needs_pin,
)
from mumei_core.crypto.predicate.prover import CannotProve
from mumei_core.dates import day_number
from mumei_core.errors import DecodingError
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.presentation.prover import PREDICATE_SCALARS, prepare, present


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


def present_credential(command: CommandAPDU, context: CardContext) -> bytes:
    """PRESENT: the presentation's octets for the request in the data field."""
    try:
        request = Request.from_octets(command.data)
    except DecodingError as error:
        raise CardError(codes.SW_WRONG_DATA, str(error)) from error
    if request.token is not None:
        raise CardError(codes.SW_WRONG_DATA, "no tokens yet")
    if context.security_status.presented:
        raise CardError(codes.SW_NO_CURRENT_FILE, "one presentation per session")
    rights, binding = _terminal(context)
    parameters = pinned_parameters(context)
    _check_binding(request, rights, binding, parameters)
    if not rights.permits(request):
        raise CardError(codes.SW_SECURITY_STATUS, "not among the terminal's rights")
    if not max(rights.not_before, _last_date(context)) <= request.date <= rights.not_after:
        raise CardError(codes.SW_REFERENCE_DATA_UNUSABLE, "the date is outside the terminal's validity")
    wants_pin = needs_pin(rights, request, parameters.ages) or holder_settings(context).need_pin(request)
    if wants_pin and not context.security_status.pin_verified:
        raise CardError(codes.SW_SECURITY_STATUS, "the holder has not consented with the PIN")
    stored = context.nvm.get(RECORD_CREDENTIAL)
    if stored is None:
        raise CardError(codes.SW_REFERENCE_NOT_FOUND, "no credential")
    return _present(command.data, request, rights, StoredCredential.from_bytes(stored), context)


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


def _last_date(context: CardContext) -> int:
    """Until statements bring a calendar of their own: the later of personalisation's day and the trust points'."""
    known = int.from_bytes(context.record(RECORD_LAST_DATE))
    if context.nvm.get(RECORD_TRUST) is None:
        return known
    return max(known, day_number(load_trust(context).today))


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


def _present(
    octets: bytes,
    request: Request,
    rights: TerminalRights,
    stored: StoredCredential,
    context: CardContext,
) -> bytes:
    credential = stored.credential()
    coupon = coupons.sessions_coupon(context, stored)
    rng = context.rng({**log.begun(context, request, rights.display_name), **coupons.DESTROYED})
    rng.mix(octets)
    context.security_status.presented = True
    group, draw = CountedGroup(context.counters), scalar_source(rng, at_once=PREDICATE_SCALARS)
    table = StoredDigitTable(context.record(RECORD_TABLE_A), context.record(RECORD_TABLE_W))
    try:
        presentation = present(
            group,
            credential,
            coupon or prepare(group, credential, draw),
            request,
            octets,
            table,
            rights.OP,
            draw,
        )
    except CannotProve as error:
        log.ended(context, Outcome.CANNOT_PROVE)
        # It *is* a presentation: the session's one is used, so thresholds cannot be tried one after another.
        raise CardError(codes.SW_CONDITIONS, "cannot prove") from error
    context.counters.hash_to_scalar += 1
    log.ended(context, Outcome.PROVEN)
    return presentation.to_octets()
