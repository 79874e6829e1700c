"""ED: the point of a prepared slot with its path in the signed tree, which PRESENT brings (mumei protocol 2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mumei_core.commands import codes
from mumei_core.commands.template import build_template, expect_length, expect_version, parse_template
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH
from mumei_core.crypto.revocation.tree import HASH_LENGTH, PATH_LENGTH

_ORDER: Final = (codes.TAG_SLOT_VERSION, codes.TAG_SLOT_POINT, codes.TAG_SLOT_PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPoint:
    """``point``: Q_k, 96 octets, uncompressed, for a chip takes no square roots; ``path``: four hashes of 32."""

    point: bytes
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        expect_length("a slot's point", self.point, UNCOMPRESSED_LENGTH)
        expect_length("a slot's path", b"".join(self.path), PATH_LENGTH)

    def to_octets(self) -> bytes:
        return build_template(
            codes.TAG_SLOT,
            {
                codes.TAG_SLOT_VERSION: bytes([codes.DATA_VERSION]),
                codes.TAG_SLOT_POINT: self.point,
                codes.TAG_SLOT_PATH: b"".join(self.path),
            },
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> SlotPoint:
        """Strict. Raises :class:`DecodingError`."""
        values = parse_template(octets, codes.TAG_SLOT, _ORDER)
        expect_version(values[codes.TAG_SLOT_VERSION], codes.DATA_VERSION)
        path = expect_length("a slot's path", values[codes.TAG_SLOT_PATH], PATH_LENGTH)
        return cls(
            point=values[codes.TAG_SLOT_POINT],
            path=tuple(path[i : i + HASH_LENGTH] for i in range(0, PATH_LENGTH, HASH_LENGTH)),
        )
