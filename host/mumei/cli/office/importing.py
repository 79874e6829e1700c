"""``mumei office import``: residents from a file, every row looked at before any is put on record."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import click

from mumei.cli.office.options import Done, clerk_option, read, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.office.clerks.roles import Right
from mumei.office.registry import Registry
from mumei.office.registry_import import ImportOptions, ImportReport
from mumei.office.residents.import_check import RowProblem, Severity
from mumei.office.residents.import_text import CsvFile, Encoding
from mumei.office.residents.resident import residents_from_json
from mumei.office.residents.samples import sample_residents
from mumei_core.dates import today
from mumei_core.errors import DataError, UsageError

_SHOWN: Final = 20
_HEADING: Final = ("row", "field", "severity", "problem", "what to do")
_BAD_ROWS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to. ``problems``: the first of them; all are in the file of --errors."""

    done: str
    dry_run: bool
    encoding: str
    rows: int
    added: int
    changed: int
    unchanged: int
    repeated: int
    refused: int
    warnings: int
    residents: int
    import_number: int | None
    columns_passed_over: tuple[str, ...]
    problems: tuple[RowProblem, ...]

    def text(self) -> str:
        """The outcome, the counts, and what is wrong."""
        lines = [
            self.done,
            f"{self.rows} rows in {self.encoding}: {self.added} new, {self.changed} changed,"
            f" {self.unchanged} unchanged, {self.repeated} repeated, {self.refused} refused",
        ]
        if self.columns_passed_over:
            lines.append(f"columns passed over: {', '.join(self.columns_passed_over)}")
        for problem in self.problems:
            mark = "" if problem.severity is Severity.ERROR else " (warning)"
            lines.append(f"row {problem.row}, {problem.field}{mark}: {problem.problem}. {problem.hint}")
        return "\n".join(lines)


class _Problems:
    """Keeps the first, counts all, writes all."""

    def __init__(self, stream: TextIO | None) -> None:
        self.first: list[RowProblem] = []
        self.counts: Counter[Severity] = Counter()
        self._writer = None if stream is None else csv.writer(stream)
        if self._writer is not None:
            self._writer.writerow(_HEADING)

    def __call__(self, problem: RowProblem) -> None:
        self.counts[problem.severity] += 1
        if len(self.first) < _SHOWN:
            self.first.append(problem)
        if self._writer is not None:
            self._writer.writerow(
                (problem.row, problem.field, problem.severity.value, problem.problem, problem.hint)
            )


