"""The demo's people and places: made by the product's own means, in a folder that is thrown away.

An issuer, a root and a sector authority, an auditor, a card maker, three revocation trustees and their authority, a
ward office with five residents and their software cards, two shops and a forum, all called DEMO.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from mumei.auditor.audit import context_record, sign_context, sign_digits
from mumei.auditor.issuing import sign_issuing
from mumei.authority.credentials import TerminalCredentials
from mumei.authority.issuing import (
    MAX_SHOP_DAYS,
    Issuer,
    Validity,
    issue_root,
    issue_sector,
    issue_terminal,
    reference,
)
from mumei.cli.demo_revocation import DemoRevocation
from mumei.cli.tracing import through_trace
from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei.maker.attestation_root import MakerRoot
from mumei.maker.master_key import MasterKey, write_card_keys
from mumei.office.enrolment import Office, month_of
from mumei.office.registry import Registry
from mumei.office.residents.resident import Resident
from mumei.office.residents.samples import sample_residents
from mumei.session.channel import Channel
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question, over, under
from mumei.terminal.revocation_folder import RevocationFolder
from mumei.terminal.trust import Terminal
from mumei.transport.simulator import open_simulator
from mumei_core.commands.codes import PROFILE_STANDARD
from mumei_core.commands.trust import CardTrust
from mumei_core.credential import Index, encode_text
from mumei_core.dates import day_number
from mumei_core.eac.rights import CertificateRights, Flag, RelyingParty
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import HostEnvironmentError
from mumei_core.gp.card_keys import CardKeys
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import SignedStatement

PEOPLE: Final = 5
REGISTRY: Final = "ward.db"
GIFU: Final = 21
#: Ending of the file beside a card that holds its transport PIN, PUK and CAN.
LETTER: Final = ".letter"
_CLERK = "demo clerk"
_SHOPS: Final = CertificateRights(
    predicates=(over(20), under(12), over(65)),
    attributes=(int(Index.PREFECTURE),),
    flags=Flag.PSEUDONYM,
    pin=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A resident with a card."""

    number: int
    resident: Resident
    card: Path

    @property
    def name(self) -> str:
        return self.resident.name


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everyone in the story."""

    today: date
    people: tuple[Person, ...]
    folder: Path
    sake: Terminal
    cinema: Terminal
    forum: Terminal
    revocation: DemoRevocation

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)

    @property
    def terminals(self) -> dict[str, Terminal]:
        """By the name of each one's folder."""
        return {"sake": self.sake, "cinema": self.cinema, "forum": self.forum}

    def report(self, person: Person) -> str:
        """The person has lost the card, and says so at the counter. Returns the case's number."""
        with Registry.open(self.folder / REGISTRY) as registry:
            return self.revocation.report(registry, person.number, self.today, clerk=_CLERK)

    def in_week_of(self, day: date) -> World:
        """The same, once all places have taken in that week's statements and lists."""
        contexts = [terminal.rights.rp_context for terminal in self.terminals.values()]
        sources = self.revocation.hand_out(contexts, day)
        informed = {}
        for name, terminal in self.terminals.items():
            folder = RevocationFolder.open(self.folder / name, terminal.rights.rp_context, development=False)
            for source in sources:
                folder.take_in(source, day)
            informed[name] = replace(terminal, revocation=folder.check())
        return replace(self, sake=informed["sake"], cinema=informed["cinema"], forum=informed["forum"])


