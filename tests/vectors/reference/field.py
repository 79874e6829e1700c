"""The fields of BLS12-381: Fp, Fp2 = Fp[u]/(u^2 + 1) and Fp12 = Fp2[w]/(w^6 - (1 + u)).

Source: draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1. Values are immutable. Nothing here is
constant time: the reference must never touch a real secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

BLS_X: Final = -0xD201000000010000
"""The curve family's parameter; p and r are polynomials in it."""

R: Final = BLS_X**4 - BLS_X**2 + 1
"""Order of G1, G2 and GT (255 bits)."""

P: Final = (BLS_X - 1) ** 2 * R // 3 + BLS_X
"""Characteristic of the fields (381 bits)."""


@final
class Fp:
    """An integer modulo p."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n: Final = n % P

    def __add__(self, other: Fp) -> Fp:
        return Fp(self.n + other.n)

    def __sub__(self, other: Fp) -> Fp:
        return Fp(self.n - other.n)

    def __mul__(self, other: Fp) -> Fp:
        return Fp(self.n * other.n)

    def __neg__(self) -> Fp:
        return Fp(-self.n)

    def __pow__(self, exponent: int) -> Fp:
        return Fp(pow(self.n, exponent, P))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fp) and self.n == other.n

    def __hash__(self) -> int:
        return hash(self.n)

    def __repr__(self) -> str:
        return f"Fp({self.n:#x})"

    def inverse(self) -> Fp:
        """1 / self; raises ValueError for 0."""
        return Fp(pow(self.n, -1, P))

    def is_zero(self) -> bool:
        return self.n == 0

    def sqrt(self) -> Fp | None:
        """One of the two square roots, or None; p = 3 mod 4 makes it a single power."""
        root = self ** ((P + 1) // 4)
        return root if root * root == self else None

    def is_larger(self) -> bool:
        """Whether self is the larger of self and -self (the sign bit of compressed points)."""
        return self.n > (P - 1) // 2


@final
class Fp2:
    """c0 + c1 u with u^2 = -1."""

    __slots__ = ("c0", "c1")

    def __init__(self, c0: int, c1: int) -> None:
        self.c0: Final = c0 % P
        self.c1: Final = c1 % P

    def __add__(self, other: Fp2) -> Fp2:
        return Fp2(self.c0 + other.c0, self.c1 + other.c1)

    def __sub__(self, other: Fp2) -> Fp2:
        return Fp2(self.c0 - other.c0, self.c1 - other.c1)

    def __mul__(self, other: Fp2) -> Fp2:
        a, b, c, d = self.c0, self.c1, other.c0, other.c1
        return Fp2(a * c - b * d, a * d + b * c)

    def __neg__(self) -> Fp2:
        return Fp2(-self.c0, -self.c1)

    def __pow__(self, exponent: int) -> Fp2:
        result = Fp2(1, 0)
        for bit in f"{exponent:b}":
            result = result * result
            if bit == "1":
                result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fp2) and (self.c0, self.c1) == (other.c0, other.c1)

    def __hash__(self) -> int:
        return hash((self.c0, self.c1))

    def __repr__(self) -> str:
        return f"Fp2({self.c0:#x}, {self.c1:#x})"

    def scale(self, factor: Fp) -> Fp2:
        """self times an element of the base field."""
        return Fp2(self.c0 * factor.n, self.c1 * factor.n)

    def inverse(self) -> Fp2:
        """1 / self = conjugate / norm; raises ValueError for 0."""
        norm = pow(self.c0 * self.c0 + self.c1 * self.c1, -1, P)
        return Fp2(self.c0 * norm, -self.c1 * norm)

    def is_zero(self) -> bool:
        return self.c0 == 0 and self.c1 == 0

    def sqrt(self) -> Fp2 | None:
        """One of the two square roots, or None (Adj, Rodriguez-Henriquez 2012, algorithm 9: p = 3 mod 4)."""
        a1 = self ** ((P - 3) // 4)
        x0 = a1 * self
        alpha = a1 * x0
        root = Fp2(0, 1) * x0 if alpha == Fp2(-1, 0) else (Fp2(1, 0) + alpha) ** ((P - 1) // 2) * x0
        return root if root * root == self else None

    def is_larger(self) -> bool:
        """Whether self is the larger of self and -self, compared by c1 and then by c0."""
        return self.c1 > (P - 1) // 2 or (self.c1 == 0 and self.c0 > (P - 1) // 2)


XI: Final = Fp2(1, 1)
"""w^6, the sextic non-residue 1 + u."""

FROBENIUS_2: Final = XI ** ((P * P - 1) // 6)
"""w^(p^2) = w * FROBENIUS_2."""


@final
class Fp12:
    """Sum of c[i] w^i, i = 0..5, c[i] in Fp2."""

    __slots__ = ("c",)

    def __init__(self, coefficients: Sequence[Fp2]) -> None:
        if len(coefficients) != 6:
            raise ValueError("an element of Fp12 has six coefficients in Fp2")
        self.c: Final = tuple(coefficients)

    def __mul__(self, other: Fp12) -> Fp12:
        # Schoolbook on whole integers: reduced once, at the end; zeros (of sparse lines) cost nothing.
        low = [0] * 11
        high = [0] * 11
        theirs = [(j, b.c0, b.c1) for j, b in enumerate(other.c) if not b.is_zero()]
        for i, a in enumerate(self.c):
            a0, a1 = a.c0, a.c1
            for j, b0, b1 in theirs:
                low[i + j] += a0 * b0 - a1 * b1
                high[i + j] += a0 * b1 + a1 * b0
        for k in range(6, 11):  # w^k = (1 + u) w^(k - 6)
            low[k - 6] += low[k] - high[k]
            high[k - 6] += low[k] + high[k]
        return Fp12([Fp2(low[k], high[k]) for k in range(6)])

    def __pow__(self, exponent: int) -> Fp12:
        result = ONE_FP12
        for bit in f"{exponent:b}":
            result = result * result
            if bit == "1":
                result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fp12) and self.c == other.c

    def __hash__(self) -> int:
        return hash(self.c)

    def conjugate(self) -> Fp12:
        """self^(p^6): w becomes -w."""
        return Fp12([-c if i % 2 else c for i, c in enumerate(self.c)])

    def frobenius_2(self) -> Fp12:
        """self^(p^2): Fp2 stays, w becomes FROBENIUS_2 w."""
        return Fp12([c * FROBENIUS_2**i for i, c in enumerate(self.c)])

    def inverse(self) -> Fp12:
        """1 / self: self times its conjugate lies in Fp6 = Fp2[v]/(v^3 - XI), v = w^2; inverted there."""
        conjugate = self.conjugate()
        a, _, b, _, c, _ = (self * conjugate).c
        t0 = a * a - XI * b * c
        t1 = XI * c * c - a * b
        t2 = b * b - a * c
        norm = (a * t0 + XI * (c * t1 + b * t2)).inverse()
        zero = Fp2(0, 0)
        return conjugate * Fp12([t0 * norm, zero, t1 * norm, zero, t2 * norm, zero])


ONE_FP12: Final = Fp12([Fp2(1, 0)] + [Fp2(0, 0)] * 5)
