"""Every command of the development profile that changes a card's state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Final

from tests.fixtures import statements, world
from tests.fixtures.world import NONCE, PIN, PUK, TODAY, TRANSPORT_PIN, WRONG_PIN, over
from tools.tear.invariants import Facts
from tools.tear.scenario import Scenario, expect
from tools.tear.watched import Records, WatchedCard

from mumei.session import credential, personalisation
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import (
    Pin,
    Puk,
    TransportPin,
    change_pin,
    pin_status,
    puk_status,
    unblock,
    verify_pin,
)
from mumei.session.settings import store_settings
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei_card.applet.records import RECORD_PENDING
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_core.commands.enrolment import IssuedCredential
from mumei_core.commands.request import Request
from mumei_core.commands.settings import HolderSettings
from mumei_core.credential import Index

OF_AGE: Final = Question(predicates=(over(20),))
TOO_OLD: Final = Question(predicates=(over(60),))
WITH_NAME: Final = Question(predicates=(over(18),), disclose=(Index.PREFECTURE,), pseudonym=True)
PROFILE: Final = "development"
_NEW_PIN = "161803"


def scenarios() -> Iterator[Scenario]:
    """All of them."""
    yield from _holder()
    yield from _issuing()
    yield from _presenting()


def selected(card: WatchedCard) -> Channel:
    """A new session, after SELECT."""
    card.reset()
    channel = card.connect()
    Application.select(channel)
    return channel


def with_tries(records: Records, name: str, tries: int) -> Records:
    """The same card with so many tries left."""
    password = replace(Password.from_bytes(records[name]), tries=tries)
    return {**records, name: password.to_bytes()}


def _own_card() -> Records:
    """Of a holder who has set the PIN; without tables, so that it is small."""
    return {**world.new_card(), RECORD_PIN: Password(tries=3, digits=PIN.encode()).to_bytes()}


def _pin_works(card: WatchedCard) -> None:
    """The holder gets in: with the PIN, old or new, or with the PUK where it is blocked."""
    channel = selected(card)
    status = pin_status(channel)
    if status.is_transport:
        change_pin(channel, TransportPin(TRANSPORT_PIN), Pin(PIN))
    elif status.is_blocked:
        unblock(channel, Puk(PUK), Pin(PIN))
    digits = Password.from_bytes(card.records[RECORD_PIN]).digits
    expect(digits in {PIN.encode(), _NEW_PIN.encode()}, "another PIN than the old or the new one")
    verify_pin(selected(card), Pin(digits.decode()))
    expect((puk_status(selected(card)).tries_left or 0) >= 9, "the cut cost more than one try of the PUK")


def _holder() -> Iterator[Scenario]:
    def holder(
        name: str,
        act: Callable[[Channel], object],
        *,
        records: Callable[[], Records] = _own_card,
        guess: str | None = RECORD_PIN,
        gives_back: frozenset[str] = frozenset(),
        enter: Callable[[WatchedCard], Channel] = selected,
        fills: bool = False,
        refused: bool = False,
    ) -> Scenario:
        return Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=enter,
            act=act,
            finish=_pin_works,
            guess=guess,
            gives_back=gives_back,
            fills=fills,
            refused=refused,
        )

    pin = frozenset({RECORD_PIN})

    def one_left() -> Records:
        return with_tries(_own_card(), RECORD_PIN, 1)

    def two_left() -> Records:
        return with_tries(_own_card(), RECORD_PIN, 2)

    def verify(digits: str) -> Callable[[Channel], object]:
        return lambda channel: verify_pin(channel, Pin(digits))

    yield holder("VERIFY, right", verify(PIN), gives_back=pin)
    yield holder("VERIFY, right after a wrong one", verify(PIN), records=two_left, gives_back=pin)
    yield holder("VERIFY, wrong", verify(WRONG_PIN), refused=True)
    yield holder("VERIFY, wrong, the last try", verify(WRONG_PIN), records=one_left, refused=True)
    yield holder("VERIFY, wrong, journal full", verify(WRONG_PIN), fills=True, refused=True)
    yield holder("VERIFY, right, journal full", verify(PIN), gives_back=pin, fills=True)
    yield holder(
        "CHANGE REFERENCE DATA, transport PIN",
        lambda channel: change_pin(channel, TransportPin(TRANSPORT_PIN), Pin(PIN)),
        records=world.new_card,
        gives_back=pin,
    )
    yield holder(
        "CHANGE REFERENCE DATA, right",
        lambda channel: change_pin(channel, Pin(PIN), Pin(_NEW_PIN)),
        records=two_left,
        gives_back=pin,
    )
    yield holder(
        "CHANGE REFERENCE DATA, wrong",
        lambda channel: change_pin(channel, Pin(WRONG_PIN), Pin(_NEW_PIN)),
        refused=True,
    )
    yield holder(
        "RESET RETRY COUNTER, right",
        lambda channel: unblock(channel, Puk(PUK), Pin(_NEW_PIN)),
        records=lambda: with_tries(_own_card(), RECORD_PIN, 0),
        guess=RECORD_PUK,
        gives_back=frozenset({RECORD_PIN, RECORD_PUK}),
    )
    yield holder(
        "RESET RETRY COUNTER, wrong",
        lambda channel: unblock(channel, Puk("8" * 8), Pin(_NEW_PIN)),
        guess=RECORD_PUK,
        refused=True,
    )
    yield holder(
        "SETTINGS",
        lambda channel: store_settings(channel, HolderSettings(always_pin=True)),
        enter=_verified,
        guess=None,
    )


def _verified(card: WatchedCard) -> Channel:
    channel = selected(card)
    verify_pin(channel, Pin(PIN))
    return channel


# Issuing


@cache
def _issued_to(records: tuple[tuple[str, bytes], ...]) -> tuple[Records, IssuedCredential]:
    """A card that has committed, and the credential made for it."""
    with world.in_memory(dict(records)) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        made = world.credential_for(channel, world.residents()[0])
        return world.records_of(card.nvm), made


def committed() -> tuple[Records, IssuedCredential]:
    """As :func:`_issued_to`, of the world's card with parameters."""
    return _issued_to(tuple(sorted(world.card_with_parameters().items())))


