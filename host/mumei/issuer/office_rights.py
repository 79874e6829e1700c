"""What an office's certificate lets it have signed: an X.509 extension (RFC 5280, 4.2) of the project's own.

The rights stand in the certificate and not in a table of the service: so the office CA, which can be kept away from
the machine that signs, decides alone; whoever gets hold of the service can narrow what is signed and not widen it,
and anybody can read a certificate and know. The extension is uncritical, as common tools want it; a certificate
without it grants nothing. ASN.1: OfficeRights in apdu_specs/mumei.asn1.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from mumei.issuer.issuance import Purpose
from mumei_core.eac import der
from mumei_core.errors import DecodingError, UsageError

#: Below the project's own arc, beside the rights of terminals.
OID: Final = x509.ObjectIdentifier("2.25.164246749119005392919796819369301372056.2")
PREFECTURES: Final = range(1, 48)
MAX_PER_HOUR: Final = 100_000
MAX_NAME_OCTETS: Final = 64
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeRights:
    """``office``: its name, 1 to 64 octets. ``prefectures``: JIS X 0401 codes, ascending; residents of others get
    nothing signed. ``per_hour``: signatures.
    """

    office: str
    may: tuple[Purpose, ...]
    prefectures: tuple[int, ...]
    per_hour: int

    def __post_init__(self) -> None:
        if not self.office.isprintable() or not 1 <= len(self.office.encode()) <= MAX_NAME_OCTETS:
            raise DecodingError(f"an office's name is 1 to {MAX_NAME_OCTETS} octets that can be printed")
        if not self.may or self.may != _in_order(self.may):
            raise DecodingError("purposes stand once each and in order, at least one")
        if not self.prefectures or self.prefectures != tuple(sorted(set(self.prefectures))):
            raise DecodingError("prefectures stand once each and ascending, at least one")
        if not set(self.prefectures) <= set(PREFECTURES):
            raise DecodingError("prefectures are codes of JIS X 0401, 1 to 47")
        if not 1 <= self.per_hour <= MAX_PER_HOUR:
            raise DecodingError(f"signatures in an hour are 1 to {MAX_PER_HOUR}")

    @classmethod
    def of(
        cls, office: str, *, may: Collection[Purpose], prefectures: Collection[int], per_hour: int
    ) -> OfficeRights:
        """Rights as somebody typed them, in any order. Raises UsageError."""
        try:
            return cls(
                office=office,
                may=_in_order(may),
                prefectures=tuple(sorted(set(prefectures))),
                per_hour=per_hour,
            )
        except DecodingError as error:
            raise UsageError(str(error), hint="Correct what the certificate is to say.") from error

    def to_octets(self) -> bytes:
        """The extension's value."""
        return der.sequence(
            der.integer(_VERSION),
            der.utf8_string(self.office),
            der.sequence(*(der.integer(purpose) for purpose in self.may)),
            der.sequence(*map(der.integer, self.prefectures)),
            der.integer(self.per_hour),
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> OfficeRights:
        """Raises :class:`DecodingError`."""
        items = der.read_sequence(octets)
        if len(items) != 5 or der.read_integer(items[0]) != _VERSION:
            raise DecodingError("rights of an office of another version")
        _, office, may, prefectures, per_hour = items
        try:
            purposes = tuple(Purpose(der.read_integer(item)) for item in der.read_sequence(may.to_bytes()))
        except ValueError:
            raise DecodingError("a purpose that nobody knows") from None
        return cls(
            office=der.read_text(office),
            may=purposes,
            prefectures=tuple(map(der.read_integer, der.read_sequence(prefectures.to_bytes()))),
            per_hour=der.read_integer(per_hour),
        )

    @classmethod
    def of_certificate(cls, certificate: x509.Certificate) -> OfficeRights | None:
        """What a certificate says; None where it says nothing, or not in this form."""
        try:
            found = certificate.extensions.get_extension_for_oid(OID).value
        except (x509.ExtensionNotFound, ValueError):
            return None
        if not isinstance(found, x509.UnrecognizedExtension):
            return None
        try:
            return cls.from_octets(found.value)
        except DecodingError:
            return None


def _in_order(purposes: Collection[Purpose]) -> tuple[Purpose, ...]:
    return tuple(purpose for purpose in Purpose if purpose in purposes)
