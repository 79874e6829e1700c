"""What a standard card refuses: rights exceeded one by one, dates, chains, relays, searches, sessions out of order.

Here the terminal's own program is dishonest or mistaken; the card decides (mumei protocol 2.3, 2.6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.fixtures import certificates as made
from tests.fixtures import standard, statements, world
from tests.fixtures.certificates import ALL, CVCA, OFFICES, SHOPS, Member
from tests.fixtures.standard import (
    CARD_DATE,
    SHOP_LAST,
    ask,
    credentials,
    date_of_card,
    enter,
    inside,
    opened,
    pretending,
    rights,
    sample_card,
    terminal,
    trusting,
    with_chain,
)
from tests.fixtures.world import GIFU, ICHIRO_67, PIN, TODAY, in_memory, over, under

from mumei.authority.credentials import TerminalCredentials
from mumei.session.channel import Channel
from mumei.session.credential import PresentationRefused, Refusal, present
from mumei.session.holder import Pin
from mumei.session.pace import Can, ShopCode, establish
from mumei.session.terminal_authentication import authenticate
from mumei.terminal.access import CertificateAccess
from mumei.terminal.check import visit
from mumei.terminal.question import Question, born_before
from mumei.terminal.verdict import Outcome, Reason
from mumei_core.commands import codes
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.eac import terminal_auth
from mumei_core.eac.chat import Role
from mumei_core.eac.rights import CertificateRights
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import CardRefused, ProtocolError, TrustError, UsageError
from mumei_core.iso7816.apdu import CommandAPDU

AGE = Question(predicates=(over(20),))
HOME = Question(prefecture=GIFU)
BEYOND = {
    "another age": Question(predicates=(over(18),)),
    "the other direction": Question(predicates=(under(20),)),
    "a free day": Question(predicates=(born_before(TODAY),)),
    "one of two ages": Question(predicates=(over(20), over(18))),
    **{f"attribute {i}": Question(disclose=(i,)) for i in (0, 2, 3, 4)},
    "one of two attributes": Question(disclose=(1, 2)),
    "a pseudonym": Question(predicates=(over(20),), pseudonym=True),
}


class TestRights:
    SHOP = terminal(over(20), show=(1,))
    GREEDY = pretending(
        SHOP,
        predicates=(over(20), over(18), under(20), born_before(TODAY)),
        attributes=(0, 1, 2, 3, 4),
        pseudonym=True,
        OP=context_point(b"sake.example"),
    )

    @pytest.mark.parametrize("name", BEYOND)
    def test_each_single_right_exceeded_is_refused_with_and_without_the_pin(self, name: str) -> None:
        with pytest.raises(UsageError, match="no right"):
            ask(sample_card(), BEYOND[name], at=self.SHOP)
        for pin in (None, PIN):
            answer = ask(sample_card(), BEYOND[name], at=self.GREEDY, pin=pin)
            assert answer.verdict.outcome is Outcome.CANNOT_DECIDE
            assert answer.verdict.reason is Reason.NO_CONSENT and answer.wire is None

    def test_what_was_refused_may_be_asked_within_the_rights(self) -> None:
        with inside(self.GREEDY) as session:
            with pytest.raises(PresentationRefused) as refused:
                session.present(over(18))
            assert refused.value.refusal is Refusal.NO_CONSENT
            session.present(over(20))

    def test_another_context_than_the_certificates(self) -> None:
        answer = ask(sample_card(), HOME, at=pretending(self.SHOP, rp_context=b"bank.example"))
        assert (answer.verdict.reason, answer.wire) == (Reason.CARD_REFUSED, None)

    def test_a_pseudonym_at_another_point_is_not_the_cards(self) -> None:
        """The card takes the point from the certificate: what the terminal believes changes nothing there."""
        forum = terminal(context="forum.example", pseudonym=True)
        question = Question(pseudonym=True)
        honest = ask(sample_card(), question, at=forum)
        chosen = ask(sample_card(), question, at=pretending(forum, OP=context_point(b"chosen")))
        assert honest.verdict.pseudonym == chosen.verdict.pseudonym is not None

    def test_a_point_that_no_auditor_signed_gives_no_pseudonym(self) -> None:
        bare = replace(
            rights(over(20), pseudonym=True),
            relying_party=made.party(SHOPS, SigningKey.generate(), rp_context=b"sake.example"),
        )
        at = with_chain(credentials(bare), terminal(over(20), pseudonym=True))
        question = Question(pseudonym=True)
        assert ask(sample_card(), question, at=at, pin=PIN).verdict.reason is Reason.NO_CONSENT
        assert ask(sample_card(), AGE, at=at).verdict.outcome is Outcome.ACCEPT

    @pytest.mark.parametrize(
        "granted", [None, replace(ALL, predicates=(over(60),))], ids=["no extension", "another age"]
    )
    def test_a_sector_passes_on_only_what_it_has(self, granted: CertificateRights | None) -> None:
        sector = CVCA.issue(b"JPPOOR00001", Role.DV_NON_OFFICIAL, granted)
        given = credentials(rights(over(20), sector=sector), sector=sector)
        if granted is None:
            with pytest.raises(TrustError, match="no right"):
                _ = given.rights
        answer = ask(sample_card(), AGE, at=with_chain(given, terminal(over(20))), pin=PIN)
        assert (answer.verdict.reason, answer.wire) == (Reason.NO_CONSENT, None)

    def test_more_thresholds_than_a_terminal_may_have(self) -> None:
        ages = tuple(over(years) for years in range(20, 37))
        root = made.root(b"JPWIDE00001", replace(ALL, predicates=ages))
        sector = root.issue(b"JPWIDER00001", Role.DV_NON_OFFICIAL, replace(ALL, predicates=ages))
        at = with_chain(credentials(rights(*ages, sector=sector), sector=sector), terminal(over(20)))
        with pytest.raises(TrustError):
            ask(trusting(root), AGE, at=at)


class TestSearchingForABirthDate:
    """A chain that lists every age: the card's own list of ages, and one presentation a session, still hold."""

    AGES = tuple(over(years) for years in range(57, 73))
    ROOT = made.root(b"JPEAGER00001", replace(ALL, predicates=AGES))
    SECTOR = ROOT.issue(b"JPEAGERS00001", Role.DV_NON_OFFICIAL, replace(ALL, predicates=AGES))

    def test_sessions_without_pin_answer_only_the_pinned_ages(self) -> None:
        at, card = terminal(*self.AGES, sector=self.SECTOR), trusting(self.ROOT, sample_card(ICHIRO_67))
        learned = {
            age.years: ask(card, Question(predicates=(age,)), at=at).verdict.outcome for age in self.AGES
        }
        answered = {years for years, outcome in learned.items() if outcome is not Outcome.CANNOT_DECIDE}
        assert answered == {60, 65, 70}
        # The holder may let it: then it is no search.
        assert ask(card, Question(predicates=(over(67),)), at=at, pin=PIN).verdict.outcome is Outcome.ACCEPT

    @pytest.mark.parametrize("first", [over(65), over(70)], ids=["proven", "cannot be proven"])
    def test_one_presentation_per_session(self, first: Any) -> None:
        at, card = terminal(*self.AGES, sector=self.SECTOR), trusting(self.ROOT, sample_card(ICHIRO_67))
        with inside(at, card) as session:
            if first == over(65):
                session.present(first)
            else:
                with pytest.raises(PresentationRefused) as refused:
                    session.present(first)
                assert refused.value.refusal is Refusal.CANNOT_PROVE
            with pytest.raises(PresentationRefused) as refused:
                session.present(over(60))
            assert refused.value.refusal is Refusal.USED


