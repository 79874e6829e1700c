"""The terminal's side of a date predicate: rebuild first moves and the birth date's response.

Source: mumei protocol 2.4. The pairing equations e(V_j, X) = e(V'_j, BP2) are folded by the presentation's
verifier into its one product.
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto.curve import FixedBase, R
from mumei_core.crypto.predicate.messages import BASE, DIGITS, DatePredicate, DigitCommitment, DigitProof
from mumei_core.errors import InvalidProof


def birth_date_response(
    predicates: Sequence[DatePredicate], proofs: Sequence[Sequence[DigitProof]], challenge: int
) -> int:
    """m^_birth = c D - s (d^_0 + 256 d^_1), from *every* predicate. Raises :class:`InvalidProof` if two differ.

    It is not sent: so the relation between digits and date cannot be forgotten.
    """
    responses: set[int] = set()
    for predicate, digits in zip(predicates, proofs, strict=True):
        if len(digits) != DIGITS:
            raise InvalidProof("predicate: number of digits")
        value = sum(digit.d_hat * int(BASE**j) for j, digit in enumerate(digits))
        responses.add((challenge * predicate.cutoff - predicate.kind.sign * value) % R)
    if len(responses) != 1:
        raise InvalidProof("predicate: two predicates speak of different birth dates")
    response = responses.pop()
    if response == 0:
        raise InvalidProof("predicate: response is zero")
    return response


def digit_commitment(proof: DigitProof, challenge: int, base: FixedBase) -> DigitCommitment:
    """t_j = G_d * v^_j - V_j * d^_j - V'_j * c; ``base`` is G_d from the verifier's own profile."""
    t = base.multiply(proof.v_hat) - proof.V * proof.d_hat - proof.V_prime * challenge
    return DigitCommitment(V=proof.V, V_prime=proof.V_prime, t=t)
