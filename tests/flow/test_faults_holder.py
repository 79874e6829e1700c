"""Every fault while a holder sets the PIN: the card has the old one or the new one, and its tries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import pytest
from tests.fixtures import standard, world
from tests.fixtures.faults import LIMIT, Faulty, faulty
from tests.fixtures.world import PIN, PUK, TODAY, TRANSPORT_PIN, Records, over

from mumei.cli.output import exit_code
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, WrongPinError, change_pin, set_pin, verify_pin
from mumei.session.pace import WrongPasswordError, establish
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei_card.applet.coupons import RECORD_COUPON
from mumei_card.applet.records import RECORD_CREDENTIAL
from mumei_card.inspection import inspect
from mumei_card.os.context import RECORD_CARD_KEY
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK
from mumei_core.commands import codes
from mumei_core.errors import CardRefused, MumeiError

FAULTS: Final = (
    "remove@{}",
    "remove@{}:inside",
    "remove@{}:after",
    "reset@{}",
    "warm-reset@{}",
    "warm-reset@{}:inside",
    f"late@{{}}:{LIMIT * 2}",
    "mute@{}",
    "replay@{}",
    "6C@{}",
    "61@{}",
    "memory-full@{}",
    "memory-worn@{}",
    "garble@{}",
    "garble@{}:0",
    "truncate@{}",
)


def set_on_standard(channel: Channel) -> None:
    """SELECT, EF.ATR/INFO, PACE 5, RESET RETRY COUNTER."""
    Application.identify(channel)
    establish(channel, TransportPin(TRANSPORT_PIN))
    set_pin(channel, Pin(PIN))


def set_on_development(channel: Channel) -> None:
    """SELECT, EF.ATR/INFO, CHANGE REFERENCE DATA."""
    Application.select(channel)
    change_pin(channel, TransportPin(TRANSPORT_PIN), Pin(PIN))


def shown_on_standard(channel: Channel) -> None:
    Application.identify(channel)
    establish(channel, Pin(PIN))


def shown_on_development(channel: Channel) -> None:
    Application.select(channel)
    verify_pin(channel, Pin(PIN))


CARDS: Final = {
    "standard": (standard.card_with_parameters, set_on_standard, shown_on_standard, 8),
    "development": (world.card_with_parameters, set_on_development, shown_on_development, 3),
}


def attempt(job: Callable[[Channel], None], card: Faulty) -> MumeiError | None:
    try:
        job(Channel(card.connection))
    except MumeiError as error:
        return error
    return None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", CARDS)
def test_every_fault_at_every_exchange(kind: str, fault: str) -> None:
    records, setting, showing, exchanges = CARDS[kind]
    for exchange in range(1, exchanges + 1):
        script = fault.format(exchange)
        with faulty(records(), script) as card:
            error = attempt(setting, card)
        assert error is None or exit_code(error) in {1, 3, 4}, (script, error)
        assert inspect(card.memory).pin_tries_left >= codes.PIN_TRIES - 1, script
        with faulty(card.records, "") as again:
            second = attempt(setting, again)
            # What was set already is found out by a refusal.
            assert second is None or isinstance(second, WrongPasswordError | WrongPinError | CardRefused), (
                script
            )
            assert attempt(showing, again) is None, script


_KEPT_SECRET: Final = (RECORD_PIN, RECORD_PUK, RECORD_CARD_KEY, RECORD_CREDENTIAL, RECORD_COUPON)


def secrets_of(records: Records) -> set[str]:
    """PIN, PUK and what a card keeps to itself, 16 octets of it at a time, in the ways a log could have them."""
    octets = [text.encode() for text in (PIN, PUK)]
    for value in (records[name] for name in _KEPT_SECRET if name in records):
        octets += [value[at : at + 16] for at in range(len(value) - 15)]
    return {PIN, PUK, *(secret.hex() for secret in octets), *(repr(secret)[2:-1] for secret in octets)}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["development", "standard"])
def test_what_is_logged_of_a_failure_holds_no_secret(
    kind: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Host and card at their most talkative, the error and its causes; a PIN is verified, and a request refused."""
    caplog.set_level(logging.DEBUG)
    card_of, exchanges = (
        (world.sample_card, (4, 5)) if kind == "development" else (standard.sample_card, (5, 7, 15, 16))
    )
    at = (world if kind == "development" else standard).terminal(over(20), pin=True)
    for exchange in exchanges:
        with faulty(card_of(), fault.format(exchange)) as card:
            said = [*card.heard]
            try:
                question = Question(predicates=(over(20),))
                visit(Channel(card.connection), at, question, today=TODAY, ask_pin=lambda: Pin(PIN))
            except MumeiError as error:
                cause: BaseException | None = error
                while cause is not None:
                    said += [str(cause), repr(cause), getattr(cause, "hint", "")]
                    cause = cause.__cause__
        said += [caplog.text, *card.heard]
        text = "\n".join(said)
        assert not any(secret in text for secret in secrets_of(card.records))
