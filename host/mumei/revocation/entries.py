"""Files of combined entries: for each point of a set the entries of a block of handles, so lists are read in runs.

``mumei-entries 1\\n`` || I2OSP(length of header, 4) || header (deterministic CBOR) || columns, 16 octets a handle.
They stay with the authority: a column shows which entry is whose, across slots.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import cbor2

from mumei.files import decode_document, replace_file
from mumei.revocation.lists import ENTRY_LENGTH
from mumei.trustee.handles import DIGEST_LENGTH
from mumei.trustee.points import PointSet
from mumei_core.crypto.hashing import sha256
from mumei_core.errors import DataError, HostEnvironmentError

_SUFFIX: Final = ".entries"
_MAGIC: Final = b"mumei-entries 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesFile:
    """``begin``: octets before the columns."""

    path: Path
    handles: tuple[bytes, ...]
    begin: int

    @classmethod
    def load(cls, path: Path, points: PointSet) -> Self:
        """Read the header, and check that the file is whole. Raises DataError."""
        try:
            with path.open("rb") as stream:
                head = stream.read(len(_MAGIC) + 4)
                length = int.from_bytes(head[len(_MAGIC) :])
                found = decode_document(stream.read(length))
                whole = stream.seek(0, 2)
        except OSError as error:
            raise HostEnvironmentError(
                f"{path} cannot be read: {error.strerror}", hint="Check it."
            ) from error
        except ValueError as error:
            raise _damaged(path) from error
        begin = len(head) + length
        if head[: len(_MAGIC)] != _MAGIC or not isinstance(found, list):
            raise _damaged(path)
        if not all(type(each) is bytes and len(each) == DIGEST_LENGTH for each in found):
            raise _damaged(path)
        if whole != begin + len(points) * len(found) * ENTRY_LENGTH:
            raise _damaged(path)
        return cls(path=path, handles=tuple(found), begin=begin)

    def column(self, at: int, wanted: Container[bytes]) -> list[bytes]:
        """The entries of the wanted handles at point ``at``."""
        run = len(self.handles) * ENTRY_LENGTH
        with self.path.open("rb") as stream:
            stream.seek(self.begin + at * run)
            octets = stream.read(run)
        return [
            octets[place * ENTRY_LENGTH : (place + 1) * ENTRY_LENGTH]
            for place, digest in enumerate(self.handles)
            if digest in wanted
        ]


def write_entries(folder: Path, *, points: PointSet, handles: Sequence[bytes], columns: bytes) -> None:
    """Write a block's file, named by what it holds, whole or not at all."""
    header = cbor2.dumps(list(handles), canonical=True)
    path = folder / f"{points.name}-{sha256(header)[:8].hex()}{_SUFFIX}"
    replace_file(path, b"".join((_MAGIC, len(header).to_bytes(4), header, columns)), mode=0o600)


def entries_files(folder: Path, points: PointSet) -> tuple[EntriesFile, ...]:
    """Those of a set, in the order of their names. Raises DataError."""
    return tuple(EntriesFile.load(path, points) for path in sorted(folder.glob(f"{points.name}-*{_SUFFIX}")))


def combined_handles(folder: Path, points: PointSet) -> set[bytes]:
    """The handles that are combined at a set. Raises DataError."""
    return {digest for file in entries_files(folder, points) for digest in file.handles}


def _damaged(path: Path) -> DataError:
    return DataError(f"{path} is damaged", hint="Delete it, and combine again.")
