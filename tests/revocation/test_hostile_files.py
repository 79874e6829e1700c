"""Files come from elsewhere: whatever is in them, the answer is one of ours, and nothing is half done."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

import cbor2
import pytest
from tests.revocation.lists import EPOCH, TODAY, make_list
from tests.revocation.world import AUTHORITY, World, case_of, envelopes_of, make_world

from mumei.revocation.entries import EntriesFile, write_entries
from mumei.revocation.lists import HEAD_LENGTH, read_head, read_list
from mumei.revocation.statements import HalfSigned, slot_record
from mumei.trustee import work
from mumei.trustee.documents import CaseFile, Confirmations, Envelopes, TrusteeInfo
from mumei.trustee.engine import LocalEngine
from mumei.trustee.evaluation_file import EvaluationFile, write_evaluations
from mumei.trustee.points import PointSet
from mumei_core.crypto.sharing.evaluation import evaluation_length
from mumei_core.errors import DataError, HostEnvironmentError, MumeiError, TrustError, UsageError

pytestmark = pytest.mark.usefixtures("four_buckets")
FEW = PointSet(epoch=EPOCH, contexts=(b"a", b"b"))
Read = Callable[[Path], object]
RNG = random.Random("hostile files")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def samples(world: World, folder: Path) -> list[tuple[Path, Read]]:
    """One good file of each kind, and how it is read."""
    card = world.card()
    trustee = world.trustees[0]
    envelopes_of(card).save(folder / "a.envelopes")
    case_of(card).save(folder / "a.case")
    made = Confirmations(trustees=bytes(32), index=1, handles=(bytes(32),))
    made.signed(trustee.keys.signing).save(folder / "a.confirmations")
    (folder / "a.list").write_bytes(make_list([1, 2]).to_octets())
    record = slot_record(EPOCH, 3)
    half = HalfSigned(record=record, signature=AUTHORITY.sign(record.to_octets()))
    (folder / "a.unaudited").write_bytes(half.to_octets())
    write_entries(folder, points=FEW, handles=[bytes(32)], columns=bytes(32))
    (entries,) = folder.glob("*.entries")
    evaluations = write_evaluations(
        folder,
        points=FEW,
        index=1,
        trustees=bytes(32),
        handles=[bytes(32)],
        octets=bytes(evaluation_length(len(FEW))),
    )
    return [
        (folder / "a.envelopes", Envelopes.load),
        (folder / "a.case", CaseFile.load),
        (folder / "a.confirmations", Confirmations.load),
        (trustee.folder.folder / "trustee.pub", TrusteeInfo.load),
        (folder / "a.list", lambda path: read_list(path.read_bytes())),
        (folder / "a.list", lambda path: read_head(path.read_bytes()[:HEAD_LENGTH])),
        (folder / "a.unaudited", HalfSigned.load),
        (entries, lambda path: EntriesFile.load(path, FEW)),
        (evaluations, EvaluationFile.load),
    ]


def test_altered_files_are_refused_in_our_own_words(world: World, tmp_path: Path) -> None:
    for path, read in samples(world, tmp_path):
        good = path.read_bytes()
        read(path)
        for _ in range(60):
            octets = bytearray(good)
            how = RNG.randrange(3)
            if how == 0:
                octets[RNG.randrange(len(octets))] ^= 1 << RNG.randrange(8)
            elif how == 1:
                del octets[RNG.randrange(len(octets)) :]
            else:
                octets += RNG.randbytes(RNG.randrange(1, 40))
            path.write_bytes(octets)
            try:
                read(path)
            except MumeiError as error:
                assert not isinstance(error, UsageError)
        path.write_bytes(good)


@pytest.mark.parametrize(
    "found",
    [None, 1, [], {}, {"form": "mumei case 1"}, {"form": "mumei case 1", "number": 1}],
    ids=["null", "number", "array", "map", "form alone", "other fields"],
)
def test_other_documents_are_no_case(found: object, tmp_path: Path) -> None:
    (tmp_path / "a.case").write_bytes(cbor2.dumps(found, canonical=True))
    with pytest.raises(DataError, match=r"a\.case is no case file"):
        CaseFile.load(tmp_path / "a.case")


def test_a_case_has_handles_and_a_whole_number(world: World, tmp_path: Path) -> None:
    good = cbor2.loads(case_of(world.card()).to_octets())
    changes: tuple[dict[str, object], ...] = (
        {"handles": []},
        {"number": b"short"},
        {"opened": -1},
        {"handles": [1]},
        {"consent": 1},
    )
    for change in changes:
        (tmp_path / "a.case").write_bytes(cbor2.dumps({**good, **change}, canonical=True))
        with pytest.raises(DataError):
            CaseFile.load(tmp_path / "a.case")


def test_a_full_disk_leaves_no_half_written_evaluation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    trustee = world.trustees[0]
    for _ in range(2):
        work.approve(trustee.folder, trustee.keys, case_of(world.card()), day=TODAY)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def evaluate() -> work.Evaluated:
        return work.evaluate_epoch(
            trustee.folder, trustee.keys, EPOCH, trustee.out, day=TODAY, engine=LocalEngine(1), block_size=1
        )

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(HostEnvironmentError, match="No space left"):
            evaluate()
    assert list(trustee.out.iterdir()) == []
    assert len(evaluate().files) == 2


def test_a_trustee_knows_its_own_files_and_lists(world: World, tmp_path: Path) -> None:
    trustee, other = world.trustees[:2]
    work.approve(trustee.folder, trustee.keys, case_of(world.card()), day=TODAY)
    engine = LocalEngine(1)
    work.evaluate_epoch(trustee.folder, trustee.keys, EPOCH, trustee.out, day=TODAY, engine=engine)
    with pytest.raises(UsageError, match="another trustee's"):
        work.evaluate_epoch(other.folder, other.keys, EPOCH, trustee.out, day=TODAY, engine=engine)
    stranger = make_world(tmp_path / "elsewhere")
    with pytest.raises(TrustError, match="list of trustees that is not known here"):
        work.approve(trustee.folder, trustee.keys, case_of(stranger.card()), day=TODAY)
    with pytest.raises(TrustError, match="not in the list"):
        trustee.folder.join(stranger.record)
    with pytest.raises(TrustError, match="not known here"):
        world.authority.take_case(case_of(stranger.card()))
    assert trustee.folder.counts() == (1, 0)


def test_a_case_whose_share_is_anothers_is_not_approved(world: World) -> None:
    trustee = world.trustees[0]
    one, two = world.card(), world.card()
    swapped = type(one)(
        secret=one.secret,
        polynomial=one.polynomial,
        sealed=type(one.sealed)(
            commitment=one.sealed.commitment,
            points=one.sealed.points,
            shares=two.sealed.shares,
            trustees=one.sealed.trustees,
        ),
    )
    with pytest.raises(TrustError, match="does not open, or is of another handle"):
        work.approve(trustee.folder, trustee.keys, case_of(swapped), day=TODAY)
    assert list(trustee.folder.cases()) == []


def test_approvals_are_for_one_document_a_number(world: World) -> None:
    trustee = world.trustees[0]
    card, other = world.card(), world.card()
    case = case_of(card)
    assert work.approve(trustee.folder, trustee.keys, case, day=TODAY)
    with pytest.raises(UsageError, match="another case was approved"):
        work.approve(trustee.folder, trustee.keys, case_of(other, number=case.number), day=TODAY)
    with pytest.raises(UsageError, match="never approved here"):
        work.approve(trustee.folder, trustee.keys, case_of(other, withdrawn=True), day=TODAY)
    back = case_of(card, number=case.number, withdrawn=True)
    assert work.approve(trustee.folder, trustee.keys, back, day=TODAY)
    assert not work.approve(trustee.folder, trustee.keys, back, day=TODAY)
    with pytest.raises(UsageError, match="was withdrawn"):
        work.approve(trustee.folder, trustee.keys, case, day=TODAY)
