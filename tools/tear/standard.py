"""Every command of an issued standard card that changes its state: PACE, the holder's own commands, terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from tests.fixtures import certificates as made
from tests.fixtures import standard, statements
from tests.fixtures.certificates import AUDITOR, CVCA, OFFICES, Member
from tests.fixtures.world import NONCE, PIN, PUK, TODAY, TRANSPORT_PIN, WRONG_PIN, over
from tools.tear.development import OF_AGE, TOO_OLD, WITH_NAME, with_tries
from tools.tear.scenario import Scenario, expect
from tools.tear.watched import Records, WatchedCard

from mumei.authority.credentials import TerminalCredentials
from mumei.session import terminal_authentication
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import Digits, Pin, Puk, TransportPin, restore_tries, set_pin, verify_pin
from mumei.session.pace import Can, ShopCode, establish
from mumei.session.settings import store_settings
from mumei.terminal.access import CertificateAccess, Entry
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import Outcome
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_core.commands.request import Request
from mumei_core.commands.settings import HolderSettings
from mumei_core.dates import day_number
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.pace import PaceResult
from mumei_core.eac.trust import Trust

PROFILE: Final = "standard"
_NEW_PIN = "161803"
_BOTH = frozenset({RECORD_PIN, RECORD_PUK})


def scenarios() -> Iterator[Scenario]:
    """All of them."""
    yield from _pace()
    yield from _holder()
    yield from _letting_in()
    yield from _presenting()


def in_plain(card: WatchedCard) -> Channel:
    """A new session."""
    card.reset()
    channel = card.connect()
    Application.identify(channel)
    return channel


def opened_with(*secrets: Digits) -> Callable[[WatchedCard], Channel]:
    """A new session, opened with these passwords in turn."""

    def enter(card: WatchedCard) -> Channel:
        channel = in_plain(card)
        for secret in secrets:
            establish(channel, secret)
        return channel

    return enter


@cache
def small_card() -> Records:
    """A standard card of which the holder has set the PIN: no tables, no credential, quickly looked at."""
    return {**standard.new_card(), RECORD_PIN: Password(tries=3, digits=PIN.encode()).to_bytes()}


def _pin_works(card: WatchedCard) -> None:
    """The holder gets in: resumed with the CAN where one try is left, with the PUK where there is none."""
    pin = Password.from_bytes(card.records[RECORD_PIN])
    allowed = {PIN.encode(), _NEW_PIN.encode(), TRANSPORT_PIN.encode()}
    expect(pin.digits in allowed, "another PIN than the old or the new one")
    if not pin.tries:
        restore_tries(opened_with(Puk(PUK))(card))
    secret: Digits = Pin(pin.digits.decode()) if len(pin.digits) == len(PIN) else TransportPin(TRANSPORT_PIN)
    channel = opened_with(*((Can(standard.CAN),) if pin.tries == 1 else ()), secret)(card)
    if isinstance(secret, TransportPin):
        set_pin(channel, Pin(PIN))
    expect(Password.from_bytes(card.records[RECORD_PIN]).tries == 3, "a right PIN does not give all tries")
    expect(
        Password.from_bytes(card.records[RECORD_PUK]).tries >= 8, "a cut cost more than one try of the PUK"
    )


def _left(tries: int, record: str = RECORD_PIN) -> Callable[[], Records]:
    return lambda: with_tries(small_card(), record, tries)


def _establish(secret: Digits) -> Callable[[Channel], object]:
    return lambda channel: establish(channel, secret)


def _verify(digits: str) -> Callable[[tuple[Channel, Entry]], object]:
    return lambda given: verify_pin(given[0], Pin(digits))


def _pace() -> Iterator[Scenario]:
    right, wrong, can = Pin(PIN), Pin(WRONG_PIN), opened_with(Can(standard.CAN))
    for name, secret, records, enter, record, gives_back in (
        ("PACE with the PIN, right", right, _left(3), in_plain, RECORD_PIN, True),
        ("PACE with the PIN, right after a wrong one", right, _left(2), in_plain, RECORD_PIN, True),
        ("PACE with the PIN, wrong", wrong, _left(3), in_plain, RECORD_PIN, False),
        ("PACE with the PIN, suspended", right, _left(1), in_plain, None, False),
        ("PACE with the PIN, resumed, right", right, _left(1), can, RECORD_PIN, True),
        ("PACE with the PIN, resumed, wrong", wrong, _left(1), can, RECORD_PIN, False),
        ("PACE with the PIN, blocked", right, _left(0), in_plain, None, False),
        ("PACE with the PUK, right", Puk(PUK), _left(9, RECORD_PUK), in_plain, RECORD_PUK, True),
        ("PACE with the PUK, wrong", Puk("8" * 8), _left(10, RECORD_PUK), in_plain, RECORD_PUK, False),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=enter,
            act=_establish(secret),
            finish=_pin_works,
            guess=record,
            gives_back=_BOTH if gives_back else frozenset(),
            refused=not gives_back,
        )


def _holder() -> Iterator[Scenario]:
    for name, enter, act, records in (
        (
            "RESET RETRY COUNTER, a new PIN",
            opened_with(Pin(PIN)),
            lambda channel: set_pin(channel, Pin(_NEW_PIN)),
            small_card,
        ),
        (
            "RESET RETRY COUNTER, the first PIN",
            opened_with(TransportPin(TRANSPORT_PIN)),
            lambda channel: set_pin(channel, Pin(PIN)),
            standard.new_card,
        ),
        ("RESET RETRY COUNTER, unblocking", opened_with(Puk(PUK)), restore_tries, _left(0)),
        (
            "SETTINGS",
            opened_with(Pin(PIN)),
            lambda channel: store_settings(channel, HolderSettings(always_pin=True)),
            small_card,
        ),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=enter,
            act=act,
            finish=_pin_works,
            gives_back=_BOTH,
        )


# Terminals


@cache
def shop(question: Question = OF_AGE) -> Terminal:
    """A terminal that may ask this question."""
    return standard.terminal_for(question)


def answers(card: WatchedCard) -> None:
    """The card answers the question of age, and its log has no gap."""
    before = int.from_bytes(card.records.get("log_sequence", b""))
    card.reset()
    verdict = visit(card.connect(), shop(), OF_AGE, today=_day(card), ask_pin=lambda: Pin(PIN)).verdict
    expect(verdict.outcome is Outcome.ACCEPT, f"the answer is {verdict.outcome.value}: {verdict.detail}")
    expect(int.from_bytes(card.records["log_sequence"]) == before + 1, "the log did not count the visit")


def _answers_and_tells(card: WatchedCard) -> None:
    answers(card)
    tries = Password.from_bytes(card.records[RECORD_PIN]).tries
    secrets: tuple[Digits, ...] = (Can(standard.CAN), Pin(PIN)) if tries == 1 else (Pin(PIN),)
    newest = int.from_bytes(card.records["log_sequence"])
    entries = read_log(opened_with(*secrets)(card))
    expect(entries[0].sequence == newest, "the holder does not see the newest entry")


def _day(card: WatchedCard) -> date:
    """Today, or the card's own date where a terminal has brought a later one."""
    return max(TODAY, Trust.from_octets(card.records["trust_points"]).today)


