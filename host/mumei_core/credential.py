"""Credential type mumei-resident-1: its attributes, its header, and how octets become message scalars.

Source: mumei protocol 2.1 (mapping), 2.2 (attributes, header).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from mumei_core.commands import codes
from mumei_core.crypto import hashing
from mumei_core.crypto.hashing import MUMEI, i2osp8
from mumei_core.dates import is_valid_until
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv

CREDENTIAL_TYPE: Final = "mumei-resident-1"
#: N, the number of nym secrets. It comes from the type, never from the wire.
NYM_SECRETS: Final = 1
PUBLIC_KEY_LENGTH: Final = 96
KEY_ID_LENGTH: Final = 32
_UINT_LENGTH = 4
_MAX_OCTETS = 0xFFFF


class AttributeType(Enum):
    UINT = "uint"
    TEXT = "text"
    BYTES = "bytes"


class Index(IntEnum):
    """Message indexes of the credential; 0..4 are known to the issuer, 5..7 to the card only."""

    BIRTH_DATE = 0
    PREFECTURE = 1
    MUNICIPALITY = 2
    CIVIL_IDENTITY = 3
    RESIDENT_CODE = 4
    SECRET_PROVER_BLIND = 5
    REVOCATION_HANDLE = 6
    NYM_SECRET = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    index: Index
    name: str
    type: AttributeType


#: The attributes that can be disclosed, in order.
ATTRIBUTES: Final = (
    Attribute(index=Index.BIRTH_DATE, name="birth_date", type=AttributeType.UINT),
    Attribute(index=Index.PREFECTURE, name="prefecture", type=AttributeType.UINT),
    Attribute(index=Index.MUNICIPALITY, name="municipality", type=AttributeType.UINT),
    Attribute(index=Index.CIVIL_IDENTITY, name="civil_identity", type=AttributeType.BYTES),
    Attribute(index=Index.RESIDENT_CODE, name="resident_code", type=AttributeType.TEXT),
)
MESSAGES: Final = len(Index)


def uint_octets(value: int) -> bytes:
    """A ``uint`` attribute as it is disclosed: 4 octets, big-endian."""
    if not 0 <= value < 1 << 32:
        raise DecodingError("a uint attribute lies between 0 and 2^32 - 1")
    return value.to_bytes(_UINT_LENGTH, "big")


def attribute_scalar(index: int, octets: bytes) -> int:
    """The message scalar of attribute ``index`` (0..4) from the octets in which it is disclosed.

    A number stays itself, so that predicates can be proven on it; all else is hashed. Raises
    :class:`DecodingError` for a number not of 4 octets and for text that is not UTF-8.
    """
    attribute = ATTRIBUTES[index]
    if attribute.type is AttributeType.UINT:
        if len(octets) != _UINT_LENGTH:
            raise DecodingError(f"{attribute.name} has 4 octets, not {len(octets)}")
        return int.from_bytes(octets, "big")
    if attribute.type is AttributeType.TEXT:
        decode_text(octets)
    if len(octets) > _MAX_OCTETS:
        raise DecodingError(f"{attribute.name} is longer than 65,535 octets")
    return MUMEI.hash_to_scalar(octets, hashing.MAP_MESSAGE)


def attribute_scalars(attributes: Sequence[bytes]) -> tuple[int, ...]:
    """The scalars of all five attributes."""
    if len(attributes) != len(ATTRIBUTES):
        raise DecodingError(f"a credential has {len(ATTRIBUTES)} attributes")
    return tuple(attribute_scalar(i, octets) for i, octets in enumerate(attributes))


def decode_text(octets: bytes) -> str:
    """UTF-8 to text. Raises :class:`DecodingError`. Verifiers hash what came: they do not normalise."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise DecodingError("text is not UTF-8") from None


def encode_text(text: str) -> bytes:
    """Text to UTF-8 in NFC, as the issuer signs it. Raises :class:`DecodingError` for unpaired surrogates."""
    try:
        return unicodedata.normalize("NFC", text).encode("utf-8")
    except UnicodeEncodeError:
        raise DecodingError("text holds an unpaired surrogate") from None


def key_id(public_key: bytes) -> bytes:
    """SHA-256(PK), 32 octets: what names an issuer's key in headers and on the wire."""
    return hashing.sha256(public_key)


def credential_header(public_key: bytes, valid_until: int) -> bytes:
    """``header || I2OSP(N, 8)`` as it is signed and shown.

    header = DER SEQUENCE { UTF8String type, OCTET STRING SHA-256(PK), INTEGER valid_until }. It is disclosed in
    every presentation, so ``valid_until`` must be a 30 June or 31 December: raises :class:`DecodingError`.
    """
    if not is_valid_until(valid_until):
        raise DecodingError("a credential ends on a 30 June or a 31 December")
    body = (
        ber_tlv.encode(codes.TAG_DER_UTF8_STRING, CREDENTIAL_TYPE.encode())
        + ber_tlv.encode(codes.TAG_DER_OCTET_STRING, key_id(public_key))
        + ber_tlv.encode(codes.TAG_DER_INTEGER, der_integer(valid_until))
    )
    return ber_tlv.encode(codes.TAG_DER_SEQUENCE, body) + i2osp8(NYM_SECRETS)


def der_integer(value: int) -> bytes:
    """The contents of a DER INTEGER for a number >= 0: shortest form, a leading 00 where the top bit is set."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")
