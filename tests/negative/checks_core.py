"""The checks of the crypto core: decoders of points and scalars, BBS, commitments, the common key."""

from __future__ import annotations

from dataclasses import replace

from tests.fixtures.crypto_world import (
    PUBLIC_KEY,
    ROGUE_KEY,
    SECRET_KEY,
    VALID_UNTIL,
    ask,
    card,
    fixed_scalar,
    random_scalar,
    show,
    without_signature,
)
from tests.negative.checks import Attempt, Check, NoCheck, show_to_verifier
from tests.negative.forger import forge
from tests.negative.mutants import Mutation
from tests.negative.wide_points import WidePoint, plus_order_3

from mumei_core.common_key import check as common_key_check
from mumei_core.common_key import messages as common_key_messages
from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import Index, credential_header
from mumei_core.crypto import curve, pairing
from mumei_core.crypto.bbs import messages as bbs_messages
from mumei_core.crypto.bbs import verifier as bbs_verifier
from mumei_core.crypto.bbs.messages import InitResult, Proof, Signature, calculate_challenge, calculate_domain
from mumei_core.crypto.blind import messages as blind_messages
from mumei_core.crypto.blind import verifier as blind_verifier
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import BP1, GROUP, IDENTITY, Point, R
from mumei_core.crypto.generators import ALL, BLIND
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.pairing import BP2, G2Point
from mumei_core.presentation import messages as presentation_messages
from mumei_core.presentation.messages import Presentation, presentation_header

HEADER = credential_header(PUBLIC_KEY, VALID_UNTIL)
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


# BBS


def other_messages(count: int = 8) -> Attempt:
    """A good signature, shown for another birth date, or for another number of messages."""
    good = card()
    messages = (good.messages[0] + 1, *good.messages[1:])[:count]
    return lambda: bbs_verifier.core_verify(MUMEI, PUBLIC_KEY, good.signature, ALL, HEADER, messages)


def standard_proof() -> tuple[Proof, bytes]:
    request = ask()
    octets, wire = show(request)
    return Presentation.from_octets(wire, request).standard_proof(None), presentation_header(octets, b"")


def verify_standard(proof: Proof, ph: bytes, disclosed: dict[int, int] | None = None) -> Attempt:
    return lambda: bbs_verifier.core_proof_verify(MUMEI, PUBLIC_KEY, proof, ALL, HEADER, ph, disclosed or {})


def one_response_less() -> Attempt:
    proof, ph = standard_proof()
    return verify_standard(replace(proof, m_hat=proof.m_hat[:-1]), ph)


def index_out_of_range(index: int) -> Attempt:
    proof, ph = standard_proof()
    return verify_standard(replace(proof, m_hat=proof.m_hat[:-1]), ph, {index: 1})


def standard_with_changed_response() -> Attempt:
    proof, ph = standard_proof()
    return verify_standard(replace(proof, e_hat=random_scalar()), ph)


def standard_without_credential(*, identity: bool) -> Attempt:
    """A proof of any messages by nobody: Abar = Bbar = identity passes the pairing, other points do not."""
    request = ask()
    octets = request.to_octets()
    domain = calculate_domain(MUMEI, PUBLIC_KEY, ALL, HEADER)
    nobody = without_signature(card())
    D, r3_tilde = nobody.B, random_scalar()
    Abar = IDENTITY if identity else nobody.signature.A
    Bbar = IDENTITY if identity else D - Abar * nobody.signature.e
    r1, e = (0, 0) if identity else (1, nobody.signature.e)
    e_tilde, r1_tilde, m_tilde = random_scalar(), random_scalar(), [random_scalar() for _ in range(8)]
    T1 = Abar * e_tilde + D * r1_tilde
    T2 = GROUP.sum_of_products(zip(ALL[1:], m_tilde, strict=True), start=D * r3_tilde)
    ph = presentation_header(octets, b"")
    c = calculate_challenge(MUMEI, InitResult(Abar=Abar, Bbar=Bbar, D=D, T1=T1, T2=T2, domain=domain), {}, ph)
    proof = Proof(
        Abar=Abar,
        Bbar=Bbar,
        D=D,
        e_hat=(e_tilde + e * c) % R,
        r1_hat=(r1_tilde - r1 * c) % R,
        r3_hat=(r3_tilde - c) % R,
        m_hat=tuple((x + c * m) % R for x, m in zip(m_tilde, nobody.messages, strict=True)),
        c=c,
    )
    return verify_standard(proof, ph)


