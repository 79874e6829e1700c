"""Coupons on the card: one in every session, used once, and no command's work tells what happened before."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import pytest
from tests.fixtures import standard, world
from tests.fixtures.watched import PowerCut, WatchedCard
from tests.fixtures.world import PIN, TODAY, Records, over
from tests.negative.mutants import Mutation

from mumei.session import credential, personalisation
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal
from mumei.session.holder import Pin, verify_pin
from mumei.session.pace import establish
from mumei.terminal.check import build_request
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei_card.applet import coupons
from mumei_card.applet import presentation as applet
from mumei_card.applet.coupons import RECORD_COUPON
from mumei_card.applet.records import RECORD_CREDENTIAL, StoredCoupon, StoredCredential
from mumei_card.chip.counters import OperationCounters
from mumei_card.errors import CardError
from mumei_core.commands import codes
from mumei_core.commands.card_log import LogEntry, Outcome
from mumei_core.commands.request import Request
from mumei_core.credential import Index
from mumei_core.crypto.curve import Point, R
from mumei_core.errors import CardRefused
from mumei_core.presentation.messages import Presentation

AGE = Question(predicates=(over(20),))
TOO_OLD = Question(predicates=(over(65),))
#: Multiplications of a coupon, and of an age check with one.
COUPON, ANSWER = 17, 6
#: Commits of a session: a coupon's counter, the coupon; counter with log entry and the coupon's end, the outcome.
COUNTER, STORED, BURNED, ENDED = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """``letting_in``: the last command before the request."""

    letting_in: int
    sample: Callable[[], Records]
    terminal_for: Callable[[Question], Terminal]

    def card(self) -> WatchedCard:
        """The card of somebody of 20 that has met no terminal."""
        return WatchedCard(self.sample())

    def terminal(self, question: Question = AGE) -> Terminal:
        """A shop that may ask this."""
        return self.terminal_for(question)


DEVELOPMENT = Profile(
    letting_in=codes.INS_DESCRIBE_TERMINAL, sample=world.sample_card, terminal_for=world.terminal_for
)
STANDARD = Profile(
    letting_in=codes.INS_EXTERNAL_AUTHENTICATE,
    sample=standard.sample_card,
    terminal_for=standard.terminal_for,
)
both_profiles = pytest.mark.parametrize("profile", [DEVELOPMENT, STANDARD], ids=["development", "standard"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A terminal has been let in. ``octets``: its request."""

    channel: Channel
    at: Terminal
    octets: bytes

    @property
    def request(self) -> Request:
        return Request.from_octets(self.octets)

    def present(self) -> Presentation:
        """The card's answer, verified. Raises what the session raises."""
        wire = credential.present(self.channel, self.octets)
        self.at.verifier.verify(self.octets, wire)
        return Presentation.from_octets(wire, self.request)


def enter(card: WatchedCard, at: Terminal, question: Question = AGE, *, idle: bool = False) -> Session:
    """A new session up to the request; ``idle``: the card has time before each command."""
    card.reset()
    channel = Channel(_Leisurely(card) if idle else card)
    Application.identify(channel)
    entry = at.access.enter(channel)
    request = build_request(at, question, secrets.token_bytes(32), TODAY, entry.binding)
    return Session(channel=channel, at=at, octets=request.to_octets())


class _Leisurely(world.Wire):
    """A reader that leaves the card time to work before each command."""

    def __init__(self, card: WatchedCard) -> None:
        super().__init__(card)
        self._watched = card

    def transmit(self, apdu: bytes) -> bytes:
        while self._watched.kernel.idle():
            pass
        return super().transmit(apdu)


def visit(card: WatchedCard, profile: Profile) -> Presentation:
    return enter(card, profile.terminal()).present()


def cut() -> NoReturn:
    raise PowerCut


def worn_out() -> NoReturn:
    raise CardError(codes.SW_MEMORY_FAILURE, "worn out")


def coupon_of(card: WatchedCard) -> StoredCoupon:
    """The coupon on file."""
    stored = StoredCredential.from_bytes(card.records[RECORD_CREDENTIAL])
    return StoredCoupon.from_bytes(card.records[RECORD_COUPON], domain=stored.domain)


def log_of(card: WatchedCard) -> tuple[LogEntry, ...]:
    """What the holder reads, in a session of the holder's own on a copy of the card."""
    copy = WatchedCard(card.records)
    channel = Channel(copy)
    if Application.identify(channel).profile == codes.PROFILE_DEVELOPMENT:
        verify_pin(channel, Pin(PIN))
    else:
        establish(channel, Pin(PIN))
    return read_log(channel)


