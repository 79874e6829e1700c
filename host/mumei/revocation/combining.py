"""From trustees' evaluations to the entries of lists: check every one, then combine t in the exponent (2.5).

Nobody holds a handle on the way: what is combined are points. Fewer than t right evaluations give nothing, and a
wrong one is named with its trustee; where enough others are right, it does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mumei.files import make_folder
from mumei.revocation.entries import combined_handles, write_entries
from mumei.revocation.folder import AuthorityFolder
from mumei.revocation.lists import ENTRY_LENGTH
from mumei.trustee.documents import case_words
from mumei.trustee.engine import Engine
from mumei.trustee.evaluation_file import EvaluationFile, evaluation_files
from mumei.trustee.handles import feldman_points
from mumei.trustee.points import PointSet, check_epoch, sets_of
from mumei_core.crypto.curve import POINT_LENGTH, PublicPoints
from mumei_core.crypto.sharing.check_evaluation import check_evaluation
from mumei_core.crypto.sharing.combine_all import combine_all
from mumei_core.crypto.sharing.evaluation import Evaluation
from mumei_core.epochs import first_day
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError

HANDLES_OF_A_BLOCK: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluations:
    """One handle's evaluations, by whom and as they came. ``n``: the number of trustees of its list."""

    digest: bytes
    feldman: bytes
    n: int
    by_trustee: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineBlock:
    """What one process checks and combines at once."""

    points: PointSet
    handles: tuple[Evaluations, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedBlock:
    """``columns``: for each point the entries of ``handles``, in their order. ``wrong``: (handle, trustee, why)."""

    handles: tuple[bytes, ...]
    columns: bytes
    wrong: tuple[tuple[bytes, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongEvaluation:
    """A trustee whose evaluation for a case does not hold, and why."""

    case: str
    trustee: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A case that t right evaluations are not there for. ``right``: the trustees whose evaluations are there."""

    case: str
    needed: int
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """What became of an epoch's evaluations; ``handles`` are new, ``already`` were combined before."""

    epoch: int
    handles: int
    already: int
    wrong: tuple[WrongEvaluation, ...]
    lacking: tuple[Lacking, ...]


def combine_block(block: CombineBlock) -> CombinedBlock:
    """Check all evaluations of each handle until t are right, then combine those."""
    public = block.points.points()
    wrong: list[tuple[bytes, int, str]] = []
    rows: list[tuple[bytes, list[bytes]]] = []
    for handle in block.handles:
        F = feldman_points(handle.feldman)
        checked: dict[int, PublicPoints] = {}
        for index, octets in handle.by_trustee:
            if len(checked) == len(F):
                break
            try:
                evaluation = Evaluation.from_octets(octets)
                checked[index] = check_evaluation(evaluation, index, F, public, n=handle.n)
            except InvalidProof as error:
                wrong.append((handle.digest, index, error.reason))
            except DecodingError as error:
                # One trustee's answer that is none must not keep the others' from counting.
                wrong.append((handle.digest, index, str(error)))
        if len(checked) == len(F):
            rows.append((handle.digest, combine_all(checked, len(F))))
    columns = b"".join(points[at][:ENTRY_LENGTH] for at in range(len(block.points)) for _, points in rows)
    return CombinedBlock(handles=tuple(digest for digest, _ in rows), columns=columns, wrong=tuple(wrong))


def combine_epoch(
    folder: AuthorityFolder,
    epoch: int,
    sources: Sequence[Path],
    *,
    day: int,
    engine: Engine,
    pace: Callable[[int, int], None] = lambda done, total: None,
    block_size: int = HANDLES_OF_A_BLOCK,
) -> Combined:
    """Check and combine what trustees' folders hold for an epoch; what was combined before is not done again.

    Raises UsageError for an epoch that is over, DataError for damaged, doubled or foreign files.
    """
    check_epoch(epoch, day=day)
    trustees = folder.trustees()
    place = folder.combined(epoch)
    make_folder(place)
    wanted = _wanted(folder, epoch)
    found = _index(sources, epoch, {digest: record.n for digest, record in trustees.items()})
    combined = already = 0
    wrong: list[WrongEvaluation] = []
    lacking: dict[str, Lacking] = {}
    for points in sets_of(epoch, folder.contexts()):
        done = combined_handles(place, points)
        already += sum(digest in done for digest in wanted)
        here = found.get(points.name, {})
        missing = {digest: each for digest, each in wanted.items() if digest not in done}
        ready = {digest: each for digest, each in missing.items() if len(here.get(digest, {})) >= each.t}
        for digest, each in missing.items():
            if digest not in ready:
                lacking[each.words] = _lacks(each, here.get(digest, {}))
        finished = 0
        jobs = _blocks(points, ready, here, {d: r.n for d, r in trustees.items()}, block_size)
        for job, answer in engine.run(combine_block, jobs):
            if answer.handles:
                write_entries(place, points=points, handles=answer.handles, columns=answer.columns)
            combined += len(answer.handles)
            finished += len(job.handles)
            for digest, index, why in answer.wrong:
                wrong.append(WrongEvaluation(case=ready[digest].words, trustee=index, why=why))
            for digest in {each.digest for each in job.handles} - set(answer.handles):
                bad = {index for each, index, _ in answer.wrong if each == digest}
                right = {i: each for i, each in here[digest].items() if i not in bad}
                lacking[ready[digest].words] = _lacks(ready[digest], right)
            pace(finished, len(ready))
    return Combined(
        epoch=epoch,
        handles=combined,
        already=already,
        wrong=tuple(wrong),
        lacking=tuple(lacking.values()),
    )


def require_whole(result: Combined) -> None:
    """Raises TrustError where a trustee answered wrongly, DataError where cases lack evaluations."""
    if result.wrong:
        first = result.wrong[0]
        raise TrustError(
            f"trustee {first.trustee} evaluated case {first.case} wrongly ({first.why})"
            + (f", and {len(result.wrong) - 1} more are wrong" if len(result.wrong) > 1 else ""),
            hint="What others answered was used where it is enough. Ask that trustee to evaluate again.",
        )
    if result.lacking:
        first_lacking = result.lacking[0]
        have = ", ".join(map(str, first_lacking.right)) or "none"
        raise DataError(
            f"case {first_lacking.case} needs {first_lacking.needed} trustees, and there are evaluations of: {have}"
            + (f"; {len(result.lacking) - 1} more cases lack some" if len(result.lacking) > 1 else ""),
            hint="Get the evaluations of the other trustees for this epoch, then combine again.",
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is kept of a handle while an epoch is combined: a million sealed shares would fill the memory."""

    case: bytes
    points: bytes
    trustees: bytes

    @property
    def t(self) -> int:
        return len(self.points) // POINT_LENGTH

    @property
    def words(self) -> str:
        return case_words(self.case)


def _wanted(folder: AuthorityFolder, epoch: int) -> dict[bytes, _Wanted]:
    begins = first_day(epoch)
    return {
        each.handle.digest: _Wanted(case.number, each.handle.points, each.handle.trustees)
        for case in folder.cases()
        if not case.withdrawn
        for each in case.handles
        if each.valid_until >= begins
    }


#: By set of points, handle and trustee: the file and the place in it.
_Index = dict[str, dict[bytes, dict[int, tuple[EvaluationFile, int]]]]


def _index(sources: Sequence[Path], epoch: int, sizes: Mapping[bytes, int]) -> _Index:
    found: _Index = {}
    for file in evaluation_files(sources):
        if file.points.epoch != epoch:
            continue
        if not 1 <= file.index <= sizes.get(file.trustees, 0):
            raise DataError(
                f"{file.path.name} is of a trustee that is in no known list", hint="Check where it is from."
            )
        handles = found.setdefault(file.points.name, {})
        for place, digest in enumerate(file.handles):
            of_handle = handles.setdefault(digest, {})
            other = of_handle.get(file.index)
            if other is not None and other[0].path.name != file.path.name:
                raise DataError(
                    f"trustee {file.index} evaluated the same card twice: "
                    f"in {other[0].path.name} and in {file.path.name}",
                    hint="Ask the trustee which of the two counts, and remove the other.",
                )
            of_handle[file.index] = (file, place)
    return found


def _blocks(
    points: PointSet,
    ready: Mapping[bytes, _Wanted],
    here: Mapping[bytes, Mapping[int, tuple[EvaluationFile, int]]],
    sizes: Mapping[bytes, int],
    size: int,
) -> Iterator[CombineBlock]:
    waiting: list[Evaluations] = []
    for digest, handle in ready.items():
        waiting.append(
            Evaluations(
                digest=digest,
                feldman=handle.points,
                n=sizes[handle.trustees],
                by_trustee=tuple(
                    (index, file.read(place)) for index, (file, place) in sorted(here[digest].items())
                ),
            )
        )
        if len(waiting) == size:
            yield CombineBlock(points=points, handles=tuple(waiting))
            waiting = []
    if waiting:
        yield CombineBlock(points=points, handles=tuple(waiting))


def _lacks(handle: _Wanted, right: Mapping[int, object]) -> Lacking:
    return Lacking(case=handle.words, needed=handle.t, right=tuple(sorted(right)))
