"""What the identity commands keep in memory, as records of their own: pinned parameters, pending enrolment,
credential, last known date.

Record formats are the card's private matter; the encodings reuse the project's data objects.
"""

from __future__ import annotations

from dataclasses import dataclass

from mumei_core.commands.enrolment import IssuedCredential
from mumei_core.credential import MESSAGES, Index, key_id
from mumei_core.crypto.bbs.messages import InitResult
from mumei_core.crypto.bbs.prover import ProofRandoms
from mumei_core.crypto.curve import (
    SCALAR_LENGTH,
    UNCOMPRESSED_LENGTH,
    Point,
    R,
    scalar_from_octets,
    scalar_to_octets,
)
from mumei_core.crypto.predicate.messages import DIGITS
from mumei_core.crypto.predicate.prover import BaseMoves
from mumei_core.presentation.prover import COUPON_SCALARS, Coupon, Credential

RECORD_PARAMETERS = "parameters"
RECORD_TABLE_A = "table_a"
RECORD_TABLE_W = "table_w"
RECORD_PENDING = "pending"
RECORD_CREDENTIAL = "credential"
RECORD_LAST_DATE = "last_date"
RECORD_ATTESTATION_KEY = "attestation_key"
RECORD_ATTESTATION_CERTIFICATE = "attestation_certificate"

