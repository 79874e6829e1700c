"""Issuing a card at the counter: it goes on where it broke off, and cannot hurt the wrong card (protocol 2.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import world
from tests.fixtures.world import TODAY, TOMORROW, Wire, issuer, over

from mumei.issuer.parameters import PublicParameters
from mumei.office.enrolment import Enrolled, Office
from mumei.office.models import AuditAction, EnrolmentState
from mumei.office.records import EnrolmentConflictError, EnrolmentRecord, NotFoundError
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.terminal.question import Question
from mumei.terminal.verdict import Outcome
from mumei.transport.simulator import open_simulator
from mumei_card.applet.records import StoredCredential
from mumei_card.chip.nvm import Nvm
from mumei_core.dates import day_number
from mumei_core.errors import (
    CardRefused,
    CardRemovedError,
    MumeiError,
    ProtocolError,
    TrustError,
    WrongCardError,
)


@dataclass
class Counter:
    """A ward office's counter: a registry with the sample residents, and cards in files."""

    registry: Registry
    folder: Path

    def card(self, name: str = "hanako", records: world.Records | None = None) -> Path:
        path = self.folder / f"{name}.card"
        return path if path.exists() else world.write_card(path, records or world.new_card())

    def enrol(
        self,
        card: Path,
        resident: int = 1,
        *,
        registry: Any = None,
        wire: Callable[[Any], Wire] = Wire,
        today: date = TODAY,
        issuer_name: str = "Gifu TEST",
        parameters: PublicParameters | None = None,
        **options: Any,
    ) -> Enrolled:
        """``mumei office enrol`` in a process of its own: nothing but registry and card file is kept."""
        office = Office(
            registry or self.registry,
            parameters or issuer(issuer_name).parameters,
            issuer(issuer_name).signing,
            clerk="sato",
        )
        with wire(open_simulator(card)) as connection:
            return office.enrol(Channel(connection), resident, today=today, **options)

    def records(self, resident: int = 1) -> tuple[EnrolmentRecord, ...]:
        return self.registry.enrolments_of(resident)

    def exchanges(self) -> int:
        """How many exchanges a whole enrolment takes."""
        wires: list[Wire] = []

        def wire(connection: Any) -> Wire:
            wires.append(Wire(connection))
            return wires[0]

        self.enrol(self.card("measured"), 12, wire=wire)
        return wires[0].exchanges

    def assert_issued(self, card: Path, resident: int = 1) -> None:
        """One credential, one record, one signature on both, and the card presents."""
        (record,) = (r for r in self.records(resident) if r.state is not EnrolmentState.CANCELLED)
        assert record.state is EnrolmentState.STORED
        stored = world.records_of(Nvm.read(card))
        assert "pending" not in stored
        credential = StoredCredential.from_bytes(stored["credential"])
        assert credential.issued.signature.to_octets() == record.signature
        question = Question(predicates=(over(20),), prefecture=world.GIFU)
        assert world.ask(stored, question).verdict.outcome is Outcome.ACCEPT


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with Registry.create(tmp_path / "ward.db", clock=world.noon, busy_timeout=0.05) as registry:
        registry.import_residents(world.residents(), clerk="sato")
        yield Counter(registry=registry, folder=tmp_path)


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
        trail = [entry for entry in counter.registry.history(resident_number=1) if entry.enrolment_number]
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


def cut(at: int, *, before: bool) -> Callable[[Any], Wire]:
    """A way to the card from which it is taken away at one exchange."""
    return lambda inner: Wire(inner, cut_at=at, before=before)


class TestResumption:
    @pytest.mark.parametrize("before", [True, False], ids=["command lost", "answer lost"])
    def test_the_card_taken_away_at_any_exchange(self, counter: Counter, before: bool) -> None:
        exchanges = counter.exchanges()
        assert exchanges > 20
        for k in range(1, exchanges + 1):
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
        copy.chmod(0o600)
        return replace(counter, registry=Registry.open(copy, clock=world.noon, busy_timeout=0.05))

    @pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
    @pytest.mark.parametrize(
        "step",
        [
            "begin_enrolment",
            "record_commitment",
            "record_issuance_terms",
            "record_signature",
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
            counter.enrol(card, registry=Dying(counter.registry, "record_signature", after=True))
        promised = counter.records()[0].valid_until
        enrolled = counter.enrol(card, today=date(2027, 1, 4))
        assert enrolled.resumed
        assert day_number(enrolled.valid_until) == promised
        counter.assert_issued(card)

    def test_a_signature_is_never_made_under_entropy_that_is_not_on_record(self, counter: Counter) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, "record_issuance_terms", after=True))
        entropy = counter.records()[0].signer_nym_entropy
        assert entropy is not None
        counter.enrol(card)
        stored = StoredCredential.from_bytes(world.records_of(Nvm.read(card))["credential"])
        assert stored.issued.signer_nym_entropy == int.from_bytes(entropy)


