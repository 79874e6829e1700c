"""Terminal Authentication on the card, inside real PACE and secure messaging: who is let in, with what rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from tests.fixtures.certificates import (
    ALL,
    AUDITOR,
    CHAT_RIGHTS,
    CVCA,
    OFFICES,
    SHOP_RIGHTS,
    SHOPS,
    TODAY,
    Member,
    office,
    over,
    party,
    root,
    shop,
)

from mumei_card.applet.terminal_authentication import authorised_terminal
from mumei_card.applet.trust_points import load_trust, trust_records
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import PinLetter, initial_records
from mumei_core.commands import codes
from mumei_core.commands.request import Request
from mumei_core.commands.trust import CardTrust
from mumei_core.eac.authorisation import AuthorisedTerminal
from mumei_core.eac.chat import Chat, Right, Role
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.pace import PaceResult, TerminalPace
from mumei_core.eac.pace_crypto import PaceAlgorithm
from mumei_core.eac.pace_messages import Password
from mumei_core.eac.rights import Flag, RelyingParty
from mumei_core.eac.signature import SigningKey
from mumei_core.eac.terminal_auth import (
    TerminalAuth,
    external_authenticate,
    get_challenge,
    set_dst,
    verify_certificate,
)
from mumei_core.iso7816.apdu import MAX_SHORT_LE, CommandAPDU, ResponseAPDU
from mumei_core.iso7816.secure_messaging import TerminalChannel

from .conftest import Card

LETTER = PinLetter(transport_pin="12345", puk="12345678", can="500540")
PASSWORDS = {Password.SHOP_CODE: b"00", Password.CAN: b"500540", Password.PIN: b"123456"}
OK = codes.SW_OK


class Session:
    """A card that trusts CVCA, powered up, and a channel to it."""

    def __init__(self, nvm: Nvm) -> None:
        self.card = Card(nvm)
        self.channel: TerminalChannel | None = None
        self.pace: PaceResult | None = None

    def plain(self, command: CommandAPDU) -> ResponseAPDU:
        return ResponseAPDU.from_bytes(self.card.kernel.transmit(command.to_bytes(extended=True)))

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        assert self.channel is not None
        return self.channel.unwrap(self.plain(self.channel.wrap(command, extended=True)))

    def open(
        self,
        password: Password = Password.SHOP_CODE,
        *,
        chat: Chat | None = None,
        digits: bytes | None = None,
    ) -> PaceResult:
        """PACE, by default with the CHAT of a terminal that confines nothing."""
        given = chat or Chat.of(Role.TERMINAL, CHAT_RIGHTS)
        terminal = TerminalPace(
            P256_GROUP,
            PaceAlgorithm.AES_128,
            password,
            digits or PASSWORDS[password],
            random=lambda n: SigningKey.generate().secret_octets[:n],
            chat=given.to_octets(),
        )
        assert self.plain(terminal.set_at()).sw == OK
        command: CommandAPDU | None = terminal.nonce_command()
        while command is not None:
            response = self.plain(command)
            assert response.sw == OK
            command = terminal.next(response.data)
        self.pace = terminal.result
        self.channel = TerminalChannel(terminal.result.k_enc, terminal.result.k_mac)
        return terminal.result

    def run(self, member: Member, *, key: SigningKey | None = None, auxiliary: bytes = b"") -> int:
        """Terminal Authentication; the status word at which it ended."""
        assert self.pace is not None
        terminal = TerminalAuth(
            member.chain,
            (key or member.key).sign,
            card_key=self.pace.card_key,
            terminal_key=self.pace.terminal_key,
            auxiliary=auxiliary,
        )
        command: CommandAPDU | None = terminal.first()
        while command is not None:
            response = self.send(command)
            if response.sw != OK:
                return response.sw
            command = terminal.next(response.data)
        return OK

    @property
    def terminal(self) -> AuthorisedTerminal | None:
        return authorised_terminal(self.card.kernel.context)

    @property
    def today(self) -> date:
        return load_trust(self.card.kernel.context).today


def new_session(
    points: tuple[Certificate, ...] = (CVCA.certificate,),
    *,
    today: date = TODAY,
    auditors: tuple[bytes, ...] = (AUDITOR.point,),
) -> Session:
    records = initial_records("standard", LETTER)
    records |= trust_records(CardTrust.of(points, today, auditor_keys=auditors))
    session = Session(Nvm.in_memory(records))
    # The holder has set a PIN.
    session.open(Password.PIN, digits=b"12345")
    change = CommandAPDU(
        cla=0, ins=codes.INS_RESET_RETRY_COUNTER, p1=codes.CHANGE_PIN_P1, p2=3, data=PASSWORDS[Password.PIN]
    )
    response = session.send(change)
    assert response.sw == OK
    session.card.kernel.reset()
    return session


@pytest.fixture
def session() -> Session:
    return new_session()


class TestAShop:
    def test_gets_the_rights_of_its_certificate(self, session: Session) -> None:
        session.open()
        member = shop()
        assert session.run(member) == OK
        terminal = session.terminal
        assert terminal is not None and terminal.rights is not None
        rights = terminal.rights
        assert (rights.rp_context, rights.display_name) == (b"sake.example", "Sake Shop")
        assert rights.predicates == SHOP_RIGHTS.predicates
        assert rights.attributes == (1,)
        assert rights.pseudonym and rights.OP is not None and not rights.pin
        assert terminal.certificate == member.certificate.to_pso()
        assert not terminal.is_official

    def test_costs_the_card_four_verifications_with_a_pseudonym(self, session: Session) -> None:
        """Sector, terminal, signature, auditor (mumei protocol 2.8)."""
        session.open()
        assert session.run(shop()) == OK
        assert session.card.kernel.counters.p256_verifications == 4

    def test_comes_in_by_shop_code_or_pin_and_never_by_the_can(self, session: Session) -> None:
        session.open(Password.PIN)
        assert session.run(shop()) == OK
        session.card.kernel.reset()
        session.open(Password.CAN)
        assert session.run(shop()) == codes.SW_SECURITY_STATUS
        assert session.terminal is None

    def test_without_can_allowed_needs_the_pin(self, session: Session) -> None:
        member = shop(chat_rights=CHAT_RIGHTS & ~Right.CAN_ALLOWED)
        session.open()
        assert session.run(member) == codes.SW_SECURITY_STATUS
        session.card.kernel.reset()
        session.open(Password.PIN)
        assert session.run(member) == OK

    def test_cannot_push_the_date(self, session: Session) -> None:
        session.open()
        assert session.run(shop(effective=date(2026, 12, 1))) == OK
        assert session.today == TODAY

    def test_gets_no_context_of_the_systems_own(self, session: Session) -> None:
        own = replace(SHOP_RIGHTS, relying_party=party(SHOPS, AUDITOR, rp_context=b"mumei:renewal"))
        session.open()
        assert (
            session.run(shop(replace(own, flags=Flag.PSEUDONYM | Flag.RENEWAL))) == codes.SW_SECURITY_STATUS
        )


class TestAnOffice:
    def test_comes_in_by_the_can_and_moves_the_date(self, session: Session) -> None:
        session.open(Password.CAN)
        assert session.run(office(effective=date(2026, 12, 1))) == OK
        assert session.terminal is not None and session.terminal.is_official
        assert session.today == date(2026, 12, 1)

    @pytest.mark.parametrize("flags", [Flag.PSEUDONYM, Flag.PSEUDONYM | Flag.RENEWAL])
    def test_needs_the_renewal_right_for_the_systems_context(self, session: Session, flags: Flag) -> None:
        rights = replace(
            SHOP_RIGHTS, relying_party=party(OFFICES, AUDITOR, rp_context=b"mumei:renewal"), flags=flags
        )
        session.open(Password.CAN)
        expected = OK if flags & Flag.RENEWAL else codes.SW_SECURITY_STATUS
        assert session.run(office(rights)) == expected

    def test_reaches_the_security_domain_only_with_that_right(self, session: Session) -> None:
        for flags, allowed in ((Flag.PERSONALISATION, True), (Flag.RENEWAL, False)):
            session.open(Password.CAN)
            rights = replace(ALL, relying_party=party(OFFICES, AUDITOR), predicates=(), flags=flags)
            assert session.run(office(rights)) == OK
            assert session.terminal is not None and session.terminal.has(Flag.PERSONALISATION) is allowed
            session.card.kernel.reset()


class TestThePseudonym:
    """A card cannot recompute OP: without the auditor's signature there is no pseudonym."""

    def granted(self, session: Session, member: Member) -> bool:
        session.open()
        assert session.run(member) == OK
        assert session.terminal is not None and session.terminal.rights is not None
        return session.terminal.rights.pseudonym

    def test_is_granted_with_it(self, session: Session) -> None:
        assert self.granted(session, shop())

    @pytest.mark.parametrize(
        "change",
        [
            lambda p: replace(p, auditor_signature=None),
            lambda p: replace(p, OP=None),
            lambda p: replace(p, display_name="Another Shop"),
            lambda p: replace(p, rp_context=b"other.example"),
            lambda p: replace(p, auditor_signature=SigningKey.generate().sign(b"")),
            lambda p: replace(p, OP=party(SHOPS, None, rp_context=b"other.example").OP),
            lambda p: replace(p, verifier_key=p.OP),
        ],
    )
    def test_is_refused_where_signature_and_certificate_disagree(
        self, session: Session, change: Callable[[RelyingParty | None], RelyingParty]
    ) -> None:
        changed = replace(SHOP_RIGHTS, relying_party=change(SHOP_RIGHTS.relying_party))
        assert not self.granted(session, shop(changed))

    def test_is_refused_with_another_sectors_signature(self, session: Session) -> None:
        copied = replace(SHOP_RIGHTS, relying_party=party(OFFICES, AUDITOR))
        assert not self.granted(session, shop(copied))

    def test_is_refused_by_a_card_with_another_auditor(self) -> None:
        assert not self.granted(new_session(auditors=(SigningKey.generate().point,)), shop())

    def test_is_granted_under_either_pinned_key(self) -> None:
        assert self.granted(new_session(auditors=(SigningKey.generate().point, AUDITOR.point)), shop())