# One in every session


@both_profiles
def test_the_session_makes_one_and_the_presentation_uses_it(profile: Profile) -> None:
    card = profile.card()
    session = enter(card, profile.terminal())
    made = coupon_of(card).coupon
    presentation = session.present()

    assert card.work_of(profile.letting_in).g1_multiplications == COUPON
    assert card.work_of(codes.INS_PRESENT).g1_multiplications == ANSWER
    assert (presentation.Abar, presentation.Bbar, presentation.D) == (
        made.init.Abar,
        made.init.Bbar,
        made.init.D,
    )
    assert RECORD_COUPON not in card.records


@both_profiles
def test_generators_are_counted_as_what_a_table_would_shorten(profile: Profile) -> None:
    """T2's eight and the digits' base: all before the request. The digit table's points are no constants."""
    card = profile.card()
    visit(card, profile)

    assert card.work_of(profile.letting_in).fixed_base_multiplications == 10
    assert card.work_of(codes.INS_PRESENT).fixed_base_multiplications == 0


PASTS: dict[str, Callable[[WatchedCard, Profile], object]] = {
    "has met nobody": lambda card, profile: None,
    "has answered": lambda card, profile: visit(card, profile),
    "was taken away before the request": lambda card, profile: enter(card, profile.terminal()),
    "was taken away five times": lambda card, profile: [enter(card, profile.terminal()) for _ in range(5)],
    "had time and was taken away": lambda card, profile: enter(card, profile.terminal(), idle=True),
    "could not prove": lambda card, profile: cannot_prove(card, profile),
    "was cut off at its coupon's counter": lambda card, profile: cut_off(card, profile, COUNTER),
    "was cut off at its coupon": lambda card, profile: cut_off(card, profile, STORED),
    "was cut off when its coupon was on file": lambda card, profile: cut_off(
        card, profile, STORED, done=True
    ),
    "was cut off before its counter": lambda card, profile: cut_off(card, profile, BURNED),
    "was cut off while it computed": lambda card, profile: cut_off(card, profile, BURNED, done=True),
    "was cut off before its answer": lambda card, profile: cut_off(card, profile, ENDED, done=True),
}


def cannot_prove(card: WatchedCard, profile: Profile) -> None:
    session = enter(card, profile.terminal(TOO_OLD), TOO_OLD)
    with pytest.raises(PresentationRefused) as caught:
        session.present()
    assert caught.value.refusal is Refusal.CANNOT_PROVE


def cut_off(card: WatchedCard, profile: Profile, commit: int, *, done: bool = False) -> None:
    """A session in which power fails at that commit."""
    with card.at_commit(commit, cut, done=done), pytest.raises(PowerCut):
        visit(card, profile)
    card.reset()


@both_profiles
@pytest.mark.parametrize("idle", [False, True], ids=["in haste", "with time"])
def test_no_commands_work_tells_the_cards_past(profile: Profile, idle: bool) -> None:
    """Every counter of every command, so the answer time too; where time is left, the idle work as well."""
    seen: dict[str, list[tuple[int, OperationCounters]]] = {}
    totals: dict[str, OperationCounters] = {}
    for past, happens in PASTS.items():
        card = profile.card()
        happens(card, profile)
        enter(card, profile.terminal(), idle=idle).present()
        seen[past] = [(command.ins, command.work) for command in card.counted]
        totals[past] = card.kernel.counters.copy()

    usual = seen["has met nobody"]
    assert {past: work for past, work in seen.items() if work != usual} == {}
    assert {past: work for past, work in totals.items() if work != totals["has met nobody"]} == {}


@both_profiles
def test_idle_time_takes_the_work_away_and_the_session_costs_the_same(profile: Profile) -> None:
    """Only inside a channel: a development card has none, and makes its coupon when it is told who asks."""
    hasty, leisurely = profile.card(), profile.card()
    enter(hasty, profile.terminal()).present()
    enter(leisurely, profile.terminal(), idle=True).present()

    assert leisurely.kernel.counters == hasty.kernel.counters
    worked = leisurely.work_of(profile.letting_in).g1_multiplications
    assert worked == (0 if profile is STANDARD else COUPON)
    assert leisurely.work_of(codes.INS_PRESENT) == hasty.work_of(codes.INS_PRESENT)


def test_without_a_channel_a_powered_card_does_nothing_with_its_secrets() -> None:
    card = STANDARD.card()
    Application.identify(Channel(card))
    before = card.records

    assert not card.kernel.idle()
    assert card.records == before
    assert card.kernel.counters.g1_multiplications == 0


