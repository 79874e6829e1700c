"""Epoch statements, their trees, and what PRESENT takes with them (mumei protocol 2.5; mumei.asn1).

Nothing here imports the project. A card cannot recompute points, so here all of a tree are the same one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from .certificates import Key
from .request import SOME_POINT
from .tlv import tlv

_FIRST = date(1880, 1, 1)
SLOTS, OF_ONE_CONTEXT, RECOGNISE = 16, 12, 255


def epoch_of(day: date) -> int:
    """ISO weeks since that of 1880-01-01."""
    return ((day - _FIRST).days + 3) // 7


def monday_of(epoch: int) -> date:
    return _FIRST + timedelta(days=7 * epoch - 3)


def bucket_of(context: bytes) -> int:
    return int.from_bytes(hashlib.sha256(context).digest(), "big") % 64


def in_bucket_of(context: bytes, name: bytes = b"shop") -> bytes:
    """Another context in the same bucket."""
    names = (b"%s%d.test" % (name, number) for number in range(10_000))
    return next(name for name in names if bucket_of(name) == bucket_of(context))


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs first, and the auditor."""

    authority: Key
    auditor: Key

    def sign(self, *fields: bytes) -> bytes:
        record = tlv("30", tlv("0C", b"MUMEI-AUDIT-V1") + b"".join(fields))
        return tlv(
            "30", record + tlv("04", self.authority.sign(record)) + tlv("04", self.auditor.sign(record))
        )

    def slots(self, epoch: int, bucket: int) -> bytes:
        """Type 2."""
        p_input = b"MUMEI-REV-V1" + epoch.to_bytes(4, "big") + bucket.to_bytes(2, "big")
        return self.sign(
            integer(2), tlv("04", p_input), integer(epoch), integer(bucket), tlv("04", levels()[-1][0])
        )

    def recognise(self, epoch: int, context: bytes) -> bytes:
        """Type 3."""
        p_input = b"MUMEI-RECOG-V1" + epoch.to_bytes(4, "big") + context
        return self.sign(
            integer(3), tlv("04", p_input), integer(epoch), tlv("04", context), tlv("04", SOME_POINT)
        )


def integer(value: int) -> bytes:
    return tlv("02", value.to_bytes(value.bit_length() // 8 + 1, "big"))


def levels() -> list[list[bytes]]:
    """Leaves first, the root alone last."""
    level = [hashlib.sha256(b"\0" + bytes((k,)) + SOME_POINT).digest() for k in range(SLOTS)]
    found = [level]
    while len(level) > 1:
        level = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
        found.append(level)
    return found


def slot_point(k: int, *, point: bytes = SOME_POINT) -> bytes:
    """ED: the point of slot ``k`` with its path."""
    path = b"".join(level[k >> depth ^ 1] for depth, level in enumerate(levels()[:-1]))
    return tlv("ED", tlv("80", b"\x01") + tlv("81", point) + tlv("82", path))


def slot_token(epoch: int, bucket: int) -> bytes:
    """87 of a request."""
    return b"\x01" + epoch.to_bytes(4, "big") + bucket.to_bytes(2, "big")


def recognise_token(epoch: int) -> bytes:
    return b"\x02" + epoch.to_bytes(4, "big")
