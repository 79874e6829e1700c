"""The registry's cards: delivered, in stock, issued, returned, lost, destroyed.

At most one issued card per resident, one enrolment per card in stock: the database enforces both, so two offices
that work at the same moment cannot do otherwise. A card's number is forgotten when it is issued.
"""

from __future__ import annotations

import secrets

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.trail import record
from mumei.office.cards import NEXT, CardConflictError, CardRecord, Delivery, Stock
from mumei.office.database.code_vault import RECORD_OCTETS
from mumei.office.database.errors import retrying
from mumei.office.database.models import EnrolmentRow, ResidentState
from mumei.office.database.models_cards import CardRow, CardState, DeliveryRow, Recall
from mumei.office.database.models_cases import IssuerReportRow
from mumei.office.delivery_note import DeliveryNote
from mumei.office.records import NotFoundError
from mumei.office.registry_base import RegistryBase, check_page
from mumei.office.rows import NUMBER_LIMIT, locked_resident_row, open_enrolment_row, resident_row
from mumei_core.dates import day_number, today

_RECALLS = {ResidentState.MOVED_OUT: Recall.MOVED_OUT, ResidentState.DECEASED: Recall.DIED}
_BATCH = 1000
#: What the issuer is to hear of (mumei.office.issuer_reports), and whether the card is lost then.
_TOLD_TO_ISSUER = {AuditAction.CARD_LOST: True, AuditAction.CARD_FOUND: False}


