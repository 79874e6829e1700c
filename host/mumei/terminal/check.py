"""One visit: ask the card, verify its answer, decide (mumei protocol 2.3, 2.7). Offline."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from mumei.revocation.store import NoListError
from mumei.session import credential, holder
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal
from mumei.session.recovery import begin
from mumei.terminal.access import Access, Entry
from mumei.terminal.calendar import EpochStatement, Undecided
from mumei.terminal.question import Question, describe
from mumei.terminal.revocation_check import Plan, week_mark_of
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import (
    NOT_CHECKED,
    Reason,
    Revocation,
    RevocationState,
    Verdict,
    advice_on,
    outcome_of,
)
from mumei.terminal.words import asked_words, disclosed_words
from mumei_core.commands.request import HASH_LENGTH, NONCE_LENGTH, Request, SlotToken, TokenRequest
from mumei_core.commands.terminal_rights import needs_pin
from mumei_core.credential import Index
from mumei_core.dates import day_number
from mumei_core.errors import (
    AnsweredAlreadyError,
    CardRefused,
    DecodingError,
    InvalidProof,
    TrustError,
    UsageError,
    WrongCardError,
)
from mumei_core.presentation import verifier
from mumei_core.presentation.messages import without_token
from mumei_core.presentation.verifier import Verified

#: Asks the holder; None where the holder declines or there is no way to ask.
AskPin = Callable[[], holder.Pin | None]

#: What came of asking: the presentation, a refusal, or something that no card says.
Answer = bytes | CardRefused | DecodingError

_REASONS: Final = {
    Refusal.CANNOT_PROVE: Reason.CANNOT_PROVE,
    Refusal.NO_CREDENTIAL: Reason.NO_CREDENTIAL,
    Refusal.NO_CONSENT: Reason.NO_CONSENT,
    Refusal.DATE: Reason.DATE_REFUSED,
    Refusal.NO_SLOT: Reason.NO_SLOT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A verdict, and the octets it rests on: what was asked and, if the card answered, what it said.

    ``entry``: None, and ``request`` empty, where no card was asked. ``statement``: the epoch statement that the
    card was shown, as it travels, empty if none. ``kept``: what a receipt may keep of ``wire``: the same, but for a
    token, of which there is only the digest. ``access``: signs receipts.
    """

    verdict: Verdict
    request: bytes
    wire: bytes | None
    entry: Entry | None
    statement: bytes = b""
    kept: bytes | None = None
    access: Access | None = field(default=None, repr=False)


_NO_CHANNEL: Final = bytes(HASH_LENGTH)
_ASKING_NOTHING: Final = Plan()


class Nonces:
    """The terminal's nonces: each is drawn here and serves one answer, so a replayed one finds none waiting."""

    def __init__(self) -> None:
        self._waiting: set[bytes] = set()

    def draw(self) -> bytes:
        """A fresh nonce, 32 octets."""
        nonce = secrets.token_bytes(NONCE_LENGTH)
        self._waiting.add(nonce)
        return nonce

    def redeem(self, nonce: bytes) -> None:
        """Use it up. Raises InvalidProof where it was not drawn here or has served already."""
        if nonce not in self._waiting:
            raise InvalidProof("replay: the nonce has served already")
        self._waiting.remove(nonce)


def build_request(
    terminal: Terminal,
    question: Question,
    nonce: bytes,
    today: date,
    binding: bytes = _NO_CHANNEL,
    token: TokenRequest | None = None,
) -> Request:
    """The question as a request of this terminal, bound to the channel of ``binding``.

    Raises UsageError where the terminal has no right to ask it, nothing is asked, or no card could answer.
    """
    if not (question.predicates or question.disclosed or question.pseudonym or question.transaction):
        raise UsageError("nothing is asked", hint="For example --over 20, or --prefecture gifu.")
    try:
        request = Request(
            rp_context=terminal.rights.rp_context,
            nonce=nonce,
            date=day_number(today),
            channel_binding=binding,
            predicates=question.predicates,
            disclosed=question.disclosed,
            pseudonym=question.pseudonym,
            token=token,
            transaction=question.transaction,
            table_hash=terminal.parameters.table_hash if question.predicates else None,
        )
    except DecodingError as error:
        raise UsageError(
            f"this cannot be asked: {error}", hint="Ask for less at once, or in another way."
        ) from error
    if not terminal.rights.permits(request):
        raise UsageError(
            f"this terminal has no right to ask: {', '.join(asked_words(question))}",
            hint="Its certificate, or description, says what it may; 'mumei terminal show' lists it.",
        )
    return request


