"""Octets of commands and data objects, written down by hand: ISO/IEC 7816-4:2005 clauses 5.1 and 5.2.2.

Part of the suite's own reference for the wire: nothing here imports the project, so an error in its codec shows.
"""

from __future__ import annotations


def octets(text: str) -> bytes:
    """Hex, blanks allowed."""
    return bytes.fromhex(text)


def tlv(tag: str, value: bytes = b"") -> bytes:
    """One BER-TLV data object with the shortest length; ``tag`` in hex."""
    size = len(value)
    if size < 0x80:
        length = bytes((size,))
    elif size < 0x100:
        length = bytes((0x81, size))
    else:
        length = b"\x82" + size.to_bytes(2, "big")
    return bytes.fromhex(tag) + length + value


def parse(data: bytes) -> list[tuple[str, bytes]]:
    """(tag in hex, value) of each object; AssertionError for what is not whole objects."""
    found = []
    while data:
        size = 1
        if data[0] & 0x1F == 0x1F:
            while data[size] & 0x80:
                size += 1
            size += 1
        tag, data = data[:size], data[size:]
        assert data, "an object without length"
        length, data = data[0], data[1:]
        if length & 0x80:
            count = length & 0x7F
            assert 1 <= count <= 2, "a length of this form is not used"
            length, data = int.from_bytes(data[:count], "big"), data[count:]
        assert len(data) >= length, "an object is cut off"
        found.append((tag.hex().upper(), data[:length]))
        data = data[length:]
    return found


def tree(data: bytes) -> dict[str, bytes]:
    """Tag to value where every tag stands once."""
    items = parse(data)
    found = dict(items)
    assert len(found) == len(items), "an object stands twice"
    return found


def command(header: str, data: bytes = b"", le: int | None = None, *, extended: bool | None = None) -> bytes:
    """A command APDU of any of the four cases. ``header``: CLA INS P1 P2 in hex; ``le``: 1..65536.

    Short unless it does not fit, or ``extended`` says otherwise.
    """
    head = bytes.fromhex(header)
    assert len(head) == 4
    if extended is None:
        extended = len(data) > 255 or (le or 0) > 256
    if not extended:
        body = bytes((len(data),)) + data if data else b""
        return head + body + (bytes((le % 256,)) if le is not None else b"")
    body = len(data).to_bytes(2, "big") + data if data else b""
    tail = (le % 65_536).to_bytes(2, "big") if le is not None else b""
    return head + (b"\x00" if body or tail else b"") + body + tail