def longer_signature() -> Attempt:
    return lambda: Signature.from_octets(card().signature.to_octets() + b"\0")


def shorter_proof() -> Attempt:
    proof, ph = standard_proof()
    octets = proof.to_octets()[: 144 + 96]
    return lambda: verify_standard(Proof.from_octets(octets), ph)()


# Commitments and the common key


def commitment() -> CommitmentWithProof:
    return core_commit(GROUP, MUMEI, BLIND, (11, 12), [random_scalar() for _ in range(4)])


def anothers_commitment() -> Attempt:
    stolen = replace(commitment(), C=commitment().C)
    return lambda: blind_verifier.core_commit_verify(MUMEI, stolen, BLIND)


def commitment_to_one() -> Attempt:
    offered = commitment()
    shorter = replace(offered, m_hat=offered.m_hat[:1])
    return lambda: blind_verifier.core_commit_verify(MUMEI, shorter, BLIND)


def commitment_octets(cut: int) -> Attempt:
    octets = commitment().to_octets()[:cut]
    return lambda: blind_verifier.core_commit_verify(MUMEI, CommitmentWithProof.from_octets(octets), BLIND)


def private_key() -> Attempt:
    e = fixed_scalar("e")
    marked = Signature(A=card().B * pow(ROGUE_KEY + e, -1, R), e=e)
    proof = prove_common_key(ROGUE_KEY, marked, card().B)
    return lambda: common_key_check.check_common_key(GROUP, BP1 * SECRET_KEY, marked, card().B, proof)


def identity_as_s() -> Attempt:
    """A * e = B: a signature under the key 0."""
    e = fixed_scalar("e")
    A = card().B * pow(e, -1, R)
    k = random_scalar()
    c = common_key_challenge(BP1 * SECRET_KEY, A, IDENTITY, BP1 * k, A * k)
    proof = CommonKeyProof(c=c, z=(k + c * SECRET_KEY) % R)
    return lambda: common_key_check.check_common_key(
        GROUP, BP1 * SECRET_KEY, Signature(A=A, e=e), card().B, proof
    )


def longer_common_key_proof() -> Attempt:
    octets = prove_common_key(SECRET_KEY, card().signature, card().B).to_octets()
    return lambda: CommonKeyProof.from_octets(octets + b"\0")


def without(owner: object, name: str, condition: str, new: str = "if False:") -> tuple[Mutation, ...]:
    return (Mutation(owner=owner, name=name, old=condition, new=new),)  # type: ignore[arg-type]


