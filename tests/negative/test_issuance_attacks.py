"""Attacks on issuance (mumei protocol 2.2): issuers that mark cards, cards that commit to what they do not know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.fixtures.crypto_world import (
    PUBLIC_KEY,
    ROGUE_KEY,
    SECRET_KEY,
    VALID_UNTIL,
    attributes,
    card,
    fixed_scalar,
    random_scalar,
)
from tests.negative.wide_points import WidePoint, plus_order_3

from mumei_core.common_key import check as check_module
from mumei_core.common_key.check import check_common_key
from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import attribute_scalars, credential_header
from mumei_core.crypto import hashing
from mumei_core.crypto.bbs import messages as bbs_messages
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.blind import verifier as blind_verifier
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.messages import CommitmentWithProof, blind_challenge
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.blind.verifier import core_commit_verify
from mumei_core.crypto.curve import BP1, GROUP, IDENTITY, Point, R
from mumei_core.crypto.generators import ALL, BLIND, J_1, J_2, Q_2, SIGNER
from mumei_core.crypto.hash_to_curve import blind_generators
from mumei_core.crypto.hashing import MUMEI, SHA_256, Interface, serialize
from mumei_core.errors import DecodingError, InvalidProof

W1 = BP1 * SECRET_KEY

# The common key


def signed_by(key: int) -> Signature:
    """A signature over the card's B under any key."""
    e = fixed_scalar("e")
    return Signature(A=card().B * pow(key + e, -1, R), e=e)


def check(signature: Signature, proof: CommonKeyProof) -> None:
    check_common_key(GROUP, W1, signature, card().B, proof)


def test_an_honest_signature_passes() -> None:
    check(signed_by(SECRET_KEY), prove_common_key(SECRET_KEY, signed_by(SECRET_KEY), card().B))


def test_a_private_key_for_one_card_is_found_out() -> None:
    marked = signed_by(ROGUE_KEY)
    proofs = [prove_common_key(key, marked, card().B) for key in (ROGUE_KEY, SECRET_KEY)]
    honest = prove_common_key(SECRET_KEY, signed_by(SECRET_KEY), card().B)

    for proof in (*proofs, honest):
        with pytest.raises(InvalidProof) as caught:
            check(marked, proof)
        assert caught.value.reason == "common key"


Challenge = Callable[[Point, Point, Point, Point, Point], int]


def hashing_only(*names: str) -> Challenge:
    """A mutant of the challenge that leaves out the points not named."""

    def challenge(W1: Point, A: Point, S: Point, T1: Point, TA: Point) -> int:
        points = {"W1": W1, "A": A, "S": S, "T1": T1, "TA": TA}
        return MUMEI.hash_to_scalar(serialize(BP1, *(points[n] for n in names)), hashing.COMMON_KEY)

    return challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """An issuer's attempt; ``challenge`` is what the card it deceives computes."""

    challenge: Challenge

    def under_its_own_key_without_t1(self) -> tuple[Signature, CommonKeyProof]:
        """T1 is not hashed: only log_A(S) is proven, and that is the private key."""
        signature, k = signed_by(ROGUE_KEY), random_scalar()
        S = signature.A * ROGUE_KEY
        c = self.challenge(W1, signature.A, S, IDENTITY, signature.A * k)
        return signature, CommonKeyProof(c=c, z=(k + c * ROGUE_KEY) % R)

    def under_its_own_key_without_ta(self) -> tuple[Signature, CommonKeyProof]:
        """TA is not hashed: the proof is of sk alone, and says nothing of the signature."""
        signature, k = signed_by(ROGUE_KEY), random_scalar()
        c = self.challenge(W1, signature.A, signature.A * ROGUE_KEY, BP1 * k, IDENTITY)
        return signature, CommonKeyProof(c=c, z=(k + c * SECRET_KEY) % R)

    def with_a_key_chosen_late(self) -> tuple[Signature, CommonKeyProof]:
        """S is not hashed: e, and so the key that signed, follows from the challenge."""
        a, k, k_a = (random_scalar() for _ in range(3))
        A = card().B * a
        c = self.challenge(W1, A, IDENTITY, BP1 * k, A * k_a)
        z = (k + c * SECRET_KEY) % R
        private_key = (z - k_a) * pow(c, -1, R) % R
        assert private_key != SECRET_KEY
        return Signature(A=A, e=(pow(a, -1, R) - private_key) % R), CommonKeyProof(c=c, z=z)


