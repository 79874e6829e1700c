"""What an office asks of an issuer and what it gets: a request, an issuance, and the ledger between them (2.2).

Both travel as deterministic CBOR (RFC 8949, 4.2.1). The issuer knows a record by 16 random octets and learns the
attributes it signs; it stores terms before it signs, so the same commitment gets the same signature again.
Source: mumei protocol 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final, Protocol, Self

import cbor2

from mumei.files import decode_document
from mumei_core.commands.template import expect_length
from mumei_core.credential import ATTRIBUTES
from mumei_core.crypto import hashing
from mumei_core.errors import DataError, DecodingError, HostEnvironmentError

RECORD_LENGTH: Final = 16
MAX_REQUEST_OCTETS: Final = 16 * 1024
_MAX_OFFICE: Final = 64


class Purpose(IntEnum):
    """What the commitment is for."""

    ENROL = 1
    """A new card: new pseudonyms, a genuine chip's attestation."""
    RENEW = 2
    """The same card again: same pseudonyms, proven by its old credential."""


class Reason(StrEnum):
    """Why an issuer does not sign: families, for logs and for the words that a clerk reads."""

    MALFORMED = "malformed"
    RIGHTS = "rights"
    ATTRIBUTES = "attributes"
    VALIDITY = "validity"
    TRUSTEES = "trustees"
    COMMITMENT = "commitment"
    LINK = "link"
    ATTESTATION = "attestation"
    CONFLICT = "conflict"
    RENEWAL = "renewal"
    REPORTED = "reported"
    EXPIRED = "expired"
    BUSY = "busy"


