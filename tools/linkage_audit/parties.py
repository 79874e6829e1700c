"""The relying parties of the audit: what each asks, and what each writes into its database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from tools.linkage_audit.observation import StoredRow

from mumei.terminal.check import Visit
from mumei.terminal.question import Question, over, under
from mumei.terminal.trust import Terminal
from mumei_core.commands.request import NONCE_LENGTH, Request
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.credential import ATTRIBUTES, Index
from mumei_core.crypto.curve import Point
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.revocation.messages import Token
from mumei_core.dates import date_of, day_number
from mumei_core.errors import DecodingError
from mumei_core.presentation.messages import KEY_HINT_LENGTH, Presentation

_TRANSACTION: Final = bytes(range(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question by name. ``pin``: the card demands the PIN for it; ``token``: the card is to show that it is not
    revoked.
    """

    name: str
    question: Question
    pin: bool = False
    token: bool = False


OVER_20: Final = Asked(name="over 20", question=Question(predicates=(over(20),)))
NOT_REVOKED: Final = Asked(name="over 20, not revoked", question=Question(predicates=(over(20),)), token=True)
FROM_HERE: Final = Asked(
    name="prefecture and pseudonym", question=Question(disclose=(Index.PREFECTURE,), pseudonym=True)
)
SAME_PERSON: Final = Asked(name="pseudonym", question=Question(pseudonym=True))
SCHOOL_AGE: Final = Asked(name="12 to 18", question=Question(predicates=(over(12), under(18))))
SIGNED: Final = Asked(
    name="over 18, a signature, PIN",
    question=Question(predicates=(over(18),), transaction=_TRANSACTION),
    pin=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """``number`` from 0. Every visit asks all ``questions``, each in a session of its own."""

    number: int
    context: str
    questions: tuple[Asked, ...]

    def description(self, asked: Asked, *, first: int, last: int) -> TerminalDescription:
        """The terminal's rights for one question; ``first`` and ``last``: day numbers."""
        return TerminalDescription(
            rp_context=self.context.encode(),
            display_name=f"{self.context} AUDIT",
            OP=_point(self.context.encode()),
            predicates=asked.question.predicates,
            attributes=asked.question.disclosed,
            pseudonym=asked.question.pseudonym,
            pin=asked.pin,
            not_before=first,
            not_after=last,
        )


def request_for(terminal: Terminal, asked: Asked, binding: bytes, today: date) -> Request:
    """The request for this question in the session with this binding, with a fresh nonce."""
    question = asked.question
    return Request(
        rp_context=terminal.rights.rp_context,
        nonce=secrets.token_bytes(NONCE_LENGTH),
        date=day_number(today),
        channel_binding=binding,
        predicates=question.predicates,
        disclosed=question.disclosed,
        pseudonym=question.pseudonym,
        transaction=question.transaction,
        table_hash=terminal.parameters.table_hash if question.predicates else None,
    )


_KINDS: Final = (
    ("sake", (NOT_REVOKED,)),
    ("tobacco", (OVER_20,)),
    ("forum", (FROM_HERE, OVER_20)),
    ("library", (SAME_PERSON, SCHOOL_AGE)),
    ("bank", (SIGNED, SAME_PERSON)),
)


def relying_parties(count: int) -> tuple[RelyingParty, ...]:
    """Two shops that ask the same, a forum, a library, a bank; then others of the same kinds.

    Of three, one asks for a pseudonym; so that two do, the first five kinds come in an order of their own.
    """
    order = (0, 2, 3, 1, 4)
    kinds = [_KINDS[order[i % len(order)]] for i in range(count)]
    return tuple(
        RelyingParty(number=i, context=f"{name}-{i + 1}.example", questions=questions)
        for i, (name, questions) in enumerate(kinds)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A presentation taken apart. ``parts``: by name, in the order of the wire; without what is a class."""

    presentation: Presentation
    parts: dict[str, bytes]
    classes: dict[str, str]

    @property
    def disclosed_octets(self) -> bytes:
        """As they stand on the wire, with their lengths."""
        shown = self.presentation.disclosed
        return b"".join(len(shown[i]).to_bytes(2, "big") + shown[i] for i in sorted(shown))


_HEADER_LENGTH: Final = 4 + KEY_HINT_LENGTH


def take_apart(request: bytes, wire: bytes) -> Answered | None:
    """What a card said; None where it is no presentation at all."""
    try:
        presentation = Presentation.from_octets(wire, Request.from_octets(request))
    except DecodingError:
        return None
    shown = b"".join(
        len(octets).to_bytes(2, "big") + octets for _, octets in sorted(presentation.disclosed.items())
    )
    pseudonym = presentation.pseudonym.to_octets() if presentation.pseudonym is not None else b""
    # Without header, disclosed values and pseudonym: randomised octets only.
    rest = wire[_HEADER_LENGTH + len(shown) :]
    digits = b"".join(digit.to_octets() for proofs in presentation.digits for digit in proofs)
    token = presentation.token if isinstance(presentation.token, Token) else None
    shown_token = token.to_octets() if token else b""
    proof = rest[: len(rest) - len(digits) - len(pseudonym) - len(shown_token)]
    parts = {
        "proof": proof,
        "pseudonym": pseudonym,
        "digits": digits,
        "salt": token.salt if token else b"",
        "token": token.K.to_octets() if token else b"",
    }
    classes = {
        "credential expiry": date_of(presentation.valid_until).isoformat(),
        "issuer key period": presentation.key_hint.hex(),
    }
    for index, octets in presentation.disclosed.items():
        classes[f"shown on request: {ATTRIBUTES[index].name}"] = octets.hex()
    return Answered(
        presentation=presentation,
        parts={name: octets for name, octets in parts.items() if octets},
        classes=classes,
    )


def stored_row(
    party: RelyingParty, card: int, asked: Asked, visit: Visit, answered: Answered | None
) -> StoredRow:
    """All that a curious relying party can keep of one visit."""
    verdict = visit.verdict
    words = {
        f"outcome of: {asked.name}": f"{verdict.outcome}, {verdict.reason}",
        **{f"shown: {name}": value for name, value in verdict.disclosed.items()},
    }
    if answered is not None:
        words["credential expiry"] = answered.classes["credential expiry"]
        words["issuer key period"] = answered.classes["issuer key period"]
    return StoredRow(
        party=party.number,
        card=card,
        words=words,
        parts={} if answered is None else fields(answered),
        whole=b"" if answered is None else b"".join(answered.parts.values()),
    )


def fields(answered: Answered) -> dict[str, bytes]:
    """Every point and scalar by its name, as a database would hold them in columns."""
    shown = answered.presentation
    found = {name: point.to_octets() for name, point in points(shown).items()}
    found |= {name: value.to_bytes(32, "big") for name, value in responses(shown).items()}
    found["c"] = shown.c.to_bytes(32, "big")
    if shown.pseudonym is not None:
        found["pseudonym"] = shown.pseudonym.to_octets()
    return found


def points(shown: Presentation) -> dict[str, Point]:
    """The randomised points of a presentation by name."""
    found = {"Abar": shown.Abar, "Bbar": shown.Bbar, "D": shown.D}
    for i, proofs in enumerate(shown.digits):
        for j, digit in enumerate(proofs):
            found |= {f"V{i}{j}": digit.V, f"V'{i}{j}": digit.V_prime}
    return found


def responses(shown: Presentation) -> dict[str, int]:
    """The responses of a presentation by name: blinding + challenge * secret."""
    found = {"e^": shown.e_hat, "r1^": shown.r1_hat, "r3^": shown.r3_hat}
    found |= {f"m^{index}": value for index, value in shown.m_hat.items()}
    for i, proofs in enumerate(shown.digits):
        for j, digit in enumerate(proofs):
            found |= {f"v^{i}{j}": digit.v_hat, f"d^{i}{j}": digit.d_hat}
    return found


@cache
def _point(rp_context: bytes) -> Point:
    return context_point(rp_context)