class _Pace:
    """Says how far it is, how fast and how long still: at most once a second."""

    def __init__(self) -> None:
        self._begun = self._said = time.monotonic()

    def __call__(self, rows: int, share: float) -> None:
        now = time.monotonic()
        if now - self._said < 1.0 or share <= 0:
            return
        self._said = now
        passed = now - self._begun
        reading = "looking at" if share <= 0.5 else "putting on record"
        left = passed * (1 - share) / share
        progress(f"{reading} row {rows}: {share:.0%}, {rows / passed:.0f} rows/s, {left:.0f} s left")


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--samples", is_flag=True, help="Twelve fictitious residents to try with.")
@click.option("--dry-run", is_flag=True, help="Look at every row and change nothing.")
@click.option(
    "--encoding",
    type=click.Choice([encoding.value for encoding in Encoding]),
    default=Encoding.AUTO.value,
    show_default=True,
    help="What FILE is written in; auto finds out.",
)
@click.option("--update", is_flag=True, help="Rows that differ from the record change it.")
@click.option("--skip-errors", is_flag=True, help="Put the good rows on record although others are refused.")
@click.option(
    "--errors",
    "errors_file",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Write what is wrong with which row to this file.",
)
@registry_option
@clerk_option(Right.CHANGE_RESIDENTS)
@json_option
@click.pass_context
def import_residents(
    context: click.Context,
    file: Path | None,
    samples: bool,
    dry_run: bool,
    encoding: str,
    update: bool,
    skip_errors: bool,
    errors_file: Path | None,
    registry: str,
    clerk: str,
    as_json: bool,
) -> None:
    """Put residents on record: all of FILE or, if a row is refused, none.

    FILE is CSV with a heading, in UTF-8 or CP932 (Shift_JIS of Windows): 住民票コード, 氏名 (or 氏 and 名),
    フリガナ (or 氏カナ and 名カナ), 性別, 生年月日, 住所, 市区町村コード; or the same in English: resident_code,
    family_name, given_name, family_reading, given_reading, sex, birth_date, address, municipality. A FILE that
    ends in .json is an array of objects with the English names.

    The same FILE again changes nothing. It is one transaction: what breaks off leaves the registry as it was.
    While rows are put on record, others can write to a registry on a server, not to an SQLite file.

    \b
    Examples:
      mumei office import --registry ward.db --samples
      mumei office import jumin.csv --registry ward.db --dry-run --errors wrong.csv
      mumei office import jumin.csv --registry ward.db --encoding cp932 --update
    """
    if samples == (file is not None):
        raise UsageError("name a FILE, or say --samples", hint="One of the two, not both.")
    if file is None or file.suffix.lower() == ".json":
        day = today()
        residents = sample_residents(day) if file is None else residents_from_json(read(file), today=day)
        if dry_run:
            done = f"{len(residents)} residents would be put on record"
        else:
            with Registry.open(registry) as open_registry:
                open_registry.import_residents(residents, clerk=clerk)
            done = f"{len(residents)} residents are on record"
        emit(Done(done=done, residents=len(residents)), as_json=as_json)
        return
    options = ImportOptions(update=update, skip_errors=skip_errors, dry_run=dry_run)
    source = CsvFile(file, Encoding(encoding))
    with Registry.open(registry) as open_registry, _errors_stream(errors_file, file) as stream:
        problems = _Problems(stream)
        report = open_registry.import_file(
            source, clerk=clerk, options=options, on_problem=problems, progress=_Pace()
        )
    emit(_imported(report, problems, errors_file), as_json=as_json)
    if report.refused and (dry_run or report.is_refused):
        context.exit(_BAD_ROWS)


def _imported(report: ImportReport, problems: _Problems, errors_file: Path | None) -> Imported:
    count = report.added + report.changed
    if report.is_refused and not report.dry_run:
        done = f"nothing was put on record: {report.refused} rows are wrong"
    elif report.dry_run:
        done = f"dry run, nothing was changed: {count} residents would be put on record or changed"
    else:
        done = f"{count} residents are on record or changed"
    found = sum(problems.counts.values())
    if found > len(problems.first):
        where = f"all are in {errors_file}" if errors_file else "give --errors FILE.csv to have all"
        done = f"{done}; of {found} remarks the first {len(problems.first)} follow, {where}"
    return Imported(
        done=done,
        dry_run=report.dry_run,
        encoding=report.encoding.value,
        rows=report.rows,
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        repeated=report.repeated,
        refused=report.refused,
        warnings=report.warnings,
        residents=0 if report.dry_run or report.is_refused else count,
        import_number=report.number,
        columns_passed_over=report.columns_passed_over,
        problems=tuple(problems.first),
    )


@contextmanager
def _errors_stream(path: Path | None, source: Path) -> Iterator[TextIO | None]:
    """The file of errors, in UTF-8 with the mark that spreadsheets look for. It holds no entry of any row."""
    if path is None:
        yield None
        return
    try:
        if path.exists() and (path.samefile(source) or not _is_ours(path)):
            raise UsageError(
                f"{path.name} is no file of errors of before, and is not overwritten",
                hint="Choose another name.",
            )
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            yield stream
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror}", hint="Check the folder and its permissions."
        ) from None


def _is_ours(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(256).decode("utf-8-sig", "replace").startswith(",".join(_HEADING))
