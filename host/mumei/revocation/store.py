"""A terminal's lists: a folder of checked full lists, taken in from files, so that no network is needed (2.5).

``FOLDER/EPOCH/NAME.list``. Whatever comes in is checked before it is written, and every file is replaced whole;
what is on the disk is checked again when it is loaded. Refused: a list that was altered, is another authority's,
another bucket's or context's, of an epoch that is over, or older than what is there.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from mumei.files import make_folder, read_file, replace_file
from mumei.revocation.lists import (
    HEAD_LENGTH,
    DeltaList,
    ListHeader,
    ListName,
    RevocationList,
    read_head,
    read_list,
)
from mumei.revocation.lookup import LoadedList
from mumei_core.epochs import days_of
from mumei_core.errors import CannotDecide, DecodingError, HostEnvironmentError, TrustError

SUFFIX: Final = ".list"
SIZE_LIMIT: Final = 1 << 30
_KEPT_LOADED: Final = 16


class NoListError(CannotDecide):
    """There is no list for this epoch and slot: whether the card is revoked cannot be said."""


class ListRefusedError(TrustError):
    """A list was not taken in. What was there before is there still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of files: ``new`` are kept; the others were there already, or are not this terminal's."""

    new: int
    already_there: int
    older: int
    not_ours: int
    over: int