class IssuanceRefused(DataError):  # noqa: N818 - a verdict, not a fault
    """The issuer does not sign; nothing was signed. ``reason`` is the family."""

    def __init__(self, reason: Reason, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class LedgerConflict(IssuanceRefused):
    """What should be new was seen before: commitment, nonce, handle or attestation key of another issuance."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(Reason.CONFLICT, message, hint=hint)


def refuse_reported() -> IssuanceRefused:
    """The refusal for a card that was reported."""
    return IssuanceRefused(
        Reason.REPORTED,
        "this card is reported: it is not renewed",
        hint="Withdraw the report if the card was found; otherwise enrol a new one.",
    )


class IssuerUnreachableError(HostEnvironmentError):
    """The issuer's service does not answer. Nothing is known to be signed; asking again is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalEvidence:
    """The old credential, shown under "mumei:renewal" with the new attested message's hash in field 88.

    ``request``: the object E1; ``presentation``: the card's answer to it, as on the wire.
    """

    request: bytes
    presentation: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuanceRequest:
    """``office``: its name at the issuer; ``record``: 16 octets, random, no name and no resident number.

    ``nonce``: 32 octets, one record's; ``answer``: the card's E3; ``attributes``: octets of messages 0..4;
    ``valid_until``: a day number; ``trustees``: the list's octets (I2OSP(version,4) ||...), as the card hashed it.
    """

    office: str
    record: bytes
    purpose: Purpose
    nonce: bytes
    answer: bytes = field(repr=False)
    attributes: tuple[bytes, ...] = field(repr=False)
    valid_until: int
    trustees: bytes = field(repr=False)
    renewal: RenewalEvidence | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.office) <= _MAX_OFFICE:
            raise DecodingError(f"an office's name has 1 to {_MAX_OFFICE} characters")
        expect_length("a record's name", self.record, RECORD_LENGTH)
        expect_length("a nonce", self.nonce, 32)
        if len(self.attributes) != len(ATTRIBUTES):
            raise DecodingError(f"a credential has {len(ATTRIBUTES)} attributes")
        if (self.purpose is Purpose.RENEW) != (self.renewal is not None):
            raise DecodingError("a renewal comes with its evidence, an enrolment with none")

    @property
    def digest(self) -> bytes:
        """SHA-256 of the octets: a request that came again is known by it."""
        return hashing.sha256(self.to_octets())

    def to_octets(self) -> bytes:
        """Deterministic CBOR."""
        renewal = self.renewal
        return _encode(
            {
                "office": self.office,
                "record": self.record,
                "purpose": int(self.purpose),
                "nonce": self.nonce,
                "answer": self.answer,
                "attributes": list(self.attributes),
                "valid_until": self.valid_until,
                "trustees": self.trustees,
                "renewal": [renewal.request, renewal.presentation] if renewal else None,
            }
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`."""
        found = _decode(octets, cls, what="request for issuance", limit=MAX_REQUEST_OCTETS)
        renewal, purpose = found["renewal"], found["purpose"]
        if purpose not in tuple(Purpose):
            raise DecodingError("a request for issuance with an unknown purpose")
        if renewal is not None:
            renewal = RenewalEvidence(
                **dict(zip(("request", "presentation"), _octet_list(renewal, 2), strict=True))
            )
        return cls(
            office=_expect(found, "office", str),
            record=_expect(found, "record", bytes),
            purpose=Purpose(purpose),
            nonce=_expect(found, "nonce", bytes),
            answer=_expect(found, "answer", bytes),
            attributes=_octet_list(found["attributes"], len(ATTRIBUTES)),
            valid_until=_expect(found, "valid_until", int),
            trustees=_expect(found, "trustees", bytes),
            renewal=renewal,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuance:
    """``key_id``: SHA-256(PK), 32 octets; ``signature``: 80; ``signer_nym_entropy``: 32, for this card only;
    ``common_key_proof``: 64; ``renewal_pseudonym``: P_r, 48, by which the card will be known at its renewal.
    """

    valid_until: int
    key_id: bytes
    signature: bytes = field(repr=False)
    signer_nym_entropy: bytes = field(repr=False)
    common_key_proof: bytes = field(repr=False)
    renewal_pseudonym: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for name, length in _ISSUANCE_LENGTHS.items():
            expect_length(name, getattr(self, name), length)

    def to_octets(self) -> bytes:
        """Deterministic CBOR."""
        return _encode({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`."""
        found = _decode(octets, cls, what="issuance", limit=4096)
        octet_fields = {name: _expect(found, name, bytes) for name in _ISSUANCE_LENGTHS}
        return cls(valid_until=_expect(found, "valid_until", int), **octet_fields)


_ISSUANCE_LENGTHS: Final = {
    "key_id": 32,
    "signature": 80,
    "signer_nym_entropy": 32,
    "common_key_proof": 64,
    "renewal_pseudonym": 48,
}


class Issuing(Protocol):
    """Whoever signs: embedded in the office's program, or a service on the network."""

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK) of the key that signs today, 32 octets."""

    def issue(self, request: IssuanceRequest) -> Issuance:
        """Sign, or answer again what was signed: idempotent on the commitment.

        Raises :class:`IssuanceRefused`, :class:`IssuerUnreachableError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the signature depends on beside the request: on record before it is made.

    ``signer_nym_entropy``: 32 octets; ``renewal_pseudonym``: P_r, 48; ``key_id``: of the key that signs, 32.
    """

    signer_nym_entropy: bytes = field(repr=False)
    renewal_pseudonym: bytes = field(repr=False)
    key_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What the ledger is told before anything is signed, all of it checked.

    ``commitment``: 176 octets with its proof; ``digest``: of the request; ``F_0``: 48, new among all records;
    ``attestation_key_hash``: SHA-256 of the chip's attestation key, or None where none was shown; ``renews``: the
    commitment under which the old credential was issued, or None.
    """

    commitment: bytes = field(repr=False)
    digest: bytes
    office: str
    record: bytes
    purpose: Purpose
    nonce: bytes
    F_0: bytes = field(repr=False)
    attestation_key_hash: bytes | None
    valid_until: int
    renews: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One issuance on record; ``signature`` and ``common_key_proof`` are None until it was finished.

    ``reported``: the card that holds it was; what is issued to the same record later is not.
    """

    beginning: Beginning
    terms: Terms
    reported: bool = False
    signature: bytes | None = field(default=None, repr=False)
    common_key_proof: bytes | None = field(default=None, repr=False)


class Ledger(Protocol):
    """The issuer's memory. Each method happens whole and is on disk when it returns, or nothing changed."""

    def begin(self, beginning: Beginning, make_terms: Callable[[], Terms]) -> LedgerEntry:
        """Store the terms, **before** signing; the same commitment and digest get the same entry again.

        ``make_terms`` is called once, inside the transaction, for a new commitment only. Raises
        :class:`LedgerConflict` for another digest, a nonce, F_0 or attestation key that was seen before, and
        :class:`IssuanceRefused` where the issuance that it renews is reported.
        """

    def finish(self, commitment: bytes, signature: bytes, common_key_proof: bytes) -> LedgerEntry:
        """Keep the signature; what is there already stays, and is answered."""

    def by_record(self, record: bytes) -> tuple[LedgerEntry, ...]:
        """All of one record, oldest first."""

    def report(self, record: bytes, *, reported: bool) -> None:
        """All that was issued to the record until now is reported, or found again: it is not renewed."""


def _encode(fields: Mapping[str, object]) -> bytes:
    return cbor2.dumps(dict(fields), canonical=True)


def _decode(octets: bytes, cls: type[Any], *, what: str, limit: int) -> Mapping[str, Any]:
    if len(octets) > limit:
        raise DecodingError(f"too long for a {what}")
    try:
        found = decode_document(octets)
    except ValueError as error:
        raise DecodingError(f"this is no {what}") from error
    if not isinstance(found, Mapping) or set(found) != set(cls.__slots__):
        raise DecodingError(f"this is no {what}")
    return found


def _expect(found: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    if not isinstance(found[name], kind) or isinstance(found[name], bool):
        raise DecodingError(f"{name} is not what it should be")
    return found[name]


def _octet_list(found: object, length: int) -> tuple[bytes, ...]:
    if (
        not isinstance(found, list)
        or len(found) != length
        or not all(isinstance(item, bytes) for item in found)
    ):
        raise DecodingError("a list of octet strings has another length or other contents")
    return tuple(found)
