"""What is measured: an issuer, an issued card, a shop's terminal, and the connection between, watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei.issuer.signing import SigningService
from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.office.samples import sample_residents
from mumei.session.channel import Channel
from mumei.terminal.check import Visit, visit
from mumei.terminal.question import Question, over
from mumei.terminal.trust import Terminal
from mumei.terminal.verdict import Outcome
from mumei.transport.base import CardConnection
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.os.kernel import Kernel
from mumei_card.personalisation import draw_letter, initial_records
from mumei_core import dates
from mumei_core.commands import codes
from mumei_core.commands.terminal_description import TerminalDescription
from mumei_core.crypto.hash_to_curve import context_point

RP_CONTEXT: Final = b"shop.example"
AGE_ONLY: Final = Question(predicates=(over(20),))
AGE_AND_PSEUDONYM: Final = Question(predicates=(over(20),), pseudonym=True)
_RIGHTS_DAYS = 30


class Chip:
    """The software card in this process, with its counters in sight."""

    def __init__(self, file: Path) -> None:
        self._nvm = Nvm.open(str(file))
        self._kernel = Kernel(self._nvm)
        self.atr = self._kernel.atr

    @property
    def counters(self) -> OperationCounters:
        return self._kernel.counters

    def transmit(self, apdu: bytes) -> bytes:
        return self._kernel.transmit(apdu)

    def reset(self) -> None:
        self._kernel.reset()

    def close(self) -> None:
        self._nvm.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One real transmit: its command's INS, octets both ways, nanoseconds of the monotonic clock."""

    ins: int
    sent: int
    received: int
    begin: int
    end: int


class WatchedConnection(CardConnection):
    """Another connection, with every exchange written down."""

    def __init__(self, inner: CardConnection) -> None:
        self.name, self.atr, self.supports_extended = inner.name, inner.atr, inner.supports_extended
        self.exchanges: list[Exchange] = []
        self._inner = inner

    def transmit(self, apdu: bytes) -> bytes:
        begin = time.monotonic_ns()
        response = self._inner.transmit(apdu)
        end = time.monotonic_ns()
        self.exchanges.append(
            Exchange(ins=apdu[1], sent=len(apdu), received=len(response), begin=begin, end=end)
        )
        return response

    def reset(self) -> None:
        self._inner.reset()

    def close(self) -> None:
        self._inner.close()

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
        """One visit that must end in ACCEPT, by the terminal's own code."""
        found = visit(channel, self.terminal, question, today=self.today)
        if found.verdict.outcome is not Outcome.ACCEPT or found.wire is None:
            raise RuntimeError(f"a visit of the benchmark was not accepted: {found.verdict}")
        return found

    def insert(self) -> tuple[Chip, WatchedConnection]:
        """The card in this process. Close the connection when done: a card file is open once only."""
        chip = Chip(self.card_file)
        return chip, WatchedConnection(SimulatedConnection(chip, name=self.card_file.name))


def build(folder: Path, say: Callable[[str], None]) -> World:
    """Issue a card to a sample resident of 67, as an office does, and set up a shop's terminal."""
    say("issuing a card")
    today = dates.today()
    key = IssuerKey.generate()
    parameters = make_parameters(key, "Gifu BENCH", profile=codes.PROFILE_DEVELOPMENT)
    card_file = folder / "holder.card"
    Nvm.create(str(card_file), initial_records("development", draw_letter())).close()
    with Registry.create(folder / "registry.db") as registry:
        records = registry.import_residents(sample_residents(today), clerk="bench")
        oldest = min(records, key=lambda record: record.resident.birth_date)
        office = Office(registry, parameters, SigningService(key), clerk="bench")
        chip = Chip(card_file)
        with SimulatedConnection(chip, name=card_file.name) as connection:
            office.enrol(Channel(connection), oldest.number, today=today)
    return World(
        folder=folder,
        card_file=card_file,
        parameters=parameters,
        terminal=_terminal(parameters, today),
        today=today,
    )


def _terminal(parameters: PublicParameters, today: date) -> Terminal:
    description = TerminalDescription(
        rp_context=RP_CONTEXT,
        display_name="Shop BENCH",
        OP=context_point(RP_CONTEXT),
        predicates=AGE_ONLY.predicates,
        pseudonym=True,
        not_before=dates.day_number(today - timedelta(days=1)),
        not_after=dates.day_number(today + timedelta(days=_RIGHTS_DAYS)),
    )
    return Terminal.of(description, parameters)
