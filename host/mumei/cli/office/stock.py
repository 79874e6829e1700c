"""``mumei office stock``: which cards there are, and those that have to come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from mumei.cli.office.options import clerk_option, read, read_option, registry_option
from mumei.cli.options import json_option
from mumei.cli.output import emit
from mumei.office.clerks.roles import Right
from mumei.office.delivery_note import DeliveryNote
from mumei.office.registry import Registry
from mumei_core.errors import DataError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """A delivery is in the stock."""

    delivery: int
    cards: int
    again: bool

    def text(self) -> str:
        """One sentence."""
        if self.again:
            return f"delivery {self.delivery} of {self.cards} cards was taken in before; nothing was changed"
        return f"delivery {self.delivery}: {self.cards} cards are in the stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCount:
    """How many cards are where."""

    free: int
    reserved: int
    by_state: Mapping[str, int]

    def text(self) -> str:
        """One line a state."""
        lines = [f"in stock: {self.free} free, {self.reserved} being written to"]
        lines += [f"{state}: {count}" for state, count in self.by_state.items() if state != "stock"]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledCard:
    """A card in somebody's hands that has to come back."""

    card: int
    resident: int | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A page of them."""

    cards: tuple[RecalledCard, ...]

    def text(self) -> str:
        """One line a card."""
        if not self.cards:
            return "no card on this page has to come back"
        return "\n".join(f"resident {card.resident}: {card.words}" for card in self.cards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """A card left the stock for good."""

    card: int
    words: str

    def text(self) -> str:
        """One line."""
        return self.words


@click.group()
def stock() -> None:
    """Cards in stock, and cards that have to come back."""


@stock.command("import")
@click.argument("note", type=click.Path(path_type=Path))
@registry_option
@clerk_option(Right.ISSUE_CARDS)
@json_option
def take_in(note: Path, registry: str, clerk: str, as_json: bool) -> None:
    """Take in the cards of a delivery NOTE of the card maker; the same note again changes nothing.

    NOTE is CSV: number (20 hex digits), attestation (SHA-256 of the card's attestation key, or empty).

    \b
    Examples:
      mumei office stock import box-7.csv --registry ward.db
    """
    cards = DeliveryNote.from_bytes(read(note))
    with Registry.open(registry) as open_registry:
        delivery = open_registry.take_delivery(cards, clerk=clerk)
    emit(TakenIn(delivery=delivery.number, cards=delivery.cards, again=delivery.again), as_json=as_json)


@stock.command("show")
@registry_option
@read_option(Right.ISSUE_CARDS)
@json_option
def show(registry: str, as_json: bool) -> None:
    """Show how many cards there are, by state.

    \b
    Examples:
      mumei office stock show --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        found = open_registry.stock()
    by_state = {state.value.lower(): count for state, count in found.counts.items()}
    emit(StockCount(free=found.free, reserved=found.reserved, by_state=by_state), as_json=as_json)


@stock.command("discard")
@click.argument("number", metavar="HEX")
@registry_option
@clerk_option(Right.ISSUE_CARDS)
@json_option
def discard(number: str, registry: str, clerk: str, as_json: bool) -> None:
    """Take a card that is damaged out of the stock for good: HEX is its number on the delivery note.

    \b
    Examples:
      mumei office stock discard 00112233445566778899 --registry ward.db
    """
    try:
        octets = bytes.fromhex(number)
    except ValueError:
        raise UsageError("a card number is hex digits", hint="It is on the delivery note.") from None
    with Registry.open(registry) as open_registry:
        found = open_registry.card_in_stock(octets)
        if found is None:
            raise DataError(
                "no card in the stock has this number",
                hint="Issued cards have none on record: mumei office return takes them back.",
            )
        if found.enrolment_number is not None:
            raise DataError(
                f"enrolment {found.enrolment_number} is writing to this card",
                hint="Cancel it first: mumei office cancel.",
            )
        card = open_registry.destroy_card(found.card, clerk=clerk)
    emit(Discarded(card=card.card, words=card.words()), as_json=as_json)


@stock.command("recalled")
@registry_option
@read_option(Right.SEE_RESIDENTS)
@click.option("--after", default=0, metavar="NUMBER", help="Begin behind this card.")
@click.option("--limit", default=50, show_default=True, help="Longest page.")
@json_option
def recalled(registry: str, after: int, limit: int, as_json: bool) -> None:
    """List cards of people who moved out or died that are not back yet.

    \b
    Examples:
      mumei office stock recalled --registry ward.db
    """
    with Registry.open(registry) as open_registry:
        page = open_registry.recalled_cards(after=after, limit=limit)
    emit(
        Recalled(
            cards=tuple(
                RecalledCard(card=card.card, resident=card.resident_number, words=card.words())
                for card in page
            )
        ),
        as_json=as_json,
    )
