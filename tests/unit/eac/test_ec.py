"""P-256 for PACE: the same points as another library computes, and nothing that is no point."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures.brainpool import BrainpoolP256r1

from mumei_core.eac.ec import EcGroup, EcPoint, PointError, random_scalar
from mumei_core.eac.p256 import P256_GROUP

BRAINPOOL = BrainpoolP256r1()
GROUPS: list[EcGroup] = [P256_GROUP, BRAINPOOL]
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
scalars = st.integers(1, P256_GROUP.order - 1)


def by_openssl(scalar: int) -> bytes:
    key = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@settings(max_examples=25)
@given(scalars)
def test_multiples_of_the_generator_are_those_of_another_library(scalar: int) -> None:
    assert P256_GROUP.multiply(P256_GROUP.generator, scalar).octets == by_openssl(scalar)


@settings(max_examples=25)
@given(scalars, scalars)
def test_addition_fits_multiplication(a: int, b: int) -> None:
    total = (a + b) % P256_GROUP.order
    points = [P256_GROUP.multiply(P256_GROUP.generator, scalar) for scalar in (a, b)]
    if total:
        assert P256_GROUP.add(*points) == P256_GROUP.multiply(P256_GROUP.generator, total)
    else:
        with pytest.raises(PointError):
            P256_GROUP.add(*points)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
class TestAnyGroup:
    def test_a_point_survives_its_encoding(self, group: EcGroup) -> None:
        point = group.multiply(group.generator, 7)
        assert group.decode(point.octets) == point
        assert len(point.octets) == 1 + 2 * group.length
        assert point.x == point.octets[1 : 1 + group.length]

    def test_doubling(self, group: EcGroup) -> None:
        assert group.add(group.generator, group.generator) == group.multiply(group.generator, 2)

    def test_infinity_is_no_sum(self, group: EcGroup) -> None:
        minus = group.multiply(group.generator, group.order - 1)
        with pytest.raises(PointError):
            group.add(group.generator, minus)

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda octets: b"", id="nothing"),
            pytest.param(lambda octets: b"\x00", id="infinity"),
            pytest.param(lambda octets: b"\x04" + bytes(64), id="zeros"),
            pytest.param(lambda octets: octets[:-1], id="cut"),
            pytest.param(lambda octets: octets + b"\x00", id="extended"),
            pytest.param(lambda octets: octets[:33], id="x only"),
            pytest.param(lambda octets: b"\x02" + octets[1:33], id="compressed"),
            pytest.param(lambda octets: b"\x06" + octets[1:], id="hybrid"),
            pytest.param(lambda octets: octets[:-1] + bytes((octets[-1] ^ 1,)), id="off the curve"),
            pytest.param(lambda octets: b"\x04" + b"\xff" * 64, id="not in the field"),
        ],
    )
    def test_what_is_no_point(self, group: EcGroup, change: object) -> None:
        assert callable(change)
        with pytest.raises(PointError):
            group.decode(change(group.generator.octets))


def test_a_point_of_the_other_curve_is_no_point() -> None:
    with pytest.raises(PointError):
        P256_GROUP.decode(BRAINPOOL.generator.octets)
    with pytest.raises(PointError):
        BRAINPOOL.decode(P256_GROUP.generator.octets)


def test_coordinates_are_not_reduced_silently() -> None:
    """x + p encodes the same point for a library that reduces: two encodings of one key."""
    # The x of 0 is on the curve, so x = p is the smallest other encoding of such a point.
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    y = pow(b, (P + 1) // 4, P)
    octets = b"\x04" + bytes(32) + y.to_bytes(32)
    assert P256_GROUP.decode(octets).octets == octets
    with pytest.raises(PointError):
        P256_GROUP.decode(b"\x04" + P.to_bytes(32) + y.to_bytes(32))


@pytest.mark.parametrize("scalar", [0, -1, P256_GROUP.order, P256_GROUP.order + 1])
def test_scalars_outside_their_range_are_refused(scalar: int) -> None:
    with pytest.raises(PointError):
        P256_GROUP.multiply(P256_GROUP.generator, scalar)


def test_secret_scalars_are_drawn_until_they_are_in_range() -> None:
    drawn = [bytes(32), P256_GROUP.order.to_bytes(32), b"\xff" * 32, (5).to_bytes(32)]
    assert random_scalar(P256_GROUP, lambda count: drawn.pop(0)) == 5


def test_a_point_shows_nothing_in_logs() -> None:
    point = EcPoint(b"\x04" + b"\xab" * 64)
    assert "ab" not in repr(point).lower().replace("ecpoint", "")
