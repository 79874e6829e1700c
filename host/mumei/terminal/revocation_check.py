"""What a terminal settles about revocation: statement and token of a visit, and the look-up after it (2.5).

Two weeks' statements are good on any day, so a terminal may be a week behind. Its list must be of the statement's
week, for the card's token is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mumei.revocation.store import ListStore, NoListError
from mumei.terminal.calendar import Calendar, EpochStatement, Undecided, statements_for
from mumei.terminal.verdict import NOT_CHECKED, Reason, Revocation, RevocationState
from mumei_core.commands.request import RecogniseToken, SlotToken, TokenRequest
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.crypto.hashing import sha256
from mumei_core.crypto.revocation.messages import Token
from mumei_core.dates import date_of
from mumei_core.epochs import RECOGNISE, bucket_of, epoch_of, first_day
from mumei_core.presentation.verifier import Verified

_MARK_LENGTH: Final = 16


class Rule(StrEnum):
    """How much a terminal insists."""

    REQUIRED = "required"
    """No verdict without a list, this week's or, as statements allow, last week's."""
    CURRENT = "current"
    """No verdict without this week's list."""
    IF_PRESENT = "if-present"
    """Where there is no list, the verdict says that nothing was checked."""
    OFF = "off"
    """No token is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a visit goes. ``statement``: for the card, None where no date is asked; ``token``: 87 of the request."""

    statement: EpochStatement | None = None
    token: TokenRequest | None = None
    behind: bool = False

    @property
    def not_known(self) -> Revocation:
        """What is to be said while the look-up has not been made."""
        if self.token is None:
            return NOT_CHECKED
        return Revocation(
            state=RevocationState.UNKNOWN, week=date_of(first_day(self.token.epoch)), behind=self.behind
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationCheck:
    """Statements, lists and rule of one terminal. ``lists``: None where it knows no revocation authority."""

    calendar: Calendar
    lists: ListStore | None = None
    rule: Rule = Rule.OFF

    def plan(self, rights: TerminalRights, day: int, *, dates: bool) -> Plan:
        """``dates``: whether a date predicate is asked. Raises Undecided where rule or card would not have it."""
        if self.rule is not Rule.OFF:
            try:
                return self._with_token(rights, day, current=self.rule is Rule.CURRENT)
            except Undecided as missing:
                if self.rule is not Rule.IF_PRESENT or missing.reason is Reason.WRONG_STATEMENT:
                    raise
        return Plan(statement=self._newest(rights, day) if dates else None)

    def _newest(self, rights: TerminalRights, day: int) -> EpochStatement:
        return statements_for(self.calendar, rights.rp_context, day)[0]

    def _with_token(self, rights: TerminalRights, day: int, *, current: bool) -> Plan:
        good = statements_for(self.calendar, rights.rp_context, day, recognise=rights.recognise)
        epochs = self.lists.epochs() if self.lists is not None else ()
        usable = [s for s in good if s.epoch in epochs and (not current or s.epoch == epoch_of(day))]
        if not usable:
            raise Undecided(Reason.OLD_LIST if epochs else Reason.NO_LIST)
        chosen = usable[0]
        chosen.check_points()
        token = (
            RecogniseToken(epoch=chosen.epoch)
            if chosen.recognises
            else SlotToken(epoch=chosen.epoch, bucket=bucket_of(rights.rp_context))
        )
        return Plan(statement=chosen, token=token, behind=chosen.epoch < epoch_of(day))

    def look_up(self, rights: TerminalRights, plan: Plan, shown: Token) -> Revocation:
        """Whether the card of a token that was verified is on its list. Raises NoListError, TrustError."""
        if self.lists is None or plan.token is None:
            raise NoListError("no list was asked for")
        epoch = plan.token.epoch
        if shown.k == RECOGNISE:
            found = self.lists.recognise_list(epoch, rights.rp_context)
        else:
            found = self.lists.list_for(epoch, bucket_of(rights.rp_context), shown.k)
        reported = found.holds(shown.K.to_octets())
        return Revocation(
            state=RevocationState.REPORTED if reported else RevocationState.NOT_REPORTED,
            week=date_of(first_day(epoch)),
            number=found.number,
            behind=plan.behind,
        )


def week_mark_of(plan: Plan, verified: Verified) -> bytes | None:
    """What a terminal with the right to recognise may keep: of K only a hash, so that it is no list's entry."""
    if verified.token is None or not isinstance(plan.token, RecogniseToken):
        return None
    return sha256(verified.token.K.to_octets())[:_MARK_LENGTH]