class PowerCut(BaseException):
    """The office's computer goes dark."""


class Dying:
    """A registry whose process dies at one step."""

    def __init__(self, registry: Registry, step: str, *, after: bool) -> None:
        self._registry, self._step, self._after = registry, step, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._registry, name)
        if name != self._step:
            return method

        def die(*args: Any, **kwargs: Any) -> None:
            if self._after:
                method(*args, **kwargs)
            raise PowerCut

        return die


class TestWrongCards:
    """A card that does not belong to the enrolment: refused with a hint, and its file as it was."""

    def refused(self, counter: Counter, card: Path, resident: int = 1, **options: Any) -> MumeiError:
        before = card.read_bytes()
        with pytest.raises(MumeiError) as caught:
            counter.enrol(card, resident, **options)
        assert card.read_bytes() == before
        assert caught.value.hint
        return caught.value

    @pytest.mark.parametrize("step", ["record_commitment", "record_issuance_terms", "record_signature"])
    def test_another_card_in_between(self, counter: Counter, step: str) -> None:
        mine = counter.card("mine")
        with pytest.raises(PowerCut):
            counter.enrol(mine, registry=Dying(counter.registry, step, after=True))
        issued = counter.card("issued", world.sample_card(5))
        self.refused(counter, issued)
        foreign = counter.card("foreign", world.card_with_parameters("Elsewhere TEST"))
        with pytest.raises((WrongCardError, EnrolmentConflictError)) as caught:
            counter.enrol(foreign)
        assert caught.value.hint
        blank = counter.card("blank")
        with pytest.raises((WrongCardError, EnrolmentConflictError)) as caught:
            counter.enrol(blank)
        assert "card" in caught.value.hint
        # The right card still finishes, and the other one is still good for somebody else.
        counter.enrol(mine)
        counter.assert_issued(mine)
        counter.enrol(blank, 2)
        assert counter.records(2)[0].state is EnrolmentState.STORED

    def test_a_signed_credential_touches_no_other_card(self, counter: Counter) -> None:
        with pytest.raises(PowerCut):
            counter.enrol(
                counter.card("mine"), registry=Dying(counter.registry, "record_signature", after=True)
            )
        for name, records in (
            ("blank", world.new_card()),
            ("loaded", world.card_with_parameters()),
            ("foreign", world.card_with_parameters("Elsewhere TEST")),
            ("issued", world.sample_card(5)),
        ):
            error = self.refused(counter, counter.card(name, records))
            assert isinstance(error, WrongCardError), name

    def test_a_card_that_has_a_credential(self, counter: Counter) -> None:
        self.refused(counter, counter.card("issued", world.sample_card()))

    def test_a_card_of_another_issuer(self, counter: Counter) -> None:
        card = counter.card("foreign", world.card_with_parameters("Elsewhere TEST"))
        with pytest.raises(WrongCardError, match="another issuer") as caught:
            counter.enrol(card)
        assert caught.value.hint
        assert counter.records()[0].commitment is None

    def test_a_card_of_another_profile(self, counter: Counter) -> None:
        parameters = replace(issuer().parameters, profile=2)
        error = self.refused(counter, counter.card(), parameters=parameters)
        assert isinstance(error, WrongCardError)
        assert counter.records() == ()

    def test_the_cancelled_enrolments_card_serves_the_next(self, counter: Counter) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, "record_commitment", after=True))
        counter.registry.cancel_enrolment(1, clerk="sato")
        assert counter.enrol(card).enrolment == 2
        counter.assert_issued(card)


class TestWrongIssuer:
    def test_key_and_parameters_of_two_issuers(self, counter: Counter) -> None:
        with pytest.raises(TrustError, match="do not belong together") as caught:
            Office(
                counter.registry,
                issuer("Elsewhere TEST").parameters,
                issuer().signing,
                clerk="sato",
            )
        assert caught.value.hint

    def test_another_issuer_may_not_finish_what_one_began(self, counter: Counter) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, "record_issuance_terms", after=True))
        before = card.read_bytes()
        with pytest.raises((WrongCardError, EnrolmentConflictError)):
            counter.enrol(card, issuer_name="Elsewhere TEST")
        assert card.read_bytes() == before
        counter.enrol(card)
        counter.assert_issued(card)

    def test_an_issuer_that_signs_under_another_key_finds_no_card_to_take_it(self, counter: Counter) -> None:
        class Marking:
            """Signs with a key made for this card, under the name of the common one."""

            key_id = issuer().signing.key_id
            issue = issuer("Elsewhere TEST").signing.issue

        card = counter.card()
        office = Office(counter.registry, issuer().parameters, Marking(), clerk="sato")  # type: ignore[arg-type]
        with open_simulator(card) as connection, pytest.raises(CardRefused) as caught:
            office.enrol(Channel(connection), 1, today=TODAY)
        assert caught.value.sw == 0x6A80
        assert "credential" not in world.records_of(Nvm.read(card))

    @pytest.mark.parametrize("what", ["a point of A", "a point of W", "W1"])
    def test_tampered_parameters_are_never_pinned(self, counter: Counter, what: str) -> None:
        honest = issuer().parameters
        tampered = {
            "a point of A": replace(honest, A=honest.A[48:96] + honest.A[48:]),
            "a point of W": replace(honest, W=honest.W[48:96] + honest.W[48:]),
            "W1": replace(honest, W1=issuer("Elsewhere TEST").parameters.W1),
        }[what]
        card = counter.card()
        before = card.read_bytes()
        with pytest.raises(TrustError, match="audit"):
            counter.enrol(card, parameters=tampered)
        assert card.read_bytes() == before


