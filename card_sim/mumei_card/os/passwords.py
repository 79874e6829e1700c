"""The card's passwords in memory, and how tries are counted (TR-03110-2 v2.21, 2.2 and 2.4; mumei protocol 2.6).

A try is counted and committed before anything is compared, and given back after a success: a power cut between the
two costs a try and wins nothing. The last try of PIN and PUK is *suspended*: only PACE with the CAN, in the same
session, makes it usable, so that no stranger can block the PIN from afar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from mumei_card.os.context import CardContext
from mumei_core.commands import codes
from mumei_core.eac.pace_messages import Password as PasswordName

RECORD_SHOP_CODE: Final = "shop_code"
RECORD_CAN: Final = "can"
RECORD_PIN: Final = "pin"
RECORD_PUK: Final = "puk"

_COUNTED: Final[Mapping[PasswordName, tuple[str, int]]] = MappingProxyType(
    {PasswordName.PIN: (RECORD_PIN, codes.PIN_TRIES), PasswordName.PUK: (RECORD_PUK, codes.PUK_TRIES)}
)
_UNCOUNTED: Final[Mapping[PasswordName, str]] = MappingProxyType(
    {PasswordName.SHOP_CODE: RECORD_SHOP_CODE, PasswordName.CAN: RECORD_CAN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """The record of a password with a counter: tries left (1 octet), then its digits in ASCII."""

    tries: int
    digits: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, octets: bytes) -> Password:
        return cls(tries=octets[0], digits=octets[1:])

    def to_bytes(self) -> bytes:
        return bytes((self.tries,)) + self.digits

    @property
    def is_transport(self) -> bool:
        """Whether this is a transport PIN; its length tells, so state and value cannot disagree."""
        return len(self.digits) == codes.TRANSPORT_PIN_DIGITS


def new_pin(digits: bytes) -> Password:
    """A PIN or transport PIN with all its tries."""
    return Password(tries=codes.PIN_TRIES, digits=digits)


def new_puk(digits: bytes) -> Password:
    """A PUK with all its tries."""
    return Password(tries=codes.PUK_TRIES, digits=digits)


def load(context: CardContext, record: str) -> Password:
    """The record of PIN or PUK, which every card has."""
    return Password.from_bytes(context.record(record))


def digits_of(context: CardContext, name: PasswordName) -> bytes | None:
    """The password's digits; None where the card has no such password."""
    if name in _COUNTED:
        return load(context, _COUNTED[name][0]).digits
    return context.nvm.get(_UNCOUNTED[name])


class Attempt:
    """One try at PIN or PUK where nobody may see from outside whether it counts.

    Making it commits once, whatever the state: with one try less if the password is usable, unchanged if it is
    suspended or blocked. ``resumed``: PACE with the CAN has gone before in this session.
    """

    def __init__(self, context: CardContext, name: PasswordName, *, resumed: bool) -> None:
        self._context = context
        self._record, self._full = _COUNTED[name]
        password = load(context, self._record)
        self.is_usable = password.tries > 1 or (password.tries == 1 and resumed)
        self._counted = replace(password, tries=password.tries - 1) if self.is_usable else password
        context.nvm.commit({self._record: self._counted.to_bytes()})

    @property
    def password(self) -> Password:
        """The record, with the tries that are left."""
        return self._counted

    def succeed(self) -> None:
        """Give all tries back."""
        self._context.nvm.commit({self._record: replace(self._counted, tries=self._full).to_bytes()})


def tries_missing(context: CardContext, name: PasswordName) -> int | None:
    """Tries left of PIN or PUK where some are gone; None with all tries, and for passwords without counter."""
    if name not in _COUNTED:
        return None
    record, full = _COUNTED[name]
    tries = load(context, record).tries
    return tries if tries < full else None
