"""Lists as the tests make them: entries that look like points, one authority's key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mumei.revocation.lists import ListName, RevocationList
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import epoch_of

TODAY = 53_652  # 2026-11-23, a Monday
EPOCH = epoch_of(TODAY)
AUTHORITY = SigningKey(0xA1)
KEYS = (AUTHORITY.point,)
NAME = ListName.of_slot(EPOCH, 3, 7)


def token(number: int) -> bytes:
    """48 octets with a compressed point's first bits, another for each number."""
    octets = hashlib.sha384(number.to_bytes(4, "big")).digest()
    return bytes([0x80 | octets[0] & 0x20 | octets[0] % 0x1A]) + octets[1:]


def entries(numbers: Iterable[int]) -> list[bytes]:
    return [token(number)[:16] for number in numbers]


def make_list(
    numbers: Iterable[int], *, number: int = 1, name: ListName = NAME, key: SigningKey = AUTHORITY
) -> RevocationList:
    return RevocationList.make(name, entries(numbers), number=number, day=TODAY, key=key)