class TestDates:
    SHOP = terminal(over(20), effective=TODAY, expiration=SHOP_LAST)

    @pytest.mark.parametrize("today", [TODAY - timedelta(days=1), SHOP_LAST + timedelta(days=1)])
    def test_a_day_outside_the_certificate(self, today: date) -> None:
        with pytest.raises(TrustError, match="is valid from") as caught:
            ask(sample_card(), AGE, at=self.SHOP, today=today)
        assert caught.value.hint
        answer = ask(sample_card(), AGE, at=standard.careless(self.SHOP), today=today)
        assert (answer.verdict.outcome, answer.verdict.reason) == (Outcome.CANNOT_DECIDE, Reason.DATE_REFUSED)

    @pytest.mark.parametrize("today", [TODAY, SHOP_LAST])
    def test_its_first_and_its_last_day(self, today: date) -> None:
        assert ask(sample_card(), AGE, at=self.SHOP, today=today).verdict.outcome is Outcome.ACCEPT

    def test_a_day_of_an_epoch_that_has_passed(self) -> None:
        """The date that a card knows of certificates says nothing here; the statements that it saw do."""
        at = terminal(over(12))
        child_of_twelve = Question(predicates=(over(12),))
        later = TODAY + timedelta(days=14)
        with in_memory(trusting(CVCA, on=TODAY)) as card:

            def asks(today: date) -> Reason:
                channel = Channel(card.connection)
                channel.reset()
                return visit(channel, at, child_of_twelve, today=today).verdict.reason

            assert asks(TODAY - timedelta(days=1)) is Reason.PROVEN
            assert asks(later) is Reason.PROVEN
            assert asks(later - timedelta(days=7)) is Reason.PROVEN
            assert asks(later - timedelta(days=8)) is Reason.DATE_REFUSED

    def test_an_expired_certificate(self) -> None:
        late = trusting(CVCA, on=SHOP_LAST + timedelta(days=1))
        with pytest.raises(TrustError, match="expired") as caught:
            ask(late, AGE, at=standard.careless(self.SHOP), today=SHOP_LAST + timedelta(days=1))
        assert caught.value.hint

    def test_a_certificate_that_is_not_valid_yet(self) -> None:
        tomorrow = TODAY + timedelta(days=1)
        at = terminal(over(20), effective=tomorrow)
        assert ask(sample_card(), AGE, at=standard.careless(at)).verdict.reason is Reason.DATE_REFUSED
        assert ask(sample_card(), AGE, at=at, today=tomorrow).verdict.outcome is Outcome.ACCEPT

    def test_shops_do_not_move_the_cards_date_and_offices_do(self) -> None:
        later = TODAY + timedelta(days=5)
        with in_memory(sample_card()) as card:

            def asks(at: Any, today: date) -> Reason:
                channel = Channel(card.connection)
                channel.reset()
                return visit(channel, at, AGE, today=today).verdict.reason

            assert date_of_card(card) == CARD_DATE
            assert asks(terminal(over(20), effective=later), later) is Reason.PROVEN
            assert date_of_card(card) == CARD_DATE
            assert asks(terminal(over(20), sector=OFFICES, effective=later), later) is Reason.PROVEN
            assert date_of_card(card) == later
            # Not the day that shops may ask for: statements give that.
            assert asks(terminal(over(20)), later - timedelta(days=1)) is Reason.PROVEN
            with pytest.raises(TrustError, match="expired"):
                asks(terminal(over(20), expiration=TODAY), TODAY)


