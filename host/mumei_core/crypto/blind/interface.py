"""The Blind draft's own interface: Commit, BlindSign, VerifyBlindSign, BlindProofGen, BlindProofVerify.

Source: draft-irtf-cfrg-bbs-blind-signatures at commit 981ea65, "Blind BBS Signatures Interface". Host only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.interface import RandomScalars, core_proof_gen, messages_to_scalars
from mumei_core.crypto.bbs.messages import Proof, Signature
from mumei_core.crypto.bbs.verifier import core_proof_verify, core_verify
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import GROUP, Point
from mumei_core.crypto.hash_to_curve import blind_generators, create_generators
from mumei_core.crypto.hashing import Ciphersuite, Interface


class BlindBBS:
    """The interface ``ciphersuite_id || "BLIND_H2G_HM2S_"``."""

    def __init__(self, suite: Ciphersuite) -> None:
        self.interface = Interface(suite=suite, name=hashing.BLIND_H2G_HM2S)

    def generators(self, messages: int, committed: int) -> tuple[Point, ...]:
        """(Q_1, H_1, …, H_L, Q_2, J_1, …, J_M)."""
        signer = create_generators(self.interface.suite, messages + 1, self.interface.api_id)
        return signer + blind_generators(self.interface, committed + 1)

    def commit(self, committed: Sequence[bytes], random_scalars: RandomScalars) -> tuple[bytes, int]:
        """(commitment_with_proof, secret_prover_blind)."""
        scalars = messages_to_scalars(self.interface, committed)
        randoms = random_scalars(len(scalars) + 2)
        bases = blind_generators(self.interface, len(scalars) + 1)
        return core_commit(GROUP, self.interface, bases, scalars, randoms).to_octets(), randoms[0]

    def blind_sign(
        self,
        secret_key: int,
        pk: bytes,
        commitment_with_proof: bytes,
        header: bytes,
        messages: Sequence[bytes],
    ) -> tuple[bytes, Point]:
        """The signature's octets and B; an empty commitment is the legal case of M = 0 without a commitment.

        Raises InvalidProof or DecodingError.
        """
        commitment = CommitmentWithProof.from_octets(commitment_with_proof) if commitment_with_proof else None
        committed = len(commitment.m_hat) if commitment else 0
        generators = create_generators(self.interface.suite, len(messages) + 1, self.interface.api_id)
        signature, B = core_blind_sign(
            self.interface,
            secret_key,
            pk,
            commitment,
            generators,
            blind_generators(self.interface, committed + 1),
            header,
            messages_to_scalars(self.interface, messages),
        )
        return signature.to_octets(), B

    def verify_blind_sign(
        self,
        pk: bytes,
        signature: bytes,
        header: bytes,
        messages: Sequence[bytes],
        committed: Sequence[bytes],
        secret_prover_blind: int = 0,
    ) -> None:
        """Raises InvalidProof or DecodingError."""
        core_verify(
            self.interface,
            pk,
            Signature.from_octets(signature),
            self.generators(len(messages), len(committed)),
            header,
            self._scalars(messages, committed, secret_prover_blind),
        )

    def blind_proof_gen(
        self,
        pk: bytes,
        signature: bytes,
        header: bytes,
        presentation_header: bytes,
        messages: Sequence[bytes],
        committed: Sequence[bytes],
        disclosed: Sequence[int],
        disclosed_committed: Sequence[int],
        secret_prover_blind: int,
        random_scalars: RandomScalars,
    ) -> bytes:
        shift = len(messages) + 1
        return core_proof_gen(
            self.interface,
            pk,
            Signature.from_octets(signature),
            self.generators(len(messages), len(committed)),
            header,
            presentation_header,
            self._scalars(messages, committed, secret_prover_blind),
            [*disclosed, *(j + shift for j in disclosed_committed)],
            random_scalars,
        ).to_octets()

    def blind_proof_verify(
        self,
        pk: bytes,
        proof: bytes,
        header: bytes,
        presentation_header: bytes,
        signer_messages: int,
        disclosed: Mapping[int, bytes],
        disclosed_committed: Mapping[int, bytes],
    ) -> None:
        """``signer_messages`` is the draft's L. Raises InvalidProof or DecodingError."""
        decoded = Proof.from_octets(proof)
        shown = {**disclosed, **{j + signer_messages + 1: m for j, m in disclosed_committed.items()}}
        committed = len(decoded.m_hat) + len(shown) - signer_messages - 1
        core_proof_verify(
            self.interface,
            pk,
            decoded,
            self.generators(signer_messages, max(committed, 0)),
            header,
            presentation_header,
            dict(zip(shown, messages_to_scalars(self.interface, tuple(shown.values())), strict=True)),
        )

    def _scalars(self, messages: Sequence[bytes], committed: Sequence[bytes], blind: int) -> tuple[int, ...]:
        signer = messages_to_scalars(self.interface, messages)
        return (*signer, blind, *messages_to_scalars(self.interface, committed))
