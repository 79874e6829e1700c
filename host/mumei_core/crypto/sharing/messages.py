"""What is sealed with each share, and how long things are. Source: mumei protocol 2.5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import SCALAR_LENGTH, Point
from mumei_core.crypto.hashing import serialize
from mumei_core.crypto.sealing.messages import OVERHEAD

#: enc || ct of one share.
SEALED_SHARE_LENGTH: Final = SCALAR_LENGTH + OVERHEAD


def share_info(trustee_list: bytes, i: int) -> bytes:
    """ "MUMEI-SHARE-V1" || SHA-256(trustee list) || I2OSP(i,1). ``trustee_list``: the digest; ``i`` from 1."""
    return hashing.SHARE + trustee_list + bytes((i,))


def share_aad(C: Point, F: Sequence[Point]) -> bytes:
    """C || F_0..F_(t-1)."""
    return serialize(C, *F)


def sealed_share(sealed: bytes, i: int) -> bytes:
    """The i-th of what stands one behind the other, ``i`` from 1: 113 octets."""
    return sealed[(i - 1) * SEALED_SHARE_LENGTH : i * SEALED_SHARE_LENGTH]
