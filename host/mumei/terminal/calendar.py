"""Where a terminal finds the epoch statements that cards demand (mumei protocol 2.5).

A certified terminal brings them in its folder ``statements/``, as its authority published them. Development cards
trust published keys, so a development terminal signs what it needs on the spot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol, Self

from mumei.files import read_file
from mumei.terminal.verdict import Reason
from mumei_core.crypto.curve import Point
from mumei_core.crypto.hash_to_curve import recognise_point, slot_points
from mumei_core.crypto.revocation.tree import SlotTree
from mumei_core.dates import date_of
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.eac.signature import SigningKey
from mumei_core.epoch_statements import EpochRecord, RecogniseRecord, SlotRecord, epoch_record
from mumei_core.epochs import bucket_of, epoch_of
from mumei_core.errors import CannotDecide, DecodingError, TrustError
from mumei_core.statements import SignedStatement

STATEMENTS_FOLDER: Final = "statements"
SUFFIX: Final = ".statement"
FILE_LIMIT: Final = 4096
"""Octets of a statement's file, at most."""


class Undecided(CannotDecide):
    """The terminal lacks what it needs for this visit; ``reason`` is the verdict's, the message its detail."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochStatement:
    """A statement about one epoch. ``octets``: SignedStatement in DER, as cards take it; ``record``: signed."""

    octets: bytes
    record: EpochRecord

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises DecodingError; signatures are the card's to check, and were checked when it was taken in."""
        return cls(octets=octets, record=epoch_record(SignedStatement.from_octets(octets)))

    @property
    def epoch(self) -> int:
        return self.record.epoch

    @property
    def recognises(self) -> bool:
        """Whether it is about a recognise point, not about slots."""
        return isinstance(self.record, RecogniseRecord)

    def serves(self, rp_context: bytes, *, recognise: bool) -> bool:
        """Whether it is one that this relying party needs: about its bucket, or its recognise point."""
        if isinstance(self.record, RecogniseRecord):
            return recognise and self.record.rp_context == rp_context
        return not recognise and self.record.bucket == bucket_of(rp_context)

    def covers(self, day: int) -> bool:
        """Whether cards take the date ``day`` from it."""
        first, last = self.record.days
        return first <= day <= last

    def check_points(self) -> None:
        """Compute its points from their labels. Raises Undecided where it is about other points.

        Points with a known ratio would join what cards show; so a terminal that asks for a token looks for itself.
        """
        record = self.record
        right = (
            recognise_point(record.epoch, record.rp_context).to_uncompressed() == record.R
            if isinstance(record, RecogniseRecord)
            else slot_tree(record.epoch, record.bucket).root == record.root
        )
        if not right:
            raise Undecided(Reason.WRONG_STATEMENT, f"statement of epoch {record.epoch}")

    def point(self, k: int) -> Point:
        """Q_k or R, computed here: never taken from a file. ``k``: 0..15 for slots."""
        if isinstance(self.record, RecogniseRecord):
            return recognise_point(self.record.epoch, self.record.rp_context)
        return slot_tree(self.record.epoch, self.record.bucket).points[k]

    def slot(self, k: int) -> tuple[bytes, tuple[bytes, ...]]:
        """What the card wants for its slot ``k``, 0..15: the point, 96 octets, and its path to the signed root."""
        assert isinstance(self.record, SlotRecord)  # noqa: S101 - a defect of the caller
        return self.point(k).to_uncompressed(), slot_tree(self.record.epoch, self.record.bucket).path(k)


@cache
def slot_tree(epoch: int, bucket: int) -> SlotTree:
    """The tree over points that are computed from their labels."""
    return SlotTree(slot_points(epoch, bucket))


class Calendar(Protocol):
    """Where statements come from."""

    def statements(
        self, rp_context: bytes, day: int, *, recognise: bool = False
    ) -> tuple[EpochStatement, ...]:
        """All that there are for this relying party, for ``day`` or not: newest first."""


