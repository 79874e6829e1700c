"""Every command of the personaliser that changes a standard card: SCP03, parameters, credential, life cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Final

from tests.fixtures import standard, world
from tests.fixtures.certificates import OFFICES
from tests.fixtures.world import NONCE, over
from tools.tear.scenario import Scenario, expect
from tools.tear.standard import answers, in_plain
from tools.tear.watched import Records, WatchedCard

from mumei.maker.master_key import MasterKey
from mumei.session import personalisation, security_domain
from mumei.session.application import Application
from mumei.session.channel import Capabilities, Channel
from mumei.session.holder import Pin, TransportPin, set_pin
from mumei.session.pace import establish
from mumei.session.scp03 import Scp03Channel, open_scp03
from mumei.terminal.access import CertificateAccess
from mumei_card.applet.issuing_trust import RECORD_ISSUER_KEYS, RECORD_TRUSTEES
from mumei_card.applet.records import (
    RECORD_ATTESTATION_CERTIFICATE,
    RECORD_ATTESTATION_KEY,
    RECORD_CREDENTIAL,
    RECORD_PARAMETERS,
    RECORD_PENDING,
)
from mumei_card.applet.security_domain import RECORD_SECURITY_DOMAIN, RECORD_STATIC_KEYS
from mumei_card.applet.trust_points import RECORD_TRUST, trust_records
from mumei_card.os.context import RECORD_CARD_KEY
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_card.os.passwords import RECORD_PIN, Password
from mumei_core.commands import codes
from mumei_core.commands.enrolment import IssuedCredential
from mumei_core.eac.rights import CertificateRights, Flag
from mumei_core.errors import CardRefused, WrongCardError
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.gp.scp03 import HostScp03, initialize_update
from mumei_core.gp.scp03_session import InitializeUpdateAnswer, Level

PROFILE: Final = "standard"
_DOMAIN = frozenset({RECORD_SECURITY_DOMAIN})
_NEW_MASTER: Final = MasterKey(secret=bytes(range(50, 66)))
_NEW_VERSION: Final = 0x31
_CAPABILITIES: Final = Capabilities(chaining=True, extended=True, max_command=codes.MAX_COMMAND)


def scenarios() -> Iterator[Scenario]:
    """All of them."""
    yield from _opening()
    yield from _issuing()
    yield from _issued()


def opened(card: WatchedCard, master: MasterKey = standard.MASTER) -> Scp03Channel:
    """A new session inside SCP03, on a card that was not issued yet."""
    return open_scp03(in_plain(card), master.keys_of)


# The channel


def _opens(card: WatchedCard) -> None:
    """The right keys open the channel, once more and again."""
    for _ in range(2):
        expect(security_domain.life_cycle(opened(card)) is not None, "the card does not tell its state")


def _fail(channel: Channel) -> None:
    """A host that knows the card's keys, and whose cryptogram is spoilt on the way: what the card counts."""
    keys_of, challenge = standard.MASTER.keys_of, bytes(range(8))
    given = channel.execute(initialize_update(challenge), doing="begin SCP03")
    answer = InitializeUpdateAnswer.from_bytes(given)
    keys = keys_of(answer.diversification_data, answer.key_version)
    command = HostScp03(keys, challenge, answer, level=Level.ALL).external_authenticate()
    spoilt = command.data[:-1] + bytes((command.data[-1] ^ 1,))
    channel.execute(replace(command, data=spoilt), doing="open SCP03")


def _opening() -> Iterator[Scenario]:
    yield Scenario(
        name="INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, right",
        profile=PROFILE,
        records=standard.new_card,
        enter=in_plain,
        act=lambda channel: open_scp03(channel, standard.MASTER.keys_of),
        finish=_opens,
        guess=RECORD_SECURITY_DOMAIN,
        gives_back=_DOMAIN,
    )
    yield Scenario(
        name="INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, wrong",
        profile=PROFILE,
        records=standard.new_card,
        enter=in_plain,
        act=_fail,
        finish=_opens,
        guess=RECORD_SECURITY_DOMAIN,
        refused=True,
    )
    yield Scenario(
        name="PUT KEY",
        profile=PROFILE,
        records=standard.new_card,
        enter=opened,
        act=lambda channel: security_domain.rotate_keys(
            channel, _NEW_MASTER.keys_of(channel.diversification_data, _NEW_VERSION), version=_NEW_VERSION
        ),
        finish=_opens_with_old_or_new,
    )


def _opens_with_old_or_new(card: WatchedCard) -> None:
    """All three keys are of one set: a whole one opens the channel, and takes the next rotation."""
    is_new = card.records[RECORD_STATIC_KEYS][0] == _NEW_VERSION
    channel = opened(card, _NEW_MASTER if is_new else standard.MASTER)
    number = channel.diversification_data
    security_domain.rotate_keys(channel, _NEW_MASTER.keys_of(number, 0x32), version=0x32)
    expect(opened(card, _NEW_MASTER).key_version == 0x32, "the new keys do not open the channel")


# Issuing


@cache
def _committed() -> tuple[Records, IssuedCredential]:
    """A card that has committed inside SCP03, and the credential made for it."""
    with world.in_memory(standard.card_with_parameters()) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        made = world.credential_for(open_scp03(channel, standard.MASTER.keys_of), world.residents()[0])
        return world.records_of(card.nvm), made


@cache
def _stored() -> Records:
    """A card with its credential, not yet secured."""
    records, made = _committed()
    with world.in_memory(records) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        personalisation.store_credential(open_scp03(channel, standard.MASTER.keys_of), made)
        return world.records_of(card.nvm)


