"""Date predicates "born on or before D" and "born on or after D": their types and public parameters.

Source: mumei protocol 2.4, after Camenisch, Chaabouni, shelat 2008 (range proofs from signatures on digits).
Two digits of base 256, so a difference of 0..65,535 days (179 years) can be proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from mumei_core.crypto.curve import POINT_LENGTH, SCALAR_LENGTH, Point, scalar_from_octets
from mumei_core.crypto.hashing import serialize, sha256
from mumei_core.errors import DecodingError

#: Base of the digits and number of signed digits.
BASE: Final = 256
#: Digits per difference: units first.
DIGITS: Final = 2
#: Days that a difference can span.
SPAN: Final = BASE**DIGITS
#: D lies below this; it keeps D far from the field's order, where differences could wrap around.
CUTOFF_LIMIT: Final = 1 << 24

DIGIT_PROOF_LENGTH: Final = 2 * POINT_LENGTH + 2 * SCALAR_LENGTH


class Kind(IntEnum):
    """The octet ``kind`` of a request; age >= n is the first, age < n the second."""

    ON_OR_BEFORE = 1
    ON_OR_AFTER = 2

    @property
    def sign(self) -> int:
        """s: delta = s * (D - birth_date)."""
        return 1 if self is Kind.ON_OR_BEFORE else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePredicate:
    """birth_date <= D or birth_date >= D, with D a day number below 2^24."""

    kind: Kind
    cutoff: int

    def __post_init__(self) -> None:
        if not 0 <= self.cutoff < CUTOFF_LIMIT:
            raise DecodingError("the day of a predicate lies between 0 and 2^24 - 1")


class DigitTable(Protocol):
    """The digit signatures as a prover holds them. ``digit`` is secret: fetch in constant time."""

    def fetch(self, digit: int) -> tuple[Point, Point]:
        """(A_d, W_d)."""
        ...


def table_hash(X: bytes, A: Sequence[bytes], W: Sequence[bytes]) -> bytes:
    """SHA-256(X || A_0..A_255 || W_0..W_255) over compressed points (24,672 octets): what a card pins."""
    return sha256(X + b"".join(A) + b"".join(W))


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitCommitment:
    """First moves for one digit: V = A_d * v, V' = W_d * v, t = G_d * v~ - V * d~."""

    V: Point
    V_prime: Point
    t: Point

    def to_octets(self) -> bytes:
        """V || V' || t: its part of ``extra`` in the presentation header."""
        return serialize(self.V, self.V_prime, self.t)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitProof:
    """What travels for one digit: V, V', v^, d^ (160 octets)."""

    V: Point
    V_prime: Point
    v_hat: int
    d_hat: int

    @classmethod
    def from_octets(cls, octets: bytes) -> DigitProof:
        """Raises :class:`DecodingError`."""
        if len(octets) != DIGIT_PROOF_LENGTH:
            raise DecodingError(f"a digit's proof has {DIGIT_PROOF_LENGTH} octets, not {len(octets)}")
        return cls(
            V=Point.from_octets(octets[:48]),
            V_prime=Point.from_octets(octets[48:96]),
            v_hat=scalar_from_octets(octets[96:128]),
            d_hat=scalar_from_octets(octets[128:]),
        )

    def to_octets(self) -> bytes:
        return serialize(self.V, self.V_prime, self.v_hat, self.d_hat)
