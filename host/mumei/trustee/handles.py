"""A card's revocation handle as its trustees know it: a commitment, Feldman's points and sealed shares (2.2, 2.5).

No name, no number of a resident or a card is in it. Source: mumei protocol 2.2, 2.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from mumei_core.crypto.curve import POINT_LENGTH, Point, scalar_from_octets
from mumei_core.crypto.hashing import sha256
from mumei_core.crypto.sealing.open import open_sealed
from mumei_core.crypto.sharing.check import check_share
from mumei_core.crypto.sharing.messages import SEALED_SHARE_LENGTH, sealed_share, share_aad, share_info
from mumei_core.errors import DecodingError
from mumei_core.issuing_statements import MAX_TRUSTEES

DIGEST_LENGTH: Final = 32
_LABEL: Final = b"MUMEI-HANDLE-V1"
_KEYS: Final = {"commitment", "points", "shares", "trustees"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedHandle:
    """``commitment``: C, 48 octets; ``points``: F_0 || F_1 || .. ; ``shares``: 113 octets a trustee, sealed;
    ``trustees``: SHA-256 of the list of trustees, which says who can open which.
    """

    commitment: bytes
    points: bytes
    shares: bytes = field(repr=False)
    trustees: bytes

    def __post_init__(self) -> None:
        t, rest = divmod(len(self.points), POINT_LENGTH)
        n, more = divmod(len(self.shares), SEALED_SHARE_LENGTH)
        if len(self.commitment) != POINT_LENGTH or len(self.trustees) != DIGEST_LENGTH:
            raise DecodingError("a sealed handle has a commitment of 48 octets and a hash of 32")
        if rest or more or not 1 <= t <= n <= MAX_TRUSTEES:
            raise DecodingError("a sealed handle has a point for each trustee needed, and a share for each")

    @property
    def t(self) -> int:
        """So many trustees are needed."""
        return len(self.points) // POINT_LENGTH

    @property
    def n(self) -> int:
        """Of so many."""
        return len(self.shares) // SEALED_SHARE_LENGTH

    @property
    def digest(self) -> bytes:
        """SHA-256 over all of it: names the handle wherever trustees and authority speak of it, 32 octets."""
        return sha256(
            _LABEL + self.trustees + self.commitment + bytes((self.t, self.n)) + self.points + self.shares
        )

    def open_share(self, secret: bytes, index: int) -> int:
        """The share of trustee ``index``, from 1, checked against F. ``secret``: its private key, 32 octets.

        Raises InvalidProof where it does not open or is no share of this handle, DecodingError.
        """
        if not 1 <= index <= self.n:
            raise DecodingError(f"there are {self.n} trustees")
        F = feldman_points(self.points)
        plain = open_sealed(
            secret,
            sealed_share(self.shares, index),
            info=share_info(self.trustees, index),
            aad=share_aad(Point.from_octets(self.commitment), F),
        )
        share = scalar_from_octets(plain)
        check_share(F, index, share)
        return share

    def to_map(self) -> dict[str, bytes]:
        """For a document."""
        return {
            "commitment": self.commitment,
            "points": self.points,
            "shares": self.shares,
            "trustees": self.trustees,
        }

    @classmethod
    def from_map(cls, found: object) -> Self:
        """Raises DecodingError; points are decoded where they are used."""
        if not isinstance(found, Mapping) or found.keys() != _KEYS:
            raise DecodingError("a sealed handle has other fields")
        if not all(type(value) is bytes for value in found.values()):
            raise DecodingError("a sealed handle holds other types")
        return cls(**found)


def feldman_points(octets: bytes) -> tuple[Point, ...]:
    """F_0 || F_1 || .. decoded. Raises DecodingError."""
    pieces = range(0, len(octets), POINT_LENGTH)
    return tuple(Point.from_octets(octets[at : at + POINT_LENGTH]) for at in pieces)
