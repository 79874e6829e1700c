"""BER-TLV data objects, ISO/IEC 7816-4:2005 clause 5.2.2, with DER lengths (TR-03110-3 v2.21, annex D).

Stricter than BER on purpose: shortest lengths only, no indefinite form, tags of at most three octets and
lengths of at most three, nothing before, between or after the objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mumei_core.errors import DecodingError

MAX_VALUE = 65_535
_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F
_MAX_TAG_OCTETS = 3


class TlvError(DecodingError):
    """Octets are not the data objects that they should be."""


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object. ``tag`` is its octets read as one number: 0x80, 0x7F66. ``repr`` shows no value."""

    tag: int
    value: bytes

    def __repr__(self) -> str:
        return f"Tlv({self.tag:02X}, {len(self.value)} octets)"

    @property
    def is_constructed(self) -> bool:
        return bool(_tag_octets(self.tag)[0] & _CONSTRUCTED)

    def children(self) -> tuple[Tlv, ...]:
        """The objects inside. Raises :class:`TlvError` for a primitive object or malformed contents."""
        if not self.is_constructed:
            raise TlvError(f"data object {self.tag:02X} is primitive")
        return parse(self.value)

    def to_bytes(self) -> bytes:
        return encode(self.tag, self.value)


def encode(tag: int, value: bytes) -> bytes:
    """One data object as octets. ``value``: 0..65,535 octets. Raises :class:`TlvError` for what is no tag."""
    octets = _tag_octets(tag)
    if _read_tag(octets, 0) != (tag, len(octets)):
        raise TlvError(f"{tag:X} is not one tag")
    return octets + _encode_length(len(value)) + value


def parse(octets: bytes) -> tuple[Tlv, ...]:
    """All data objects in ``octets``, in their order. Raises :class:`TlvError`; never reads past the end."""
    return tuple(_objects(octets))


def parse_one(octets: bytes, tag: int) -> Tlv:
    """The one data object that ``octets`` are. Raises :class:`TlvError` for another tag or a second one."""
    objects = parse(octets)
    if len(objects) != 1 or objects[0].tag != tag:
        raise TlvError(f"expected one data object {tag:02X}")
    return objects[0]


def _objects(octets: bytes) -> Iterator[Tlv]:
    offset = 0
    while offset < len(octets):
        tag, offset = _read_tag(octets, offset)
        length, offset = _read_length(octets, offset)
        if length > len(octets) - offset:
            raise TlvError(f"data object {tag:02X} is cut off")
        yield Tlv(tag, octets[offset : offset + length])
        offset += length


def _tag_octets(tag: int) -> bytes:
    if not 0 < tag < 1 << (8 * _MAX_TAG_OCTETS):
        raise TlvError("a tag has one to three octets and is not 0")
    return tag.to_bytes((tag.bit_length() + 7) // 8)


def _read_tag(octets: bytes, offset: int) -> tuple[int, int]:
    """(tag, offset behind it). Clause 5.2.2.1: 00 is no tag; a second octet is not 00..1E or 80."""
    first = octets[offset]
    end = offset + 1
    if first == 0:
        raise TlvError("00 is not a tag")
    if first & _LONG_TAG == _LONG_TAG:
        if end >= len(octets):
            raise TlvError("a tag is cut off")
        if octets[end] < _LONG_TAG or octets[end] == 0x80:
            raise TlvError("a tag is not in its shortest form")
        while octets[end] & 0x80:
            end += 1
            if end >= len(octets) or end - offset >= _MAX_TAG_OCTETS:
                raise TlvError("a tag is cut off or longer than three octets")
        end += 1
    return int.from_bytes(octets[offset:end]), end


def _encode_length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    if length <= 0xFF:
        return bytes((0x81, length))
    if length <= MAX_VALUE:
        return b"\x82" + length.to_bytes(2)
    raise TlvError("a value is longer than 65,535 octets")


def _read_length(octets: bytes, offset: int) -> tuple[int, int]:
    """(length, offset behind it). Only the shortest form passes."""
    if offset >= len(octets):
        raise TlvError("a length is missing")
    first = octets[offset]
    if first < 0x80:
        return first, offset + 1
    if first not in (0x81, 0x82):
        raise TlvError("a length is indefinite or longer than three octets")
    end = offset + 1 + (first & 0x7F)
    if end > len(octets):
        raise TlvError("a length is cut off")
    length = int.from_bytes(octets[offset + 1 : end])
    if length < (0x80 if first == 0x81 else 0x100):
        raise TlvError("a length is not in its shortest form")
    return length, end
