"""The signing service: from a commitment and attributes to a credential that a card can check (mumei protocol 2.2).

Deterministic but for the common-key proof: the same commitment under the same terms gets the same signature.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei.issuer.keys import IssuerKey
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.common_key.prove import prove_common_key
from mumei_core.credential import attribute_scalars, credential_header
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.blind.issuer import core_blind_sign
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.blind.verifier import core_commit_verify
from mumei_core.crypto.curve import R, scalar_from_octets, scalar_to_octets
from mumei_core.crypto.generators import BLIND, SIGNER
from mumei_core.crypto.hashing import MUMEI

ENTROPY_LENGTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A blind signature and the proof that it is under the common key."""

    signature: Signature
    common_key_proof: CommonKeyProof


def check_commitment(commitment: CommitmentWithProof) -> None:
    """The proof that a commitment comes with, over (Q_2, J_1, J_2). Raises InvalidProof."""
    core_commit_verify(MUMEI, commitment, BLIND)


def draw_entropy() -> bytes:
    """signer_nym_entropy, a fresh scalar in 32 octets; on record before anything is signed with it."""
    return scalar_to_octets(secrets.randbelow(R - 1) + 1)


class SigningService:
    """Signs with one issuer key. Holds the secret in memory: keep its process short and alone."""

    def __init__(self, key: IssuerKey) -> None:
        self._key = key

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK), 32 octets."""
        return self._key.key_id

    def issue(
        self,
        attributes: Sequence[bytes],
        commitment: CommitmentWithProof,
        *,
        signer_nym_entropy: bytes,
        valid_until: int,
    ) -> Issued:
        """BlindSignWithNym for N = 1 over the octets of attributes 0..4, then the common-key proof.

        Raises InvalidProof for a commitment without valid proof, DecodingError for attributes or dates that
        cannot be signed.
        """
        signature, B = core_blind_sign(
            MUMEI,
            self._key.secret,
            self._key.public_key,
            commitment,
            SIGNER,
            BLIND,
            credential_header(self._key.public_key, valid_until),
            attribute_scalars(attributes),
            scalar_from_octets(signer_nym_entropy),
        )
        return Issued(signature=signature, common_key_proof=prove_common_key(self._key.secret, signature, B))