def _issue(card: WatchedCard) -> None:
    """Whatever the card has already, it comes to answer a question."""
    channel = selected(card)
    if "parameters" not in card.records:
        personalisation.store_parameters(channel, world.issuer().parameters.for_card(TODAY))
    if "credential" not in card.records:
        personalisation.store_credential(channel, world.credential_for(channel, world.residents()[0]))
    answers(card)


def _store_again(card: WatchedCard) -> None:
    """The office that lost the answer sends the same once more."""
    personalisation.store_credential(selected(card), committed()[1])
    answers(card)


def answers(card: WatchedCard, question: Question = OF_AGE) -> None:
    """The card answers a question, and its log has no gap."""
    before = int.from_bytes(card.records.get("log_sequence", b""))
    card.reset()
    verdict = visit(
        card.connect(), world.terminal_for(question), question, today=TODAY, ask_pin=lambda: Pin(PIN)
    ).verdict
    expect(verdict.outcome is Outcome.ACCEPT, f"the answer is {verdict.outcome.value}: {verdict.detail}")
    expect(int.from_bytes(card.records["log_sequence"]) == before + 1, "the log did not count the visit")


def _issuing() -> Iterator[Scenario]:
    yield Scenario(
        name="STORE DATA, parameters",
        profile=PROFILE,
        records=world.new_card,
        enter=selected,
        act=lambda channel: personalisation.store_parameters(
            channel, world.issuer().parameters.for_card(TODAY)
        ),
        finish=_issue,
    )
    yield Scenario(
        name="ENROL",
        profile=PROFILE,
        records=world.card_with_parameters,
        enter=selected,
        act=lambda channel: personalisation.enrol(channel, NONCE),
        finish=_issue,
    )
    yield Scenario(
        name="ENROL, another nonce",
        profile=PROFILE,
        records=lambda: committed()[0],
        enter=selected,
        act=lambda channel: personalisation.enrol(channel, bytes(32)),
        finish=_issue,
    )
    yield Scenario(
        name="STORE CREDENTIAL",
        profile=PROFILE,
        records=lambda: committed()[0],
        enter=selected,
        act=lambda channel: personalisation.store_credential(channel, committed()[1]),
        finish=_store_again,
        erases=(RECORD_PENDING,),
    )