class CardRegistry(RegistryBase):
    """Cards on record. ``card`` is a record number; the number that a chip has is its ``number``."""

    def take_delivery(self, note: DeliveryNote, *, clerk: str) -> Delivery:
        """Put the cards of a delivery note into the stock; the same note again changes nothing.

        Raises DuplicateError, and takes in none, if one of the cards is in the stock already.
        """
        with self._writing(clerk) as session:
            found = session.scalar(select(DeliveryRow).where(DeliveryRow.digest == note.digest))
            if found is not None:
                return Delivery.from_row(found, again=True)
            now = self._clock()
            row = DeliveryRow(digest=note.digest, at=now, clerk=clerk, cards=len(note.cards))
            session.add(row)
            session.flush()
            for start in range(0, len(note.cards), _BATCH):
                session.execute(
                    insert(CardRow),
                    [
                        {
                            "record": secrets.token_bytes(RECORD_OCTETS),
                            "number": card.number,
                            "attestation": card.attestation,
                            "delivery_id": row.id,
                            "state": CardState.STOCK.value,
                            "added_at": now,
                            "changed_at": now,
                            "version": 1,
                        }
                        for card in note.cards[start : start + _BATCH]
                    ],
                )
            record(session, at=now, clerk=clerk, action=AuditAction.CARDS_DELIVERED, digest=note.digest)
            return Delivery.from_row(row, again=False)

    def stock(self) -> Stock:
        """How many cards there are."""
        query = select(CardRow.state, CardRow.enrolment_id.is_(None), func.count()).group_by(
            CardRow.state, CardRow.enrolment_id.is_(None)
        )
        counts = dict.fromkeys(CardState, 0)
        free = 0
        with self._reading() as session:
            for state, unbound, number in session.execute(query):
                counts[CardState(state)] += number
                if state == CardState.STOCK and unbound:
                    free = number
        return Stock(free=free, reserved=counts[CardState.STOCK] - free, counts=counts)

    def card(self, card: int) -> CardRecord:
        """The card with this record number. Raises NotFoundError."""
        with self._reading() as session:
            return CardRecord.from_row(_card_row(session, card))

    def card_in_stock(self, number: bytes) -> CardRecord | None:
        """The card in stock with this number (10 octets), if any."""
        with self._reading() as session:
            row = session.scalar(select(CardRow).where(CardRow.number == number))
            return None if row is None else CardRecord.from_row(row)

    def cards_of(self, resident_number: int) -> tuple[CardRecord, ...]:
        """All cards that a resident was issued, oldest first. Raises NotFoundError."""
        query = select(CardRow).where(CardRow.resident_id == resident_number).order_by(CardRow.id)
        with self._reading() as session:
            resident_row(session, resident_number)
            return tuple(CardRecord.from_row(row) for row in session.scalars(query))

    def recalled_cards(self, *, after: int = 0, limit: int = 50) -> tuple[CardRecord, ...]:
        """A page of the cards in somebody's hands that have to come back, record numbers above ``after``."""
        check_page(after, limit)
        query = select(CardRow).where(
            CardRow.recall.is_not(None), CardRow.state == CardState.ISSUED.value, CardRow.id > after
        )
        with self._reading() as session:
            page = session.scalars(query.order_by(CardRow.id).limit(limit))
            return tuple(CardRecord.from_row(row) for row in page)

    @retrying
    def reserve_card(self, number: bytes, enrolment_number: int, *, clerk: str) -> CardRecord:
        """Bind the card in stock with this number (10 octets) to an open enrolment. Again is fine.

        Raises CardConflictError for a card that is not in the stock or that another enrolment has, and for an
        enrolment that began with another card; EnrolmentConflictError, NotFoundError.
        """
        with self._writing(clerk) as session:
            enrolment = open_enrolment_row(session, enrolment_number)
            row = session.scalar(select(CardRow).where(CardRow.number == number).with_for_update())
            if row is None:
                raise CardConflictError(
                    "this card is not in the stock of this office",
                    hint="Take in its delivery note first: mumei office stock import; or put it aside.",
                )
            if row.enrolment_id not in (None, enrolment.id):
                raise CardConflictError(
                    f"this card belongs to enrolment {row.enrolment_id}",
                    hint="Finish that enrolment with it, or cancel it; take another card here.",
                )
            if row.enrolment_id is None:
                bound = session.scalar(select(CardRow.id).where(CardRow.enrolment_id == enrolment.id))
                if bound is not None:
                    raise CardConflictError(
                        f"enrolment {enrolment.id} began with card {bound}",
                        hint="Put that card back, or cancel the enrolment and begin anew.",
                    )
                row.enrolment_id, row.resident_id = enrolment.id, enrolment.resident_id
                row.changed_at = self._clock()
                session.flush()
                self._note(session, AuditAction.CARD_RESERVED, row, clerk)
            return CardRecord.from_row(row)

    def return_card(self, card: int, *, clerk: str) -> CardRecord:
        """A card was handed in. Again is fine. Raises CardConflictError, NotFoundError, as do the next."""
        return self._move(card, CardState.RETURNED, AuditAction.CARD_RETURNED, clerk)

    def report_card_lost(self, card: int, *, clerk: str) -> CardRecord:
        """A card's holder does not have it any more."""
        return self._move(card, CardState.LOST, AuditAction.CARD_LOST, clerk)

    def report_card_found(self, card: int, *, clerk: str) -> CardRecord:
        """A lost card is back with its holder; refused if another was issued meanwhile."""
        return self._move(card, CardState.ISSUED, AuditAction.CARD_FOUND, clerk, before=CardState.LOST)

    def destroy_card(self, card: int, *, clerk: str) -> CardRecord:
        """A card exists no more."""
        return self._move(card, CardState.DESTROYED, AuditAction.CARD_DESTROYED, clerk)

    # How

    @retrying
    def _move(
        self,
        card: int,
        state: CardState,
        action: AuditAction,
        clerk: str,
        *,
        before: CardState | None = None,
    ) -> CardRecord:
        with self._writing(clerk) as session:
            row = _card_row(session, card, locked=True)
            if row.state == state:
                return CardRecord.from_row(row)
            if state not in NEXT[CardState(row.state)] or before not in (None, row.state):
                raise CardConflictError(
                    f"card {card} is {row.state}; it cannot become {state.value}",
                    hint="Look the card up and go on from the state it is in.",
                )
            if state is CardState.ISSUED and row.resident_id is not None:
                self._refuse_second(session, row.resident_id)
            row.state, row.number, row.changed_at = state.value, None, self._clock()
            session.flush()
            self._note(session, action, row, clerk)
            if row.resident_id is not None and action in _TOLD_TO_ISSUER:
                lost = _TOLD_TO_ISSUER[action]
                session.merge(IssuerReportRow(resident_id=row.resident_id, lost=lost, told=False))
            return CardRecord.from_row(row)

    def _refuse_second(self, session: Session, resident_number: int) -> None:
        other = _valid_card(session, resident_number)
        if other is not None:
            raise CardConflictError(
                f"resident {resident_number} has card {other.id} meanwhile",
                hint="Take in and destroy the one that was found.",
            )

    def _issue_card(
        self, session: Session, enrolment: EnrolmentRow, clerk: str, *, renewal: bool = False
    ) -> CardRow:
        """The card of this enrolment holds its credential now; an earlier one ends, or is the same one renewed.

        Who is issued a card in an earlier one's place without having handed that in, has lost it.
        """
        now = self._clock()
        resident = locked_resident_row(session, enrolment.resident_id)
        earlier = _valid_card(session, resident.id)
        if earlier is not None and renewal:
            earlier.enrolment_id, earlier.valid_until = enrolment.id, enrolment.valid_until
            earlier.changed_at = now
            session.flush()
            return earlier
        if earlier is not None:
            expired = earlier.valid_until is not None and earlier.valid_until < day_number(today(self._clock))
            earlier.state = (CardState.EXPIRED if expired else CardState.LOST).value
            earlier.changed_at = now
            session.flush()
            self._note(
                session, AuditAction.CARD_EXPIRED if expired else AuditAction.CARD_LOST, earlier, clerk
            )
        row = session.scalar(select(CardRow).where(CardRow.enrolment_id == enrolment.id).with_for_update())
        if row is None:
            row = CardRow(record=secrets.token_bytes(RECORD_OCTETS), enrolment_id=enrolment.id, added_at=now)
            session.add(row)
        row.state, row.number, row.resident_id = CardState.ISSUED.value, None, resident.id
        row.valid_until, row.changed_at = enrolment.valid_until, now
        recall = _RECALLS.get(ResidentState(resident.state))
        if recall is not None:
            row.recall, row.recall_on = recall.value, resident.state_since
        session.flush()
        return row

    def _give_up_card(self, session: Session, enrolment: EnrolmentRow) -> None:
        """A cancelled enrolment's card: back to the stock if the issuer was not asked for it, destroyed otherwise.

        With a signature it may hold its credential; so it must not become somebody else's. Without one its chip has
        shown itself for this commitment, if the question arrived, and the issuer takes it for no other.
        """
        values: dict[str, object] = {"enrolment_id": None, "resident_id": None}
        if enrolment.valid_until is not None:
            values = {"state": CardState.DESTROYED.value, "number": None}
        session.execute(
            update(CardRow)
            .where(CardRow.enrolment_id == enrolment.id, CardRow.state == CardState.STOCK.value)
            .values(**values, changed_at=self._clock(), version=CardRow.version + 1)
        )

    def _note(self, session: Session, action: AuditAction, row: CardRow, clerk: str) -> None:
        record(
            session,
            at=self._clock(),
            clerk=clerk,
            action=action,
            resident=row.resident_id,
            enrolment=row.enrolment_id,
            card=row.id,
        )


def _card_row(session: Session, card: int, *, locked: bool = False) -> CardRow:
    known = 0 < card < NUMBER_LIMIT
    row = session.get(CardRow, card, with_for_update=locked or None) if known else None
    if row is None:
        raise NotFoundError(f"there is no card number {card}", hint="Look it up under the resident.")
    return row


def _valid_card(session: Session, resident_number: int) -> CardRow | None:
    return session.scalar(
        select(CardRow)
        .where(CardRow.resident_id == resident_number, CardRow.state == CardState.ISSUED.value)
        .with_for_update()
    )