def _with_pace(at: TerminalCredentials) -> Callable[[WatchedCard], tuple[Channel, PaceResult]]:
    def enter(card: WatchedCard) -> tuple[Channel, PaceResult]:
        channel = in_plain(card)
        return channel, establish(channel, ShopCode("00"), chat=at.chat)

    return enter


def _authenticate(at: TerminalCredentials) -> Callable[[tuple[Channel, PaceResult]], object]:
    return lambda given: terminal_authentication.authenticate(*given, at)


def _later_office() -> TerminalCredentials:
    """An official terminal whose certificate is of a later day than the card knows."""
    later = TODAY + timedelta(days=3)
    return standard.credentials(standard.rights(over(20), sector=OFFICES), sector=OFFICES, effective=later)


@cache
def _over_a_link() -> TerminalCredentials:
    """A terminal under a new root, to which a link certificate leads."""
    new = made.root(b"JPMUMEICVCA00002")
    link = Certificate.issue(replace(new.certificate.body, car=CVCA.name), CVCA.key)
    sector = new.issue(b"JPSHOPS00002", Role.DV_NON_OFFICIAL, made.ALL)
    member: Member = sector.issue(
        b"JPSAKE00001",
        Role.TERMINAL,
        replace(made.SHOP_RIGHTS, relying_party=made.party(sector, AUDITOR)),
        expiration=date(2026, 12, 5),
    )
    return TerminalCredentials(certificate=member.certificate, known=(*member.above, link), key=member.key)


