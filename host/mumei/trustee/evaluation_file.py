"""Files of evaluations: one block each, the handles' digests in front, evaluations of one length behind (2.5).

``mumei-evaluations 1\\n`` || I2OSP(length of header, 4) || header (deterministic CBOR) || evaluations. A file is
written whole or not at all, so what is there need not be computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

import cbor2

from mumei.files import decode_document, replace_file
from mumei.trustee.handles import DIGEST_LENGTH
from mumei.trustee.points import PointSet
from mumei_core.crypto.hashing import sha256
from mumei_core.crypto.sharing.evaluation import evaluation_length
from mumei_core.errors import DataError, DecodingError, HostEnvironmentError

SUFFIX: Final = ".evaluations"
_MAGIC: Final = b"mumei-evaluations 1\n"
_HEADER_LIMIT: Final = 1 << 24
_KEYS: Final = {"epoch", "contexts", "index", "trustees", "handles"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFile:
    """What a file says. ``index``: the trustee's number in list ``trustees``; ``begin``: of evaluations."""

    path: Path
    points: PointSet
    index: int
    trustees: bytes
    handles: tuple[bytes, ...]
    begin: int

    def read(self, place: int) -> bytes:
        """The evaluation of handle number ``place`` in the file, from 0, as the trustee wrote it."""
        length = evaluation_length(len(self.points))
        with _opened(self.path) as stream:
            stream.seek(self.begin + place * length)
            return stream.read(length)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the header, and check that the file is whole. Raises DataError."""
        with _opened(path) as stream:
            head = stream.read(len(_MAGIC) + 4)
            length = int.from_bytes(head[len(_MAGIC) :])
            if head[: len(_MAGIC)] != _MAGIC or length > _HEADER_LIMIT:
                raise DataError(f"{path.name} holds no evaluations", hint="Check the path.")
            header = stream.read(length)
            whole = stream.seek(0, 2)
        try:
            made = cls._of(path, header)
        except (DecodingError, ValueError) as error:
            raise _damaged(path, error) from error
        if whole != made.begin + len(made.handles) * evaluation_length(len(made.points)):
            raise _damaged(path, "it is cut short, or has octets behind it")
        return made

    @classmethod
    def _of(cls, path: Path, header: bytes) -> Self:
        found = decode_document(header)
        if not isinstance(found, dict) or found.keys() != _KEYS:
            raise ValueError("other fields")
        numbers, lists = (found["epoch"], found["index"]), (found["contexts"], found["handles"])
        if not all(type(each) is int and each >= 0 for each in numbers):
            raise ValueError("no numbers")
        if not all(type(each) is list and all(type(item) is bytes for item in each) for each in lists):
            raise ValueError("no lists")
        if type(found["trustees"]) is not bytes or {len(item) for item in found["handles"]} != {
            DIGEST_LENGTH
        }:
            raise ValueError("no digests")
        return cls(
            path=path,
            points=PointSet(epoch=found["epoch"], contexts=tuple(found["contexts"])),
            index=found["index"],
            trustees=found["trustees"],
            handles=tuple(found["handles"]),
            begin=len(_MAGIC) + 4 + len(header),
        )


def write_evaluations(
    folder: Path, *, points: PointSet, index: int, trustees: bytes, handles: Sequence[bytes], octets: bytes
) -> Path:
    """Write a block's file, named by what it holds. Raises HostEnvironmentError; then there is no file."""
    header = cbor2.dumps(
        {
            "epoch": points.epoch,
            "contexts": list(points.contexts),
            "index": index,
            "trustees": trustees,
            "handles": list(handles),
        },
        canonical=True,
    )
    path = folder / f"{points.name}-t{index}-{sha256(header)[:8].hex()}{SUFFIX}"
    replace_file(path, b"".join((_MAGIC, len(header).to_bytes(4), header, octets)), mode=0o644)
    return path


def evaluation_files(folders: Iterable[Path]) -> Iterator[EvaluationFile]:
    """All files of evaluations in folders, and below. Raises DataError for a damaged one."""
    for folder in folders:
        for path in sorted(folder.rglob(f"*{SUFFIX}")):
            yield EvaluationFile.load(path)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise HostEnvironmentError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path."
        ) from error


def _damaged(path: Path, why: object) -> DataError:
    return DataError(
        f"{path.name} is damaged: {why}",
        hint="Get it anew from the trustee, or delete it and evaluate again.",
    )
