"""Cards for a whole order: on several readers, each with its result, gone on with after anything."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.fixtures import standard, world
from tests.fixtures.clerks import name_clerks
from tests.fixtures.plans import PlanCounter
from tests.fixtures.plans import registry as registry
from tests.fixtures.postgres import registry_url as registry_url
from tests.fixtures.world import TODAY

from mumei.issuer.memory_ledger import MemoryLedger
from mumei.maker.master_key import MasterKey
from mumei.office.batch.events import Event, EventKind, Progress
from mumei.office.batch.feeders import FolderFeeder
from mumei.office.batch.order_file import OrderLine, read_order
from mumei.office.batch.orders import Orders
from mumei.office.batch.run import STOP_AFTER, BatchDesk, run
from mumei.office.counter.enrol import OfficeSteps
from mumei.office.database.models import EnrolmentState
from mumei.office.database.models_plans import ItemState, OrderState
from mumei.office.records import NotFoundError
from mumei.office.registry import Registry
from mumei_card.chip.nvm import Nvm
from mumei_card.personalisation import initial_records
from mumei_core.errors import DataError, MumeiError, UsageError

CARDS = 6


class Shop:
    """An office with a hopper of cards."""

    def __init__(self, where: str, folder: Path, *, standard_cards: bool = False) -> None:
        self.where, self.hopper, self.standard_cards = where, folder / "cards", standard_cards
        self.hopper.mkdir()
        self.file = folder / "order.csv"
        self.events: list[Event] = []
        self.ledger = MemoryLedger()
        with self.registry() as registry:
            registry.import_residents(world.residents(), clerk="sato")

    def registry(self) -> Registry:
        return Registry.open(self.where, clock=world.noon)

    def fill(self, count: int = CARDS) -> None:
        """Blank cards; a standard one has a number and keys of its own."""
        for number in range(1, count + 1):
            records = world.new_card()
            if self.standard_cards:
                keys = standard.MASTER.new_card(attestation=standard.MAKER_ROOT.new_attestation_key())
                records = initial_records("standard", standard.LETTER, keys)
            world.write_card(self.hopper / f"{number:02}.card", records)

    def order(self, *residents: int) -> int:
        self.file.write_text("resident\n" + "".join(f"{resident}\n" for resident in residents))
        with self.registry() as registry:
            return Orders(registry, clerk="sato").take_in(read_order(self.file)).number

    @contextmanager
    def desk(self) -> Iterator[BatchDesk]:
        with self.registry() as registry:
            counter = PlanCounter(registry=registry, standard_cards=self.standard_cards, ledger=self.ledger)
            yield BatchDesk(registry=registry, office=counter.office(), clerk="sato", today=TODAY)

    def run(self, order: int, *readers: str, desk: Callable[[], Any] | None = None) -> list[Event]:
        feeders = [FolderFeeder(self.hopper, name) for name in readers or ("A",)]
        events: list[Event] = []
        run(order, feeders, desk or self.desk, events.append)
        self.events += events
        return events

    def tray(self, name: str) -> list[str]:
        return sorted(path.name for path in (self.hopper / name).glob("*.card"))

    def results(self, order: int) -> list[ItemState]:
        with self.registry() as registry:
            return [item.state for item in Orders(registry, clerk="sato").items(order)]


@pytest.fixture
def shop(registry_path: Path, registry: Registry, tmp_path: Path) -> Shop:
    registry.close()
    return Shop(str(registry_path), tmp_path)


def kinds(events: list[Event]) -> list[EventKind]:
    return [event.kind for event in events]


class TestOrders:
    @pytest.mark.parametrize(
        "text",
        [
            "resident,card_number,replacement\n1,,\n2,00112233445566778899,yes\n",
            "\ufeffresident;card_number".replace(";", ",")
            + ",replacement\r\n1,,no\r\n2,00112233445566778899,1\r\n",
            json.dumps(
                [
                    {"resident": 1},
                    {"resident": "2", "card_number": "00112233445566778899", "replacement": True},
                ]
            ),
        ],
        ids=["csv", "csv of a spreadsheet", "json"],
    )
    def test_a_file_is_read(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "order"
        file.write_text(text, encoding="utf-8", newline="")
        assert read_order(file).lines == (
            OrderLine(resident=1),
            OrderLine(resident=2, card_number=bytes.fromhex("00112233445566778899"), replacement=True),
        )

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("resident\n", "orders no card"),
            ("name\nHanako\n", "another heading"),
            ("resident,resident\n1,2\n", "another heading"),
            ("resident\n1\nx\n-1\n", "line 2: the resident is no record number; line 3"),
            ("resident\n1\n1\n", "line 2: the same resident as in line 1"),
            ("resident,card_number\n1,00\n", "20 hex digits"),
            ("resident,card_number\n1,00112233445566778899\n2,00112233445566778899\n", "same card"),
            ("resident,replacement\n1,perhaps\n", "yes or no"),
            ("resident\n1,2,3\n", "more than"),
            ('resident\n"1\n', "no CSV"),
            ("[1]", "no list of objects"),
            ("[", "no JSON"),
            ("[" * 100_000, "no JSON"),
        ],
    )
    def test_a_file_that_is_wrong(self, tmp_path: Path, text: str, words: str) -> None:
        file = tmp_path / "order.csv"
        file.write_text(text)
        with pytest.raises(DataError, match=words) as caught:
            read_order(file)
        assert caught.value.hint

    def test_another_encoding(self, tmp_path: Path) -> None:
        file = tmp_path / "order.csv"
        file.write_bytes("resident,氏名\n".encode("cp932"))
        with pytest.raises(DataError, match="UTF-8"):
            read_order(file)

    def test_the_same_file_is_the_same_order(self, shop: Shop) -> None:
        assert shop.order(1, 2) == shop.order(1, 2)
        assert shop.order(1, 2, 3) != shop.order(1, 2)

    def test_nobody_unknown_is_ordered_for(self, shop: Shop) -> None:
        with pytest.raises(NotFoundError):
            shop.order(1, 77)
        with shop.registry() as registry:
            assert Orders(registry, clerk="sato").orders() == ()


class TestRun:
    def test_two_readers_issue_all(self, shop: Shop) -> None:
        shop.fill()
        order = shop.order(*range(1, CARDS + 1))
        events = shop.run(order, "A", "B")
        assert kinds(events).count(EventKind.ISSUED) == CARDS
        assert kinds(events).count(EventKind.FINISHED) == 2
        assert shop.results(order) == [ItemState.DONE] * CARDS
        assert len(shop.tray("issued")) == CARDS
        with shop.registry() as registry:
            assert Orders(registry, clerk="sato").order(order).state is OrderState.DONE
            records = [registry.enrolments_of(resident) for resident in range(1, CARDS + 1)]
            assert {record.state for (record,) in records} == {EnrolmentState.STORED}
            on_cards = {
                world.records_of(Nvm.read(self_card))["credential"]
                for self_card in shop.hopper.glob("issued/*")
            }
            assert len(on_cards) == CARDS

    def test_standard_cards_leave_no_number_behind(self, shop: Shop) -> None:
        shop.standard_cards = True
        shop.fill(2)
        order = shop.order(1, 2)
        assert kinds(shop.run(order)).count(EventKind.ISSUED) == 2
        with shop.registry() as registry:
            assert {item.card_number for item in Orders(registry, clerk="sato").items(order)} == {None}

    def test_more_cards_than_items(self, shop: Shop) -> None:
        shop.fill(3)
        shop.run(shop.order(1, 2))
        assert len(shop.tray("issued")) == 2 and shop.tray("rejected") == []

    def test_fewer_cards_than_items_and_again(self, shop: Shop) -> None:
        shop.fill(2)
        order = shop.order(1, 2, 3)
        shop.run(order)
        assert shop.results(order) == [ItemState.DONE, ItemState.DONE, ItemState.OPEN]
        world.write_card(shop.hopper / "more.card", world.new_card())
        shop.run(order)
        assert shop.results(order) == [ItemState.DONE] * 3

    def test_a_bad_card_costs_one_item_which_is_done_again(self, shop: Shop) -> None:
        shop.fill(2)
        world.write_card(shop.hopper / "00.card", world.sample_card(5))
        order = shop.order(1, 2)
        events = shop.run(order)
        assert kinds(events) == [EventKind.FAILED, EventKind.ISSUED, EventKind.FINISHED]
        assert events[0].resident == 1 and events[0].hint
        assert shop.tray("rejected") == ["00.card"]
        assert shop.results(order) == [ItemState.FAILED, ItemState.DONE]
        # Not by itself: somebody has to look first.
        shop.run(order)
        assert shop.results(order)[0] is ItemState.FAILED
        with shop.registry() as registry:
            assert Orders(registry, clerk="sato").reopen_failed(order) == 1
        assert EventKind.ISSUED in kinds(shop.run(order))
        assert shop.results(order) == [ItemState.DONE, ItemState.DONE]

    def test_an_issued_standard_card_is_rejected_and_touches_no_item(self, shop: Shop) -> None:
        shop.standard_cards = True
        shop.fill(1)
        world.write_card(shop.hopper / "00.card", standard.sample_card())
        events = shop.run(shop.order(1))
        assert kinds(events) == [EventKind.REJECTED, EventKind.ISSUED, EventKind.FINISHED]

    def test_a_reader_stops_at_the_first_failed_authentication(self, shop: Shop) -> None:
        shop.standard_cards = True
        shop.fill(3)
        order = shop.order(1, 2, 3)
        before = {path.name: path.read_bytes() for path in shop.hopper.glob("*.card")}

        @contextmanager
        def wrong_keys() -> Iterator[BatchDesk]:
            with shop.desk() as desk:
                desk.office._keys_of = MasterKey(secret=bytes(16)).keys_of  # type: ignore[attr-defined]
                yield desk

        events = shop.run(order, desk=wrong_keys)
        assert kinds(events) == [EventKind.STOPPED] and "keys" in events[0].words and events[0].hint
        assert shop.results(order) == [ItemState.OPEN] * 3
        # The other two were not even tried.
        untouched = {path.name: path.read_bytes() for path in shop.hopper.glob("*.card")}
        assert len(untouched) == 2 and untouched.items() <= before.items()

    def test_a_reader_stops_where_every_card_fails(self, shop: Shop) -> None:
        for number in range(STOP_AFTER + 2):
            world.write_card(shop.hopper / f"{number}.card", world.sample_card(5))
        events = shop.run(shop.order(*range(1, STOP_AFTER + 3)))
        assert kinds(events) == [EventKind.FAILED] * STOP_AFTER + [EventKind.STOPPED]

    def test_what_is_wrong_with_the_office_fails_no_item(self, shop: Shop) -> None:
        shop.fill(2)
        order = shop.order(1, 2)

        @contextmanager
        def full_disk() -> Iterator[BatchDesk]:
            from mumei.office.database.engine import RegistryUnavailableError

            class Office:
                def __init__(self, inner: Any) -> None:
                    self._inner = inner

                def __getattr__(self, name: str) -> Any:
                    return getattr(self._inner, name)

                def sign(self, *_: Any) -> None:
                    raise RegistryUnavailableError("the disk is full", hint="Make room.")

            with shop.desk() as desk:
                yield replace(desk, office=cast("OfficeSteps", Office(desk.office)))

        assert kinds(shop.run(order, desk=full_disk)) == [EventKind.STOPPED]
        assert shop.results(order) == [ItemState.OPEN] * 2
        assert kinds(shop.run(order)).count(EventKind.ISSUED) == 2

    def test_killed_in_the_middle_and_gone_on_with(self, shop: Shop) -> None:
        shop.fill(3)
        order = shop.order(1, 2, 3)

        @contextmanager
        def dying() -> Iterator[BatchDesk]:
            class Office:
                def __init__(self, inner: Any) -> None:
                    self._inner = inner

                def __getattr__(self, name: str) -> Any:
                    return getattr(self._inner, name)

                def store(self, *arguments: Any) -> None:
                    self._inner.store(*arguments)
                    os.kill(os.getpid(), signal.SIGKILL)

            with shop.desk() as desk:
                yield replace(desk, office=cast("OfficeSteps", Office(desk.office)))

        assert kinds(shop.run(order, "A", "B", desk=dying)) == [EventKind.STOPPED] * 2
        assert shop.results(order) == [ItemState.OPEN] * 3
        assert kinds(shop.run(order, "A", "B")).count(EventKind.ISSUED) == 3
        assert len(shop.tray("issued")) == 3
        with shop.registry() as registry:
            assert [len(registry.enrolments_of(resident)) for resident in (1, 2, 3)] == [1, 1, 1]

    def test_a_second_card_waits_for_a_second_person(self, shop: Shop) -> None:
        shop.fill(2)
        with shop.registry() as registry:
            sato = name_clerks(registry)["sato"]
        shop.file.write_text("resident,replacement\n1,yes\n2,no\n")
        with shop.registry() as registry:
            order = Orders(registry, clerk="sato").take_in(read_order(shop.file)).number

        @contextmanager
        def desk() -> Iterator[BatchDesk]:
            with shop.desk() as given:
                yield replace(given, session=sato)

        assert kinds(shop.run(order, desk=desk))[:2] == [EventKind.FAILED, EventKind.ISSUED]
        with shop.registry() as registry:
            assert registry.enrolments_of(1) == ()
            (item,) = Orders(registry, clerk="sato").items(order, state=ItemState.FAILED)
        assert item.failure == "ApprovalNeededError"

    def test_readers_have_names(self, shop: Shop) -> None:
        with pytest.raises(UsageError):
            shop.run(shop.order(1), "A", "A")


def test_two_readers_on_either_database(registry_url: str, tmp_path: Path) -> None:
    shop = Shop(registry_url, tmp_path)
    shop.fill(4)
    order = shop.order(1, 2, 3, 4)
    assert kinds(shop.run(order, "A", "B")).count(EventKind.ISSUED) == 4
    assert shop.results(order) == [ItemState.DONE] * 4


def test_progress_says_rate_and_time_left() -> None:
    now = [0.0]
    progress = Progress(10, clock=lambda: now[0])
    now[0] = 6.0
    line = progress.line(Event(reader="A", kind=EventKind.ISSUED, resident=7))
    assert line == "[A] resident 7 issued  (1 of 10, 10.0 a minute, 0:54 left)"
    assert progress.line(Event(reader="A", kind=EventKind.STOPPED, words="no")) == "[A] stopped: no"


def test_an_error_of_an_item_is_kept(shop: Shop) -> None:
    world.write_card(shop.hopper / "00.card", world.sample_card(5))
    order = shop.order(1)
    shop.run(order)
    with shop.registry() as registry:
        (item,) = Orders(registry, clerk="sato").items(order, state=ItemState.FAILED)
    assert (
        item.failure is not None and issubclass(MumeiError, Exception) and item.detail and item.attempts == 1
    )
