"""Epochs, buckets, slot points, trees and statements, against the reference that shares no line with them."""

from __future__ import annotations

import hashlib
import random
from datetime import date, timedelta

import pytest

from mumei_core import epochs
from mumei_core.crypto.hash_to_curve import slot_points
from mumei_core.crypto.revocation.tree import SlotTree, check_path
from mumei_core.dates import day_number
from mumei_core.epoch_statements import SlotRecord
from mumei_core.errors import InvalidProof

from .reference import slots as reference
from .two_sides import seeded

EPOCH, BUCKET = 7665, 56


def test_the_epoch_of_every_weekday() -> None:
    for start in (date(1880, 1, 5), date(2026, 11, 23), date(2028, 2, 28), date(2399, 12, 27)):
        for days in range(15):
            day = start + timedelta(days=days)
            epoch = epochs.epoch_of(day_number(day))
            assert epoch == reference.epoch_of(day)
            monday = epochs.first_day(epoch)
            assert monday == day_number(day) - day.weekday()
            assert epochs.days_of(epoch) == (monday, monday + 13)


def test_the_weeks_of_the_protocols_example() -> None:
    assert epochs.epoch_of(day_number(date(2026, 11, 23))) == 7665
    assert epochs.days_of(7665) == (7 * 7665 - 3, 7 * 7665 + 10)


def test_buckets() -> None:
    rng = seeded("buckets")
    contexts = [rng.randbytes(rng.randrange(1, 256)) for _ in range(300)]
    assert [epochs.bucket_of(c) for c in contexts] == [reference.bucket_of(c) for c in contexts]
    assert len({epochs.bucket_of(c) for c in contexts}) > 50


def test_slot_points_tree_and_record() -> None:
    tree = SlotTree(slot_points(EPOCH, BUCKET))
    theirs = [reference.uncompressed(reference.slot_point(EPOCH, BUCKET, k)) for k in range(16)]
    leaves = reference.leaves_of(theirs)

    assert [point.to_uncompressed() for point in tree.points] == theirs
    assert tree.root == reference.root_of(leaves)
    assert [list(tree.path(k)) for k in range(16)] == [reference.path_of(leaves, k) for k in range(16)]
    record = SlotRecord(epoch=EPOCH, bucket=BUCKET, root=tree.root)
    assert record.to_octets() == reference.slots_record(EPOCH, BUCKET, tree.root)


@pytest.mark.parametrize("k", range(16))
def test_their_path_leads_to_the_root_and_no_other_does(k: int) -> None:
    rng = random.Random(k)
    points = [rng.randbytes(96) for _ in range(16)]
    leaves = reference.leaves_of(points)
    root, path = reference.root_of(leaves), reference.path_of(leaves, k)

    check_path(root, k, points[k], path)
    other = points[k ^ 1]
    for wrong in (
        (root, k ^ 1, points[k], path),
        (root, k, other, path),
        (root, k, points[k], path[::-1]),
        (root, k, points[k], path[:-1]),
        (root, k, points[k], [*path, bytes(32)]),
        (root, k + 16, points[k], path),
        (hashlib.sha256(root).digest(), k, points[k], path),
    ):
        with pytest.raises(InvalidProof):
            check_path(*wrong)


@pytest.mark.parametrize(("epoch", "bucket"), [(1, 0), (127, 63), (128, 1), (32_768, 5), ((1 << 31) - 1, 63)])
def test_records_of_every_length(epoch: int, bucket: int) -> None:
    octets = SlotRecord(epoch=epoch, bucket=bucket, root=bytes(range(32))).to_octets()
    assert octets == reference.slots_record(epoch, bucket, bytes(range(32)))
    assert SlotRecord.from_octets(octets).epoch == epoch
