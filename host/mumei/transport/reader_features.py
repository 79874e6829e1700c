"""What a reader says about itself (PC/SC Part 10 rev. 2.02.09: features, and properties in TLV form)."""

from __future__ import annotations

from collections.abc import Callable

# CM_IOCTL_GET_FEATURE_REQUEST is SCARD_CTL_CODE(3400), which pcsc-lite and macOS compute like this.
_CONTROL_BASE = 0x42000000
GET_FEATURE_REQUEST = _CONTROL_BASE + 3400

_FEATURE_GET_TLV_PROPERTIES = 0x12
_PROPERTY_MAX_APDU_DATA_SIZE = 0x0A

Control = Callable[[int, bytes], bytes | None]
"""Sends one control request to the reader: code and data in, answer out, ``None`` if it is not known."""


def max_apdu(control: Control) -> int | None:
    """Return the largest number of data octets an APDU may have for this reader.

    0 means short APDUs only; ``None`` that the reader does not say, as virtual readers do not.
    """
    code = _entry(control(GET_FEATURE_REQUEST, b""), _FEATURE_GET_TLV_PROPERTIES)
    if code is None:
        return None
    # Features are named by control codes in big-endian order, properties are little-endian numbers.
    value = _entry(control(int.from_bytes(code, "big"), b""), _PROPERTY_MAX_APDU_DATA_SIZE)
    return None if value is None else int.from_bytes(value, "little")


def _entry(octets: bytes | None, tag: int) -> bytes | None:
    """Find ``tag`` in a list of one-octet tag, one-octet length, value; ``None`` if absent or malformed."""
    rest = octets or b""
    while len(rest) >= 2:
        found, length, rest = rest[0], rest[1], rest[2:]
        if length > len(rest):
            return None
        if found == tag:
            return rest[:length]
        rest = rest[length:]
    return None
