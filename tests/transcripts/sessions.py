"""The sessions of the transcripts: what the host does in each, with a card or with the recording of one.

The same code runs when a transcript is made and when it is replayed. All that the host draws comes from the
transcript's own seed, and what it cannot make again, a signature or a credential, from the transcript.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from mumei.authority.folder import path_from_root
from mumei.issuer.parameters import PublicParameters
from mumei.issuer.signing import check_commitment
from mumei.maker.master_key import MasterKey
from mumei.office.genuine_chip import check_genuine, read_maker_root
from mumei.session import credential, holder, personalisation, security_domain
from mumei.session.application import Application, Profile
from mumei.session.card_log import read_log
from mumei.session.channel import Channel
from mumei.session.holder import Pin, TransportPin
from mumei.session.pace import ShopCode, establish
from mumei.session.scp03 import open_scp03
from mumei.session.terminal_authentication import authenticate
from mumei.terminal.access import Access, DescriptionAccess, Entry
from mumei.terminal.calendar import StoredCalendar
from mumei.terminal.check import Nonces, build_request, visit
from mumei.terminal.question import Question, attribute_names, describe, over, under
from mumei.terminal.revocation_check import Plan, RevocationCheck
from mumei.terminal.trust import Terminal, verifier_for
from mumei.transport.base import CardConnection
from mumei_core.commands.enrolment import EnrolmentAnswer, IssuedCredential
from mumei_core.commands.request import SlotToken
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.credential import Index
from mumei_core.dates import day_number
from mumei_core.eac.authorisation import expected_rights
from mumei_core.eac.cvc import Certificate
from mumei_core.eac.signature import verify
from mumei_core.eac.trust import ImportedKey
from mumei_core.epochs import bucket_of

FOLDER: Final = Path(__file__).resolve().parent
TRACE: Final = "session.trace"
ABOUT: Final = "session.json"
MATERIAL: Final = "material"

Notes = dict[str, Any]


class Seeded:
    """Octets that follow from a seed: SHA-256 of the seed and a number."""

    def __init__(self, seed: bytes) -> None:
        self._seed, self._blocks = seed, 0

    def __call__(self, length: int) -> bytes:
        drawn = b""
        while len(drawn) < length:
            drawn += hashlib.sha256(self._seed + self._blocks.to_bytes(4)).digest()
            self._blocks += 1
        return drawn[:length]


class SeededNonces(Nonces):
    """A terminal's nonces from a seed."""

    def __init__(self, random: Seeded) -> None:
        super().__init__()
        self._random = random

    def draw(self) -> bytes:
        nonce = self._random(32)
        self._waiting.add(nonce)
        return nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a terminal shows: its chain from the root, and signatures that somebody else makes."""

    chain: tuple[Certificate, ...]
    signer: Callable[[bytes], bytes]

    def chain_for(self, cars: Sequence[bytes]) -> tuple[Certificate, ...]:
        assert self.chain[0].body.chr in cars
        return self.chain[1:]

    def sign(self, message: bytes) -> bytes:
        signature = self.signer(message)
        verify(self.chain[-1].body.public_key.point, message, signature)
        return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededAccess:
    """A certified terminal's way in, its PACE keys from a seed."""

    rights: TerminalRights
    shown: Shown
    random: Seeded
    shop_code: str

    @property
    def profile(self) -> Profile:
        return Profile.STANDARD

    def check_day(self, today: date) -> None:
        """Looked at by the card."""

    def enter(self, channel: Channel) -> Entry:
        terminal = self.shown.chain[-1]
        chat = terminal.body.chat.to_octets()
        result = establish(channel, ShopCode(self.shop_code), chat=chat, random=self.random)
        authenticate(channel, result, self.shown)
        return Entry(
            card_key=result.card_key,
            terminal_key=result.terminal_key,
            certificate=terminal.to_pso(),
            chain=tuple(certificate.to_octets() for certificate in self.shown.chain),
        )

    def sign(self, message: bytes) -> bytes:
        """Receipts: none of these sessions keeps one."""
        return self.shown.signer(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One transcript: its folder, what stands in session.json, and the version's material."""

    folder: Path
    notes: Notes

    @classmethod
    def load(cls, folder: Path) -> Session:
        return cls(folder=folder, notes=json.loads((folder / ABOUT).read_text(encoding="utf-8")))

    @property
    def day(self) -> date:
        return date.fromisoformat(self.notes["day"])

    @property
    def material(self) -> Path:
        return self.folder.parent / MATERIAL

    @property
    def parameters(self) -> PublicParameters:
        return PublicParameters.load(self.material / f"{self.notes['profile']}.cbor")

    @property
    def question(self) -> Question:
        asked = self.notes["question"]
        return Question(
            predicates=(*map(over, asked.get("over", ())), *map(under, asked.get("under", ()))),
            disclose=tuple(int(Index[name.upper()]) for name in asked.get("show", ())),
            pseudonym=asked.get("pseudonym", False),
        )

    def random(self) -> Seeded:
        return Seeded(bytes.fromhex(self.notes["seed"]))

    def perform(self, connection: CardConnection, host: Host) -> Notes:
        """The session; what came of it, to be compared with what came of it then."""
        return _KINDS[self.notes["kind"]](self, connection, host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the host can do beside what follows from the seed: when a transcript is made, or from its notes."""

    sign: Callable[[bytes], bytes]
    issue: Callable[[Channel, EnrolmentAnswer], IssuedCredential]

    @classmethod
    def of_notes(cls, notes: Mapping[str, Any]) -> Host:
        return cls(
            sign=lambda _: bytes.fromhex(notes["signature"]),
            issue=lambda *_: IssuedCredential.from_octets(bytes.fromhex(notes["credential"])),
        )


def terminal_of(session: Session, random: Seeded, host: Host) -> Terminal:
    """The terminal of a visit."""
    parameters = session.parameters
    name = session.notes["terminal"]
    access: Access
    if session.notes["profile"] == "development":
        octets = (session.material / f"{name}.e2").read_bytes()
        access = DescriptionAccess(rights=TerminalDescription.from_octets(octets), octets=octets)
    else:
        files = sorted((session.material / name).glob("*.cvcert"))
        certificates = tuple(Certificate.from_octets(file.read_bytes()) for file in files)
        chain = path_from_root(certificates[-1], certificates[:-1])
        rights = expected_rights(ImportedKey(chain))
        assert rights is not None
        access = SeededAccess(
            rights=rights,
            shown=Shown(chain=chain, signer=host.sign),
            random=random,
            shop_code=session.notes["shop_code"],
        )
    return Terminal(
        access=access,
        parameters=parameters,
        verifier=verifier_for(parameters),
        revocation=_revocation(session),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeStatements(RevocationCheck):
    """Of the time when cards took a terminal's word for the day: version 1."""

    def plan(self, rights: TerminalRights, day: int, *, dates: bool) -> Plan:
        return Plan()


def _revocation(session: Session) -> RevocationCheck:
    """The statements of the version's material: what two have signed cannot be made again."""
    folder = session.material / f"{session.notes['profile']}.statements"
    if session.folder.parent.name == "v1":
        return BeforeStatements(calendar=StoredCalendar())
    return RevocationCheck(calendar=StoredCalendar.load(folder))


def _visit(session: Session, connection: CardConnection, host: Host) -> Notes:
    random = session.random()
    pin = session.notes.get("pin")
    done = visit(
        Channel(connection),
        terminal_of(session, random, host),
        session.question,
        today=session.day,
        ask_pin=lambda: Pin(pin) if pin is not None else None,
        nonces=SeededNonces(random),
    )
    verdict = done.verdict
    return {
        "outcome": verdict.outcome.name.lower(),
        "reason": verdict.reason.name.lower(),
        "proven": list(verdict.proven),
        "disclosed": verdict.disclosed,
        "pseudonym": None if verdict.pseudonym is None else verdict.pseudonym.hex(),
    }


def _token(session: Session, connection: CardConnection, host: Host) -> Notes:
    """A visit up to its proof, with a token; no list is looked into."""
    random = session.random()
    at = terminal_of(session, random, host)
    channel = Channel(connection)
    Application.identify(channel)
    entry = at.access.enter(channel)
    day = day_number(session.day)
    (statement,) = at.revocation.calendar.statements(at.rights.rp_context, day)
    token = SlotToken(epoch=statement.epoch, bucket=bucket_of(at.rights.rp_context))
    nonce = SeededNonces(random).draw()
    request = build_request(at, session.question, nonce, session.day, entry.binding, token).to_octets()
    k = credential.prepare(channel, request, statement.octets)
    found = at.verifier.verify(request, credential.present_slot(channel, *statement.slot(k))).token
    assert found is not None
    return {"slot": found.k, "token": found.K.to_octets().hex()}


def _pin_change(session: Session, connection: CardConnection, host: Host) -> Notes:
    channel = Channel(connection)
    application = Application.identify(channel)
    old, new = TransportPin(session.notes["transport_pin"]), Pin(session.notes["pin"])
    if application.profile is Profile.DEVELOPMENT:
        assert holder.pin_status(channel).is_transport
        holder.change_pin(channel, old, new)
        return {"status": str(holder.pin_status(channel).tries_left)}
    establish(channel, old, random=session.random())
    holder.set_pin(channel, new)
    return {"status": "set"}


def _log(session: Session, connection: CardConnection, host: Host) -> Notes:
    channel = Channel(connection)
    Application.identify(channel)
    establish(channel, Pin(session.notes["pin"]), random=session.random())
    return {
        "entries": [
            {
                "sequence": entry.sequence,
                "display_name": entry.display_name,
                "asked": [*map(describe, entry.predicates), *attribute_names(entry.disclosed)],
                "outcome": entry.outcome.name.lower(),
            }
            for entry in read_log(channel)
        ]
    }


def _enrolment(session: Session, connection: CardConnection, host: Host) -> Notes:
    channel = Channel(connection)
    application = Application.identify(channel)
    root = None
    inside = channel
    if application.profile is Profile.STANDARD:
        master = MasterKey(secret=bytes.fromhex(session.notes["test_master_key"]))
        root = read_maker_root((session.material / "maker.root").read_bytes())
        inside = open_scp03(channel, master.keys_of, random=session.random())
    nonce = session.random()(64)[32:]
    answer = personalisation.enrol(inside, nonce)
    check_genuine(answer, nonce, root)
    check_commitment(answer.commitment)
    assert answer.key_id == session.parameters.key_id
    assert answer.table_hash == session.parameters.table_hash
    personalisation.store_credential(inside, host.issue(inside, answer))
    if application.profile is Profile.STANDARD:
        security_domain.secure(inside)
    return {"commitment": hashlib.sha256(answer.commitment.to_octets()).hexdigest()}


_KINDS: Final[Mapping[str, Callable[[Session, CardConnection, Host], Notes]]] = {
    "visit": _visit,
    "token": _token,
    "PIN change": _pin_change,
    "log": _log,
    "enrolment": _enrolment,
}


def all_sessions() -> list[Session]:
    """Every transcript of every version."""
    return [Session.load(file.parent) for file in sorted(FOLDER.glob(f"v*/*/{ABOUT}"))]
