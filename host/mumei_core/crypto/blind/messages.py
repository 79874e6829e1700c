"""The commitment that travels from prover to signer, and its challenge.

Source: draft-irtf-cfrg-bbs-blind-signatures at commit 981ea65, "Serialize", "Blind Challenge Calculation".
The newest text of that draft contradicts every published vector; the vectors follow 981ea65.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import POINT_LENGTH, SCALAR_LENGTH, Point, scalar_from_octets
from mumei_core.crypto.hashing import Interface, i2osp8, serialize
from mumei_core.errors import DecodingError

_FLOOR: Final = POINT_LENGTH + 2 * SCALAR_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentWithProof:
    """(C, (s^, (m^_1, …, m^_M), c)): 112 + 32 * M octets."""

    C: Point
    s_hat: int
    m_hat: tuple[int, ...]
    c: int

    @classmethod
    def from_octets(cls, octets: bytes) -> CommitmentWithProof:
        """octets_to_commitment_with_proof. Raises :class:`DecodingError`."""
        if len(octets) < _FLOOR or (len(octets) - _FLOOR) % SCALAR_LENGTH:
            raise DecodingError("a commitment has 112 octets and 32 more per committed message")
        scalars = [
            scalar_from_octets(octets[i : i + SCALAR_LENGTH])
            for i in range(POINT_LENGTH, len(octets), SCALAR_LENGTH)
        ]
        return cls(
            C=Point.from_octets(octets[:POINT_LENGTH]),
            s_hat=scalars[0],
            m_hat=tuple(scalars[1:-1]),
            c=scalars[-1],
        )

    def to_octets(self) -> bytes:
        """commitment_with_proof_to_octets."""
        return serialize(self.C, self.s_hat, *self.m_hat, self.c)


def blind_challenge(interface: Interface, C: Point, Cbar: Point, blind_generators: Sequence[Point]) -> int:
    """calculate_blind_challenge(C, Cbar, (Q_2, J_1, …, J_M), api_id)."""
    octets = i2osp8(len(blind_generators) - 1) + serialize(*blind_generators, C, Cbar)
    return interface.hash_to_scalar(octets, hashing.H2S)
