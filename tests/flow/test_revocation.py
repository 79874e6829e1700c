"""A reported card is refused, another is not, and a terminal that cannot know says so (mumei protocol 2.5, 2.7)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.fixtures import revocation, standard, world
from tests.fixtures.revocation import Publisher
from tests.fixtures.world import (
    HANAKO_20_TODAY,
    ICHIRO_67,
    PIN,
    SAYURI_TOKYO,
    TODAY,
    Records,
    Wire,
    in_memory,
    over,
)

from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question
from mumei.terminal.revocation_check import Rule
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import Outcome, Reason, RevocationState
from mumei_core.commands import codes
from mumei_core.epochs import bucket_of
from mumei_core.errors import AnsweredAlreadyError, CardRemovedError

AGE = Question(predicates=(over(20),))
EVERYTHING = Question(predicates=(over(20),), prefecture=world.GIFU, pseudonym=True)
MONDAY = TODAY
NEXT_MONDAY = TODAY + timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of both profiles. ``exchanges``: of a visit with a token, after SELECT."""

    publisher: Publisher
    card: Callable[[int], Records]
    terminal: Callable[..., Terminal]
    exchanges: int


SIDES = {
    "development": Side(
        publisher=revocation.DEVELOPMENT, card=world.sample_card, terminal=world.terminal, exchanges=4
    ),
    "standard": Side(
        publisher=revocation.STANDARD, card=standard.sample_card, terminal=standard.terminal, exchanges=15
    ),
}


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    yield SIDES[request.param]


def ask(
    records: Records, question: Question, at: Terminal, *, today: date = TODAY, pin: str | None = None
) -> Visit:
    with in_memory(records) as card:
        return visit(
            Channel(card.connection), at, question, today=today, ask_pin=lambda: Pin(pin) if pin else None
        )


def shop(side: Side, *, context: str = "sake.example") -> Terminal:
    return side.terminal(over(20), show=(1,), pseudonym=True, context=context)


def settled(answer: Visit) -> tuple[Outcome, Reason, RevocationState]:
    return answer.verdict.outcome, answer.verdict.reason, answer.verdict.revocation.state


REFUSED = (Outcome.DENY, Reason.REPORTED, RevocationState.REPORTED)
ACCEPTED = (Outcome.ACCEPT, Reason.PROVEN, RevocationState.NOT_REPORTED)


@pytest.mark.parametrize(
    "question", [AGE, EVERYTHING, Question(pseudonym=True)], ids=["age", "all", "pseudonym"]
)
def test_a_reported_card_is_refused_and_another_is_not(
    tmp_path: Path, side: Side, question: Question
) -> None:
    lost, mine = side.card(ICHIRO_67), side.card(HANAKO_20_TODAY)
    at = side.publisher.informed(shop(side), tmp_path, lost)
    answer = ask(lost, question, at)
    assert settled(answer) == REFUSED
    assert (
        "this card was reported" in answer.verdict.text() and "revocation: reported" in answer.verdict.text()
    )
    assert (answer.verdict.proven, answer.verdict.disclosed, answer.verdict.pseudonym) == ((), {}, None)
    accepted = ask(mine, question, at)
    assert settled(accepted) == ACCEPTED
    assert "revocation: not reported (week of 2026-11-23, list 1)" in accepted.verdict.text()


def test_a_report_counts_before_where_the_holder_lives(tmp_path: Path, side: Side) -> None:
    elsewhere = side.card(SAYURI_TOKYO)
    at = side.publisher.informed(shop(side), tmp_path, elsewhere)
    assert settled(ask(elsewhere, Question(prefecture=world.GIFU), at)) == REFUSED


def test_a_token_takes_one_exchange_more(tmp_path: Path, side: Side) -> None:
    at = side.publisher.informed(shop(side), tmp_path)
    counts = []
    for terminal in (shop(side), at):
        with in_memory(side.card(HANAKO_20_TODAY)) as card:
            wire = Wire(card.connection)
            answer = visit(Channel(wire), terminal, AGE, today=TODAY)
            assert answer.verdict.outcome is Outcome.ACCEPT and answer.wire is not None
            counts.append((wire.exchanges, len(answer.wire)))
    (without, plain), (with_token, longer) = counts
    assert (with_token - 1, with_token - without, longer - plain) == (side.exchanges, 1, 65)


def test_a_terminal_without_lists_says_that_it_did_not_check(side: Side) -> None:
    answer = ask(side.card(HANAKO_20_TODAY), AGE, shop(side))
    assert settled(answer) == (Outcome.ACCEPT, Reason.PROVEN, RevocationState.NOT_CHECKED)
    assert "revocation: not checked" in answer.verdict.text()


