"""Issuer keys by their days and trustees by their version, on cards: root and auditor have signed both (2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from tests.fixtures import standard, world
from tests.fixtures.certificates import AUDITOR, REVOCATION
from tests.fixtures.desk import Desk, desk_with
from tests.fixtures.world import TODAY, in_memory, records_of

from mumei.office.residents.resident import credential_attributes
from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.personalisation import CardNotReadyError
from mumei.session.scp03 import open_scp03
from mumei_card.applet.issuing_trust import RECORD_ISSUER_KEYS, RECORD_TRUSTEES
from mumei_card.applet.trust_points import (
    RECORD_AUDITOR_KEYS,
    RECORD_AUTHORITY_KEYS,
    RECORD_ROOT_KEYS,
    trust_records,
)
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential
from mumei_core.crypto.curve import BP1, scalar_from_octets
from mumei_core.dates import day_number
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.development_trustees import development_trustees
from mumei_core.eac import der
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import CardRefused, DecodingError
from mumei_core.issuing_statements import IssuerKeyRecord, PinnedKey, SuccessorRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement, signed_record

ROOT = development_key(DevelopmentRole.ISSUER_ROOT)
DEVELOPMENT_AUDITOR = development_key(DevelopmentRole.AUDITOR)
DAY = day_number(TODAY)
OTHER = "Elsewhere TEST"


def signed(
    record: IssuerKeyRecord | TrusteeListRecord,
    root: SigningKey = ROOT,
    auditor: SigningKey = DEVELOPMENT_AUDITOR,
) -> bytes:
    return SignedStatement.by(record.to_octets(), root, auditor).to_octets()


def key_of(issuer_name: str = "Gifu TEST", first: int = DAY - 100, last: int = DAY + 100) -> IssuerKeyRecord:
    key = world.issuer(issuer_name).key
    return IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=first, last_day=last)


@pytest.fixture
def card() -> Iterator[Desk]:
    with desk_with(world.card_with_parameters()) as desk:
        yield desk


def takes(card: Desk, statement: bytes) -> int:
    return card.sw(codes.INS_STORE_DATA, statement, p1=0x80)


def enrolled(card: Desk) -> EnrolmentAnswer:
    return personalisation.enrol(card.channel, world.NONCE)


def credential_under(card: Desk, issuer_name: str, *, on: int = DAY) -> IssuedCredential:
    """What the issuer of that name gives for the card's commitment."""
    answer, issuer = enrolled(card), world.issuer(issuer_name)
    entropy = (7).to_bytes(32)
    until = day_number(date(2027, 12, 31))
    attributes = credential_attributes(world.residents()[0])
    issued = issuer.signing.issue(
        attributes, answer.commitment, signer_nym_entropy=entropy, valid_until=until
    )
    return IssuedCredential(
        valid_until=until,
        issuer_key_hash=issuer.key.key_id,
        attributes=attributes,
        signature=issued.signature,
        signer_nym_entropy=scalar_from_octets(entropy),
        common_key_proof=issued.common_key_proof,
        issuance_date=on,
    )


class TestIssuerKeys:
    def test_without_a_record_the_parameters_key_stands(self, card: Desk) -> None:
        assert card.store_credential(credential_under(card, OTHER)) == codes.SW_WRONG_DATA
        assert card.store_credential(credential_under(card, "Gifu TEST")) == codes.SW_OK

    def test_a_credential_under_the_next_key_with_overlap(self, card: Desk) -> None:
        assert takes(card, signed(key_of())) == codes.SW_OK
        assert takes(card, signed(key_of(OTHER, DAY - 5, DAY + 400))) == codes.SW_OK
        assert card.store_credential(credential_under(card, OTHER)) == codes.SW_OK

    @pytest.mark.parametrize("on", [DAY - 6, DAY + 6])
    def test_only_on_its_days(self, card: Desk, on: int) -> None:
        assert takes(card, signed(key_of(OTHER, DAY - 5, DAY + 5))) == codes.SW_OK
        assert card.store_credential(credential_under(card, OTHER, on=on)) == codes.SW_WRONG_DATA
        edge = DAY - 5 if on < DAY else DAY + 5
        assert card.store_credential(credential_under(card, OTHER, on=edge)) == codes.SW_OK

    def test_a_key_of_the_parameters_ends_when_records_come(self, card: Desk) -> None:
        """Else it would sign for ever, whatever its record says."""
        assert takes(card, signed(key_of(OTHER))) == codes.SW_OK
        assert card.store_credential(credential_under(card, "Gifu TEST")) == codes.SW_WRONG_DATA

    def test_three_places_and_the_one_that_ends_first_goes(self, card: Desk) -> None:
        names = ("Gifu TEST", OTHER, "Third TEST", "Fourth TEST")
        for place, name in enumerate(names):
            assert takes(card, signed(key_of(name, DAY - 100, DAY + 100 + place))) == codes.SW_OK
        octets = card.records[RECORD_ISSUER_KEYS]
        assert [world.issuer(name).key.public_key in octets for name in names] == [False, True, True, True]

    def test_the_same_key_with_other_days_replaces_itself(self, card: Desk) -> None:
        for last in (DAY - 1, DAY + 1):
            assert takes(card, signed(key_of(last=last))) == codes.SW_OK
        assert card.records[RECORD_ISSUER_KEYS] == key_of(last=DAY + 1).to_octets()

    def test_a_point_outside_the_subgroup_is_found_whoever_signed(self, card: Desk) -> None:
        wrong = replace(key_of(), W1=b"\x80" + bytes(47))
        assert takes(card, signed(wrong)) == codes.SW_WRONG_DATA
        assert RECORD_ISSUER_KEYS not in card.records

    def test_a_standard_card_takes_no_key_that_nobody_has_signed(self) -> None:
        """An issuer with a key of its own for each office, or each card, could tell them apart for ever."""
        unsigned = {RECORD_ISSUER_KEYS}
        records = {
            name: value for name, value in standard.card_with_parameters().items() if name not in unsigned
        }
        with in_memory(records) as card:
            channel = Channel(card.connection)
            Application.identify(channel)
            inside = open_scp03(channel, standard.MASTER.keys_of)
            credential = world.credential_for(inside, world.residents()[0])
            with pytest.raises(CardRefused):
                personalisation.store_credential(inside, credential)
            personalisation.store_statement(inside, standard.issuer_key())
            personalisation.store_credential(inside, credential)


