"""A folder of lists: takes in what is newer, keeps what is whole, refuses the rest and stays as it was."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from tests.revocation.lists import EPOCH, KEYS, NAME, TODAY, make_list, token

from mumei.revocation.lists import DeltaList, ListName, RevocationList
from mumei.revocation.store import ListRefusedError, ListStore, NoListError
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import HostEnvironmentError, TrustError


@pytest.fixture
def store(tmp_path: Path) -> ListStore:
    return ListStore.open(tmp_path / "lists", KEYS, bucket=3, rp_context=b"forum.example")


def put(folder: Path, made: RevocationList | DeltaList, name: str = "a.list") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(made.to_octets())
    return path


def held(store: ListStore) -> bool:
    return store.list_for(EPOCH, 3, 7).holds(token(1))


def test_without_a_list_nothing_is_said(store: ListStore) -> None:
    with pytest.raises(NoListError, match="there is no revocation list"):
        store.list_for(EPOCH, 3, 7)


def test_a_list_is_taken_in_and_asked(store: ListStore, tmp_path: Path) -> None:
    store.take_in(put(tmp_path, make_list([1, 2])), day=TODAY)
    assert held(store)
    assert not store.list_for(EPOCH, 3, 7).holds(token(3))
    assert store.number_of(NAME) == 1


def test_a_new_list_is_seen_at_once(store: ListStore, tmp_path: Path) -> None:
    store.take_in(put(tmp_path, make_list([2])), day=TODAY)
    assert not held(store)
    store.take_in(put(tmp_path, make_list([1, 2], number=2)), day=TODAY)
    assert held(store)


def test_a_folder_brings_full_lists_and_deltas_in_order(store: ListStore, tmp_path: Path) -> None:
    first, second = make_list([2]), make_list([1, 2], number=2)
    source = tmp_path / "published"
    put(source, second.delta_since(first), "a.list")
    put(source, first, "z.list")
    put(source, make_list([9], name=ListName.of_slot(EPOCH, 4, 7)), "other-bucket.list")
    put(source, make_list([9], name=ListName.of_context(EPOCH, b"shop.example")), "other-context.list")
    put(source, make_list([9], name=ListName.of_context(EPOCH, b"forum.example")), "recognise.list")
    taken = store.take_in(source, day=TODAY)
    assert (taken.new, taken.not_ours) == (3, 2)
    assert held(store)
    assert store.recognise_list(EPOCH, b"forum.example").holds(token(9))
    again = store.take_in(source, day=TODAY)
    assert (again.new, again.already_there, again.older) == (0, 2, 1)


def test_an_old_list_replayed_is_refused(store: ListStore, tmp_path: Path) -> None:
    old = put(tmp_path, make_list([2]), "old.list")
    store.take_in(put(tmp_path, make_list([1, 2], number=2)), day=TODAY)
    with pytest.raises(ListRefusedError, match="older than the one that is here"):
        store.take_in(old, day=TODAY)
    assert held(store)


@pytest.mark.parametrize(
    "name", [ListName.of_slot(EPOCH, 4, 7), ListName.of_context(EPOCH, b"shop.example")], ids=str
)
def test_another_bucket_or_context_is_refused(store: ListStore, tmp_path: Path, name: ListName) -> None:
    with pytest.raises(ListRefusedError, match="not for this terminal"):
        store.take_in(put(tmp_path, make_list([1], name=name)), day=TODAY)
    assert store.epochs() == ()


@pytest.mark.parametrize(("day", "good"), [(TODAY - 1, True), (TODAY + 13, True), (TODAY + 14, False)])
def test_an_epoch_that_is_over_is_refused(store: ListStore, tmp_path: Path, day: int, good: bool) -> None:
    path = put(tmp_path, make_list([1]))
    if good:
        assert store.take_in(path, day=day).new == 1
    else:
        with pytest.raises(ListRefusedError, match="epoch that is over"):
            store.take_in(path, day=day)


def test_lists_of_past_epochs_are_dropped(store: ListStore, tmp_path: Path) -> None:
    store.take_in(put(tmp_path, make_list([1])), day=TODAY)
    later = ListName.of_slot(EPOCH + 2, 3, 7)
    store.take_in(put(tmp_path, make_list([1], name=later)), day=TODAY + 14)
    assert store.epochs() == (EPOCH + 2,)


def test_tampered_foreign_and_shrunk_lists_are_refused(store: ListStore, tmp_path: Path) -> None:
    store.take_in(put(tmp_path, make_list([1, 2])), day=TODAY)
    good = make_list([2, 3, 4], number=2)
    tampered = bytearray(good.to_octets())
    tampered[-1] ^= 1
    (tmp_path / "tampered.list").write_bytes(tampered)
    put(tmp_path, make_list([1, 2, 3], number=2, key=SigningKey(0xB2)), "foreign.list")
    put(tmp_path, make_list([2], number=2), "shrunk.list")
    put(tmp_path, make_list([2, 3]), "two-under-one-number.list")
    for name in ("tampered", "foreign", "shrunk", "two-under-one-number"):
        with pytest.raises(TrustError):
            store.take_in(tmp_path / f"{name}.list", day=TODAY)
    assert held(store)
    assert store.number_of(NAME) == 1


def test_a_delta_without_its_base_says_so(store: ListStore, tmp_path: Path) -> None:
    delta = make_list([1, 2], number=2).delta_since(make_list([1]))
    with pytest.raises(ListRefusedError, match="no list of"):
        store.take_in(put(tmp_path, delta), day=TODAY)


def test_what_was_altered_on_the_disk_is_not_trusted(store: ListStore, tmp_path: Path) -> None:
    store.take_in(put(tmp_path, make_list([1, 2])), day=TODAY)
    kept = next((tmp_path / "lists").rglob("*.list"))
    kept.write_bytes(kept.read_bytes()[:-1] + b"\0")
    with pytest.raises(TrustError):
        held(ListStore.open(tmp_path / "lists", KEYS))


def test_a_full_disk_leaves_the_old_list(
    store: ListStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.take_in(put(tmp_path, make_list([1, 2])), day=TODAY)
    new = put(tmp_path, make_list([1, 2, 3], number=2))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(HostEnvironmentError, match="No space left"):
        store.take_in(new, day=TODAY)
    monkeypatch.undo()
    assert store.number_of(NAME) == 1
    assert [path.name for path in (tmp_path / "lists").rglob("*") if path.is_file()] == [NAME.file_name]


def test_no_list_at_all_is_said(store: ListStore, tmp_path: Path) -> None:
    with pytest.raises(ListRefusedError, match="no revocation list in"):
        store.take_in(tmp_path, day=TODAY)
    (tmp_path / "x.list").write_bytes(b"something else")
    with pytest.raises(ListRefusedError, match="holds no revocation list"):
        store.take_in(tmp_path / "x.list", day=TODAY)
