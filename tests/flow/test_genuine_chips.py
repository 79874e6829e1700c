"""Only the commitment of a genuine chip gets a credential, and nobody but the office's channel sees which chip."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures import standard, world
from tests.fixtures.standard import CAN, MAKER_ROOT, MASTER
from tests.fixtures.world import PIN, TODAY, TRANSPORT_PIN, InsertedCard, Records, Wire, in_memory, over

from mumei.maker.attestation_root import MakerRoot
from mumei.office.database.models import EnrolmentState
from mumei.office.enrolment import Enrolled, Office
from mumei.office.registry import Registry
from mumei.session import personalisation
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin, set_pin
from mumei.session.pace import Can, establish
from mumei.session.scp03 import open_scp03
from mumei.terminal.check import visit
from mumei.terminal.question import Question
from mumei.transport.base import CardConnection
from mumei_card.applet.attestation import attestation_records
from mumei_card.applet.records import RECORD_ATTESTATION_CERTIFICATE, RECORD_ATTESTATION_KEY, RECORD_PENDING
from mumei_core.attestation import Attestation, AttestationKey, MakerCertificate, Purpose
from mumei_core.commands import codes
from mumei_core.commands.enrolment import EnrolmentAnswer, encode_enrol
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import GROUP, R
from mumei_core.crypto.generators import BLIND
from mumei_core.crypto.hashing import MUMEI
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import (
    CardRefused,
    CardRemovedError,
    MumeiError,
    ProtocolError,
    TrustError,
    UsageError,
    WrongCardError,
)
from mumei_core.iso7816.apdu import CommandAPDU

ATTESTATION_RECORDS = {RECORD_ATTESTATION_KEY, RECORD_ATTESTATION_CERTIFICATE}
Meddle = Callable[[EnrolmentAnswer], EnrolmentAnswer]


class Desk:
    """An office that issues standard cards to the first sample resident."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.resident = registry.add_resident(world.residents()[0], clerk="test").number

    def enrol(
        self, connection: CardConnection, *, maker_root: bytes | None = MAKER_ROOT.certificate.to_octets()
    ) -> Enrolled:
        office = standard.office(self.registry, clerk="test", maker_root=maker_root)
        return office.enrol(Channel(connection), self.resident, today=TODAY)

    def refuses(self, card: InsertedCard, error: type[MumeiError], saying: str) -> None:
        """Nothing is signed, and nothing of the commitment is on record."""
        with pytest.raises(error, match=saying) as caught:
            self.enrol(card.connection)
        assert caught.value.hint
        (record,) = self.registry.enrolments_of(self.resident)
        assert record.state is EnrolmentState.STARTED
        assert record.commitment is record.signer_nym_entropy is record.signature is None
        card.connection.reset()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Registry.create(tmp_path / "registry.db", clock=world.noon) as registry:
        yield Desk(registry)


@pytest.fixture
def card() -> Iterator[InsertedCard]:
    with in_memory(standard.card_with_parameters()) as inserted:
        yield inserted


def attesting_by(key: AttestationKey) -> Records:
    return {**standard.card_with_parameters(), **attestation_records(key)}


def enrolled(card: InsertedCard, nonce: bytes = world.NONCE) -> EnrolmentAnswer:
    """ENROL inside a new personalisation channel."""
    card.connection.reset()
    channel = Channel(card.connection)
    Application.identify(channel)
    return personalisation.enrol(open_scp03(channel, MASTER.keys_of), nonce)


def attestation_in(answer: EnrolmentAnswer) -> Attestation:
    assert answer.attestation is not None
    return answer.attestation


