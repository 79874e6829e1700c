"""Who enters the lists when: next week, or within one by sixteen or by consent; lists never shrink within a week.

Entries are written as if trustees had answered: this is about days and numbers, not about points.
"""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest
from tests.revocation.lists import AUTHORITY, EPOCH, KEYS, TODAY
from tests.revocation.world import World, case_of, make_world

from mumei.revocation.entries import write_entries
from mumei.revocation.lists import ListName, RevocationList, read_list
from mumei.revocation.publishing import AT_ONCE, Published, copy_out, last_number, publish
from mumei.revocation.store import ListStore
from mumei.trustee.documents import CaseFile, CaseHandle
from mumei.trustee.handles import SealedHandle
from mumei.trustee.points import PointSet
from mumei_core.crypto.curve import BP1
from mumei_core.errors import DataError, HostEnvironmentError

pytestmark = pytest.mark.usefixtures("four_buckets")
NEXT = EPOCH + 1
MONDAY = TODAY + 7
POINTS = PointSet(epoch=NEXT)
_SEALED = itertools.count(1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def reported(world: World, *, combined: bool = True, **more: object) -> CaseFile:
    """A case whose handle nobody could open; its entries are at hand unless ``combined`` is off."""
    number = next(_SEALED)
    handle = SealedHandle(
        commitment=BP1.to_octets(),
        points=2 * BP1.to_octets(),
        shares=number.to_bytes(4) + bytes(3 * 113 - 4),
        trustees=world.record.digest,
    )
    base = case_of(**more)  # type: ignore[arg-type]
    valid_until = TODAY + 1000
    case = CaseFile(
        number=base.number,
        opened=base.opened,
        consent=base.consent,
        withdrawn=base.withdrawn,
        handles=(CaseHandle(handle=handle, valid_until=valid_until),),
    )
    world.authority.take_case(case)
    if combined:
        folder = world.authority.combined(NEXT)
        folder.mkdir(parents=True, exist_ok=True)
        columns = b"".join(number.to_bytes(8) + at.to_bytes(8) for at in range(len(POINTS)))
        write_entries(folder, points=POINTS, handles=[handle.digest], columns=columns)
    return case


def go(world: World, day: int) -> Published:
    return publish(world.authority, NEXT, AUTHORITY, day=day)


def lengths(world: World) -> set[int]:
    place = world.authority.published(NEXT)
    found = set()
    files = sorted((place / str(last_number(place)) / "full").iterdir())
    assert len(files) == len(POINTS)
    for path in files[::7]:
        made = read_list(path.read_bytes())
        assert isinstance(made, RevocationList)
        made.check(KEYS)
        found.add(made.header.count)
    return found


def test_every_list_is_there_from_the_first_week_on(world: World) -> None:
    result = go(world, TODAY)
    assert (result.number, result.lists, result.cases) == (1, 64, 0)
    assert lengths(world) == {0}


def test_reported_before_the_week_enters_it(world: World) -> None:
    reported(world, opened=MONDAY - 1)
    assert (go(world, MONDAY + 2).cases, lengths(world)) == (1, {1})


def test_reported_within_the_week_waits_for_the_next(world: World) -> None:
    case = reported(world, opened=MONDAY)
    result = go(world, MONDAY + 2)
    assert (result.cases, result.held_back) == (0, (case.words,))


def test_a_list_that_is_out_grows_by_sixteen_only(world: World) -> None:
    reported(world)
    go(world, MONDAY)
    more = [reported(world) for _ in range(AT_ONCE - 1)]
    result = go(world, MONDAY)
    assert (result.number, result.lists, result.new) == (1, 0, 0)
    assert result.held_back == tuple(case.words for case in more)
    reported(world)
    result = go(world, MONDAY)
    assert (result.number, result.new, result.held_back) == (2, AT_ONCE, ())
    assert lengths(world) == {1 + AT_ONCE}


def test_until_the_week_begins_whoever_is_reported_enters_it(world: World) -> None:
    reported(world)
    go(world, TODAY)
    reported(world, opened=MONDAY - 1)
    result = go(world, MONDAY - 1)
    assert (result.number, result.new, result.held_back) == (2, 1, ())


def test_who_consents_is_listed_at_once_and_alone(world: World) -> None:
    go(world, MONDAY)
    waits, consents = reported(world, opened=MONDAY), reported(world, opened=MONDAY, consent=True)
    result = go(world, MONDAY + 1)
    assert (result.number, result.new, result.held_back) == (2, 1, (waits.words,))
    assert consents.words not in result.held_back


def test_lists_do_not_shrink_within_a_week(world: World) -> None:
    case = reported(world)
    go(world, TODAY)
    found = CaseFile(
        number=case.number, opened=case.opened, consent=False, withdrawn=True, handles=case.handles
    )
    assert world.authority.take_case(found)
    result = go(world, TODAY)
    assert (result.number, result.found) == (1, (case.words,))
    reported(world, consent=True)
    assert (go(world, TODAY).cases, lengths(world)) == (2, {2})


def test_a_context_that_comes_within_the_week_gets_no_list_without_the_cards_on_the_others(
    world: World,
) -> None:
    """Else a reported card would pass there, at a signed list that is empty."""
    first = reported(world)
    go(world, TODAY)
    world.authority.set_contexts([b"new.example"])
    second = reported(world)
    context = PointSet(epoch=NEXT, contexts=(b"new.example",))

    def answered(case: CaseFile, entry: bytes) -> None:
        handles = [each.handle.digest for each in case.handles]
        write_entries(world.authority.combined(NEXT), points=context, handles=handles, columns=entry)

    answered(second, bytes(16))
    with pytest.raises(DataError, match=first.words):
        go(world, TODAY)
    answered(first, bytes(15) + b"\1")
    made = next(Path(go(world, TODAY).folder).glob("full/recognise-*"))
    assert read_list(made.read_bytes()).header.count == 2


def test_who_lacks_an_answer_is_named(world: World) -> None:
    case = reported(world, combined=False)
    result = go(world, TODAY)
    assert (result.cases, result.not_combined) == (0, (case.words,))


def test_deltas_bring_a_terminal_from_one_number_to_the_next(world: World, tmp_path: Path) -> None:
    reported(world)
    go(world, TODAY)
    out = tmp_path / "out"
    assert copy_out(world.authority, NEXT, out) == 64
    store = ListStore.open(tmp_path / "terminal", KEYS, bucket=3)
    store.take_in(out / str(NEXT) / "bucket003", day=TODAY)
    reported(world, consent=True)
    go(world, TODAY)
    assert copy_out(world.authority, NEXT, out) == 128
    for path in sorted((out / str(NEXT) / "bucket003").glob("*-delta2.list")):
        assert store.take_in(path, day=TODAY).new == 1
    assert store.number_of(ListName.of_slot(NEXT, 3, 15)) == 2
    assert len(store.list_for(NEXT, 3, 0)) == 2


def test_a_full_disk_publishes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reported(world)
    go(world, TODAY)
    reported(world, consent=True)
    written = itertools.count()

    def full(_descriptor: int) -> None:
        if next(written) > 20:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostEnvironmentError, match="No space left"):
        go(world, TODAY)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    place = world.authority.published(NEXT)
    assert [path.name for path in place.iterdir()] == ["1"]
    assert go(world, TODAY).number == 2


def test_cases_that_contradict_are_refused(world: World) -> None:
    case = reported(world, combined=False)
    other = reported(world, combined=False)
    changed = CaseFile(
        number=case.number, opened=case.opened, consent=False, withdrawn=False, handles=other.handles
    )
    with pytest.raises(DataError, match="two different cases"):
        world.authority.take_case(changed)
    assert not world.authority.take_case(case)
