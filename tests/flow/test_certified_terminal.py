"""A terminal with a certificate asks an issued card: channel, authentication, presentation, each right in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import pytest
from tests.fixtures import certificates as made
from tests.fixtures import statements, world
from tests.fixtures.certificates import AUDITOR, CVCA, SHOP_RIGHTS, Member, office, over, party, shop, under
from tests.fixtures.world import PIN, TODAY, Records, Wire, in_memory

from mumei.authority.credentials import TerminalCredentials
from mumei.session.channel import Capabilities, Channel
from mumei.session.credential import PresentationRefused, Refusal, present
from mumei.session.holder import Digits, Pin
from mumei.session.pace import Can, ShopCode, establish
from mumei.session.terminal_authentication import authenticate
from mumei_card.applet.trust_points import RECORD_TRUST, trust_records
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.commands.request import Predicate, Request
from mumei_core.commands.trust import CardTrust
from mumei_core.crypto.predicate.messages import DatePredicate, Kind
from mumei_core.dates import day_number
from mumei_core.eac.chat import Role
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.rights import CertificateRights, Flag
from mumei_core.eac.signature import SigningKey
from mumei_core.eac.trust import Trust
from mumei_core.errors import TrustError
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.presentation.verifier import Verifier

ISSUER = "Gifu TEST"
LETTER = PinLetter(transport_pin=world.TRANSPORT_PIN, puk=world.PUK, can="500540")
CAPABILITIES = Capabilities(chaining=True, extended=True, max_command=codes.MAX_COMMAND)


@cache
def card(today: date = TODAY) -> Records:
    """Hanako's card in the standard profile: her credential, and what a standard card has besides."""
    standard = initial_records("standard", LETTER)
    pinned = CardTrust.of(
        [CVCA.certificate], today, auditor_keys=[AUDITOR.point], authority_keys=[made.REVOCATION.point]
    )
    trust = trust_records(pinned)
    kept = {name: standard[name] for name in set(standard) - set(world.sample_card())} | {
        "profile": standard["profile"]
    }
    return {**world.sample_card(), **kept, **trust}


def credentials(member: Member) -> TerminalCredentials:
    return TerminalCredentials(certificate=member.certificate, known=member.above, key=member.key)


@dataclass(frozen=True, slots=True)
class Opened:
    channel: Channel
    binding: bytes
    wire: Wire

    def ask(self, request: Request) -> bytes:
        """With the statement of this week, where a date is asked."""
        statement = statements.by(made.REVOCATION, AUDITOR, request) if request.predicates else None
        return present(self.channel, request.to_octets(), statement=statement)


@contextmanager
def opened(
    member: Member, *, secret: Digits | None = None, records: Records | None = None
) -> Iterator[Opened]:
    """A card in whose channel ``member`` is the authenticated terminal."""
    with in_memory(records or card()) as inserted:
        wire = Wire(inserted.connection)
        channel = Channel(wire)
        channel.adopt(CAPABILITIES)
        terminal = credentials(member)
        pace = establish(channel, secret or ShopCode("00"), chat=terminal.chat)
        yield Opened(channel, authenticate(channel, pace, terminal), wire)


def request(
    at: Opened,
    *predicates: Predicate,
    disclosed: tuple[int, ...] = (),
    pseudonym: bool = False,
    today: date = TODAY,
) -> Request:
    return Request(
        rp_context=made.SHOP,
        nonce=bytes(range(32)),
        date=day_number(today),
        channel_binding=at.binding,
        predicates=predicates,
        disclosed=disclosed,
        pseudonym=pseudonym,
        table_hash=world.issuer(ISSUER).parameters.table_hash if predicates else None,
    )


def verifier() -> Verifier:
    parameters = world.issuer(ISSUER).parameters
    return Verifier([parameters.public_key], parameters.digit_key, parameters.table_hash)


def test_the_whole_way_is_thirteen_exchanges_and_proves_what_was_asked() -> None:
    with opened(shop()) as at:
        asked = request(at, over(20), disclosed=(1,), pseudonym=True)
        answer = at.ask(asked)
        verified = verifier().verify(asked.to_octets(), answer)
        assert verified.pseudonym is not None
        # PACE 5, Terminal Authentication 7 with two certificates, presentation 1.
        assert at.wire.exchanges == 13


