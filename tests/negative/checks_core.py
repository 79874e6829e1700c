"""The checks of the crypto core: BBS signatures and proofs, commitments, the common key."""

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
from tests.negative.checks import Attempt, Check
from tests.negative.mutants import without

from mumei_core.common_key import check as common_key_check
from mumei_core.common_key import messages as common_key_messages
from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import credential_header
from mumei_core.crypto.bbs import messages as bbs_messages
from mumei_core.crypto.bbs import verifier as bbs_verifier
from mumei_core.crypto.bbs.messages import InitResult, Proof, Signature, calculate_challenge, calculate_domain
from mumei_core.crypto.blind import messages as blind_messages
from mumei_core.crypto.blind import verifier as blind_verifier
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import BP1, GROUP, IDENTITY, R
from mumei_core.crypto.generators import ALL, BLIND
from mumei_core.crypto.hashing import MUMEI
from mumei_core.presentation.messages import Presentation, presentation_header

HEADER = credential_header(PUBLIC_KEY, VALID_UNTIL)


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


CORE_CHECKS = [
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