class TestConfinement:
    def test_the_chat_of_pace_confines(self, session: Session) -> None:
        session.open(chat=Chat.of(Role.TERMINAL, Right.CAN_ALLOWED))
        assert session.run(shop()) == OK
        assert session.terminal is not None and session.terminal.rights is not None
        assert session.terminal.rights.predicates == ()
        assert not session.terminal.rights.pseudonym

    def test_a_chain_without_the_extension_gives_a_channel_and_no_right(self) -> None:
        bare = root(rights=None)
        sector = bare.issue(b"JPBARE00001", Role.DV_NON_OFFICIAL, ALL)
        member = sector.issue(b"JPSHOP00001", Role.TERMINAL, SHOP_RIGHTS)
        session = new_session((bare.certificate,))
        session.open()
        assert session.run(member) == OK
        assert session.terminal is not None and session.terminal.rights is None
        request = Request(rp_context=b"sake.example", nonce=bytes(32), date=53_652, channel_binding=bytes(32))
        present = CommandAPDU(
            cla=0x80, ins=codes.INS_PRESENT, p1=0, p2=0, data=request.to_octets(), le=MAX_SHORT_LE
        )
        assert session.send(present).sw == codes.SW_SECURITY_STATUS

    def test_the_sector_confines(self) -> None:
        sector = CVCA.issue(
            b"JPSMALL00001",
            Role.DV_NON_OFFICIAL,
            replace(ALL, predicates=(over(20),), attributes=(), pin=True),
        )
        member = sector.issue(b"JPSHOP00001", Role.TERMINAL, replace(SHOP_RIGHTS, flags=Flag(0)))
        session = new_session()
        session.open()
        assert session.run(member) == OK
        assert session.terminal is not None and session.terminal.rights is not None
        rights = session.terminal.rights
        assert (rights.predicates, rights.attributes, rights.pin) == ((over(20),), (), True)


