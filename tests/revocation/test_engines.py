"""The same work on this machine's cores and on a cluster: same answers, shares never in clear over a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.revocation.world import EPOCH, TODAY, World, case_of, make_world

from mumei.revocation.combining import combine_epoch
from mumei.revocation.entries import entries_files
from mumei.trustee import work
from mumei.trustee.blocks import Block, HandleShare, evaluate_block
from mumei.trustee.cluster import ClusterEngine
from mumei.trustee.engine import Engine, LocalEngine
from mumei.trustee.evaluation_file import evaluation_files
from mumei.trustee.handles import feldman_points
from mumei.trustee.points import PointSet
from mumei_core.crypto.hash_to_curve import slot_point
from mumei_core.crypto.sharing.check_evaluation import check_evaluation
from mumei_core.crypto.sharing.evaluation import Evaluation, evaluation_length
from mumei_core.errors import HostEnvironmentError, UsageError

FEW = PointSet(epoch=EPOCH, contexts=(b"forum.example", b"shop.example"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler and two worker processes, on loopback, for these tests only."""
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install 'mumei[cluster]'"
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def shares_of(world: World, count: int, index: int) -> tuple[HandleShare, ...]:
    cards = [world.card() for _ in range(count)]
    keys = world.trustees[index - 1].keys
    return tuple(
        HandleShare(
            digest=card.sealed.digest,
            feldman=card.sealed.points,
            share=card.sealed.open_share(keys.sealing, index),
        )
        for card in cards
    )


def check(block: Block, octets: bytes) -> None:
    length = evaluation_length(len(block.points))
    assert len(octets) == length * len(block.handles)
    for place, handle in enumerate(block.handles):
        evaluation = Evaluation.from_octets(octets[place * length : (place + 1) * length])
        F = feldman_points(handle.feldman)
        check_evaluation(evaluation, block.index, F, block.points.points(), n=3)


def test_tables_and_single_multiplications_give_right_answers(world: World) -> None:
    """Blocks of 96 handles and more are computed with a table for each point."""
    for count in (2, 100):
        block = Block(points=FEW, index=2, trustees=bytes(32), handles=shares_of(world, count, 2))
        check(block, evaluate_block(block))


def test_a_cluster_evaluates_as_this_machine_does(world: World, scheduler: str) -> None:
    trustee = world.trustees[0]
    for _ in range(3):
        work.approve(trustee.folder, trustee.keys, case_of(world.card()), day=TODAY)
    result = work.evaluate_epoch(
        trustee.folder,
        trustee.keys,
        EPOCH,
        trustee.out,
        day=TODAY,
        engine=ClusterEngine(scheduler),
        block_size=1,
    )
    assert (result.multiplications, len(result.files)) == (3 * 1024, 3)
    assert {len(file.handles) for file in evaluation_files([trustee.out])} == {1}
    points = PointSet(epoch=EPOCH).points()
    handles = {
        each.case.handles[0].handle.digest: each.case.handles[0].handle for each in trustee.folder.cases()
    }
    for file in evaluation_files([trustee.out]):
        F = feldman_points(handles[file.handles[0]].points)
        check_evaluation(Evaluation.from_octets(file.read(0)), 1, F, points, n=3)


def test_several_processes_check_and_combine(world: World) -> None:
    card = world.card()
    case = case_of(card)
    world.authority.take_case(case)
    two = LocalEngine(2)
    for trustee in world.trustees[:2]:
        work.approve(trustee.folder, trustee.keys, case, day=TODAY)
        work.evaluate_epoch(trustee.folder, trustee.keys, EPOCH, trustee.out, day=TODAY, engine=two)
    sources = [trustee.out for trustee in world.trustees[:2]]
    result = combine_epoch(world.authority, EPOCH, sources, day=TODAY, engine=two)
    assert (result.handles, result.lacking) == (1, ())
    points = PointSet(epoch=EPOCH)
    (file,) = entries_files(world.authority.combined(EPOCH), points)
    for place in (0, 517, 1023):
        token = (slot_point(EPOCH, *divmod(place, 16)) * card.secret).to_octets()
        assert file.column(place, {card.sealed.digest}) == [token[:16]]


def test_answers_come_in_the_order_of_the_jobs_and_few_wait(world: World, scheduler: str) -> None:
    engines: list[Engine] = [LocalEngine(1), LocalEngine(2), ClusterEngine(scheduler)]
    for engine in engines:
        made = 0

        def jobs() -> Iterator[int]:
            nonlocal made
            for number in range(-20, 20):
                made += 1
                yield number

        answers = engine.run(abs, jobs())
        assert next(iter(answers)) == (-20, 20)
        assert made <= 5
        assert list(answers) == [(number, abs(number)) for number in range(-19, 20)]


def test_shares_do_not_go_over_a_network_in_clear() -> None:
    with pytest.raises(UsageError, match="in clear"):
        ClusterEngine("tcp://head.example:8786")
    with pytest.raises(UsageError, match="no address"):
        ClusterEngine("head.example")


def test_a_scheduler_that_is_not_there_is_said() -> None:
    engine = ClusterEngine("tcp://127.0.0.1:1", patience=0.5)
    with pytest.raises(HostEnvironmentError, match="no scheduler answers"):
        list(engine.run(abs, [1]))


def test_a_block_shows_no_share() -> None:
    block = Block(
        points=FEW,
        index=1,
        trustees=bytes(32),
        handles=(HandleShare(digest=bytes(32), feldman=b"", share=123456789),),
    )
    assert "123456789" not in repr(block)