class TestSecondCards:
    def test_a_resident_gets_no_second_card_by_mistake(self, counter: Counter) -> None:
        counter.enrol(counter.card("first"))
        second = counter.card("second")
        before = second.read_bytes()
        with pytest.raises(EnrolmentConflictError) as caught:
            counter.enrol(second)
        assert "replacement" in caught.value.hint
        assert second.read_bytes() == before

    def test_a_replacement_is_another_person_to_every_relying_party(self, counter: Counter) -> None:
        first, second = counter.card("first"), counter.card("second")
        counter.enrol(first)
        assert counter.enrol(second, replacement=True).enrolment == 2
        seen = {
            world.ask(world.records_of(Nvm.read(card)), Question(pseudonym=True)).verdict.pseudonym
            for card in (first, second)
        }
        assert len(seen) == 2 and None not in seen

    def test_after_the_credential_ended_a_new_card_needs_no_word(self, tmp_path: Path) -> None:
        clock = [world.noon()]
        with Registry.create(tmp_path / "ward.db", clock=lambda: clock[0]) as registry:
            registry.import_residents(world.residents(), clerk="sato")
            counter = Counter(registry=registry, folder=tmp_path)
            counter.enrol(counter.card("first"))
            later = TODAY + timedelta(days=800)
            clock[0] = world.noon(later)
            assert counter.enrol(counter.card("second"), today=later).enrolment == 2


class TestRefused:
    def test_a_resident_who_is_not_on_record(self, counter: Counter) -> None:
        card = counter.card()
        before = card.read_bytes()
        with pytest.raises(NotFoundError):
            counter.enrol(card, 99)
        assert card.read_bytes() == before

    def test_a_registry_that_another_program_writes(self, counter: Counter) -> None:
        card = counter.card()
        before = card.read_bytes()
        with sqlite3.connect(counter.folder / "ward.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(MumeiError, match="another program is writing"):
                counter.enrol(card)
            other.execute("ROLLBACK")
        other.close()
        assert card.read_bytes() == before
        counter.enrol(card)
        counter.assert_issued(card)

    def test_a_card_that_lies_about_its_commitment(self, counter: Counter) -> None:
        class Lying(Wire):
            def transmit(self, apdu: bytes) -> bytes:
                answer = bytearray(super().transmit(apdu))
                if apdu[:2] == bytes.fromhex("8030") and answer.endswith(b"\x90\x00"):
                    # The last octet of the commitment's challenge.
                    answer[answer.index(bytes.fromhex("8281B0")) + 3 + 175] ^= 1
                return bytes(answer)

        with pytest.raises(ProtocolError):
            counter.enrol(counter.card(), wire=Lying)
        assert counter.records()[0].commitment is None

    def test_a_card_that_confirms_another_credential(self, counter: Counter) -> None:
        class Lying(Wire):
            def transmit(self, apdu: bytes) -> bytes:
                answer = bytearray(super().transmit(apdu))
                if apdu[:2] == bytes.fromhex("8032"):
                    answer[-3] ^= 1
                return bytes(answer)

        card = counter.card()
        with pytest.raises(ProtocolError, match="another credential"):
            counter.enrol(card, wire=Lying)
        assert counter.records()[0].state is EnrolmentState.SIGNED
        counter.enrol(card)
        counter.assert_issued(card)


def test_who_turns_twenty_tomorrow_was_issued_the_same_kind_of_card(counter: Counter) -> None:
    card = counter.card("taro")
    counter.enrol(card, 2)
    stored = world.records_of(Nvm.read(card))
    question = Question(predicates=(over(20),))
    assert world.ask(stored, question).verdict.outcome is Outcome.DENY
    assert world.ask(stored, question, today=TOMORROW).verdict.outcome is Outcome.ACCEPT