def _holder(member: Member) -> TerminalCredentials:
    return TerminalCredentials(certificate=member.certificate, known=member.above, key=member.key)


def _under(issuer: Member) -> TerminalCredentials:
    return _holder(issuer.issue(b"JPTILL00001", Role.TERMINAL, rights(over(20))))


def _altered(octet: int) -> TerminalCredentials:
    """A certificate with one bit of its body's key or signature changed."""
    good = credentials(rights(over(20)))
    signature = bytearray(good.certificate.signature)
    signature[octet] ^= 1
    return replace(good, certificate=replace(good.certificate, signature=bytes(signature)))


CHAINS: dict[str, Callable[[], TerminalCredentials]] = {
    "a terminal under the root itself": lambda: _under(CVCA),
    "a sector under a sector": lambda: _under(SHOPS.issue(b"JPSUB00001", Role.DV_NON_OFFICIAL, made.ALL)),
    "an official sector under a shops' one": lambda: _under(
        SHOPS.issue(b"JPSUB00001", Role.DV_OFFICIAL, made.ALL)
    ),
    "a terminal under a terminal": lambda: _under(made.shop()),
    "a sector of another root of the same name": lambda: _under(
        made.root(CVCA.name).issue(SHOPS.name, Role.DV_NON_OFFICIAL, made.ALL)
    ),
    "a terminal of another sector of the same name": lambda: _under(
        replace(
            CVCA.issue(SHOPS.name, Role.DV_NON_OFFICIAL, made.ALL),
            above=SHOPS.above,
            certificate=SHOPS.certificate,
        )
    ),
    "a signature changed at its start": lambda: _altered(0),
    "a signature changed at its end": lambda: _altered(-1),
}