def test_a_card_without_credential_has_nothing_to_make() -> None:
    card = WatchedCard(world.card_with_parameters())
    at = world.terminal_for(AGE)
    enter(card, at)

    assert RECORD_COUPON not in card.records
    assert card.work_of(codes.INS_DESCRIBE_TERMINAL).nvm_writes == 0


def test_a_credential_takes_the_coupon_of_the_one_before_away() -> None:
    """No command gives a second credential yet; were there one, its STORE CREDENTIAL would be this commit."""
    donor = WatchedCard(world.sample_card())
    enter(donor, world.terminal_for(AGE))
    stray = {RECORD_COUPON: donor.records[RECORD_COUPON]}
    card = WatchedCard({**world.card_with_parameters(), **stray})
    channel = Channel(card)
    Application.select(channel)
    issued = world.credential_for(channel, world.residents()[0])
    assert RECORD_COUPON in card.records
    personalisation.store_credential(channel, issued)

    assert RECORD_CREDENTIAL in card.records
    assert RECORD_COUPON not in card.records


def test_a_terminal_that_saw_the_card_issued_gets_an_answer_all_the_same() -> None:
    """No coupon was made, for there was no credential: all is computed there and then."""
    card = WatchedCard(world.card_with_parameters())
    session = enter(card, world.terminal_for(AGE))
    personalisation.store_credential(
        session.channel, world.credential_for(session.channel, world.residents()[0])
    )
    session.present()

    assert card.work_of(codes.INS_PRESENT).g1_multiplications == COUPON + ANSWER


@both_profiles
@pytest.mark.parametrize("commit", [COUNTER, STORED])
def test_memory_that_takes_no_coupon_is_no_reason_to_refuse(profile: Profile, commit: int) -> None:
    card = profile.card()
    with card.at_commit(commit, worn_out):
        session = enter(card, profile.terminal())
    session.present()

    assert card.work_of(codes.INS_PRESENT).g1_multiplications == COUPON + ANSWER


def test_idle_work_that_fails_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    card, at = STANDARD.card(), STANDARD.terminal()
    with monkeypatch.context() as broken:
        broken.setattr(coupons, "prepare", defect)
        session = enter(card, at, idle=True)
        assert not card.kernel.idle()
    session.present()

    assert card.work_of(codes.INS_PRESENT).g1_multiplications == COUPON + ANSWER
    assert visit(card, STANDARD)


# A defect of the card's own


@both_profiles
@pytest.mark.parametrize("where", ["present", "StoredDigitTable"])
def test_a_fault_after_the_commit_uses_the_sessions_presentation_up(
    monkeypatch: pytest.MonkeyPatch, profile: Profile, where: str
) -> None:
    card = profile.card()
    session = enter(card, profile.terminal())
    with monkeypatch.context() as broken:
        broken.setattr(applet, where, defect)
        assert refusal(session) == codes.SW_NO_DIAGNOSIS

    assert RECORD_COUPON not in card.records
    assert refusal(session) == codes.SW_NO_CURRENT_FILE
    assert [entry.outcome for entry in log_of(card)] == [Outcome.INTERRUPTED]
    assert visit(card, profile)


def test_a_fault_before_the_commit_uses_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    card = DEVELOPMENT.card()
    session = enter(card, DEVELOPMENT.terminal())
    with monkeypatch.context() as broken:
        broken.setattr(applet, "holder_settings", defect)
        assert refusal(session) == codes.SW_NO_DIAGNOSIS
    session.present()

    assert [entry.outcome for entry in log_of(card)] == [Outcome.PROVEN]


def refusal(session: Session) -> int | None:
    """The status word with which the card refuses."""
    with pytest.raises(CardRefused) as caught:
        session.present()
    return caught.value.sw


def defect(*_: object, **__: object) -> NoReturn:
    raise RuntimeError


# Used once


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
NOT_REPLACED = Mutation(
    owner=coupons,
    name="make",
    old="if stored is None or SESSION_COUPON in session:",
    new="if stored is None or context.nvm.get(RECORD_COUPON) is not None:",
)
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


def test_a_stock_that_is_not_replaced_would_tell_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that saves itself the work where a coupon is left answers sooner after a torn session."""
    NOT_REPLACED.apply(monkeypatch)

    with pytest.raises(AssertionError):
        test_no_commands_work_tells_the_cards_past(DEVELOPMENT, idle=False)


def test_a_coupon_of_another_session_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    NOT_THE_SESSIONS.apply(monkeypatch)

    assert same_coupon_twice(COUNTER)
