"""Makes the world of a run out of the tests' own: issued cards, terminals with certificates, sessions recorded.

Only the cards' randomness is fixed, so that a recorded session repeats itself on a copy of its card.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Final

from tests.fixtures import certificates as made
from tests.fixtures import standard, statements, world
from tests.fixtures.world import TODAY, over, under
from tools.fuzz.world import Stream, Tape, World

from mumei.authority.credentials import TerminalCredentials
from mumei.session import credential, pace, personalisation, settings
from mumei.session.application import Application
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import (
    Digits,
    Pin,
    Puk,
    TransportPin,
    change_pin,
    pin_status,
    unblock,
    verify_pin,
)
from mumei.session.pace import Can, ShopCode
from mumei.session.scp03 import open_scp03
from mumei.session.terminal_authentication import authenticate
from mumei.terminal.question import Question
from mumei.transport.base import CardConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_core.commands import codes
from mumei_core.commands.card_log import LogEntry, Outcome
from mumei_core.commands.enrolment import encode_enrol, encode_receipt
from mumei_core.commands.request import Request
from mumei_core.commands.settings import HolderSettings
from mumei_core.commands.slot_point import SlotPoint
from mumei_core.dates import day_number
from mumei_core.eac.card_access import CARD_ACCESS
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.eac.pace_messages import Password, SetAt
from mumei_core.eac.rights import Flag
from mumei_core.eac.terminal_auth import SetAt as SetAtTa
from mumei_core.eac.terminal_auth import auxiliary_data, set_dst
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.keys import PutKeyData, StaticKeys
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.statements import SignedStatement

_CHALLENGE: Final = bytes(range(16))
_SHOP: Final = world.terminal(over(18), over(20), under(65), show=(1, 2, 4), pseudonym=True)
_QUESTIONS: Final = (
    Question(predicates=(over(20),)),
    Question(disclose=(1, 2, 4)),
    Question(predicates=(over(18), under(65)), prefecture=world.GIFU, pseudonym=True),
)


class Recorder(CardConnection):
    """A card whose randomness is a :class:`Stream`, and what was sent to it."""

    supports_extended = True

    def __init__(self, records: world.Records) -> None:
        self.name = "recorded"
        self.nvm = Nvm.in_memory(records)
        self._kernel = Kernel(self.nvm, random_source=Stream())
        self.atr = self._kernel.atr
        self.sent: list[bytes] = []
        self.answers: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        answer = self._kernel.transmit(apdu)
        self.answers.append(answer)
        return answer

    def reset(self) -> None:
        self._kernel.reset()

    def close(self) -> None:
        """There is nothing to give free."""


def build() -> World:
    """A few seconds' work."""
    samples = _samples()
    return World(
        cards={name: dict(records) for name, records in _cards().items()},
        samples=samples,
        tapes={**_development_tapes(), **_standard_tapes()},
        static_keys=_static_keys().to_bytes(),
    )


def _cards() -> dict[str, world.Records]:
    """Development and standard cards in each state of their lives."""
    issued = standard.sample_card()
    return {
        "development new": world.new_card(),
        "development with parameters": world.card_with_parameters(),
        "development issued": world.sample_card(),
        "standard new": standard.new_card(),
        "standard with parameters": standard.card_with_parameters(),
        "standard issued": issued,
        "standard locked": {**issued, RECORD_LIFE_CYCLE: bytes([LifeCycle.LOCKED])},
        "standard terminated": {**standard.new_card(), RECORD_LIFE_CYCLE: bytes([LifeCycle.TERMINATED])},
    }


@contextmanager
def _session(records: world.Records) -> Iterator[tuple[Channel, Recorder]]:
    """A session on a copy of this card, with the application selected."""
    recorder = Recorder(records)
    channel = Channel(recorder)
    Application.identify(channel)
    yield channel, recorder


def _static_keys() -> StaticKeys:
    with _session(standard.new_card()) as (channel, _):
        return open_scp03(channel, standard.MASTER.keys_of).static_keys


# Sessions


