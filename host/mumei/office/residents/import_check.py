"""The first reading of an import: every row is looked at, nothing is changed, and no memory grows with the file.

What was seen is remembered in a temporary database of SQLite's own, on disk and without a name: keyed digests and
row numbers, nothing that could be read. The second reading (:mod:`mumei.office.registry_import`) leaves out the
rows that are refused or repeated here.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from mumei.office.residents.import_columns import FieldProblem
from mumei.office.residents.resident import Resident


class Severity(StrEnum):
    """An ERROR keeps its row out; a WARNING is to be looked at."""

    ERROR = "error"
    WARNING = "warning"


class Outcome(StrEnum):
    """What becomes of a row that is right."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong with one row. ``row``: as a spreadsheet counts. No value of the row is part of it."""

    row: int
    field: str
    severity: Severity
    problem: str
    hint: str

    @classmethod
    def of(cls, row: int, found: FieldProblem, severity: Severity = Severity.ERROR) -> Self:
        """The same at a row."""
        return cls(row=row, field=found.field, severity=severity, problem=found.problem, hint=found.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One row that is a resident. ``index``: of the code."""

    row: int
    index: bytes
    resident: Resident


class Seen:
    """Which codes and persons stood in which row so far; which rows are left out. Use as a context manager."""

    def __init__(self) -> None:
        # An empty name: a private database on disk that is gone when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;"
            "CREATE TABLE code (mark BLOB PRIMARY KEY, place INTEGER, content BLOB) WITHOUT ROWID;"
            "CREATE TABLE person (mark BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID;"
            "CREATE TABLE left_out (place INTEGER PRIMARY KEY);"
            "CREATE TABLE outcome (place INTEGER PRIMARY KEY, word TEXT);"
        )
        self._database.execute("BEGIN")
        self._key = secrets.token_bytes(32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._database.close()

    def leave_out(self, row: int) -> None:
        """The second reading passes this row over."""
        self._database.execute("INSERT OR IGNORE INTO left_out VALUES (?)", (row,))

    def is_left_out(self, row: int) -> bool:
        """Whether it does."""
        return self._database.execute("SELECT 1 FROM left_out WHERE place = ?", (row,)).fetchone() is not None

    def left_out(self) -> int:
        """How many rows are."""
        count: int = self._database.execute("SELECT count(*) FROM left_out").fetchone()[0]
        return count

    def note(self, row: int, outcome: Outcome) -> None:
        """What will become of a row, unless a later one contradicts it."""
        self._database.execute("INSERT INTO outcome VALUES (?, ?)", (row, outcome.value))

    def outcomes(self) -> dict[Outcome, int]:
        """How many rows there are of each outcome, without those that are left out."""
        found = dict(
            self._database.execute(
                "SELECT word, count(*) FROM outcome WHERE place NOT IN (SELECT place FROM left_out) GROUP BY word"
            )
        )
        return {outcome: found.get(outcome.value, 0) for outcome in Outcome}

    def new_ones(self, candidates: Sequence[Candidate]) -> Iterator[Candidate | RowProblem]:
        """The candidates whose code is new in the file; for the others what is wrong.

        The same row again is left out with a warning. The same code with other entries is an error in both rows:
        nobody can say which is right. One person under two codes is a warning.
        """
        for candidate in candidates:
            content = self._digest(candidate.resident)
            added = self._database.execute(
                "INSERT OR IGNORE INTO code VALUES (?, ?, ?)", (candidate.index, candidate.row, content)
            ).rowcount
            if not added:
                yield from self._repeated(candidate, content)
                continue
            person = self._digest(candidate.resident, without_code=True)
            if not self._database.execute(
                "INSERT OR IGNORE INTO person VALUES (?, ?)", (person, candidate.row)
            ).rowcount:
                (first,) = self._database.execute(
                    "SELECT place FROM person WHERE mark = ?", (person,)
                ).fetchone()
                yield RowProblem(
                    row=candidate.row,
                    field="resident_code",
                    severity=Severity.WARNING,
                    problem=f"all entries but the code are those of row {first}",
                    hint="One person with two codes? One of the two is wrong then.",
                )
            yield candidate

    def _repeated(self, candidate: Candidate, content: bytes) -> Iterator[RowProblem]:
        first, before = self._database.execute(
            "SELECT place, content FROM code WHERE mark = ?", (candidate.index,)
        ).fetchone()
        self.leave_out(candidate.row)
        if before == content:
            yield RowProblem(
                row=candidate.row,
                field="row",
                severity=Severity.WARNING,
                problem=f"the same as row {first}",
                hint="It is taken once.",
            )
            return
        hint = "Find out which of the two is right, and remove the other."
        if not self.is_left_out(first):
            self.leave_out(first)
            yield RowProblem(
                row=first,
                field="resident_code",
                severity=Severity.ERROR,
                problem=f"row {candidate.row} has the same code and other entries",
                hint=hint,
            )
        yield RowProblem(
            row=candidate.row,
            field="resident_code",
            severity=Severity.ERROR,
            problem=f"row {first} has the same code and other entries",
            hint=hint,
        )

    def _digest(self, resident: Resident, *, without_code: bool = False) -> bytes:
        entries = [
            resident.family_name,
            resident.given_name,
            resident.family_reading,
            resident.given_reading,
            str(int(resident.sex)),
            resident.birth_date.isoformat(),
            resident.address,
            resident.municipality.digits,
        ]
        if not without_code:
            entries.append(resident.resident_code.digits)
        return hashlib.blake2b("\n".join(entries).encode(), key=self._key, digest_size=16).digest()
