"""Strict data objects of this project: a template whose objects come in one fixed order, each at most once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mumei_core.errors import DecodingError
from mumei_core.iso7816 import ber_tlv


def parse_template(
    octets: bytes, tag: int, order: Sequence[int], mandatory: Sequence[int] | None = None
) -> dict[int, bytes]:
    """The values inside the one object ``tag``, by tag. ``mandatory`` defaults to all of ``order``.

    Raises :class:`DecodingError` for unknown, repeated, missing or misplaced objects and for trailing octets.
    """
    children = ber_tlv.parse_one(octets, tag).children()
    tags = [item.tag for item in children]
    if unknown := set(tags) - set(order):
        raise DecodingError(f"unknown object {min(unknown):02X} in {tag:02X}")
    if tags != [known for known in order if known in tags]:
        raise DecodingError(f"objects in {tag:02X} are out of order or repeated")
    if missing := set(order if mandatory is None else mandatory) - set(tags):
        raise DecodingError(f"object {min(missing):02X} is missing in {tag:02X}")
    return {item.tag: item.value for item in children}


def build_template(tag: int, values: Mapping[int, bytes | None]) -> bytes:
    """The reverse; objects in the order of ``values``, without those that are None."""
    body = (ber_tlv.encode(inner, value) for inner, value in values.items() if value is not None)
    return ber_tlv.encode(tag, b"".join(body))


def expect_length(what: str, value: bytes, length: int) -> bytes:
    """``value`` itself, if it has ``length`` octets. Raises :class:`DecodingError`."""
    if len(value) != length:
        raise DecodingError(f"{what} has {length} octets, not {len(value)}")
    return value


def expect_version(value: bytes, version: int) -> None:
    """Raises :class:`DecodingError` unless ``value`` is the one octet ``version``."""
    if value != bytes([version]):
        raise DecodingError("unknown version of a data object")


def day_octets(day: int) -> bytes:
    """A day number in 4 octets, big-endian."""
    return day.to_bytes(4, "big")


def day_from(what: str, value: bytes) -> int:
    """The reverse. Raises :class:`DecodingError`."""
    return int.from_bytes(expect_length(what, value, 4), "big")
