"""The card's trust points, its date, and the validation of one certificate: TR-03110-3 v2.21, 2.5, 2.6 and A.7.2.

Pure functions on immutable state: what a refused certificate must not change cannot change. ``trust`` is kept in
non-volatile memory and goes there in one commit; :class:`ImportedKey` is lost with the channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Final

from mumei_core.commands import codes
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import P256, Certificate, decode_date, encode_date
from mumei_core.eac.rights import CertificateRights, rights_along, rights_of
from mumei_core.eac.signature import check_point, verify
from mumei_core.errors import DecodingError, InvalidProof, MumeiError
from mumei_core.iso7816 import ber_tlv

#: Per application (TR-03110-3 v2.21, 2.5.1).
MAX_TRUST_POINTS: Final = 2
#: Who may certify whom: issuer's role to the roles below it.
_BELOW: Final = {
    Role.CVCA: (Role.CVCA, Role.DV_OFFICIAL, Role.DV_NON_OFFICIAL),
    Role.DV_OFFICIAL: (Role.TERMINAL,),
    Role.DV_NON_OFFICIAL: (Role.TERMINAL,),
    Role.TERMINAL: (),
}


class Refusal(Enum):
    """Why a certificate is refused; the value is for people."""

    UNKNOWN_ISSUER = "CAR not known"
    UNSUPPORTED = "another curve, hash or algorithm than the card's"
    MALFORMED = "not made as TR-03110 has it"
    SIGNATURE = "wrong signature"
    ROLE = "role not allowed under issuer role"
    TYPE = "terminal type differs from issuer"
    EXPIRED = "expired"
    ISSUER_EXPIRED = "the trust point is expired"
    EXISTS = "the holder's name is a trust point's"

    @property
    def sw(self) -> int:
        """What the card answers in PSO: Verify Certificate."""
        return _STATUS_WORDS.get(self, codes.SW_WRONG_DATA)


_STATUS_WORDS: Final = {
    Refusal.UNKNOWN_ISSUER: codes.SW_REFERENCE_NOT_FOUND,
    Refusal.EXPIRED: codes.SW_REFERENCE_DATA_UNUSABLE,
    Refusal.ISSUER_EXPIRED: codes.SW_REFERENCE_DATA_UNUSABLE,
    Refusal.EXISTS: codes.SW_FILE_EXISTS,
}


class CertificateRefused(MumeiError):  # noqa: N818 - a verdict, not a fault
    """A certificate is not accepted; nothing has changed."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(f"{refusal.value}: {detail}" if detail else refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the card believes: one or two CVCA certificates, most recent first, and the last known date.

    The date only ever moves forward.
    """

    points: tuple[Certificate, ...]
    today: date

    @classmethod
    def initial(cls, points: Iterable[Certificate], today: date) -> Trust:
        """At personalisation: self-signed CVCA certificates on P-256. Raises :class:`CertificateRefused`."""
        found = tuple(sorted(points, key=lambda point: point.body.effective, reverse=True))
        if not 1 <= len(found) <= MAX_TRUST_POINTS or len({point.body.chr for point in found}) != len(found):
            raise CertificateRefused(Refusal.MALFORMED, "a card has one or two different trust points")
        for point in found:
            if point.role is not Role.CVCA:
                raise CertificateRefused(Refusal.ROLE, "a trust point is a CVCA's")
            if not point.is_self_signed or point.body.public_key.parameters is None:
                raise CertificateRefused(Refusal.MALFORMED, "self-signed, with domain parameters")
            _check_form(point)
            _check_signature(point, point)
        return cls(points=found, today=today)

    @property
    def names(self) -> tuple[bytes, ...]:
        """The references of the trust points, most recent first: DO 87 and 88 of PACE's last answer."""
        return tuple(point.body.chr for point in self.points)

    def point(self, reference: bytes) -> Certificate | None:
        """The trust point of that name."""
        return next((point for point in self.points if point.body.chr == reference), None)

    def to_octets(self) -> bytes:
        """For the card's memory: date, then the certificates."""
        day = ber_tlv.encode(codes.TAG_CERTIFICATE_EFFECTIVE, encode_date(self.today))
        return day + b"".join(point.to_octets() for point in self.points)

    @classmethod
    def from_octets(cls, octets: bytes) -> Trust:
        """The reverse. Raises :class:`DecodingError`."""
        items = ber_tlv.parse(octets)
        if not 2 <= len(items) <= 1 + MAX_TRUST_POINTS or items[0].tag != codes.TAG_CERTIFICATE_EFFECTIVE:
            raise DecodingError("a trust record is a date and one or two certificates")
        day, *points = items
        return cls(
            points=tuple(Certificate.from_octets(point.to_bytes()) for point in points),
            today=decode_date(day.value),
        )