@pytest.fixture
def development() -> Side:
    return SIDES["development"]


class TestWeeks:
    def test_reported_this_week_refused_from_monday_on(self, tmp_path: Path, side: Side) -> None:
        card = side.card(HANAKO_20_TODAY)
        this_week = side.publisher.informed(shop(side), tmp_path)
        assert settled(ask(card, AGE, this_week)) == ACCEPTED
        next_week = side.publisher.informed(shop(side), tmp_path, card, day=NEXT_MONDAY)
        assert settled(ask(card, AGE, next_week, today=NEXT_MONDAY)) == REFUSED
        # What was shown in the week before is in no list: it joins nothing.
        assert settled(ask(card, AGE, next_week)) == ACCEPTED

    def test_a_terminal_may_be_a_week_behind_and_says_so(self, tmp_path: Path, side: Side) -> None:
        card, lost = side.card(HANAKO_20_TODAY), side.card(ICHIRO_67)
        at = side.publisher.informed(shop(side), tmp_path, lost)
        last = NEXT_MONDAY + timedelta(days=6)
        answer = ask(card, AGE, at, today=last)
        assert settled(answer) == ACCEPTED and answer.verdict.revocation.behind
        assert "a week behind" in answer.verdict.text()
        assert settled(ask(lost, AGE, at, today=last)) == REFUSED

    def test_unless_it_wants_this_weeks_list(self, tmp_path: Path, development: Side) -> None:
        at = development.publisher.informed(shop(development), tmp_path, rule=Rule.CURRENT)
        card = development.card(HANAKO_20_TODAY)
        assert settled(ask(card, AGE, at)) == ACCEPTED
        late = ask(card, AGE, at, today=NEXT_MONDAY)
        assert (late.verdict.outcome, late.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.OLD_LIST)

    def test_the_newest_week_is_taken_of_two(self, tmp_path: Path, development: Side) -> None:
        card = development.card(HANAKO_20_TODAY)
        development.publisher.informed(shop(development), tmp_path)
        at = development.publisher.informed(shop(development), tmp_path, card, day=NEXT_MONDAY)
        assert settled(ask(card, AGE, at, today=NEXT_MONDAY)) == REFUSED


