"""What issuing a card costs the office itself, on SQLite and PostgreSQL, and what a second reader gives a batch.

Standard cards, the whole plan of an enrolment with its journal, a durable ledger behind the issuer. The chip's time
is what passes inside an exchange; everything else is ours.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.fixtures import standard, world
from tests.fixtures.world import TODAY
from tools.bench.bars import Bar, Details, Progress, Section
from tools.postgres_runner import Postgres, missing

from mumei.issuer.ledger import DurableLedger
from mumei.issuer.ledger_key import LedgerKey
from mumei.office.batch.events import Event, EventKind
from mumei.office.batch.feeders import FolderFeeder
from mumei.office.batch.order_file import read_order
from mumei.office.batch.orders import Orders
from mumei.office.batch.run import BatchDesk, run
from mumei.office.counter.enrol import ENROL, EnrolDesk
from mumei.office.counter.journal import Journal
from mumei.office.counter.plan import carry_out
from mumei.office.counter.seat import Seat
from mumei.office.database.models_plans import PlanKind
from mumei.office.database.place import with_key
from mumei.office.enrolment import Office
from mumei.office.registry import Registry
from mumei.office.residents.samples import sample_residents
from mumei.transport.base import CardConnection
from mumei.transport.simulator import SimulatedConnection
from mumei_card.chip.nvm import Nvm
from mumei_card.link.in_process import SoftwareCard
from mumei_card.personalisation import initial_records

SQLITE_LIMIT: Final = 150.0
POSTGRES_LIMIT: Final = 250.0
FACTOR: Final = 1.8
_WARM_UP: Final = 2
_PEOPLE: Final = 12
_CARDS: Final = 12
#: Seconds added to each of some 35 exchanges of a card: less than chips take, which makes the bar harder.
_CHIP: Final = 0.04
_KEY: Final = LedgerKey.generate()


class Timed(CardConnection):
    """The way to a card, with a clock that runs while the card works."""

    def __init__(self, inner: CardConnection, *, chip: float = 0.0) -> None:
        self.name, self.atr, self.supports_extended = inner.name, inner.atr, inner.supports_extended
        self.seconds = 0.0
        self.exchanges = 0
        self._inner, self._chip = inner, chip

    def transmit(self, apdu: bytes) -> bytes:
        start = time.perf_counter()
        answer = self._inner.transmit(apdu)
        if self._chip:
            time.sleep(self._chip)
        self.seconds += time.perf_counter() - start
        self.exchanges += 1
        return answer

    def reset(self) -> None:
        self._inner.reset()

    def close(self) -> None:
        self._inner.close()


@dataclass
class SlowFeeder(FolderFeeder):
    """Cards that take a chip's time."""

    chip: float = 0.0

    def next(self) -> CardConnection | None:
        connection = super().next()
        return None if connection is None else Timed(connection, chip=self.chip)


def measure(say: Progress) -> Section:
    """Both bars; without PostgreSQL its line says so."""
    say(f"issuing {_PEOPLE} standard cards on SQLite, and on PostgreSQL")
    with tempfile.TemporaryDirectory(prefix="mumei-bench-issuing-") as name:
        folder = Path(name)
        Registry.create(folder / "ward.db", clock=world.noon).close()
        sqlite, exchanges = _one_by_one(str(folder / "ward.db"), folder / "ledger.db")
        reason = missing()
        postgres = None if reason else _on_postgres(folder)
        say(f"issuing {_CARDS} standard cards in a batch, on one reader and on two")
        alone, together = (_batch(folder, readers, _CHIP) for readers in (1, 2))
        alone_bare, together_bare = (_batch(folder, readers, 0.0) for readers in (1, 2))
    factor, bare = alone / together, alone_bare / together_bare
    return Section(
        bars=(
            Bar(
                what="issue one card, our own time, SQLite",
                measured=sqlite,
                limit=SQLITE_LIMIT,
                unit="ms",
                digits=0,
                strict=True,
            ),
            Bar(
                what="issue one card, our own time, PostgreSQL",
                measured=postgres,
                limit=POSTGRES_LIMIT,
                unit="ms",
                digits=0,
                strict=True,
                note=reason,
            ),
            Bar(
                what="batch: two readers take, of one reader's time",
                measured=together / alone,
                limit=1 / FACTOR,
                digits=3,
            ),
        ),
        details=(
            Details(
                title="Issuing",
                columns=("readers", "cards", "chip's time added", "s", "cards/min"),
                rows=tuple(
                    (
                        str(readers),
                        str(_CARDS),
                        f"{chip * 1000:.0f} ms an exchange",
                        f"{s:.2f}",
                        f"{60 * _CARDS / s:.0f}",
                    )
                    for readers, chip, s in (
                        (1, _CHIP, alone),
                        (2, _CHIP, together),
                        (1, 0.0, alone_bare),
                        (2, 0.0, together_bare),
                    )
                ),
                said=(
                    f"Two readers do {factor:.2f} times as much as one with cards that take a chip's time "
                    f"(the bar is {FACTOR}), {bare:.2f} times with software cards as quick as this machine "
                    "computes them: those, unlike chips, share our processors.",
                    f"A standard card's enrolment takes {exchanges} exchanges. Our own time is all that passes "
                    "outside them, in a process that has audited the parameters once: plan, registry, ledger, "
                    "the issuer's signature and all checks.",
                ),
            ),
        ),
    )


