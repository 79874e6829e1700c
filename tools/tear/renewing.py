"""Renewing an issued card, of both profiles: the old credential works until the new one is whole, never neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.fixtures import standard, world
from tests.fixtures.renewals import renewal_credentials
from tests.fixtures.world import NONCE, PIN, TODAY
from tools.tear import development
from tools.tear import standard as standard_answers
from tools.tear.scenario import Scenario, expect
from tools.tear.watched import Records, WatchedCard

from mumei.authority.credentials import TerminalCredentials
from mumei.session import renewal
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_PENDING, StoredCredential
from mumei_core.commands.enrolment import IssuedCredential
from mumei_core.crypto.curve import scalar_to_octets
from mumei_core.dates import day_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a card of one profile is renewed."""

    profile: str
    sample: Callable[[], Records]
    credentials: Callable[[], TerminalCredentials | None]
    answers: Callable[[WatchedCard], None]


_WAYS: Final = (
    Way(
        profile="development",
        sample=world.sample_card,
        credentials=lambda: None,
        answers=development.answers,
    ),
    Way(
        profile="standard",
        sample=standard.sample_card,
        credentials=cache(renewal_credentials),
        answers=standard_answers.answers,
    ),
)


def scenarios() -> Iterator[Scenario]:
    """All of them."""
    for way in _WAYS:
        yield Scenario(
            name="ENROL, renewal",
            profile=way.profile,
            records=way.sample,
            enter=lambda card, way=way: _inside(way, card),  # type: ignore[misc]
            act=lambda channel: renewal.commit(channel, NONCE),
            finish=lambda card, way=way: _renew(way, card),  # type: ignore[misc]
        )
        yield Scenario(
            name="STORE CREDENTIAL, renewal",
            profile=way.profile,
            records=lambda way=way: _committed(way.profile)[0],  # type: ignore[misc]
            enter=lambda card, way=way: _inside(way, card),  # type: ignore[misc]
            act=lambda channel, way=way: renewal.swap(channel, _committed(way.profile)[1]),  # type: ignore[misc]
            finish=lambda card, way=way: _swap_again(way, card),  # type: ignore[misc]
            erases=(RECORD_PENDING,),
        )


def _inside(way: Way, card: WatchedCard) -> Channel:
    card.reset()
    channel = card.connect()
    Application.identify(channel)
    renewal.enter(channel, Pin(PIN), way.credentials(), day=day_number(TODAY))
    return channel


@cache
def _committed(profile: str) -> tuple[Records, IssuedCredential]:
    """A card that has committed to its renewal, and the credential made for it."""
    way = next(way for way in _WAYS if way.profile == profile)
    with world.in_memory(way.sample()) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        renewal.enter(channel, Pin(PIN), way.credentials(), day=day_number(TODAY))
        made = _issued(channel, world.records_of(card.nvm))
        return world.records_of(card.nvm), made


def _issued(channel: Channel, records: Records) -> IssuedCredential:
    """What the issuer gives for the card's commitment: all as it was, but for what is signed."""
    answer = renewal.commit(channel, NONCE)
    old = StoredCredential.from_bytes(records[RECORD_CREDENTIAL]).issued
    issued = world.issuer().signing.issue(
        old.attributes,
        answer.commitment,
        signer_nym_entropy=scalar_to_octets(old.signer_nym_entropy),
        valid_until=old.valid_until,
    )
    return IssuedCredential(
        valid_until=old.valid_until,
        issuer_key_hash=old.issuer_key_hash,
        attributes=old.attributes,
        signature=issued.signature,
        signer_nym_entropy=old.signer_nym_entropy,
        common_key_proof=issued.common_key_proof,
        issuance_date=old.issuance_date,
    )


def _renew(way: Way, card: WatchedCard) -> None:
    """Whatever it has committed to, the card answers, is renewed, and answers."""
    way.answers(card)
    secrets = _nym(card)
    channel = _inside(way, card)
    renewal.swap(channel, _issued(channel, card.records))
    expect(_nym(card) == secrets, "the renewal has changed the pseudonyms")
    way.answers(card)


def _swap_again(way: Way, card: WatchedCard) -> None:
    """The office that lost the answer sends the same once more; the card works before and after."""
    way.answers(card)
    renewal.swap(_inside(way, card), _committed(way.profile)[1])
    issued = StoredCredential.from_bytes(card.records[RECORD_CREDENTIAL]).issued
    expect(issued == _committed(way.profile)[1], "the card holds another credential than it was given")
    expect(RECORD_PENDING not in card.records, "the card goes on waiting for a credential")
    way.answers(card)


def _nym(card: WatchedCard) -> int:
    return StoredCredential.from_bytes(card.records[RECORD_CREDENTIAL]).secrets[2]
