"""What the generated builders of commands (:mod:`mumei_core.commands.messages`) put together fields with."""

from __future__ import annotations

from mumei_core.iso7816.apdu import ApduError
from mumei_core.iso7816.ber_tlv import encode


def octet(name: str, value: int, allowed: frozenset[int]) -> int:
    """P1 or P2. Raises :class:`ApduError` for a value that the specification does not have."""
    if value not in allowed:
        raise ApduError(f"{name} {value:02X} is not in the specification")
    return value


def raw(name: str, value: bytes, shortest: int, longest: int, *, optional: bool = False) -> bytes:
    """``value`` itself. Raises :class:`ApduError`, without the value, for one of another length.

    ``optional``: it may be empty too.
    """
    if optional and not value:
        return value
    if not shortest <= len(value) <= longest:
        wanted = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        raise ApduError(f"{name} has {wanted} octets, not {len(value)}")
    return value


def primitive(name: str, tag: int, value: bytes | None, shortest: int, longest: int) -> bytes:
    """A data object around ``value``; nothing for None. Raises :class:`ApduError` as :func:`raw`."""
    return b"" if value is None else encode(tag, raw(name, value, shortest, longest))


def whole(name: str, tag: int, octets: bytes | None) -> bytes:
    """A data object that was put together elsewhere; nothing for None. Raises :class:`ApduError` for another."""
    if octets is None:
        return b""
    if not octets.startswith(tag.to_bytes((tag.bit_length() + 7) // 8)):
        raise ApduError(f"{name} is a data object {tag:02X}")
    return octets
