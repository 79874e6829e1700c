"""Octets of which some are hidden: what is kept of a message that holds a secret.

As text: two lower-case hexadecimal digits an octet, and ``[n]`` in the place of n hidden ones. Lengths stay, so
that a message can still be taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from mumei_core.errors import DecodingError

_PIECE: Final = re.compile(r"((?:[0-9a-f]{2})+)|\[([1-9][0-9]{0,5})\]")
#: Octets; a whole APDU with extended lengths has fewer.
MAX_LENGTH: Final = 0x1_0100


@dataclass(frozen=True, slots=True)
class MaskedOctets:
    """``zeroed``: the octets, zeros where they are hidden. ``hidden``: [start, end) of those, ascending, apart."""

    zeroed: bytes = b""
    hidden: tuple[tuple[int, int], ...] = ()

    @classmethod
    def masking(cls, octets: bytes, secrets: Iterable[tuple[int, int]] = ()) -> Self:
        """``octets`` without those in the ranges ``secrets``, which may overlap and reach over the end."""
        kept = bytearray(octets)
        merged: list[tuple[int, int]] = []
        for start, end in sorted((max(start, 0), min(end, len(octets))) for start, end in secrets):
            if end <= start:
                continue
            kept[start:end] = bytes(end - start)
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return cls(bytes(kept), tuple(merged))

    @classmethod
    def hiding(cls, octets: bytes) -> Self:
        """Only how many there are."""
        return cls.masking(octets, [(0, len(octets))])

    def __len__(self) -> int:
        return len(self.zeroed)

    def __add__(self, other: MaskedOctets) -> MaskedOctets:
        moved = ((start + len(self), end + len(self)) for start, end in other.hidden)
        return MaskedOctets.masking(self.zeroed + other.zeroed, (*self.hidden, *moved))

    def cut(self, start: int, end: int) -> MaskedOctets:
        """The octets from ``start`` to before ``end``."""
        moved = ((a - start, b - start) for a, b in self.hidden)
        return MaskedOctets.masking(self.zeroed[start:end], moved)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is hidden."""
        return not self.hidden

    @property
    def hidden_octets(self) -> int:
        """How many are hidden."""
        return sum(end - start for start, end in self.hidden)

    def agrees_with(self, octets: bytes) -> bool:
        """Whether these are the same octets, as far as anyone can tell."""
        return len(octets) == len(self) and MaskedOctets.masking(octets, self.hidden) == self

    def to_text(self) -> str:
        """As the module says."""
        text, at = [], 0
        for start, end in self.hidden:
            text += [self.zeroed[at:start].hex(), f"[{end - start}]"]
            at = end
        return "".join((*text, self.zeroed[at:].hex()))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Strict: only what :meth:`to_text` would give. Raises :class:`DecodingError`."""
        octets, hidden, at = bytearray(), [], 0
        while at < len(text):
            piece = _PIECE.match(text, at)
            if piece is None:
                raise DecodingError("neither hexadecimal digits nor a number of hidden octets")
            at = piece.end()
            if piece[2]:
                hidden.append((len(octets), len(octets) + int(piece[2])))
            octets += bytes.fromhex(piece[1]) if piece[1] else bytes(int(piece[2]))
            if len(octets) > MAX_LENGTH:
                raise DecodingError("longer than any APDU")
        found = cls.masking(bytes(octets), hidden)
        if found.to_text() != text:
            raise DecodingError("hidden octets that stand side by side are one number")
        return found