def _development_tapes() -> dict[str, Tape]:
    tapes = {}
    for number, question in enumerate(_QUESTIONS):
        with _session(world.sample_card()) as (channel, recorder):
            credential.describe_terminal(channel, _SHOP.description_octets)
            verify_pin(channel, Pin(world.PIN))
            statements.present(channel, _SHOP, world.request_of(_SHOP, question))
            tapes[f"development visit {number}"] = Tape(card="development issued", commands=recorder.sent)
    with _session(world.sample_card()) as (channel, recorder):
        credential.describe_terminal(channel, _SHOP.description_octets)
        statements.present_token(channel, _SHOP, _for_token())
        tapes["development token"] = Tape(card="development issued", commands=recorder.sent)
    with _session(world.sample_card()) as (channel, recorder):
        pin_status(channel)
        verify_pin(channel, Pin(world.PIN))
        settings.store_settings(channel, HolderSettings(always_pin=True))
        read_log(channel)
        change_pin(channel, Pin(world.PIN), Pin(world.WRONG_PIN))
        unblock(channel, Puk(world.PUK), Pin(world.PIN))
        tapes["development holder"] = Tape(card="development issued", commands=recorder.sent)
    with _session(world.card_with_parameters()) as (channel, recorder):
        given = world.credential_for(channel, world.residents()[0])
        personalisation.store_credential(channel, given)
        change_pin(channel, TransportPin(world.TRANSPORT_PIN), Pin(world.PIN))
        tapes["development issuing"] = Tape(card="development with parameters", commands=recorder.sent)
    return tapes


def _standard_tapes() -> dict[str, Tape]:
    return {
        "standard CAN": _pace_tape(Can(standard.CAN)),
        "standard PIN": _pace_tape(Pin(world.PIN)),
        "standard PUK": _pace_tape(Puk(world.PUK)),
        "standard transport PIN": _pace_tape(TransportPin(world.TRANSPORT_PIN), card="standard new"),
        "standard shop": _terminal_tape(_shop_credentials()),
        "standard visit": _visit_tape(),
        "standard office": _terminal_tape(_office_credentials()),
        "standard SCP03": _scp03_tape("standard with parameters"),
        "standard SCP03 new": _scp03_tape("standard new"),
        "standard office SCP03": _terminal_tape(_office_credentials(), scp03=True),
    }


def _pace_tape(secret: Digits, *, card: str = "standard issued") -> Tape:
    with _session(_cards()[card]) as (channel, recorder):
        result = pace.establish(channel, secret, random=Stream(first=1_000))
        return Tape(card=card, commands=recorder.sent, k_enc=result.k_enc, k_mac=result.k_mac)


def _terminal_tape(given: TerminalCredentials, *, scp03: bool = False) -> Tape:
    card = "standard issued"
    with _session(_cards()[card]) as (channel, recorder):
        result = pace.establish(channel, ShopCode("00"), chat=given.chat, random=Stream(first=1_000))
        authenticate(channel, result, given)
        return Tape(
            card=card,
            commands=recorder.sent,
            k_enc=result.k_enc,
            k_mac=result.k_mac,
            host_challenge=_CHALLENGE if scp03 else b"",
        )


def _visit_tape() -> Tape:
    """A shop's whole visit."""
    given, question = _shop_credentials(), _QUESTIONS[0]
    at = standard.with_statements(given)
    with _session(standard.sample_card()) as (channel, recorder):
        result = pace.establish(channel, ShopCode("00"), chat=given.chat, random=Stream(first=1_000))
        binding = authenticate(channel, result, given)
        request = Request(
            rp_context=at.rights.rp_context,
            nonce=world.NONCE,
            date=day_number(TODAY),
            channel_binding=binding,
            predicates=question.predicates,
            table_hash=at.parameters.table_hash,
        )
        statements.present(channel, at, request)
        return Tape(card="standard issued", commands=recorder.sent)


def _scp03_tape(card: str) -> Tape:
    with _session(_cards()[card]) as (_, recorder):
        return Tape(card=card, commands=recorder.sent, host_challenge=_CHALLENGE)


@cache
def _shop_credentials() -> TerminalCredentials:
    granted = standard.rights(over(20), over(65), show=(1,), pseudonym=True)
    return standard.credentials(granted)


@cache
def _office_credentials() -> TerminalCredentials:
    granted = replace(standard.rights(over(20), sector=made.OFFICES), flags=Flag.PERSONALISATION)
    return standard.credentials(granted, sector=made.OFFICES)


# Good objects


def _samples() -> dict[str, list[bytes]]:
    return {**_identity_samples(), **_certificate_samples(), **_channel_samples()}


def _for_token() -> Request:
    return statements.with_token(_SHOP, world.request_of(_SHOP, _QUESTIONS[0]))


