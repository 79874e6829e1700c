"""STORE DATA of what a card trusts: CVCAs' certificates, keys of auditor, issuer's root and revocation authority
(mumei protocol 2.5, 2.6).

E8, written in personalisation, once. Every pinned key has two places; later the old key signs its successor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mumei_core.commands import codes
from mumei_core.commands.template import (
    build_template,
    day_from,
    day_octets,
    expect_version,
    parse_template,
)
from mumei_core.dates import date_of, day_number
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.signature import POINT_LENGTH, check_point
from mumei_core.eac.trust import CertificateRefused, Trust
from mumei_core.errors import DataError, DecodingError
from mumei_core.iso7816 import ber_tlv

_PLACES = 2
_ORDER = (
    codes.TAG_TRUST_VERSION,
    codes.TAG_TRUST_DATE,
    codes.TAG_TRUST_POINTS,
    codes.TAG_TRUST_AUDITOR_KEYS,
    codes.TAG_TRUST_ROOT_KEYS,
    codes.TAG_TRUST_AUTHORITY_KEYS,
)
_MANDATORY = _ORDER[:-2]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTrust:
    """``trust``: trust points and date; keys: 65 octets each, one or two. Root's and authority's may be absent:
    such a card takes no trustees and no other issuer key, and accepts no statement about days.
    """

    trust: Trust
    auditor_keys: tuple[bytes, ...]
    root_keys: tuple[bytes, ...] = ()
    authority_keys: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        others = (self.root_keys, self.authority_keys)
        if not 1 <= len(self.auditor_keys) <= _PLACES or any(len(keys) > _PLACES for keys in others):
            raise DecodingError("a card pins one or two keys of the auditor, and at most two of each other")
        for key in (*self.auditor_keys, *self.root_keys, *self.authority_keys):
            check_point(key)

    @classmethod
    def of(
        cls,
        points: Sequence[Certificate],
        today: date,
        *,
        auditor_keys: Sequence[bytes],
        root_keys: Sequence[bytes] = (),
        authority_keys: Sequence[bytes] = (),
    ) -> CardTrust:
        """For a card made today. Raises :class:`CertificateRefused` for what is no trust point."""
        return cls(
            trust=Trust.initial(points, today),
            auditor_keys=tuple(auditor_keys),
            root_keys=tuple(root_keys),
            authority_keys=tuple(authority_keys),
        )

    def to_octets(self) -> bytes:
        return build_template(
            codes.TAG_TRUST,
            {
                codes.TAG_TRUST_VERSION: bytes([codes.DATA_VERSION]),
                codes.TAG_TRUST_DATE: day_octets(day_number(self.trust.today)),
                codes.TAG_TRUST_POINTS: b"".join(point.to_octets() for point in self.trust.points),
                codes.TAG_TRUST_AUDITOR_KEYS: b"".join(self.auditor_keys),
                codes.TAG_TRUST_ROOT_KEYS: b"".join(self.root_keys) or None,
                codes.TAG_TRUST_AUTHORITY_KEYS: b"".join(self.authority_keys) or None,
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> CardTrust:
        """Strict; self-signatures are checked. Raises :class:`DecodingError`."""
        values = parse_template(octets, codes.TAG_TRUST, _ORDER, _MANDATORY)
        expect_version(values[codes.TAG_TRUST_VERSION], codes.DATA_VERSION)
        points = ber_tlv.parse(values[codes.TAG_TRUST_POINTS])
        try:
            trust = cls.of(
                [Certificate.from_octets(point.to_bytes()) for point in points],
                date_of(day_from("date", values[codes.TAG_TRUST_DATE])),
                auditor_keys=split_keys(values[codes.TAG_TRUST_AUDITOR_KEYS]),
                root_keys=split_keys(values.get(codes.TAG_TRUST_ROOT_KEYS, b"")),
                authority_keys=split_keys(values.get(codes.TAG_TRUST_AUTHORITY_KEYS, b"")),
            )
        except (CertificateRefused, DataError) as error:
            raise DecodingError(error.message) from error
        # Keys that are present and none, trust points in another order.
        if trust.to_octets() != octets:
            raise DecodingError("what a card trusts is not in its one encoding")
        return trust


def split_keys(octets: bytes) -> tuple[bytes, ...]:
    """Keys that stand one behind the other, 65 octets each. Raises :class:`DecodingError`."""
    if len(octets) % POINT_LENGTH:
        raise DecodingError("keys have 65 octets each")
    return tuple(octets[i : i + POINT_LENGTH] for i in range(0, len(octets), POINT_LENGTH))