class TestChains:
    @pytest.mark.parametrize("name", CHAINS)
    def test_chains_that_are_not_as_they_must_be(self, name: str) -> None:
        at = with_chain(CHAINS[name](), terminal(over(20)))
        with in_memory(sample_card()) as card:
            before = world.records_of(card.nvm)
            with pytest.raises(TrustError, match="is not accepted") as caught:
                visit(Channel(card.connection), at, AGE, today=TODAY)
            assert caught.value.hint
            assert world.records_of(card.nvm) == before

    def test_another_root(self) -> None:
        other = made.root(b"JPOTHER00001")
        sector = other.issue(b"JPOTHERS00001", Role.DV_NON_OFFICIAL, made.ALL)
        at = terminal(over(20), sector=sector)
        with pytest.raises(TrustError, match="JPMUMEICVCA00001"):
            ask(sample_card(), AGE, at=at)
        assert ask(trusting(other), AGE, at=at).verdict.outcome is Outcome.ACCEPT

    def test_a_key_that_is_not_the_certificates(self) -> None:
        good = credentials(rights(over(20)))

        class Thief:
            """Has the certificate, which is public, and not the key."""

            chain_for = good.chain_for

            def sign(self, message: bytes) -> bytes:
                return SigningKey.generate().sign(message)

        with opened(sample_card()) as channel:
            pace = establish(channel, ShopCode("00"), chat=good.chat)
            with pytest.raises(TrustError, match="signature"):
                authenticate(channel, pace, Thief())
            with pytest.raises(CardRefused) as refused:
                present(channel, bytes.fromhex("E100"))
            assert refused.value.sw == codes.SW_SECURITY_STATUS
        with pytest.raises(TrustError):
            replace(good, key=SigningKey.generate())


