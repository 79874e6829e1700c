"""The vector of nym secrets as one scalar per context.

Source: draft-irtf-cfrg-bbs-per-verifier-linkability (2026-06-29), "Pseudonym Calculation Procedure".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import R
from mumei_core.crypto.hashing import Interface


def evaluate(interface: Interface, context_id: bytes, coefficients: Sequence[int]) -> int:
    """Σ coefficients[i] * z^i with z = hash_to_scalar(context_id, api_id || "VECT_NYM_SECRETS").

    With one secret (N = 1) this is the secret itself and nothing is hashed.
    """
    if len(coefficients) == 1:
        return coefficients[0] % R
    z = interface.hash_to_scalar(context_id, hashing.NYM_SECRETS)
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * z + coefficient) % R
    return value
