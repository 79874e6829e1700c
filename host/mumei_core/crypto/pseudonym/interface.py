"""The Nym draft's own interface: CommitWithNym, BlindSignWithNym, VerifyFinalizeWithNym, ProofGenWithNym,
ProofVerifyWithNym.

Source: draft-irtf-cfrg-bbs-per-verifier-linkability (2026-06-29), "BBS Pseudonym Interface". Host only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.interface import RandomScalars, messages_to_scalars
from mumei_core.crypto.bbs.messages import (
    Proof,
    Signature,
    calculate_challenge,
    calculate_domain,
    split_indexes,
)
from mumei_core.crypto.bbs.prover import ProofRandoms, calculate_b, proof_finalize, proof_init
from mumei_core.crypto.bbs.verifier import check_pairing, core_verify, proof_verify_init
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import GROUP, FixedBase, Point, R
from mumei_core.crypto.hash_to_curve import blind_generators, create_generators, hash_to_curve_g1
from mumei_core.crypto.hashing import Ciphersuite, Interface, i2osp8
from mumei_core.crypto.pseudonym.prover import pseudonym_proof_init
from mumei_core.crypto.pseudonym.verifier import pseudonym_proof_verify_init
from mumei_core.errors import InvalidProof


class PseudonymBBS:
    """The interface ``ciphersuite_id || "H2G_HM2S_PSEUDONYM_"``; nym secrets are the last N messages."""

    def __init__(self, suite: Ciphersuite) -> None:
        self.interface = Interface(suite=suite, name=hashing.NYM_H2G_HM2S)

    def generators(self, messages: int, committed: int) -> tuple[Point, ...]:
        """(Q_1, H_1, …, H_L, Q_2, J_1, …, J_M); M counts the nym secrets too."""
        signer = create_generators(self.interface.suite, messages + 1, self.interface.api_id)
        return signer + blind_generators(self.interface, committed + 1)

    def context_point(self, context_id: bytes) -> Point:
        """OP = hash_to_curve_g1(context_id, api_id)."""
        return hash_to_curve_g1(self.interface.suite, context_id, self.interface.api_id)

    def commit_with_nym(
        self, committed: Sequence[bytes], prover_nyms: Sequence[int], random_scalars: RandomScalars
    ) -> tuple[bytes, int]:
        """(commitment_with_proof, secret_prover_blind)."""
        scalars = (*messages_to_scalars(self.interface, committed), *prover_nyms)
        randoms = random_scalars(len(scalars) + 2)
        bases = blind_generators(self.interface, len(scalars) + 1)
        return core_commit(GROUP, self.interface, bases, scalars, randoms).to_octets(), randoms[0]

    def blind_sign_with_nym(
        self,
        secret_key: int,
        pk: bytes,
        commitment_with_proof: bytes,
        nym_secrets: int,
        signer_nym_entropy: int,
        header: bytes,
        messages: Sequence[bytes],
    ) -> tuple[bytes, Point]:
        """The signature's octets and B; ``nym_secrets`` is the draft's length_nym_vector."""
        commitment = CommitmentWithProof.from_octets(commitment_with_proof)
        signature, B = core_blind_sign(
            self.interface,
            secret_key,
            pk,
            commitment,
            create_generators(self.interface.suite, len(messages) + 1, self.interface.api_id),
            blind_generators(self.interface, len(commitment.m_hat) + 1),
            header + i2osp8(nym_secrets),
            messages_to_scalars(self.interface, messages),
            signer_nym_entropy,
        )
        return signature.to_octets(), B

    def verify_finalize_with_nym(
        self,
        pk: bytes,
        signature: bytes,
        header: bytes,
        messages: Sequence[bytes],
        committed: Sequence[bytes],
        prover_nyms: Sequence[int],
        signer_nym_entropy: int,
        secret_prover_blind: int,
    ) -> tuple[int, ...]:
        """nym_secrets: the prover's, with the signer's entropy added to the last. Raises InvalidProof."""
        nym_secrets = (*prover_nyms[:-1], (prover_nyms[-1] + signer_nym_entropy) % R)
        core_verify(
            self.interface,
            pk,
            Signature.from_octets(signature),
            self.generators(len(messages), len(committed) + len(nym_secrets)),
            header + i2osp8(len(nym_secrets)),
            self._scalars(messages, committed, nym_secrets, secret_prover_blind),
        )
        return nym_secrets

    def proof_gen_with_nym(
        self,
        pk: bytes,
        signature: bytes,
        header: bytes,
        presentation_header: bytes,
        nym_secrets: Sequence[int],
        context_id: bytes,
        messages: Sequence[bytes],
        committed: Sequence[bytes],
        disclosed: Sequence[int],
        disclosed_committed: Sequence[int],
        secret_prover_blind: int,
        random_scalars: RandomScalars,
    ) -> tuple[bytes, bytes]:
        """(proof, pseudonym)."""
        scalars = self._scalars(messages, committed, nym_secrets, secret_prover_blind)
        generators = self.generators(len(messages), len(committed) + len(nym_secrets))
        indexes = [*disclosed, *(j + len(messages) + 1 for j in disclosed_committed)]
        undisclosed = split_indexes(len(scalars), indexes)
        randoms = ProofRandoms.from_sequence(random_scalars(5 + len(undisclosed)), undisclosed)
        domain = calculate_domain(self.interface, pk, generators, header + i2osp8(len(nym_secrets)))
        B = calculate_b(GROUP, self.interface.suite.p1, generators, domain, scalars)
        decoded = Signature.from_octets(signature)
        init = proof_init(GROUP, decoded, B, domain, generators, randoms)
        blindings = [randoms.m_tilde[j] for j in undisclosed[-len(nym_secrets) :]]
        OP = self.context_point(context_id)
        pseudonym, Ut = pseudonym_proof_init(GROUP, self.interface, OP, context_id, nym_secrets, blindings)
        c = calculate_challenge(
            self.interface,
            init,
            {i: scalars[i] for i in indexes},
            presentation_header,
            pseudonym=(pseudonym, Ut, context_id),
        )
        proof = proof_finalize(init, c, decoded.e, randoms, {j: scalars[j] for j in undisclosed})
        return proof.to_octets(), pseudonym.to_octets()

    def proof_verify_with_nym(
        self,
        pk: bytes,
        proof: bytes,
        header: bytes,
        presentation_header: bytes,
        pseudonym: bytes,
        context_id: bytes,
        nym_secrets: int,
        signer_messages: int,
        disclosed: Mapping[int, bytes],
        disclosed_committed: Mapping[int, bytes],
    ) -> None:
        """``nym_secrets`` is length_nym_vector, ``signer_messages`` is L. Raises InvalidProof or DecodingError.

        Index 0 may be disclosed: the text's ABORT for i < 1 would refuse what the vectors disclose.
        """
        decoded = Proof.from_octets(proof)
        shown = {**disclosed, **{j + signer_messages + 1: m for j, m in disclosed_committed.items()}}
        scalars = dict(zip(shown, messages_to_scalars(self.interface, tuple(shown.values())), strict=True))
        total = len(decoded.m_hat) + len(shown)
        if any(index >= total - nym_secrets for index in shown):
            raise InvalidProof("a nym secret is disclosed")
        generators = self.generators(signer_messages, max(total - signer_messages - 1, 0))
        domain = calculate_domain(self.interface, pk, generators, header + i2osp8(nym_secrets))
        bases = [FixedBase(point) for point in generators]
        init = proof_verify_init(decoded, domain, FixedBase(self.interface.suite.p1), bases, scalars)
        point = Point.from_octets(pseudonym)
        Uv = pseudonym_proof_verify_init(
            self.interface,
            point,
            FixedBase(self.context_point(context_id)),
            context_id,
            decoded.m_hat[-nym_secrets:],
            decoded.c,
        )
        c = calculate_challenge(
            self.interface, init, scalars, presentation_header, pseudonym=(point, Uv, context_id)
        )
        if c != decoded.c:
            raise InvalidProof("challenge")
        check_pairing(decoded, pk)

    def _scalars(
        self, messages: Sequence[bytes], committed: Sequence[bytes], nyms: Sequence[int], blind: int
    ) -> tuple[int, ...]:
        signer = messages_to_scalars(self.interface, messages)
        return (*signer, blind, *messages_to_scalars(self.interface, committed), *nyms)