def build(folder: Path, today: date, progress: Callable[[str], None]) -> World:
    """Make everyone. Raises HostEnvironmentError where no software card can be made."""
    progress("issuer: a key, 256 digit signatures, and their audit")
    key = IssuerKey.generate()
    parameters = make_parameters(key, "DEMO Prefecture", profile=PROFILE_STANDARD)
    parameters.audit()
    progress("authority, auditor, card maker: a root, a sector of shops, three terminals' certificates")
    authority = DemoAuthority.make(today)
    progress("revocation: three trustees, of whom two are needed, and the authority that publishes")
    revocation = DemoRevocation.make(folder / "revocation", authority.issuer_root, authority.auditor)
    maker, maker_root = MasterKey.generate(), MakerRoot.generate("DEMO Cards")
    people = []
    with Registry.create(folder / REGISTRY) as registry:
        records = registry.import_residents(sample_residents(today)[:PEOPLE], clerk=_CLERK)
        office = Office(
            registry,
            parameters,
            EmbeddedIssuer(
                [key],
                MemoryLedger(),
                trustee_lists=(revocation.trustees_record,),
                maker_root=maker_root.certificate,
            ),
            clerk=_CLERK,
            keys_of=maker.keys_of,
            trust=authority.card_trust(today, revocation.key.point),
            statement=sign_digits(parameters, authority.issuer_root, authority.auditor).to_octets(),
            maker_root=maker_root.certificate.to_octets(),
            trustees=revocation.trustee_list.to_octets(),
            issuer_keys=[authority.issuer_key(parameters, today).to_octets()],
        )
        for record in records:
            card = folder / f"{record.number}.card"
            progress(f"card maker and ward office: a card for {record.resident.name}")
            _new_card(card, maker.new_card(attestation=maker_root.new_attestation_key()))
            with through_trace(partial(open_simulator, card)) as connection:
                office.enrol(Channel(connection), record.number, today=today)
            people.append(Person(number=record.number, resident=record.resident, card=card))
        revocation.confirm(registry, today, clerk=_CLERK)

    def terminal(place: str, name: str, rights: CertificateRights) -> Terminal:
        credentials = authority.certify(f"{place}.demo", name, rights, today)
        revocation.place(folder / place, credentials.rights.rp_context)
        return Terminal.with_credentials(credentials, parameters)

    world = World(
        today=today,
        folder=folder,
        revocation=revocation,
        people=tuple(people),
        sake=terminal("sake", "DEMO Sake Shop", CertificateRights(predicates=(over(20),), pin=False)),
        cinema=terminal(
            "cinema",
            "DEMO Cinema",
            CertificateRights(predicates=(under(12), over(65)), flags=Flag.PSEUDONYM, pin=False),
        ),
        forum=terminal(
            "forum",
            "DEMO Gifu Forum",
            CertificateRights(attributes=(int(Index.PREFECTURE),), flags=Flag.PSEUDONYM, pin=False),
        ),
    )
    progress("revocation authority and auditor: this week's statements and lists, which every place takes in")
    return world.in_week_of(today)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAuthority:
    """Who says who may ask what: root, sector of shops, and the auditor of points."""

    root: Issuer
    sector: Issuer
    auditor: SigningKey
    issuer_root: SigningKey

    @classmethod
    def make(cls, today: date) -> DemoAuthority:
        """Fresh keys; certificates good for a year."""
        year = Validity(effective=today.replace(day=1), expiration=today + timedelta(days=365))
        root_key, sector_key = SigningKey.generate(), SigningKey.generate()
        root_certificate = issue_root(reference("JPDEMOROOT", 1), year, root_key)
        root = Issuer(chain=(root_certificate,), key=root_key)
        sector_certificate = issue_sector(
            root, reference("JPDEMOSHOP", 1), year, sector_key, _SHOPS, official=False
        )
        sector = Issuer(chain=(root_certificate, sector_certificate), key=sector_key)
        auditor, issuer_root = SigningKey.generate(), SigningKey.generate()
        return cls(root=root, sector=sector, auditor=auditor, issuer_root=issuer_root)

    def card_trust(self, today: date, revocation: bytes) -> CardTrust:
        """What every card pins; ``revocation``: the revocation authority's key, 65 octets."""
        return CardTrust.of(
            [self.root.certificate],
            month_of(today),
            auditor_keys=[self.auditor.point],
            root_keys=[self.issuer_root.point],
            authority_keys=[revocation],
        )

    def issuer_key(self, parameters: PublicParameters, today: date) -> SignedStatement:
        """The issuer's key and the year in which it signs, without which a card takes nothing under it."""
        first = day_number(today.replace(day=1))
        record = IssuerKeyRecord(
            PK=parameters.public_key, W1=parameters.W1, first_day=first, last_day=first + 365
        )
        return sign_issuing(record, root=self.issuer_root, auditor=self.auditor)

    def certify(self, context: str, name: str, rights: CertificateRights, today: date) -> TerminalCredentials:
        """A terminal's certificate for 35 days, its point recomputed and signed by the auditor."""
        record = context_record(encode_text(context), name, self.sector.certificate.body.chr)
        party = RelyingParty(
            rp_context=record.rp_context,
            display_name=name,
            OP=record.OP,
            auditor_signature=sign_context(record, self.auditor),
        )
        key = SigningKey.generate()
        validity = Validity(effective=today, expiration=today + timedelta(days=MAX_SHOP_DAYS - 1))
        certificate = issue_terminal(
            self.sector, reference("JPDEMOTERM", 1), validity, key, replace(rights, relying_party=party)
        )
        return TerminalCredentials(certificate=certificate, known=self.sector.chain, key=key)


def ask(person: Person, terminal: Terminal, question: Question, today: date) -> Visit:
    """The person puts the card on the terminal."""
    with through_trace(partial(open_simulator, person.card)) as connection:
        return visit(Channel(connection), terminal, question, today=today)


def _new_card(path: Path, card_keys: CardKeys) -> None:
    keys = path.with_suffix(".keys")
    write_card_keys(keys, card_keys)
    # A program of its own: the product does not know how cards are made.
    command = [sys.executable, "-m", "mumei_card", "new", str(path), "--personalisation-keys", str(keys)]
    command += ["--letter", str(path.with_suffix(LETTER))]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    keys.unlink()
    if made.returncode:
        raise HostEnvironmentError(
            "no software card can be made", hint=f"Try: mumei-card new FILE. It says: {made.stderr.strip()}"
        )
