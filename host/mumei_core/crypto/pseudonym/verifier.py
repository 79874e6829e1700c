"""PseudonymProofVerifyInit: rebuild the first move of a pseudonym's proof.

Source: draft-irtf-cfrg-bbs-per-verifier-linkability (2026-06-29), "Pseudonym Proof Verification Initialization".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.curve import BP1, FixedBase, Point
from mumei_core.crypto.hashing import Interface
from mumei_core.crypto.pseudonym.messages import evaluate
from mumei_core.errors import InvalidProof


def pseudonym_proof_verify_init(
    interface: Interface,
    pseudonym: Point,
    OP: FixedBase,
    context_id: bytes,
    nym_responses: Sequence[int],
    challenge: int,
) -> Point:
    """Uv = OP * (responses' polynomial) - pseudonym * c. Raises :class:`InvalidProof`.

    A pseudonym equal to the identity or to BP1 is refused (design 2.7).
    """
    if pseudonym.is_identity or pseudonym == BP1:
        raise InvalidProof("pseudonym is a fixed point")
    Uv = OP.multiply(evaluate(interface, context_id, nym_responses)) - pseudonym * challenge
    if Uv.is_identity:
        raise InvalidProof("pseudonym's first move is the identity")
    return Uv
