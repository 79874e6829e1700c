"""A batch on two real PC/SC readers: a person takes out each card that is finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.fixtures import world
from tests.fixtures.pcscd import FIRST_READER, SECOND_READER, Pcscd, ServedCard, wait_until_empty
from tests.fixtures.world import TODAY, issuer

from mumei.office.batch.events import Event, EventKind
from mumei.office.batch.feeders import PersonFeeder
from mumei.office.batch.order_file import read_order
from mumei.office.batch.orders import Orders
from mumei.office.batch.run import BatchDesk, run
from mumei.office.database.models_plans import OrderState
from mumei.office.enrolment import Office
from mumei.office.registry import Registry

#: Seconds in which a person takes a card out, and puts in no other.
WAIT = 3.0


def test_two_readers(pcscd: Pcscd, tmp_path: Path) -> None:
    where, file = tmp_path / "ward.db", tmp_path / "order.csv"
    file.write_text("resident\n1\n2\n")
    with Registry.create(where, clock=world.noon) as registry:
        registry.import_residents(world.residents()[:2], clerk="sato")
        order = Orders(registry, clerk="sato").take_in(read_order(file)).number

    @contextmanager
    def desk() -> Iterator[BatchDesk]:
        with Registry.open(where, clock=world.noon) as registry:
            office = Office(registry, issuer().parameters, issuer().issuing, clerk="sato")
            yield BatchDesk(registry=registry, office=office, clerk="sato", today=TODAY)

    readers = {FIRST_READER: pcscd.port, SECOND_READER: pcscd.port + 1}
    events: list[Event] = []
    with ExitStack() as stack:
        cards = {}
        for number, (reader, port) in enumerate(readers.items()):
            card = world.write_card(tmp_path / f"{number}.card", world.card_with_parameters())
            cards[reader] = ServedCard(card, port=port, reader=reader)
            stack.callback(wait_until_empty, reader)
            stack.callback(cards[reader].take_out)

        def report(event: Event) -> None:
            events.append(event)
            if event.kind is EventKind.ISSUED:
                cards[event.reader].take_out()

        run(order, [PersonFeeder(reader, WAIT) for reader in readers], desk, report)
    kinds = [event.kind for event in events]
    assert kinds.count(EventKind.ISSUED) == 2 and kinds.count(EventKind.FINISHED) == 2
    assert {event.reader for event in events} == set(readers)
    with Registry.open(where, clock=world.noon) as registry:
        assert Orders(registry, clerk="sato").order(order).state is OrderState.DONE