class TestCannotDecide:
    """No card is asked where the terminal knows before that it could not decide."""

    def undecided(
        self, at: Terminal, reason: Reason, *, today: date = TODAY, question: Question = AGE
    ) -> Visit:
        with in_memory(world.sample_card()) as card:
            wire = Wire(card.connection)
            answer = visit(Channel(wire), at, question, today=today)
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, reason)
        assert (wire.exchanges, answer.wire, answer.request, answer.entry) == (0, None, b"", None)
        assert answer.verdict.advice and f"what to do: {answer.verdict.advice}" in answer.verdict.text()
        return answer

    def test_lists_are_required_and_were_never_taken_in(self, tmp_path: Path, development: Side) -> None:
        at = shop(development)
        check = development.publisher.open(at, tmp_path).check(Rule.REQUIRED)
        self.undecided(replace(at, revocation=check), Reason.NO_LIST)

    def test_lists_of_a_week_whose_statement_is_not_here(self, tmp_path: Path, development: Side) -> None:
        at = shop(development)
        opened = development.publisher.open(at, tmp_path / "terminal")
        context = at.rights.rp_context
        before = MONDAY - timedelta(days=7)
        development.publisher.statement(tmp_path / "stick", context)
        development.publisher.lists(tmp_path / "stick", context, day=before)
        opened.folder.mkdir()
        opened.take_in(tmp_path / "stick", MONDAY)
        self.undecided(replace(at, revocation=opened.check()), Reason.OLD_LIST)

    def test_lists_ran_out_and_are_not_forgotten(self, tmp_path: Path, development: Side) -> None:
        at = development.publisher.informed(shop(development), tmp_path)
        opened = development.publisher.open(at, tmp_path / "terminal")
        later = MONDAY + timedelta(days=21)
        stick = tmp_path / "later"
        development.publisher.statement(stick, at.rights.rp_context, day=later)
        opened.take_in(stick, later)
        assert opened.rule is Rule.REQUIRED
        self.undecided(replace(at, revocation=opened.check()), Reason.OLD_LIST, today=later)

    @pytest.mark.parametrize(
        ("days", "reason"),
        [
            pytest.param(-1, Reason.STATEMENT_NOT_YET, id="a day early"),
            pytest.param(14, Reason.STATEMENT_TOO_OLD, id="a day late"),
        ],
    )
    def test_the_clock_is_wrong_by_a_day(self, tmp_path: Path, days: int, reason: Reason) -> None:
        side = SIDES["standard"]
        at = side.publisher.informed(shop(side), tmp_path, rule=Rule.OFF)
        wrong = MONDAY + timedelta(days=days)
        self.undecided(at, reason, today=wrong)
        right = wrong + timedelta(days=1 if days < 0 else -1)
        assert ask(side.card(HANAKO_20_TODAY), AGE, at, today=right).verdict.outcome is Outcome.ACCEPT

    def test_no_statement_and_a_date_is_asked(self, tmp_path: Path) -> None:
        side = SIDES["standard"]
        at = shop(side)
        bare = replace(at, revocation=side.publisher.open(at, tmp_path).check())
        self.undecided(bare, Reason.NO_STATEMENT)
        shown = ask(side.card(HANAKO_20_TODAY), Question(prefecture=world.GIFU), bare)
        assert shown.verdict.outcome is Outcome.ACCEPT

    def test_the_list_of_this_cards_slot_is_not_here(self, tmp_path: Path, development: Side) -> None:
        at = development.publisher.informed(shop(development), tmp_path)
        for path in (tmp_path / "terminal" / "lists").rglob("*.list"):
            path.unlink()
        answer = ask(development.card(HANAKO_20_TODAY), AGE, at)
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.NO_LIST)
        assert (answer.verdict.proven, answer.verdict.revocation.state) == ((), RevocationState.UNKNOWN)
        assert "slot" in answer.verdict.detail

    def test_a_list_that_was_altered_on_the_disk(self, tmp_path: Path, development: Side) -> None:
        at = development.publisher.informed(shop(development), tmp_path)
        for path in (tmp_path / "terminal" / "lists").rglob("*.list"):
            path.write_bytes(path.read_bytes()[:-16])
        answer = ask(development.card(HANAKO_20_TODAY), AGE, at)
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.NO_LIST)

    def test_if_present_serves_without_and_says_so(self, tmp_path: Path, development: Side) -> None:
        at = shop(development)
        lenient = replace(at, revocation=development.publisher.open(at, tmp_path).check(Rule.IF_PRESENT))
        answer = ask(development.card(HANAKO_20_TODAY), AGE, lenient)
        assert settled(answer) == (Outcome.ACCEPT, Reason.PROVEN, RevocationState.NOT_CHECKED)
        card = development.card(ICHIRO_67)
        informed = development.publisher.informed(at, tmp_path, card, rule=Rule.IF_PRESENT)
        assert settled(ask(card, AGE, informed)) == REFUSED


def same_bucket(count: int) -> list[str]:
    """Contexts of relying parties that share one bucket."""
    bucket = bucket_of(b"shop-0.example")
    names = (f"shop-{number}.example" for number in itertools.count())
    return list(itertools.islice((name for name in names if bucket_of(name.encode()) == bucket), count))


