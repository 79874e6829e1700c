"""Statements that enrolment stands on: type 4 issuer key, type 5 list of trustees, type 6 a pinned key's successor.

Root and auditor sign, the issuer's root first: neither alone can plant a key or trustees of its own. A successor is
signed by the key that it follows, and by the auditor. ASN.1: apdu_specs/mumei.asn1. Source: protocol 2.2, 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from mumei_core.commands import codes
from mumei_core.commands.template import expect_length
from mumei_core.credential import PUBLIC_KEY_LENGTH, key_id
from mumei_core.crypto import hashing
from mumei_core.crypto.curve import POINT_LENGTH
from mumei_core.eac import der
from mumei_core.eac.signature import check_point
from mumei_core.errors import DecodingError
from mumei_core.statements import record_fields, signed_record

MAX_TRUSTEES: Final = 16
_MAX_VERSION: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKeyRecord:
    """Type 4. ``PK``: 96 octets; ``W1``: 48; the first and the last day on which it signs, both inclusive.

    That PK and W1 are one key, each in its subgroup, is what the auditor has checked: a card cannot pair.
    """

    PK: bytes
    W1: bytes
    first_day: int
    last_day: int

    def __post_init__(self) -> None:
        expect_length("PK", self.PK, PUBLIC_KEY_LENGTH)
        expect_length("W1", self.W1, POINT_LENGTH)
        if self.last_day < self.first_day:
            raise DecodingError("an issuer key's last day lies before its first")

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK), 32 octets."""
        return key_id(self.PK)

    def covers(self, day: int) -> bool:
        """Whether the key signs on this day."""
        return self.first_day <= day <= self.last_day

    def to_octets(self) -> bytes:
        """What both sign."""
        return signed_record(
            codes.STATEMENT_ISSUER_KEY,
            der.octet_string(self.PK),
            der.octet_string(self.W1),
            der.integer(self.first_day),
            der.integer(self.last_day),
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`."""
        PK, W1, first_day, last_day = record_fields(octets, codes.STATEMENT_ISSUER_KEY, lengths=(4,))
        return cls(
            PK=der.read_octets(PK),
            W1=der.read_octets(W1),
            first_day=der.read_integer(first_day),
            last_day=der.read_integer(last_day),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeListRecord:
    """Type 5: the trustees to whom a card seals the shares of its revocation handle.

    ``version``: 1 and up; ``t``: so many of them are needed; ``keys``: 65 octets each, share i is for the i-th.
    """

    version: int
    t: int
    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.version <= _MAX_VERSION:
            raise DecodingError("a list of trustees has a version from 1 on")
        if not 1 <= self.t <= len(self.keys) <= MAX_TRUSTEES:
            raise DecodingError(
                f"of at most {MAX_TRUSTEES} trustees at least one is needed, and no more than all"
            )
        if len(set(self.keys)) != len(self.keys):
            raise DecodingError("a trustee is named twice")
        for key in self.keys:
            check_point(key)

    @property
    def n(self) -> int:
        """The number of trustees."""
        return len(self.keys)

    @property
    def octets(self) -> bytes:
        """I2OSP(version,4) || I2OSP(t,1) || I2OSP(n,1) || keys: what enrolment hashes."""
        return self.version.to_bytes(4) + bytes((self.t, self.n)) + b"".join(self.keys)

    @property
    def digest(self) -> bytes:
        """SHA-256 of :attr:`octets`, 32 octets: what names the list everywhere."""
        return hashing.sha256(self.octets)

    def to_octets(self) -> bytes:
        """What both sign."""
        return signed_record(
            codes.STATEMENT_TRUSTEES,
            der.integer(self.version),
            der.integer(self.t),
            der.sequence(*map(der.octet_string, self.keys)),
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`."""
        version, t, keys = record_fields(octets, codes.STATEMENT_TRUSTEES, lengths=(3,))
        return cls(
            version=der.read_integer(version),
            t=der.read_integer(t),
            keys=tuple(map(der.read_octets, der.read_sequence(keys.to_bytes()))),
        )


class PinnedKey(IntEnum):
    """Whose key a card has pinned in one or two places."""

    AUTHORITY = 0
    AUDITOR = 1
    ISSUER_ROOT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessorRecord:
    """Type 6. ``of``: whose; ``key``: the new one, 65 octets, which takes the place of the elder of two."""

    of: PinnedKey
    key: bytes

    def __post_init__(self) -> None:
        check_point(self.key)

    def to_octets(self) -> bytes:
        """What the old key and the auditor sign."""
        return signed_record(codes.STATEMENT_SUCCESSOR, der.integer(int(self.of)), der.octet_string(self.key))

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`."""
        of, key = record_fields(octets, codes.STATEMENT_SUCCESSOR, lengths=(2,))
        number = der.read_integer(of)
        if number not in tuple(PinnedKey):
            raise DecodingError("a successor of no key that cards pin")
        return cls(of=PinnedKey(number), key=der.read_octets(key))