class ListStore:
    """The lists of one terminal. Made by :meth:`open`."""

    def __init__(
        self,
        folder: Path,
        authority_keys: Sequence[bytes],
        *,
        bucket: int | None = None,
        rp_context: bytes | None = None,
    ) -> None:
        """``bucket``, ``rp_context``: the terminal's own; lists of others are not kept. None keeps all."""
        self._folder = folder
        self._keys = tuple(authority_keys)
        self._bucket = bucket
        self._rp_context = rp_context
        self._loaded: OrderedDict[ListName, LoadedList] = OrderedDict()

    @classmethod
    def open(
        cls,
        folder: Path,
        authority_keys: Sequence[bytes],
        *,
        bucket: int | None = None,
        rp_context: bytes | None = None,
    ) -> Self:
        """The store in ``folder``, which need not be there yet. ``authority_keys``: 65 octets each."""
        return cls(folder, authority_keys, bucket=bucket, rp_context=rp_context)

    def list_for(self, epoch: int, bucket: int, slot: int) -> LoadedList:
        """The list of a slot. Raises NoListError, and TrustError where the file was altered."""
        return self._load(ListName.of_slot(epoch, bucket, slot))

    def recognise_list(self, epoch: int, rp_context: bytes) -> LoadedList:
        """The list of a recognising context. Raises as :meth:`list_for`."""
        return self._load(ListName.of_context(epoch, rp_context))

    def epochs(self) -> tuple[int, ...]:
        """Those of which any list is there, ascending."""
        found = (path.name for path in self._folder.glob("*") if path.is_dir() and path.name.isdigit())
        return tuple(sorted(map(int, found)))

    def number_of(self, name: ListName) -> int:
        """The number of the list that is there, 0 for none. Raises TrustError where the file was altered."""
        held = self._held(name)
        return held.header.number if held else 0

    def take_in(self, source: Path, *, day: int) -> TakenIn:
        """Take in a list file, or all in a folder and its folders. ``day``: today; lists of past epochs go.

        A folder may hold what is there already and what is other terminals'; a single file must be of use.
        Raises ListRefusedError, TrustError, HostEnvironmentError; then nothing of the failing list was written.
        """
        single = not source.is_dir()
        files = [source] if single else sorted(source.rglob(f"*{SUFFIX}"))
        if not files:
            raise ListRefusedError(f"there is no revocation list in {source}", hint="Check the path.")
        outcome = {"new": 0, "already_there": 0, "older": 0, "not_ours": 0, "over": 0}
        heads = [(_head(path), path) for path in files]
        # By number, so that a delta finds its base; one list is held at a time.
        for (header, _), path in sorted(heads, key=lambda each: (each[0][0].number, each[0][1], each[1])):
            what = self._use_of(header, day)
            if what is None:
                try:
                    what = self._take(_read(path))
                except TrustError as error:
                    raise ListRefusedError(f"{path.name}: {error.message}", hint=error.hint) from error
            if single and what not in ("new", "already_there"):
                raise _refusal(header, what)
            outcome[what] += 1
        self._forget(day)
        return TakenIn(**outcome)

    def _use_of(self, header: ListHeader, day: int) -> str | None:
        """Why a list is not even read; None for one that may be of use."""
        if not self._is_ours(header.name):
            return "not_ours"
        return "over" if day > days_of(header.name.epoch)[1] else None

    def _take(self, found: RevocationList | DeltaList) -> str:
        name = found.header.name
        held = self._held(name)
        if held is not None and found.header.number <= held.header.number:
            return self._known(found, held)
        if isinstance(found, DeltaList):
            if held is None:
                raise ListRefusedError(
                    f"there is no list of {name.words()} that the delta could extend",
                    hint="Take in the full list first.",
                )
            found = found.applied_to(held)
        found.check(self._keys)
        if held is not None and found.header.count < held.header.count:
            raise ListRefusedError(
                f"the new list of {name.words()} is shorter than the old one",
                hint="Within an epoch lists only grow: tell the revocation authority.",
            )
        make_folder(self._folder / str(name.epoch))
        replace_file(self._path(name), found.to_octets(), mode=0o644)
        self._loaded.pop(name, None)
        return "new"

    def _known(self, found: RevocationList | DeltaList, held: RevocationList) -> str:
        same = found.header.number == held.header.number
        found.header.check(found.signature, self._keys)
        if same and found.header != held.header:
            raise ListRefusedError(
                f"there are two different lists of {found.header.name.words()} under one number",
                hint="The revocation authority has signed both: tell it, and its auditor.",
            )
        return "already_there" if same else "older"

    def _is_ours(self, name: ListName) -> bool:
        if name.rp_context:
            return self._rp_context in (None, name.rp_context)
        return self._bucket in (None, name.bucket)

    def _load(self, name: ListName) -> LoadedList:
        found = self._loaded.get(name)
        if found is None:
            held = self._held(name)
            if held is None:
                raise NoListError(
                    f"there is no revocation list of {name.words()}",
                    hint="Take in the current lists: mumei terminal update.",
                )
            found = self._loaded[name] = LoadedList.of(held)
            while len(self._loaded) > _KEPT_LOADED:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        return found

    def _held(self, name: ListName) -> RevocationList | None:
        path = self._path(name)
        if not path.exists():
            return None
        found = _read(path)
        if not isinstance(found, RevocationList) or found.header.name != name:
            raise TrustError(
                f"{path} holds another list", hint="Delete it, and take in the current lists anew."
            )
        found.check(self._keys)
        return found

    def _path(self, name: ListName) -> Path:
        return self._folder / str(name.epoch) / name.file_name

    def _forget(self, day: int) -> None:
        for epoch in self.epochs():
            if day > days_of(epoch)[1]:
                shutil.rmtree(self._folder / str(epoch), ignore_errors=True)


def _head(path: Path) -> tuple[ListHeader, bool]:
    try:
        with path.open("rb") as stream:
            return read_head(stream.read(HEAD_LENGTH))
    except OSError as error:
        raise HostEnvironmentError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path and its permissions."
        ) from error
    except DecodingError as error:
        raise _no_list(path, error) from error


def _no_list(path: Path, error: DecodingError) -> ListRefusedError:
    return ListRefusedError(
        f"{path} holds no revocation list: {error}", hint="Get it anew from the revocation authority."
    )


def _read(path: Path) -> RevocationList | DeltaList:
    try:
        return read_list(read_file(path, what="revocation list", limit=SIZE_LIMIT))
    except DecodingError as error:
        raise _no_list(path, error) from error


def _refusal(header: ListHeader, what: str) -> ListRefusedError:
    name = header.name.words()
    said = {
        "not_ours": (f"the list of {name} is not for this terminal", "Get the lists of its own bucket."),
        "over": (f"the list of {name} is of an epoch that is over", "Get this week's lists."),
        "older": (
            f"list {header.number} of {name} is older than the one that is here",
            "Nothing was changed. If it was sent as the newest, somebody is replaying an old one.",
        ),
    }
    message, hint = said[what]
    return ListRefusedError(message, hint=hint)