@dataclass(frozen=True, slots=True)
class ImportedKey:
    """A temporary key: the certificate that brought it, behind those that lead to it; trust point first."""

    chain: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate:
        return self.chain[-1]

    @property
    def is_official(self) -> bool:
        """Whether an official authority (role 10) stands above the terminal."""
        return any(above.role is Role.DV_OFFICIAL for above in self.chain[:-1])

    @property
    def rights(self) -> CertificateRights | None:
        """The project's rights, confined by the whole chain."""
        return rights_along(self.chain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The state after a certificate was accepted. ``imported``: the most recent temporary key."""

    trust: Trust
    imported: ImportedKey | None


def accept(trust: Trust, imported: ImportedKey | None, certificate: Certificate) -> Accepted:
    """Validate ``certificate`` and import it; steps of 2.5.1 and 2.5.2. Raises :class:`CertificateRefused`.

    1. find the issuer's key: a trust point, or the most recent temporary key; 2. form; 3. signature; 4. role and
    type; 5. not expired, but for a link; 6. the trust point of a document verifier is not expired; 7. update.
    """
    body = certificate.body
    chain = _issuer(trust, imported, body.car)
    issuer = chain[-1]
    _check_form(certificate)
    _check_signature(certificate, issuer)
    if body.chat.oid != issuer.body.chat.oid:
        raise CertificateRefused(Refusal.TYPE)
    if certificate.role not in _BELOW[issuer.role]:
        raise CertificateRefused(Refusal.ROLE)
    is_link = certificate.role is Role.CVCA
    if not is_link and body.expiration < trust.today:
        raise CertificateRefused(Refusal.EXPIRED)
    if certificate.role.is_dv and issuer.body.expiration < trust.today:
        raise CertificateRefused(Refusal.ISSUER_EXPIRED)
    # A temporary key must never stand in for a permanent one (A.7.2), nor a link for the one that signed it.
    if trust.point(body.chr) is not None:
        raise CertificateRefused(Refusal.EXISTS)
    trust = _moved(trust, certificate, issuer)
    if is_link:
        trust = _with_point(trust, certificate)
        stands = imported is not None and imported.chain[0] in trust.points
        return Accepted(trust=trust, imported=imported if stands else None)
    return Accepted(trust=trust, imported=ImportedKey((*chain, certificate)))


def _issuer(trust: Trust, imported: ImportedKey | None, reference: bytes) -> tuple[Certificate, ...]:
    """The chain whose last certificate holds the key ``reference``."""
    point = trust.point(reference)
    if point is not None:
        return (point,)
    if imported is not None and imported.certificate.body.chr == reference:
        return imported.chain
    raise CertificateRefused(Refusal.UNKNOWN_ISSUER)


def _check_form(certificate: Certificate) -> None:
    key = certificate.body.public_key
    if key.algorithm != codes.OID_TA_ECDSA_SHA_256:
        raise CertificateRefused(Refusal.UNSUPPORTED, "only ECDSA with SHA-256")
    if key.parameters is not None:
        if certificate.role is not Role.CVCA:
            # Believing them would let an authority choose its curve (D.3.3: MUST NOT be there).
            raise CertificateRefused(Refusal.MALFORMED, "domain parameters below the CVCA")
        if key.parameters != P256:
            raise CertificateRefused(Refusal.UNSUPPORTED, "only the curve P-256")
    if not certificate.body.chat.is_authentication_terminal:
        return
    try:
        rights_of(certificate)
    except DecodingError as error:
        raise CertificateRefused(Refusal.MALFORMED, str(error)) from error


def _check_signature(certificate: Certificate, issuer: Certificate) -> None:
    try:
        check_point(certificate.body.public_key.point)
        verify(issuer.body.public_key.point, certificate.signed, certificate.signature)
    except DecodingError as error:
        raise CertificateRefused(Refusal.UNSUPPORTED, str(error)) from error
    except InvalidProof as error:
        raise CertificateRefused(Refusal.SIGNATURE, error.reason) from error


def _moved(trust: Trust, certificate: Certificate, issuer: Certificate) -> Trust:
    """Step 7, the date: links, any document verifier, and terminals of official ones move it forward.

    Terminals under role 01 do not: no shop can push a card's date.
    """
    trusted = certificate.role is not Role.TERMINAL or issuer.role is Role.DV_OFFICIAL
    return replace(trust, today=max(trust.today, certificate.body.effective)) if trusted else trust


def _with_point(trust: Trust, link: Certificate) -> Trust:
    """Step 7, the trust points: the link's is added, the one with the least recent effective date goes."""
    points = sorted((link, *trust.points), key=lambda point: point.body.effective, reverse=True)
    return replace(trust, points=tuple(points[:MAX_TRUST_POINTS]))
