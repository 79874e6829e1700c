"""What goes to and fro in real sessions is what apdu_specs say: data fields, answers and status words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from tests.fixtures import standard, world
from tests.fixtures.standard import CAN
from tests.fixtures.statements import present_token, with_token
from tests.fixtures.world import PIN, PUK, TRANSPORT_PIN, WRONG_PIN, over

from mumei.session import personalisation, security_domain
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.credential import describe_terminal
from mumei.session.holder import (
    Pin,
    Puk,
    TransportPin,
    WrongPinError,
    change_pin,
    pin_status,
    puk_status,
    restore_tries,
    set_pin,
    unblock,
    verify_pin,
)
from mumei.session.pace import Can, check_card_access, establish
from mumei.session.scp03 import open_scp03
from mumei.session.settings import read_settings, store_settings
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei_card.os.kernel import Kernel
from mumei_core.commands.catalogue.all import COMMANDS, LAYER_STATUS_WORDS, find
from mumei_core.commands.data_objects import check
from mumei_core.commands.settings import HolderSettings
from mumei_core.commands.specification import Field, Presence
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU
from mumei_core.iso7816.chaining import CHAINING_BIT

Exchange = tuple[CommandAPDU, ResponseAPDU]
AGE = Question(predicates=(over(20),))
EVERYTHING = Question(predicates=(over(20), over(65)), prefecture=21, pseudonym=True)


class Witness:
    """Sees commands as the host's session sends them, and as handlers get them: without any protection."""

    def __init__(self) -> None:
        self.sent: list[Exchange] = []
        self.handled: list[Exchange] = []

    @property
    def names(self) -> set[str]:
        specs = (find(command.cla, command.ins) for command, _ in self.sent + self.handled)
        return {spec.name for spec in specs if spec is not None}


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    witness = Witness()
    send, dispatch = Channel.send, Kernel._dispatch

    def sent(self: Channel, command: CommandAPDU) -> ResponseAPDU:
        response = send(self, command)
        # What SCP03 protects is seen when its protection is off.
        if not command.cla & 0x04 or (command.cla, command.ins) in COMMANDS:
            witness.sent.append((command, response))
        return response

    def dispatched(self: Kernel, command: CommandAPDU) -> ResponseAPDU:
        response = dispatch(self, command)
        witness.handled.append((command, response))
        return response

    monkeypatch.setattr(Channel, "send", sent)
    monkeypatch.setattr(Kernel, "_dispatch", dispatched)
    yield witness
    assert_as_specified(witness.sent)
    assert_as_specified(witness.handled)


def assert_as_specified(seen: list[Exchange]) -> None:
    blocks = b""
    for command, response in seen:
        spec = find(command.cla, command.ins)
        assert spec is not None, command
        variant = spec.variant(command.p1, command.p2)
        assert variant is not None, command
        documented = spec.documents(response.sw) or any(w.matches(response.sw) for w in LAYER_STATUS_WORDS)
        assert documented, f"{spec.name} answered {response.sw:04X}"
        # Each step of PACE but the last is marked as a part, and whole nevertheless.
        if command.cla & CHAINING_BIT and spec.name != "GENERAL AUTHENTICATE":
            continue
        check(variant.data, command.data)
        if response.sw == 0x9000:
            check(variant.response, response.data)
        if variant.data.carries:
            blocks = (b"" if command.p2 == 0 else blocks) + command.data
            if variant.name == "LAST BLOCK":
                kind = tuple(entry for entry in variant.data.carries if entry.tag == blocks[0])
                check(Field(presence=Presence.REQUIRED, objects=kind), blocks)


def test_a_development_card_from_first_to_last(witness: Witness) -> None:
    resident = world.born(date(1990, 4, 1))
    with world.in_memory(world.new_card()) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        personalisation.store_parameters(channel, world.issuer().parameters.for_card(world.TODAY))
        credential = world.credential_for(channel, resident)
        personalisation.store_credential(channel, credential)
        change_pin(channel, TransportPin(TRANSPORT_PIN), Pin(PIN))
        assert pin_status(channel).tries_left == 3
        assert puk_status(channel).tries_left == 10
        with pytest.raises(WrongPinError):
            verify_pin(channel, Pin(WRONG_PIN))
        unblock(channel, Puk(PUK), Pin(PIN))
        verify_pin(channel, Pin(PIN))
        store_settings(channel, HolderSettings(age_without_pin=False))
        assert read_settings(channel) == HolderSettings(age_without_pin=False)
        records = world.records_of(card.nvm)
    assert world.ask(records, AGE, pin=PIN).verdict.outcome is Outcome.ACCEPT
    assert world.ask(records, EVERYTHING, pin=PIN).verdict.outcome is Outcome.DENY
    with world.in_memory(records) as card:
        channel = Channel(card.connection)
        Application.select(channel)
        verify_pin(channel, Pin(PIN))
        read_log(channel)
        at = world.terminal(over(20))
        describe_terminal(channel, at.description_octets)
        present_token(channel, at, with_token(at, world.request_of(at, AGE)))
    development = {spec.name for spec in COMMANDS.values() if "development" in spec.profiles}
    # What no product's session of this profile sends by itself.
    assert development - witness.names == {"GET CHALLENGE", "GET DATA", "GET RESPONSE"}


def test_a_standard_card_from_first_to_last(witness: Witness) -> None:
    resident = world.born(date(1990, 4, 1))
    with world.in_memory(standard.new_card()) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        inside = open_scp03(channel, standard.MASTER.keys_of)
        personalisation.store_trust(inside, standard.card_trust())
        personalisation.store_statement(inside, standard.trustees())
        personalisation.store_statement(inside, standard.issuer_key())
        pinned = standard.parameters().for_card(standard.CARD_DATE, statement=standard.digits_statement())
        personalisation.store_parameters(inside, pinned)
        number = inside.diversification_data
        security_domain.rotate_keys(inside, standard.MASTER.keys_of(number, 0x31), version=0x31)
        personalisation.store_credential(inside, world.credential_for(inside, resident))
        security_domain.secure(inside)
        channel.reset()
        Application.identify(channel)
        establish(channel, TransportPin(TRANSPORT_PIN))
        set_pin(channel, Pin(PIN))
        records = world.records_of(card.nvm)
    for question in (AGE, EVERYTHING):
        answer = standard.ask(records, question, pin=PIN)
        assert answer.verdict.outcome in (Outcome.ACCEPT, Outcome.DENY)
    with world.in_memory(records) as card:
        channel = Channel(card.connection)
        check_card_access(channel)
        Application.identify(channel)
        establish(channel, Can(CAN))
        establish(channel, Pin(PIN))
        read_log(channel)
        store_settings(channel, HolderSettings(always_pin=True))
        channel.reset()
        Application.identify(channel)
        establish(channel, Puk(standard.LETTER.puk))
        restore_tries(channel)
    with standard.inside(standard.terminal(over(20)), records) as shop:
        present_token(shop.channel, shop.at, with_token(shop.at, shop.request(over(20))))
    expected = {spec.name for spec in COMMANDS.values() if "standard" in spec.profiles}
    # The shop above took the PIN for PACE.
    assert expected - witness.names == {"GET DATA", "GET RESPONSE", "VERIFY"}
