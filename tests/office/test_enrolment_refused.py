"""Cards, issuers and registries that do not fit an enrolment: refused with a hint, the card as it was (2.2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import world
from tests.fixtures.counter import Counter, Dying, PowerCut, counter_in
from tests.fixtures.world import TODAY, Wire, issuer

from mumei.issuer.check_issuance import WrongIssuanceError
from mumei.issuer.issuance import Issuance, IssuanceRequest
from mumei.office import enrolment
from mumei.office.database.models import EnrolmentState
from mumei.office.enrolment import Office
from mumei.office.records import EnrolmentConflictError, NotFoundError
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.terminal.question import Question
from mumei.transport.simulator import open_simulator
from mumei_card.chip.nvm import Nvm
from mumei_core.errors import (
    CardRefused,
    MumeiError,
    ProtocolError,
    TrustError,
    WrongCardError,
)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with counter_in(tmp_path) as counter:
        yield counter


class TestWrongCards:
    """A card that does not belong to the enrolment: refused with a hint, and its file as it was."""

    def refused(self, counter: Counter, card: Path, resident: int = 1, **options: Any) -> MumeiError:
        before = card.read_bytes()
        with pytest.raises(MumeiError) as caught:
            counter.enrol(card, resident, **options)
        assert card.read_bytes() == before
        assert caught.value.hint
        return caught.value

    @pytest.mark.parametrize("step", ["record_answer", "record_valid_until", "record_issuance"])
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
        assert isinstance(self.refused(counter, blank), WrongCardError)
        # The right card still finishes, and the other one is still good for somebody else.
        counter.enrol(mine)
        counter.assert_issued(mine)
        counter.enrol(blank, 2)
        assert counter.records(2)[0].state is EnrolmentState.STORED

    def test_a_signed_credential_touches_no_other_card(self, counter: Counter) -> None:
        with pytest.raises(PowerCut):
            counter.enrol(
                counter.card("mine"), registry=Dying(counter.registry, "record_issuance", after=True)
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
            counter.enrol(card, registry=Dying(counter.registry, "record_answer", after=True))
        counter.registry.cancel_enrolment(1, clerk="sato")
        assert counter.enrol(card).enrolment == 2
        counter.assert_issued(card)


class TestWrongIssuer:
    def test_key_and_parameters_of_two_issuers(self, counter: Counter) -> None:
        with pytest.raises(TrustError, match="do not belong together") as caught:
            Office(
                counter.registry,
                issuer("Elsewhere TEST").parameters,
                issuer().issuing,
                clerk="sato",
            )
        assert caught.value.hint

    def test_another_issuer_may_not_finish_what_one_began(self, counter: Counter) -> None:
        card = counter.card()
        with pytest.raises(PowerCut):
            counter.enrol(card, registry=Dying(counter.registry, "record_valid_until", after=True))
        before = card.read_bytes()
        with pytest.raises((WrongCardError, EnrolmentConflictError)):
            counter.enrol(card, issuer_name="Elsewhere TEST")
        assert card.read_bytes() == before
        counter.enrol(card)
        counter.assert_issued(card)

    @pytest.mark.parametrize(("looks", "error"), [(True, WrongIssuanceError), (False, CardRefused)])
    def test_an_issuer_that_signs_under_another_key_finds_no_card_to_take_it(
        self, counter: Counter, monkeypatch: pytest.MonkeyPatch, looks: bool, error: type[MumeiError]
    ) -> None:
        """The office finds it out, and an office that does not look, the card."""

        class Marking:
            """Signs with a key made for this card, under the name of the common one."""

            key_id = issuer().issuing.key_id

            def issue(self, request: IssuanceRequest) -> Issuance:
                return replace(issuer("Elsewhere TEST").issuing.issue(request), key_id=self.key_id)

        card = counter.card()
        office = Office(counter.registry, issuer().parameters, Marking(), clerk="sato")
        if not looks:
            monkeypatch.setattr(enrolment, "check_issuance", lambda *_: None)
        with open_simulator(card) as connection, pytest.raises(error) as caught:
            office.enrol(Channel(connection), 1, today=TODAY)
        assert caught.value.hint
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
