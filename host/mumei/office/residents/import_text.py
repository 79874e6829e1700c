"""Lines of residents from a CSV file of whatever a municipality's system writes: encoding, byte order mark, marks.

Read as a stream, a few kilobytes at a time: a file of any length takes the same memory. RFC 4180 is the form;
tabs and semicolons between the fields are known by the heading.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from mumei_core.errors import DataError

_CHUNK: Final = 256 * 1024
_LONGEST_FIELD: Final = 4096
_LONGEST_HEADING: Final = 64 * 1024
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_RESAVE: Final = "Save it as CSV in UTF-8, or say --encoding cp932 if it comes from an older system."


class Encoding(StrEnum):
    """What the file is written in; AUTO looks at all of it first."""

    AUTO = "auto"
    UTF_8 = "utf-8"
    CP932 = "cp932"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One record. ``row``: as a spreadsheet counts, the heading being row 1; ``octets``: read so far."""

    row: int
    fields: list[str]
    octets: int


class CsvFile:
    """A CSV file that can be read from its beginning again and again."""

    def __init__(self, path: Path, encoding: Encoding = Encoding.AUTO) -> None:
        """Raises DataError for a file that is no text in the encoding, DataError where it cannot be read."""
        self.path = path
        try:
            self.size = path.stat().st_size
            self.encoding = self._detect() if encoding is Encoding.AUTO else encoding
        except OSError as error:
            raise _unreadable(path, error) from None

    def lines(self) -> Iterator[Line]:
        """The records, heading first; blank lines are passed over. Raises DataError naming the row."""
        row, reader = 0, None
        try:
            with self.path.open("rb") as raw, self._text(raw) as text:
                reader = csv.reader(text, delimiter=self._delimiter(), strict=True)
                csv.field_size_limit(_LONGEST_FIELD)
                for fields in reader:
                    row += 1
                    if any(field.strip() for field in fields):
                        yield Line(row=row, fields=fields, octets=raw.tell())
        except UnicodeDecodeError:
            raise DataError(
                f"the file is not {self.encoding.value}: behind row {row} stands what that cannot hold",
                hint=_RESAVE,
            ) from None
        except csv.Error as error:
            raise DataError(
                f"row {row + 1} cannot be read as CSV: {_csv_words(error)}",
                hint="Look for a quotation mark that is opened and not closed, here or in the row before.",
            ) from None
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def digest(self) -> bytes:
        """SHA-256 of the file as it is now."""
        try:
            with self.path.open("rb") as raw:
                return hashlib.file_digest(raw, "sha256").digest()
        except OSError as error:
            raise _unreadable(self.path, error) from None

    def _text(self, raw: BinaryIO) -> io.TextIOWrapper:
        codec = "utf-8-sig" if self.encoding is Encoding.UTF_8 else self.encoding.value
        return io.TextIOWrapper(raw, encoding=codec, errors="strict", newline="")

    def _delimiter(self) -> str:
        with self.path.open("rb") as raw:
            heading = raw.read(_LONGEST_HEADING).split(b"\n", 1)[0]
        if b"," in heading:
            return ","
        return "\t" if b"\t" in heading else ";" if b";" in heading else ","

    def _detect(self) -> Encoding:
        """UTF-8 if all of it is; else CP932 if all of it is, and it does not begin as UTF-8."""
        with self.path.open("rb") as raw:
            first = raw.read(4)
        if first.startswith(_UTF16):
            raise DataError("the file is in UTF-16", hint=_RESAVE)
        if not first:
            raise DataError("the file is empty", hint="Check that it is the right file.")
        broken = self._first_error("utf-8")
        if broken is None:
            return Encoding.UTF_8
        line, began_well = broken
        if began_well or first.startswith(codecs.BOM_UTF8):
            raise DataError(
                f"the file is UTF-8 that is damaged in line {line}",
                hint="It was cut or joined from files of two encodings: export it anew.",
            )
        broken = self._first_error("cp932")
        if broken is not None:
            raise DataError(
                f"the file is neither UTF-8 nor CP932 (line {broken[0]})", hint="Save it as CSV in UTF-8."
            )
        return Encoding.CP932

    def _first_error(self, encoding: str) -> tuple[int, bool] | None:
        """The line of the first octets that do not decode, and whether several letters beyond ASCII did before."""
        decoder = codecs.getincrementaldecoder(encoding)()
        line, beyond = 1, 0
        with self.path.open("rb") as raw:
            while True:
                chunk = raw.read(_CHUNK)
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    good = error.object[: error.start]
                    beyond += sum(octet >= 0xE0 for octet in good)
                    return line + good.count(b"\n"), beyond >= _SEVERAL
                if not chunk:
                    return None
                line += chunk.count(b"\n")
                if beyond < _SEVERAL and not text.isascii():
                    beyond += sum(character > "\u07ff" for character in text)


_SEVERAL: Final = 4
"""So many well-formed three-octet letters are no accident in CP932."""


def _csv_words(error: csv.Error) -> str:
    return "a field is too long" if "field limit" in str(error) else "its quotation marks do not close"


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path.name} cannot be read: {error.strerror}", hint="Check the path.")
