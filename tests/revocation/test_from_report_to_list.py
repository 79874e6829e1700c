"""A reported card, from the trustees' envelopes to the list that a terminal asks, and all who stay off it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.revocation.world import AUTHORITY, EPOCH, TODAY, Card, Trustee, World, case_of, make_world

from mumei.revocation import combining
from mumei.revocation.publishing import last_number, publish
from mumei.revocation.store import ListStore
from mumei.trustee import work
from mumei.trustee.documents import CaseFile
from mumei.trustee.engine import LocalEngine
from mumei_core.crypto.hash_to_curve import recognise_point, slot_point
from mumei_core.errors import DataError, TrustError, UsageError

pytestmark = pytest.mark.usefixtures("four_buckets")
NEXT = EPOCH + 1
MONDAY = TODAY + 7
SHOP = b"shop.example"
HERE = LocalEngine(1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def evaluate(trustee: Trustee, epoch: int = NEXT, *, day: int = TODAY, **more: object) -> work.Evaluated:
    return work.evaluate_epoch(
        trustee.folder,
        trustee.keys,
        epoch,
        trustee.out,
        day=day,
        engine=HERE,
        **more,  # type: ignore[arg-type]
    )


def report(world: World, case: CaseFile, *trustees: int, epoch: int = NEXT, day: int = TODAY) -> None:
    """The case reaches the authority, and these trustees approve and evaluate it."""
    world.authority.take_case(case)
    for number in trustees:
        trustee = world.trustees[number - 1]
        work.approve(trustee.folder, trustee.keys, case, day=day)
        evaluate(trustee, epoch, day=day, contexts=world.authority.contexts())


def combine(world: World, *trustees: int, epoch: int = NEXT, day: int = TODAY) -> combining.Combined:
    sources = [world.trustees[number - 1].out for number in trustees]
    return combining.combine_epoch(world.authority, epoch, sources, day=day, engine=HERE)


def on_lists(world: World, card: Card, tmp_path: Path, *, epoch: int = NEXT, day: int = MONDAY) -> bool:
    """Whether a terminal finds the card, whatever slot it shows."""
    store = ListStore.open(tmp_path / "terminal", [AUTHORITY.point], bucket=3)
    place = world.authority.published(epoch)
    store.take_in(place / str(last_number(place)) / "full", day=day)
    found = {
        store.list_for(epoch, 3, k).holds((slot_point(epoch, 3, k) * card.secret).to_octets())
        for k in (0, 7, 15)
    }
    assert len(found) == 1
    return found.pop()


def test_two_of_three_trustees_revoke_and_nobody_else_is_touched(world: World, tmp_path: Path) -> None:
    lost, other = world.card(), world.card()
    world.authority.set_contexts([SHOP])
    report(world, case_of(lost), 1, 3)
    result = combine(world, 1, 3)
    assert (result.handles, result.wrong, result.lacking) == (2, (), ())
    published = publish(world.authority, NEXT, AUTHORITY, day=TODAY)
    assert (published.number, published.lists, published.cases, published.new) == (1, 4 * 16 + 1, 1, 1)
    assert on_lists(world, lost, tmp_path)
    assert not on_lists(world, other, tmp_path)
    recognise = ListStore.open(tmp_path / "shop", [AUTHORITY.point], rp_context=SHOP)
    recognise.take_in(Path(published.folder), day=MONDAY)
    token = (recognise_point(NEXT, SHOP) * lost.secret).to_octets()
    assert recognise.recognise_list(NEXT, SHOP).holds(token)


def test_one_trustee_is_not_enough(world: World) -> None:
    case = case_of(world.card())
    report(world, case, 2)
    result = combine(world, 2)
    with pytest.raises(DataError, match=rf"case {case.words} needs 2 trustees.*evaluations of: 2"):
        combining.require_whole(result)
    published = publish(world.authority, NEXT, AUTHORITY, day=TODAY)
    assert (published.cases, published.not_combined) == (0, (case.words,))


def test_a_wrong_share_is_named_and_others_do_without_it(world: World, tmp_path: Path) -> None:
    lost = world.card()
    case = case_of(lost)
    report(world, case, 1, 2, 3)
    file = next(world.trustees[0].out.iterdir())
    octets = bytearray(file.read_bytes())
    octets[-32:] = (5).to_bytes(32)
    file.write_bytes(octets)
    result = combine(world, 1, 2)
    assert [(each.case, each.trustee) for each in result.wrong] == [(case.words, 1)]
    assert [each.right for each in result.lacking] == [(2,)]
    with pytest.raises(TrustError, match=r"trustee 1 evaluated case .* wrongly"):
        combining.require_whole(result)
    whole = combine(world, 1, 2, 3)
    assert (whole.handles, whole.lacking) == (1, ())
    publish(world.authority, NEXT, AUTHORITY, day=TODAY)
    assert on_lists(world, lost, tmp_path)


def test_an_answer_that_is_none_keeps_no_other_from_counting(world: World, tmp_path: Path) -> None:
    lost = world.card()
    case = case_of(lost)
    report(world, case, 1, 2, 3)
    file = next(world.trustees[0].out.iterdir())
    file.write_bytes(file.read_bytes()[:-32] + bytes(32))
    whole = combine(world, 1, 2, 3)
    assert (whole.handles, whole.lacking) == (1, ())
    assert [(each.case, each.trustee) for each in whole.wrong] == [(case.words, 1)]
    publish(world.authority, NEXT, AUTHORITY, day=TODAY)
    assert on_lists(world, lost, tmp_path)


def test_the_same_answer_twice_is_not_two_trustees(world: World, tmp_path: Path) -> None:
    card, second = world.card(), world.card()
    report(world, case_of(card), 1)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in world.trustees[0].out.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    sources = [world.trustees[0].out, copy]
    result = combining.combine_epoch(world.authority, NEXT, sources, day=TODAY, engine=HERE)
    assert [each.right for each in result.lacking] == [(1,)]
    report(world, case_of(second), 1)
    (again,) = [file for file in world.trustees[0].out.iterdir() if not (copy / file.name).exists()]
    for file in world.trustees[0].out.iterdir():
        file.unlink() if file != again else None
    evaluate(world.trustees[0])
    again.unlink()
    evaluate(world.trustees[0], block_size=1)
    both = tmp_path / "both"
    work.evaluate_epoch(world.trustees[0].folder, world.trustees[0].keys, NEXT, both, day=TODAY, engine=HERE)
    with pytest.raises(DataError, match="trustee 1 evaluated the same card twice"):
        combining.combine_epoch(world.authority, NEXT, [world.trustees[0].out, both], day=TODAY, engine=HERE)


def test_an_evaluation_that_was_broken_off_goes_on(world: World) -> None:
    trustee = world.trustees[0]
    for card in (world.card(), world.card(), world.card()):
        work.approve(trustee.folder, trustee.keys, case_of(card), day=TODAY)
    seen: list[work.Pace] = []

    def stop(pace: work.Pace) -> None:
        seen.append(pace)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(trustee, block_size=1, pace=stop)
    assert (seen[0].done, seen[0].total) == (64, 3 * 64)
    result = evaluate(trustee, block_size=2)
    assert (result.already, result.multiplications, len(result.files)) == (1, 2 * 64, 1)
    assert evaluate(trustee).files == ()


def test_no_list_is_made_for_a_week_that_is_over_or_far_ahead(world: World) -> None:
    for epoch in (EPOCH - 1, EPOCH + 2):
        with pytest.raises(UsageError, match=f"epoch {epoch} is"):
            evaluate(world.trustees[0], epoch)
        with pytest.raises(UsageError):
            combine(world, 1, epoch=epoch)
        with pytest.raises(UsageError):
            publish(world.authority, epoch, AUTHORITY, day=TODAY)


def test_a_trustee_answers_for_approved_cases_only(world: World) -> None:
    report(world, case_of(world.card()), 1)
    result = evaluate(world.trustees[1])
    assert (result.handles, result.files) == (0, ())


def test_expired_and_found_cards_are_not_evaluated(world: World) -> None:
    trustee = world.trustees[0]
    card = world.card()
    expired, found = case_of(world.card(), valid_until=MONDAY - 1), case_of(card)
    last_day = case_of(world.card(), valid_until=MONDAY)
    for case in (expired, found, last_day):
        work.approve(trustee.folder, trustee.keys, case, day=TODAY)
    withdrawn = case_of(card, number=found.number, withdrawn=True)
    work.approve(trustee.folder, trustee.keys, withdrawn, day=TODAY)
    result = evaluate(trustee)
    assert (result.handles, result.expired, result.withdrawn) == (1, 1, 1)


def test_a_found_card_leaves_with_the_next_week(world: World, tmp_path: Path) -> None:
    card = world.card()
    case = case_of(card)
    report(world, case, 1, 2)
    combine(world, 1, 2)
    publish(world.authority, NEXT, AUTHORITY, day=TODAY)
    back = case_of(card, number=case.number, withdrawn=True)
    world.authority.take_case(back)
    for trustee in world.trustees[:2]:
        work.approve(trustee.folder, trustee.keys, back, day=MONDAY)
    assert publish(world.authority, NEXT, AUTHORITY, day=MONDAY).found == (case.words,)
    assert on_lists(world, card, tmp_path)
    for trustee in world.trustees[:2]:
        assert evaluate(trustee, NEXT + 1, day=MONDAY).handles == 0
    combine(world, 1, 2, epoch=NEXT + 1, day=MONDAY)
    assert publish(world.authority, NEXT + 1, AUTHORITY, day=MONDAY).cases == 0
    assert not on_lists(world, card, tmp_path, epoch=NEXT + 1, day=MONDAY + 7)


def test_all_handles_of_a_record_are_revoked(world: World, tmp_path: Path) -> None:
    old, renewed = world.card(), world.card()
    report(world, case_of(old, renewed), 2, 3)
    combine(world, 2, 3)
    publish(world.authority, NEXT, AUTHORITY, day=TODAY)
    assert on_lists(world, old, tmp_path)
    assert on_lists(world, renewed, tmp_path)