def _on_postgres(folder: Path) -> float:
    with Postgres() as server:
        where = with_key(server.create("ward"), folder / "postgres.key")
        Registry.create(where, clock=world.noon).close()
        return _one_by_one(where, server.create("ledger"))[0]


def _one_by_one(where: str, ledger: str | Path) -> tuple[float, int]:
    """Median milliseconds of our own for a card, and how many exchanges it takes."""
    own, exchanges = [], 0
    with _office(where, ledger) as (registry, office):
        residents = registry.import_residents(sample_residents(TODAY)[:_PEOPLE], clerk="bench")
        for resident in residents:
            connection = Timed(SimulatedConnection(SoftwareCard(Nvm.in_memory(_blank())), name="bench"))
            start = time.perf_counter()
            with ExitStack() as stack:
                seat = stack.enter_context(Seat(partial(_same, connection), office.open))
                hold = Journal(registry, clerk="bench").begin(
                    PlanKind.ENROL, resident.number, {"replacement": False}
                )
                desk = EnrolDesk(registry=registry, office=office, seat=seat, clerk="bench", today=TODAY)
                carry_out(ENROL, hold, desk)
            own.append(1000 * (time.perf_counter() - start - connection.seconds))
            exchanges = connection.exchanges
    return statistics.median(own[_WARM_UP:]), exchanges


def _same(connection: Timed) -> CardConnection:
    return connection


def _batch(folder: Path, readers: int, chip: float) -> float:
    """Seconds from start to end, processes and all."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        cards = place / "cards"
        cards.mkdir()
        for number in range(_CARDS):
            Nvm.create(str(cards / f"{number:03}.card"), _blank()).close()
        where = str(place / "ward.db")
        order = place / "order.csv"
        with Registry.create(where, clock=world.noon) as registry:
            residents = registry.import_residents(sample_residents(TODAY)[:_CARDS], clerk="bench")
            order.write_text("resident\n" + "".join(f"{one.number}\n" for one in residents))
            number = Orders(registry, clerk="bench").take_in(read_order(order)).number

        @contextmanager
        def desk() -> Iterator[BatchDesk]:
            with _office(where, place / "ledger.db") as (registry, office):
                yield BatchDesk(registry=registry, office=office, clerk="bench", today=TODAY)

        issued: list[Event] = []
        # Both are audited before the clock starts, as by a desk that is open for a day.
        standard.parameters().audit()
        start = time.perf_counter()
        feeders = [SlowFeeder(cards, f"reader {at}", chip=chip) for at in range(readers)]
        run(number, feeders, desk, issued.append)
        elapsed = time.perf_counter() - start
        if sum(event.kind is EventKind.ISSUED for event in issued) != _CARDS:
            raise RuntimeError(f"a batch of the benchmark was not issued: {issued}")
        return elapsed


@contextmanager
def _office(where: str, ledger: str | Path) -> Iterator[tuple[Registry, Office]]:
    with (
        Registry.open(where, clock=world.noon) as registry,
        DurableLedger.open(ledger, _KEY) as book,
    ):
        root = standard.MAKER_ROOT.certificate
        issuing = standard.issuing(book)
        yield (
            registry,
            Office(
                registry,
                standard.parameters(),
                issuing,
                clerk="bench",
                keys_of=standard.MASTER.keys_of,
                trust=standard.card_trust(),
                statement=standard.digits_statement(),
                maker_root=root.to_octets(),
                trustees=standard.trustees(),
                issuer_keys=(standard.issuer_key(),),
            ),
        )


def _blank() -> dict[str, bytes]:
    keys = standard.MASTER.new_card(attestation=standard.MAKER_ROOT.new_attestation_key())
    return initial_records("standard", standard.LETTER, keys)
