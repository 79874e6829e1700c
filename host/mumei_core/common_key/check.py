"""The card's side of the common-key proof: four multiplications in G1. Source: mumei protocol 2.2."""

from __future__ import annotations

from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.curve import BP1, Group, Point
from mumei_core.errors import InvalidProof


def check_common_key(group: Group, W1: Point, signature: Signature, B: Point, proof: CommonKeyProof) -> None:
    """Refuse a signature over ``B`` that is not under the key whose twin in G1 is ``W1``.

    ``signature.A`` is in the subgroup, because decoding it checked that: an A plus a point of small order would
    pass the equations below, and mark the card. Raises :class:`InvalidProof`.
    """
    A = signature.A
    S = group.subtract(B, group.multiply(A, signature.e))
    T1 = group.subtract(group.multiply_fixed(BP1, proof.z), group.multiply_fixed(W1, proof.c))
    TA = group.subtract(group.multiply(A, proof.z), group.multiply(S, proof.c))
    if S.is_identity or common_key_challenge(W1, A, S, T1, TA) != proof.c:
        raise InvalidProof("common key")