class TestTheChannel:
    @pytest.mark.parametrize(
        "command",
        [
            set_dst(CVCA.name),
            verify_certificate(SHOPS.certificate),
            external_authenticate(bytes(64)),
        ],
        ids=lambda command: f"{command.ins:02X}",
    )
    def test_is_needed(self, session: Session, command: CommandAPDU) -> None:
        assert session.plain(command).sw == codes.SW_SECURITY_STATUS

    def test_rights_die_with_it(self, session: Session) -> None:
        session.open()
        assert session.run(shop()) == OK
        present = CommandAPDU(cla=0x80, ins=codes.INS_PRESENT, p1=0, p2=0, data=b"\xe1\0", le=256)
        assert session.plain(present).sw == codes.SW_SECURITY_STATUS
        assert session.terminal is None

    def test_has_one_terminal(self, session: Session) -> None:
        session.open()
        assert session.run(shop()) == OK
        assert session.run(shop()) == codes.SW_SECURITY_STATUS
        assert session.terminal is not None

    def test_names_the_trust_points_in_pace(self, session: Session) -> None:
        assert session.open().cars == (CVCA.name,)


class TestTheSignature:
    def test_of_another_key_is_6300_and_the_channel_stays(self, session: Session) -> None:
        session.open()
        member = shop()
        assert session.run(member, key=SigningKey.generate()) == codes.SW_AUTHENTICATION_FAILED
        assert session.terminal is None
        assert session.run(member) == OK

    def test_a_challenge_serves_one_attempt(self, session: Session) -> None:
        session.open()
        assert session.run(shop(), key=SigningKey.generate()) == codes.SW_AUTHENTICATION_FAILED
        assert session.send(external_authenticate(bytes(64))).sw == codes.SW_CONDITIONS

    def test_without_a_key_or_challenge_is_6985(self, session: Session) -> None:
        session.open()
        assert session.send(external_authenticate(bytes(64))).sw == codes.SW_CONDITIONS
        assert session.send(get_challenge()).sw == OK
        assert session.send(external_authenticate(bytes(64))).sw == codes.SW_CONDITIONS

    @pytest.mark.parametrize("length", [1, 63, 65, 72])
    def test_of_another_length_is_6300(self, session: Session, length: int) -> None:
        session.open()
        member = shop()
        assert session.pace is not None
        terminal = TerminalAuth(
            member.chain,
            lambda _: bytes(length),
            card_key=session.pace.card_key,
            terminal_key=session.pace.terminal_key,
        )
        command: CommandAPDU | None = terminal.first()
        response = ResponseAPDU()
        while command is not None and response.sw == OK:
            response = session.send(command)
            command = terminal.next(response.data) if response.sw == OK else None
        assert response.sw == codes.SW_AUTHENTICATION_FAILED


