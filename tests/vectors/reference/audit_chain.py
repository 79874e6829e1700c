"""The links of an audit trail, written down a second time: CBOR by hand, one octet after the other.

Follows the description of the format alone: RFC 8949 4.2.1 for the encoding, SHA-256 for the links.
"""

import hashlib


def head(major: int, value: int) -> bytes:
    """A CBOR head: major type and argument, in the shortest form."""
    if value < 24:
        return bytes([major * 32 + value])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 256**size:
            return bytes([major * 32 + extra]) + value.to_bytes(size, "big")
    raise ValueError(value)


def item(value: object) -> bytes:
    """One item: null, a number from zero up, octets or text."""
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    raise TypeError(value)


def first_link(trail_id: bytes) -> bytes:
    return hashlib.sha256(b"MUMEI-AUDIT-TRAIL-V1" + trail_id).digest()


def next_link(fields: list[object], previous: bytes, signature: bytes) -> bytes:
    """``fields``: number to digest, as the body has them behind its version."""
    body = head(4, len(fields) + 2) + item(1) + b"".join(map(item, fields)) + item(previous)
    digest = hashlib.sha256(b"MUMEI-AUDIT-ENTRY-V1" + body).digest()
    return hashlib.sha256(b"MUMEI-AUDIT-LINK-V1" + digest + signature).digest()


def seal_body(trail_id: bytes, number: int, at: int, entries: int, link: bytes, previous: bytes) -> bytes:
    fields: list[object] = ["MUMEI-AUDIT-SEAL-V1", trail_id, number, at, entries, link, previous]
    return head(4, len(fields)) + b"".join(map(item, fields))
