"""Renewal: new credential, new handle, same pseudonyms; nothing lost wherever it breaks off (protocol 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.fixtures import certificates as made
from tests.fixtures import standard, world
from tests.fixtures.renewals import RenewalOffice, renewal_credentials, renewal_office
from tests.fixtures.world import PIN, TODAY, WRONG_PIN, InsertedCard, Records, in_memory, over, records_of

from mumei.issuer.issuance import IssuanceRefused, Reason
from mumei.office.database.models import EnrolmentState
from mumei.office.records import EnrolmentConflictError
from mumei.office.renewal import RenewalDesk
from mumei.session import personalisation, renewal
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.credential import describe_terminal
from mumei.session.holder import Pin
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_PENDING, StoredCredential
from mumei_core.commands import codes
from mumei_core.commands.enrolment import encode_enrol
from mumei_core.commands.messages import identity as messages
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.dates import day_number
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.rights import Flag
from mumei_core.errors import (
    CardRefused,
    CardRemovedError,
    MumeiError,
    TrustError,
    UsageError,
    WrongCardError,
)
from mumei_core.issuing_statements import IssuerKeyRecord

SLOTS = "slots"


@pytest.fixture(params=[False, True], ids=["development", "standard"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RenewalOffice]:
    with renewal_office(tmp_path, standard_cards=request.param) as office:
        yield office


@pytest.fixture
def hanakos(office: RenewalOffice) -> Records:
    return office.cards[0]


def credential_in(records: Records) -> StoredCredential:
    return StoredCredential.from_bytes(records[RECORD_CREDENTIAL])


def renewed(office: RenewalOffice, records: Records) -> Records:
    with in_memory(records) as card:
        office.renew(card.connection)
        return records_of(card.nvm)


class TestRenewed:
    def test_the_pseudonyms_stay_and_all_else_is_new(self, office: RenewalOffice, hanakos: Records) -> None:
        before = office.shows(hanakos).pseudonym
        after = renewed(office, hanakos)
        assert before is not None and office.shows(after).pseudonym == before
        assert office.shows(after, Question(predicates=(over(20),))).outcome is Outcome.ACCEPT
        old, new = credential_in(hanakos), credential_in(after)
        assert old.secrets[2] == new.secrets[2] and old.secrets[1] != new.secrets[1]
        assert old.issued.signature != new.issued.signature
        assert RECORD_PENDING not in after

    def test_what_is_on_record(self, office: RenewalOffice, hanakos: Records) -> None:
        renewed(office, hanakos)
        first, second = office.registry.enrolments_of(1)
        assert (first.state, second.state) == (EnrolmentState.STORED, EnrolmentState.STORED)
        was, now = office.registry.issuings_of(1)
        assert now.renews == was.enrolment and now.renewal_pseudonym == was.renewal_pseudonym
        assert was.answer is not None and now.answer is not None
        assert was.answer.linked is not None and now.answer.linked is not None
        assert was.answer.linked.F[0] != now.answer.linked.F[0]
        assert now.evidence is None and now.answer.attestation is None
        assert office.registry.irrevocable() == ()

    def test_again_and_again(self, office: RenewalOffice, hanakos: Records) -> None:
        pseudonym, records = office.shows(hanakos).pseudonym, hanakos
        for _ in range(2):
            records = renewed(office, records)
        assert office.shows(records).pseudonym == pseudonym
        assert len(office.registry.enrolments_of(1)) == 3

    def test_the_cards_memory_of_slots_and_its_log_stay(
        self, office: RenewalOffice, hanakos: Records
    ) -> None:
        with in_memory(hanakos) as card:
            before = {
                name: value for name, value in records_of(card.nvm).items() if SLOTS in name or "log" in name
            }
            office.renew(card.connection)
            after = records_of(card.nvm)
        kept = {name: after[name] for name in before if SLOTS in name}
        assert kept == {name: value for name, value in before.items() if SLOTS in name}
        assert all(name in after for name in before)

    def test_under_the_next_issuer_key_with_the_newest_trustees(
        self, office: RenewalOffice, hanakos: Records
    ) -> None:
        """The card learns both at its renewal, and the old credential, under the old key, still renews."""
        old, new = world.issuer().key, world.issuer("Next TEST").key
        day = day_number(TODAY)
        periods = [
            IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=first, last_day=day + 400)
            for key, first in ((old, day - 400), (new, day - 10))
        ]
        named = replace(development_trustees(), version=2)
        desk = office.desk(
            issuing=office.issuer_of([new, old]),
            issuer_keys=[office.signed(period.to_octets()) for period in periods],
            trustees=office.signed(named.to_octets()),
        )
        with in_memory(hanakos) as card:
            desk.renew(Channel(card.connection), 1, Pin(PIN), today=TODAY)
            issued = credential_in(records_of(card.nvm)).issued
        assert issued.issuer_key_hash == new.key_id
        # Not the first of the month: the new key did not sign then.
        assert issued.issuance_date == day - 10
        assert office.registry.issuings_of(1)[-1].trustee_list == named.digest

    def test_a_card_from_stock_that_knows_older_trustees_learns_the_newest(
        self, office: RenewalOffice
    ) -> None:
        """So a card whose first enrolment broke off weeks ago is issued all the same."""
        named = replace(development_trustees(), version=2)
        newest = office.office(trustees=office.signed(named.to_octets()))
        older = standard.card_with_parameters() if office.standard_cards else world.card_with_parameters()
        with in_memory(older) as card:
            newest.enrol(Channel(card.connection), 3, today=TODAY)
        assert office.registry.issuings_of(3)[-1].trustee_list == named.digest


class TestBrokenOff:
    def test_wherever_the_card_is_taken_away(self, office: RenewalOffice, hanakos: Records) -> None:
        """At each exchange, before and after it: the card works throughout, and any desk finishes."""
        pseudonym, cuts = office.shows(hanakos).pseudonym, 0
        with in_memory(hanakos) as card:
            for k in range(2, 80):
                try:
                    office.renew(world.Wire(card.connection, cut_at=k // 2, before=bool(k % 2)))
                    break
                except CardRemovedError:
                    cuts += 1
                card.connection.reset()
                if k % 8 == 0:
                    assert office.shows(records_of(card.nvm)).pseudonym == pseudonym
            records = records_of(card.nvm)
        assert cuts > 12 and office.shows(records).pseudonym == pseudonym
        assert {record.state for record in office.registry.enrolments_of(1)} == {EnrolmentState.STORED}

    def test_the_issuer_is_asked_the_same_again_without_the_card(
        self, office: RenewalOffice, hanakos: Records
    ) -> None:
        desk = office.desk()
        record = desk.begin(1)
        with in_memory(hanakos) as card:
            inside = desk.enter(Channel(card.connection), Pin(PIN), today=TODAY)
            answer = desk.commit(inside, record)
            evidence = desk.show(inside, record, answer, today=TODAY)
        first = desk.sign(record, answer, evidence, today=TODAY)
        kept = desk.answer_on_record(record)
        assert kept == answer
        assert office.desk().begin(1).signature == first.signature

    def test_cancelled_it_leaves_the_card_as_good_as_before(
        self, office: RenewalOffice, hanakos: Records
    ) -> None:
        desk = office.desk()
        record = desk.begin(1)
        with in_memory(hanakos) as card:
            inside = desk.enter(Channel(card.connection), Pin(PIN), today=TODAY)
            desk.commit(inside, record)
            office.registry.cancel_enrolment(record.number, clerk="sato")
            pending = records_of(card.nvm)
            assert office.shows(pending).pseudonym == office.shows(hanakos).pseudonym
            card.connection.reset()
            assert office.renew(card.connection).enrolment > record.number


class TestRefused:
    def test_another_residents_card(self, office: RenewalOffice, hanakos: Records) -> None:
        taros = office.cards[1]
        with in_memory(taros) as card:
            with pytest.raises(WrongCardError, match="not the card that is renewed") as caught:
                office.renew(card.connection)
            assert caught.value.hint
            assert credential_in(records_of(card.nvm)) == credential_in(taros)
        assert renewed(office, hanakos)
        with in_memory(taros) as card:
            office.renew(card.connection, 2)

    def test_an_office_that_does_not_look_finds_the_issuer_does(
        self, office: RenewalOffice, hanakos: Records, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(RenewalDesk, "_check_own", lambda *_: None)
        assert hanakos
        with in_memory(office.cards[1]) as card, pytest.raises(IssuanceRefused) as caught:
            office.renew(card.connection)
        assert caught.value.reason is Reason.RENEWAL

    def test_a_reported_card(self, office: RenewalOffice, hanakos: Records) -> None:
        office.ledger.report(office.registry.resident(1).record, reported=True)
        with in_memory(hanakos) as card, pytest.raises(IssuanceRefused) as caught:
            office.renew(card.connection)
        assert caught.value.reason is Reason.REPORTED

    def test_no_card_and_a_card_that_was_never_enrolled_here(self, office: RenewalOffice) -> None:
        with pytest.raises(EnrolmentConflictError, match="no card"):
            office.desk().begin(3)

    def test_a_wrong_pin_and_no_pin(self, office: RenewalOffice, hanakos: Records) -> None:
        with in_memory(hanakos) as card, pytest.raises(CardRefused):
            office.desk().renew(Channel(card.connection), 1, Pin(WRONG_PIN), today=TODAY)

    def test_while_a_renewal_is_open_nothing_else_begins_and_the_reverse(
        self, office: RenewalOffice, hanakos: Records
    ) -> None:
        assert hanakos
        office.desk().begin(1)
        with pytest.raises(EnrolmentConflictError, match="renewal"):
            office.registry.begin_enrolment(1, clerk="sato", replacement=True)
        office.registry.begin_enrolment(3, clerk="sato")
        with pytest.raises(EnrolmentConflictError, match="still open"):
            office.registry.begin_renewal(3, clerk="sato")

    def test_an_expired_card(self, office: RenewalOffice, hanakos: Records) -> None:
        assert hanakos
        office.registry._clock = lambda: world.noon(date(2029, 1, 1))
        with pytest.raises(EnrolmentConflictError, match="expired") as caught:
            office.desk().begin(1)
        assert "new pseudonyms" in caught.value.hint

    def test_a_card_enrolled_before_shares_were_made(self, office: RenewalOffice, hanakos: Records) -> None:
        assert hanakos
        with office.registry._writing("sato") as session:
            session.connection().exec_driver_sql("DELETE FROM issuing")
        with pytest.raises(EnrolmentConflictError, match="before cards could be renewed"):
            office.desk().begin(1)
        assert [record.resident_number for record in office.registry.irrevocable()] == [1, 2]


class TestCardItself:
    """What the card refuses, whatever a desk asks."""

    @staticmethod
    def inside(office: RenewalOffice, card: InsertedCard) -> Channel:
        card.connection.reset()
        channel = Channel(card.connection)
        Application.identify(channel)
        credentials = renewal_credentials() if office.standard_cards else None
        renewal.enter(channel, Pin(PIN), credentials, day=day_number(TODAY))
        return channel

    def test_another_entropy_than_its_stored_one(self, office: RenewalOffice, hanakos: Records) -> None:
        desk = office.desk()
        record = desk.begin(1)
        with in_memory(hanakos) as card:
            channel = Channel(card.connection)
            inside = desk.enter(channel, Pin(PIN), today=TODAY)
            answer = desk.commit(inside, record)
            record = desk.sign(record, answer, desk.show(inside, record, answer, today=TODAY), today=TODAY)
            good = office.office().credential(record)
            entropy = good.signer_nym_entropy + 1
            # Signed by the issuer's own key: nothing but the entropy is wrong.
            issued = world.issuer().signing.issue(
                good.attributes,
                answer.commitment,
                signer_nym_entropy=entropy.to_bytes(32),
                valid_until=good.valid_until,
            )
            other = replace(
                good,
                signature=issued.signature,
                common_key_proof=issued.common_key_proof,
                signer_nym_entropy=entropy,
            )
            with pytest.raises(CardRefused) as caught:
                personalisation.store_credential(channel, other)
            assert caught.value.sw == codes.SW_WRONG_DATA
            assert credential_in(records_of(card.nvm)) == credential_in(hanakos)
            desk.store(inside, record)

    def test_no_commitment_without_pin_or_right(self, office: RenewalOffice, hanakos: Records) -> None:
        enrol = messages.enrol(enrolment=encode_enrol(bytes(32)))
        with in_memory(hanakos) as card:
            channel = Channel(card.connection)
            Application.identify(channel)
            plain = channel.send(enrol).sw
            assert plain == (codes.SW_SECURITY_STATUS if office.standard_cards else codes.SW_FILE_EXISTS)
            assert channel.send(messages.store_data_last_block(block_number=0, block=b"\x30\0")).sw in (
                codes.SW_SECURITY_STATUS,
                codes.SW_WRONG_DATA,
            )
            assert RECORD_PENDING not in records_of(card.nvm)
            assert self.inside(office, card).send(enrol).sw == codes.SW_OK
            assert RECORD_PENDING in records_of(card.nvm)
            assert office.shows(records_of(card.nvm)).outcome is Outcome.ACCEPT


def test_a_development_terminal_without_the_pin_renews_nothing(tmp_path: Path) -> None:
    with renewal_office(tmp_path, standard_cards=False) as office, in_memory(office.cards[0]) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        described = TerminalDescription(
            rp_context=b"mumei:renewal",
            display_name="Ward office",
            OP=context_point(b"mumei:renewal"),
            pseudonym=True,
            not_before=day_number(TODAY),
            not_after=day_number(TODAY),
        )
        describe_terminal(channel, described.to_octets())
        refused = channel.send(messages.enrol(enrolment=encode_enrol(bytes(32))))
        assert refused.sw == codes.SW_SECURITY_STATUS
        assert RECORD_PENDING not in records_of(card.nvm)


@pytest.fixture
def standard_office(tmp_path: Path) -> Iterator[RenewalOffice]:
    with renewal_office(tmp_path, standard_cards=True) as office:
        yield office


@pytest.mark.parametrize(
    ("credentials", "error"),
    [
        ({"flags": Flag.PSEUDONYM}, TrustError),
        ({"flags": Flag.PSEUDONYM, "context": "forum.example"}, CardRefused),
        ({"flags": Flag.PSEUDONYM | Flag.PERSONALISATION, "context": "forum.example"}, CardRefused),
        ({"sector": made.SHOPS, "context": "forum.example"}, CardRefused),
    ],
    ids=["the context without the right", "no right", "personalisation", "a shop that claims it"],
)
def test_only_an_official_authority_with_the_right_renews(
    standard_office: RenewalOffice, credentials: dict[str, object], error: type[MumeiError]
) -> None:
    records = standard_office.cards[0]
    desk = RenewalDesk(standard_office.office(), renewal_credentials(**credentials))  # type: ignore[arg-type]
    with in_memory(records) as card:
        with pytest.raises(error) as caught:
            desk.renew(Channel(card.connection), 1, Pin(PIN), today=TODAY)
        if isinstance(caught.value, CardRefused):
            assert caught.value.sw == codes.SW_SECURITY_STATUS
        assert RECORD_PENDING not in records_of(card.nvm)


def test_a_standard_card_needs_a_certificate(standard_office: RenewalOffice) -> None:
    records = standard_office.cards[0]
    with in_memory(records) as card, pytest.raises(UsageError, match="renewal certificate"):
        RenewalDesk(standard_office.office()).renew(Channel(card.connection), 1, Pin(PIN), today=TODAY)