class TestTheDate:
    def test_an_expired_terminal_is_6984_and_changes_nothing(self) -> None:
        session = new_session(today=date(2026, 12, 6))
        session.open()
        before = session.card.state()[0]
        assert session.run(shop()) == codes.SW_REFERENCE_DATA_UNUSABLE
        assert session.card.state()[0] == before

    def test_the_last_day_counts(self) -> None:
        session = new_session(today=date(2026, 12, 5))
        session.open()
        assert session.run(shop()) == OK

    def test_never_goes_back(self) -> None:
        session = new_session(today=date(2027, 1, 1))
        session.open(Password.CAN)
        assert session.run(office(effective=date(2026, 11, 2))) == OK
        assert session.today == date(2027, 1, 1)

    def test_and_trust_points_survive_power_off(self) -> None:
        session = new_session()
        session.open(Password.CAN)
        assert session.run(office(effective=date(2027, 2, 1))) == OK
        session.card.kernel.reset()
        assert session.today == date(2027, 2, 1)

    def test_moves_in_one_write_and_only_if_it_moves(self) -> None:
        session = new_session()
        session.open(Password.CAN)
        writes = session.card.kernel.counters.nvm_writes
        assert session.run(office(effective=date(2027, 2, 1))) == OK
        assert session.card.kernel.counters.nvm_writes == writes + 1
        session.card.kernel.reset()
        session.open(Password.CAN)
        writes = session.card.kernel.counters.nvm_writes
        assert session.run(office(effective=date(2027, 2, 1))) == OK
        assert session.card.kernel.counters.nvm_writes == writes


def test_every_octet_of_a_certificate_counts() -> None:
    """Any octet changed is refused with a documented word, and the card's memory stays as it was."""
    session = new_session()
    session.open()
    octets = SHOPS.certificate.to_pso()
    before = session.card.state()[0]
    for position in range(0, len(octets), 3):
        changed = octets[:position] + bytes([octets[position] ^ 1]) + octets[position + 1 :]
        assert session.send(set_dst(CVCA.name)).sw == OK
        command = verify_certificate(SHOPS.certificate)
        assert session.send(replace(command, data=changed)).sw in (
            codes.SW_WRONG_DATA,
            codes.SW_REFERENCE_DATA_UNUSABLE,
        )
        assert session.card.state()[0] == before


def test_a_link_adds_a_trust_point_and_pace_names_both() -> None:
    new = root(b"JPMUMEICVCA00002")
    link = Certificate.issue(replace(new.certificate.body, car=CVCA.name), CVCA.key)
    session = new_session()
    session.open()
    assert session.send(set_dst(CVCA.name)).sw == OK
    assert session.send(verify_certificate(link)).sw == OK
    session.card.kernel.reset()
    assert set(session.open().cars) == {CVCA.name, new.name}
    assert session.send(set_dst(CVCA.name)).sw == OK
    assert session.send(verify_certificate(link)).sw == codes.SW_FILE_EXISTS
