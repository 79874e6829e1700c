"""Publishes an epoch's lists, full and delta, numbered; and says who must wait (mumei protocol 2.5).

A card that is reported within an epoch enters the lists of the next: shown beside an older list, a single new entry
would join what that card has shown this week. From an epoch's first day on its lists grow by 16 cards or more at
once, or with the holder's consent; they never shrink, and none is made for an epoch that is over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cbor2

from mumei.files import decode_document, make_folder, read_file, replace_file
from mumei.revocation.entries import EntriesFile, combined_handles, entries_files
from mumei.revocation.folder import AuthorityFolder
from mumei.revocation.lists import DeltaList, ListName, RevocationList, read_list
from mumei.revocation.store import SIZE_LIMIT
from mumei.trustee.documents import CaseFile
from mumei.trustee.points import PointSet, check_epoch, sets_of
from mumei_core.eac.signature import SigningKey
from mumei_core.epochs import SLOTS, first_day
from mumei_core.errors import DataError, DecodingError, HostEnvironmentError, TrustError

AT_ONCE: Final = 16
"""So many cards may enter a list together within an epoch: each hides among the others."""
_MANIFEST: Final = "cases.cbor"
_FULL, _DELTA = "full", "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An epoch's lists. ``number`` 0: nothing was published; ``cases``: on the lists; ``new``: since the last.

    ``held_back``: reported within the epoch, and fewer than 16; ``not_combined``: trustees' answers are lacking;
    ``found``: withdrawn, and on this epoch's lists all the same, for lists do not shrink within one.
    """

    epoch: int
    number: int
    lists: int
    cases: int
    new: int
    held_back: tuple[str, ...]
    not_combined: tuple[str, ...]
    found: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    cases: dict[bytes, CaseFile]
    new: int
    held_back: tuple[str, ...]
    not_combined: tuple[str, ...]
    found: tuple[str, ...]