def _is_secured(card: WatchedCard) -> bool:
    return card.records[RECORD_LIFE_CYCLE][0] == LifeCycle.SECURED


def _issue(card: WatchedCard) -> None:
    """Whatever the card has already, the desk goes on until it is secured and answers."""
    if not _is_secured(card):
        channel = opened(card)
        if RECORD_TRUST not in card.records:
            personalisation.store_trust(channel, standard.card_trust())
        if RECORD_TRUSTEES not in card.records:
            personalisation.store_statement(channel, standard.trustees())
        if RECORD_ISSUER_KEYS not in card.records:
            personalisation.store_statement(channel, standard.issuer_key())
        if RECORD_PARAMETERS not in card.records:
            _store_parameters(channel)
        if RECORD_CREDENTIAL not in card.records:
            personalisation.store_credential(channel, world.credential_for(channel, world.residents()[0]))
        security_domain.secure(channel)
    _hand_over(card)


def _store_again(card: WatchedCard) -> None:
    channel = opened(card)
    personalisation.store_credential(channel, _committed()[1])
    security_domain.secure(channel)
    _hand_over(card)


def _hand_over(card: WatchedCard) -> None:
    if Password.from_bytes(card.records[RECORD_PIN]).is_transport:
        channel = in_plain(card)
        establish(channel, TransportPin(world.TRANSPORT_PIN))
        set_pin(channel, Pin(world.PIN))
    answers(card)


def _store_parameters(channel: Channel) -> None:
    parameters = standard.parameters().for_card(
        standard.CARD_DATE, statement=standard.digits_statement("Gifu TEST")
    )
    personalisation.store_parameters(channel, parameters)


@cache
def _with_trust() -> Records:
    """A card that trusts, and has no parameters."""
    return {**standard.new_card(), **trust_records(standard.card_trust())}


def _issuing() -> Iterator[Scenario]:
    def step(
        name: str,
        records: Callable[[], Records],
        act: Callable[[Scp03Channel], object],
        *,
        finish: Callable[[WatchedCard], object] = _issue,
        erases: tuple[str, ...] = (),
    ) -> Scenario:
        return Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=opened,
            act=act,
            finish=finish,
            erases=erases,
        )

    yield step(
        "STORE DATA, trust points",
        standard.new_card,
        lambda channel: personalisation.store_trust(channel, standard.card_trust()),
    )
    yield step(
        "STORE DATA, trustees",
        _with_trust,
        lambda channel: personalisation.store_statement(channel, standard.trustees()),
    )
    yield step("STORE DATA, parameters", _with_trust, _store_parameters)
    yield step("ENROL", standard.card_with_parameters, lambda channel: personalisation.enrol(channel, NONCE))
    yield step(
        "STORE CREDENTIAL",
        lambda: _committed()[0],
        lambda channel: personalisation.store_credential(channel, _committed()[1]),
        finish=_store_again,
        erases=(RECORD_PENDING, RECORD_ATTESTATION_KEY, RECORD_ATTESTATION_CERTIFICATE),
    )
    yield step("SET STATUS, initialized and secured", _stored, security_domain.secure)


# An issued card, inside a channel of an office that may personalise


@cache
def _office() -> CertificateAccess:
    rights: CertificateRights = replace(standard.rights(over(20), sector=OFFICES), flags=Flag.PERSONALISATION)
    given = standard.credentials(rights, sector=OFFICES)
    return CertificateAccess(rights=given.rights, credentials=given)


def _inside(card: WatchedCard) -> Scp03Channel:
    """Not even identified first: a locked card has no application to tell what it can do."""
    card.reset()
    channel = card.connect()
    channel.adopt(_CAPABILITIES)
    _office().enter(channel)
    return open_scp03(channel, standard.MASTER.keys_of)


@cache
def _locked() -> Records:
    return {**standard.sample_card(), RECORD_LIFE_CYCLE: bytes((LifeCycle.LOCKED,))}


def _unlock_and_answer(card: WatchedCard) -> None:
    """The office unlocks the card if it is locked, and then it answers."""
    if card.records[RECORD_LIFE_CYCLE][0] == LifeCycle.LOCKED:
        security_domain.set_life_cycle(_inside(card), LifeCycle.SECURED)
    answers(card)


def _terminated_or_alive(card: WatchedCard) -> None:
    """A terminated card does nothing any more; one that was not terminated can be, and is then."""
    if card.records[RECORD_LIFE_CYCLE][0] != LifeCycle.TERMINATED:
        answers(card)
        security_domain.set_life_cycle(_inside(card), LifeCycle.TERMINATED)
    try:
        in_plain(card)
    except (WrongCardError, CardRefused):
        return
    expect(False, "a terminated card still answers")


def _become(state: LifeCycle) -> Callable[[Scp03Channel], object]:
    return lambda channel: security_domain.set_life_cycle(channel, state)


def _issued() -> Iterator[Scenario]:
    for name, records, enter, wanted, finish, erases in (
        (
            "SET STATUS, locked",
            standard.sample_card,
            _inside,
            LifeCycle.LOCKED,
            _unlock_and_answer,
            (),
        ),
        (
            "SET STATUS, unlocked",
            _locked,
            _inside,
            LifeCycle.SECURED,
            _unlock_and_answer,
            (),
        ),
        (
            "SET STATUS, terminated",
            standard.sample_card,
            _inside,
            LifeCycle.TERMINATED,
            _terminated_or_alive,
            (RECORD_CREDENTIAL, RECORD_CARD_KEY, RECORD_STATIC_KEYS),
        ),
    ):
        yield Scenario(
            name=name,
            profile=PROFILE,
            records=records,
            enter=enter,
            act=_become(wanted),
            finish=finish,
            erases=erases,
        )
