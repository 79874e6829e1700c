"""Randomness of the card: the true random generator, and the hedged one on top of it (project 2.8).

Hedged: HKDF-SHA256 (RFC 5869) over card key, monotonic counter, fresh true random octets and the transcript
so far. A generator that fails, or memory that is put back, then still gives no random twice under two
challenges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mumei_card.chip.counters import OperationCounters
from mumei_core.crypto.curve import R
from mumei_core.crypto.hashing import EXPAND_LENGTH
from mumei_core.metering import count_hmac_sha256, count_sha256

RandomSource = Callable[[int], bytes]
"""n -> n octets; on this card ``os.urandom``, in tests whatever they inject."""

_LABEL = b"MUMEI-CARD-RNG-V1"
_FRESH_OCTETS = 32
_MAX_OCTETS = 255 * 32  # RFC 5869, section 2.3


class Trng:
    """The chip's true random generator; counts what it gives."""

    def __init__(self, source: RandomSource, counters: OperationCounters) -> None:
        self._source = source
        self._counters = counters

    def __call__(self, n: int) -> bytes:
        self._counters.random_octets += n
        self._counters.random_draws += 1
        return self._source(n)


class HedgedRng:
    """One stream of randoms for one job, under one value of the card's counter.

    ``card_key``: 32 octets, secret, for this use only. ``counter``: never the same twice on one card.
    ``trng``: n -> n octets.
    """

    def __init__(self, card_key: bytes, counter: int, trng: RandomSource) -> None:
        self._card_key = card_key
        self._counter = counter
        self._trng = trng
        self._calls = 0
        self._transcript = hashlib.sha256(_LABEL)

    @property
    def counter(self) -> int:
        """The value under which this stream runs."""
        return self._counter

    def mix(self, transcript: bytes) -> None:
        """Takes in what was said since the last call; lengths keep the pieces apart."""
        count_sha256(8 + len(transcript))
        self._transcript.update(len(transcript).to_bytes(8) + transcript)

    def octets(self, n: int) -> bytes:
        """``n`` octets, 1..8,160. Every call takes fresh true random octets and all the transcript so far."""
        if not 1 <= n <= _MAX_OCTETS:
            raise ValueError("a call gives 1 to 8,160 octets")
        self._calls += 1
        info = _LABEL + self._counter.to_bytes(8) + self._calls.to_bytes(8)
        _count_hkdf(n, len(info))
        hkdf = HKDF(hashes.SHA256(), n, self._card_key, info)
        return hkdf.derive(self._trng(_FRESH_OCTETS) + self._transcript.digest())


def _count_hkdf(n: int, info: int) -> None:
    """What the hashes of RFC 5869, 2.2 and 2.3 take, and the end of the transcript, one block."""
    count_sha256(0)
    count_hmac_sha256(_FRESH_OCTETS + hashes.SHA256.digest_size)
    for place in range(0, n, hashes.SHA256.digest_size):
        count_hmac_sha256((hashes.SHA256.digest_size if place else 0) + info + 1)


def scalar_source(rng: HedgedRng, *, at_once: int = 1) -> Callable[[], int]:
    """Random scalars 0 < x < r from ``rng``: 48 octets modulo r, drawn again if 0 (mumei protocol 2.1).

    ``at_once``: so many are taken from each call of the generator, which halves its hashing; on a chip that is a
    third of the time of a multiplication for each. Mix in the transcript before the first is drawn.
    """
    waiting: list[bytes] = []

    def draw() -> int:
        while True:
            if not waiting:
                octets = rng.octets(at_once * EXPAND_LENGTH)
                waiting.extend(octets[i : i + EXPAND_LENGTH] for i in range(0, len(octets), EXPAND_LENGTH))
            if scalar := int.from_bytes(waiting.pop(0)) % R:
                return scalar

    return draw
