"""What is left of a memory when the power goes: every image that a cut in a list of physical steps can leave.

A step's list is recorded once, without a cut. Up to the cut a card does just the same, so each image follows from
the first one and the steps before; :mod:`tools.tear.sweep` cuts real cards too, and compares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from mumei_card.chip.flash import ERASED, PAGE
from mumei_card.chip.power import Step, StepKind

#: Octets into a page: nothing but a beginning, a header, its half, all but one.
_INSIDE = (1, 13, 21, 37, PAGE - 1)
#: Of a long write the first and last pages are torn at octets inside, all others at their ends.
_CLOSELY = 3
#: Up to so many octets, a write is torn at every one of them: all commits but those that write everything anew.
_COMMIT = 2048
#: Where not every page is torn, one of so many is, besides the first and last ones.
_STRIDE = 64


class Detail(Enum):
    """How closely is looked."""

    STEPS = "before every step, and once in every write"
    PAGES = "also at some pages of every write"
    OCTETS = "also at every page, and at every octet of a commit"


class Variant(Enum):
    """What the power leaves of the write that it tears, or of those that nothing made last."""

    BEFORE = "before a step"
    PREFIX = "torn, what was there stays behind"
    ERASED = "torn, the page in hand erased"
    GARBAGE = "torn, the page in hand holds anything"
    LOST = "nothing since the last sync arrived"
    OUT_OF_ORDER = "only the newest write since the last sync arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Power gone with ``done`` steps done. ``octets``: of the step in hand, where it is torn."""

    done: int
    variant: Variant
    octets: int = 0
    image: bytes = field(repr=False)

    @property
    def begun(self) -> int:
        """Steps of which anything may have arrived."""
        return self.done + (self.variant in (Variant.PREFIX, Variant.ERASED, Variant.GARBAGE))

    def __str__(self) -> str:
        where = f" at octet {self.octets}" if self.begun > self.done else ""
        return f"after {self.done} steps{where}, {self.variant.value}"


def cuts(image: bytes, steps: Sequence[Step], detail: Detail) -> Iterator[Cut]:
    """Every cut in ``steps`` on a memory that held ``image``."""
    for done in range(len(steps) + 1):
        now = image_after(image, steps, done)
        yield Cut(done=done, variant=Variant.BEFORE, image=now)
        if detail is not Detail.STEPS:
            yield from _unsynced(image, steps, done, now)
        if done < len(steps) and steps[done].kind is StepKind.WRITE:
            yield from _torn(now, steps[done], done, detail)


def image_after(image: bytes, steps: Sequence[Step], done: int) -> bytes:
    """The memory with so many steps done."""
    octets = bytearray(image)
    for step in steps[:done]:
        _write(octets, step.offset, step.octets)
    return bytes(octets)


def _unsynced(image: bytes, steps: Sequence[Step], done: int, now: bytes) -> Iterator[Cut]:
    """What a cache that goes with the power leaves; on a chip there is none."""
    synced = max((i + 1 for i in range(done) if steps[i].kind is StepKind.SYNC), default=0)
    waiting = [step for step in steps[synced:done] if step.kind is StepKind.WRITE]
    if not waiting:
        return
    lasting = image_after(image, steps, synced)
    yield Cut(done=done, variant=Variant.LOST, image=lasting)
    octets = bytearray(lasting)
    _write(octets, waiting[-1].offset, waiting[-1].octets)
    if len(waiting) > 1:
        yield Cut(done=done, variant=Variant.OUT_OF_ORDER, image=bytes(octets))


def _torn(now: bytes, step: Step, done: int, detail: Detail) -> Iterator[Cut]:
    chosen = torn_at(len(step.octets), detail)
    if detail is Detail.OCTETS and len(step.octets) <= _COMMIT:
        for arrived in sorted(set(range(1, len(step.octets))).difference(chosen)):
            octets = bytearray(now)
            _write(octets, step.offset, step.octets[:arrived])
            yield Cut(done=done, variant=Variant.PREFIX, octets=arrived, image=bytes(octets))
    for arrived in chosen:
        octets = bytearray(now)
        _write(octets, step.offset, step.octets[:arrived])
        prefix = bytes(octets)
        if arrived:
            yield Cut(done=done, variant=Variant.PREFIX, octets=arrived, image=prefix)
        first = (step.offset + arrived) // PAGE * PAGE
        garbage = hashlib.shake_128(f"{done} {arrived}".encode()).digest(PAGE)
        erased = octets[first : step.offset + arrived] + bytes((ERASED,)) * PAGE
        for variant, page in ((Variant.ERASED, erased[:PAGE]), (Variant.GARBAGE, garbage)):
            octets = bytearray(prefix)
            _write(octets, first, page)
            yield Cut(done=done, variant=variant, octets=arrived, image=bytes(octets))


def torn_at(length: int, detail: Detail) -> list[int]:
    """Octets of a write that arrive before it is torn."""
    if detail is Detail.STEPS:
        return [length // 2]
    starts = range(0, length, PAGE)
    found: set[int] = set()
    for number, start in enumerate(starts):
        is_close = number < _CLOSELY or number >= len(starts) - _CLOSELY
        if is_close or detail is Detail.OCTETS or number % _STRIDE == 0:
            found.add(start)
        if is_close:
            found |= {start + inside for inside in _INSIDE if start + inside < length}
    return sorted(found)


def _write(octets: bytearray, offset: int, data: bytes | bytearray) -> None:
    if offset > len(octets):
        octets += bytes((ERASED,)) * (offset - len(octets))
    octets[offset : offset + len(data)] = data
