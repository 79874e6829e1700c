"""Digit parameters of the date predicates: a signature A_d on each digit d = 0..255, and their audit (2.4).

A_d = G_d * 1/(x + d) and W_d = G_d - A_d * d = A_d * x, with G_d = hash_to_curve("MUMEI-DIGIT-BASE-V1").
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from .credential import hash_to_curve
from .curve import BP2, G1, linear_combination
from .encoding import Invalid, octets_to_g1, octets_to_pubkey, point_to_octets_e1, point_to_octets_e2
from .field import R
from .pairing import product_is_one

DIGITS: Final = 256


class DigitTable(NamedTuple):
    """X (96 octets), A_0..A_255 and W_0..W_255 (48 octets each), and the table's hash (32)."""

    x_point: bytes
    a: list[bytes]
    w: list[bytes]
    table_hash: bytes


@cache
def base() -> G1:
    """G_d."""
    return hash_to_curve(b"MUMEI-DIGIT-BASE-V1")


def hash_of_table(x_point: bytes, a: Sequence[bytes], w: Sequence[bytes]) -> bytes:
    """SHA-256(X || A_0..A_255 || W_0..W_255) over 24,672 octets."""
    return hashlib.sha256(x_point + b"".join(a) + b"".join(w)).digest()


def digit_table(x: int) -> DigitTable:
    """The parameters of a key x, which must be none of -d; raises ValueError."""
    if not 0 < x < R or any((x + d) % R == 0 for d in range(DIGITS)):
        raise ValueError("no digit key")
    g_d = base()
    a_points = [g_d * pow(x + d, -1, R) for d in range(DIGITS)]
    a = [point_to_octets_e1(point) for point in a_points]
    w = [point_to_octets_e1(g_d - point * d) for d, point in enumerate(a_points)]
    x_point = point_to_octets_e2(BP2 * x)
    return DigitTable(x_point, a, w, hash_of_table(x_point, a, w))


def audit_digit_table(table: DigitTable) -> None:
    """Anyone's audit without x: all 256 in one pairing product with random weights; raises Invalid."""
    x_point = octets_to_pubkey(table.x_point)
    if len(table.a) != DIGITS or len(table.w) != DIGITS:
        raise Invalid("256 digits")
    if any(x_point == -(BP2 * d) for d in range(1, DIGITS)):
        raise Invalid("X is BP2 * -d for a digit d")
    if hash_of_table(table.x_point, table.a, table.w) != table.table_hash:
        raise Invalid("hash of the table does not agree")
    g_d = base()
    a_points = [octets_to_g1(octets) for octets in table.a]
    w_points = [g_d - point * d for d, point in enumerate(a_points)]
    if [point_to_octets_e1(point) for point in w_points] != list(table.w):
        raise Invalid("a W_d is not G_d - A_d * d")
    weights = [1 + secrets.randbelow(2**128 - 1) for _ in range(DIGITS)]
    left, right = linear_combination(a_points, weights), linear_combination(w_points, weights)
    if not product_is_one([(left, x_point), (-right, BP2)]):
        raise Invalid("an A_d is no signature on its digit")
