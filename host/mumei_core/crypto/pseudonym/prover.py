"""PseudonymProofInit: the pseudonym and its first move, as a card computes them.

Source: draft-irtf-cfrg-bbs-per-verifier-linkability (2026-06-29), "Pseudonym Proof Generation Initialization".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.curve import Group, Point
from mumei_core.crypto.hashing import Interface
from mumei_core.crypto.pseudonym.messages import evaluate
from mumei_core.errors import DecodingError


def pseudonym_proof_init(
    group: Group,
    interface: Interface,
    OP: Point,
    context_id: bytes,
    nym_secrets: Sequence[int],
    blindings: Sequence[int],
) -> tuple[Point, Point]:
    """(pseudonym, Ut) = OP times the secrets' and the blindings' polynomial at z: two multiplications.

    OP = hash_to_curve_g1(context_id) comes in, because a card cannot hash to a curve. Raises
    :class:`DecodingError` if either is the identity.
    """
    pseudonym = group.multiply(OP, evaluate(interface, context_id, nym_secrets))
    Ut = group.multiply(OP, evaluate(interface, context_id, blindings))
    if pseudonym.is_identity or Ut.is_identity:
        raise DecodingError("pseudonym or its blinding is the identity")
    return pseudonym, Ut
