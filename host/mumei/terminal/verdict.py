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
    Reason.DATE_REFUSED: "the card does not accept this terminal's date; check the clock and the validity",
    Reason.CARD_REFUSED: "the card refused the request",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision and all that it rests on; everything a relying party may keep of a visit.

    ``proven``: in words. ``disclosed``: attribute name to value in words. ``pseudonym``: 48 octets, this relying
    party's own. ``detail``: for the log, never for the holder's screen.
    """

    outcome: Outcome
    reason: Reason
    asked: tuple[str, ...]
    proven: tuple[str, ...] = ()
    disclosed: dict[str, str]
    pseudonym: bytes | None = None
    transaction: bytes | None = None
    rp_context: str
    date: date
    development: bool
    detail: str = ""

    def text(self) -> str:
        lines = [f"{self.outcome}: {_WORDS[self.reason]}", f"  asked: {', '.join(self.asked)}"]
        if self.proven:
            lines.append(f"  proven: {', '.join(self.proven)}")
        lines += [f"  {name}: {value}" for name, value in self.disclosed.items()]
        if self.pseudonym is not None:
            lines.append(f"  pseudonym here: {self.pseudonym.hex()}")
        if self.transaction is not None:
            lines.append(f"  signed: SHA-256 {self.transaction.hex()}")
        lines.append(f"  for: {self.rp_context}, {self.date.isoformat()}")
        if self.detail:
            lines.append(f"  detail: {self.detail}")
        if self.development:
            lines.append("  DEVELOPMENT: the terminal's rights are an unsigned description, the card is open")
        return "\n".join(lines)


def outcome_of(reason: Reason) -> Outcome:
    """Every reason belongs to one outcome."""
    return _OUTCOMES[reason]
