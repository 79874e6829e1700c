"""The registry's imports: a file of residents read twice, first to look at every row, then to put them on record.

All of an import is **one transaction**: whatever breaks off, nothing is half done, and the same command begins
anew. On SQLite others wait while it writes (about ten seconds for 100,000 rows); on PostgreSQL they go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.database.code_vault import CodeVault
from mumei.office.database.errors import translated_errors
from mumei.office.database.models import ResidentRow, ResidentState
from mumei.office.database.models_residents import EventKind, EventReason, ImportRow, ResidentEventRow
from mumei.office.records import resident_of
from mumei.office.registry_base import KeyedRegistry
from mumei.office.residents.import_check import Candidate, Outcome, RowProblem, Seen, Severity
from mumei.office.residents.import_columns import Columns, RowError
from mumei.office.residents.import_text import CsvFile, Encoding, Line
from mumei.office.residents.resident_events import before_json, differences
from mumei.office.rows import entries_of, plain_entries_of
from mumei_core.dates import today
from mumei_core.errors import DataError

_BATCH: Final = 1000
_NAMES: Final = frozenset({"family_name", "given_name", "family_reading", "given_reading"})
_PLACES: Final = frozenset({"address", "prefecture", "municipality"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """``update``: rows that differ from the record change it, instead of being refused. ``skip_errors``: put the
    good rows on record although others are refused. ``dry_run``: look at everything and change nothing.
    """

    update: bool = False
    skip_errors: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import came to. ``number``: its record, None where nothing was changed.

    ``rows`` = ``added`` + ``changed`` + ``unchanged`` + ``repeated`` + ``refused``.
    """

    number: int | None
    encoding: Encoding
    rows: int
    added: int
    changed: int
    unchanged: int
    repeated: int
    refused: int
    warnings: int
    dry_run: bool
    columns_passed_over: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """Whether rows are wrong and nothing was put on record."""
        return self.number is None and self.refused > 0