def test_the_pseudonym_is_the_same_in_every_channel_of_one_context() -> None:
    seen = set()
    for member in (shop(), shop()):
        with opened(member) as at:
            asked = request(at, pseudonym=True)
            seen.add(verifier().verify(asked.to_octets(), at.ask(asked)).pseudonym)
    assert len(seen) == 1


BEYOND = {
    "another age": ((over(18),), (), False),
    "the other direction": ((under(20),), (), False),
    "a free day": ((DatePredicate(kind=Kind.ON_OR_BEFORE, cutoff=40_000),), (), False),
    "one of two ages": ((over(20), over(60)), (), False),
    **{f"attribute {i}": ((), (i,), False) for i in (0, 2, 3, 4)},
    "one of two attributes": ((), (1, 2), False),
}


@pytest.mark.parametrize("name", BEYOND)
def test_each_single_right_exceeded_is_refused_and_costs_nothing(name: str) -> None:
    predicates, disclosed, pseudonym = BEYOND[name]
    with opened(shop()) as at:
        with pytest.raises(PresentationRefused) as refused:
            at.ask(request(at, *predicates, disclosed=disclosed, pseudonym=pseudonym))
        assert refused.value.refusal is Refusal.NO_CONSENT
        within = request(at, over(20))
        verifier().verify(within.to_octets(), at.ask(within))


def test_a_pseudonym_without_the_right_is_refused() -> None:
    rights = replace(SHOP_RIGHTS, flags=Flag(0))
    with opened(shop(rights)) as at, pytest.raises(PresentationRefused):
        at.ask(request(at, pseudonym=True))


def test_a_pseudonym_that_no_auditor_signed_is_refused() -> None:
    rights = replace(SHOP_RIGHTS, relying_party=party(made.SHOPS, SigningKey.generate()))
    with opened(shop(rights)) as at:
        with pytest.raises(PresentationRefused):
            at.ask(request(at, pseudonym=True))
        at.ask(request(at, over(20)))


def test_a_certificate_that_demands_the_pin_gets_nothing_without() -> None:
    rights = replace(SHOP_RIGHTS, pin=True)
    with opened(shop(rights)) as at, pytest.raises(PresentationRefused):
        at.ask(request(at, over(20)))
    with opened(shop(rights), secret=Pin(PIN)) as at:
        at.ask(request(at, over(20)))


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: replace(asked, rp_context=b"other.example"),
        lambda asked: replace(asked, channel_binding=bytes(32)),
        lambda asked: replace(asked, table_hash=bytes(32)),
    ],
    ids=["context", "channel", "table"],
)
def test_another_context_channel_or_table_is_refused(change: Callable[[Request], Request]) -> None:
    with opened(shop()) as at, pytest.raises(PresentationRefused) as refused:
        at.ask(change(request(at, over(20))))
    assert refused.value.refusal is Refusal.MALFORMED


def test_a_relayed_request_names_another_channel() -> None:
    with opened(shop()) as first, opened(shop()) as second, pytest.raises(PresentationRefused):
        second.ask(request(first, over(20)))


def test_one_session_answers_once() -> None:
    with opened(shop()) as at:
        at.ask(request(at, over(20)))
        with pytest.raises(PresentationRefused) as refused:
            at.ask(request(at, over(20)))
        assert refused.value.refusal is Refusal.USED


@pytest.mark.parametrize(
    "today", [date(2026, 10, 31), date(2026, 11, 15), date(2026, 12, 6), date(2027, 5, 1)]
)
def test_a_date_outside_the_certificate_or_more_than_a_week_before_the_cards_is_refused(today: date) -> None:
    with opened(shop()) as at, pytest.raises(PresentationRefused) as refused:
        at.ask(request(at, over(20), today=today))
    assert refused.value.refusal is Refusal.DATE


