"""What BBS signers, provers and verifiers exchange, and the two hashes they share: domain and challenge.

Source: draft-irtf-cfrg-bbs-signatures (2025-07-07), "Domain Calculation", "Challenge Calculation",
"Signature to Octets", "Octets to Proof".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import (
    POINT_LENGTH,
    SCALAR_LENGTH,
    Point,
    scalar_from_octets,
    scalar_to_octets,
)
from mumei_core.crypto.hashing import Interface, i2osp8, serialize
from mumei_core.errors import DecodingError

SIGNATURE_LENGTH: Final = POINT_LENGTH + SCALAR_LENGTH
_PROOF_FLOOR: Final = 3 * POINT_LENGTH + 4 * SCALAR_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """(A, e): a point and a scalar, 80 octets. A secret of the card once issued, hence no values in repr."""

    A: Point
    e: int

    @classmethod
    def from_octets(cls, octets: bytes) -> Signature:
        """octets_to_signature. Raises :class:`DecodingError`."""
        if len(octets) != SIGNATURE_LENGTH:
            raise DecodingError(f"a signature has {SIGNATURE_LENGTH} octets, not {len(octets)}")
        return cls(A=Point.from_octets(octets[:POINT_LENGTH]), e=scalar_from_octets(octets[POINT_LENGTH:]))

    def to_octets(self) -> bytes:
        return serialize(self.A, self.e)

    def __repr__(self) -> str:
        return "Signature(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """(Abar, Bbar, D, e^, r1^, r3^, (m^_j1, …, m^_jU), c): 272 + 32 * U octets."""

    Abar: Point
    Bbar: Point
    D: Point
    e_hat: int
    r1_hat: int
    r3_hat: int
    m_hat: tuple[int, ...]
    c: int

    @classmethod
    def from_octets(cls, octets: bytes) -> Proof:
        """octets_to_proof. Raises :class:`DecodingError`."""
        if len(octets) < _PROOF_FLOOR or (len(octets) - _PROOF_FLOOR) % SCALAR_LENGTH:
            raise DecodingError("a proof has 272 octets and 32 more per undisclosed message")
        points = [Point.from_octets(octets[i : i + POINT_LENGTH]) for i in range(0, 144, POINT_LENGTH)]
        scalars = [
            scalar_from_octets(octets[i : i + SCALAR_LENGTH]) for i in range(144, len(octets), SCALAR_LENGTH)
        ]
        return cls(
            Abar=points[0],
            Bbar=points[1],
            D=points[2],
            e_hat=scalars[0],
            r1_hat=scalars[1],
            r3_hat=scalars[2],
            m_hat=tuple(scalars[3:-1]),
            c=scalars[-1],
        )

    def to_octets(self) -> bytes:
        """proof_to_octets."""
        return serialize(
            self.Abar, self.Bbar, self.D, self.e_hat, self.r1_hat, self.r3_hat, *self.m_hat, self.c
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """init_res of ProofInit and ProofVerifyInit: (Abar, Bbar, D, T1, T2, domain)."""

    Abar: Point
    Bbar: Point
    D: Point
    T1: Point
    T2: Point
    domain: int


def calculate_domain(
    interface: Interface, public_key: bytes, generators: Sequence[Point], header: bytes
) -> int:
    """calculate_domain(PK, Q_1, (H_1, …, H_L), header, api_id), with ``generators`` = (Q_1, H_1, …, H_L)."""
    octets = (
        public_key
        + i2osp8(len(generators) - 1)
        + serialize(*generators)
        + interface.api_id
        + i2osp8(len(header))
        + header
    )
    return interface.hash_to_scalar(octets, hashing.H2S)


def calculate_challenge(
    interface: Interface,
    init: InitResult,
    disclosed: Mapping[int, int],
    presentation_header: bytes,
    *,
    pseudonym: tuple[Point, Point, bytes] | None = None,
) -> int:
    """ProofChallengeCalculate; with ``pseudonym`` = (pseudonym, Ut, context_id) the Nym draft's
    ProofWithPseudonymChallengeCalculate, which adds the two points before the domain and context_id at the end.

    ``disclosed`` maps index to message scalar.
    """
    octets = bytearray(i2osp8(len(disclosed)))
    for index in sorted(disclosed):
        octets += i2osp8(index) + scalar_to_octets(disclosed[index])
    octets += serialize(init.Abar, init.Bbar, init.D, init.T1, init.T2)
    if pseudonym is not None:
        octets += serialize(pseudonym[0], pseudonym[1])
    octets += scalar_to_octets(init.domain) + i2osp8(len(presentation_header)) + presentation_header
    if pseudonym is not None:
        octets += i2osp8(len(pseudonym[2])) + pseudonym[2]
    return interface.hash_to_scalar(bytes(octets), hashing.H2S)


def split_indexes(count: int, disclosed: Sequence[int]) -> tuple[int, ...]:
    """The undisclosed indexes (0, …, count - 1) without ``disclosed``.

    Raises :class:`DecodingError` unless ``disclosed`` is strictly ascending within range.
    """
    if list(disclosed) != sorted(set(disclosed)) or any(not 0 <= i < count for i in disclosed):
        raise DecodingError("disclosed indexes must be ascending, unique and in range")
    return tuple(i for i in range(count) if i not in disclosed)
