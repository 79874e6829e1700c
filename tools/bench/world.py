"""What is measured: an issuer, an issued card, a shop's terminal, and the connection between, watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei.session.channel import Channel
from mumei.session.scp03 import KeyProvider
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question, over
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import Outcome
from mumei.transport import watched
from mumei.transport.simulator import SimulatedConnection
from mumei.transport.watched import Exchange
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.personalisation import draw_letter, initial_records
from mumei_core import dates
from mumei_core.attestation import MakerCertificate
from mumei_core.commands import codes
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.commands.trust import CardTrust
from mumei_core.crypto.hash_to_curve import context_point
from mumei_core.development_trustees import development_trustees

RP_CONTEXT: Final = b"shop.example"
SHOP_NAME: Final = "Shop BENCH"
AGE_ONLY: Final = Question(predicates=(over(20),))
AGE_AND_PSEUDONYM: Final = Question(predicates=(over(20),), pseudonym=True)
_RIGHTS_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCommand:
    """A command as the card got it, and what the card counted while it answered."""

    ins: int
    p1: int
    command: bytes
    response: bytes
    operations: OperationCounters


class Chip:
    """The software card in this process, with its counters in sight.

    ``counted``: all its commands; ``idle``: what it did between them, where ``works_idle``: a chip that has the
    time between answer and next command.
    """

    def __init__(self, file: Path, *, works_idle: bool = False) -> None:
        self._nvm = Nvm.open(str(file))
        self._kernel = Kernel(self._nvm)
        self._works_idle = works_idle
        self.atr = self._kernel.atr
        self.counted: list[CountedCommand] = []
        self.idle = OperationCounters()

    @property
    def counters(self) -> OperationCounters:
        return self._kernel.counters

    def transmit(self, apdu: bytes) -> bytes:
        before = self.counters.copy()
        response = self._kernel.transmit(apdu)
        done = self.counters.copy()
        self.counted.append(
            CountedCommand(
                ins=apdu[1], p1=apdu[2], command=apdu, response=response, operations=done.since(before)
            )
        )
        if self._works_idle and self._kernel.idle():
            self.idle = self.counters.since(done)
        return response

    def reset(self) -> None:
        self._kernel.reset()

    def close(self) -> None:
        self._nvm.close()


class WatchedConnection(watched.WatchedConnection):
    """Another connection, with every exchange written down."""

    def after_select(self) -> list[Exchange]:
        """All exchanges since the last SELECT, which is not among them."""
        last = max(i for i, exchange in enumerate(self.exchanges) if exchange.ins == codes.INS_SELECT)
        return self.exchanges[last + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a measurement needs. ``card_file`` holds an adult's issued card."""

    folder: Path
    card_file: Path
    parameters: PublicParameters
    terminal: Terminal
    today: date

    def ask(self, channel: Channel, question: Question) -> Visit:
        """One visit that must end in ACCEPT, by the terminal's own code.

        A card that has a secure channel comes to the reader anew: it opens one in a session.
        """
        if not self.parameters.is_development:
            channel.reset()
        found = visit(channel, self.terminal, question, today=self.today)
        if found.verdict.outcome is not Outcome.ACCEPT or found.wire is None:
            raise RuntimeError(f"a visit of the benchmark was not accepted: {found.verdict}")
        return found

    def insert(self, *, works_idle: bool = False) -> tuple[Chip, WatchedConnection]:
        """The card in this process. Close the connection when done: a card file is open once only."""
        chip = Chip(self.card_file, works_idle=works_idle)
        return chip, WatchedConnection(SimulatedConnection(chip, name=self.card_file.name))


def build(folder: Path, say: Callable[[str], None]) -> World:
    """A development card, issued, and a shop's terminal with an unsigned description."""
    say("issuing a development card")
    today = dates.today()
    key = IssuerKey.generate()
    parameters = make_parameters(key, "Gifu BENCH", profile=codes.PROFILE_DEVELOPMENT)
    desk = Desk(parameters=parameters, key=key, today=today)
    return World(
        folder=folder,
        card_file=desk.issue(folder, initial_records("development", draw_letter())),
        parameters=parameters,
        terminal=_terminal(parameters, today),
        today=today,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An office that issues one card. ``keys_of``, ``trust`` and ``maker_root``: for standard cards."""

    parameters: PublicParameters
    key: IssuerKey
    today: date
    keys_of: KeyProvider | None = None
    trust: CardTrust | None = None
    maker_root: bytes | None = None
    trustees: bytes | None = None
    issuer_key: bytes | None = None
    statement: bytes | None = None

    def _maker(self) -> MakerCertificate | None:
        return None if self.maker_root is None else MakerCertificate.from_octets(self.maker_root)

    def issue(self, folder: Path, records: Mapping[str, bytes]) -> Path:
        """Make a card with these records and issue it to a sample resident of 67, as an office does."""
        card_file = folder / "holder.card"
        Nvm.create(str(card_file), records).close()
        with Registry.create(folder / "registry.db") as registry:
            residents = registry.import_residents(sample_residents(self.today), clerk="bench")
            oldest = min(residents, key=lambda record: record.resident.birth_date)
            office = Office(
                registry,
                self.parameters,
                EmbeddedIssuer(
                    [self.key],
                    MemoryLedger(),
                    trustee_lists=[development_trustees()],
                    maker_root=self._maker(),
                ),
                clerk="bench",
                keys_of=self.keys_of,
                trust=self.trust,
                maker_root=self.maker_root,
                trustees=self.trustees,
                issuer_keys=() if self.issuer_key is None else (self.issuer_key,),
                statement=self.statement,
            )
            with SimulatedConnection(Chip(card_file), name=card_file.name) as connection:
                office.enrol(Channel(connection), oldest.number, today=self.today)
        return card_file


def _terminal(parameters: PublicParameters, today: date) -> Terminal:
    description = TerminalDescription(
        rp_context=RP_CONTEXT,
        display_name=SHOP_NAME,
        OP=context_point(RP_CONTEXT),
        predicates=AGE_ONLY.predicates,
        pseudonym=True,
        not_before=dates.day_number(today - timedelta(days=1)),
        not_after=dates.day_number(today + timedelta(days=_RIGHTS_DAYS)),
    )
    return Terminal.of(description, parameters)
