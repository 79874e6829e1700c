"""What a terminal says in the end: ACCEPT, DENY or CANNOT DECIDE, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """The three words on the screen."""

    ACCEPT = "ACCEPT"
    DENY = "DENY"
    CANNOT_DECIDE = "CANNOT DECIDE"


class Reason(StrEnum):
    """Why, told apart so that a clerk can act on it."""

    PROVEN = "proven"
    CANNOT_PROVE = "cannot-prove"
    ELSEWHERE = "elsewhere"
    NO_CREDENTIAL = "no-credential"
    EXPIRED = "expired"
    INVALID_PROOF = "invalid-proof"
    UNKNOWN_ISSUER = "unknown-issuer"
    NO_CONSENT = "no-consent"
    DATE_REFUSED = "date-refused"
    CARD_REFUSED = "card-refused"
    REPORTED = "reported"
    NO_STATEMENT = "no-statement"
    STATEMENT_NOT_YET = "statement-not-yet"
    STATEMENT_TOO_OLD = "statement-too-old"
    WRONG_STATEMENT = "wrong-statement"
    NO_LIST = "no-list"
    OLD_LIST = "old-list"
    NO_SLOT = "no-slot"


_OUTCOMES: Final = {
    Reason.PROVEN: Outcome.ACCEPT,
    Reason.CANNOT_PROVE: Outcome.DENY,
    Reason.ELSEWHERE: Outcome.DENY,
    Reason.NO_CREDENTIAL: Outcome.DENY,
    Reason.EXPIRED: Outcome.DENY,
    Reason.INVALID_PROOF: Outcome.DENY,
    Reason.UNKNOWN_ISSUER: Outcome.CANNOT_DECIDE,
    Reason.NO_CONSENT: Outcome.CANNOT_DECIDE,
    Reason.DATE_REFUSED: Outcome.CANNOT_DECIDE,
    Reason.CARD_REFUSED: Outcome.CANNOT_DECIDE,
    Reason.REPORTED: Outcome.DENY,
    Reason.NO_STATEMENT: Outcome.CANNOT_DECIDE,
    Reason.STATEMENT_NOT_YET: Outcome.CANNOT_DECIDE,
    Reason.STATEMENT_TOO_OLD: Outcome.CANNOT_DECIDE,
    Reason.WRONG_STATEMENT: Outcome.CANNOT_DECIDE,
    Reason.NO_LIST: Outcome.CANNOT_DECIDE,
    Reason.OLD_LIST: Outcome.CANNOT_DECIDE,
    Reason.NO_SLOT: Outcome.CANNOT_DECIDE,
}

_WORDS: Final = {
    Reason.PROVEN: "the card has proven it",
    Reason.CANNOT_PROVE: "the card cannot prove what was asked",
    Reason.ELSEWHERE: "the holder lives in another prefecture",
    Reason.NO_CREDENTIAL: "this card was never issued to anyone",
    Reason.EXPIRED: "the card's credential has expired",
    Reason.INVALID_PROOF: "the proof does not hold: not a genuine card, or not one for this request",
    Reason.UNKNOWN_ISSUER: "the card's issuer is not one that this terminal trusts",
    Reason.NO_CONSENT: "the holder has not consented with the PIN",
    Reason.DATE_REFUSED: "the card does not accept this terminal's date or statement; check clock and validity",
    Reason.CARD_REFUSED: "the card refused the request",
    Reason.REPORTED: "this card was reported",
    Reason.NO_STATEMENT: "this terminal has no epoch statement, without which cards answer nothing on dates",
    Reason.STATEMENT_NOT_YET: "this terminal's epoch statements begin later than today",
    Reason.STATEMENT_TOO_OLD: "this terminal's epoch statements have run out",
    Reason.WRONG_STATEMENT: "the epoch statement is not about the points of its week",
    Reason.NO_LIST: "this terminal has no revocation list for this card's answer",
    Reason.OLD_LIST: "this terminal's revocation lists are of another week",
    Reason.NO_SLOT: "the card has no token left for this week",
}

_UPDATE: Final = "take in this week's statements and lists: mumei terminal update FOLDER --from PLACE"
_ADVICE: Final = {
    Reason.DATE_REFUSED: "check this computer's date; if it is right, take in the newest statement",
    Reason.REPORTED: "do not serve on this card; the holder asks the office that issued it",
    Reason.NO_STATEMENT: _UPDATE,
    Reason.STATEMENT_NOT_YET: "check this computer's date; it may be a day behind",
    Reason.STATEMENT_TOO_OLD: f"check this computer's date; if it is right, {_UPDATE}",
    Reason.WRONG_STATEMENT: "do not use it, tell the revocation authority, and take in another",
    Reason.NO_LIST: _UPDATE,
    Reason.OLD_LIST: _UPDATE,
    Reason.NO_SLOT: "ask for another way to show it, or try again next Monday; nothing is wrong with the card",
}


class RevocationState(StrEnum):
    """What is known about a report of the card."""

    NOT_CHECKED = "not checked"
    NOT_REPORTED = "not reported"
    REPORTED = "reported"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What was looked up. ``week``: Monday of the list's epoch, and its ``number``; None where there was none.
    ``behind``: the list is last week's, so a card reported since is not on it.
    """

    state: RevocationState = RevocationState.NOT_CHECKED
    week: date | None = None
    number: int | None = None
    behind: bool = False

    def text(self) -> str:
        if self.week is None:
            return f"revocation: {self.state}"
        late = ", a week behind" if self.behind else ""
        number = f", list {self.number}" if self.number is not None else ""
        return f"revocation: {self.state} (week of {self.week.isoformat()}{number}{late})"


