"""The tree over the slot points of one epoch and bucket, whose root a statement signs (mumei protocol 2.5).

A leaf is SHA-256(00 || k || point), the point uncompressed in 96 octets; a node is SHA-256(01 || left || right).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, Point
from mumei_core.crypto.hashing import sha256
from mumei_core.epochs import SLOTS
from mumei_core.errors import InvalidProof, UsageError

HASH_LENGTH: Final = 32
DEPTH: Final = SLOTS.bit_length() - 1
PATH_LENGTH: Final = DEPTH * HASH_LENGTH
"""Octets of a path: one hash for each level, the leaf's sibling first."""

_LEAF, _NODE = b"\0", b"\1"


class SlotTree:
    """The whole tree, for who has all points: authority, auditor, terminals."""

    __slots__ = ("_levels", "points")

    def __init__(self, points: Sequence[Point]) -> None:
        """``points``: Q_0 .. Q_15. Raises :class:`UsageError` for another number."""
        if len(points) != SLOTS:
            raise UsageError(f"an epoch has {SLOTS} points for a bucket")
        self.points = tuple(points)
        level = [_leaf(k, point.to_uncompressed()) for k, point in enumerate(points)]
        self._levels = [level]
        while len(level) > 1:
            level = [_node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """What a statement signs, 32 octets."""
        return self._levels[-1][0]

    def path(self, k: int) -> tuple[bytes, ...]:
        """The hashes beside the way from leaf ``k`` to the root, four of 32 octets."""
        if not 0 <= k < SLOTS:
            raise UsageError(f"a slot lies between 0 and {SLOTS - 1}")
        return tuple(level[k >> depth ^ 1] for depth, level in enumerate(self._levels[:-1]))


def check_path(root: bytes, k: int, point: bytes, path: Sequence[bytes]) -> None:
    """``point``, 96 octets, is slot ``k`` of the tree under ``root``. Raises :class:`InvalidProof`.

    This is all that a card can tell of a slot's point: it cannot recompute it.
    """
    if not 0 <= k < SLOTS or len(path) != DEPTH or len(point) != UNCOMPRESSED_LENGTH:
        raise InvalidProof("not the shape of a slot and its path")
    digest = _leaf(k, point)
    for depth, sibling in enumerate(path):
        digest = _node(sibling, digest) if k >> depth & 1 else _node(digest, sibling)
    if not hmac.compare_digest(digest, root):
        raise InvalidProof("the point is not in the signed tree")


def _leaf(k: int, point: bytes) -> bytes:
    return sha256(_LEAF + bytes([k]) + point)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right)