@pytest.mark.parametrize(
    ("hashed", "attempt"),
    [
        (("W1", "A", "S", "TA"), Marking.under_its_own_key_without_t1),
        (("W1", "A", "S", "T1"), Marking.under_its_own_key_without_ta),
        (("W1", "A", "T1", "TA"), Marking.with_a_key_chosen_late),
    ],
    ids=["T1", "TA", "S"],
)
def test_every_point_of_the_challenge_is_needed(
    monkeypatch: pytest.MonkeyPatch,
    hashed: tuple[str, ...],
    attempt: Callable[[Marking], tuple[Signature, CommonKeyProof]],
) -> None:
    with pytest.raises(InvalidProof):
        check(*attempt(Marking(challenge=common_key_challenge)))
    mutant = hashing_only(*hashed)
    monkeypatch.setattr(check_module, "common_key_challenge", mutant)
    check(*attempt(Marking(challenge=mutant)))


def test_a_point_of_order_3_marks_the_card_unless_the_subgroup_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A' = A + T passes the equations for one challenge in three, and every presentation then carries T."""
    honest = signed_by(SECRET_KEY)
    octets = plus_order_3(honest.A) + honest.to_octets()[48:]
    with pytest.raises(DecodingError):
        Signature.from_octets(octets)

    monkeypatch.setattr(bbs_messages, "Point", WidePoint)
    marked = Signature.from_octets(octets)
    S = card().B - marked.A * marked.e
    for _ in range(40):
        k = random_scalar()
        c = common_key_challenge(W1, marked.A, S, BP1 * k, marked.A * k)
        proof = CommonKeyProof(c=c, z=(k + c * SECRET_KEY) % R)
        try:
            check(marked, proof)
        except InvalidProof:
            continue
        break
    else:
        pytest.fail("no challenge in 40 let the marked signature pass")
    carried = {(marked.A * blinding * (R - 1) + marked.A * blinding).is_identity for blinding in (1, 2, 4)}
    assert carried == {False}  # what a card blinds, Abar = A' * r1 r2, still is not of order r


@pytest.mark.parametrize(
    "octets", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64, b"\0" * 31 + b"\1" + b"\0" * 32]
)
def test_a_common_key_proof_is_two_scalars(octets: bytes) -> None:
    with pytest.raises(DecodingError):
        CommonKeyProof.from_octets(octets)


# Commitments


def commitment(*committed: int, interface: Interface = MUMEI) -> CommitmentWithProof:
    bases = BLIND if interface is MUMEI else blind_generators(interface, len(committed) + 1)
    if len(committed) != 2:
        bases = blind_generators(interface, len(committed) + 1)
    return core_commit(
        GROUP, interface, bases, committed, [random_scalar() for _ in range(2 + len(committed))]
    )


def issue(offered: CommitmentWithProof) -> Signature:
    header = credential_header(PUBLIC_KEY, VALID_UNTIL)
    messages = attribute_scalars(attributes())
    return core_blind_sign(MUMEI, SECRET_KEY, PUBLIC_KEY, offered, SIGNER, BLIND, header, messages, 5)[0]


def test_nobody_gets_a_signature_on_anothers_commitment() -> None:
    victim, own = commitment(11, 12), commitment(21, 22)
    stolen = CommitmentWithProof(C=victim.C, s_hat=own.s_hat, m_hat=own.m_hat, c=own.c)

    with pytest.raises(InvalidProof) as caught:
        issue(stolen)
    assert caught.value.reason == "commitment proof"


