"""NIST P-256 for PACE, standardised domain parameters 12 (FIPS 186-4, D.1.2.3; TR-03110-3 v2.21, table 4).

The only module that imports pycryptodome: OpenSSL's bindings have no addition of points, which the generic mapping
needs. Its multiplication is constant-time and blinded.
"""

from __future__ import annotations

from Crypto.PublicKey.ECC import EccPoint

from mumei_core.commands.codes import PARAMETERS_P256
from mumei_core.eac.ec import EcPoint, PointError, coordinates, point_from_coordinates

_CURVE = "P-256"
_LENGTH = 32
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_GENERATOR = point_from_coordinates(
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    _LENGTH,
)


class P256:
    """The group; an :class:`mumei_core.eac.ec.EcGroup`."""

    name = _CURVE
    parameter_id = PARAMETERS_P256
    order = _ORDER
    generator = _GENERATOR
    length = _LENGTH

    def decode(self, octets: bytes) -> EcPoint:
        """Raises :class:`PointError` for another form, another curve, a coordinate not below p, infinity."""
        x, y = coordinates(octets, _LENGTH)
        # The library would reduce larger coordinates, and takes (0, 0) for the point at infinity.
        if x >= _P or y >= _P or (x, y) == (0, 0):
            raise PointError("not a point of P-256")
        try:
            EccPoint(x, y, _CURVE)
        except ValueError as error:
            raise PointError("not a point of P-256") from error
        return EcPoint(octets)

    def multiply(self, point: EcPoint, scalar: int) -> EcPoint:
        """Raises :class:`PointError` for a scalar outside 1..order - 1."""
        if not 0 < scalar < _ORDER:
            raise PointError("the result would be the point at infinity, or the scalar is not reduced")
        return _finite(_library_point(point) * scalar)

    def add(self, p: EcPoint, q: EcPoint) -> EcPoint:
        """Raises :class:`PointError` when ``q`` is ``-p``."""
        return _finite(_library_point(p) + _library_point(q))


P256_GROUP = P256()


def _library_point(point: EcPoint) -> EccPoint:
    return EccPoint(*coordinates(point.octets, _LENGTH), _CURVE)


def _finite(point: EccPoint) -> EcPoint:
    if point.is_point_at_infinity():
        raise PointError("the result is the point at infinity")
    x, y = point.xy
    return point_from_coordinates(int(x), int(y), _LENGTH)