class TestSlots:
    def test_twelve_a_week_and_then_the_pin(self, tmp_path: Path, development: Side) -> None:
        at = development.publisher.informed(shop(development), tmp_path)
        asked: list[None] = []

        def pin() -> Pin:
            asked.append(None)
            return Pin(PIN)

        with in_memory(development.card(HANAKO_20_TODAY)) as card:
            channel = Channel(card.connection)
            for _ in range(12):
                assert settled(visit(channel, at, AGE, today=TODAY)) == ACCEPTED
            declined = visit(channel, at, AGE, today=TODAY)
            assert declined.verdict.reason is Reason.NO_CONSENT
            assert settled(visit(channel, at, AGE, today=TODAY, ask_pin=pin)) == ACCEPTED
        assert len(asked) == 1

    def test_none_left(self, tmp_path: Path, development: Side) -> None:
        first, second, third = (
            development.publisher.informed(shop(development, context=context), tmp_path / context)
            for context in make_folders(tmp_path, same_bucket(3))
        )
        with in_memory(development.card(HANAKO_20_TODAY)) as card:
            channel = Channel(card.connection)
            for at, visits in ((first, 12), (second, 4)):
                for _ in range(visits):
                    assert settled(visit(channel, at, AGE, today=TODAY)) == ACCEPTED
            answer = visit(channel, third, AGE, today=TODAY)
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.NO_SLOT)
        assert "Monday" in answer.verdict.advice

    @pytest.mark.parametrize("ins", [codes.INS_PREPARE, codes.INS_PRESENT], ids=["PREPARE", "PRESENT"])
    def test_a_reader_that_sends_it_twice(self, tmp_path: Path, development: Side, ins: int) -> None:
        class Stutter(Wire):
            """The first answer is lost on its way."""

            def transmit(self, apdu: bytes) -> bytes:
                if apdu[1] == ins:
                    super().transmit(apdu)
                return super().transmit(apdu)

        at = development.publisher.informed(shop(development), tmp_path)
        with in_memory(development.card(HANAKO_20_TODAY)) as card:
            with pytest.raises(AnsweredAlreadyError):
                visit(Channel(Stutter(card.connection)), at, AGE, today=TODAY)
            assert settled(visit(Channel(card.connection), at, AGE, today=TODAY)) == ACCEPTED

    @pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
    @pytest.mark.parametrize("exchange", [4, 5], ids=["PREPARE", "PRESENT"])
    def test_a_card_pulled_between_burns_a_slot_and_answers_the_next_time(
        self, tmp_path: Path, development: Side, exchange: int, before: bool
    ) -> None:
        at = development.publisher.informed(shop(development), tmp_path)
        with in_memory(development.card(HANAKO_20_TODAY)) as card:
            for _ in range(11):
                with pytest.raises(CardRemovedError):
                    visit(
                        Channel(Wire(card.connection, cut_at=exchange, before=before)), at, AGE, today=TODAY
                    )
                card.connection.reset()
            assert settled(visit(Channel(card.connection), at, AGE, today=TODAY)) == ACCEPTED

    def test_a_card_whose_memory_is_full_has_no_want_of_slots(self, development: Side) -> None:
        class Full(Wire):
            """Answers PRESENT as a card whose memory is full."""

            def transmit(self, apdu: bytes) -> bytes:
                return b"\x6a\x84" if apdu[1] == codes.INS_PRESENT else super().transmit(apdu)

        with in_memory(development.card(HANAKO_20_TODAY)) as card:
            answer = visit(Channel(Full(card.connection)), shop(development), AGE, today=TODAY)
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.CARD_REFUSED)
        assert "memory is full" in answer.verdict.detail


def make_folders(folder: Path, names: list[str]) -> list[str]:
    for name in names:
        (folder / name).mkdir()
    return names


class TestRecognise:
    """A terminal with that right asks under its own point, and needs a list of its own."""

    def test_reported_and_not(self, tmp_path: Path, side: Side) -> None:
        lost = side.card(ICHIRO_67)
        forum = side.terminal(over(20), recognise=True, context="forum.example")
        at = side.publisher.informed(forum, tmp_path, lost)
        assert settled(ask(lost, AGE, at)) == REFUSED
        assert settled(ask(side.card(HANAKO_20_TODAY), AGE, at)) == ACCEPTED

    def test_the_same_card_until_sunday_and_nowhere_else(self, tmp_path: Path, side: Side) -> None:
        def mark(context: str, card: Records, day: date) -> bytes:
            folder = tmp_path / context / day.isoformat()
            folder.mkdir(parents=True, exist_ok=True)
            forum = side.terminal(over(20), recognise=True, context=context)
            at = side.publisher.informed(forum, folder, day=day)
            found = ask(card, AGE, at, today=day).verdict
            assert found.week_mark is not None and found.week_mark.hex() in found.text()
            return found.week_mark

        mine, other = side.card(HANAKO_20_TODAY), side.card(ICHIRO_67)
        sunday = NEXT_MONDAY - timedelta(days=1)
        marks = [mark("forum.example", mine, TODAY), mark("forum.example", mine, sunday)]
        assert marks[0] == marks[1]
        marks += [
            mark("forum.example", other, TODAY),
            mark("forum.example", mine, NEXT_MONDAY),
            mark("library.example", mine, TODAY),
        ]
        assert len(set(marks)) == 4

    def test_who_may_not_is_told_no_mark(self, tmp_path: Path, development: Side) -> None:
        at = development.publisher.informed(shop(development), tmp_path)
        assert ask(development.card(HANAKO_20_TODAY), AGE, at).verdict.week_mark is None

    def test_lists_of_slots_do_not_serve(self, tmp_path: Path, development: Side) -> None:
        forum = development.terminal(over(20), recognise=True, context="forum.example")
        stick = development.publisher.week(tmp_path / "stick", forum.rights.rp_context)
        opened = development.publisher.open(forum, tmp_path / "terminal")
        opened.folder.mkdir()
        opened.take_in(stick, TODAY)
        answer = ask(development.card(HANAKO_20_TODAY), AGE, replace(forum, revocation=opened.check()))
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.NO_LIST)
