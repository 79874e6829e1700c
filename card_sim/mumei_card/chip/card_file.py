"""The file that a card's memory lies in: made once, locked while it is open, written in place.

The lock is on the file itself and lasts as long as the card is open, so that two programs cannot be one card.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from mumei_card.chip.power import Power, Step, StepKind
from mumei_card.errors import CardFileError
from mumei_core.errors import CardBusyError, NoCardError, NoPermissionError

# macOS has no fdatasync. The size changes only where a file is written anew.
_sync = getattr(os, "fdatasync", os.fsync)


class CardFile:
    """A card file as a flash. Made by :meth:`create` or :meth:`open`; OSError where the file system fails."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def create(cls, path: Path, octets: bytes) -> Self:
        """A new file, mode 0600. Raises :class:`CardFileError` when there is something at ``path``."""
        if not path.parent.is_dir():
            raise CardFileError(f"there is no directory {path.parent}", hint="Make the directory first.")
        with _file_errors(path):
            temporary, descriptor = _write_beside(path, octets)
            try:
                # link() refuses an existing name, which rename() would overwrite.
                os.link(temporary, path)
                _flush_directory(path)
            except BaseException:
                os.close(descriptor)
                raise
            finally:
                temporary.unlink()
        return cls(path, descriptor)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at ``path``, locked. Raises NoCardError, NoPermissionError, CardBusyError, CardFileError."""
        descriptor = _lock_file(path)
        try:
            _remove_leftovers(path)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def replace(self, octets: bytes, power: Power) -> None:
        """Puts a whole new file in this one's place, at once: how a format 1 file is converted.

        The directory is flushed last; when that fails, the new file stands for as long as the machine runs.
        """
        write, sync, rename = (Step(kind=kind) for kind in StepKind)
        before = self._open
        power.before(write)
        # The new file is locked before it gets the name, so that no other program slips in between.
        temporary, descriptor = _write_beside(self._path, octets)
        power.after(write)
        try:
            power.before(rename)
            temporary.replace(self._path)
        except OSError:
            os.close(descriptor)
            temporary.unlink()
            raise
        os.close(before)
        self._descriptor = descriptor
        power.after(rename)
        power.before(sync)
        with contextlib.suppress(OSError):
            _flush_directory(self._path)
        power.after(sync)

    @property
    def size(self) -> int:
        return os.fstat(self._open).st_size

    def read(self) -> bytes:
        with open(self._open, "rb", closefd=False) as file:
            file.seek(0)
            return file.read()

    def write(self, offset: int, octets: bytes) -> None:
        rest = memoryview(octets)
        while rest:
            written = os.pwrite(self._open, rest, offset)
            offset, rest = offset + written, rest[written:]

    def sync(self) -> None:
        _sync(self._open)

    def close(self) -> None:
        """Gives the file free; closing twice does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def _open(self) -> int:
        if self._descriptor is None:
            raise OSError(0, "the card file is closed")
        return self._descriptor


def read_file(path: Path) -> bytes:
    """The file's octets, without lock. Raises NoCardError, NoPermissionError, CardFileError."""
    with _file_errors(path):
        return path.read_bytes()


def _temporary_prefix(path: Path) -> str:
    return f".{path.name}."


def _write_beside(path: Path, octets: bytes) -> tuple[Path, int]:
    """A flushed, locked temporary file (mode 0600) in the same directory: its path and open descriptor."""
    descriptor, name = tempfile.mkstemp(prefix=_temporary_prefix(path), suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(octets)
        os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        temporary.unlink()
        raise
    return temporary, descriptor


def _flush_directory(path: Path) -> None:
    """Makes the name itself last."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _remove_leftovers(path: Path) -> None:
    """Temporary files of a replacement that was cut off. We hold the lock, so none of them is in use."""
    # The whole name must fit: "holder" has a neighbour "holder.card", whose files are not ours.
    ours = re.compile(re.escape(_temporary_prefix(path)) + r"[^.]+\.tmp")
    for entry in path.parent.iterdir():
        if ours.fullmatch(entry.name):
            entry.unlink()


@contextlib.contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Says what is wrong with the file in words that its owner can act on."""
    try:
        yield
    except FileNotFoundError:
        raise NoCardError(
            f"there is no card file {path}", hint="Make one with: mumei-card new FILE"
        ) from None
    except PermissionError:
        raise NoPermissionError(
            f"no permission for the card file {path}", hint="A card file belongs to one user, mode 0600."
        ) from None
    except FileExistsError:
        raise CardFileError(
            f"{path} exists already", hint="Choose another name; a card file is never overwritten."
        ) from None
    except IsADirectoryError:
        raise CardFileError(f"{path} is a directory", hint="Name the card file itself.") from None
    except OSError as error:
        raise CardFileError(
            f"cannot use {path}: {error.strerror}", hint="Look for a full or read-only disk."
        ) from None


def _lock_file(path: Path) -> int:
    """An open descriptor that holds the lock of the file which has the name now."""
    while True:
        with _file_errors(path):
            descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A conversion may have renamed a new file over the one that we opened.
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise CardBusyError(
                f"another program has the card file {path} open",
                hint="Stop the other mumei-card serve, or wait until its command is done.",
            ) from None
        except FileNotFoundError:
            pass
        os.close(descriptor)
