"""What an authenticated terminal may ask of the card: one shape, whichever way the card learned it.

In the development profile an unsigned description says so (:mod:`mumei_core.commands.terminal_description`), in
every other the terminal's certificate chain (:mod:`mumei_core.eac.rights`). Source: mumei protocol 2.3, 2.4, 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.commands.request import (
    MAX_RP_CONTEXT,
    AgePredicate,
    Predicate,
    RecogniseToken,
    Request,
)
from mumei_core.commands.template import expect_length
from mumei_core.credential import encode_text
from mumei_core.crypto import hashing
from mumei_core.crypto.curve import Point
from mumei_core.errors import DecodingError

MAX_DISPLAY_NAME: Final = 128
#: More thresholds would tell everybody's year of birth.
MAX_PERMITTED: Final = 16
_EPHEMERAL_KEY_LENGTH: Final = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalRights:
    """A relying party's context and rights; every right defaults to *no*.

    ``OP``: the context's point, None where no pseudonym is permitted. ``attributes``: ascending indexes that may
    be disclosed. ``recognise``: whether it may know a card again within an epoch. ``pin``: whether the holder's PIN
    is always demanded. ``not_before``, ``not_after``: day numbers, both inclusive.
    """

    rp_context: bytes
    display_name: str
    OP: Point | None = None
    predicates: tuple[Predicate, ...] = ()
    attributes: tuple[int, ...] = ()
    pseudonym: bool = False
    recognise: bool = False
    pin: bool = False
    not_before: int
    not_after: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:
            raise DecodingError("rp_context has 1 to 255 octets")
        if not 1 <= len(encode_text(self.display_name)) <= MAX_DISPLAY_NAME:
            raise DecodingError(f"a display name has 1 to {MAX_DISPLAY_NAME} octets of UTF-8")
        if len(self.predicates) > MAX_PERMITTED:
            raise DecodingError(f"a terminal may be permitted at most {MAX_PERMITTED} predicates")
        if self.not_after < self.not_before:
            raise DecodingError("the terminal's rights end before they begin")
        if self.pseudonym and self.OP is None:
            raise DecodingError("a pseudonym needs the context's point")

    def permits(self, request: Request) -> bool:
        """Whether every part of the request is among the rights: whole request or nothing.

        A token under a slot needs none: it shows whether the card is revoked, and nothing else.
        """
        return (
            set(request.predicates) <= set(self.predicates)
            and set(request.disclosed) <= set(self.attributes)
            and (self.pseudonym or not request.pseudonym)
            and (self.recognise or not isinstance(request.token, RecogniseToken))
        )


def needs_pin(rights: TerminalRights, request: Request, ages: tuple[int, ...]) -> bool:
    """Whether the card answers only after the PIN: the terminal's rights say so, or an age outside the pinned
    list or a free day is asked. The list stops terminals from searching for a birth date (2.4).
    """
    listed = all(isinstance(p, AgePredicate) and p.years in ages for p in request.predicates)
    return rights.pin or not listed


def channel_binding(card_key: bytes, terminal_key: bytes, certificate: bytes) -> bytes:
    """SHA-256("MUMEI-CB-V1" || card's || terminal's PACE ephemeral key || certificate), 32 octets (2.6).

    ``certificate``: the terminal's 7F4E and 5F37 as in PSO: Verify Certificate.
    """
    expect_length("the card's ephemeral key", card_key, _EPHEMERAL_KEY_LENGTH)
    expect_length("the terminal's ephemeral key", terminal_key, _EPHEMERAL_KEY_LENGTH)
    return hashing.sha256(hashing.CHANNEL_BINDING + card_key + terminal_key + certificate)


def development_binding(description: bytes) -> bytes:
    """The binding without PACE: two keys of zeros, and the description's octets for a certificate."""
    return channel_binding(bytes(_EPHEMERAL_KEY_LENGTH), bytes(_EPHEMERAL_KEY_LENGTH), description)
