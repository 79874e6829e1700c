"""Decoding of points of G1 and G2: one encoding per point, and nothing outside the prime-order groups."""

from __future__ import annotations

import secrets

import pytest
from tests.vectors.reference.curve import G1, G2, g1, g2
from tests.vectors.reference.encoding import (
    octets_to_point_e1,
    octets_to_point_e2,
    point_to_octets_e1,
    point_to_octets_e2,
)
from tests.vectors.reference.field import Fp, Fp2

from mumei_core.crypto.curve import BP1, IDENTITY, P, Point, R, compress
from mumei_core.crypto.pairing import BP2, G2Point
from mumei_core.errors import DecodingError

#: Cofactors of the curves, #E / r.
H1 = (0xD201000000010000 + 1) ** 2 // 3


def e1_point(start: int) -> G1:
    """A point of the whole curve E1 with the first possible x from ``start`` on."""
    x = Fp(start)
    while (y := (x * x * x + Fp(4)).sqrt()) is None:
        x = x + Fp(1)
    return g1(x, y)


def e2_point(start: int) -> G2:
    x = Fp2(start, 1)
    while (y := (x * x * x + Fp2(4, 4)).sqrt()) is None:
        x = x + Fp2(1, 0)
    return g2(x, y)


def small_order_e1() -> list[G1]:
    """Points whose order divides the cofactor: of order 3, 11 and the whole cofactor."""
    cofactor_point = e1_point(5) * R
    assert not cofactor_point.is_identity()
    assert (cofactor_point * H1).is_identity()
    points = [g1(Fp(0), Fp(2)), g1(Fp(0), -Fp(2)), cofactor_point]
    of_order_11 = cofactor_point * (H1 // 11)
    return [*points, of_order_11] if not of_order_11.is_identity() else points


OUTSIDE_G1 = [
    *small_order_e1(),
    e1_point(7),
    octets_to_point_e1(BP1.to_octets()) + g1(Fp(0), Fp(2)),
    octets_to_point_e1((BP1 * 12345).to_octets()) + e1_point(5) * R,
]
OUTSIDE_G2 = [
    e2_point(3),
    e2_point(3) * R,
    octets_to_point_e2(BP2.to_octets()) + e2_point(3) * R,
]


@pytest.mark.parametrize("point", OUTSIDE_G1)
def test_points_of_the_curve_outside_g1_are_refused(point: G1) -> None:
    x, y = point.affine()
    with pytest.raises(DecodingError):
        Point.from_octets(point_to_octets_e1(point))
    with pytest.raises(DecodingError):
        Point.from_uncompressed(x.n.to_bytes(48, "big") + y.n.to_bytes(48, "big"))


@pytest.mark.parametrize("point", OUTSIDE_G2)
def test_points_of_the_curve_outside_g2_are_refused(point: G2) -> None:
    assert not point.is_identity()
    with pytest.raises(DecodingError):
        G2Point.from_octets(point_to_octets_e2(point))


def test_x_without_a_point_is_refused() -> None:
    refused = 0
    for x in range(60):
        if (Fp(x) * Fp(x) * Fp(x) + Fp(4)).sqrt() is None:
            refused += 1
            with pytest.raises(DecodingError):
                Point.from_octets((0x80 << 376 | x).to_bytes(48, "big"))
    assert refused > 10


@pytest.mark.parametrize("flags", [0x00, 0x20, 0x40, 0x60, 0xC0, 0xE0])
def test_only_the_compressed_finite_form_is_a_point(flags: int) -> None:
    for octets, decode in ((BP1.to_octets(), Point.from_octets), (BP2.to_octets(), G2Point.from_octets)):
        with pytest.raises(DecodingError):
            decode(bytes([octets[0] & 0x1F | flags]) + octets[1:])


@pytest.mark.parametrize("first", [0x40, 0x60, 0xC0, 0xE0])
@pytest.mark.parametrize("rest", ["zeros", "ones", "last"])
def test_the_identity_is_refused_in_every_encoding(first: int, rest: str) -> None:
    ends = {"zeros": b"\0" * 96, "ones": b"\xff" * 96, "last": b"\0" * 95 + b"\1"}
    for length, decode in ((48, Point.from_octets), (96, G2Point.from_octets), (96, Point.from_uncompressed)):
        with pytest.raises(DecodingError):
            decode(bytes([first]) + ends[rest][1 - length :])
    with pytest.raises(DecodingError):
        Point.from_uncompressed(bytes(96))
    with pytest.raises(DecodingError):
        Point.from_octets(IDENTITY.to_octets())


def test_x_must_be_reduced() -> None:
    """x + p fits for the smallest x only; both the true x and its shifted form are tried."""
    tried = 0
    point = BP1
    while tried < 5:
        point = point + BP1
        number = int.from_bytes(point.to_octets(), "big")
        x, flags = number & (1 << 381) - 1, number >> 381 << 381
        if x + P < 1 << 381:
            tried += 1
            with pytest.raises(DecodingError):
                Point.from_octets((flags | x + P).to_bytes(48, "big"))
    for x in (P, P + 1, (1 << 381) - 1):
        with pytest.raises(DecodingError):
            Point.from_octets((0x80 << 376 | x).to_bytes(48, "big"))


@pytest.mark.parametrize("half", [0, 1])
def test_both_halves_of_a_g2_x_must_be_reduced(half: int) -> None:
    point, tried = BP2, 0
    while tried < 3:
        point = point + BP2
        octets = point.to_octets()
        part = bytes([octets[0] & 0x1F]) + octets[1:48] if half == 0 else octets[48:]
        x = int.from_bytes(part, "big")
        limit = 1 << 381 if half == 0 else 1 << 384
        if x + P < limit:
            tried += 1
            shifted = (x + P).to_bytes(48, "big")
            wrong = bytes([octets[0] & 0xE0 | shifted[0]]) + shifted[1:] + octets[48:]
            with pytest.raises(DecodingError):
                G2Point.from_octets(wrong if half == 0 else octets[:48] + shifted)


@pytest.mark.parametrize("length", [0, 1, 47, 49, 95, 96, 97, 192])
def test_a_point_has_its_length(length: int) -> None:
    padded = (BP1.to_octets() + bytes(200))[:length]
    if length != 48:
        with pytest.raises(DecodingError):
            Point.from_octets(padded)
    if length != 96:
        with pytest.raises(DecodingError):
            G2Point.from_octets((BP2.to_octets() + bytes(200))[:length])
        with pytest.raises(DecodingError):
            Point.from_uncompressed((BP1.to_uncompressed() + bytes(200))[:length])


def test_uncompressed_coordinates_are_those_of_one_point() -> None:
    octets = (BP1 * 99).to_uncompressed()
    x, y = octets[:48], octets[48:]
    minus_y = (P - int.from_bytes(y, "big")).to_bytes(48, "big")
    plus_p = (int.from_bytes(y, "big") + P).to_bytes(48, "big")

    assert Point.from_uncompressed(octets) == BP1 * 99
    assert Point.from_uncompressed(x + minus_y) == -(BP1 * 99)
    for wrong in (y + x, x + x, x + plus_p, bytes([x[0] | 0x80]) + x[1:] + y, x + bytes(48)):
        with pytest.raises(DecodingError):
            Point.from_uncompressed(wrong)


def test_what_is_encoded_is_decoded() -> None:
    for _ in range(50):
        point = BP1 * (secrets.randbelow(R - 1) + 1)
        assert Point.from_octets(point.to_octets()) == point
        assert compress(point.to_uncompressed()) == point.to_octets()
        assert point_to_octets_e1(octets_to_point_e1(point.to_octets())) == point.to_octets()
    twist = BP2 * (secrets.randbelow(R - 1) + 1)
    assert G2Point.from_octets(twist.to_octets()) == twist


def test_no_octet_of_a_point_can_change_to_give_the_same_point() -> None:
    octets = (BP1 * 7).to_octets()
    for at in range(48):
        for bit in range(8):
            changed = bytearray(octets)
            changed[at] ^= 1 << bit
            try:
                other = Point.from_octets(bytes(changed))
            except DecodingError:
                continue
            assert other != BP1 * 7