def statements_for(
    calendar: Calendar, rp_context: bytes, day: int, *, recognise: bool = False
) -> tuple[EpochStatement, ...]:
    """Those from which cards take the date ``day``, newest first, at least one. Raises Undecided."""
    found = calendar.statements(rp_context, day, recognise=recognise)
    good = tuple(statement for statement in found if statement.covers(day))
    if good:
        return good
    if not found:
        raise Undecided(Reason.NO_STATEMENT)
    early = [statement for statement in found if day < statement.record.days[0]]
    if early:
        begins = date_of(early[-1].record.days[0])
        raise Undecided(Reason.STATEMENT_NOT_YET, f"the earliest begins on {begins.isoformat()}")
    ended = date_of(found[0].record.days[1])
    raise Undecided(Reason.STATEMENT_TOO_OLD, f"the newest ended on {ended.isoformat()}")


@dataclass(frozen=True, slots=True)
class SigningCalendar:
    """Makes the statement of any day on the spot, by who has both keys: for development cards, and for tests."""

    authority: SigningKey
    auditor: SigningKey

    def statements(
        self, rp_context: bytes, day: int, *, recognise: bool = False
    ) -> tuple[EpochStatement, ...]:
        """That of the day's own week."""
        epoch = epoch_of(day)
        if recognise:
            return (_signed_point(self.authority, self.auditor, epoch, rp_context),)
        return (_signed_slots(self.authority, self.auditor, epoch, bucket_of(rp_context)),)


def development_calendar() -> SigningCalendar:
    """Signs with the published keys that development cards trust."""
    return SigningCalendar(
        development_key(DevelopmentRole.AUTHORITY), development_key(DevelopmentRole.AUDITOR)
    )


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """The statements that a terminal's folder holds, and behind them another calendar where there is one."""

    stored: tuple[EpochStatement, ...] = ()
    behind: Calendar | None = None

    @classmethod
    def load(cls, folder: Path, *, behind: Calendar | None = None) -> Self:
        """All statements in ``folder``; none where there is no such folder. Raises TrustError for a damaged one."""
        files = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
        return cls(tuple(map(load_statement, files)), behind)

    def statements(
        self, rp_context: bytes, day: int, *, recognise: bool = False
    ) -> tuple[EpochStatement, ...]:
        found = [each for each in self.stored if each.serves(rp_context, recognise=recognise)]
        if self.behind is not None and not any(each.covers(day) for each in found):
            found += self.behind.statements(rp_context, day, recognise=recognise)
        return tuple(sorted(found, key=lambda each: each.epoch, reverse=True))


def load_statement(path: Path) -> EpochStatement:
    """A statement's file. Raises TrustError for what is none."""
    try:
        return EpochStatement.from_octets(read_file(path, what="epoch statement", limit=FILE_LIMIT))
    except DecodingError as error:
        raise TrustError(
            f"{path.name} holds no epoch statement: {error}",
            hint="Take it in anew: 'mumei terminal update FOLDER --from PLACE'.",
        ) from error


def _signed(record: EpochRecord, authority: SigningKey, auditor: SigningKey) -> EpochStatement:
    octets = record.to_octets()
    signed = SignedStatement(record=octets, authority=authority.sign(octets), auditor=auditor.sign(octets))
    return EpochStatement(octets=signed.to_octets(), record=record)


@cache
def _signed_slots(authority: SigningKey, auditor: SigningKey, epoch: int, bucket: int) -> EpochStatement:
    record = SlotRecord(epoch=epoch, bucket=bucket, root=slot_tree(epoch, bucket).root)
    return _signed(record, authority, auditor)


@cache
def _signed_point(
    authority: SigningKey, auditor: SigningKey, epoch: int, rp_context: bytes
) -> EpochStatement:
    point = recognise_point(epoch, rp_context).to_uncompressed()
    return _signed(RecogniseRecord(epoch=epoch, rp_context=rp_context, R=point), authority, auditor)
