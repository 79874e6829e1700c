"""What a value says, for people: names as text, days as dates, passwords and predicates in words.

By the names that apdu_specs give; what it does not know, or cannot read, it leaves to the octets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mumei.trace.requests import request_in
from mumei.transport.masked_octets import MaskedOctets
from mumei_core.commands.request import Request, decode_mask
from mumei_core.credential import ATTRIBUTES, MESSAGES
from mumei_core.crypto.curve import POINT_LENGTH, SCALAR_LENGTH
from mumei_core.crypto.predicate.messages import DIGIT_PROOF_LENGTH, DIGITS, Kind
from mumei_core.crypto.revocation.messages import TOKEN_LENGTH
from mumei_core.dates import date_of
from mumei_core.eac.pace_messages import Password
from mumei_core.errors import DataError, DecodingError
from mumei_core.presentation.messages import KEY_HINT_LENGTH, sent_responses

_SHORTEST_TEXT: Final = 3
_DAY_LENGTH: Final = 4
_LENGTH: Final = 2


def _day(octets: bytes) -> str:
    """Of 4 octets; of 3 behind a predicate's kind."""
    if len(octets) != _DAY_LENGTH:
        return ""
    if octets[0] in set(Kind):
        side = "before" if octets[0] == Kind.ON_OR_BEFORE else "after"
        return f"born on or {side} {date_of(int.from_bytes(octets[1:])).isoformat()}"
    return date_of(int.from_bytes(octets)).isoformat()


def _age(octets: bytes) -> str:
    kind, years = octets
    return f"{years} or over" if Kind(kind) is Kind.ON_OR_BEFORE else f"under {years}"


def _password(octets: bytes) -> str:
    name = Password(int.from_bytes(octets)).name
    return name if name.isupper() and "_" not in name else name.lower().replace("_", " ")


def _attributes(octets: bytes) -> str:
    return ", ".join(ATTRIBUTES[index].name for index in decode_mask(octets))


_BY_NAME: Final[Mapping[str, Callable[[bytes], str]]] = MappingProxyType(
    {
        **dict.fromkeys(("date", "day", "not before", "not after", "valid until", "issuance date"), _day),
        "age": _age,
        "password": _password,
        "disclosed attributes": _attributes,
        "attributes": _attributes,
    }
)


def gloss(name: str, value: MaskedOctets) -> str:
    """What ``value`` of an item called ``name`` says; nothing for most."""
    if not value.is_whole or not len(value):
        return ""
    if (reader := _BY_NAME.get(name)) is not None:
        try:
            return reader(value.zeroed)
        except (DataError, ValueError):
            return ""
    return _text(value.zeroed) if len(value) >= _SHORTEST_TEXT else ""


def _text(octets: bytes) -> str:
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return f'"{text}"' if text.isprintable() else ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of an answer without tags: what it is, and how many octets."""

    name: str
    octets: int


def presentation_parts(request: bytes, answer: MaskedOctets) -> tuple[Stretch, ...]:
    """How a presentation divides, which only its request tells (mumei protocol 2.3); nothing where it does not fit.

    Lengths of what was shown stay in a trace, so that this holds for masked ones as well.
    """
    try:
        parts = tuple(_parts(request_in(request), answer))
    except DecodingError:
        return ()
    return parts if sum(part.octets for part in parts) == len(answer) else ()


def _parts(request: Request, answer: MaskedOctets) -> Iterator[Stretch]:
    yield Stretch("valid until", _DAY_LENGTH)
    yield Stretch("issuer's key, first octets of its hash", KEY_HINT_LENGTH)
    at = _DAY_LENGTH + KEY_HINT_LENGTH
    for index in request.disclosed:
        length = int.from_bytes(answer.zeroed[at : at + _LENGTH])
        yield Stretch(f"length of {ATTRIBUTES[index].name}", _LENGTH)
        yield Stretch(ATTRIBUTES[index].name, length)
        at += _LENGTH + length
    yield Stretch("Abar, Bbar, D", 3 * POINT_LENGTH)
    yield Stretch("e^, r1^, r3^", 3 * SCALAR_LENGTH)
    responses = len(sent_responses(request))
    yield Stretch(f"m^, of {responses} of {MESSAGES} messages", responses * SCALAR_LENGTH)
    yield Stretch("c", SCALAR_LENGTH)
    if request.pseudonym:
        yield Stretch("pseudonym", POINT_LENGTH)
    for number in range(1, len(request.predicates) + 1):
        yield Stretch(f"digits of predicate {number}", DIGITS * DIGIT_PROOF_LENGTH)
    if request.token is not None:
        yield Stretch("salt, k, K", TOKEN_LENGTH)
