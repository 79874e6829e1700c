"""The work of an epoch in blocks: so many handles at all points of a set, one process each (2.5).

A block is a plain value and :func:`evaluate_block` a plain function, so that processes of one machine and workers
of a cluster run the same. A block of 512 handles at 1,024 points answers with 25 MB and holds one table at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mumei.trustee.handles import feldman_points
from mumei.trustee.points import PointSet
from mumei_core.crypto.curve import POINT_LENGTH, ManyScalars
from mumei_core.crypto.sharing.evaluate import prove

HANDLES_OF_A_BLOCK: Final = 512
#: Below this the tables of multiples save next to nothing, and single multiplications are constant-time.
_TABLES_PAY_FROM: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleShare:
    """A handle's digest, F_0 || F_1 || .. and the trustee's share of it."""

    digest: bytes
    feldman: bytes
    share: int = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one process computes at once. ``index``: the trustee's number, from 1, in list ``trustees``."""

    points: PointSet
    index: int
    trustees: bytes
    handles: tuple[HandleShare, ...]

    @property
    def multiplications(self) -> int:
        return len(self.points) * len(self.handles)


def evaluate_block(block: Block) -> bytes:
    """The evaluations of all handles of the block, one behind the other."""
    public = block.points.points()
    evaluations = []
    for handle, products in zip(block.handles, _products(block), strict=True):
        F = feldman_points(handle.feldman)
        evaluations.append(prove(handle.share, block.index, F, public, products).to_octets())
    return b"".join(evaluations)


def _products(block: Block) -> Iterator[bytes]:
    """For each handle R_0 || R_1 || ..: constant-time one by one, or with a table for each point.

    A table's look-ups depend on the share, and so does their time: a trustee's machine runs nothing of others'.
    """
    shares = [handle.share for handle in block.handles]
    if len(shares) < _TABLES_PAY_FROM:
        for share in shares:
            yield b"".join((base * share).to_octets() for base in block.points.bases())
        return
    yield from _with_tables(block.points, shares)


def _with_tables(points: PointSet, shares: Sequence[int]) -> Iterator[bytes]:
    rows = [bytearray(POINT_LENGTH * len(points)) for _ in shares]
    scalars = ManyScalars(shares)
    for at, base in enumerate(points.bases()):
        begin = at * POINT_LENGTH
        for row, product in zip(rows, scalars.products(base), strict=True):
            row[begin : begin + POINT_LENGTH] = product
    return (bytes(row) for row in rows)
