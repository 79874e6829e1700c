"""A new card's first records: profile, passwords, key of its generator. A card maker's job."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field

from mumei_card.applet import security_domain
from mumei_card.applet.pin import RECORD_PIN, RECORD_PUK, new_pin, new_puk
from mumei_card.os.context import RECORD_CARD_KEY, RECORD_PROFILE, RECORD_RNG_COUNTER
from mumei_core.commands.codes import PROFILE_DEVELOPMENT, PUK_DIGITS, TRANSPORT_PIN_DIGITS
from mumei_core.gp.card_keys import CardKeys

PROFILES = {"development": PROFILE_DEVELOPMENT}
_CARD_KEY_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PinLetter:
    """What the holder gets on paper, apart from the card."""

    transport_pin: str = field(repr=False)
    puk: str = field(repr=False)


def draw_letter() -> PinLetter:
    """A transport PIN of five random digits and a PUK of eight."""
    return PinLetter(transport_pin=_draw_digits(TRANSPORT_PIN_DIGITS), puk=_draw_digits(PUK_DIGITS))


def initial_records(profile: str, letter: PinLetter, card_keys: CardKeys | None = None) -> dict[str, bytes]:
    """The records of a new card. ``profile``: a key of PROFILES. ``card_keys``: those of its security domain."""
    return {
        RECORD_PROFILE: bytes((PROFILES[profile],)),
        RECORD_CARD_KEY: os.urandom(_CARD_KEY_OCTETS),
        RECORD_RNG_COUNTER: bytes(8),
        RECORD_PIN: new_pin(letter.transport_pin.encode("ascii")).to_bytes(),
        RECORD_PUK: new_puk(letter.puk.encode("ascii")).to_bytes(),
        **(security_domain.new_records(card_keys) if card_keys is not None else {}),
    }


def _draw_digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}}"
