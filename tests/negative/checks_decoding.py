"""The checks of the decoders of points and scalars: crypto/curve.py and crypto/pairing.py."""

from __future__ import annotations

from tests.fixtures.crypto_world import (
    SECRET_KEY,
    ask,
    card,
    fixed_scalar,
    random_scalar,
    show,
    without_signature,
)
from tests.negative.checks import Attempt, Check, NoCheck, show_to_verifier
from tests.negative.forger import forge
from tests.negative.mutants import without
from tests.negative.wide_points import WidePoint, plus_order_3

from mumei_core.common_key import check as common_key_check
from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.credential import Index
from mumei_core.crypto import curve, pairing
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.curve import BP1, GROUP, Point, R
from mumei_core.crypto.pairing import BP2, G2Point
from mumei_core.presentation import messages as presentation_messages

REFUSED_BY_LIBRARY = "the library's decoder refuses it too"


# Points and scalars


def uncompressed_flag() -> Attempt:
    octets = BP1.to_octets()
    return lambda: Point.from_octets(bytes([octets[0] & 0x7F]) + octets[1:])


def no_credential_with_identity() -> Attempt:
    """Abar = Bbar = identity: e(1, W) = e(1, BP2), and every other equation needs no signature."""
    octets = ask(disclosed=(1,)).to_octets()
    wire = forge(without_signature(card()), octets, r1=R)
    return show_to_verifier(octets, wire)


def unreduced_x() -> Attempt:
    """A point whose x is small enough for x + p to fit into 381 bits."""
    point = BP1
    while (x := int.from_bytes(point.to_octets(), "big") & (1 << 381) - 1) + curve.P >= 1 << 381:
        point = point + BP1
    flags = int.from_bytes(point.to_octets(), "big") >> 381 << 381
    octets = (flags | x + curve.P).to_bytes(48, "big")
    return lambda: Point.from_octets(octets)


def not_on_the_curve() -> Attempt:
    octets = BP1.to_octets()
    return lambda: Point.from_octets(octets[:-1] + b"\x00")


def order_3() -> Attempt:
    """The issuer's mark: A plus a point of order 3, and a common-key proof that fits it."""
    S_key, e = SECRET_KEY, fixed_scalar("e")
    honest = Signature(A=card().B * pow(S_key + e, -1, R), e=e)
    octets = plus_order_3(honest.A) + honest.to_octets()[48:]
    A = WidePoint.from_octets(octets[:48])
    S = card().B - A * e
    while True:
        k = random_scalar()
        c = common_key_challenge(BP1 * S_key, A, S, BP1 * k, A * k)
        if c * (S_key + e) % R % 3 == 0 and _passes(A, S, c, (k + c * S_key) % R):
            break
    proof = CommonKeyProof(c=c, z=(k + c * S_key) % R)
    return lambda: common_key_check.check_common_key(
        GROUP, BP1 * S_key, Signature.from_octets(octets), card().B, proof
    )


def _passes(A: Point, S: Point, c: int, z: int) -> bool:
    W1 = BP1 * SECRET_KEY
    return common_key_challenge(W1, A, S, BP1 * z - W1 * c, A * z - S * c) == c


def wrong_y() -> Attempt:
    """x || y with another y of the same sign: two encodings of one point."""
    octets = BP1.to_uncompressed()
    return lambda: Point.from_uncompressed(octets[:-1] + bytes([octets[-1] ^ 1]))


def longer_y() -> Attempt:
    octets = BP1.to_uncompressed()
    return lambda: Point.from_uncompressed(octets[:48] + b"\0" + octets[48:])


def unreduced_scalar() -> Attempt:
    """e^ + r instead of e^: the same proof in other octets."""
    octets, wire = show(ask())
    e_hat = int.from_bytes(wire[156:188], "big") + R
    return show_to_verifier(octets, wire[:156] + e_hat.to_bytes(32, "big") + wire[188:])


def zero_scalar() -> Attempt:
    """Born on day 0 and blinded with 0: the response 0 tells the birth date."""
    octets = ask().to_octets()
    return show_to_verifier(octets, forge(card(0), octets, m_tilde={Index.BIRTH_DATE: 0}))


def g2_identity() -> Attempt:
    return lambda: G2Point.from_octets(b"\xc0" + bytes(95))


def g2_unreduced_x() -> Attempt:
    octets = BP2.to_octets()
    return lambda: G2Point.from_octets(octets[:48] + curve.P.to_bytes(48, "big"))


def g2_not_on_the_curve() -> Attempt:
    octets = bytearray(BP2.to_octets())
    octets[-1] ^= 1
    return lambda: G2Point.from_octets(bytes(octets))