def publish(
    folder: AuthorityFolder,
    epoch: int,
    key: SigningKey,
    *,
    day: int,
    pace: Callable[[int, int], None] = lambda done, total: None,
) -> Published:
    """Make and sign the epoch's next lists; nothing where nothing is new. All of them are there, or none.

    Raises UsageError for an epoch that is over, HostEnvironmentError (the disk is full, say).
    """
    check_epoch(epoch, day=day)
    place = folder.published(epoch)
    last = last_number(place)
    listed = _manifest(place / str(last)) if last else frozenset()
    choice = _choose(folder, epoch, listed, day, published=last > 0)
    if last and not choice.new:
        return _result(epoch, last, 0, choice, place)
    number = last + 1
    make_folder(place)
    making = place / f".{number}.new"
    try:
        shutil.rmtree(making, ignore_errors=True)
        made = _write(folder, epoch, choice, making, place, number, day, key, pace)
        replace_file(making / _MANIFEST, cbor2.dumps(sorted(choice.cases), canonical=True), mode=0o600)
        making.rename(place / str(number))
    except OSError as error:
        raise HostEnvironmentError(
            f"the lists cannot be written: {error.strerror}",
            hint="Check the space on the disk, and publish again: nothing was published.",
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return _result(epoch, number, made, choice, place)


def copy_out(folder: AuthorityFolder, epoch: int, out: Path) -> int:
    """Copy the newest full lists, and the deltas to them, for whoever hands them to terminals; the number of files.

    ``OUT/EPOCH/bucket003/`` holds what a terminal of that bucket needs, ``OUT/EPOCH/recognise/`` the others'.
    """
    place = folder.published(epoch)
    last = last_number(place)
    if not last:
        raise DataError(f"no lists of epoch {epoch} are published", hint="Run: mumei revocation publish.")
    count = 0
    for kind in (_FULL, _DELTA):
        for path in sorted((place / str(last) / kind).glob("*.list")):
            prefix = path.name.partition("-")[0]
            to = out / str(epoch) / prefix
            make_folder(to)
            name = path.name if kind == _FULL else f"{path.stem}-delta{last}.list"
            _copy(path, to / name)
            count += 1
    return count


def _copy(source: Path, to: Path) -> None:
    # Not flushed: what a power cut spoils is refused by every terminal, and copied anew.
    passing = to.with_name(f".{to.name}.new")
    try:
        shutil.copyfile(source, passing)
        passing.replace(to)
    except OSError as error:
        passing.unlink(missing_ok=True)
        raise HostEnvironmentError(
            f"{to} cannot be written: {error.strerror}",
            hint="Check the space on the disk, and publish again: lists that are there already stay.",
        ) from error


def last_number(place: Path) -> int:
    """The number of the newest lists in the folder of an epoch, 0 for none."""
    numbers = [int(path.name) for path in place.glob("*") if path.name.isdigit()]
    return max(numbers, default=0)


def list_names(points: PointSet) -> Iterator[ListName]:
    """The list of each point of a set, in their order."""
    if points.contexts:
        yield from (ListName.of_context(points.epoch, each) for each in points.contexts)
    else:
        for at in range(len(points)):
            yield ListName.of_slot(points.epoch, *divmod(at, SLOTS))


def _choose(
    folder: AuthorityFolder, epoch: int, listed: Container[bytes], day: int, *, published: bool
) -> _Choice:
    sets = sets_of(epoch, folder.contexts())
    combined = [combined_handles(folder.combined(epoch), points) for points in sets]
    begins = first_day(epoch)
    chosen: dict[bytes, CaseFile] = {}
    waiting: list[CaseFile] = []
    not_combined, found, freely = [], [], 0
    for case in folder.cases():
        digests = [each.handle.digest for each in case.handles if each.valid_until >= begins]
        if case.number in listed:
            _check_combined(case, digests, combined)
            chosen[case.number] = case
            if case.withdrawn:
                found.append(case.words)
        elif case.withdrawn or not digests:
            continue
        elif not all(digest in done for done in combined for digest in digests):
            not_combined.append(case.words)
        elif day < begins or (not published and case.opened < begins):
            # Before the week begins nothing was shown in it that a difference between two lists could join.
            chosen[case.number] = case
            freely += 1
        else:
            waiting.append(case)
    entering = waiting if len(waiting) >= AT_ONCE else [case for case in waiting if case.consent]
    chosen.update((case.number, case) for case in entering)
    return _Choice(
        cases=chosen,
        new=freely + len(entering),
        held_back=tuple(case.words for case in waiting if case.number not in chosen),
        not_combined=tuple(not_combined),
        found=tuple(found),
    )


def _check_combined(case: CaseFile, digests: Sequence[bytes], combined: Sequence[Container[bytes]]) -> None:
    """A card that is on this epoch's lists is on all that follow, also where a context has come since.

    One that was found meanwhile is evaluated no more, and new lists do without it. Raises DataError.
    """
    if not case.withdrawn and not all(digest in done for done in combined for digest in digests):
        raise DataError(
            f"case {case.words} is on the epoch's lists, and would be missing on one of a new context",
            hint="Let trustees evaluate for the same --contexts, combine, and publish again.",
        )


def _write(
    folder: AuthorityFolder,
    epoch: int,
    choice: _Choice,
    making: Path,
    place: Path,
    number: int,
    day: int,
    key: SigningKey,
    pace: Callable[[int, int], None],
) -> int:
    begins = first_day(epoch)
    wanted = {
        each.handle.digest
        for case in choice.cases.values()
        for each in case.handles
        if each.valid_until >= begins
    }
    for kind in (_FULL, _DELTA):
        (making / kind).mkdir(parents=True, mode=0o700)
    sets = sets_of(epoch, folder.contexts())
    total, count = sum(map(len, sets)), 0
    for points in sets:
        files = entries_files(folder.combined(epoch), points)
        for at, name in enumerate(list_names(points)):
            made = RevocationList.make(name, _entries(files, at, wanted), number=number, day=day, key=key)
            _write_flushed(making / _FULL / name.file_name, made.to_octets())
            before = place / str(number - 1) / _FULL / name.file_name
            if before.exists():
                delta = _delta(made, _full(before))
                _write_flushed(making / _DELTA / name.file_name, delta.to_octets())
            count += 1
            pace(count, total)
    return count


def _delta(made: RevocationList, before: RevocationList) -> DeltaList:
    try:
        return made.delta_since(before)
    except DecodingError as error:
        raise DataError(
            f"the list of {made.header.name.words()} would lack cards that are on the published one",
            hint="Files of the folder 'combined' are missing: combine again, then publish.",
        ) from error


def _write_flushed(path: Path, octets: bytes) -> None:
    """No name of its own is needed on the way: the whole folder gets its name when everything is in it."""
    with path.open("wb") as stream:
        stream.write(octets)
        stream.flush()
        os.fsync(stream.fileno())


def _entries(files: tuple[EntriesFile, ...], at: int, wanted: Container[bytes]) -> Iterator[bytes]:
    for file in files:
        yield from file.column(at, wanted)


def _full(path: Path) -> RevocationList:
    found = read_list(read_file(path, what="list", limit=SIZE_LIMIT))
    if isinstance(found, DeltaList):
        raise TrustError(f"{path} is no full list", hint="Restore the authority's folder from its backup.")
    return found


def _manifest(place: Path) -> frozenset[bytes]:
    try:
        found = decode_document(read_file(place / _MANIFEST, what="list of cases", limit=SIZE_LIMIT))
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(type(each) is bytes for each in found):
        raise DataError(
            f"{place / _MANIFEST} is damaged", hint="Restore the authority's folder from its backup."
        )
    return frozenset(found)


def _result(epoch: int, number: int, lists: int, choice: _Choice, place: Path) -> Published:
    return Published(
        epoch=epoch,
        number=number,
        lists=lists,
        cases=len(choice.cases),
        new=choice.new,
        held_back=choice.held_back,
        not_combined=choice.not_combined,
        found=choice.found,
        folder=str(place / str(number)),
    )
