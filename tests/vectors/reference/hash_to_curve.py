"""Hashing to G1: BLS12381G1_XMD:SHA-256_SSWU_RO_ and BLS12381G1_XOF:SHAKE-256_SSWU_RO_.

Source: RFC 9380, sections 3 (hash_to_curve), 5.2 (hash_to_field), 5.3 (expand_message), 6.6.2 and 6.6.3
(simplified SWU, isogeny) and 8.8.1; the SHAKE-256 suite is appendix A.1 of draft-irtf-cfrg-bbs-signatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from . import isogeny
from .curve import G1, IDENTITY_G1, g1
from .encoding import i2osp, os2ip
from .field import BLS_X, Fp

ExpandMessage: TypeAlias = Callable[[bytes, bytes, int], bytes]
"""(msg, DST, length in octets) -> that many uniform octets."""

FIELD_LENGTH: Final = 64
"""L of RFC 9380: octets hashed for one element of Fp."""
H_EFF: Final = 1 - BLS_X


def _dst_prime(dst: bytes, length: int) -> bytes:
    if len(dst) > 255 or length > 65535:
        raise ValueError("DST of at most 255 octets, output of at most 65535")
    return dst + i2osp(len(dst), 1)


def expand_message_xmd(msg: bytes, dst: bytes, length: int) -> bytes:
    """RFC 9380, 5.3.1, with SHA-256 (b = 32 octets, block s = 64 octets)."""
    dst_prime = _dst_prime(dst, length)
    rounds = -(-length // 32)
    if rounds > 255:
        raise ValueError("output too long")
    b0 = hashlib.sha256(bytes(64) + msg + i2osp(length, 2) + b"\x00" + dst_prime).digest()
    block = hashlib.sha256(b0 + b"\x01" + dst_prime).digest()
    uniform = block
    for i in range(2, rounds + 1):
        mixed = bytes(x ^ y for x, y in zip(b0, block, strict=True))
        block = hashlib.sha256(mixed + i2osp(i, 1) + dst_prime).digest()
        uniform += block
    return uniform[:length]


def expand_message_xof(msg: bytes, dst: bytes, length: int) -> bytes:
    """RFC 9380, 5.3.2, with SHAKE-256."""
    return hashlib.shake_256(msg + i2osp(length, 2) + _dst_prime(dst, length)).digest(length)


def hash_to_field(expand_message: ExpandMessage, msg: bytes, dst: bytes, count: int) -> list[Fp]:
    """RFC 9380, 5.2, for Fp (m = 1)."""
    uniform = expand_message(msg, dst, count * FIELD_LENGTH)
    return [Fp(os2ip(uniform[i * FIELD_LENGTH : (i + 1) * FIELD_LENGTH])) for i in range(count)]


def map_to_curve_simple_swu(u: Fp) -> tuple[Fp, Fp]:
    """RFC 9380, 6.6.2: an element of Fp to a point (x, y) of the isogenous curve E'."""
    a, b, z = Fp(isogeny.ISO_A), Fp(isogeny.ISO_B), Fp(isogeny.Z)
    zuu = z * u * u
    tv1 = zuu * zuu + zuu
    x1 = b * (z * a).inverse() if tv1.is_zero() else -b * a.inverse() * (Fp(1) + tv1.inverse())
    for x in (x1, zuu * x1):
        y = (x * x * x + a * x + b).sqrt()
        if y is not None:
            return x, (y if y.n % 2 == u.n % 2 else -y)  # sgn0 is the lowest bit
    raise AssertionError("one of the two values is a square, or the constants are wrong")


def _polynomial(coefficients: Sequence[int], x: Fp) -> Fp:
    value = Fp(0)
    for coefficient in reversed(coefficients):
        value = value * x + Fp(coefficient)
    return value


def iso_map(x: Fp, y: Fp) -> G1:
    """RFC 9380, 6.6.3 and appendix E.2: E' to E1; the kernel goes to the identity."""
    x_den, y_den = _polynomial(isogeny.X_DEN, x), _polynomial(isogeny.Y_DEN, x)
    if x_den.is_zero() or y_den.is_zero():
        return IDENTITY_G1
    return g1(
        _polynomial(isogeny.X_NUM, x) * x_den.inverse(),
        y * _polynomial(isogeny.Y_NUM, x) * y_den.inverse(),
    )


def hash_to_curve_g1(expand_message: ExpandMessage, msg: bytes, dst: bytes) -> G1:
    """RFC 9380, 3: msg to a point of the subgroup G1 under the domain separation tag DST."""
    u0, u1 = hash_to_field(expand_message, msg, dst, 2)
    q0 = iso_map(*map_to_curve_simple_swu(u0))
    q1 = iso_map(*map_to_curve_simple_swu(u1))
    return (q0 + q1) * H_EFF
