"""PRESENT's request and answer, the development profile's description, channel bindings (mumei protocol 2.3, 2.6).

Nothing here imports the project.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from .tlv import tlv

_EPOCH = date(1880, 1, 1)
#: Octets of points of G1 and of scalars.
POINT, SCALAR = 48, 32
#: A point of G1 as the pseudonyms' base of some context, uncompressed: a description has to name one.
SOME_POINT = bytes.fromhex(
    "092D9D0C16A090FB3C5AC26A1FEDBDECE9E09BFCB4D03387D7CAD315EB0381B7354C1C5EAFC891A2D767027B5DF51C85"
    "0C366253F86B2F66D1B2E9F145BEA762F6C35EFEB7F25BBEBAE00B2D305B014EAD4E7964F850A9E4D80FBB98F5FEF41F"
)


def day_number(value: date) -> bytes:
    """Days since 1880-01-01, 4 octets."""
    return (value - _EPOCH).days.to_bytes(4, "big")


def over(years: int) -> bytes:
    return tlv("80", bytes((1, years)))


def under(years: int) -> bytes:
    return tlv("80", bytes((2, years)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """E1. ``predicates``: encoded. ``mask``: attributes, 0 for none."""

    context: bytes
    nonce: bytes
    day: date
    binding: bytes
    predicates: Sequence[bytes] = ()
    mask: int = 0
    pseudonym: bool = False
    token: bytes = b""
    table_hash: bytes = b""

    def encode(self) -> bytes:
        fields = tlv("80", b"\x01") + tlv("81", self.context) + tlv("82", self.nonce)
        fields += tlv("83", day_number(self.day))
        if self.predicates:
            fields += tlv("A4", b"".join(self.predicates))
        if self.mask:
            fields += tlv("85", bytes((self.mask,)))
        if self.pseudonym:
            fields += tlv("86", b"\x01")
        if self.token:
            fields += tlv("87", self.token)
        fields += tlv("89", self.binding)
        if self.predicates:
            fields += tlv("8A", self.table_hash)
        return tlv("E1", fields)


def describe(
    context: bytes,
    name: str,
    first: date,
    last: date,
    *,
    predicates: Sequence[bytes] = (),
    mask: int = 0,
    pin: int = 0,
) -> bytes:
    """E2 of DESCRIBE TERMINAL."""
    fields = tlv("80", b"\x01") + tlv("81", context) + tlv("82", name.encode()) + tlv("83", SOME_POINT)
    if predicates:
        fields += tlv("A4", b"".join(predicates))
    if mask:
        fields += tlv("85", bytes((mask,)))
    fields += tlv("87", bytes((pin,))) + tlv("88", day_number(first)) + tlv("89", day_number(last))
    return tlv("E2", fields)


def channel_binding(card_key: bytes, terminal_key: bytes, certificate: bytes) -> bytes:
    """SHA-256 over the keys of the last PACE and the terminal's certificate as in PSO."""
    return hashlib.sha256(b"MUMEI-CB-V1" + card_key + terminal_key + certificate).digest()


def development_binding(description: bytes) -> bytes:
    return channel_binding(bytes(65), bytes(65), description)
