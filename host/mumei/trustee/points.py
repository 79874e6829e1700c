"""The points of an epoch at which trustees evaluate, computed from their labels on the spot (2.5).

A trustee takes no point from anybody: one of somebody's choice would make it an oracle for its share.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei_core.commands.request import MAX_RP_CONTEXT
from mumei_core.crypto.curve import Point, PublicPoints
from mumei_core.crypto.hash_to_curve import recognise_point, slot_points
from mumei_core.crypto.hashing import sha256
from mumei_core.epochs import BUCKETS, EPOCH_LIMIT, SLOTS, epoch_of
from mumei_core.errors import DecodingError, UsageError

#: Contexts of one set: as many points as the slots of all buckets.
CONTEXTS_OF_A_SET: Final = BUCKETS * SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSet:
    """Points that one proof covers: all slots of all buckets or, where named, some contexts' recognise points."""

    epoch: int
    contexts: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.epoch < EPOCH_LIMIT or len(self.contexts) > CONTEXTS_OF_A_SET:
            raise DecodingError("no such set of points")
        if list(self.contexts) != sorted(set(self.contexts)):
            raise DecodingError("contexts of a set ascend, and none comes twice")
        if not all(1 <= len(each) <= MAX_RP_CONTEXT for each in self.contexts):
            raise DecodingError(f"a context has 1 to {MAX_RP_CONTEXT} octets")

    def __len__(self) -> int:
        return len(self.contexts) or BUCKETS * SLOTS

    @property
    def name(self) -> str:
        """For file names: the same for the same points."""
        if not self.contexts:
            return f"{self.epoch}-slots"
        digest = sha256(b"".join(len(each).to_bytes(2) + each for each in self.contexts))
        return f"{self.epoch}-recognise-{digest[:8].hex()}"

    def points(self) -> PublicPoints:
        """Bucket by bucket and slot by slot, or in the contexts' order; computed once a process."""
        return _computed(self)[1]

    def bases(self) -> tuple[Point, ...]:
        """The same for multiplications."""
        return _computed(self)[0]


def sets_of(epoch: int, contexts: Sequence[bytes] = ()) -> tuple[PointSet, ...]:
    """All sets of an epoch: the slots', and as many as the recognising contexts need. Raises DecodingError."""
    ordered = sorted(set(contexts))
    pieces = range(0, len(ordered), CONTEXTS_OF_A_SET)
    return (
        PointSet(epoch=epoch),
        *(PointSet(epoch=epoch, contexts=tuple(ordered[at : at + CONTEXTS_OF_A_SET])) for at in pieces),
    )


def check_epoch(epoch: int, *, day: int) -> None:
    """Raises UsageError for an epoch that is over, and for one further off than the next.

    A list for the past would join what a card has shown; one far ahead could not be taken back if it is found.
    """
    now = epoch_of(day)
    if epoch < now:
        raise UsageError(
            f"epoch {epoch} is over: lists for past epochs are never made",
            hint=f"The running epoch is {now}, the next {now + 1}.",
        )
    if epoch > now + 1:
        raise UsageError(
            f"epoch {epoch} is too far ahead", hint=f"The running epoch is {now}, the next {now + 1}."
        )


@functools.lru_cache(maxsize=4)
def _computed(points: PointSet) -> tuple[tuple[Point, ...], PublicPoints]:
    if points.contexts:
        bases = tuple(recognise_point(points.epoch, each) for each in points.contexts)
    else:
        bases = tuple(point for bucket in range(BUCKETS) for point in slot_points(points.epoch, bucket))
    return bases, PublicPoints.of(bases)
