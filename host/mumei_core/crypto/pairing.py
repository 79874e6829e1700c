"""BLS12-381 G2 and the optimal Ate pairing: the host's side only, for no card has one.

Source: draft-irtf-cfrg-pairing-friendly-curves, 4.2.1 and Appendix C; draft-irtf-cfrg-bbs-signatures, "h".
"""

from __future__ import annotations

import functools
import operator
from typing import Any, Final

import pyblst as _blst

from mumei_core.crypto.curve import P, Point, R
from mumei_core.errors import DecodingError

POINT_LENGTH: Final = 96
_FLAGS = 0xE0


class G2Point:
    """A point of the prime-order group G2, decoded as strictly as :class:`~mumei_core.crypto.curve.Point`."""

    __slots__ = ("_element", "_octets")

    def __init__(self, element: Any, octets: bytes | None = None) -> None:
        self._element = element
        self._octets = octets

    @classmethod
    def from_octets(cls, octets: bytes) -> G2Point:
        """Decode 96 octets, compressed and canonical; refuse the identity and points outside the subgroup."""
        if len(octets) != POINT_LENGTH:
            raise DecodingError(f"a point of G2 has {POINT_LENGTH} octets, not {len(octets)}")
        if octets[0] & 0xC0 != 0x80:
            raise DecodingError("a point of G2 must be in compressed form and not the identity")
        x1 = int.from_bytes(octets[:48], "big") & ~(_FLAGS << 376)
        if x1 >= P or int.from_bytes(octets[48:], "big") >= P:
            raise DecodingError("the x-coordinate of a point of G2 is not reduced")
        try:
            element = _blst.BlstP2Element.uncompress(octets)
        except ValueError:
            raise DecodingError("not a point of G2") from None
        return cls(element, bytes(octets))

    def to_octets(self) -> bytes:
        """96 octets, compressed."""
        if self._octets is None:
            self._octets = bytes(self._element.compress())
        return self._octets

    def __add__(self, other: G2Point) -> G2Point:
        return G2Point(self._element + other._element)

    def __mul__(self, scalar: int) -> G2Point:
        """Constant-time in the scalar (blst)."""
        return G2Point(self._element.scalar_mul(scalar % R))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, G2Point) and bool(self._element == other._element)

    def __hash__(self) -> int:
        return hash(self.to_octets())


#: BP2, the base point of G2.
BP2: Final = G2Point.from_octets(
    bytes.fromhex(
        "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
    )
)


def products_are_equal(left: list[tuple[Point, G2Point]], right: list[tuple[Point, G2Point]]) -> bool:
    """Whether Π e(P, Q) over ``left`` equals that over ``right``: a Miller loop each, one final exponentiation.

    A caller must act on the answer; the verifiers of this package raise on ``False``.
    """
    return bool(_blst.final_verify(_miller_loops(left), _miller_loops(right)))


def _miller_loops(pairs: list[tuple[Point, G2Point]]) -> Any:
    return functools.reduce(operator.mul, (_blst.miller_loop(p._element, q._element) for p, q in pairs))
