"""Issuing a card at the counter: it goes on where it broke off, and cannot hurt the wrong card (protocol 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.counter import Counter, Dying, PowerCut, counter_in, cut
from tests.fixtures.world import TOMORROW, issuer, over

from mumei.office.database.models import AuditAction, EnrolmentState
from mumei.office.enrolment import Enrolled
from mumei.office.records import EnrolmentConflictError
from mumei.office.registry import Registry
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei_card.applet.records import StoredCredential
from mumei_card.chip.nvm import Nvm
from mumei_core.dates import day_number
from mumei_core.errors import (
    CardRemovedError,
)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with counter_in(tmp_path) as counter:
        yield counter


class TestWhole:
    def test_a_new_card_is_issued(self, counter: Counter) -> None:
        said: list[str] = []
        card = counter.card()
        enrolled = counter.enrol(card, progress=said.append)
        assert enrolled == Enrolled(
            enrolment=1,
            resident=1,
            card=str(card),
            valid_until=date(2027, 12, 31),
            resumed=False,
            development=True,
        )
        assert "the card pins the issuer's parameters" in said and len(said) == 4
        assert "mumei card pin change" in enrolled.text() and "DEVELOPMENT" in enrolled.text()
        counter.assert_issued(card)

    def test_the_trail_says_who_did_what(self, counter: Counter) -> None:
        counter.enrol(counter.card())
        trail = [entry for entry in counter.registry.history(resident_number=1) if entry.enrolment]
        assert [entry.action for entry in trail] == [
            AuditAction.ENROLMENT_STARTED,
            AuditAction.COMMITMENT_RECORDED,
            AuditAction.ISSUANCE_TERMS_RECORDED,
            AuditAction.SIGNATURE_RECORDED,
            AuditAction.CREDENTIAL_STORED,
        ]
        assert {entry.clerk for entry in trail} == {"sato"}

    @pytest.mark.parametrize(
        ("today", "valid_until"),
        [
            (date(2026, 6, 30), date(2027, 6, 30)),
            (date(2026, 7, 1), date(2027, 12, 31)),
            (date(2026, 12, 31), date(2027, 12, 31)),
            (date(2024, 2, 29), date(2025, 6, 30)),
        ],
    )
    def test_a_credential_ends_with_a_half_year_for_everyone(
        self, tmp_path: Path, today: date, valid_until: date
    ) -> None:
        with Registry.create(tmp_path / "ward.db", clock=lambda: world.noon(today)) as registry:
            registry.import_residents([world.born(date(1990, 1, 1))], clerk="sato")
            counter = Counter(registry=registry, folder=tmp_path)
            assert counter.enrol(counter.card(), today=today).valid_until == valid_until

    def test_every_sample_resident_gets_a_card(self, counter: Counter) -> None:
        for resident in range(1, 13):
            counter.enrol(counter.card(f"card{resident}"), resident)
        found = [
            StoredCredential.from_bytes(world.records_of(Nvm.read(counter.card(f"card{n}")))["credential"])
            for n in range(1, 13)
        ]
        # Nothing that a card keeps to itself is on two cards.
        assert len({secret for card in found for secret in card.secrets}) == 36

    def test_what_the_office_keeps_holds_no_secret_of_the_card(self, counter: Counter) -> None:
        card = counter.card()
        counter.enrol(card)
        secrets = StoredCredential.from_bytes(world.records_of(Nvm.read(card))["credential"]).secrets
        kept = b"".join(path.read_bytes() for path in counter.folder.glob("ward.db*"))
        assert not any(secret.to_bytes(32) in kept for secret in secrets)


class TestResumption:
    @pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
    def test_the_card_taken_away_at_any_exchange(self, counter: Counter, before: bool) -> None:
        exchanges = counter.exchanges()
        assert exchanges > 20
        for k in range(1, exchanges + 1):
            # One block of parameters is like another: each is cut in one of the two ways.
            if 5 <= k <= exchanges - 4 and bool(k % 2) is before:
                continue
            card = counter.card(f"cut-{k}")
            with pytest.raises(CardRemovedError):
                counter.enrol(card, wire=cut(k, before=before))
            # At most one is begun; none, where the card had not said yet what it is.
            begun = counter.records()
            assert len(begun) <= 1
            enrolled = counter.enrol(card)
            counter.assert_issued(card)
            for record in begun:
                after = counter.registry.enrolment(record.number)
                assert after.nonce == record.nonce
                assert record.signature in (None, after.signature)
                assert enrolled.resumed == (record.state is not EnrolmentState.STARTED)
            counter = self._with_fresh_registry(counter)

    def _with_fresh_registry(self, counter: Counter) -> Counter:
        """Copying a registry with its residents is quicker than making one."""
        counter.registry.close()
        template = counter.folder / "template.db"
        if not template.exists():
            with Registry.create(template, clock=world.noon) as registry:
                registry.import_residents(world.residents(), clerk="sato")
        for leftover in counter.folder.glob("ward.db*"):
            leftover.unlink()
        copy = counter.folder / "ward.db"
        copy.write_bytes(template.read_bytes())
        copy.with_suffix(".key").write_bytes(template.with_suffix(".key").read_bytes())
        copy.chmod(0o600)
        return replace(counter, registry=Registry.open(copy, clock=world.noon, busy_timeout=0.05))

    @pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
    @pytest.mark.parametrize(
        "step",
        [
            "begin_enrolment",
            "record_answer",
            "record_valid_until",
            "record_issuance",
            "mark_stored",
        ],
    )
    def test_the_office_killed_at_any_write(self, counter: Counter, step: str, after: bool) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, step, after=after))
        signed = next((r.signature for r in counter.records()), None)
        if (step, after) == ("mark_stored", True):
            # All was done but the word to the clerk: the resident has a card, and gets no second one by mistake.
            with pytest.raises(EnrolmentConflictError):
                counter.enrol(card)
        else:
            counter.enrol(card)
        counter.assert_issued(card)
        if signed is not None:
            assert counter.records()[0].signature == signed

    def test_many_cuts_one_after_another(self, counter: Counter) -> None:
        card = counter.card()
        cuts = 0
        for k in range(3, 40, 3):
            try:
                counter.enrol(card, wire=cut(k, before=bool(k % 2)))
            except CardRemovedError:
                cuts += 1
            else:
                break
        assert cuts > 3
        counter.assert_issued(card)

    def test_an_enrolment_goes_on_the_next_day_under_the_same_terms(self, counter: Counter) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, "record_issuance", after=True))
        promised = counter.records()[0].valid_until
        enrolled = counter.enrol(card, today=date(2027, 1, 4))
        assert enrolled.resumed
        assert day_number(enrolled.valid_until) == promised
        counter.assert_issued(card)

    def test_what_the_issuer_signed_and_the_office_lost_comes_again(self, counter: Counter) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, "record_issuance", after=False))
        assert counter.records()[0].signature is None
        kept = issuer().issuing.ledger.by_record(counter.registry.resident(1).record)
        assert len(kept) == 1
        counter.enrol(card)
        stored = StoredCredential.from_bytes(world.records_of(Nvm.read(card))["credential"]).issued
        assert stored.signature.to_octets() == kept[0].signature
        assert stored.signer_nym_entropy == int.from_bytes(kept[0].terms.signer_nym_entropy)


def test_who_turns_twenty_tomorrow_was_issued_the_same_kind_of_card(counter: Counter) -> None:
    card = counter.card("taro")
    counter.enrol(card, 2)
    stored = world.records_of(Nvm.read(card))
    question = Question(predicates=(over(20),))
    assert world.ask(stored, question).verdict.outcome is Outcome.DENY
    assert world.ask(stored, question, today=TOMORROW).verdict.outcome is Outcome.ACCEPT
