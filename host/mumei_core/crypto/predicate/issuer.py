"""Makes the digit signatures: one global set for all cards, from a key used once. Source: mumei protocol 2.4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mumei_core.crypto.curve import Point, R
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.pairing import BP2
from mumei_core.crypto.predicate.messages import BASE, table_hash
from mumei_core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitParameters:
    """X = BP2 * x (96 octets), A_d = G_d * 1/(x + d) and W_d = G_d - A_d * d for d = 0..255."""

    X: bytes
    A: tuple[Point, ...]
    W: tuple[Point, ...]

    @property
    def hash(self) -> bytes:
        """32 octets; what cards pin and requests name."""
        return table_hash(self.X, _octets(self.A), _octets(self.W))


def make_digit_parameters(x: int) -> DigitParameters:
    """All 256 signatures. ``x`` must be fresh, different from the issuer's key, and forgotten afterwards."""
    if not 0 < x < R or x + BASE > R:
        raise UsageError("the digit key must lie between 1 and r - 256")
    A = tuple(G_D * pow(x + d, -1, R) for d in range(BASE))
    W = tuple(G_D - A_d * d for d, A_d in enumerate(A))
    return DigitParameters(X=(BP2 * x).to_octets(), A=A, W=W)


def _octets(points: Sequence[Point]) -> tuple[bytes, ...]:
    return tuple(point.to_octets() for point in points)