# Presenting


def _described(question: Question) -> Callable[[WatchedCard], Channel]:
    def enter(card: WatchedCard) -> Channel:
        channel = _verified(card)
        credential.describe_terminal(channel, world.terminal_for(question).description_octets)
        return channel

    return enter


def _ask(question: Question) -> Callable[[Channel], object]:
    at = world.terminal_for(question)
    request = world.request_of(at, question)
    return lambda channel: statements.present(channel, at, request)


def _for_token(*, today: date = TODAY) -> Request:
    at = world.terminal_for(OF_AGE)
    return statements.with_token(at, world.request_of(at, OF_AGE, today=today))


def _prepare(request: Request) -> Callable[[Channel], int]:
    statement = statements.brought_by(world.terminal_for(OF_AGE), request) or b""
    return lambda channel: credential.prepare(channel, request.to_octets(), statement)


def _prepared(card: WatchedCard) -> tuple[Channel, int]:
    channel = _described(OF_AGE)(card)
    return channel, _prepare(_for_token())(channel)


def _bring(given: tuple[Channel, int]) -> bytes:
    channel, k = given
    tree = statements.tree()
    return credential.present_slot(channel, tree.points[k].to_uncompressed(), tree.path(k))


def _answers_with_another_slot(card: WatchedCard) -> None:
    """The next session shows a token under a slot that no session before has burned."""
    burned = Facts.of(card.records).slots
    channel = _described(OF_AGE)(card)
    statements.present_token(channel, world.terminal_for(OF_AGE), _for_token())
    now = Facts.of(card.records).slots
    expect(len(now) == len(burned) + 1 and now > burned, "the next session has shown a burned slot")
    _answers_and_tells(card)


def _answers_and_tells(card: WatchedCard) -> None:
    """The next session answers, and the holder can read the log."""
    answers(card)
    entries = read_log(_verified(card))
    newest = int.from_bytes(card.records["log_sequence"])
    expect(entries[0].sequence == newest, "the holder does not see the newest entry")


@cache
def _full_log() -> Records:
    """A card with 32 visits: the next entry replaces the first."""
    with world.in_memory(world.sample_card()) as card:
        for _ in range(33):
            channel = Channel(card.connection)
            channel.reset()
            visit(channel, world.terminal_for(OF_AGE), OF_AGE, today=TODAY, ask_pin=lambda: None)
        return world.records_of(card.nvm)


def _presenting() -> Iterator[Scenario]:
    for name, request in (
        ("PREPARE", _for_token()),
        ("PREPARE, the week is new", _for_token(today=TODAY + timedelta(days=7))),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=world.sample_card,
            enter=_described(OF_AGE),
            act=_prepare(request),
            finish=_answers_with_another_slot,
        )
    yield Scenario(
        name="PRESENT, prepared",
        profile=PROFILE,
        records=world.sample_card,
        enter=_prepared,
        act=_bring,
        finish=_answers_with_another_slot,
    )
    yield Scenario(
        name="DESCRIBE TERMINAL",
        profile=PROFILE,
        records=world.sample_card,
        enter=selected,
        act=lambda channel: credential.describe_terminal(
            channel, world.terminal_for(OF_AGE).description_octets
        ),
        finish=_answers_and_tells,
    )
    for name, question, records, fills in (
        ("PRESENT, proven", OF_AGE, world.sample_card, False),
        ("PRESENT, cannot prove", TOO_OLD, world.sample_card, False),
        ("PRESENT, pseudonym and attribute", WITH_NAME, world.sample_card, False),
        ("PRESENT, the log's ring is full", OF_AGE, _full_log, False),
        ("PRESENT, journal full", OF_AGE, world.sample_card, True),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=_described(question),
            act=_ask(question),
            finish=_answers_and_tells,
            fills=fills,
            refused=question is TOO_OLD,
        )
    yield Scenario(
        name="a whole visit",
        profile=PROFILE,
        records=world.sample_card,
        enter=selected,
        act=lambda channel: visit(
            channel, world.terminal_for(OF_AGE), OF_AGE, today=TODAY, ask_pin=lambda: None
        ),
        finish=_answers_and_tells,
    )