DECODING_CHECKS = [
    Check(
        name="G1: 48 octets",
        module=curve,
        raises="a point of G1 has",
        mutations=without(Point, "from_octets", "if len(octets) != POINT_LENGTH:"),
        forgery=lambda: lambda: Point.from_octets(BP1.to_octets() + b"\0"),
        reason="a point of G1 has 48 octets",
        redundant=REFUSED_BY_LIBRARY,
    ),
    Check(
        name="G1: compressed",
        module=curve,
        raises="a point of G1 must be in compressed form",
        mutations=without(Point, "from_octets", "if not flags & _COMPRESSED_BIT:"),
        forgery=uncompressed_flag,
        reason="must be in compressed form",
        redundant=REFUSED_BY_LIBRARY,
    ),
    Check(
        name="G1: not the identity",
        module=curve,
        raises="the identity is not accepted",
        mutations=without(Point, "from_octets", "if flags & _INFINITY_BIT:"),
        forgery=no_credential_with_identity,
        reason="the identity is not accepted",
    ),
    Check(
        name="G1: x below p",
        module=curve,
        raises="the x-coordinate of a point of G1",
        mutations=without(Point, "from_octets", 'if int.from_bytes(octets, "big") & ~(_FLAGS << 376) >= P:'),
        forgery=unreduced_x,
        reason="not reduced",
        redundant=REFUSED_BY_LIBRARY,
    ),
    Check(
        name="G1: on the curve",
        module=curve,
        raises='DecodingError("not a point of G1")',
        mutations=without(
            Point, "from_octets", "_blst.BlstP1Element.uncompress(octets)", "_blst.BlstP1Element()"
        ),
        forgery=not_on_the_curve,
        reason="not a point of G1",
    ),
    Check(
        name="G1: in the subgroup",
        module=curve,
        raises='DecodingError("not a point of G1")',
        mutations=without(
            Point,
            "from_octets",
            "_blst.BlstP1Element.uncompress(octets)",
            "__import__('tests.negative.wide_points', fromlist=['_']).uncompress(octets)",
        ),
        forgery=order_3,
        reason="not a point of G1",
    ),
    Check(
        name="G1 uncompressed: 96 octets",
        module=curve,
        raises="an uncompressed point of G1 has",
        mutations=without(Point, "from_uncompressed", "if len(octets) != UNCOMPRESSED_LENGTH:"),
        forgery=longer_y,
        reason="an uncompressed point of G1 has 96 octets",
    ),
    Check(
        name="G1 uncompressed: y belongs to x",
        module=curve,
        raises="not a point of the curve",
        mutations=without(Point, "from_uncompressed", "if x >= P or y >= P or (y * y - x * x * x - 4) % P:"),
        forgery=wrong_y,
        reason="not a point of the curve",
    ),
    Check(
        name="scalars: 32 octets",
        module=curve,
        raises="a scalar has",
        mutations=without(curve, "scalar_from_octets", "if len(octets) != SCALAR_LENGTH:"),
        forgery=lambda: lambda: curve.scalar_from_octets(bytes(32) + b"\1"),
        reason="a scalar has 32 octets",
    ),
    Check(
        name="scalars: below r",
        module=curve,
        raises="a scalar must lie between",
        mutations=without(
            presentation_messages, "scalar_from_octets", "if not 0 < scalar < R:", "if scalar == 0:"
        ),
        forgery=unreduced_scalar,
        reason="a scalar must lie between 1 and r - 1",
    ),
    Check(
        name="scalars: not 0",
        module=curve,
        raises="a scalar must lie between",
        mutations=without(
            presentation_messages, "scalar_from_octets", "if not 0 < scalar < R:", "if scalar >= R:"
        ),
        forgery=zero_scalar,
        reason="a scalar must lie between 1 and r - 1",
    ),
    Check(
        name="G2: 96 octets",
        module=pairing,
        raises="a point of G2 has",
        mutations=without(G2Point, "from_octets", "if len(octets) != POINT_LENGTH:"),
        forgery=lambda: lambda: G2Point.from_octets(BP2.to_octets() + b"\0"),
        reason="a point of G2 has 96 octets",
        redundant=REFUSED_BY_LIBRARY,
    ),
    Check(
        name="G2: compressed and not the identity",
        module=pairing,
        raises="a point of G2 must be in compressed form",
        mutations=without(G2Point, "from_octets", "if octets[0] & 0xC0 != 0x80:"),
        forgery=g2_identity,
        reason="not the identity",
    ),
    Check(
        name="G2: x below p",
        module=pairing,
        raises="the x-coordinate of a point of G2",
        mutations=without(G2Point, "from_octets", 'if x1 >= P or int.from_bytes(octets[48:], "big") >= P:'),
        forgery=g2_unreduced_x,
        reason="not reduced",
        redundant=REFUSED_BY_LIBRARY,
    ),
    Check(
        name="G2: on the curve and in the subgroup",
        module=pairing,
        raises='DecodingError("not a point of G2")',
        mutations=without(
            G2Point, "from_octets", "_blst.BlstP2Element.uncompress(octets)", "_blst.BlstP2Element()"
        ),
        forgery=g2_not_on_the_curve,
        reason="not a point of G2",
    ),
]


NOT_CHECKS_OF_DECODING = [
    NoCheck(
        module=curve,
        raises="the identity has no affine coordinates",
        why="encoding of tables, nothing received",
    ),
    NoCheck(module=curve, raises="a sum of no points", why="a caller's own mistake"),
]
