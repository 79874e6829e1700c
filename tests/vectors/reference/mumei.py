"""The reference's one door for comparison tests: values are plain ints and bytes, refusals are exceptions.

Invalid is raised for what does not decode or verify, CannotProve for an honest *cannot prove*, ValueError for
a caller's own mistake.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import bbs, credential, digits
from .credential import (
    API_ID,
    Credential,
    attribute_octets,
    check_common_key,
    commit,
    header,
    map_attribute,
    prove_common_key,
    verify_credential,
)
from .curve import BP1
from .dates import cutoff, date_of, day_number
from .digits import DigitTable, audit_digit_table, digit_table
from .encoding import Invalid, point_to_octets_e1
from .field import R
from .presentation import (
    CannotProve,
    Draw,
    Shown,
    context_id,
    draw_names,
    listed_draw,
    present,
    system_draw,
    verify,
)
from .request import ON_OR_AFTER, ON_OR_BEFORE, DatePredicate, Request, build_request, parse_request

__all__ = [
    "API_ID",
    "ON_OR_AFTER",
    "ON_OR_BEFORE",
    "CannotProve",
    "Credential",
    "DatePredicate",
    "DigitTable",
    "Draw",
    "Invalid",
    "R",
    "Request",
    "Shown",
    "attribute_octets",
    "audit_digit_table",
    "build_request",
    "check_common_key",
    "commit",
    "context_point",
    "create_generators",
    "cutoff",
    "date_of",
    "day_number",
    "digit_base",
    "digit_table",
    "draw_names",
    "header",
    "issue",
    "listed_draw",
    "make_credential",
    "map_attribute",
    "parse_request",
    "present",
    "prove_common_key",
    "public_key",
    "signed_point",
    "system_draw",
    "verify",
    "verify_commit",
    "verify_credential",
    "w1",
]


def public_key(sk: int) -> bytes:
    """PK = BP2 * sk, 96 octets."""
    return bbs.sk_to_pk(sk)


def w1(sk: int) -> bytes:
    """W1 = BP1 * sk, 48 octets."""
    return point_to_octets_e1(BP1 * sk)


def create_generators() -> list[bytes]:
    """Q_1, H_1..H_5, Q_2, J_1, J_2, 48 octets each."""
    return [point_to_octets_e1(point) for point in credential.generators()]


def digit_base() -> bytes:
    """G_d, 48 octets."""
    return point_to_octets_e1(digits.base())


def context_point(rp_context: bytes) -> bytes:
    """OP = hash_to_curve("MUMEI-CTX-V1" || rp_context), 48 octets."""
    return point_to_octets_e1(credential.hash_to_curve(context_id(rp_context)))


def verify_commit(commitment_with_proof: bytes) -> bytes:
    """C, 48 octets, of a commitment to (handle, nym) with its proof (176 octets); or raises Invalid."""
    return point_to_octets_e1(credential.verify_commit(commitment_with_proof))


def issue(
    sk: int,
    attributes: Sequence[int | str | bytes],
    valid_until: int,
    commitment_with_proof: bytes,
    signer_nym_entropy: int,
) -> bytes:
    """Signature of 80 octets (A || e) over five typed attributes and the commitment.

    Raises Invalid (commitment, day) or ValueError (types).
    """
    octets = [attribute_octets(i, value) for i, value in enumerate(attributes)]
    signature, _ = credential.issue_with_b(
        sk, octets, valid_until, commitment_with_proof, signer_nym_entropy
    )
    return signature


def make_credential(
    pk: bytes,
    signature: bytes,
    attributes: Sequence[int | str | bytes],
    valid_until: int,
    secret_prover_blind: int,
    handle: int,
    prover_nym: int,
    signer_nym_entropy: int,
) -> Credential:
    """What the card keeps; nym_secret = prover_nym + signer_nym_entropy mod r. Nothing is verified here."""
    return Credential(
        pk=pk,
        signature=signature,
        attributes=tuple(attribute_octets(i, value) for i, value in enumerate(attributes)),
        valid_until=valid_until,
        secret_prover_blind=secret_prover_blind,
        revocation_handle=handle,
        nym_secret=(prover_nym + signer_nym_entropy) % R,
    )


def signed_point(card: Credential) -> bytes:
    """B, 48 octets, as the card computes it (what prove_common_key and check_common_key take)."""
    return point_to_octets_e1(card.b())