@dataclass(slots=True)
class _Count:
    rows: int = 0
    repeated: int = 0
    warnings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A candidate, the row on record with its code, and the columns in which the two differ."""

    candidate: Candidate
    row: ResidentRow | None
    changed: frozenset[str]

    @property
    def outcome(self) -> Outcome:
        if self.row is None:
            return Outcome.ADDED
        same = not self.changed and self.row.state == ResidentState.RESIDENT
        return Outcome.UNCHANGED if same else Outcome.CHANGED


OnProblem = Callable[[RowProblem], None]
Progress = Callable[[int, float], None]
"""Called with the rows read so far and the share of the work that is done, 0..1."""


class ImportRegistry(KeyedRegistry):
    """Imports of residents."""

    def import_file(
        self,
        file: CsvFile,
        *,
        clerk: str,
        options: ImportOptions | None = None,
        on_problem: OnProblem = lambda _: None,
        progress: Progress = lambda _rows, _share: None,
    ) -> ImportReport:
        """Put the residents of a CSV file on record: all of them or, if rows are wrong, none.

        ``on_problem`` hears of every row that is wrong or doubtful as it is met, in no strict order. Raises
        DataError for a file that is no CSV or lacks columns, or that changed while it was read.
        """
        chosen = options or ImportOptions()
        day = today(self._clock)
        digest = file.digest()
        # What was seen lies on a disk, too, which can be full.
        with translated_errors(), Seen() as seen:
            count, columns = self._look(file, seen, chosen, day, on_problem, progress)
            number, refused = None, seen.left_out() - count.repeated
            outcomes = seen.outcomes()
            if not chosen.dry_run and (not refused or chosen.skip_errors):
                run = ImportRow(
                    at=self._clock(),
                    clerk=clerk,
                    digest=digest,
                    added=0,
                    changed=0,
                    unchanged=0,
                    refused=refused,
                )
                number = self._put(file, seen, chosen, run, day, progress)
                outcomes = {
                    Outcome.ADDED: run.added,
                    Outcome.CHANGED: run.changed,
                    Outcome.UNCHANGED: run.unchanged,
                }
        return ImportReport(
            number=number,
            encoding=file.encoding,
            rows=count.rows,
            added=outcomes[Outcome.ADDED],
            changed=outcomes[Outcome.CHANGED],
            unchanged=outcomes[Outcome.UNCHANGED],
            repeated=count.repeated,
            refused=refused,
            warnings=count.warnings,
            dry_run=chosen.dry_run,
            columns_passed_over=columns.unknown,
        )

    def _look(
        self,
        file: CsvFile,
        seen: Seen,
        options: ImportOptions,
        day: date,
        on_problem: OnProblem,
        progress: Progress,
    ) -> tuple[_Count, Columns]:
        count = _Count()

        def say(problem: RowProblem) -> None:
            if problem.severity is Severity.WARNING:
                count.warnings += 1
            else:
                seen.leave_out(problem.row)
            on_problem(problem)

        lines, columns = _opened(file)
        share = 1.0 if options.dry_run else 0.5
        while batch := list(islice(lines, _BATCH)):
            with self._reading() as session:
                vault = self._vault(session)
                candidates = list(_candidates(batch, columns, vault, day, say))
                new = []
                for found in seen.new_ones(candidates):
                    if isinstance(found, Candidate):
                        new.append(found)
                        continue
                    if found.severity is Severity.WARNING and seen.is_left_out(found.row):
                        count.repeated += 1
                    say(found)
                for match in _matched(session, vault, new):
                    if (refusal := _refusal(match, options)) is not None:
                        say(refusal)
                    else:
                        seen.note(match.candidate.row, match.outcome)
            count.rows += len(batch)
            progress(count.rows, share * min(1.0, batch[-1].octets / max(1, file.size)))
        return count, columns

    def _put(
        self,
        file: CsvFile,
        seen: Seen,
        options: ImportOptions,
        run: ImportRow,
        day: date,
        progress: Progress,
    ) -> int:
        rows, counts = 0, dict.fromkeys(Outcome, 0)
        with self._writing(run.clerk) as session:
            vault = self._vault(session, writing=True)
            session.add(run)
            session.flush()
            lines, columns = _opened(file)
            while batch := list(islice(lines, _BATCH)):
                kept = [line for line in batch if not seen.is_left_out(line.row)]
                candidates = list(_candidates(kept, columns, vault, day, None))
                matches = list(_matched(session, vault, candidates, locked=True))
                if any(_refusal(match, options) is not None for match in matches):
                    raise _changed_meanwhile()
                self._insert(session, vault, [match for match in matches if match.row is None], run)
                for match in matches:
                    counts[match.outcome] += 1
                    if match.row is not None and match.outcome is Outcome.CHANGED:
                        self._update(session, match.row, match, run, day)
                session.flush()
                # Or all residents of the file would stay in memory.
                session.expunge_all()
                session.add(run)
                rows += len(batch)
                progress(rows, 0.5 + 0.5 * min(1.0, batch[-1].octets / max(1, file.size)))
            if file.digest() != run.digest:
                raise _changed_meanwhile()
            run.added, run.changed, run.unchanged = (counts[outcome] for outcome in Outcome)
            session.flush()
            record(
                session, at=run.at, clerk=run.clerk, action=AuditAction.RESIDENTS_IMPORTED, digest=run.digest
            )
            session.flush()
            number = run.id
            session.expunge(run)
        return number

    def _insert(self, session: Session, vault: CodeVault, new: Sequence[_Match], run: ImportRow) -> None:
        if not new:
            return
        common = {"added_at": run.at, "changed_at": run.at, "version": 1, "import_id": run.id}
        session.execute(
            insert(ResidentRow),
            [{**entries_of(match.candidate.resident, vault), **common} for match in new],
        )

    def _update(self, session: Session, row: ResidentRow, match: _Match, run: ImportRow, day: date) -> None:
        returned = row.state == ResidentState.MOVED_OUT
        session.add(
            ResidentEventRow(
                resident_id=row.id,
                kind=_kind(match.changed, returned=returned).value,
                reason=EventReason.IMPORT.value,
                happened_on=day,
                at=run.at,
                clerk=run.clerk,
                before=before_json(row, match.changed),
                import_id=run.id,
            )
        )
        for name, value in plain_entries_of(match.candidate.resident).items():
            setattr(row, name, value)
        if returned:
            row.state, row.state_since = ResidentState.RESIDENT.value, day
        row.changed_at = run.at


def _opened(file: CsvFile) -> tuple[Iterator[Line], Columns]:
    lines = file.lines()
    heading = next(lines, None)
    if heading is None:
        raise DataError("the file is empty", hint="Check that it is the right file.")
    return lines, Columns(heading.fields)


def _candidates(
    lines: Sequence[Line], columns: Columns, vault: CodeVault, day: date, say: OnProblem | None
) -> Iterator[Candidate]:
    """The residents of some lines. With nobody to ``say`` it to, a wrong row was right before."""
    for line in lines:
        try:
            resident = columns.resident(line.fields, today=day)
        except RowError as error:
            if say is None:
                raise _changed_meanwhile() from None
            for problem in error.problems:
                say(RowProblem.of(line.row, problem))
            continue
        if say is not None:
            for warning in columns.warnings(line.fields):
                say(RowProblem.of(line.row, warning, Severity.WARNING))
        yield Candidate(row=line.row, index=vault.index(resident.resident_code), resident=resident)


def _matched(
    session: Session, vault: CodeVault, candidates: Sequence[Candidate], *, locked: bool = False
) -> Iterator[_Match]:
    query = select(ResidentRow).where(
        ResidentRow.code_index.in_([candidate.index for candidate in candidates])
    )
    if locked:
        # In one order everywhere, so that two imports never wait for each other in a circle.
        query = query.order_by(ResidentRow.id).with_for_update()
    found = {row.code_index: row for row in session.scalars(query)} if candidates else {}
    for candidate in candidates:
        row = found.get(candidate.index)
        changed = (
            frozenset[str]() if row is None else differences(resident_of(row, vault), candidate.resident)
        )
        yield _Match(candidate=candidate, row=row, changed=changed)


def _refusal(match: _Match, options: ImportOptions) -> RowProblem | None:
    row = match.row
    if row is None:
        return None
    if row.state == ResidentState.DECEASED:
        problem, hint = (
            f"record {row.id} says that this person died",
            "Remove the row, or correct the record.",
        )
    elif (not match.changed and row.state == ResidentState.RESIDENT) or options.update:
        return None
    elif row.state == ResidentState.MOVED_OUT:
        problem, hint = f"record {row.id} says that this person moved out", "Give --update if they are back."
    else:
        problem = f"record {row.id} has another {', '.join(sorted(match.changed - {'prefecture'}))}"
        hint = "Give --update to take the file's entries, or remove the row."
    return RowProblem(
        row=match.candidate.row, field="row", severity=Severity.ERROR, problem=problem, hint=hint
    )


def _kind(changed: frozenset[str], *, returned: bool) -> EventKind:
    if returned:
        return EventKind.MOVED_IN
    if changed <= _NAMES:
        return EventKind.NAME_CHANGED
    return EventKind.MOVED_WITHIN if changed <= _PLACES else EventKind.CORRECTED


def _changed_meanwhile() -> DataError:
    return DataError(
        "the file or the registry was changed while the file was read; nothing was put on record",
        hint="Run the import again.",
    )