_NONCE_LENGTH = 32
_HASH_LENGTH = 32
_PUBLIC_KEY_LENGTH = 96
_DAY_LENGTH = 4
COUNTER_LENGTH = 8
# Those of a coupon, and r3.
_COUPON_POINTS_AT = COUNTER_LENGTH + (COUPON_SCALARS + 1) * SCALAR_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedParameters:
    """The pinned parameters without the tables, which have records of their own."""

    public_key: bytes
    W1: Point
    table_hash: bytes
    ages: tuple[int, ...]

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK), 32 octets."""
        return key_id(self.public_key)

    def to_bytes(self) -> bytes:
        return self.public_key + self.W1.to_octets() + self.table_hash + bytes(self.ages)

    @classmethod
    def from_bytes(cls, octets: bytes) -> PinnedParameters:
        return cls(
            public_key=octets[:_PUBLIC_KEY_LENGTH],
            W1=Point.from_octets(octets[96:144]),
            table_hash=octets[144:176],
            ages=tuple(octets[176:]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PendingEnrolment:
    """The card's secrets between ENROL and STORE CREDENTIAL, and the answer it gave: a lost one is given again."""

    nonce: bytes
    secret_prover_blind: int
    revocation_handle: int
    prover_nym: int
    answer: bytes

    def to_bytes(self) -> bytes:
        scalars = (self.secret_prover_blind, self.revocation_handle, self.prover_nym)
        return self.nonce + b"".join(map(scalar_to_octets, scalars)) + self.answer

    @classmethod
    def from_bytes(cls, octets: bytes) -> PendingEnrolment:
        answer_at = _NONCE_LENGTH + 3 * SCALAR_LENGTH
        blind, handle, nym = (
            scalar_from_octets(octets[i : i + SCALAR_LENGTH])
            for i in range(_NONCE_LENGTH, answer_at, SCALAR_LENGTH)
        )
        return cls(
            nonce=octets[:_NONCE_LENGTH],
            secret_prover_blind=blind,
            revocation_handle=handle,
            prover_nym=nym,
            answer=octets[answer_at:],
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoredCredential:
    """The issuer's data and what is computed once: the eight message scalars, B and the domain.

    ``messages``: attributes first, then the card's three secrets; the nym secret has the issuer's entropy in it.
    They are kept, not hashed anew each time, because the time of hashing a name tells its length. ``receipt``:
    SHA-256 of STORE CREDENTIAL's data.
    """

    receipt: bytes
    messages: tuple[int, ...]
    domain: int
    B: Point
    issued: IssuedCredential

    def to_bytes(self) -> bytes:
        scalars = b"".join(map(scalar_to_octets, (*self.messages, self.domain)))
        return self.receipt + scalars + self.B.to_uncompressed() + self.issued.to_octets()

    @classmethod
    def from_bytes(cls, octets: bytes) -> StoredCredential:
        scalars_end = _HASH_LENGTH + (MESSAGES + 1) * SCALAR_LENGTH
        B_end = scalars_end + UNCOMPRESSED_LENGTH
        # Not scalar_from_octets: a number attribute may be 0.
        *messages, domain = (
            int.from_bytes(octets[i : i + SCALAR_LENGTH])
            for i in range(_HASH_LENGTH, scalars_end, SCALAR_LENGTH)
        )
        return cls(
            receipt=octets[:_HASH_LENGTH],
            messages=tuple(messages),
            domain=domain,
            B=Point.from_uncompressed(octets[scalars_end:B_end]),
            issued=IssuedCredential.from_octets(octets[B_end:]),
        )

    @property
    def prover_nym(self) -> int:
        """The card's own part of the nym secret, which a renewal keeps."""
        return (self.messages[Index.NYM_SECRET] - self.issued.signer_nym_entropy) % R

    @property
    def secrets(self) -> tuple[int, ...]:
        """secret_prover_blind, revocation handle, nym secret."""
        return self.messages[Index.SECRET_PROVER_BLIND :]

    def credential(self) -> Credential:
        """As the prover takes it."""
        return Credential(
            key_id=self.issued.issuer_key_hash,
            valid_until=self.issued.valid_until,
            attributes=self.issued.attributes,
            messages=self.messages,
            signature=self.issued.signature,
            B=self.B,
            domain=self.domain,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoredCoupon:
    """A coupon under ``number``, the counter value under which its scalars were drawn; 1,192 octets.

    Points are uncompressed, like all that a chip reads back.
    """

    number: int
    coupon: Coupon

    def to_bytes(self) -> bytes:
        randoms, init, base = self.coupon.randoms, self.coupon.init, self.coupon.base
        scalars = (
            *(randoms.r1, randoms.r2, randoms.e_tilde, randoms.r1_tilde, randoms.r3_tilde),
            *(randoms.m_tilde[i] for i in range(MESSAGES)),
            *base.v_tilde,
            self.coupon.r3,
        )
        points = (init.Abar, init.Bbar, init.D, init.T1, init.T2, *base.points)
        return (
            self.number.to_bytes(COUNTER_LENGTH)
            + b"".join(map(scalar_to_octets, scalars))
            + b"".join(point.to_uncompressed() for point in points)
        )

    @classmethod
    def from_bytes(cls, octets: bytes, *, domain: int) -> StoredCoupon:
        """``domain``: of the credential that the coupon is of."""
        *scalars, r3 = (
            scalar_from_octets(octets[i : i + SCALAR_LENGTH])
            for i in range(COUNTER_LENGTH, _COUPON_POINTS_AT, SCALAR_LENGTH)
        )
        Abar, Bbar, D, T1, T2, *base_points = (
            Point.from_uncompressed(octets[i : i + UNCOMPRESSED_LENGTH])
            for i in range(_COUPON_POINTS_AT, len(octets), UNCOMPRESSED_LENGTH)
        )
        return cls(
            number=int.from_bytes(octets[:COUNTER_LENGTH]),
            coupon=Coupon(
                randoms=ProofRandoms.from_sequence(scalars[:-DIGITS], range(MESSAGES)),
                r3=r3,
                init=InitResult(Abar=Abar, Bbar=Bbar, D=D, T1=T1, T2=T2, domain=domain),
                base=BaseMoves(v_tilde=tuple(scalars[-DIGITS:]), points=tuple(base_points)),
            ),
        )


def day_to_bytes(day: int) -> bytes:
    return day.to_bytes(_DAY_LENGTH, "big")