def visit(
    channel: Channel,
    terminal: Terminal,
    question: Question,
    *,
    today: date,
    ask_pin: AskPin = lambda: None,
    nonces: Nonces | None = None,
    restart: bool = False,
) -> Visit:
    """Ask one card one question, and decide. ``ask_pin`` is called only where the PIN is needed.

    ``restart``: a session that broke off before the card was asked anything is begun once more by itself.

    Raises UsageError for a question this terminal may not ask, WrongPinError and its like, HostEnvironmentError,
    SessionLostError; every answer of the card itself, good or bad, is a verdict.
    """
    nonces = nonces or Nonces()
    # Before the card is touched: what this terminal may not ask, it does not begin to ask.
    build_request(terminal, question, bytes(NONCE_LENGTH), today)
    terminal.access.check_day(today)
    try:
        plan = terminal.revocation.plan(terminal.rights, day_number(today), dates=bool(question.predicates))
    except Undecided as missing:
        verdict = _verdict(terminal, question, today, missing.reason, detail=missing.message)
        return Visit(verdict=verdict, request=b"", wire=None, entry=None)
    entry = begin(channel, lambda: _enter(channel, terminal)) if restart else _enter(channel, terminal)
    request = build_request(terminal, question, nonces.draw(), today, entry.binding, plan.token)
    octets = request.to_octets()
    wants_pin = needs_pin(terminal.rights, request, terminal.parameters.ages)
    answer: Answer = PresentationRefused(Refusal.NO_CONSENT)
    if not wants_pin or _verify_pin(channel, ask_pin):
        answer = _ask(channel, octets, plan)
    if not wants_pin and _lacks_consent(answer) and _verify_pin(channel, ask_pin):
        # The holder's own settings demand a PIN that our rights do not, or this shop has used up the slots that the
        # card gives without one; what was refused may be asked again (2.3).
        answer = _ask(channel, octets, plan)
    statement = plan.statement.octets if plan.statement else b""
    if not isinstance(answer, bytes):
        verdict = _refused(terminal, question, today, plan, answer)
        return Visit(verdict=verdict, request=octets, wire=None, entry=entry, statement=statement)
    verdict, verified = _settle(terminal, question, octets, answer, today=today, nonces=nonces, plan=plan)
    digest = verified.token_digest if verified is not None else None
    return Visit(
        verdict=verdict,
        request=octets,
        wire=answer,
        entry=entry,
        statement=statement,
        kept=without_token(answer, digest) if digest is not None else answer,
        access=terminal.access,
    )


def _enter(channel: Channel, terminal: Terminal) -> Entry:
    """Open the card's application, and show it who asks."""
    application = Application.identify(channel)
    if application.profile != terminal.parameters.profile:
        raise WrongCardError(
            "the card and the terminal's parameters are of different profiles",
            hint="Development terminals read development cards only, and the reverse.",
        )
    return terminal.access.enter(channel)


def _ask(channel: Channel, request: bytes, plan: Plan) -> Answer:
    """The presentation, or how the card refused or broke the rules; consent that lacks goes to the caller.

    Raises AnsweredAlreadyError where the card has answered this session's request, and not to us.
    """
    try:
        if isinstance(plan.token, SlotToken) and plan.statement is not None:
            return _ask_with_slot(channel, request, plan.statement)
        statement = plan.statement.octets if plan.statement is not None else None
        return credential.present(channel, request, statement=statement)
    except CardRefused as refused:
        if isinstance(refused, PresentationRefused) and refused.refusal is Refusal.USED:
            raise AnsweredAlreadyError(
                "the card has answered this request already, and the answer did not reach us",
                hint="The reader sent it twice. Begin anew; if it happens again, use another reader.",
            ) from refused
        return refused
    except DecodingError as broken:
        return broken


def _ask_with_slot(channel: Channel, request: bytes, statement: EpochStatement) -> bytes:
    k = credential.prepare(channel, request, statement.octets)
    try:
        return credential.present_slot(channel, *statement.slot(k))
    except PresentationRefused as refused:
        if refused.refusal is Refusal.MALFORMED:
            raise DecodingError("the card does not take the point of the slot that it named") from refused
        raise


