"""The little DER (ITU-T X.690, 2021) that the project's own signed records need; see apdu_specs/mumei.asn1."""

from __future__ import annotations

from mumei_core.commands import codes
from mumei_core.credential import decode_text, encode_text
from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv
from mumei_core.iso7816.ber_tlv import Tlv

_MAX_INTEGER_OCTETS = 4


def sequence(*items: bytes) -> bytes:
    """SEQUENCE of what is encoded already."""
    return ber_tlv.encode(codes.TAG_DER_SEQUENCE, b"".join(items))


def integer(value: int) -> bytes:
    """INTEGER, 0 or more."""
    return ber_tlv.encode(codes.TAG_DER_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def octet_string(value: bytes) -> bytes:
    """OCTET STRING."""
    return ber_tlv.encode(codes.TAG_DER_OCTET_STRING, value)


def utf8_string(text: str) -> bytes:
    """UTF8String, in NFC."""
    return ber_tlv.encode(codes.TAG_DER_UTF8_STRING, encode_text(text))


def read_sequence(octets: bytes) -> tuple[Tlv, ...]:
    """What is in the one SEQUENCE that ``octets`` are. Raises :class:`DecodingError`."""
    return ber_tlv.parse_one(octets, codes.TAG_DER_SEQUENCE).children()


def read_integer(item: Tlv) -> int:
    """Raises :class:`DecodingError` for another type, a negative number, a longer or not the shortest form."""
    value = int.from_bytes(expect(item, codes.TAG_DER_INTEGER), "big", signed=True)
    if value < 0 or len(item.value) > _MAX_INTEGER_OCTETS or integer(value) != item.to_bytes():
        raise DecodingError("an integer is negative, too long or not in its shortest form")
    return value


def read_text(item: Tlv) -> str:
    """Raises :class:`DecodingError` for another type, and for what is not UTF-8 in NFC."""
    text = decode_text(expect(item, codes.TAG_DER_UTF8_STRING))
    if utf8_string(text) != item.to_bytes():
        raise DecodingError("text is not in normal form C")
    return text


def read_octets(item: Tlv) -> bytes:
    """Raises :class:`DecodingError` for another type."""
    return expect(item, codes.TAG_DER_OCTET_STRING)


def expect(item: Tlv, tag: int) -> bytes:
    """The value of ``item``. Raises :class:`DecodingError` unless its tag is ``tag``."""
    if item.tag != tag:
        raise DecodingError(f"expected an object {tag:02X}, not {item.tag:02X}")
    return item.value
