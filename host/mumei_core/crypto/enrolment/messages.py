"""The link proof's statement, proof and challenge: F_0, N' and the commitment C are of the same secrets.

C = Q_2 * blind + J_1 * handle + J_2 * nym, F_0 = BP1 * handle, N' = OP_renewal * nym. Source: mumei protocol 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import SCALAR_LENGTH, Point, scalar_from_octets, scalar_to_octets
from mumei_core.crypto.hashing import MUMEI, serialize
from mumei_core.errors import DecodingError

LINK_PROOF_LENGTH: Final = 4 * SCALAR_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatement:
    """``F``: Feldman's points, F_0 first; ``N``: N'; ``context``: from :func:`link_context`, 96 octets."""

    C: Point
    F: tuple[Point, ...]
    N: Point
    context: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProof:
    """(c, b^, h^, n^): 128 octets."""

    c: int
    b_hat: int
    h_hat: int
    n_hat: int

    @classmethod
    def from_octets(cls, octets: bytes) -> LinkProof:
        """Raises :class:`DecodingError`."""
        if len(octets) != LINK_PROOF_LENGTH:
            raise DecodingError(f"a link proof has {LINK_PROOF_LENGTH} octets, not {len(octets)}")
        scalars = (octets[i : i + SCALAR_LENGTH] for i in range(0, len(octets), SCALAR_LENGTH))
        c, b_hat, h_hat, n_hat = map(scalar_from_octets, scalars)
        return cls(c=c, b_hat=b_hat, h_hat=h_hat, n_hat=n_hat)

    def to_octets(self) -> bytes:
        return b"".join(map(scalar_to_octets, (self.c, self.b_hat, self.h_hat, self.n_hat)))


def link_context(nonce: bytes, trustee_list: bytes, sealed: bytes) -> bytes:
    """nonce || SHA-256(trustee list) || SHA-256(sealed shares). ``trustee_list``: the digest."""
    return nonce + trustee_list + hashing.sha256(sealed)


def link_challenge(statement: LinkStatement, T_C: Point, T_F: Point, T_N: Point) -> int:
    """hash_to_scalar(serialize((C, F_0, .., N', T_C, T_F, T_N)) || context, api_id || "ENROL_H2S_")."""
    points = serialize(statement.C, *statement.F, statement.N, T_C, T_F, T_N)
    return MUMEI.hash_to_scalar(points + statement.context, hashing.ENROL)