def _lacks_consent(answer: Answer) -> bool:
    return isinstance(answer, PresentationRefused) and answer.refusal is Refusal.NO_CONSENT


def _refused(
    terminal: Terminal, question: Question, today: date, plan: Plan, refused: CardRefused | DecodingError
) -> Verdict:
    reason = Reason.CARD_REFUSED if isinstance(refused, CardRefused) else Reason.INVALID_PROOF
    if isinstance(refused, PresentationRefused):
        reason = _REASONS.get(refused.refusal, reason)
        if refused.refusal is Refusal.MALFORMED and question.predicates:
            # Our own request in our own channel: all that the card can object to is the issuer's digit table.
            reason = Reason.UNKNOWN_ISSUER
    detail = refused.message if reason in (Reason.CARD_REFUSED, Reason.INVALID_PROOF) else ""
    return _verdict(terminal, question, today, reason, revocation=plan.not_known, detail=detail)


def _verify_pin(channel: Channel, ask_pin: AskPin) -> bool:
    """Whether the holder has consented; a wrong PIN raises."""
    pin = ask_pin()
    if pin is None:
        return False
    with pin:
        holder.verify_pin(channel, pin)
    return True


def decide(
    terminal: Terminal,
    question: Question,
    request: bytes,
    wire: bytes,
    *,
    today: date,
    nonces: Nonces,
    plan: Plan = _ASKING_NOTHING,
) -> Verdict:
    """Verify an answer to our own request, look its token up, and compare what it shows with what was wanted."""
    verdict, _ = _settle(terminal, question, request, wire, today=today, nonces=nonces, plan=plan)
    return verdict


def _settle(
    terminal: Terminal,
    question: Question,
    request: bytes,
    wire: bytes,
    *,
    today: date,
    nonces: Nonces,
    plan: Plan,
) -> tuple[Verdict, Verified | None]:
    """The verdict, and what was proven if anything was."""
    verified = None

    def verdict(
        reason: Reason, revocation: Revocation = plan.not_known, **said: Any
    ) -> tuple[Verdict, Verified | None]:
        return _verdict(terminal, question, today, reason, revocation=revocation, **said), verified

    points = plan.statement.point if plan.token is not None and plan.statement is not None else None
    try:
        verified = terminal.verifier.verify(request, wire, points=points)
        nonces.redeem(verified.request.nonce)
    except TrustError as error:
        return verdict(Reason.UNKNOWN_ISSUER, detail=error.message)
    except InvalidProof as error:
        expired = error.reason == verifier.Reason.EXPIRED
        return verdict(Reason.EXPIRED if expired else Reason.INVALID_PROOF, detail=error.reason)
    revocation = NOT_CHECKED
    if verified.token is not None:
        try:
            revocation = terminal.revocation.look_up(terminal.rights, plan, verified.token)
        except (NoListError, TrustError) as error:
            return verdict(Reason.NO_LIST, detail=error.message)
    if revocation.state is RevocationState.REPORTED:
        return verdict(Reason.REPORTED, revocation)
    shown = int.from_bytes(verified.disclosed.get(Index.PREFECTURE, b""), "big")
    elsewhere = question.prefecture is not None and shown != question.prefecture
    return verdict(
        Reason.ELSEWHERE if elsewhere else Reason.PROVEN,
        revocation,
        proven=tuple(map(describe, question.predicates)),
        disclosed=disclosed_words(verified.disclosed),
        pseudonym=verified.pseudonym,
        week_mark=week_mark_of(plan, verified),
    )


def _verdict(
    terminal: Terminal,
    question: Question,
    today: date,
    reason: Reason,
    *,
    proven: tuple[str, ...] = (),
    disclosed: dict[str, str] | None = None,
    pseudonym: bytes | None = None,
    week_mark: bytes | None = None,
    detail: str = "",
    revocation: Revocation = NOT_CHECKED,
) -> Verdict:
    return Verdict(
        outcome=outcome_of(reason),
        reason=reason,
        asked=asked_words(question),
        proven=proven,
        disclosed=disclosed or {},
        pseudonym=pseudonym,
        week_mark=week_mark,
        transaction=question.transaction if proven or pseudonym or reason is Reason.PROVEN else None,
        rp_context=terminal.rp_context,
        date=today,
        development=terminal.parameters.is_development,
        detail=detail,
        revocation=revocation,
        advice=advice_on(reason),
    )