class TestSessions:
    def test_a_relayed_request_names_another_channel(self) -> None:
        at = terminal(over(20))
        with inside(at) as first, inside(at, sample_card(ICHIRO_67)) as second:
            for binding in (first.entry.binding, bytes(32)):
                with pytest.raises(PresentationRefused) as refused:
                    second.present(over(20), binding=binding)
                assert refused.value.sw == codes.SW_WRONG_DATA
            second.present(over(20))

    def test_an_earlier_sessions_request_is_of_another_channel_too(self) -> None:
        at = terminal(over(20))
        with in_memory(sample_card()) as card:
            stale = enter(card, at).request(over(20)).to_octets()
            with pytest.raises(PresentationRefused) as refused:
                statements.present(enter(card, at).channel, at, stale)
            assert refused.value.sw == codes.SW_WRONG_DATA

    @pytest.mark.parametrize(
        "secrets",
        [(), (ShopCode("00"),), (Can(standard.CAN),), (Pin(PIN),), (Can(standard.CAN), Pin(PIN))],
        ids=["in plain", "shop code", "CAN", "PIN", "CAN and PIN"],
    )
    def test_no_presentation_before_terminal_authentication(self, secrets: tuple[Any, ...]) -> None:
        at = terminal(over(20))
        with inside(at) as elsewhere:
            request = elsewhere.request(over(20)).to_octets()
        with opened(sample_card(), *secrets) as channel:
            with pytest.raises(PresentationRefused) as refused:
                statements.present(channel, at, request)
            assert refused.value.sw == codes.SW_SECURITY_STATUS

    @pytest.mark.parametrize("ins", [codes.INS_GET_CHALLENGE, codes.INS_PRESENT, codes.INS_SELECT])
    def test_a_plain_command_in_the_middle_ends_the_session(self, ins: int) -> None:
        plain = {
            codes.INS_GET_CHALLENGE: "0084000008",
            codes.INS_PRESENT: "8034000002E10000",
            codes.INS_SELECT: "00A4040008F06D756D6569010100",
        }[ins]
        with inside(terminal(over(20))) as session:
            answer = session.channel.connection.transmit(bytes.fromhex(plain))
            assert answer[-2:].hex() == ("6982" if ins == codes.INS_PRESENT else "9000")
            with pytest.raises(ProtocolError):
                session.present(over(20))
            # Nor does the host's side go on.
            with pytest.raises(ProtocolError):
                session.present(over(20))

    def test_terminal_authentication_is_once_in_a_session(self) -> None:
        at = terminal(over(20))
        assert isinstance(at.access, CertificateAccess)
        again = at.access.credentials
        with inside(at) as session:
            for command in (
                terminal_auth.set_dst(CVCA.name),
                terminal_auth.verify_certificate(again.certificate),
                terminal_auth.external_authenticate(bytes(64)),
            ):
                assert session.channel.send(command).sw == codes.SW_SECURITY_STATUS
            session.present(over(20))

    def test_pace_is_once_in_a_terminals_session(self) -> None:
        with inside(terminal(over(20))) as session:
            with pytest.raises(CardRefused):
                establish(session.channel, ShopCode("00"))
            session.present(over(20))

    @pytest.mark.parametrize(
        "command",
        [
            CommandAPDU(cla=0x80, ins=codes.INS_ENROL, p1=0, p2=0, data=bytes(32), le=256),
            CommandAPDU(cla=0x80, ins=codes.INS_STORE_CREDENTIAL, p1=0, p2=0, data=bytes(8), le=256),
            CommandAPDU(cla=0x80, ins=codes.INS_STORE_DATA, p1=0x80, p2=0, data=b"\xe8\x00"),
            CommandAPDU(cla=0x80, ins=codes.INS_LOG, p1=0, p2=0, le=256),
            CommandAPDU(cla=0x80, ins=codes.INS_SETTINGS, p1=0, p2=0, le=256),
            CommandAPDU(cla=0x80, ins=codes.INS_INITIALIZE_UPDATE, p1=0, p2=0, data=bytes(8), le=256),
        ],
        ids=lambda command: f"{command.ins:02X}",
    )
    def test_a_shop_may_nothing_but_ask(self, command: CommandAPDU) -> None:
        with inside(terminal(over(20))) as session:
            unknown = command.ins == codes.INS_INITIALIZE_UPDATE
            expected = codes.SW_INS_NOT_SUPPORTED if unknown else codes.SW_SECURITY_STATUS
            assert session.channel.send(command).sw == expected
            session.present(over(20))


def test_nothing_that_is_refused_before_the_commit_is_logged() -> None:
    with in_memory(sample_card()) as card:
        session = enter(card, TestRights.GREEDY)
        before = world.records_of(card.nvm)
        with pytest.raises(PresentationRefused):
            session.present(over(18))
        with pytest.raises(PresentationRefused):
            session.present(over(20), binding=bytes(32))
        assert world.records_of(card.nvm) == before
