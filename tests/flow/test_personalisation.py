"""A standard card is issued: by the right desk, to the right card, inside SCP03, and then it closes itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.fixtures import world
from tests.fixtures.certificates import AUDITOR, CVCA
from tests.fixtures.world import TODAY, InsertedCard, Records, Wire, in_memory, noon, records_of

from mumei.auditor.audit import sign_digits
from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.parameters import PublicParameters
from mumei.maker.attestation_root import MakerRoot
from mumei.maker.master_key import MasterKey
from mumei.office.database.models import EnrolmentState
from mumei.office.enrolment import Enrolled, Office
from mumei.office.records import EnrolmentConflictError
from mumei.office.registry import Registry
from mumei.session import personalisation, security_domain
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.pace import Can, establish
from mumei.session.scp03 import IssuedCardError, Scp03Channel, WrongKeysError, open_scp03
from mumei.transport.base import CardConnection
from mumei_card.applet.attestation import attestation_records
from mumei_card.applet.records import RECORD_CREDENTIAL, RECORD_PARAMETERS
from mumei_card.applet.security_domain import RECORD_SECURITY_DOMAIN, RECORD_STATIC_KEYS, SecurityDomain
from mumei_card.applet.trust_points import RECORD_AUDITOR_KEYS, RECORD_TRUST, trust_records
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.commands.trust import CardTrust
from mumei_core.dates import day_number
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import (
    CardRefused,
    CardRemovedError,
    ChannelBrokenError,
    MumeiError,
    ProtocolError,
    UsageError,
    WrongCardError,
)
from mumei_core.gp.card_keys import CardKeys
from mumei_core.gp.life_cycle import LifeCycle
from mumei_core.gp.scp03_session import Level, Mode
from mumei_core.iso7816.apdu import CommandAPDU
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import SignedStatement

MASTER = MasterKey(secret=bytes(range(16)))
MAKER = MakerRoot.generate("Maker TEST")
NUMBER = bytes(range(10))
KEYS = CardKeys(
    diversification_data=NUMBER,
    key_version=codes.SCP03_INITIAL_KVN,
    keys=MASTER.keys_of(NUMBER, codes.SCP03_INITIAL_KVN),
    attestation=MAKER.new_attestation_key(),
)
LETTER = PinLetter(transport_pin=world.TRANSPORT_PIN, puk=world.PUK, can="500540")
ROOT = SigningKey.generate()
TRUST = CardTrust.of([CVCA.certificate], TODAY, auditor_keys=[AUDITOR.point], root_keys=[ROOT.point])
TRUSTEES = SignedStatement.by(development_trustees().to_octets(), ROOT, AUDITOR).to_octets()
DAY = day_number(TODAY)


@cache
def issuer_key() -> bytes:
    key = world.issuer().key
    record = IssuerKeyRecord(PK=key.public_key, W1=key.W1, first_day=DAY - 400, last_day=DAY + 400)
    return SignedStatement.by(record.to_octets(), ROOT, AUDITOR).to_octets()


@cache
def parameters() -> PublicParameters:
    return replace(world.issuer().parameters, profile=codes.PROFILE_STANDARD)


@cache
def digits_statement() -> bytes:
    return sign_digits(parameters(), ROOT, AUDITOR).to_octets()


@cache
def new_card() -> Records:
    return initial_records("standard", LETTER, KEYS)


@cache
def card_with_parameters() -> Records:
    """A card that is INITIALIZED but for the word."""
    with in_memory(new_card()) as card:
        channel = open_channel(card.connection)
        personalisation.store_trust(channel, TRUST)
        personalisation.store_statement(channel, TRUSTEES)
        personalisation.store_statement(channel, issuer_key())
        personalisation.store_parameters(channel, parameters().for_card(TODAY, statement=digits_statement()))
        return records_of(card.nvm)


def open_channel(connection: CardConnection, master: MasterKey = MASTER) -> Scp03Channel:
    channel = Channel(connection)
    Application.identify(channel)
    return open_scp03(channel, master.keys_of)


def state_of(card: InsertedCard) -> LifeCycle:
    return LifeCycle(int.from_bytes(card.nvm.get(RECORD_LIFE_CYCLE) or b""))


def domain_of(card: InsertedCard) -> SecurityDomain:
    return SecurityDomain.from_bytes(card.nvm.get(RECORD_SECURITY_DOMAIN) or b"")


class Desk:
    """An office with its registry, where the first sample resident is on record."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.issuing = EmbeddedIssuer(
            [world.issuer().key],
            MemoryLedger(),
            trustee_lists=[development_trustees()],
            maker_root=MAKER.certificate,
            today=lambda: day_number(TODAY),
        )
        self.resident = registry.add_resident(world.residents()[0], clerk="test").number

    def enrol(
        self,
        connection: CardConnection,
        *,
        master: MasterKey | None = MASTER,
        number: bytes | None = NUMBER,
        given: PublicParameters | None = None,
        trust: CardTrust | None = TRUST,
        replacement: bool = False,
    ) -> Enrolled:
        office = Office(
            self.registry,
            given or parameters(),
            self.issuing if given is None else world.issuer().issuing,
            clerk="test",
            keys_of=master.keys_of if master is not None else None,
            trust=trust,
            statement=digits_statement(),
            maker_root=MAKER.certificate.to_octets(),
            trustees=TRUSTEES if trust is not None else None,
            issuer_keys=(issuer_key(),) if trust is not None else (),
        )
        return office.enrol(
            Channel(connection), self.resident, today=TODAY, card_number=number, replacement=replacement
        )

    @property
    def states(self) -> list[EnrolmentState]:
        return [record.state for record in self.registry.enrolments_of(self.resident)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Registry.create(tmp_path / "registry.db", clock=noon) as registry:
        yield Desk(registry)


@pytest.fixture
def card() -> Iterator[InsertedCard]:
    with in_memory(card_with_parameters()) as inserted:
        yield inserted


class TestIssuing:
    @pytest.mark.parametrize("extended", [True, False])
    def test_from_the_makers_card_to_the_issued_one(self, desk: Desk, extended: bool) -> None:
        seen: list[tuple[bytes, bytes]] = []
        with in_memory(new_card()) as card:
            wire = Wire(card.connection, extended=extended, look=lambda *pair: seen.append(pair))
            enrolled = desk.enrol(wire)
            assert state_of(card) is LifeCycle.SECURED
            assert card.nvm.get(RECORD_CREDENTIAL) is not None
            assert {name: card.nvm.get(name) for name in trust_records(TRUST)} == trust_records(TRUST)
        assert not enrolled.development
        assert not enrolled.resumed
        assert desk.states == [EnrolmentState.STORED]
        commands = [command for command, _ in seen if command[1] != codes.INS_GET_RESPONSE]
        assert [command[:2].hex() for command in commands[:4]] == ["00a4", "00b0", "8050", "8482"]
        assert {command[0] & ~0x10 for command in commands[4:]} == {codes.CLA_SCP03}

    def test_nothing_of_the_resident_or_the_card_is_readable_on_the_wire(
        self, desk: Desk, card: InsertedCard
    ) -> None:
        seen: list[bytes] = []
        desk.enrol(Wire(card.connection, look=lambda *pair: seen.extend(pair)))
        resident = world.residents()[0]
        secrets = [resident.name.encode(), str(resident.resident_code.digits).encode()]
        secrets += [KEYS.keys.enc, KEYS.keys.mac, KEYS.keys.dek]
        assert not [secret for secret in secrets if any(secret in octets for octets in seen)]

    def test_an_issued_card_takes_nothing_any_more(self, desk: Desk, card: InsertedCard) -> None:
        desk.enrol(card.connection)
        card.connection.reset()
        with pytest.raises(IssuedCardError):
            open_channel(card.connection)
        with pytest.raises(IssuedCardError):
            desk.enrol(card.connection, replacement=True)
        assert desk.states == [EnrolmentState.STORED]

    def test_another_new_card_for_the_same_resident_is_a_conflict(
        self, desk: Desk, card: InsertedCard
    ) -> None:
        desk.enrol(card.connection)
        genuine = attestation_records(MAKER.new_attestation_key())
        with in_memory({**card_with_parameters(), **genuine}) as another:
            with pytest.raises(EnrolmentConflictError):
                desk.enrol(another.connection)
            assert another.nvm.get(RECORD_CREDENTIAL) is None
            desk.enrol(another.connection, replacement=True)
            assert state_of(another) is LifeCycle.SECURED
        assert desk.states == [EnrolmentState.STORED, EnrolmentState.STORED]

    def test_development_cards_need_no_keys(self, desk: Desk) -> None:
        with in_memory(world.new_card()) as development:
            enrolled = desk.enrol(
                development.connection, master=None, number=None, given=world.issuer().parameters, trust=None
            )
        assert enrolled.development


class TestWrongCardWrongKeys:
    def refused(self, desk: Desk, card: InsertedCard, error: type[MumeiError], **how: object) -> list[bytes]:
        """What was sent before the desk gave up. Nothing was written but the count of challenges."""
        before, tries = records_of(card.nvm), domain_of(card).tries
        sent: list[bytes] = []
        wire = Wire(card.connection, look=lambda command, _: sent.append(command))
        with pytest.raises(error) as caught:
            desk.enrol(wire, **how)  # type: ignore[arg-type]
        assert caught.value.hint
        after = records_of(card.nvm)
        assert domain_of(card).tries == tries
        assert {name for name in after if after[name] != before[name]} <= {RECORD_SECURITY_DOMAIN}
        assert desk.states == []
        return [command[:2] for command in sent]

    def test_another_master_is_found_out_before_anything_counts(self, desk: Desk, card: InsertedCard) -> None:
        other = MasterKey(secret=bytes(16))
        for _ in range(12):  # more often than the card has tries
            sent = self.refused(desk, card, WrongKeysError, master=other)
            assert sent == [b"\x00\xa4", b"\x00\xb0", b"\x80\x50"]
        desk.enrol(card.connection)

    def test_another_scheme_is_another_master(self, desk: Desk, card: InsertedCard) -> None:
        self.refused(desk, card, WrongKeysError, master=replace(MASTER, scheme="kdf3"))

    def test_a_longer_master_too(self, desk: Desk, card: InsertedCard) -> None:
        self.refused(desk, card, WrongKeysError, master=MasterKey(secret=bytes(range(32))))

    def test_another_card_than_the_one_on_the_order(self, desk: Desk, card: InsertedCard) -> None:
        sent = self.refused(desk, card, WrongCardError, number=bytes(10))
        assert sent == [b"\x00\xa4", b"\x00\xb0", b"\x80\x50"]

    def test_a_desk_without_keys_does_not_even_ask(self, desk: Desk, card: InsertedCard) -> None:
        sent = self.refused(desk, card, UsageError, master=None)
        assert sent == [b"\x00\xa4", b"\x00\xb0"]

    def test_nor_a_desk_that_does_not_know_whom_cards_trust(self, desk: Desk, card: InsertedCard) -> None:
        sent = self.refused(desk, card, UsageError, trust=None)
        assert sent == [b"\x00\xa4", b"\x00\xb0"]

    def test_parameters_of_development_for_a_standard_card(self, desk: Desk, card: InsertedCard) -> None:
        self.refused(desk, card, WrongCardError, given=world.issuer().parameters)

    def test_a_card_that_blocked_its_keys(self, desk: Desk, card: InsertedCard) -> None:
        blocked = replace(domain_of(card), tries=0)
        card.nvm.commit({RECORD_SECURITY_DOMAIN: blocked.to_bytes()})
        self.refused(desk, card, CardRefused)

    def test_a_card_that_refuses_our_authentication_is_not_asked_twice(self, card: InsertedCard) -> None:
        class Meddler(Wire):
            def transmit(self, apdu: bytes) -> bytes:
                if apdu[:2] == b"\x84\x82":
                    apdu = apdu[:-1] + bytes((apdu[-1] ^ 1,))
                return super().transmit(apdu)

        sent: list[bytes] = []
        wire = Meddler(card.connection, look=lambda command, _: sent.append(command[:2]))
        with pytest.raises(CardRefused, match="authentication") as caught:
            open_channel(wire)
        assert "Do not try again" in caught.value.hint
        assert sent.count(b"\x84\x82") == sent.count(b"\x80\x50") == 1
        assert domain_of(card).tries == codes.SECURITY_DOMAIN_TRIES - 1


class TestInterrupted:
    """SELECT, READ BINARY, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE, ENROL, STORE CREDENTIAL, GET STATUS, twice SET
    STATUS."""

    EXCHANGES = 9

    def test_there_are_nine(self, desk: Desk, card: InsertedCard) -> None:
        wire = Wire(card.connection)
        desk.enrol(wire)
        assert wire.exchanges == self.EXCHANGES

    @pytest.mark.parametrize("before", [True, False])
    @pytest.mark.parametrize("cut_at", range(1, EXCHANGES + 1))
    def test_taken_away_at_any_moment_and_put_back(
        self, desk: Desk, card: InsertedCard, cut_at: int, before: bool
    ) -> None:
        with pytest.raises(CardRemovedError):
            desk.enrol(Wire(card.connection, cut_at=cut_at, before=before))
        card.connection.reset()
        if cut_at == self.EXCHANGES and not before:
            # The card has closed itself, and all is on record: only the last word was lost.
            assert state_of(card) is LifeCycle.SECURED
        else:
            desk.enrol(card.connection)
        assert state_of(card) is LifeCycle.SECURED
        assert desk.states == [EnrolmentState.STORED]

    @pytest.mark.parametrize(
        ("at", "answer"),
        [(at, answer) for at in range(3, EXCHANGES + 1) for answer in (True, False)],
    )
    def test_an_altered_octet_stops_it_and_the_next_attempt_goes_on(
        self, desk: Desk, card: InsertedCard, at: int, answer: bool
    ) -> None:
        wire = Altering(card.connection, at=at, answer=answer)
        with pytest.raises((ProtocolError, CardRefused, WrongKeysError, WrongCardError)):
            desk.enrol(wire)
        assert wire.exchanges <= at + 1
        card.connection.reset()
        if state_of(card) is not LifeCycle.SECURED:
            desk.enrol(card.connection)
        assert state_of(card) is LifeCycle.SECURED
        assert desk.states == [EnrolmentState.STORED]


class Altering(Wire):
    """Flips one bit in the middle of one command's data, or of one answer."""

    def __init__(self, inner: CardConnection, *, at: int, answer: bool) -> None:
        super().__init__(inner)
        self._at, self._in_answer = at, answer

    def transmit(self, apdu: bytes) -> bytes:
        here = self.exchanges + 1 == self._at
        if here and not self._in_answer:
            apdu = self._altered(apdu, 7)
        answer = super().transmit(apdu)
        return self._altered(answer, 0) if here and self._in_answer else answer

    @staticmethod
    def _altered(octets: bytes, first: int) -> bytes:
        at = min(first, len(octets) - 1)
        return octets[:at] + bytes((octets[at] ^ 0x04,)) + octets[at + 1 :]


class TestKeysAndLifeCycle:
    @pytest.mark.parametrize("size", [16, 24, 32])
    def test_rotation_and_the_old_key_is_refused(self, card: InsertedCard, size: int) -> None:
        new_master = MasterKey(secret=bytes(range(50, 50 + size)))
        channel = open_channel(card.connection)
        security_domain.rotate_keys(channel, new_master.keys_of(NUMBER, 0x31), version=0x31)
        assert security_domain.life_cycle(channel) is LifeCycle.OP_READY
        again = new_master.keys_of(NUMBER, 0x32)
        security_domain.rotate_keys(channel, again, version=0x32)  # under the DEK that it has now
        card.connection.reset()
        with pytest.raises(WrongKeysError):
            open_channel(card.connection)
        assert open_channel(card.connection, new_master).key_version == 0x32

    def test_a_rotation_under_the_wrong_dek_changes_nothing(self, card: InsertedCard) -> None:
        before = card.nvm.get(RECORD_STATIC_KEYS)
        channel = open_channel(card.connection)
        channel.static_keys = replace(channel.static_keys, dek=bytes(16))
        with pytest.raises(CardRefused):
            security_domain.rotate_keys(channel, KEYS.keys, version=0x31)
        assert card.nvm.get(RECORD_STATIC_KEYS) == before

    def test_a_card_that_confirms_other_keys_is_not_believed(
        self, card: InsertedCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        channel = open_channel(card.connection)
        monkeypatch.setattr(channel, "execute", lambda _, doing: b"\x31" + bytes(9))
        with pytest.raises(ProtocolError, match="other keys"):
            security_domain.rotate_keys(channel, KEYS.keys, version=0x31)
        assert channel.key_version == codes.SCP03_INITIAL_KVN

    def test_secure_only_with_a_credential(self, card: InsertedCard) -> None:
        with pytest.raises(CardRefused):
            security_domain.secure(open_channel(card.connection))
        assert state_of(card) is LifeCycle.INITIALIZED

    def test_secure_only_with_trust_points(self, desk: Desk) -> None:
        """Nobody could ever ask such a card, nor write to it again."""
        records = dict(card_with_parameters())
        del records[RECORD_TRUST], records[RECORD_AUDITOR_KEYS]
        with in_memory(records) as card:
            with pytest.raises(CardRefused):
                desk.enrol(card.connection)
            assert card.nvm.get(RECORD_CREDENTIAL) is not None
            assert state_of(card) is LifeCycle.INITIALIZED
            # The desk can mend it: the domain is still open.
            card.connection.reset()
            personalisation.store_trust(open_channel(card.connection), TRUST)
            card.connection.reset()
            desk.enrol(card.connection)
            assert state_of(card) is LifeCycle.SECURED

    def test_what_a_card_trusts_is_pinned_once(self, card: InsertedCard) -> None:
        other = CardTrust.of([CVCA.certificate], TODAY, auditor_keys=[SigningKey.generate().point])
        personalisation.store_trust(open_channel(card.connection), other)
        assert card.nvm.get(RECORD_AUDITOR_KEYS) == AUDITOR.point

    def test_terminated_for_good(self, card: InsertedCard) -> None:
        security_domain.set_life_cycle(open_channel(card.connection), LifeCycle.TERMINATED)
        assert card.nvm.get(RECORD_PARAMETERS) is None
        card.connection.reset()
        with pytest.raises(WrongCardError):
            Application.identify(Channel(card.connection))

    @pytest.mark.parametrize("mode", Mode)
    @pytest.mark.parametrize("level", [Level.C_MAC_C_ENC, Level.C_MAC_C_ENC_R_MAC, Level.ALL])
    def test_every_level_that_the_card_takes(self, card: InsertedCard, mode: Mode, level: Level) -> None:
        channel = Channel(card.connection)
        Application.identify(channel)
        opened = open_scp03(channel, MASTER.keys_of, mode=mode, level=level)
        assert security_domain.life_cycle(opened) is LifeCycle.OP_READY
        assert personalisation.enrol(opened, world.NONCE).key_id == parameters().key_id

    @pytest.mark.parametrize("level", [Level.NONE, Level.C_MAC])
    def test_levels_at_which_it_takes_nothing(self, card: InsertedCard, level: Level) -> None:
        channel = Channel(card.connection)
        Application.identify(channel)
        with pytest.raises(CardRefused):
            personalisation.enrol(open_scp03(channel, MASTER.keys_of, level=level), world.NONCE)

    def test_nothing_in_plain(self, card: InsertedCard) -> None:
        channel = Channel(card.connection)
        Application.identify(channel)
        with pytest.raises(CardRefused):
            personalisation.enrol(channel, world.NONCE)

    def test_reset_ends_the_channel_at_both_ends(self, card: InsertedCard) -> None:
        channel = open_channel(card.connection)
        channel.reset()
        with pytest.raises(ProtocolError, match="closed"):
            security_domain.life_cycle(channel)


class TestIssuedCardInsidePace:
    """The only way back in: a channel whose terminal has the personalisation right, here given by fiat."""

    @pytest.fixture
    def issued(self, desk: Desk, card: InsertedCard, monkeypatch: pytest.MonkeyPatch) -> InsertedCard:
        desk.enrol(card.connection)
        card.connection.reset()
        monkeypatch.setattr(
            "mumei_card.applet.security_domain.may_reach_security_domain",
            lambda context: context.security_status.channel is not None,
        )
        return card

    def inside(self, card: InsertedCard, *, extended: bool = True) -> Channel:
        card.connection.reset()
        channel = Channel(Wire(card.connection, extended=extended))
        establish(channel, Can(LETTER.can))
        return channel

    @pytest.mark.parametrize("extended", [True, False])
    def test_lock_unlock_rotate_and_terminate(self, issued: InsertedCard, extended: bool) -> None:
        for state in (LifeCycle.LOCKED, LifeCycle.SECURED, LifeCycle.LOCKED):
            opened = open_scp03(self.inside(issued, extended=extended), MASTER.keys_of, expected=(NUMBER,))
            security_domain.set_life_cycle(opened, state)
            assert security_domain.life_cycle(opened) is state
        opened = open_scp03(self.inside(issued, extended=extended), MASTER.keys_of)
        security_domain.rotate_keys(opened, MASTER.keys_of(NUMBER, 0x31), version=0x31)
        opened = open_scp03(self.inside(issued, extended=extended), MASTER.keys_of)
        assert opened.key_version == 0x31
        security_domain.set_life_cycle(opened, LifeCycle.TERMINATED)
        assert state_of(issued) is LifeCycle.TERMINATED
        with pytest.raises(CardRefused):
            self.inside(issued)

    def test_outside_it_there_is_nothing(self, issued: InsertedCard) -> None:
        with pytest.raises(IssuedCardError):
            open_channel(issued.connection)

    def test_a_locked_card_says_so_to_everyone(self, issued: InsertedCard) -> None:
        security_domain.set_life_cycle(open_scp03(self.inside(issued), MASTER.keys_of), LifeCycle.LOCKED)
        issued.connection.reset()
        with pytest.raises(CardRefused, match="deactivated"):
            Application.identify(Channel(issued.connection))

    def test_a_plain_command_inside_ends_the_inner_channel(self, issued: InsertedCard) -> None:
        outer = self.inside(issued)
        opened = open_scp03(outer, MASTER.keys_of)
        query = CommandAPDU(cla=0x80, ins=codes.INS_GET_STATUS, p1=0x80, p2=0x02, data=b"\x4f\x00", le=256)
        assert outer.send(query).sw == codes.SW_SECURITY_STATUS
        with pytest.raises(ChannelBrokenError):
            security_domain.life_cycle(opened)