NOT_CHECKED: Final = Revocation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision and all that it rests on; everything a relying party may keep of a visit.

    ``proven``: in words. ``disclosed``: attribute name to value in words. ``pseudonym``: 48 octets, this relying
    party's own. ``detail``: for the log, never for the holder's screen. ``advice``: what the clerk can do.
    ``week_mark``: 16 octets, where a terminal may recognise: the same for a card until Sunday, and only here.
    """

    outcome: Outcome
    reason: Reason
    asked: tuple[str, ...]
    proven: tuple[str, ...] = ()
    disclosed: dict[str, str]
    pseudonym: bytes | None = None
    week_mark: bytes | None = None
    transaction: bytes | None = None
    rp_context: str
    date: date
    development: bool
    detail: str = ""
    revocation: Revocation = NOT_CHECKED
    advice: str = ""

    def text(self) -> str:
        lines = [f"{self.outcome}: {_WORDS[self.reason]}", f"  asked: {', '.join(self.asked)}"]
        if self.proven:
            lines.append(f"  proven: {', '.join(self.proven)}")
        lines += [f"  {name}: {value}" for name, value in self.disclosed.items()]
        if self.pseudonym is not None:
            lines.append(f"  pseudonym here: {self.pseudonym.hex()}")
        if self.week_mark is not None:
            lines.append(f"  this week's mark here: {self.week_mark.hex()}")
        if self.transaction is not None:
            lines.append(f"  signed: SHA-256 {self.transaction.hex()}")
        lines.append(f"  {self.revocation.text()}")
        lines.append(f"  for: {self.rp_context}, {self.date.isoformat()}")
        if self.advice:
            lines.append(f"  what to do: {self.advice}")
        if self.detail:
            lines.append(f"  detail: {self.detail}")
        if self.development:
            lines.append("  DEVELOPMENT: the terminal's rights are an unsigned description, the card is open")
        return "\n".join(lines)


def outcome_of(reason: Reason) -> Outcome:
    """Every reason belongs to one outcome."""
    return _OUTCOMES[reason]


def advice_on(reason: Reason) -> str:
    """What a clerk can do about it; empty where the words say all."""
    return _ADVICE.get(reason, "")
