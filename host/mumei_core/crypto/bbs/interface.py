"""The BBS draft's own interface over octet-string messages: Sign, Verify, ProofGen, ProofVerify.

Source: draft-irtf-cfrg-bbs-signatures (2025-07-07), "BBS Signatures Interface". Host only: it hashes to a curve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.issuer import core_sign
from mumei_core.crypto.bbs.messages import (
    Proof,
    Signature,
    calculate_challenge,
    calculate_domain,
    split_indexes,
)
from mumei_core.crypto.bbs.prover import ProofRandoms, calculate_b, proof_finalize, proof_init
from mumei_core.crypto.bbs.verifier import core_proof_verify, core_verify
from mumei_core.crypto.curve import GROUP, Point
from mumei_core.crypto.hash_to_curve import create_generators
from mumei_core.crypto.hashing import Ciphersuite, Interface

#: calculate_random_scalars(count): the one place randomness enters.
RandomScalars = Callable[[int], Sequence[int]]


def messages_to_scalars(interface: Interface, messages: Sequence[bytes]) -> tuple[int, ...]:
    """messages_to_scalars ("HM2S_"): each message hashed by itself."""
    return tuple(interface.hash_to_scalar(message, hashing.MAP_MESSAGE) for message in messages)


def core_proof_gen(
    interface: Interface,
    pk: bytes,
    signature: Signature,
    generators: Sequence[Point],
    header: bytes,
    presentation_header: bytes,
    messages: Sequence[int],
    disclosed: Sequence[int],
    random_scalars: RandomScalars,
) -> Proof:
    """CoreProofGen over message scalars; ``disclosed`` holds ascending indexes."""
    undisclosed = split_indexes(len(messages), disclosed)
    randoms = ProofRandoms.from_sequence(random_scalars(5 + len(undisclosed)), undisclosed)
    domain = calculate_domain(interface, pk, generators, header)
    B = calculate_b(GROUP, interface.suite.p1, generators, domain, messages)
    init = proof_init(GROUP, signature, B, domain, generators, randoms)
    c = calculate_challenge(interface, init, {i: messages[i] for i in disclosed}, presentation_header)
    return proof_finalize(init, c, signature.e, randoms, {j: messages[j] for j in undisclosed})


class BBS:
    """The interface ``ciphersuite_id || "H2G_HM2S_"``."""

    def __init__(self, suite: Ciphersuite) -> None:
        self.interface = Interface(suite=suite, name=hashing.BBS_H2G_HM2S)

    def generators(self, messages: int) -> tuple[Point, ...]:
        """(Q_1, H_1, …, H_L)."""
        return create_generators(self.interface.suite, messages + 1, self.interface.api_id)

    def sign(self, secret_key: int, pk: bytes, header: bytes, messages: Sequence[bytes]) -> bytes:
        scalars = messages_to_scalars(self.interface, messages)
        generators = self.generators(len(scalars))
        return core_sign(self.interface, secret_key, pk, generators, header, scalars).to_octets()

    def verify(self, pk: bytes, signature: bytes, header: bytes, messages: Sequence[bytes]) -> None:
        """Raises InvalidProof or DecodingError."""
        scalars = messages_to_scalars(self.interface, messages)
        decoded = Signature.from_octets(signature)
        core_verify(self.interface, pk, decoded, self.generators(len(scalars)), header, scalars)

    def proof_gen(
        self,
        pk: bytes,
        signature: bytes,
        header: bytes,
        presentation_header: bytes,
        messages: Sequence[bytes],
        disclosed: Sequence[int],
        random_scalars: RandomScalars,
    ) -> bytes:
        return core_proof_gen(
            self.interface,
            pk,
            Signature.from_octets(signature),
            self.generators(len(messages)),
            header,
            presentation_header,
            messages_to_scalars(self.interface, messages),
            disclosed,
            random_scalars,
        ).to_octets()

    def proof_verify(
        self,
        pk: bytes,
        proof: bytes,
        header: bytes,
        presentation_header: bytes,
        disclosed: Mapping[int, bytes],
    ) -> None:
        """``disclosed`` maps index to message octets. Raises InvalidProof or DecodingError."""
        decoded = Proof.from_octets(proof)
        scalars = dict(
            zip(disclosed, messages_to_scalars(self.interface, tuple(disclosed.values())), strict=True)
        )
        generators = self.generators(len(decoded.m_hat) + len(disclosed))
        core_proof_verify(self.interface, pk, decoded, generators, header, presentation_header, scalars)
