"""Cards as the registry hands them out, and which state may follow which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Self

from mumei.office.database.models_cards import CardRow, CardState, DeliveryRow, Recall
from mumei_core.dates import date_of
from mumei_core.errors import DataError

NEXT: Final = MappingProxyType(
    {
        CardState.STOCK: frozenset({CardState.ISSUED, CardState.DESTROYED}),
        CardState.ISSUED: frozenset(
            {CardState.RETURNED, CardState.LOST, CardState.EXPIRED, CardState.DESTROYED}
        ),
        # Found again: handed in, or back in use if nothing was issued meanwhile.
        CardState.LOST: frozenset({CardState.RETURNED, CardState.ISSUED, CardState.DESTROYED}),
        CardState.EXPIRED: frozenset({CardState.RETURNED, CardState.LOST, CardState.DESTROYED}),
        CardState.RETURNED: frozenset({CardState.DESTROYED}),
        CardState.DESTROYED: frozenset[CardState](),
    }
)
"""The life of a card: from each state, the ones that may follow."""


class CardConflictError(DataError):
    """The step does not fit the card's state, or somebody has a valid card already. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRecord:
    """A card on record.

    ``card``: its record number. ``record``: 16 random octets, its name. ``number``: the diversification data (10
    octets), known in stock only. ``attestation``: SHA-256 of its attestation key, if the delivery note said it.
    ``valid_until``: a day number. ``recall``: why it has to come back, since ``recall_on``.
    """

    card: int
    record: bytes
    number: bytes | None = field(repr=False)
    attestation: bytes | None = field(repr=False)
    delivery: int | None
    state: CardState
    resident_number: int | None
    enrolment_number: int | None
    valid_until: int | None
    recall: Recall | None
    recall_on: date | None
    added_at: datetime
    changed_at: datetime
    version: int

    @classmethod
    def from_row(cls, row: CardRow) -> Self:
        """The row's value."""
        return cls(
            card=row.id,
            record=row.record,
            number=row.number,
            attestation=row.attestation,
            delivery=row.delivery_id,
            state=CardState(row.state),
            resident_number=row.resident_id,
            enrolment_number=row.enrolment_id,
            valid_until=row.valid_until,
            recall=None if row.recall is None else Recall(row.recall),
            recall_on=row.recall_on,
            added_at=row.added_at,
            changed_at=row.changed_at,
            version=row.version,
        )

    @property
    def to_be_returned(self) -> bool:
        """Whether it is in somebody's hands and has to come back."""
        return self.recall is not None and self.state is CardState.ISSUED

    def words(self) -> str:
        """One line for a clerk."""
        until = f", valid until {date_of(self.valid_until).isoformat()}" if self.valid_until else ""
        if not self.to_be_returned or self.recall is None or self.recall_on is None:
            return f"card {self.card} {self.state.value.lower()}{until}"
        why = {Recall.MOVED_OUT: "the holder moved out", Recall.DIED: "the holder died"}[self.recall]
        return f"card {self.card} TO BE RETURNED: {why} on {self.recall_on.isoformat()}{until}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery of cards into the stock. ``cards``: how many; ``again``: the note had been taken in before."""

    number: int
    cards: int
    at: datetime
    again: bool

    @classmethod
    def from_row(cls, row: DeliveryRow, *, again: bool) -> Self:
        """The row's value."""
        return cls(number=row.id, cards=row.cards, at=row.at, again=again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How many cards are in which state. ``free``: in stock, and nobody has begun to write to them."""

    free: int
    reserved: int
    counts: dict[CardState, int]
