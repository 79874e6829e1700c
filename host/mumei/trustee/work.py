"""What a trustee does: opens the day's envelopes, approves cases, evaluates for an epoch (mumei protocol 2.5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mumei.files import make_folder
from mumei.trustee.blocks import HANDLES_OF_A_BLOCK, Block, HandleShare, evaluate_block
from mumei.trustee.documents import CaseFile, Confirmations, Envelopes
from mumei.trustee.engine import Engine
from mumei.trustee.evaluation_file import evaluation_files, write_evaluations
from mumei.trustee.folder import TrusteeFolder, TrusteeKeys
from mumei.trustee.handles import SealedHandle
from mumei.trustee.points import PointSet, check_epoch, sets_of
from mumei_core.epochs import first_day
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of envelopes. ``bad``: digests of handles whose share does not open, or is of another handle."""

    confirmations: tuple[Confirmations, ...]
    new: int
    again: int
    bad: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How far an evaluation has come, in multiplications; ``rate``: a second, ``left``: seconds, once known."""

    done: int
    total: int
    rate: float

    @property
    def left(self) -> float:
        return (self.total - self.done) / self.rate if self.rate else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """An epoch is evaluated. ``already``: evaluations that were there; ``expired``, ``withdrawn``: left out."""

    epoch: int
    handles: int
    already: int
    expired: int
    withdrawn: int
    multiplications: int
    seconds: float
    files: tuple[str, ...]


def check_envelopes(folder: TrusteeFolder, keys: TrusteeKeys, envelopes: Envelopes, *, day: int) -> Checked:
    """Open this trustee's share of every handle, check it against the card's points, and confirm.

    What was confirmed before is confirmed again, for the answer may have been lost. Raises TrustError for handles
    sealed to a list that is not known here.
    """
    good: dict[bytes, list[bytes]] = {}
    bad: list[bytes] = []
    again = 0
    for handle in envelopes.handles:
        index = folder.index(handle.trustees)
        digest = handle.digest
        if folder.confirmed(digest):
            again += 1
        else:
            try:
                handle.open_share(keys.sealing, index)
            except (InvalidProof, DecodingError):
                bad.append(digest)
                continue
        good.setdefault(handle.trustees, []).append(digest)
    folder.confirm([digest for digests in good.values() for digest in digests], day)
    return Checked(
        confirmations=tuple(
            Confirmations(trustees=trustees, index=folder.index(trustees), handles=tuple(digests)).signed(
                keys.signing
            )
            for trustees, digests in good.items()
        ),
        new=sum(map(len, good.values())) - again,
        again=again,
        bad=tuple(bad),
    )


def approve(folder: TrusteeFolder, keys: TrusteeKeys, case: CaseFile, *, day: int) -> bool:
    """Approve a case, or its withdrawal; whether it is new.

    Each share is opened first: a trustee does not approve what it could not evaluate. Raises TrustError and
    UsageError.
    """
    for each in case.handles:
        _share(folder, keys, each.handle, case)
    return folder.approve(case, day)


def evaluate_epoch(
    folder: TrusteeFolder,
    keys: TrusteeKeys,
    epoch: int,
    out: Path,
    *,
    day: int,
    engine: Engine,
    contexts: Sequence[bytes] = (),
    pace: Callable[[Pace], None] = lambda pace: None,
    clock: Callable[[], float] = time.monotonic,
    block_size: int = HANDLES_OF_A_BLOCK,
) -> Evaluated:
    """Evaluate all approved cases at the epoch's points, and write them to ``out``, a file a block.

    What is there already is not computed again, so an evaluation that was broken off goes on. ``contexts``: those
    that recognise cards within the epoch. Raises UsageError for an epoch that is over or too far ahead.
    """
    check_epoch(epoch, day=day)
    make_folder(out)
    begun = clock()
    there = _there(folder, out)
    tally = _tally(folder, epoch)
    sets = sets_of(epoch, contexts)
    already = sum(len(there.get(points.name, ())) for points in sets)
    total = sum(len(points) * (tally.live - len(there.get(points.name, ()))) for points in sets)
    done, files = 0, []
    for points in sets:
        blocks = _blocks(folder, keys, points, there.get(points.name, set()), block_size)
        for block, octets in engine.run(evaluate_block, blocks):
            path = write_evaluations(
                out,
                points=points,
                index=block.index,
                trustees=block.trustees,
                handles=[each.digest for each in block.handles],
                octets=octets,
            )
            files.append(path.name)
            done += block.multiplications
            seconds = clock() - begun
            pace(Pace(done=done, total=total, rate=done / seconds if seconds else 0.0))
    return Evaluated(
        epoch=epoch,
        handles=tally.live,
        already=already,
        expired=tally.expired,
        withdrawn=tally.withdrawn,
        multiplications=done,
        seconds=clock() - begun,
        files=tuple(files),
    )


@dataclass(slots=True)
class _Tally:
    live: int = 0
    expired: int = 0
    withdrawn: int = 0


def _tally(folder: TrusteeFolder, epoch: int) -> _Tally:
    tally = _Tally()
    for each in folder.cases():
        live = sum(handle.valid_until >= first_day(epoch) for handle in each.case.handles)
        if each.withdrawn is not None:
            tally.withdrawn += len(each.case.handles)
        else:
            tally.live += live
            tally.expired += len(each.case.handles) - live
    return tally


def _blocks(
    folder: TrusteeFolder, keys: TrusteeKeys, points: PointSet, done: Container[bytes], size: int
) -> Iterator[Block]:
    """The handles to evaluate at, in blocks of one list of trustees each; shares are opened block by block."""
    pending: dict[bytes, list[HandleShare]] = {}
    for each in folder.cases():
        if each.withdrawn is not None:
            continue
        for found in each.case.handles:
            if found.valid_until < first_day(points.epoch) or found.handle.digest in done:
                continue
            shares = pending.setdefault(found.handle.trustees, [])
            shares.append(_handle_share(folder, keys, found.handle, each.case))
            if len(shares) == size:
                yield _block(folder, points, found.handle.trustees, pending.pop(found.handle.trustees))
    for trustees, shares in pending.items():
        yield _block(folder, points, trustees, shares)


def _block(folder: TrusteeFolder, points: PointSet, trustees: bytes, shares: Sequence[HandleShare]) -> Block:
    return Block(points=points, index=folder.index(trustees), trustees=trustees, handles=tuple(shares))


def _there(folder: TrusteeFolder, out: Path) -> dict[str, set[bytes]]:
    """What this trustee's files hold already, by set of points."""
    found: dict[str, set[bytes]] = {}
    for each in evaluation_files([out]):
        if folder.index(each.trustees) != each.index:
            raise UsageError(
                f"{each.path.name} is another trustee's", hint="Give each trustee a folder of its own."
            )
        found.setdefault(each.points.name, set()).update(each.handles)
    return found


def _handle_share(
    folder: TrusteeFolder, keys: TrusteeKeys, handle: SealedHandle, case: CaseFile
) -> HandleShare:
    share = _share(folder, keys, handle, case)
    return HandleShare(digest=handle.digest, feldman=handle.points, share=share)


def _share(folder: TrusteeFolder, keys: TrusteeKeys, handle: SealedHandle, case: CaseFile) -> int:
    try:
        return handle.open_share(keys.sealing, folder.index(handle.trustees))
    except (InvalidProof, DecodingError) as error:
        raise TrustError(
            f"case {case.words}: this trustee's share does not open, or is of another handle",
            hint="The file was altered, or the card sealed badly: telephone the office.",
        ) from error
