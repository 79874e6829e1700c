"""A coupon meets one challenge: whatever is cut, put back or forgotten, no random serves two."""

from __future__ import annotations

import pytest
from tests.fixtures.coupon_sessions import (
    BURNED,
    COUNTER,
    DEVELOPMENT,
    ENDED,
    NOT_REPLACED,
    STORED,
    Profile,
    both_profiles,
    coupon_of,
    cut,
    enter,
    visit,
    worn_out,
)
from tests.fixtures.watched import PowerCut, WatchedCard
from tests.fixtures.world import Records
from tests.negative.mutants import Mutation

from mumei_card.applet import coupons
from mumei_card.applet import presentation as applet
from mumei_card.applet.coupons import RECORD_COUPON
from mumei_card.applet.records import RECORD_CREDENTIAL, StoredCoupon, StoredCredential
from mumei_core.credential import Index
from mumei_core.crypto.curve import Point, R
from mumei_core.presentation.messages import Presentation


@both_profiles
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("commit", [COUNTER, STORED, BURNED, ENDED])
def test_a_cut_wastes_a_coupon_and_never_uses_one_twice(profile: Profile, commit: int, done: bool) -> None:
    assert_used_once(profile, commit, done=done)


def assert_used_once(profile: Profile, commit: int, *, done: bool) -> None:
    """Power fails at a commit; whatever that leaves, nothing drawn before is shown after it."""
    card = profile.card()
    with card.at_commit(commit, cut, done=done), pytest.raises(PowerCut):
        visit(card, profile)
    # From the commit that begins the presentation on there is none.
    burned = commit == ENDED or (commit == BURNED and done)
    left = coupon_of(card) if RECORD_COUPON in card.records else None
    assert (left is not None) == (not burned and (commit, done) > (STORED, False))
    numbers = {left.number} if left else set()
    points = shown_points(left) if left else set()
    for _ in range(3):
        session = enter(card, profile.terminal())
        made = coupon_of(card)
        assert made.number not in numbers
        numbers.add(made.number)
        presentation = session.present()
        assert points.isdisjoint({presentation.Abar, presentation.Bbar, presentation.D})
        points |= shown_points(made)


def shown_points(stored: StoredCoupon) -> set[Point]:
    init = stored.coupon.init
    return {init.Abar, init.Bbar, init.D}


def secret_from(first: Presentation, second: Presentation) -> int:
    """The nym secret, if both answers have its blinding in common."""
    difference = first.m_hat[Index.NYM_SECRET] - second.m_hat[Index.NYM_SECRET]
    return difference * pow(first.c - second.c, -1, R) % R


def nym_secret(records: Records) -> int:
    return StoredCredential.from_bytes(records[RECORD_CREDENTIAL]).messages[Index.NYM_SECRET]


def test_memory_that_is_put_back_brings_no_coupon_back() -> None:
    """Not even where the card then cannot write, so that the old coupon stays on file."""
    assert not same_coupon_twice(STORED)
    assert not same_coupon_twice(COUNTER)


def same_coupon_twice(worn_at: int) -> bool:
    """Whether two copies of a card that was torn with a coupon on file, and cannot write then, give the secret."""
    card = DEVELOPMENT.card()
    enter(card, DEVELOPMENT.terminal())
    answers = []
    for _ in range(2):
        copy = WatchedCard(card.records)
        with copy.at_commit(worn_at, worn_out):
            session = enter(copy, DEVELOPMENT.terminal())
        answers.append(session.present())
    return secret_from(*answers) == nym_secret(card.records)


# The guards, and what happens without them

NOT_DESTROYED = Mutation(owner=applet, name="_present", old=", **coupons.DESTROYED", new="")
NOT_THE_SESSIONS = Mutation(
    owner=coupons,
    name="sessions_coupon",
    old="if stored.number == context.security_status.session.get(SESSION_COUPON) else None",
    new="",
)


def two_visits_give_the_secret() -> bool:
    card = DEVELOPMENT.card()
    return secret_from(visit(card, DEVELOPMENT), visit(card, DEVELOPMENT)) == nym_secret(card.records)


@pytest.mark.parametrize(
    "kept",
    [None, NOT_DESTROYED, NOT_REPLACED, NOT_THE_SESSIONS],
    ids=["none is left", "destroyed", "replaced", "only the session's own"],
)
def test_only_without_all_three_guards_two_visits_give_the_secret(
    monkeypatch: pytest.MonkeyPatch, kept: Mutation | None
) -> None:
    for mutation in (NOT_DESTROYED, NOT_REPLACED, NOT_THE_SESSIONS):
        if mutation is not kept:
            mutation.apply(monkeypatch)

    assert two_visits_give_the_secret() == (kept is None)


def test_a_coupon_that_is_not_destroyed_before_it_is_used_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    NOT_DESTROYED.apply(monkeypatch)

    with pytest.raises(AssertionError):
        assert_used_once(DEVELOPMENT, BURNED, done=True)


def test_a_coupon_of_another_session_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    NOT_THE_SESSIONS.apply(monkeypatch)

    assert same_coupon_twice(COUNTER)
