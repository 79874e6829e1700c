"""The standard profile's way in: PACE with the shop code, Terminal Authentication 2, then the question (mumei
protocol 2.6). An authority of the audit's own certifies every relying party.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from tools.linkage_audit.findings import AdmittedClass
from tools.linkage_audit.observation import SW_LENGTH, Exchange, RecordingConnection
from tools.linkage_audit.parties import Asked, RelyingParty
from tools.linkage_audit.probes import Probe
from tools.linkage_audit.tokens import EveryToken
from tools.linkage_audit.ways import (
    NOT_YET_ISSUED,
    SHARED_CLASSES,
    Entered,
    Holder,
    Stage,
    Way,
    WrongTry,
    other_digits,
    records_of,
)

from mumei.auditor.audit import sign_digits
from mumei.authority.credentials import TerminalCredentials
from mumei.authority.issuing import Issuer, Validity, issue_root, issue_sector, issue_terminal
from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.parameters import PublicParameters
from mumei.maker.attestation_root import MakerRoot
from mumei.maker.master_key import MasterKey
from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.session import pace, personalisation, terminal_authentication
from mumei.session.application import Application
from mumei.session.channel import Channel
from mumei.session.holder import Digits, Pin, Puk, TransportPin, set_pin
from mumei.session.scp03 import open_scp03
from mumei.terminal.access import CertificateAccess
from mumei.terminal.calendar import SigningCalendar
from mumei.terminal.check import Visit, visit
from mumei.terminal.revocation_check import RevocationCheck
from mumei.terminal.trust import Terminal
from mumei.transport.base import CardConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.personalisation import PinLetter, draw_letter, initial_records
from mumei_core.commands import codes
from mumei_core.commands.request import HASH_LENGTH, AgePredicate
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.commands.trust import CardTrust
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.crypto.predicate.messages import Kind
from mumei_core.dates import day_number
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.rights import ALL_FLAGS, NO_FLAGS, CertificateRights, Flag
from mumei_core.eac.rights import RelyingParty as CertifiedParty
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import CardRefused, MumeiError
from mumei_core.iso7816.apdu import ApduError, CommandAPDU
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import SignedStatement

_MAX_SHOP_DAYS: Final = 35
_ALL: Final = CertificateRights(
    predicates=tuple(
        AgePredicate(kind=kind, years=years) for years in (12, 15, 18, 20, 60, 65, 70) for kind in Kind
    ),
    attributes=(0, 1, 2, 3, 4),
    flags=ALL_FLAGS,
    pin=False,
)


class PaceAndTerminalAuthentication(Way):
    """Cards of the standard profile. Holds the audit's own CVCA, sector authority, auditor and master key."""

    name = "PACE with the shop code, then Terminal Authentication 2"
    profile_name = "standard"
    profile = codes.PROFILE_STANDARD
    stage_names = ("before authentication", "inside PACE", "after Terminal Authentication")
    admitted = (
        *SHARED_CLASSES,
        AdmittedClass(
            name="shop code",
            meaning="two digits on the face of the card, 01 to 16: it shows that the holder hands the card over",
            most_values=16,
        ),
        NOT_YET_ISSUED,
    )
    number_before_issue = r"^(as delivered|with parameters, no credential): .*/ INITIALIZE UPDATE"
    not_watched = (
        "several trust points and link certificates (a class: which trust points a card has met): all cards here "
        "know one",
        "channels of the CAN, which are for offices and the holder's own machine",
    )

    sample = 8

    def __init__(self) -> None:
        super().__init__()
        # Secrets as octets, so that workers can be given this object.
        self._root, self._sector, self._auditor, self._maker, self._issuer_root, self._authority = (
            SigningKey.generate().secret_octets for _ in range(6)
        )
        self._master = MasterKey.generate()
        validity = Validity(effective=date(2025, 1, 1), expiration=date(2030, 12, 31))
        self._root_certificate = issue_root(b"JPAUDITCVCA00001", validity, _key(self._root), _ALL)
        root = Issuer(chain=(self._root_certificate,), key=_key(self._root))
        rights = CertificateRights(
            predicates=_ALL.predicates, attributes=_ALL.attributes, flags=Flag.PSEUDONYM, pin=False
        )
        self._sector_certificate = issue_sector(
            root, b"JPAUDITSH00001", validity, _key(self._sector), rights, official=False
        )

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_terminals": {}}

    # Cards

    @property
    def _maker_root(self) -> MakerRoot:
        return MakerRoot.make("Audit", _key(self._maker))

    def new_letter(self) -> PinLetter:
        return draw_letter(contactless=True)

    def deliver(self, letter: PinLetter) -> tuple[dict[str, bytes], bytes | None]:
        keys = self._master.new_card(attestation=self._maker_root.new_attestation_key())
        return initial_records(self.profile_name, letter, keys), keys.diversification_data

    def stock(self, parameters: PublicParameters, day: date) -> dict[str, bytes]:
        blank, _ = self.deliver(self.new_letter())
        nvm = Nvm.in_memory(blank)
        channel = Channel(RecordingConnection(Kernel(nvm)))
        Application.identify(channel)
        inside = open_scp03(channel, self._master.keys_of)
        personalisation.store_trust(inside, self._trust(day))
        personalisation.store_statement(inside, self._trustees)
        personalisation.store_statement(inside, self._issuer_key(parameters))
        statement = sign_digits(parameters, _key(self._issuer_root), _key(self._auditor)).to_octets()
        personalisation.store_parameters(inside, parameters.for_card(day, statement=statement))
        return {name: value for name, value in records_of(nvm).items() if name not in blank}

    def office(
        self,
        registry: Registry,
        parameters: PublicParameters,
        key: IssuerKey,
        clerk: str,
        today: Callable[[], int],
    ) -> Office:
        return Office(
            registry,
            parameters,
            EmbeddedIssuer(
                [key],
                MemoryLedger(),
                trustee_lists=[development_trustees()],
                maker_root=self._maker_root.certificate,
                today=today,
            ),
            clerk=clerk,
            keys_of=self._master.keys_of,
            trust=self._trust(date(2026, 1, 1)),
            maker_root=self._maker_root.certificate.to_octets(),
            trustees=self._trustees,
            issuer_keys=(self._issuer_key(parameters),),
        )

    def _trust(self, day: date) -> CardTrust:
        return CardTrust.of(
            [self._root_certificate],
            day,
            auditor_keys=[_key(self._auditor).point],
            root_keys=[_key(self._issuer_root).point],
            authority_keys=[_key(self._authority).point],
        )

    @property
    def _trustees(self) -> bytes:
        record = development_trustees().to_octets()
        return SignedStatement.by(record, _key(self._issuer_root), _key(self._auditor)).to_octets()

    def _issuer_key(self, parameters: PublicParameters) -> bytes:
        first, last = (day_number(date(year, 1, 1)) for year in (2024, 2035))
        record = IssuerKeyRecord(PK=parameters.public_key, W1=parameters.W1, first_day=first, last_day=last)
        return SignedStatement.by(
            record.to_octets(), _key(self._issuer_root), _key(self._auditor)
        ).to_octets()

    def set_pin(self, connection: CardConnection, letter: PinLetter, pin: str) -> None:
        channel = _identified(connection)
        pace.establish(channel, TransportPin(letter.transport_pin))
        set_pin(channel, Pin(pin))

    # Terminals and holders

    def make_terminal(
        self, party: RelyingParty, asked: Asked, parameters: PublicParameters, today: date
    ) -> Terminal:
        first = day_number(today)
        description = party.description(asked, first=first, last=first + _MAX_SHOP_DAYS - 1)
        kind = EveryToken if asked.token else RevocationCheck
        calendar = SigningCalendar(_key(self._authority), _key(self._auditor))
        given = self._certify(description, asked, today)
        return Terminal.with_credentials(given, parameters, revocation=kind(calendar=calendar))

    def _certify(self, rights: TerminalRights, asked: Asked, today: date) -> TerminalCredentials:
        certified = CertifiedParty(
            rp_context=rights.rp_context,
            display_name=rights.display_name,
            OP=context_point(rights.rp_context).to_uncompressed(),
        )
        record = certified.record(self._sector_certificate.body.chr)
        signature = _key(self._auditor).sign(record.to_octets())
        granted = CertificateRights(
            relying_party=replace(certified, auditor_signature=signature),
            predicates=asked.question.predicates,
            attributes=asked.question.disclosed,
            flags=Flag.PSEUDONYM if asked.question.pseudonym else NO_FLAGS,
            pin=asked.pin,
        )
        key = SigningKey.generate()
        validity = Validity(effective=today, expiration=today + timedelta(days=_MAX_SHOP_DAYS - 1))
        sector = Issuer(chain=(self._root_certificate, self._sector_certificate), key=_key(self._sector))
        return TerminalCredentials(
            certificate=issue_terminal(sector, b"JPAUDITRP00001", validity, key, granted),
            known=(self._root_certificate, self._sector_certificate),
            key=key,
        )

    def visit(
        self, connection: CardConnection, terminal: Terminal, asked: Asked, holder: Holder, *, today: date
    ) -> Visit:
        at = Terminal.with_credentials(
            _credentials(terminal),
            terminal.parameters,
            shop_code=holder.letter.shop_code,
            revocation=terminal.revocation,
        )
        ask_pin = (lambda: Pin(holder.pin)) if asked.pin else (lambda: None)
        connection.reset()
        return visit(Channel(connection), at, asked.question, today=today, ask_pin=ask_pin)

    def stages(self, terminal: Terminal, holder: Holder) -> tuple[Stage, ...]:
        def plain(connection: CardConnection) -> Entered:
            connection.reset()
            return Entered(channel=Channel(connection), binding=bytes(HASH_LENGTH))

        def inside(connection: CardConnection) -> Entered:
            channel = _identified(connection)
            pace.establish(channel, pace.ShopCode(holder.letter.shop_code))
            return Entered(channel=channel, binding=bytes(HASH_LENGTH))

        def authenticated(connection: CardConnection) -> Entered:
            return self._authenticated(connection, terminal, holder)

        enters = (plain, inside, authenticated)
        return tuple(
            Stage(name=name, enter=enter) for name, enter in zip(self.stage_names, enters, strict=True)
        )

    def _authenticated(self, connection: CardConnection, terminal: Terminal, holder: Holder) -> Entered:
        shown = _credentials(terminal)
        channel = _identified(connection)
        keys = pace.establish(channel, pace.ShopCode(holder.letter.shop_code), chat=shown.chat)
        binding = terminal_authentication.authenticate(channel, keys, shown)
        return Entered(channel=channel, binding=binding)

    def as_holder(self, connection: CardConnection, holder: Holder) -> Channel:
        channel = _identified(connection)
        pace.establish(channel, Pin(holder.pin))
        return channel

    def wrong_tries(self, holder: Holder) -> tuple[WrongTry, ...]:
        letter = holder.letter
        passwords: tuple[Digits, ...] = (
            pace.ShopCode(other_digits(letter.shop_code)),
            pace.Can(other_digits(letter.can)),
            Pin(other_digits(holder.pin)),
            Puk(other_digits(letter.puk)),
        )
        return tuple(WrongTry(name=password.label, attempt=_attempt(password)) for password in passwords)

    def block(self, connection: CardConnection, holder: Holder, name: str, tries: int) -> None:
        # The last try of a suspended password is taken inside a channel of the CAN only.
        super().block(connection, holder, name, tries - 1)
        channel = _identified(connection)
        pace.establish(channel, pace.Can(holder.letter.can))
        wrong = Pin(other_digits(holder.pin)) if name == Pin.label else Puk(other_digits(holder.letter.puk))
        with suppress(CardRefused):
            pace.establish(channel, wrong)

    def probe(self, channel: Channel, connection: RecordingConnection, probe: Probe) -> None:
        """Inside a channel both are kept: what an eavesdropper sees, and what the terminal reads."""
        if not channel.is_protected:
            super().probe(channel, connection, probe)
            return
        try:
            command = CommandAPDU.from_bytes(probe.octets)
        except ApduError:
            return
        connection.step = probe.name
        try:
            opened = channel.send(command).to_bytes()
        except MumeiError:
            # The channel has ended: in the same place on every card, or the audit will say so.
            opened = bytes(SW_LENGTH)
        finally:
            connection.step = None
        connection.exchanges.append(
            Exchange(step=f"{probe.name}, opened", command=probe.octets, answer=opened, operations=())
        )


def _credentials(terminal: Terminal) -> TerminalCredentials:
    if not isinstance(terminal.access, CertificateAccess):
        raise TypeError("a terminal of this way has a certificate")
    return terminal.access.credentials


def _key(secret: bytes) -> SigningKey:
    return SigningKey(int.from_bytes(secret, "big"))


def _identified(connection: CardConnection) -> Channel:
    connection.reset()
    channel = Channel(connection)
    Application.identify(channel)
    return channel


def _attempt(password: Digits) -> Callable[[CardConnection], None]:
    def attempt(connection: CardConnection) -> None:
        with suppress(CardRefused):
            pace.establish(_identified(connection), password)

    return attempt