def test_an_office_moves_the_date_of_certificates_and_statements_that_of_requests() -> None:
    """Two calendars: TR-03110's date says nothing about the day that a shop may ask for."""
    with in_memory(card()) as inserted:
        channel = Channel(inserted.connection)
        channel.adopt(CAPABILITIES)
        for member, secret in (
            (office(effective=date(2026, 11, 30)), Can("500540")),
            (shop(), ShopCode("00")),
        ):
            channel.reset()
            channel.adopt(CAPABILITIES)
            terminal = credentials(member)
            binding = authenticate(channel, establish(channel, secret, chat=terminal.chat), terminal)
        at = Opened(channel, binding, Wire(inserted.connection))
        assert Trust.from_octets(inserted.nvm.get(RECORD_TRUST) or b"").today == date(2026, 11, 30)
        assert at.ask(request(at, over(20), today=date(2026, 11, 29)))


def test_a_card_of_another_system_is_told_from_a_refusal() -> None:
    other = made.root(b"JPOTHER00001")
    pinned = CardTrust.of(
        [other.certificate], TODAY, auditor_keys=[AUDITOR.point], authority_keys=[made.REVOCATION.point]
    )
    trust = trust_records(pinned)
    with pytest.raises(TrustError, match="JPOTHER00001"), opened(shop(), records={**card(), **trust}):
        pass


def test_an_expired_certificate_is_our_own_trouble() -> None:
    with pytest.raises(TrustError, match="expired"), opened(shop(), records=card(date(2026, 12, 6))):
        pass


def test_a_shop_with_the_can_is_told_what_it_may_use() -> None:
    with pytest.raises(TrustError, match="password") as refused, opened(shop(), secret=Can("500540")):
        pass
    assert "shop code" in refused.value.hint


def test_the_chain_goes_over_a_link_where_the_card_is_older() -> None:
    new = made.root(b"JPMUMEICVCA00002")
    link = Certificate.issue(replace(new.certificate.body, car=CVCA.name), CVCA.key)
    sector = new.issue(b"JPSHOPS00002", Role.DV_NON_OFFICIAL, made.ALL)
    rights = replace(SHOP_RIGHTS, relying_party=party(sector, AUDITOR))
    member = sector.issue(b"JPSAKE00001", Role.TERMINAL, rights, expiration=date(2026, 12, 5))
    terminal = TerminalCredentials(
        certificate=member.certificate, known=(*member.above, link), key=member.key
    )
    assert terminal.chain_for([CVCA.name]) == (link, sector.certificate, member.certificate)
    assert terminal.chain_for([new.name, CVCA.name]) == (sector.certificate, member.certificate)
    with in_memory(card()) as inserted:
        channel = Channel(inserted.connection)
        for exchanges in (15, 13):
            channel.reset()
            channel.connection.reset()
            wire = Wire(inserted.connection)
            channel = Channel(wire)
            channel.adopt(CAPABILITIES)
            pace = establish(channel, ShopCode("00"), chat=terminal.chat)
            at = Opened(channel, authenticate(channel, pace, terminal), wire)
            at.ask(request(at, over(20)))
            assert wire.exchanges == exchanges


def test_what_a_terminal_expects_is_what_the_card_grants() -> None:
    rights = credentials(shop()).rights
    assert rights.predicates == SHOP_RIGHTS.predicates
    assert (rights.attributes, rights.pseudonym, rights.pin) == ((1,), True, False)
    with pytest.raises(TrustError, match="no right"):
        _ = credentials(shop(CertificateRights(predicates=(over(20),)))).rights


def test_the_application_stays_selected_and_the_rights_stay() -> None:
    """SELECT of our own application inside the channel keeps both (mumei protocol 2.6)."""
    with opened(shop()) as at:
        select = CommandAPDU(cla=0, ins=codes.INS_SELECT, p1=4, p2=0x0C, data=codes.AID)
        assert at.channel.send(select).sw == codes.SW_OK
        at.ask(request(at, over(20)))


def test_a_reader_without_extended_lengths_takes_longer_and_gets_there() -> None:
    with in_memory(card()) as inserted:
        wire = Wire(inserted.connection, extended=False)
        channel = Channel(wire)
        channel.adopt(CAPABILITIES)
        terminal = credentials(shop())
        pace = establish(channel, ShopCode("00"), chat=terminal.chat)
        at = Opened(channel, authenticate(channel, pace, terminal), wire)
        asked = request(at, over(20))
        verifier().verify(asked.to_octets(), at.ask(asked))
        assert wire.longest_command <= 261
