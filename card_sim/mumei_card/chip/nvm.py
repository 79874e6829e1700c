"""Non-volatile memory: named records in one card file, written whole or not at all.

File format 1, all integers big-endian: magic ``MUMEICRD`` (8) · format (1) · writes ever made (8) · then per
record, sorted by name: name length (1), name in ASCII, value length (4), value · SHA-256 of all before (32).

A commit writes a new file beside the old one, flushes it and renames it over: a power cut leaves the old or
the new state, never a mixture. The file is locked while it is open, so that two programs cannot be one card.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from mumei_card.chip.counters import OperationCounters
from mumei_card.errors import CardError, CardFileError
from mumei_core.commands.codes import SW_MEMORY_FAILURE
from mumei_core.errors import CardBusyError, NoCardError, NoPermissionError

MAGIC = b"MUMEICRD"
FORMAT = 1
_DIGEST = 32
_HEADER = len(MAGIC) + 1 + 8


class Nvm:
    """The records of one card. Made by :meth:`create`, :meth:`open`, :meth:`read` or :meth:`in_memory`."""

    def __init__(
        self, records: Mapping[str, bytes], *, writes: int, path: Path | None, lock: int | None
    ) -> None:
        self._records = dict(records)
        self._path = path
        self._lock = lock
        self._counters: OperationCounters | None = None
        self.writes = writes
        """Commits in the life of this memory."""

    @classmethod
    def in_memory(cls, records: Mapping[str, bytes]) -> Nvm:
        """A memory that lives as long as the object, for tests and throw-away cards."""
        return cls(records, writes=0, path=None, lock=None)

    @classmethod
    def create(cls, path: str | Path, records: Mapping[str, bytes]) -> Nvm:
        """A new card file, mode 0600. Raises :class:`CardFileError` when there is something at ``path``."""
        path = Path(path).resolve()
        if not path.parent.is_dir():
            raise CardFileError(f"there is no directory {path.parent}", hint="Make the directory first.")
        with _file_errors(path):
            temporary, lock = _write_beside(path, _encode(records, 0))
            try:
                # link() refuses an existing name, which rename() would overwrite.
                os.link(temporary, path)
                _flush_directory(path)
            except BaseException:
                os.close(lock)
                raise
            finally:
                temporary.unlink()
        return cls(records, writes=0, path=path, lock=lock)

    @classmethod
    def open(cls, path: str | Path) -> Nvm:
        """The card in the file, locked for this object.

        Raises NoCardError, NoPermissionError, CardBusyError (another program has it open) or CardFileError.
        """
        path = Path(path).resolve()
        lock = _lock_file(path)
        try:
            records, writes = _decode(path.read_bytes(), path)
            _remove_leftovers(path)
        except BaseException:
            os.close(lock)
            raise
        return cls(records, writes=writes, path=path, lock=lock)

    @classmethod
    def read(cls, path: str | Path) -> Nvm:
        """A copy to look at, without lock; commits to it do not reach the file."""
        path = Path(path).resolve()
        with _file_errors(path):
            octets = path.read_bytes()
        records, writes = _decode(octets, path)
        return cls(records, writes=writes, path=None, lock=None)

    def count_in(self, counters: OperationCounters) -> None:
        """From now on every commit adds one to ``counters.nvm_writes``."""
        self._counters = counters

    def get(self, name: str) -> bytes | None:
        """The record's value, or None when there is none."""
        return self._records.get(name)

    def sizes(self) -> dict[str, int]:
        """Name to octets of each record's value, sorted by name."""
        return {name: len(value) for name, value in sorted(self._records.items())}

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """Writes (a value) and erases (None) all of ``changes``, or nothing.

        Raises :class:`CardError` 65 81 when the file cannot be written; the records are then as before.
        """
        records = {name: value for name, value in {**self._records, **changes}.items() if value is not None}
        if self._path is not None:
            with _write_errors():
                self._replace_file(self._path, _encode(records, self.writes + 1))
        self._records = records
        self.writes += 1
        if self._counters is not None:
            self._counters.nvm_writes += 1
        if self._path is not None:
            with _write_errors():
                _flush_directory(self._path)

    def close(self) -> None:
        """Gives the file free; closing twice does nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _replace_file(self, path: Path, octets: bytes) -> None:
        if self._lock is None:
            raise CardError(SW_MEMORY_FAILURE, "the card file is closed")
        # The new file is locked before it gets the name, so that no other program slips in between.
        temporary, lock = _write_beside(path, octets)
        try:
            temporary.replace(path)
        except OSError:
            os.close(lock)
            temporary.unlink()
            raise
        os.close(self._lock)
        self._lock = lock


def _encode(records: Mapping[str, bytes], writes: int) -> bytes:
    parts = [MAGIC, bytes((FORMAT,)), writes.to_bytes(8)]
    for name, value in sorted(records.items()):
        label = name.encode("ascii")
        parts += [len(label).to_bytes(1), label, len(value).to_bytes(4), value]
    body = b"".join(parts)
    return body + hashlib.sha256(body).digest()


def _decode(octets: bytes, path: Path) -> tuple[dict[str, bytes], int]:
    if not octets.startswith(MAGIC):
        raise CardFileError(f"{path} is not a card file", hint="Make one with: mumei-card new FILE")
    if len(octets) > len(MAGIC) and octets[len(MAGIC)] != FORMAT:
        raise CardFileError(
            f"{path} has card file format {octets[len(MAGIC)]}, this program knows {FORMAT}",
            hint="Use the version of mumei that made the card, or a newer one.",
        )
    body, digest = octets[:-_DIGEST], octets[-_DIGEST:]
    if len(body) < _HEADER or not hmac.compare_digest(hashlib.sha256(body).digest(), digest):
        raise CardFileError(
            f"{path} is damaged: its checksum does not hold",
            hint="Restore the file from a copy, or make a new card and enrol it again.",
        )
    records: dict[str, bytes] = {}
    offset = _HEADER
    # The checksum held, so the lengths are those that _encode wrote.
    while offset < len(body):
        name_end = offset + 1 + body[offset]
        value_at = name_end + 4
        value_end = value_at + int.from_bytes(body[name_end:value_at])
        records[body[offset + 1 : name_end].decode("ascii")] = body[value_at:value_end]
        offset = value_end
    return records, int.from_bytes(body[len(MAGIC) + 1 : _HEADER])


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
    """Makes the name itself last. When this fails, the new state stands for as long as the machine runs."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _remove_leftovers(path: Path) -> None:
    """Temporary files of a commit that was cut off. We hold the lock, so none of them is in use."""
    # The whole name must fit: "holder" has a neighbour "holder.card", whose files are not ours.
    ours = re.compile(re.escape(_temporary_prefix(path)) + r"[^.]+\.tmp")
    for entry in path.parent.iterdir():
        if ours.fullmatch(entry.name):
            entry.unlink()


@contextlib.contextmanager
def _write_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CardError(SW_MEMORY_FAILURE, f"cannot write the card file: {error.strerror}") from error


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


def _lock_file(path: Path) -> int:
    """An open descriptor that holds the lock of the file which has the name now."""
    while True:
        with _file_errors(path):
            descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A commit may have renamed a new file over the one that we opened.
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