CORE_CHECKS = [
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
    Check(
        name="BBS signature: as many generators as messages",
        module=bbs_verifier,
        raises='"number of messages and generators differ"',
        mutations=without(bbs_verifier, "core_verify", "if len(generators) != len(messages) + 1:"),
        forgery=lambda: other_messages(7),
        reason="number of messages and generators differ",
        redundant="B pairs generators and messages strictly; the check turns a ValueError into InvalidProof",
    ),
    Check(
        name="BBS signature: pairing",
        module=bbs_verifier,
        raises="signature equation",
        mutations=without(
            bbs_verifier,
            "core_verify",
            "if not products_are_equal([(signature.A, W)], [(B - signature.A * signature.e, BP2)]):",
        ),
        forgery=other_messages,
        reason="signature equation",
    ),
    Check(
        name="BBS proof: as many generators as messages",
        module=bbs_verifier,
        raises='"number of messages and generators differ"',
        mutations=without(
            bbs_verifier, "proof_verify_init", "if len(generators) != 1 + len(disclosed) + len(proof.m_hat):"
        ),
        forgery=one_response_less,
        reason="number of messages and generators differ",
        redundant="responses and hidden indexes are paired strictly; the check names the fault",
    ),
    *(
        Check(
            name=f"BBS proof: index {index} is none",
            module=module,
            raises=raises,
            mutations=without(
                bbs_verifier,
                "split_indexes",
                "if list(disclosed) != sorted(set(disclosed)) or any(not 0 <= i < count for i in disclosed):",
            ),
            forgery=lambda index=index: index_out_of_range(index),  # type: ignore[misc]
            reason="disclosed indexes",
            redundant="an index out of range leaves one hidden index more than there are responses",
        )
        for index, module, raises in (
            (8, bbs_verifier, 'InvalidProof("disclosed indexes")'),
            (-1, bbs_messages, "disclosed indexes must be ascending"),
        )
    ),
    Check(
        name="BBS proof: challenge",
        module=bbs_verifier,
        raises='InvalidProof("challenge")',
        mutations=without(
            bbs_verifier,
            "core_proof_verify",
            "if calculate_challenge(interface, init, disclosed, presentation_header) != proof.c:",
        ),
        forgery=standard_with_changed_response,
        reason="challenge",
    ),
    Check(
        name="BBS proof: Abar is not the identity",
        module=bbs_verifier,
        raises="Abar is the identity",
        mutations=without(bbs_verifier, "check_pairing", "if proof.Abar == IDENTITY:"),
        forgery=lambda: standard_without_credential(identity=True),
        reason="Abar is the identity",
    ),
    Check(
        name="BBS proof: pairing",
        module=bbs_verifier,
        raises="pairing equation",
        mutations=without(
            bbs_verifier,
            "check_pairing",
            "if not products_are_equal([(proof.Abar, G2Point.from_octets(pk))], [(proof.Bbar, BP2)]):",
        ),
        forgery=lambda: standard_without_credential(identity=False),
        reason="pairing equation",
    ),
    Check(
        name="BBS signature: 80 octets",
        module=bbs_messages,
        raises="a signature has",
        mutations=without(Signature, "from_octets", "if len(octets) != SIGNATURE_LENGTH:"),
        forgery=longer_signature,
        reason="a signature has 80 octets",
        redundant="its scalar would have another length",
    ),
    Check(
        name="BBS proof: at least 272 octets",
        module=bbs_messages,
        raises="a proof has 272 octets",
        mutations=without(
            Proof,
            "from_octets",
            "if len(octets) < _PROOF_FLOOR or (len(octets) - _PROOF_FLOOR) % SCALAR_LENGTH:",
        ),
        forgery=shorter_proof,
        reason="a proof has 272 octets",
        redundant="r3^ would be read as the challenge as well, and too few messages remain",
    ),
    Check(
        name="commitment: to the type's number of scalars",
        module=blind_verifier,
        raises="commitment to another number",
        mutations=without(
            blind_verifier, "core_commit_verify", "if len(blind_generators) != len(commitment.m_hat) + 1:"
        ),
        forgery=commitment_to_one,
        reason="commitment to another number of messages",
        redundant="generators and responses are paired strictly; the check turns a ValueError into InvalidProof",
    ),
    Check(
        name="commitment: its maker can open it",
        module=blind_verifier,
        raises='InvalidProof("commitment proof")',
        mutations=without(
            blind_verifier,
            "core_commit_verify",
            "if blind_challenge(interface, commitment.C, Cbar, blind_generators) != commitment.c:",
        ),
        forgery=anothers_commitment,
        reason="commitment proof",
    ),
    *(
        Check(
            name=f"commitment: not {cut} octets",
            module=blind_messages,
            raises="a commitment has 112 octets",
            mutations=without(
                CommitmentWithProof,
                "from_octets",
                "if len(octets) < _FLOOR or (len(octets) - _FLOOR) % SCALAR_LENGTH:",
            ),
            forgery=lambda cut=cut: commitment_octets(cut),  # type: ignore[misc]
            reason="a commitment has 112 octets",
            redundant="the rest is no scalar, or too few scalars for the type",
        )
        for cut in (80, 175)
    ),
    Check(
        name="common key: one logarithm",
        module=common_key_check,
        raises='InvalidProof("common key")',
        mutations=without(
            common_key_check,
            "check_common_key",
            "if S.is_identity or common_key_challenge(W1, A, S, T1, TA) != proof.c:",
        ),
        forgery=private_key,
        reason="common key",
    ),
    Check(
        name="common key: S is not the identity",
        module=common_key_check,
        raises='InvalidProof("common key")',
        mutations=without(common_key_check, "check_common_key", "if S.is_identity or ", "if "),
        forgery=identity_as_s,
        reason="common key",
        redundant="S = A * sk is the identity for key 0 only, and W1 is not the identity",
    ),
    Check(
        name="common key: 64 octets",
        module=common_key_messages,
        raises="a common-key proof has",
        mutations=without(CommonKeyProof, "from_octets", "if len(octets) != COMMON_KEY_PROOF_LENGTH:"),
        forgery=longer_common_key_proof,
        reason="a common-key proof has 64 octets",
        redundant="its second scalar would have another length",
    ),
]

NOT_CHECKS_OF_THE_CORE = [
    NoCheck(
        module=curve,
        raises="the identity has no affine coordinates",
        why="encoding of tables, nothing received",
    ),
    NoCheck(module=curve, raises="a sum of no points", why="a caller's own mistake"),
]
