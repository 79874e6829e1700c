"""``mumei office batch run | show``: cards for an order, on several readers at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from mumei.cli.office.desk import Desk, DeskMaterial, desk_options
from mumei.cli.office.options import read_option, registry_option, session_option
from mumei.cli.options import json_option
from mumei.cli.output import emit, progress
from mumei.office.audit.signer import signing_as
from mumei.office.batch.events import Event, EventKind, Progress
from mumei.office.batch.feeders import Feeder, FolderFeeder, PersonFeeder, check_folder
from mumei.office.batch.order_file import read_order
from mumei.office.batch.orders import Item, Order, Orders
from mumei.office.batch.run import BatchDesk, OpenDesk
from mumei.office.batch.run import run as run_batch
from mumei.office.clerks.roles import Right
from mumei.office.clerks.session import ClerkSession
from mumei.office.database.models_plans import ItemState, OrderState
from mumei.office.registry import Registry
from mumei.transport.base import ANSWER_LIMIT
from mumei_core.dates import today
from mumei_core.errors import HostEnvironmentError, UsageError

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnded:
    """How a run ended. ``done``, ``failed`` and ``left`` count the whole order's items."""

    order: int
    name: str
    issued_now: int
    per_minute: float
    items: int
    done: int
    failed: int
    left: int
    stopped: tuple[str, ...]

    def text(self) -> str:
        lines = [
            f"Order {self.order} ({self.name}): {self.done} of {self.items} cards are issued"
            + (
                f", {self.issued_now} of them now, {self.per_minute:.1f} a minute."
                if self.issued_now
                else "."
            )
        ]
        if self.failed:
            lines.append(
                f"{self.failed} failed: mumei office batch show {self.order}; run again with --failed."
            )
        if self.left:
            lines.append(f"{self.left} are left: run the same command again.")
        lines += [f"Stopped: {reader}" for reader in self.stopped]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """One card of an order, as the clerk sees it; a card's own number is not shown."""

    resident: int
    state: ItemState
    attempts: int
    reader: str | None
    enrolment: int | None
    failure: str | None
    detail: str | None

    @classmethod
    def of(cls, item: Item) -> ItemLine:
        return cls(
            resident=item.resident,
            state=item.state,
            attempts=item.attempts,
            reader=item.reader,
            enrolment=item.enrolment,
            failure=item.failure,
            detail=item.detail,
        )

    def text(self) -> str:
        words = [f"resident {self.resident}: {self.state.lower()}"]
        words += [f"enrolment {self.enrolment}"] if self.enrolment else []
        words += [f"reader {self.reader}"] if self.reader else []
        words += [f"{self.attempts} attempts"] if self.attempts > 1 else []
        words += [f"{self.detail} ({self.failure})"] if self.state is ItemState.FAILED else []
        return "  " + ", ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """An order, and its items where one was asked for."""

    order: int
    name: str
    state: OrderState
    clerk: str
    added_at: datetime
    items: int
    done: int
    failed: int
    cards: tuple[ItemLine, ...] = ()

    @classmethod
    def of(cls, order: Order, items: tuple[Item, ...] = ()) -> OrderShown:
        return cls(
            order=order.number,
            name=order.name,
            state=order.state,
            clerk=order.clerk,
            added_at=order.added_at,
            items=order.items,
            done=order.done,
            failed=order.failed,
            cards=tuple(map(ItemLine.of, items)),
        )

    def text(self) -> str:
        head = (
            f"Order {self.order} ({self.name}), taken in {self.added_at:%Y-%m-%d} by {self.clerk}:"
            f" {self.done} of {self.items} issued, {self.failed} failed"
        )
        return "\n".join([head, *(card.text() for card in self.cards)])


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersShown:
    """All orders."""

    orders: tuple[OrderShown, ...]

    def text(self) -> str:
        return "\n".join(order.text() for order in self.orders) or "no orders"


@click.group()
def batch() -> None:
    """Cards for an order of many residents, on several readers at once."""


@batch.command()
@click.argument("order")
@registry_option
@desk_options
@click.option(
    "--reader", "readers", multiple=True, required=True, metavar="PATTERN", help="A reader. Repeat for more."
)
@click.option(
    "--cards",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Simulated cards, *.card: every --reader is an imagined one that takes its cards from here.",
)
@click.option("--failed", is_flag=True, help="Try those again that failed.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=3600),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a reader waits for its next card before it ends.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0.01, max=3600),
    default=ANSWER_LIMIT,
    show_default=True,
    metavar="SECONDS",
    help="How long a card may take for one answer.",
)
@session_option(Right.RUN_BATCHES)
@json_option
def run(
    order: str,
    registry: str,
    desk: Desk,
    readers: tuple[str, ...],
    cards: Path | None,
    failed: bool,
    wait: float,
    patience: float,
    clerk: ClerkSession,
    as_json: bool,
) -> None:
    """Issue the cards of ORDER: a CSV or JSON file, or the number of an order that was taken in.

    The same command goes on where a run ended. A reader stops at its first failed authentication, and where one
    card after the other fails.

    \b
    Examples:
      mumei office batch run march.csv --registry ward.db --issuer gifu --reader ACR122 --reader Omnikey
      mumei office batch run march.csv --registry ward.db --issuer gifu --cards blanks --reader A --reader B
      mumei office batch run 3 --failed --registry ward.db --issuer gifu --reader ACR122
    """
    if cards is not None:
        check_folder(cards)
    material = desk.load()
    clerk.check_card(development=material.parameters.is_development)
    with Registry.open(registry) as open_registry:
        orders = Orders(open_registry, clerk=clerk.name)
        taken = _order(orders, order)
        if failed:
            orders.reopen_failed(taken.number)
            taken = orders.order(taken.number)
    seen = Progress(taken.left)
    stopped: list[str] = []

    def report(event: Event) -> None:
        progress(seen.line(event))
        if event.kind is EventKind.STOPPED:
            stopped.append(f"{event.reader}: {event.words}")
        if event.hint:
            progress(f"  {event.hint}")

    run_batch(
        taken.number, _feeders(readers, cards, wait, patience), _opener(material, registry, clerk), report
    )
    with Registry.open(registry) as open_registry:
        taken = Orders(open_registry, clerk=clerk.name).order(taken.number)
    if len(stopped) == len(readers) and not seen.issued:
        raise HostEnvironmentError(
            f"every reader has stopped; {stopped[0]}",
            hint=f"Nothing is lost: when it is mended, run order {taken.number} again.",
        )
    emit(
        BatchEnded(
            order=taken.number,
            name=taken.name,
            issued_now=seen.issued,
            per_minute=round(seen.per_minute, 1),
            items=taken.items,
            done=taken.done,
            failed=taken.failed,
            left=taken.left,
            stopped=tuple(stopped),
        ),
        as_json=as_json,
    )


@batch.command()
@click.argument("order", type=int, required=False)
@registry_option
@click.option("--only-failed", is_flag=True, help="Only the cards that failed.")
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this order.")
@read_option(Right.RUN_BATCHES)
@json_option
def show(order: int | None, registry: str, only_failed: bool, after: int, as_json: bool) -> None:
    """Show all orders, or ORDER (a record number) with the result of every card.

    \b
    Examples:
      mumei office batch show --registry ward.db
      mumei office batch show 3 --only-failed --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        orders = Orders(open_registry, clerk="-")
        if order is None:
            page = orders.orders(after=after)
            emit(OrdersShown(orders=tuple(map(OrderShown.of, page))), as_json=as_json)
            return
        items: list[Item] = []
        state = ItemState.FAILED if only_failed else None
        while more := orders.items(order, state=state, after=items[-1].number if items else 0, limit=_PAGE):
            items += more
        emit(OrderShown.of(orders.order(order), tuple(items)), as_json=as_json)


def _order(orders: Orders, named: str) -> Order:
    path = Path(named)
    if named.isascii() and named.isdigit() and not path.exists():
        return orders.order(int(named))
    if not path.is_file():
        raise UsageError(f"there is no order {named}", hint="Name a CSV or JSON file, or an order's number.")
    return orders.take_in(read_order(path))


def _feeders(readers: tuple[str, ...], cards: Path | None, wait: float, patience: float) -> list[Feeder]:
    if cards is not None:
        return [FolderFeeder(cards, name, patience) for name in readers]
    return [PersonFeeder(name, wait, patience) for name in readers]


def _opener(material: DeskMaterial, registry: str, clerk: ClerkSession) -> OpenDesk:
    @contextmanager
    def opened() -> Iterator[BatchDesk]:
        with (
            signing_as(clerk if clerk.key is not None else None),
            Registry.open(registry) as open_registry,
            material.office(open_registry, clerk.name, quiet=True) as office,
        ):
            yield BatchDesk(
                registry=open_registry, office=office, clerk=clerk.name, today=today(), session=clerk
            )

    return opened
