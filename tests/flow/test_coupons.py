"""A card makes one coupon in every session, and no command's work tells what happened to it before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.fixtures import standard, world
from tests.fixtures.coupon_sessions import (
    AGE,
    ANSWER,
    BURNED,
    COUNTER,
    COUPON,
    DEVELOPMENT,
    ENDED,
    NOT_REPLACED,
    STANDARD,
    STORED,
    TOO_OLD,
    Profile,
    Session,
    both_profiles,
    coupon_of,
    cut,
    defect,
    enter,
    log_of,
    random_counter,
    visit,
    worn_out,
)
from tests.fixtures.watched import PowerCut, WatchedCard
from tests.fixtures.world import PIN

from mumei.authority.credentials import TerminalCredentials
from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal
from mumei.session.holder import Pin
from mumei.session.pace import establish
from mumei.terminal.access import CertificateAccess
from mumei_card.applet import coupons, questions
from mumei_card.applet import presentation as applet
from mumei_card.applet.coupons import RECORD_COUPON
from mumei_card.applet.records import RECORD_CREDENTIAL
from mumei_card.chip.counters import OperationCounters
from mumei_core.commands import codes
from mumei_core.commands.card_log import Outcome
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import CardRefused, TrustError

# One in every session


@both_profiles
def test_the_session_makes_one_and_the_presentation_uses_it(profile: Profile) -> None:
    card = profile.card()
    session = enter(card, profile.terminal())
    made = coupon_of(card).coupon
    drawn_under = coupon_of(card).number
    presentation = session.present()

    assert random_counter(card) == drawn_under + 1
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


@pytest.mark.parametrize("opened", [False, True], ids=["just powered", "opened by its holder"])
def test_where_no_terminal_is_on_its_way_in_a_card_does_nothing_with_its_secrets(opened: bool) -> None:
    card = STANDARD.card()
    channel = Channel(card)
    Application.identify(channel)
    if opened:
        establish(channel, Pin(PIN))
    before = card.records

    assert not card.kernel.idle()
    assert card.records == before
    assert card.kernel.counters.g1_multiplications == 0


class Thief(TerminalCredentials):
    """Has the certificate, and not its key."""

    def sign(self, message: bytes) -> bytes:
        return SigningKey.generate().sign(message)


def test_who_is_not_let_in_makes_the_card_compute_nothing() -> None:
    card, at = STANDARD.card(), STANDARD.terminal()
    assert isinstance(at.access, CertificateAccess)
    given = at.access.credentials
    thief = Thief(certificate=given.certificate, known=given.known, key=given.key)
    with pytest.raises(TrustError):
        enter(card, standard.with_statements(thief, at.parameters))

    assert card.work_of(codes.INS_EXTERNAL_AUTHENTICATE).g1_multiplications == 0
    assert RECORD_COUPON not in card.records


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
        broken.setattr(questions, "holder_settings", defect)
        assert refusal(session) == codes.SW_NO_DIAGNOSIS
    session.present()

    assert [entry.outcome for entry in log_of(card)] == [Outcome.PROVEN]


def refusal(session: Session) -> int | None:
    """The status word with which the card refuses."""
    with pytest.raises(CardRefused) as caught:
        session.present()
    return caught.value.sw


def test_a_stock_that_is_not_replaced_would_tell_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that saves itself the work where a coupon is left answers sooner after a torn session."""
    NOT_REPLACED.apply(monkeypatch)

    with pytest.raises(AssertionError):
        test_no_commands_work_tells_the_cards_past(DEVELOPMENT, idle=False)
