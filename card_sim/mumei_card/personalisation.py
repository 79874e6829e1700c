"""A new card's first records: profile, passwords, keys of its generator and of its slots. A card maker's job."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field

from mumei_card.applet import security_domain
from mumei_card.applet.slots import RECORD_SLOT_KEY, SLOT_KEY_LENGTH
from mumei_card.os.context import RECORD_CARD_KEY, RECORD_PROFILE, RECORD_RNG_COUNTER
from mumei_card.os.passwords import (
    RECORD_CAN,
    RECORD_PIN,
    RECORD_PUK,
    RECORD_SHOP_CODE,
    new_pin,
    new_puk,
)
from mumei_core.commands.codes import (
    CAN_DIGITS,
    PROFILE_DEVELOPMENT,
    PROFILE_STANDARD,
    PUK_DIGITS,
    SHOP_CODE_CONTACT,
    SHOP_CODE_DIGITS,
    SHOP_CODES,
    TRANSPORT_PIN_DIGITS,
)
from mumei_core.gp.card_keys import CardKeys

STANDARD, DEVELOPMENT = "standard", "development"
PROFILES = {STANDARD: PROFILE_STANDARD, DEVELOPMENT: PROFILE_DEVELOPMENT}
_CARD_KEY_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PinLetter:
    """What the holder gets on paper, apart from the card; CAN and shop code are printed on the card as well.

    Cards of the development profile have neither CAN nor shop code.
    """

    transport_pin: str = field(repr=False)
    puk: str = field(repr=False)
    can: str = field(default="", repr=False)
    shop_code: str = SHOP_CODE_CONTACT.decode("ascii")


def draw_letter(*, contactless: bool = False) -> PinLetter:
    """A transport PIN of five random digits, a PUK of eight, a CAN of six.

    The shop code is the published 00 over contacts, and one of 01..16 on contactless cards: it says no more than
    four bits of which card this is.
    """
    shop_code = secrets.randbelow(SHOP_CODES) + 1 if contactless else int(SHOP_CODE_CONTACT)
    return PinLetter(
        transport_pin=_draw_digits(TRANSPORT_PIN_DIGITS),
        puk=_draw_digits(PUK_DIGITS),
        can=_draw_digits(CAN_DIGITS),
        shop_code=f"{shop_code:0{SHOP_CODE_DIGITS}}",
    )


def initial_records(profile: str, letter: PinLetter, card_keys: CardKeys | None = None) -> dict[str, bytes]:
    """The records of a new card. ``profile``: a key of PROFILES. ``card_keys``: those of its security domain."""
    return {
        **(_channel_passwords(letter) if profile != DEVELOPMENT else {}),
        RECORD_PROFILE: bytes((PROFILES[profile],)),
        RECORD_CARD_KEY: os.urandom(_CARD_KEY_OCTETS),
        RECORD_RNG_COUNTER: bytes(8),
        RECORD_SLOT_KEY: os.urandom(SLOT_KEY_LENGTH),
        RECORD_PIN: new_pin(letter.transport_pin.encode("ascii")).to_bytes(),
        RECORD_PUK: new_puk(letter.puk.encode("ascii")).to_bytes(),
        **(security_domain.new_records(card_keys) if card_keys is not None else {}),
    }


def _channel_passwords(letter: PinLetter) -> dict[str, bytes]:
    for digits, count in ((letter.can, CAN_DIGITS), (letter.shop_code, SHOP_CODE_DIGITS)):
        if len(digits) != count or not (digits.isascii() and digits.isdigit()):
            raise ValueError("a card with channels needs a CAN of six digits and a shop code of two")
    return {
        RECORD_CAN: letter.can.encode("ascii"),
        RECORD_SHOP_CODE: letter.shop_code.encode("ascii"),
    }


def _draw_digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}}"