def challenge_without(left_out: str) -> Callable[[Interface, Point, Point, object], int]:
    def challenge(interface: Interface, C: Point, Cbar: Point, bases: object) -> int:
        return blind_challenge(
            interface, IDENTITY if left_out == "C" else C, IDENTITY if left_out == "Cbar" else Cbar, BLIND
        )

    return challenge


def unopened(challenge: Callable[..., int], left_out: str) -> CommitmentWithProof:
    """A commitment whose maker cannot open it: it hangs on the victim's C."""
    victim = commitment(11, 12)
    s_hat, h_hat, n_hat = (random_scalar() for _ in range(3))
    if left_out == "Cbar":
        c = challenge(MUMEI, victim.C, IDENTITY, BLIND)
        return CommitmentWithProof(C=victim.C, s_hat=s_hat, m_hat=(h_hat, n_hat), c=c)
    Cbar = victim.C * random_scalar()
    c = challenge(MUMEI, IDENTITY, Cbar, BLIND)
    C = (Q_2 * s_hat + J_1 * h_hat + J_2 * n_hat - Cbar) * pow(c, -1, R)
    return CommitmentWithProof(C=C, s_hat=s_hat, m_hat=(h_hat, n_hat), c=c)


@pytest.mark.parametrize("left_out", ["C", "Cbar"])
def test_both_points_of_a_commitment_are_in_its_challenge(
    monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    with pytest.raises(InvalidProof):
        issue(unopened(blind_challenge, left_out))
    mutant = challenge_without(left_out)
    monkeypatch.setattr(blind_verifier, "blind_challenge", mutant)
    issue(unopened(mutant, left_out))


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_the_number_of_committed_scalars_is_the_types(count: int) -> None:
    """With another N a card would get other credentials, or bring a scalar under an attribute's generator."""
    offered = CommitmentWithProof.from_octets(commitment(*range(1, count + 1)).to_octets())

    with pytest.raises(InvalidProof) as caught:
        issue(offered)
    assert caught.value.reason == "commitment to another number of messages"


def test_a_commitment_reaches_only_the_cards_own_generators() -> None:
    """C with a part on H_1 would add to the signed birth date: its proof cannot be made."""
    honest = commitment(11, 12)
    moved = CommitmentWithProof(
        C=honest.C + ALL[1] * 9999, s_hat=honest.s_hat, m_hat=honest.m_hat, c=honest.c
    )
    with pytest.raises(InvalidProof):
        issue(moved)

    with_birth_date = core_commit(
        GROUP, MUMEI, (Q_2, J_1, ALL[1]), (11, 9999), [random_scalar() for _ in range(4)]
    )
    with pytest.raises(InvalidProof):
        issue(with_birth_date)


def test_a_commitment_of_another_interface_is_not_ours() -> None:
    drafts = Interface(suite=SHA_256, name=hashing.NYM_H2G_HM2S)
    foreign = commitment(11, 12, interface=drafts)
    core_commit_verify(drafts, foreign, blind_generators(drafts, 3))

    with pytest.raises(InvalidProof):
        issue(foreign)
    with pytest.raises(InvalidProof):
        core_commit_verify(drafts, commitment(11, 12), blind_generators(drafts, 3))


@pytest.mark.parametrize("at", [0, 47, 48, 79, 80, 111, 112, 143, 144, 175])
def test_no_octet_of_a_commitment_can_change(at: int) -> None:
    octets = bytearray(commitment(11, 12).to_octets())
    octets[at] ^= 1

    with pytest.raises((InvalidProof, DecodingError)):
        issue(CommitmentWithProof.from_octets(bytes(octets)))


def test_the_same_commitment_gets_the_same_signature() -> None:
    """A crash between signing and storing must not make two credentials."""
    offered = commitment(11, 12)

    assert issue(offered).to_octets() == issue(offered).to_octets()
