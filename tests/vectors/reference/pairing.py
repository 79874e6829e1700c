"""The optimal ate pairing of BLS12-381 as textbooks have it: affine Miller loop, plain final exponentiation.

Source: draft-irtf-cfrg-pairing-friendly-curves-11, appendix A.2 (optimal ate, BLS12). E2 is the M-type twist
of E1: (x, y) on E2 is (x / w^2, y / w^3) on E1 over Fp12.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .curve import G1, G2
from .field import BLS_X, ONE_FP12, Fp, Fp2, Fp12, P, R

HARD_PART: Final = (P**4 - P**2 + 1) // R


def _line(slope: Fp2, x: Fp2, y: Fp2, x_p: Fp, y_p: Fp) -> Fp12:
    """The line through (x, y) of E2 with that slope, at P, times w^3.

    yP - y / w^3 - (slope / w) (xP - x / w^2); the final exponentiation removes w^3, which lies in Fp4.
    """
    zero = Fp2(0, 0)
    return Fp12([slope * x - y, zero, -slope.scale(x_p), Fp2(y_p.n, 0), zero, zero])


def miller_loop(p: G1, q: G2) -> Fp12:
    """f_(x, Q)(P) with x the curve parameter; 1 if either point is the identity."""
    if p.is_identity() or q.is_identity():
        return ONE_FP12
    x_p, y_p = p.affine()
    x_q, y_q = q.affine()
    x, y = x_q, y_q
    f = ONE_FP12
    for bit in f"{-BLS_X:b}"[1:]:
        xx = x * x
        slope = (xx + xx + xx) * (y + y).inverse()
        f = f * f * _line(slope, x, y, x_p, y_p)
        x_next = slope * slope - x - x
        x, y = x_next, slope * (x - x_next) - y
        if bit == "1":
            slope = (y - y_q) * (x - x_q).inverse()
            f = f * _line(slope, x, y, x_p, y_p)
            x_next = slope * slope - x - x_q
            x, y = x_next, slope * (x - x_next) - y
    # The parameter is negative: f_(-n) is 1 / f_n, up to what the final exponentiation removes its conjugate.
    return f.conjugate()


def final_exponentiation(f: Fp12) -> Fp12:
    """f^((p^12 - 1) / r), as (p^6 - 1)(p^2 + 1) and the rest."""
    f = f.conjugate() * f.inverse()
    f = f.frobenius_2() * f
    return f**HARD_PART


def pairing(p: G1, q: G2) -> Fp12:
    """e(P, Q), both in their subgroups (the caller has checked)."""
    return final_exponentiation(miller_loop(p, q))


def product_is_one(pairs: Iterable[tuple[G1, G2]]) -> bool:
    """Whether the product of e(P, Q) over the pairs is Identity_GT; one final exponentiation for all."""
    product = ONE_FP12
    for p, q in pairs:
        product = product * miller_loop(p, q)
    return final_exponentiation(product) == ONE_FP12
