"""Octets of points, scalars and integers: what BBS calls serialize, and its strict inverses.

Source: draft-irtf-cfrg-bbs-signatures (repository state 2025-07-07), section "Serialization", and its
appendix on points, which is the compressed form of draft-irtf-cfrg-pairing-friendly-curves-11, appendix C.
"""

from __future__ import annotations

from typing import Final, final

from .curve import B1, B2, G1, G2, IDENTITY_G1, IDENTITY_G2, g1, g2
from .field import Fp, Fp2, P, R

POINT: Final = 48
"""octet_point_length"""
SCALAR: Final = 32
"""octet_scalar_length"""

_COMPRESSED: Final = 0x80
_INFINITY: Final = 0x40
_LARGER: Final = 0x20


class Invalid(Exception):  # noqa: N818 - the drafts' word
    """What the drafts call INVALID: the input does not decode, or does not verify."""


def i2osp(value: int, length: int) -> bytes:
    """Big-endian octets of a non-negative integer; raises OverflowError if it does not fit."""
    return value.to_bytes(length, "big")


def os2ip(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def point_to_octets_e1(point: G1) -> bytes:
    """48 octets, compressed."""
    if point.is_identity():
        return bytes([_COMPRESSED | _INFINITY]) + bytes(47)
    x, y = point.affine()
    octets = bytearray(i2osp(x.n, 48))
    octets[0] |= _COMPRESSED | (_LARGER if y.is_larger() else 0)
    return bytes(octets)


def point_to_octets_e2(point: G2) -> bytes:
    """96 octets, compressed, c1 of x before c0."""
    if point.is_identity():
        return bytes([_COMPRESSED | _INFINITY]) + bytes(95)
    x, y = point.affine()
    octets = bytearray(i2osp(x.c1, 48) + i2osp(x.c0, 48))
    octets[0] |= _COMPRESSED | (_LARGER if y.is_larger() else 0)
    return bytes(octets)


def _flags(octets: bytes, length: int) -> tuple[bool, bool, bytes]:
    """(is the identity, is y the larger, octets without flags)."""
    if len(octets) != length:
        raise Invalid(f"a compressed point has {length} octets here, not {len(octets)}")
    flags = octets[0] & 0xE0
    rest = bytes([octets[0] & 0x1F]) + octets[1:]
    if not flags & _COMPRESSED:
        raise Invalid("point is not in compressed form")
    if flags & _INFINITY:
        if flags & _LARGER or any(rest):
            raise Invalid("the identity has one encoding only")
        return True, False, rest
    return False, bool(flags & _LARGER), rest


def octets_to_point_e1(octets: bytes) -> G1:
    """A point of E1 (perhaps the identity, perhaps outside G1), or raises Invalid."""
    infinity, larger, rest = _flags(octets, 48)
    if infinity:
        return IDENTITY_G1
    if os2ip(rest) >= P:
        raise Invalid("x is not reduced mod p")
    x = Fp(os2ip(rest))
    y = (x * x * x + B1).sqrt()
    if y is None:
        raise Invalid("no point of E1 has this x")
    return g1(x, y if y.is_larger() == larger else -y)


def octets_to_point_e2(octets: bytes) -> G2:
    """A point of E2 (perhaps the identity, perhaps outside G2), or raises Invalid."""
    infinity, larger, rest = _flags(octets, 96)
    if infinity:
        return IDENTITY_G2
    c1, c0 = os2ip(rest[:48]), os2ip(rest[48:])
    if c0 >= P or c1 >= P:
        raise Invalid("x is not reduced mod p")
    x = Fp2(c0, c1)
    y = (x * x * x + B2).sqrt()
    if y is None:
        raise Invalid("no point of E2 has this x")
    return g2(x, y if y.is_larger() == larger else -y)


def octets_to_g1(octets: bytes) -> G1:
    """A point of G1 without the identity: what every received point must be. 48 octets, or raises Invalid."""
    point = octets_to_point_e1(octets)
    if point.is_identity():
        raise Invalid("the identity is refused here")
    if not point.in_subgroup():
        raise Invalid("point is outside the subgroup G1")
    return point


def octets_to_pubkey(octets: bytes) -> G2:
    """A point of G2 without the identity (BBS octets_to_pubkey). 96 octets, or raises Invalid."""
    point = octets_to_point_e2(octets)
    if point.is_identity():
        raise Invalid("the identity is no public key")
    if not point.in_subgroup():
        raise Invalid("point is outside the subgroup G2")
    return point


def octets_to_scalar(octets: bytes) -> int:
    """A scalar 0 < s < r of 32 octets, or raises Invalid."""
    if len(octets) != SCALAR:
        raise Invalid(f"a scalar has 32 octets, not {len(octets)}")
    value = os2ip(octets)
    if not 0 < value < R:
        raise Invalid("scalar is 0 or not reduced mod r")
    return value


def serialize(*elements: G1 | int | bytes) -> bytes:
    """Points of G1 as 48 octets, integers as scalars of 32, octets as they are.

    Counts and indexes, which BBS writes as eight octets, come in as i2osp(n, 8): an int alone cannot tell.
    """
    octets = b""
    for element in elements:
        if isinstance(element, bytes):
            octets += element
        elif isinstance(element, int):
            octets += i2osp(element, SCALAR)
        else:
            octets += point_to_octets_e1(element)
    return octets


@final
class Reader:
    """Reads a string of octets from the left; every read checks what it reads, the end must be reached."""

    def __init__(self, octets: bytes) -> None:
        self._rest = octets

    def octets(self, length: int) -> bytes:
        if len(self._rest) < length:
            raise Invalid("octets end too early")
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken

    def integer(self, length: int) -> int:
        return os2ip(self.octets(length))

    def scalar(self) -> int:
        return octets_to_scalar(self.octets(SCALAR))

    def point(self) -> G1:
        return octets_to_g1(self.octets(POINT))

    def remaining(self) -> int:
        return len(self._rest)

    def end(self) -> None:
        if self._rest:
            raise Invalid(f"{len(self._rest)} octets too many at the end")
