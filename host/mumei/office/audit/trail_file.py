"""The file that an auditor takes away: the whole trail, its seals, and the clerks' public keys.

A first line, then a CBOR sequence (RFC 8742) of deterministic items, in this order::

    ["trail", trail id, number of the last entry, its link]
    ["key", clerk's name, 04 || X || Y]                     every signing key there ever was
    ["entry", body, link, clerk's signature or null]        in order, as mumei.office.audit.entry has them
    ["seal", body, 04 || X || Y, signature]                 behind the entries, in order

Nothing in it names a resident.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import cbor2
from sqlalchemy import select
from sqlalchemy.orm import Session

from mumei.files import decode_document
from mumei.office.audit.actions import AuditAction
from mumei.office.audit.entry import LINK_SIZE, TRAIL_ID_SIZE, AuditEntry
from mumei.office.audit.seals import Seal
from mumei.office.audit.trail import head_of, rows_after
from mumei.office.database.engine import ForeignSchemaError
from mumei.office.database.models_audit import AuditRow, AuditSealRow
from mumei.office.database.models_clerks import ClerkKeyRow, ClerkRow
from mumei.office.registry_base import RegistryBase, check_page
from mumei_core.dates import JAPAN_TIME
from mumei_core.errors import DataError, HostEnvironmentError

FIRST_LINE: Final = b"mumei audit trail 1\n"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which trail it is and how far it was when it was written. Nobody signs this: it finds accidents."""

    trail_id: bytes
    entries: int
    link: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkKey:
    """A clerk's public key."""

    clerk: str
    point: bytes

    @property
    def fingerprint(self) -> bytes:
        """As the trail names it."""
        return hashlib.sha256(self.point).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry with the link before it and the one that was kept for it."""

    entry: AuditEntry
    previous: bytes
    link: bytes


Item = Head | ClerkKey | Line | Seal

_ORDER: Final[tuple[type[Item], ...]] = (Head, ClerkKey, Line, Seal)


class TrailReader(RegistryBase):
    """The trail of an open registry, item by item as the file has them."""

    def __init__(self, registry: RegistryBase) -> None:
        super().__init__(registry._engine, registry._clock)

    def items(self) -> Iterator[Item]:
        """All of it, of one moment; memory stays flat."""
        with self._reading() as session:
            if session.get_bind().dialect.name != "sqlite":
                # One moment for all that follows; SQLite has it so by itself.
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            head = head_of(session)
            yield Head(trail_id=head.trail_id, entries=head.number, link=head.link)
            yield from _keys(session)
            for row in rows_after(session, 0):
                yield _strict(Line(entry=AuditEntry.from_row(row), previous=row.previous, link=row.link))
            for seal in session.scalars(select(AuditSealRow).order_by(AuditSealRow.id)):
                yield _strict(Seal.from_row(seal, head.trail_id))

    def find(
        self,
        *,
        clerk: str | None = None,
        day: date | None = None,
        action: AuditAction | None = None,
        resident: int | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """A page of entries, oldest first; ``day`` is Japan's. Raises UsageError for an impossible page."""
        check_page(after, limit)
        query = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id).limit(limit)
        if clerk is not None:
            query = query.where(AuditRow.clerk == clerk)
        if action is not None:
            query = query.where(AuditRow.action == action.value)
        if resident is not None:
            query = query.where(AuditRow.resident_id == resident)
        if day is not None:
            begin = datetime.combine(day, time(), tzinfo=JAPAN_TIME)
            query = query.where(AuditRow.at >= begin, AuditRow.at < begin + timedelta(days=1))
        with self._reading() as session:
            return tuple(map(AuditEntry.from_row, session.scalars(query)))


def write_items(items: Iterator[Item], out: BinaryIO) -> int:
    """Write the file; the number of its entries."""
    entries = 0
    out.write(FIRST_LINE)
    for item in items:
        entries += isinstance(item, Line)
        out.write(cbor2.dumps(_encoded(item), canonical=True))
    return entries


def read_items(path: Path) -> Iterator[Item]:
    """What :func:`write_items` wrote. Raises DataError for what is no such file, HostEnvironmentError."""
    try:
        with path.open("rb") as file:
            yield from _read(file)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}", hint="Check the path.") from None
    except OSError as error:
        raise HostEnvironmentError(f"{path} cannot be read: {error.strerror}", hint="Check it.") from None


def _read(file: io.BufferedReader) -> Iterator[Item]:
    if file.read(len(FIRST_LINE)) != FIRST_LINE:
        raise DataError("this is no exported audit trail", hint="Make one: mumei audit export FILE")
    place = -1
    while file.peek(1):
        try:
            item = _decoded(cbor2.load(file))
            rank = _ORDER.index(type(item))
            if rank < place or (rank == place == 0) or (place < 0 < rank):
                raise ValueError("not in order")
            place = rank
        except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError):
            raise DataError(
                "the exported audit trail is cut short or damaged", hint="Export the trail anew."
            ) from None
        yield item


def _keys(session: Session) -> Iterator[ClerkKey]:
    found = session.execute(
        select(ClerkRow.name, ClerkKeyRow.point)
        .join(ClerkRow, ClerkRow.id == ClerkKeyRow.clerk_id)
        .order_by(ClerkKeyRow.id)
    )
    for name, point in found:
        yield ClerkKey(clerk=name, point=point)


def _encoded(item: Item) -> list[object]:
    if isinstance(item, Head):
        return ["trail", item.trail_id, item.entries, item.link]
    if isinstance(item, ClerkKey):
        return ["key", item.clerk, item.point]
    if isinstance(item, Line):
        return ["entry", item.entry.to_body(item.previous), item.link, item.entry.signature]
    return ["seal", item.to_body(), item.key, item.signature]


def _strict(item: Item) -> Item:
    """The item, if it is what a file can hold: SQLite takes any value for any column."""
    try:
        return _decoded(_encoded(item))
    except (DataError, ValueError, TypeError, AttributeError, cbor2.CBORError):
        raise ForeignSchemaError(
            "the audit trail in the database holds what no trail does: somebody wrote to it",
            hint="Tell the auditor; restore the registry from its backup.",
        ) from None


def _decoded(found: object) -> Item:
    match found:
        case ["trail", bytes(identity), int(entries), bytes(link)] if len(identity) == TRAIL_ID_SIZE:
            return Head(trail_id=identity, entries=entries, link=link)
        case ["key", str(clerk), bytes(point)]:
            return ClerkKey(clerk=clerk, point=point)
        case ["entry", bytes(body), bytes(link), (bytes() | None) as signature] if len(link) == LINK_SIZE:
            entry, previous = AuditEntry.from_body(body, signature)
            return Line(entry=entry, previous=previous, link=link)
        case ["seal", bytes(body), bytes(key), bytes(signature)]:
            return _seal(body, key, signature)
    raise ValueError("none of the items")


def _seal(body: bytes, key: bytes, signature: bytes) -> Seal:
    match decode_document(body):
        case [str(), bytes(trail_id), int(number), int(at), int(entries), bytes(link), bytes(previous)]:
            seal = Seal(
                trail_id=trail_id,
                number=number,
                at=_EPOCH + timedelta(microseconds=at),
                entries=entries,
                link=link,
                previous=previous,
                key=key,
                signature=signature,
            )
            if seal.to_body() == body:
                return seal
    raise ValueError("no seal of this version")
