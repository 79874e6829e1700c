"""The data objects of ENROL (E3) and STORE CREDENTIAL (E4). Source: mumei protocol 2.2; apdu_specs/identity.yaml.

Formats carry a version. ENROL's answer has version 2; version 1, without shares and link proof, is still read, so
that old traces are, and no issuer signs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mumei_core.attestation import (
    COMMITMENT_LENGTH,
    NONCE_LENGTH,
    Attestation,
    MakerCertificate,
    attested_message,
)
from mumei_core.commands import codes
from mumei_core.commands.template import (
    build_template,
    day_from,
    day_octets,
    expect_length,
    expect_version,
    parse_template,
)
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.credential import KEY_ID_LENGTH
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.blind.messages import CommitmentWithProof
from mumei_core.crypto.curve import POINT_LENGTH, Point, scalar_from_octets, scalar_to_octets
from mumei_core.crypto.enrolment.messages import LinkProof, LinkStatement, link_context
from mumei_core.crypto.hashing import serialize
from mumei_core.crypto.sharing.messages import SEALED_SHARE_LENGTH
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv

#: Before shares and link proof.
FIRST_VERSION: Final = codes.DATA_VERSION
_VERSION_OCTET = bytes([codes.DATA_VERSION])
_ENROL_ORDER = (codes.TAG_ENROL_VERSION, codes.TAG_ENROL_NONCE)
_COMMITMENT_ORDER = (
    codes.TAG_ENROL_VERSION,
    codes.TAG_ENROL_COMMITMENT,
    codes.TAG_ENROL_ISSUER_KEY_HASH,
    codes.TAG_ENROL_TABLE_HASH,
    codes.TAG_ENROL_CERTIFICATE,
    codes.TAG_ENROL_ATTESTATION,
    codes.TAG_ENROL_SHARE_POINTS,
    codes.TAG_ENROL_RENEWAL_POINT,
    codes.TAG_ENROL_LINK_PROOF,
    codes.TAG_ENROL_SEALED_SHARES,
    codes.TAG_ENROL_TRUSTEE_LIST,
)
_LINKED_OBJECTS: Final = frozenset(_COMMITMENT_ORDER[6:])
_ATTESTATION_OBJECTS: Final = frozenset({codes.TAG_ENROL_CERTIFICATE, codes.TAG_ENROL_ATTESTATION})
_ATTRIBUTE_ORDER = (
    codes.TAG_ATTRIBUTE_BIRTH_DATE,
    codes.TAG_ATTRIBUTE_PREFECTURE,
    codes.TAG_ATTRIBUTE_MUNICIPALITY,
    codes.TAG_ATTRIBUTE_CIVIL_IDENTITY,
    codes.TAG_ATTRIBUTE_RESIDENT_CODE,
)
_CREDENTIAL_ORDER = (
    codes.TAG_CREDENTIAL_VERSION,
    codes.TAG_CREDENTIAL_VALID_UNTIL,
    codes.TAG_CREDENTIAL_ISSUER_KEY_HASH,
    codes.TAG_CREDENTIAL_ATTRIBUTES,
    codes.TAG_CREDENTIAL_SIGNATURE,
    codes.TAG_CREDENTIAL_SIGNER_NYM_ENTROPY,
    codes.TAG_CREDENTIAL_COMMON_KEY_PROOF,
    codes.TAG_CREDENTIAL_ISSUANCE_DATE,
)
_RECEIPT_ORDER = (codes.TAG_CREDENTIAL_VERSION, codes.TAG_CREDENTIAL_RECEIPT)


def encode_enrol(nonce: bytes) -> bytes:
    """ENROL's command data: the issuer's nonce, 32 octets, which belongs to one record of the registry."""
    return build_template(
        codes.TAG_ENROL, {codes.TAG_ENROL_VERSION: _VERSION_OCTET, codes.TAG_ENROL_NONCE: nonce}
    )


def decode_enrol(octets: bytes) -> bytes:
    """The nonce. Raises DecodingError."""
    values = parse_template(octets, codes.TAG_ENROL, _ENROL_ORDER)
    expect_version(values[codes.TAG_ENROL_VERSION], codes.DATA_VERSION)
    return expect_length("nonce", values[codes.TAG_ENROL_NONCE], NONCE_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedShares:
    """What a card proves to be of the commitment's own secrets.

    ``F``: Feldman's points F_0..F_(t-1); ``N``: N' = OP_renewal * prover_nym; ``trustee_list``: the list's digest;
    ``sealed``: n shares of 113 octets, in the list's order.
    """

    F: tuple[Point, ...]
    N: Point
    proof: LinkProof
    trustee_list: bytes
    sealed: bytes

    def __post_init__(self) -> None:
        if not self.F or not self.sealed or len(self.sealed) % SEALED_SHARE_LENGTH:
            raise DecodingError("shares are some points and sealed shares of 113 octets each")

    @property
    def attested(self) -> bytes:
        """F_0..F_(t-1) || N' || c, b^, h^, n^ || SHA-256(trustee list) || sealed shares."""
        return serialize(*self.F, self.N) + self.proof.to_octets() + self.trustee_list + self.sealed

    def statement(self, nonce: bytes, C: Point) -> LinkStatement:
        """What the link proof says of the commitment ``C``."""
        context = link_context(nonce, self.trustee_list, self.sealed)
        return LinkStatement(C=C, F=self.F, N=self.N, context=context)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentAnswer:
    """ENROL's response data: the commitment with its proof (176 octets for N = 1), and what the card pinned.

    ``key_id`` and ``table_hash`` (32 octets each) are the same on every card of an issuer; an office compares
    them before it signs anything. ``attestation`` tells this card from all others; development cards have none, and
    no card at its renewal. ``linked``: None in version 1 only.
    """

    commitment: CommitmentWithProof
    key_id: bytes
    table_hash: bytes
    attestation: Attestation | None = None
    linked: LinkedShares | None = None

    def attested_message(self, nonce: bytes) -> bytes:
        """What the card has signed for ``nonce``, or names in field 88 at its renewal."""
        linked = self.linked.attested if self.linked else b""
        return attested_message(nonce=nonce, commitment=self.commitment.to_octets(), linked=linked)

    def to_octets(self) -> bytes:
        attestation, linked = self.attestation, self.linked
        return build_template(
            codes.TAG_ENROL,
            {
                codes.TAG_ENROL_VERSION: bytes([codes.ENROLMENT_VERSION if linked else FIRST_VERSION]),
                codes.TAG_ENROL_COMMITMENT: self.commitment.to_octets(),
                codes.TAG_ENROL_ISSUER_KEY_HASH: self.key_id,
                codes.TAG_ENROL_TABLE_HASH: self.table_hash,
                codes.TAG_ENROL_CERTIFICATE: attestation.certificate.to_octets() if attestation else None,
                codes.TAG_ENROL_ATTESTATION: attestation.signature if attestation else None,
                codes.TAG_ENROL_SHARE_POINTS: serialize(*linked.F) if linked else None,
                codes.TAG_ENROL_RENEWAL_POINT: linked.N.to_octets() if linked else None,
                codes.TAG_ENROL_LINK_PROOF: linked.proof.to_octets() if linked else None,
                codes.TAG_ENROL_SEALED_SHARES: linked.sealed if linked else None,
                codes.TAG_ENROL_TRUSTEE_LIST: linked.trustee_list if linked else None,
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> EnrolmentAnswer:
        """Raises DecodingError; another number of committed messages than the type's is refused."""
        optional = _ATTESTATION_OBJECTS | _LINKED_OBJECTS
        mandatory = [tag for tag in _COMMITMENT_ORDER if tag not in optional]
        values = parse_template(octets, codes.TAG_ENROL, _COMMITMENT_ORDER, mandatory)
        commitment = expect_length("commitment", values[codes.TAG_ENROL_COMMITMENT], COMMITMENT_LENGTH)
        return cls(
            commitment=CommitmentWithProof.from_octets(commitment),
            key_id=expect_length("key id", values[codes.TAG_ENROL_ISSUER_KEY_HASH], KEY_ID_LENGTH),
            table_hash=expect_length("digit table's hash", values[codes.TAG_ENROL_TABLE_HASH], KEY_ID_LENGTH),
            attestation=_attestation(values),
            linked=_linked(values),
        )


def _linked(values: Mapping[int, bytes]) -> LinkedShares | None:
    if values.keys().isdisjoint(_LINKED_OBJECTS):
        expect_version(values[codes.TAG_ENROL_VERSION], FIRST_VERSION)
        return None
    expect_version(values[codes.TAG_ENROL_VERSION], codes.ENROLMENT_VERSION)
    if not values.keys() >= _LINKED_OBJECTS:
        raise DecodingError("shares without link proof, or the reverse")
    points = values[codes.TAG_ENROL_SHARE_POINTS]
    return LinkedShares(
        F=tuple(Point.from_octets(points[i : i + POINT_LENGTH]) for i in range(0, len(points), POINT_LENGTH)),
        N=Point.from_octets(values[codes.TAG_ENROL_RENEWAL_POINT]),
        proof=LinkProof.from_octets(values[codes.TAG_ENROL_LINK_PROOF]),
        trustee_list=expect_length("hash of the trustees", values[codes.TAG_ENROL_TRUSTEE_LIST], 32),
        sealed=values[codes.TAG_ENROL_SEALED_SHARES],
    )


def _attestation(values: Mapping[int, bytes]) -> Attestation | None:
    if values.keys().isdisjoint(_ATTESTATION_OBJECTS):
        return None
    if not values.keys() >= _ATTESTATION_OBJECTS:
        raise DecodingError("a certificate without signature, or the reverse")
    return Attestation(
        certificate=MakerCertificate.from_octets(values[codes.TAG_ENROL_CERTIFICATE]),
        signature=values[codes.TAG_ENROL_ATTESTATION],
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IssuedCredential:
    """STORE CREDENTIAL's command data: all that the issuer gives to a card.

    ``attributes``: octets of messages 0..4. ``issuance_date`` and ``valid_until``: day numbers.
    """

    valid_until: int
    issuer_key_hash: bytes
    attributes: tuple[bytes, ...]
    signature: Signature
    signer_nym_entropy: int
    common_key_proof: CommonKeyProof
    issuance_date: int

    def to_octets(self) -> bytes:
        attributes = b"".join(map(ber_tlv.encode, _ATTRIBUTE_ORDER, self.attributes))
        return build_template(
            codes.TAG_CREDENTIAL,
            {
                codes.TAG_CREDENTIAL_VERSION: _VERSION_OCTET,
                codes.TAG_CREDENTIAL_VALID_UNTIL: day_octets(self.valid_until),
                codes.TAG_CREDENTIAL_ISSUER_KEY_HASH: self.issuer_key_hash,
                codes.TAG_CREDENTIAL_ATTRIBUTES: attributes,
                codes.TAG_CREDENTIAL_SIGNATURE: self.signature.to_octets(),
                codes.TAG_CREDENTIAL_SIGNER_NYM_ENTROPY: scalar_to_octets(self.signer_nym_entropy),
                codes.TAG_CREDENTIAL_COMMON_KEY_PROOF: self.common_key_proof.to_octets(),
                codes.TAG_CREDENTIAL_ISSUANCE_DATE: day_octets(self.issuance_date),
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> IssuedCredential:
        """Raises DecodingError."""
        values = parse_template(octets, codes.TAG_CREDENTIAL, _CREDENTIAL_ORDER)
        expect_version(values[codes.TAG_CREDENTIAL_VERSION], codes.DATA_VERSION)
        wrapped = ber_tlv.encode(codes.TAG_CREDENTIAL_ATTRIBUTES, values[codes.TAG_CREDENTIAL_ATTRIBUTES])
        attributes = parse_template(wrapped, codes.TAG_CREDENTIAL_ATTRIBUTES, _ATTRIBUTE_ORDER)
        return cls(
            valid_until=day_from("valid_until", values[codes.TAG_CREDENTIAL_VALID_UNTIL]),
            issuer_key_hash=expect_length(
                "hash of the issuer's key", values[codes.TAG_CREDENTIAL_ISSUER_KEY_HASH], KEY_ID_LENGTH
            ),
            attributes=tuple(attributes[tag] for tag in _ATTRIBUTE_ORDER),
            signature=Signature.from_octets(values[codes.TAG_CREDENTIAL_SIGNATURE]),
            signer_nym_entropy=scalar_from_octets(values[codes.TAG_CREDENTIAL_SIGNER_NYM_ENTROPY]),
            common_key_proof=CommonKeyProof.from_octets(values[codes.TAG_CREDENTIAL_COMMON_KEY_PROOF]),
            issuance_date=day_from("issuance date", values[codes.TAG_CREDENTIAL_ISSUANCE_DATE]),
        )


def encode_receipt(digest: bytes) -> bytes:
    """STORE CREDENTIAL's response data: SHA-256 of the command data that the card now holds."""
    return build_template(
        codes.TAG_CREDENTIAL,
        {codes.TAG_CREDENTIAL_VERSION: _VERSION_OCTET, codes.TAG_CREDENTIAL_RECEIPT: digest},
    )


def decode_receipt(octets: bytes) -> bytes:
    """The digest, 32 octets. Raises DecodingError."""
    values = parse_template(octets, codes.TAG_CREDENTIAL, _RECEIPT_ORDER)
    expect_version(values[codes.TAG_CREDENTIAL_VERSION], codes.DATA_VERSION)
    return expect_length("receipt", values[codes.TAG_CREDENTIAL_RECEIPT], 32)
