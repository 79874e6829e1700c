"""Card file format 1, which is only read: the first commit to such a card writes it anew as format 2.

All integers big-endian: magic ``MUMEICRD`` (8) · format (1) · writes ever made (8) · then per record, sorted by
name: name length (1), name in ASCII, value length (4), value · SHA-256 of all before (32).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from mumei_card.chip.nvm_format import MAGIC, MemoryDamaged

FORMAT: Final = 1
_DIGEST = 32
_HEADER = len(MAGIC) + 1 + 8


def is_format_1(octets: bytes) -> bool:
    """Whether a file of these octets says that it is of format 1."""
    return octets.startswith(MAGIC + bytes((FORMAT,)))


def read_format_1(octets: bytes) -> tuple[dict[str, bytes], int]:
    """Records, and writes ever made. Raises :class:`MemoryDamaged`."""
    body, digest = octets[:-_DIGEST], octets[-_DIGEST:]
    if len(body) < _HEADER or not hmac.compare_digest(hashlib.sha256(body).digest(), digest):
        raise MemoryDamaged("its checksum does not hold")
    records: dict[str, bytes] = {}
    offset = _HEADER
    # The checksum held, so the lengths are those that were written.
    while offset < len(body):
        name_end = offset + 1 + body[offset]
        value_at = name_end + 4
        value_end = value_at + int.from_bytes(body[name_end:value_at])
        records[body[offset + 1 : name_end].decode("ascii")] = body[value_at:value_end]
        offset = value_end
    return records, int.from_bytes(body[len(MAGIC) + 1 : _HEADER])