class TestTrustees:
    def test_a_newer_list_replaces_and_an_older_does_not(self, card: Desk) -> None:
        first = enrolled(card).linked
        assert first is not None and first.trustee_list == development_trustees().digest
        newer = replace(development_trustees(), version=3, t=3)
        assert takes(card, signed(newer)) == takes(card, signed(newer)) == codes.SW_OK
        for older in (replace(newer, version=2), replace(newer, t=2)):
            assert takes(card, signed(older)) == codes.SW_CONDITIONS
        again = personalisation.enrol(card.channel, bytes(32)).linked
        assert again is not None and again.trustee_list == newer.digest
        assert len(again.F) == 3 and len(again.sealed) == 3 * 113

    def test_sixteen_trustees_fit(self, card: Desk) -> None:
        keys = tuple(SigningKey(i + 1).point for i in range(16))
        assert takes(card, signed(TrusteeListRecord(version=2, t=16, keys=keys))) == codes.SW_OK
        linked = enrolled(card).linked
        assert linked is not None and len(linked.F) == 16 and len(linked.sealed) == 16 * 113

    def test_a_newer_list_voids_what_was_shared_out_to_others(self, card: Desk) -> None:
        """No issuer would sign it any more; the same list again voids nothing."""
        before, newer = enrolled(card), replace(development_trustees(), version=2)
        assert takes(card, signed(newer)) == codes.SW_OK
        after = enrolled(card)
        assert after.linked is not None and after.linked.trustee_list == newer.digest
        assert after.commitment != before.commitment
        assert takes(card, signed(newer)) == codes.SW_OK and enrolled(card) == after


@pytest.mark.parametrize("record", [development_trustees(), key_of()], ids=["trustees", "issuer key"])
class TestBothSign:
    @pytest.mark.parametrize(
        ("root", "auditor"),
        [
            (ROOT, ROOT),
            (DEVELOPMENT_AUDITOR, DEVELOPMENT_AUDITOR),
            (DEVELOPMENT_AUDITOR, ROOT),
            (SigningKey(77), DEVELOPMENT_AUDITOR),
        ],
        ids=["root alone", "auditor alone", "the other way round", "a stranger"],
    )
    def test_or_nothing_is_kept(
        self, card: Desk, record: IssuerKeyRecord | TrusteeListRecord, root: SigningKey, auditor: SigningKey
    ) -> None:
        before = card.records
        assert takes(card, signed(record, root, auditor)) == codes.SW_WRONG_DATA
        assert card.records == before

    def test_a_development_card_that_pinned_others_trusts_those(
        self, card: Desk, record: IssuerKeyRecord | TrusteeListRecord
    ) -> None:
        with desk_with({**world.card_with_parameters(), **trust_records(standard.card_trust())}) as pinned:
            assert takes(pinned, signed(record)) == codes.SW_WRONG_DATA
            assert takes(pinned, signed(record, standard.ISSUER_ROOT, AUDITOR)) == codes.SW_OK


def test_a_standard_card_without_trustees_commits_to_nothing() -> None:
    with in_memory(standard.card_with_parameters()) as card:
        card.nvm.commit({RECORD_TRUSTEES: None})
        channel = Channel(card.connection)
        Application.identify(channel)
        inside = open_scp03(channel, standard.MASTER.keys_of)
        with pytest.raises(CardNotReadyError, match="trustees"):
            personalisation.enrol(inside, world.NONCE)
        with pytest.raises(CardRefused):
            personalisation.store_statement(inside, signed(development_trustees()))
        personalisation.store_statement(inside, standard.trustees())
        assert personalisation.enrol(inside, world.NONCE).linked is not None
        assert RECORD_TRUSTEES in records_of(card.nvm)


