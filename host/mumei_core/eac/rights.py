"""The project's own certificate extension: what a terminal may ask of the card, and how a chain confines it.

ASN.1: apdu_specs/mumei.asn1; carried as all extensions are, ``73 { 06 OID, 80 DER }`` (TR-03110-3 v2.21, C.3).
Extensions are uncritical, so whatever is absent grants nothing. Source: mumei protocol 2.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.request import (
    MAX_RP_CONTEXT,
    Predicate,
    decode_mask,
    decode_predicate,
    encode_mask,
    encode_predicate,
)
from mumei_core.commands.template import expect_length
from mumei_core.commands.terminal_rights import MAX_DISPLAY_NAME
from mumei_core.credential import encode_text
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, Point
from mumei_core.eac import der
from mumei_core.eac.cvc import Certificate, Extension
from mumei_core.eac.signature import SIGNATURE_LENGTH
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv
from mumei_core.statements import ContextRecord

VERSION: Final = 1
#: What an authority may list; a terminal's own limit is lower (:data:`.terminal_rights.MAX_PERMITTED`).
MAX_PREDICATES: Final = 64
_VERIFICATION_NONE: Final = b"\0"
_ORDER = (
    codes.TAG_DER_INTEGER,
    codes.TAG_RIGHTS_RELYING_PARTY,
    codes.TAG_RIGHTS_PREDICATES,
    codes.TAG_RIGHTS_ATTRIBUTES,
    codes.TAG_RIGHTS_FLAGS,
    codes.TAG_RIGHTS_HOLDER_VERIFICATION,
)
_PARTY_ORDER = (
    codes.TAG_DER_OCTET_STRING,
    codes.TAG_DER_UTF8_STRING,
    codes.TAG_PARTY_OP,
    codes.TAG_PARTY_VERIFIER_KEY,
    codes.TAG_PARTY_AUDITOR_SIGNATURE,
)


class Flag(IntFlag):
    """Rights that are there or not."""

    PSEUDONYM = 1 << 0
    RECOGNISE = 1 << 1
    """To recognise a card within an epoch."""
    RENEWAL = 1 << 2
    PERSONALISATION = 1 << 3
    """To reach the security domain of an issued card."""


NO_FLAGS: Final = Flag(0)
ALL_FLAGS: Final = Flag.PSEUDONYM | Flag.RECOGNISE | Flag.RENEWAL | Flag.PERSONALISATION


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who asks. ``OP`` and ``verifier_key``: points of 96 octets, uncompressed, kept as octets because a chip
    should take no square root to hash them; ``auditor_signature``: 64 octets over the context's record.
    """

    rp_context: bytes
    display_name: str
    OP: bytes | None = None
    verifier_key: bytes | None = None
    auditor_signature: bytes | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.rp_context) <= MAX_RP_CONTEXT:
            raise DecodingError("rp_context has 1 to 255 octets")
        if not 1 <= len(encode_text(self.display_name)) <= MAX_DISPLAY_NAME:
            raise DecodingError(f"a display name has 1 to {MAX_DISPLAY_NAME} octets of UTF-8")
        for what, point in (("OP", self.OP), ("the verifier key", self.verifier_key)):
            if point is not None:
                expect_length(what, point, UNCOMPRESSED_LENGTH)
        if self.auditor_signature is not None:
            expect_length("the auditor's signature", self.auditor_signature, SIGNATURE_LENGTH)

    def record(self, sector: bytes) -> ContextRecord:
        """What the auditor has to have signed for a certificate under ``sector``, the certificate's CAR.

        Raises :class:`DecodingError` where there is no point.
        """
        if self.OP is None:
            raise DecodingError("the certificate carries no point of its context")
        return ContextRecord(
            rp_context=self.rp_context,
            name=self.display_name,
            sector=sector,
            OP=self.OP,
            verifier_key=self.verifier_key,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRights:
    """The extension of one certificate, or what is left of it along a chain.

    ``attributes``: ascending indexes. ``pin``: the holder's PIN is always demanded; the default, as everything here
    defaults to less. ``relying_party``: in terminals' certificates only.
    """

    relying_party: RelyingParty | None = None
    predicates: tuple[Predicate, ...] = ()
    attributes: tuple[int, ...] = ()
    flags: Flag = NO_FLAGS
    pin: bool = True

    def __post_init__(self) -> None:
        if len(self.predicates) > MAX_PREDICATES or len(set(self.predicates)) != len(self.predicates):
            raise DecodingError(f"a certificate lists at most {MAX_PREDICATES} predicates, each once")

    def confined_by(self, issuer: CertificateRights | None) -> CertificateRights | None:
        """What is left under ``issuer``: lists intersect, flags AND, the stricter holder verification."""
        if issuer is None:
            return None
        return CertificateRights(
            relying_party=self.relying_party,
            predicates=tuple(p for p in self.predicates if p in issuer.predicates),
            attributes=tuple(i for i in self.attributes if i in issuer.attributes),
            flags=self.flags & issuer.flags,
            pin=self.pin or issuer.pin,
        )

    def to_octets(self) -> bytes:
        """The DER of CertificateRights."""
        items = [der.integer(VERSION)]
        if self.relying_party is not None:
            items.append(_party_octets(self.relying_party))
        if self.predicates:
            listed = b"".join(map(encode_predicate, self.predicates))
            items.append(ber_tlv.encode(codes.TAG_RIGHTS_PREDICATES, listed))
        if self.attributes:
            items.append(ber_tlv.encode(codes.TAG_RIGHTS_ATTRIBUTES, encode_mask(self.attributes)))
        if self.flags:
            items.append(ber_tlv.encode(codes.TAG_RIGHTS_FLAGS, bytes([self.flags])))
        if not self.pin:
            items.append(ber_tlv.encode(codes.TAG_RIGHTS_HOLDER_VERIFICATION, _VERIFICATION_NONE))
        return der.sequence(*items)

    @classmethod
    def from_octets(cls, octets: bytes) -> CertificateRights:
        """Strict DER. Raises :class:`DecodingError`."""
        found = _by_tag(der.read_sequence(octets), _ORDER)
        if codes.TAG_DER_INTEGER not in found or der.read_integer(found[codes.TAG_DER_INTEGER]) != VERSION:
            raise DecodingError("unknown version of the rights")
        party = found.get(codes.TAG_RIGHTS_RELYING_PARTY)
        listed = found.get(codes.TAG_RIGHTS_PREDICATES)
        if listed is not None and not listed.value:
            raise DecodingError("a list of predicates is present and empty")
        mask = found.get(codes.TAG_RIGHTS_ATTRIBUTES)
        verification = found.get(codes.TAG_RIGHTS_HOLDER_VERIFICATION)
        if verification is not None and verification.value != _VERIFICATION_NONE:
            raise DecodingError("holder verification is 00 or absent")
        return cls(
            relying_party=_party_from(party) if party else None,
            predicates=tuple(map(decode_predicate, listed.children())) if listed else (),
            attributes=decode_mask(mask.value if mask else None),
            flags=_flags_from(found.get(codes.TAG_RIGHTS_FLAGS)),
            pin=verification is None,
        )

    def to_extension(self) -> Extension:
        """73 { 06, 80 } for a certificate's body."""
        return Extension(codes.OID_MUMEI_RIGHTS, (Tlv(codes.TAG_EXTENSION_CONTENT, self.to_octets()),))


def rights_of(certificate: Certificate) -> CertificateRights | None:
    """The extension of ``certificate``; None where it has none.

    Raises :class:`DecodingError` for a malformed one and for two: unlike an unknown extension, this one is ours.
    """
    found = [e for e in certificate.body.extensions if e.oid == codes.OID_MUMEI_RIGHTS]
    if not found:
        return None
    if len(found) > 1:
        raise DecodingError("the extension with the rights is there twice")
    content = found[0].content
    if [item.tag for item in content] != [codes.TAG_EXTENSION_CONTENT]:
        raise DecodingError("the extension with the rights holds one object")
    return CertificateRights.from_octets(content[0].value)


def rights_along(chain: Iterable[Certificate]) -> CertificateRights | None:
    """What the last certificate of ``chain`` may, confined by all before it; trust point first, not empty."""
    first, *following = chain
    rights = rights_of(first)
    for certificate in following:
        own = rights_of(certificate)
        rights = own.confined_by(rights) if own else None
    return rights


def _party_octets(party: RelyingParty) -> bytes:
    items = [der.octet_string(party.rp_context), der.utf8_string(party.display_name)]
    optional = (
        (codes.TAG_PARTY_OP, party.OP),
        (codes.TAG_PARTY_VERIFIER_KEY, party.verifier_key),
        (codes.TAG_PARTY_AUDITOR_SIGNATURE, party.auditor_signature),
    )
    items += [ber_tlv.encode(tag, value) for tag, value in optional if value is not None]
    return ber_tlv.encode(codes.TAG_RIGHTS_RELYING_PARTY, b"".join(items))


def _party_from(item: Tlv) -> RelyingParty:
    found = _by_tag(item.children(), _PARTY_ORDER)
    if not {codes.TAG_DER_OCTET_STRING, codes.TAG_DER_UTF8_STRING} <= set(found):
        raise DecodingError("a relying party has a context and a name")
    OP, Y, signature = (found.get(tag) for tag in _PARTY_ORDER[2:])
    return RelyingParty(
        rp_context=der.read_octets(found[codes.TAG_DER_OCTET_STRING]),
        display_name=der.read_text(found[codes.TAG_DER_UTF8_STRING]),
        OP=_checked_point(OP),
        verifier_key=_checked_point(Y),
        auditor_signature=signature.value if signature else None,
    )


def _checked_point(item: Tlv | None) -> bytes | None:
    """A point outside the subgroup would give away bits of the card's secrets (2.5)."""
    if item is None:
        return None
    Point.from_uncompressed(item.value)
    return item.value


def _flags_from(item: Tlv | None) -> Flag:
    if item is None:
        return NO_FLAGS
    if len(item.value) != 1 or not 0 < item.value[0] <= ALL_FLAGS:
        raise DecodingError("flags are one octet with bits 0 to 3, not 00")
    return Flag(item.value[0])


def _by_tag(items: Sequence[Tlv], order: Sequence[int]) -> dict[int, Tlv]:
    tags = [item.tag for item in items]
    if tags != [tag for tag in order if tag in tags]:
        raise DecodingError("objects in the rights are unknown, repeated or out of order")
    return {item.tag: item for item in items}
