"""Files written whole or not at all, and read within a limit: what every kind of file of the product shares."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import cbor2

from mumei_core.errors import HostEnvironmentError, TrustError, UsageError


def write_new_file(path: Path, octets: bytes, *, mode: int) -> None:
    """Write a file that must not be there yet: flushed, then linked to its name, so never half written.

    Raises UsageError if there is one, HostEnvironmentError where the folder cannot be written.
    """
    with writing_new_file(path, mode=mode) as file:
        file.write(octets)


@contextmanager
def writing_new_file(path: Path, *, mode: int) -> Iterator[BinaryIO]:
    """The same for what is written piece by piece; an exception from within leaves no file."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        try:
            with _flushed(temporary, mode) as file:
                yield file
            # A link, unlike a rename, never replaces what someone put there meanwhile.
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except FileExistsError:
        raise UsageError(
            f"{path.name} is there already and is not overwritten",
            hint="Choose another name, or move the old file away.",
        ) from None
    except OSError as error:
        raise _not_written(path, error) from None


def replace_file(path: Path, octets: bytes, *, mode: int) -> None:
    """Put a file in the place of an older one, or of none: flushed, then renamed; a reader finds either, whole.

    Raises HostEnvironmentError where the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        try:
            with _flushed(temporary, mode) as file:
                file.write(octets)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(path.parent)
    except OSError as error:
        raise _not_written(path, error) from None


def read_file(path: Path, *, what: str, limit: int) -> bytes:
    """A whole file of at most ``limit`` octets. ``what`` completes "there is no ...".

    Raises TrustError where there is none or it is longer, HostEnvironmentError where it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            octets = stream.read(limit + 1)
    except FileNotFoundError:
        raise TrustError(f"there is no {what} at {path}", hint="Check the path.") from None
    except OSError as error:
        raise HostEnvironmentError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path and its permissions."
        ) from None
    if len(octets) > limit:
        raise TrustError(f"{path.name} is too long to be the {what}", hint="Check that it is the right file.")
    return octets


def decode_document(octets: bytes) -> object:
    """What a document in deterministic CBOR (RFC 8949, 4.2.1) holds.

    Raises ValueError for everything else, a document with octets behind it included.
    """
    try:
        document: object = cbor2.loads(octets)
        if cbor2.dumps(document, canonical=True) == octets:
            return document
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("not CBOR") from error
    raise ValueError("trailing data, or not deterministic")


@contextmanager
def all_or_none() -> Iterator[list[Path]]:
    """New files that belong together: what was written, and is in the list, goes where the next cannot be."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """A folder for private files, mode 0700; parents too. An existing one is taken as it is."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(path, error) from None


@contextmanager
def _flushed(path: Path, mode: int) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(descriptor)


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_written(path: Path, error: OSError) -> HostEnvironmentError:
    return HostEnvironmentError(
        f"{path.name} cannot be written: {error.strerror}",
        hint="Check the folder, its permissions and the space on the disk.",
    )