def test_digits_and_ages_stand_only_with_the_roots_signature_whatever_comes_first() -> None:
    """Parameters before trust points: nobody could have signed them yet, so anybody's would be taken."""
    with in_memory(standard.new_card()) as card:
        channel = Channel(card.connection)
        Application.identify(channel)
        inside = open_scp03(channel, standard.MASTER.keys_of)
        for statement in (None, standard.digits_statement()):
            parameters = standard.parameters().for_card(standard.CARD_DATE, statement=statement)
            with pytest.raises(CardRefused):
                personalisation.store_parameters(inside, parameters)
        personalisation.store_trust(inside, standard.card_trust())
        personalisation.store_parameters(inside, parameters)


def test_w1_of_another_key_is_the_auditors_to_find() -> None:
    """A card cannot pair: it takes what both have signed."""
    with desk_with(world.card_with_parameters()) as card:
        assert takes(card, signed(replace(key_of(), W1=(BP1 * 5).to_octets()))) == codes.SW_OK
        assert card.store_credential(credential_under(card, "Gifu TEST")) == codes.SW_WRONG_DATA


class TestSuccessors:
    """Every pinned key has two places; the old key signs its successor, and the auditor too."""

    @pytest.fixture
    def pinned(self) -> Iterator[Desk]:
        with desk_with({**world.card_with_parameters(), **trust_records(standard.card_trust())}) as desk:
            yield desk

    @staticmethod
    def names(of: PinnedKey, new: SigningKey, old: SigningKey, auditor: SigningKey = AUDITOR) -> bytes:
        record = SuccessorRecord(of=of, key=new.point).to_octets()
        return SignedStatement.by(record, old, auditor).to_octets()

    @pytest.mark.parametrize(
        ("of", "old", "record"),
        [
            (PinnedKey.AUTHORITY, REVOCATION, RECORD_AUTHORITY_KEYS),
            (PinnedKey.AUDITOR, AUDITOR, RECORD_AUDITOR_KEYS),
            (PinnedKey.ISSUER_ROOT, standard.ISSUER_ROOT, RECORD_ROOT_KEYS),
        ],
        ids=["authority", "auditor", "issuer's root"],
    )
    def test_old_and_new_then_the_two_newest(
        self, pinned: Desk, of: PinnedKey, old: SigningKey, record: str
    ) -> None:
        second, third = SigningKey(21), SigningKey(22)
        for _ in range(2):
            assert takes(pinned, self.names(of, second, old)) == codes.SW_OK
            assert pinned.records[record] == old.point + second.point
        assert takes(pinned, self.names(of, third, second)) == codes.SW_OK
        assert pinned.records[record] == second.point + third.point
        if of is not PinnedKey.AUDITOR:
            # What has gone signs no more, and comes not back.
            assert takes(pinned, self.names(of, SigningKey(23), old)) == codes.SW_WRONG_DATA
            assert takes(pinned, self.names(of, old, old)) == codes.SW_WRONG_DATA

    def test_the_new_root_names_trustees(self, pinned: Desk) -> None:
        new, statement = SigningKey(24), replace(development_trustees(), version=5)
        assert takes(pinned, signed(statement, new, AUDITOR)) == codes.SW_WRONG_DATA
        assert takes(pinned, self.names(PinnedKey.ISSUER_ROOT, new, standard.ISSUER_ROOT)) == codes.SW_OK
        assert takes(pinned, signed(statement, new, AUDITOR)) == codes.SW_OK

    def test_nobody_else_names_one(self, pinned: Desk) -> None:
        before, new = pinned.records, SigningKey(25)
        for old, auditor in (
            (AUDITOR, AUDITOR),
            (new, AUDITOR),
            (REVOCATION, REVOCATION),
            (REVOCATION, new),
            (standard.ISSUER_ROOT, AUDITOR),
        ):
            assert takes(pinned, self.names(PinnedKey.AUTHORITY, new, old, auditor)) == codes.SW_WRONG_DATA
        assert pinned.records == before

    def test_a_card_that_has_pinned_none(self, card: Desk) -> None:
        statement = self.names(PinnedKey.ISSUER_ROOT, SigningKey(26), ROOT, DEVELOPMENT_AUDITOR)
        assert takes(card, statement) == codes.SW_CONDITIONS

    def test_of_no_key_that_there_is(self) -> None:
        good = SuccessorRecord(of=PinnedKey.AUDITOR, key=AUDITOR.point)
        assert SuccessorRecord.from_octets(good.to_octets()) == good
        with pytest.raises(DecodingError):
            SuccessorRecord.from_octets(
                signed_record(codes.STATEMENT_SUCCESSOR, der.integer(3), der.octet_string(AUDITOR.point))
            )
