"""Who counts hashing, AES, ECDSA and scalar arithmetic: a card's meter, lent to both sides' code for one command.

The code that both sides share cannot know whose work it does. A card that wants its work counted wraps it in
:func:`metered`; without that, as on the host, nothing is counted. The meter is bound to the context of the call
(:mod:`contextvars`), so neither another thread's nor the host's work around a card in the same process gets in.

Counted is what the standards' algorithms take: blocks of SHA-256 with padding (FIPS 180-4, 5.1.1), blocks of AES
with one more for a CMAC's subkeys (SP 800-38B, 6.1). Not counted: what ECDSA hashes, for published timings of a
verification include it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol

SHA256_BLOCK: Final = 64
AES_BLOCK: Final = 16
# The mark and the length that padding adds to a message.
_SHA256_PADDING: Final = 9


class Meter(Protocol):
    """What a card counts in."""

    sha256_messages: int
    sha256_blocks: int
    aes_runs: int
    aes_blocks: int
    scalar_products: int
    scalar_inverses: int
    p256_verifications: int
    p256_signatures: int


_METER: Final[ContextVar[Meter | None]] = ContextVar("mumei_meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Whatever is done inside counts in ``meter``."""
    token = _METER.set(meter)
    try:
        yield
    finally:
        _METER.reset(token)


def count_sha256(octets: int) -> None:
    """One message of so many octets was hashed; SHA-1's blocks are the same."""
    if meter := _METER.get():
        meter.sha256_messages += 1
        meter.sha256_blocks += _blocks(octets + _SHA256_PADDING, SHA256_BLOCK)


def count_hmac_sha256(octets: int) -> None:
    """One HMAC over so many octets: an inner message behind the padded key, and an outer one over its hash."""
    count_sha256(SHA256_BLOCK + octets)
    count_sha256(SHA256_BLOCK + 32)


def count_aes(octets: int) -> None:
    """One run in ECB or CBC over so many octets, whole blocks."""
    if meter := _METER.get():
        meter.aes_runs += 1
        meter.aes_blocks += _blocks(octets, AES_BLOCK)


def count_cmac(octets: int) -> None:
    """One CMAC over so many octets; the empty message has one block."""
    if meter := _METER.get():
        meter.aes_runs += 1
        meter.aes_blocks += 1 + max(_blocks(octets, AES_BLOCK), 1)


def count_scalars(*, products: int = 0, inverses: int = 0) -> None:
    """Products and inverses modulo the order of G1. Sums cost next to nothing beside them."""
    if meter := _METER.get():
        meter.scalar_products += products
        meter.scalar_inverses += inverses


def count_ecdsa(*, verifications: int = 0, signatures: int = 0) -> None:
    """Signatures on P-256 that were checked, good or bad, and that were made."""
    if meter := _METER.get():
        meter.p256_verifications += verifications
        meter.p256_signatures += signatures


def _blocks(octets: int, size: int) -> int:
    return -(-octets // size)