def _letting_in() -> Iterator[Scenario]:
    for name, at in (
        ("PSO: VERIFY CERTIFICATE, a later date", _later_office()),
        ("PSO: VERIFY CERTIFICATE, a new trust point", _over_a_link()),
        ("Terminal Authentication, coupon in its last command", _credentials_of(shop())),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=standard.sample_card,
            enter=_with_pace(at),
            act=_authenticate(at),
            finish=_answers_and_tells,
        )
    yield Scenario(
        name="PACE with the shop code, coupon in idle time",
        profile=PROFILE,
        records=standard.sample_card,
        enter=in_plain,
        act=lambda channel: establish(channel, ShopCode("00"), chat=_credentials_of(shop()).chat),
        finish=_answers_and_tells,
        idles=True,
    )
    asking_pin = standard.terminal(over(20), pin=True)
    for name, digits, records, record, gives_back in (
        ("VERIFY at a terminal, right", PIN, standard.sample_card, RECORD_PIN, True),
        ("VERIFY at a terminal, wrong", WRONG_PIN, standard.sample_card, RECORD_PIN, False),
        (
            "VERIFY at a terminal, suspended",
            PIN,
            lambda: with_tries(standard.sample_card(), RECORD_PIN, 1),
            None,
            False,
        ),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=_let_in(asking_pin),
            act=_verify(digits),
            finish=_answers_and_tells,
            guess=record,
            gives_back=_BOTH if gives_back else frozenset(),
            refused=not gives_back,
        )


def _credentials_of(at: Terminal) -> TerminalCredentials:
    expect(isinstance(at.access, CertificateAccess), "a standard terminal has certificates")
    access: Any = at.access
    given: TerminalCredentials = access.credentials
    return given


def _let_in(at: Terminal) -> Callable[[WatchedCard], tuple[Channel, Entry]]:
    def enter(card: WatchedCard) -> tuple[Channel, Entry]:
        channel = in_plain(card)
        return channel, at.access.enter(channel)

    return enter


def _ask(at: Terminal, question: Question) -> Callable[[tuple[Channel, Entry]], object]:
    def act(given: tuple[Channel, Entry]) -> object:
        channel, entry = given
        request = Request(
            rp_context=at.rights.rp_context,
            nonce=NONCE,
            date=day_number(TODAY),
            channel_binding=entry.binding,
            predicates=question.predicates,
            disclosed=question.disclosed,
            pseudonym=question.pseudonym,
            table_hash=at.parameters.table_hash if question.predicates else None,
        )
        return statements.present(channel, at, request)

    return act


def _presenting() -> Iterator[Scenario]:
    for name, question in (
        ("PRESENT, proven", OF_AGE),
        ("PRESENT, cannot prove", TOO_OLD),
        ("PRESENT, pseudonym and attribute", WITH_NAME),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=standard.sample_card,
            enter=_let_in(shop(question)),
            act=_ask(shop(question), question),
            finish=_answers_and_tells,
            refused=question is TOO_OLD,
        )
    yield Scenario(
        name="PRESENT, coupon made in idle time",
        profile=PROFILE,
        records=standard.sample_card,
        enter=_let_in(shop()),
        act=_ask(shop(), OF_AGE),
        finish=_answers_and_tells,
        idles=True,
    )
    yield Scenario(
        name="a whole visit",
        profile=PROFILE,
        records=standard.sample_card,
        enter=in_plain,
        act=lambda channel: visit(channel, shop(), OF_AGE, today=TODAY, ask_pin=lambda: None),
        finish=_answers_and_tells,
        idles=True,
    )
