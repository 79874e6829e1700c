"""Statements that the auditor signs, because a card cannot recompute points: type 0 digits, type 1 context (2.5).

What is signed is a *record*, ``SEQUENCE { UTF8String "MUMEI-AUDIT-V1", INTEGER type, ... }``; signatures are ECDSA
P-256 with SHA-256, r || s. A digits statement travels with two signatures; a context's record is rebuilt from the
certificate that carries the auditor's signature. ASN.1: apdu_specs/mumei.asn1. Source: mumei protocol 2.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.template import expect_length
from mumei_core.crypto import hashing
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH
from mumei_core.dates import MAX_AGE
from mumei_core.eac import der
from mumei_core.eac.signature import SIGNATURE_LENGTH, SigningKey, verify
from mumei_core.errors import DecodingError, InvalidProof
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv

LABEL: Final = "MUMEI-AUDIT-V1"
_DIGIT_KEY_LENGTH: Final = 96
_HASH_LENGTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitRecord:
    """Type 0. ``X``: 96 octets; ``table_hash``: 32; ``ages``: answered without PIN, ascending, 1..150."""

    X: bytes
    table_hash: bytes
    ages: tuple[int, ...]

    def __post_init__(self) -> None:
        expect_length("the digit key", self.X, _DIGIT_KEY_LENGTH)
        expect_length("the table's hash", self.table_hash, _HASH_LENGTH)
        if self.ages != tuple(sorted(set(self.ages))) or not set(self.ages) <= set(range(1, MAX_AGE + 1)):
            raise DecodingError(f"ages are ascending numbers from 1 to {MAX_AGE}")

    def to_octets(self) -> bytes:
        """What both sign."""
        ages = der.sequence(*map(der.integer, self.ages))
        return signed_record(
            codes.STATEMENT_DIGITS, der.octet_string(self.X), der.octet_string(self.table_hash), ages
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> DigitRecord:
        """Raises :class:`DecodingError`."""
        X, table_hash, ages = record_fields(octets, codes.STATEMENT_DIGITS, lengths=(3,))
        return cls(
            X=der.read_octets(X),
            table_hash=der.read_octets(table_hash),
            ages=tuple(map(der.read_integer, der.read_sequence(ages.to_bytes()))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRecord:
    """Type 1. ``name``: the relying party's, as certificates show it; ``sector``: CAR of its sector authority;
    ``OP``: 96 octets, uncompressed; ``verifier_key``: Y of linking by consent, 96 octets, or None.

    One name per context, and the sector in it, so that no other shop's certificate can carry a copied point.
    """

    rp_context: bytes
    name: str
    sector: bytes
    OP: bytes
    verifier_key: bytes | None = None

    def __post_init__(self) -> None:
        for what, point in (("OP", self.OP), ("the verifier key", self.verifier_key)):
            if point is not None:
                expect_length(what, point, UNCOMPRESSED_LENGTH)

    def to_octets(self) -> bytes:
        """What the auditor signs."""
        fields = [
            der.octet_string(hashing.CONTEXT_PREFIX + self.rp_context),
            der.utf8_string(self.name),
            der.octet_string(self.sector),
            der.octet_string(self.OP),
        ]
        if self.verifier_key is not None:
            fields.append(ber_tlv.encode(codes.TAG_STATEMENT_VERIFIER_KEY, self.verifier_key))
        return signed_record(codes.STATEMENT_CONTEXT, *fields)

    @classmethod
    def from_octets(cls, octets: bytes) -> ContextRecord:
        """Raises :class:`DecodingError`."""
        p_input, name, sector, OP, *rest = record_fields(octets, codes.STATEMENT_CONTEXT, lengths=(4, 5))
        message = der.read_octets(p_input)
        if not message.startswith(hashing.CONTEXT_PREFIX):
            raise DecodingError("a context's point is hashed from its label")
        return cls(
            rp_context=message.removeprefix(hashing.CONTEXT_PREFIX),
            name=der.read_text(name),
            sector=der.read_octets(sector),
            OP=der.read_octets(OP),
            verifier_key=der.expect(rest[0], codes.TAG_STATEMENT_VERIFIER_KEY) if rest else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """``SEQUENCE { record, authority's signature, auditor's signature }``; ``record``: the signed octets."""

    record: bytes
    authority: bytes
    auditor: bytes

    @classmethod
    def by(cls, record: bytes, authority: SigningKey, auditor: SigningKey) -> SignedStatement:
        """``record`` with both signatures, where both keys are at hand: ceremonies, development, tests."""
        return cls(record=record, authority=authority.sign(record), auditor=auditor.sign(record))

    def to_octets(self) -> bytes:
        """As it travels."""
        return der.sequence(self.record, der.octet_string(self.authority), der.octet_string(self.auditor))

    @classmethod
    def from_octets(cls, octets: bytes) -> SignedStatement:
        """Raises :class:`DecodingError`; the signatures are not checked here."""
        items = der.read_sequence(octets)
        if len(items) != 3:
            raise DecodingError("a statement is a record and two signatures")
        der.expect(items[0], codes.TAG_DER_SEQUENCE)
        authority, auditor = (
            expect_length("a signature", der.read_octets(item), SIGNATURE_LENGTH) for item in items[1:]
        )
        return cls(record=items[0].to_bytes(), authority=authority, auditor=auditor)

    def check(self, authority_keys: Sequence[bytes], auditor_keys: Sequence[bytes]) -> None:
        """Both signatures, each under one of the keys pinned for it (65 octets each; two while a key changes).

        Raises :class:`InvalidProof`.
        """
        check_signature(self.record, self.authority, authority_keys)
        check_signature(self.record, self.auditor, auditor_keys)


def check_signature(record: bytes, signature: bytes, keys: Sequence[bytes]) -> None:
    """``signature`` over ``record`` under one of ``keys``. Raises :class:`InvalidProof`, also with no key."""
    for key in keys:
        try:
            return verify(key, record, signature)
        except InvalidProof:
            continue
    raise InvalidProof("no pinned key has signed this record")


def record_type(record: bytes) -> int:
    """The type of a record, known or not. Raises :class:`DecodingError`."""
    items = der.read_sequence(record)
    if len(items) < 2 or der.read_text(items[0]) != LABEL:
        raise DecodingError("not a record of the auditor")
    return der.read_integer(items[1])


def signed_record(kind: int, *fields: bytes) -> bytes:
    """``SEQUENCE { label, type, fields }``: what is signed of a statement of this type."""
    return der.sequence(der.utf8_string(LABEL), der.integer(kind), *fields)


def record_fields(octets: bytes, kind: int, *, lengths: tuple[int, ...]) -> tuple[Tlv, ...]:
    """What follows the type, in one of these numbers. Raises :class:`DecodingError`."""
    if record_type(octets) != kind:
        raise DecodingError("a record of another type")
    fields = der.read_sequence(octets)[2:]
    if len(fields) not in lengths:
        raise DecodingError("a record with another number of fields")
    return fields