def _identity_samples() -> dict[str, list[bytes]]:
    requests = [*(world.request_of(_SHOP, question) for question in _QUESTIONS), _for_token()]
    presentations = []
    for question in _QUESTIONS:
        with _session(world.sample_card()) as (channel, _):
            verify_pin(channel, Pin(world.PIN))
            credential.describe_terminal(channel, _SHOP.description_octets)
            presentations.append(statements.present(channel, _SHOP, world.request_of(_SHOP, question)))
    with _session(world.sample_card()) as (channel, _):
        credential.describe_terminal(channel, _SHOP.description_octets)
        presentations.append(statements.present_token(channel, _SHOP, _for_token()))
    enrolments, credentials = [], []
    for records, inside in ((world.card_with_parameters(), False), (standard.card_with_parameters(), True)):
        with _session(records) as (channel, _):
            at = open_scp03(channel, standard.MASTER.keys_of) if inside else channel
            enrolments.append(personalisation.enrol(at, world.NONCE).to_octets())
            credentials.append(world.credential_for(at, world.residents()[0]).to_octets())
    entries = [
        LogEntry.of(request, sequence=number + 1, display_name="Sake TEST", pin_used=bool(number))
        for number, request in enumerate(requests)
    ]
    return {
        "request": [request.to_octets() for request in requests],
        "presentation": presentations,
        "description": [_SHOP.description_octets],
        "enrol": [encode_enrol(world.NONCE)],
        "enrolment": enrolments,
        "credential": credentials,
        "receipt": [encode_receipt(world.NONCE)],
        "log entry": [entry.ended(Outcome.PROVEN).to_octets() for entry in entries],
        "settings": [HolderSettings().to_octets(), HolderSettings(always_pin=True).to_octets()],
        "parameters": [world.issuer().parameters.for_card(TODAY).to_octets()],
        "digits": [
            digits.encode()
            for digits in (
                world.PIN,
                world.WRONG_PIN,
                world.PIN + world.WRONG_PIN,
                world.WRONG_PIN + world.PIN,
                world.TRANSPORT_PIN + world.PIN,
                world.PUK + world.PIN,
                world.PUK[::-1] + world.PIN,
            )
        ],
    }


def _certificate_samples() -> dict[str, list[bytes]]:
    shop, office = _shop_credentials(), _office_credentials()
    chain = (made.CVCA.certificate, made.SHOPS.certificate, made.OFFICES.certificate)
    certificates = [*chain, shop.certificate, office.certificate]
    rights = [made.ALL, made.SHOP_RIGHTS]
    context = made.party(made.SHOPS, made.AUDITOR).record(made.SHOPS.name)
    statement = standard.digits_statement()
    root = standard.MAKER_ROOT
    slot = SlotPoint(
        point=statements.tree().points[3].to_uncompressed(), path=statements.tree().path(3)
    ).to_octets()
    epoch_records = [statements.slot_record().to_octets(), statements.recognise_record().to_octets()]
    return {
        "certificate": [certificate.to_octets() for certificate in certificates],
        "body": [certificate.to_pso() for certificate in certificates],
        "rights": [each.to_octets() for each in rights],
        "chat": [shop.chat],
        "record": [SignedStatement.from_octets(statement).record, context.to_octets(), *epoch_records, slot],
        "statement": [statement, statements.slots(), statements.recognise()],
        "maker certificate": [
            root.certificate.to_octets(),
            root.new_attestation_key().certificate.to_octets(),
        ],
        "trust": [standard.card_trust().to_octets()],
        "trust record": [standard.card_trust().trust.to_octets()],
    }


def _channel_samples() -> dict[str, list[bytes]]:
    with _session(standard.new_card()) as (channel, recorder):
        scp03 = open_scp03(channel, standard.MASTER.keys_of, random=lambda n: _CHALLENGE[:n])
        keys = scp03.static_keys
        answers = [recorder.answers[-2][:-2]]
        number, version = scp03.diversification_data, scp03.key_version
    set_at = SetAt(algorithm=PaceAlgorithm.AES_128, password=Password.PIN, chat=_shop_credentials().chat)
    auxiliary = auxiliary_data([(codes.OID_ROLE_AT, bytes(32))])
    at = SetAtTa(reference=made.SHOPS.name, compressed_key=bytes(range(32)), auxiliary=auxiliary)
    with _session(standard.sample_card()) as (channel, recorder):
        pace.establish(channel, ShopCode("00"), chat=_shop_credentials().chat, random=Stream(first=1_000))
        dynamic = [
            CommandAPDU.from_bytes(sent).data
            for sent in recorder.sent
            if sent[1] == codes.INS_GENERAL_AUTHENTICATE
        ]
        replies = [answer[:-2] for answer in recorder.answers if len(answer) > 2]
        # Selecting the application reads its FCI, then EF.ATR/INFO.
        files = [answer[:-2] for answer in recorder.answers[:2]]
    return {
        "initialize update": answers,
        "put key": [PutKeyData(version=0x31, keys=keys).to_bytes(bytes(16))],
        "card keys": [CardKeys(diversification_data=number, key_version=version, keys=keys).to_json()],
        "set at": [set_at.to_command().data],
        "set at ta": [at.to_command().data],
        "set dst": [set_dst(made.SHOPS.name).data],
        "dynamic": dynamic,
        "replies": replies,
        "card access": [CARD_ACCESS],
        "file": files,
    }