class TestGenuine:
    @pytest.mark.parametrize("extended", [True, False])
    def test_is_issued_and_forgets_what_it_was_known_by(
        self, desk: Desk, card: InsertedCard, extended: bool
    ) -> None:
        assert set(card.nvm.sizes()) >= ATTESTATION_RECORDS
        desk.enrol(Wire(card.connection, extended=extended))
        assert not set(card.nvm.sizes()) & (ATTESTATION_RECORDS | {RECORD_PENDING})

    def test_shows_its_makers_certificate_and_signs_nonce_commitment_and_shares(
        self, card: InsertedCard
    ) -> None:
        answer = enrolled(card)
        attestation = attestation_in(answer)
        attestation.certificate.check_card(MAKER_ROOT.certificate)
        assert answer.linked is not None
        attested = world.NONCE + answer.commitment.to_octets() + answer.linked.attested
        attestation.check_signature(attested)

    def test_the_same_nonce_gets_the_same_octets_again_and_another_nonce_others(
        self, card: InsertedCard
    ) -> None:
        first = enrolled(card)
        assert enrolled(card).to_octets() == first.to_octets()
        other = enrolled(card, bytes(32))
        assert other.commitment != first.commitment
        assert attestation_in(other).certificate == attestation_in(first).certificate
        attestation_in(other).check_signature(other.attested_message(bytes(32)))

    def test_an_enrolment_broken_off_behind_its_commitment_goes_on(
        self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def dark(*_: object) -> None:
            raise CardRemovedError("the card was taken away")

        with monkeypatch.context() as patched:
            patched.setattr(personalisation, "store_credential", dark)
            with pytest.raises(CardRemovedError):
                desk.enrol(card.connection)
        card.connection.reset()
        assert desk.enrol(card.connection).resumed

    def test_a_development_card_shows_nothing(self) -> None:
        with in_memory(world.card_with_parameters()) as development:
            channel = Channel(development.connection)
            Application.identify(channel)
            assert personalisation.enrol(channel, world.NONCE).attestation is None


class TestNotGenuine:
    def test_another_makers_card(self, desk: Desk) -> None:
        other = MakerRoot.generate("Maker TEST").new_attestation_key()
        with in_memory(attesting_by(other)) as card:
            desk.refuses(card, WrongCardError, "stock")

    def test_a_card_made_without_attestation_key(self, desk: Desk) -> None:
        bare = {
            name: value
            for name, value in standard.card_with_parameters().items()
            if name not in ATTESTATION_RECORDS
        }
        with in_memory(bare) as card:
            desk.refuses(card, WrongCardError, "does not show")

    def test_a_certificate_that_another_card_signed(self, desk: Desk) -> None:
        genuine = MAKER_ROOT.new_attestation_key()
        key = SigningKey.generate()
        forged = MakerCertificate.issue(
            Purpose.CARD, "Maker TEST", key.point, SigningKey(int.from_bytes(genuine.secret))
        )
        with in_memory(attesting_by(AttestationKey(secret=key.secret_octets, certificate=forged))) as card:
            desk.refuses(card, WrongCardError, "stock")

    def test_an_altered_certificate(self, desk: Desk) -> None:
        genuine = MAKER_ROOT.new_attestation_key()
        signature = genuine.certificate.signature
        altered = replace(genuine.certificate, signature=signature[:-1] + bytes((signature[-1] ^ 1,)))
        with in_memory(attesting_by(replace(genuine, certificate=altered))) as card:
            desk.refuses(card, WrongCardError, "stock")


class TestOfficeComputer:
    """A program between chip and desk, inside the channel: it holds the card's keys."""

    def meddled(
        self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch, meddle: Meddle, saying: str
    ) -> None:
        honest = personalisation.enrol
        with monkeypatch.context() as patched:
            patched.setattr(personalisation, "enrol", lambda *asked: meddle(honest(*asked)))
            desk.refuses(card, ProtocolError, saying)
        # The chip has lost nothing: without the meddler the same enrolment goes on.
        assert desk.enrol(card.connection).valid_until > TODAY

    def test_a_commitment_of_its_own_gets_no_credential(
        self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = core_commit(GROUP, MUMEI, BLIND, (5, 6), [secrets.randbelow(R - 1) + 1 for _ in range(4)])
        self.meddled(desk, card, monkeypatch, lambda answer: replace(answer, commitment=own), "not the one")

    def test_an_altered_signature(
        self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def altered(answer: EnrolmentAnswer) -> EnrolmentAnswer:
            found = attestation_in(answer)
            signature = bytes((found.signature[0] ^ 1,)) + found.signature[1:]
            return replace(answer, attestation=replace(found, signature=signature))

        self.meddled(desk, card, monkeypatch, altered, "not the one")

    def test_the_answer_to_another_nonce(
        self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of another genuine card, replayed whole."""
        with in_memory(standard.card_with_parameters()) as other:
            replayed = enrolled(other)
        self.meddled(desk, card, monkeypatch, lambda _: replayed, "not the one")

    def test_another_cards_certificate(
        self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = MAKER_ROOT.new_attestation_key().certificate
        self.meddled(
            desk,
            card,
            monkeypatch,
            lambda answer: replace(answer, attestation=replace(attestation_in(answer), certificate=other)),
            "not the one",
        )


class TestDesk:
    def test_without_the_makers_root_it_does_not_even_ask(self, desk: Desk, card: InsertedCard) -> None:
        sent: list[bytes] = []
        with pytest.raises(UsageError, match="genuine") as caught:
            desk.enrol(
                Wire(card.connection, look=lambda command, _: sent.append(command[:2])), maker_root=None
            )
        assert "--maker-root" in caught.value.hint
        assert sent == [b"\x00\xa4", b"\x00\xb0"]

    @pytest.mark.parametrize(
        "root",
        [b"", MAKER_ROOT.certificate.key, MAKER_ROOT.new_attestation_key().certificate.to_octets()],
        ids=["nothing", "a bare key", "a card's certificate"],
    )
    def test_what_is_no_root_is_said_at_once(self, desk: Desk, card: InsertedCard, root: bytes) -> None:
        with pytest.raises(TrustError, match="root"):
            desk.enrol(card.connection, maker_root=root)

    def test_a_development_card_that_says_it_is_genuine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        genuine = MAKER_ROOT.new_attestation_key()
        records = {**world.card_with_parameters(), **attestation_records(genuine)}
        with Registry.create(tmp_path / "registry.db") as registry, in_memory(records) as card:
            resident = registry.add_resident(world.residents()[0], clerk="test").number
            office = Office(registry, world.issuer().parameters, world.issuer().issuing, clerk="test")
            with pytest.raises(ProtocolError, match="development"):
                office.enrol(Channel(card.connection), resident, today=TODAY)


class TestNobodyElseLearnsWhichChip:
    def test_before_during_and_after_the_enrolment(self, desk: Desk) -> None:
        key = MAKER_ROOT.new_attestation_key()
        telling = [key.certificate.key, key.certificate.key[1:33], key.certificate.signature]
        answers: list[bytes] = []

        def check() -> None:
            assert answers
            for answer in answers:
                assert not [octets for octets in telling if octets in answer]
            answers.clear()

        with in_memory(attesting_by(key)) as card:
            wire = Wire(card.connection, look=lambda _, answer: answers.append(answer))
            channel = Channel(wire)
            Application.identify(channel)
            plain = CommandAPDU(
                cla=codes.CLA_PROPRIETARY,
                ins=codes.INS_ENROL,
                p1=0,
                p2=0,
                data=encode_enrol(bytes(32)),
                le=256,
            )
            assert channel.send(plain).sw == codes.SW_SECURITY_STATUS
            # Encrypted from here: what leaves in clear is the channel's frame.
            desk.enrol(wire)
            check()
            self.look_everywhere(wire, plain)
            check()
            at = standard.terminal(over(20))
            card.connection.reset()
            visit(Channel(wire), at, Question(predicates=(over(20),)), today=TODAY)
            check()

    def look_everywhere(self, wire: Wire, enrol: CommandAPDU) -> None:
        """As the holder, in a channel of the CAN, and in plain."""
        wire.reset()
        channel = Channel(wire)
        Application.identify(channel)
        establish(channel, TransportPin(TRANSPORT_PIN))
        set_pin(channel, Pin(PIN))
        for secret in (Pin(PIN), Can(CAN)):
            wire.reset()
            channel = Channel(wire)
            Application.identify(channel)
            establish(channel, secret)
            assert channel.send(enrol).data == b""
        wire.reset()
        channel = Channel(wire)
        Application.identify(channel)
        assert channel.send(enrol).data == b""
        with pytest.raises(CardRefused):
            personalisation.enrol(channel, world.NONCE)
