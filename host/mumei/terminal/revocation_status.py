"""How a terminal stands with its epoch statements and revocation lists: numbers, ages, until when they are good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mumei.revocation.lists import ListName
from mumei.terminal.calendar import StoredCalendar
from mumei.terminal.revocation_check import Rule
from mumei.terminal.revocation_folder import RevocationFolder
from mumei_core.commands.terminal_rights import TerminalRights
from mumei_core.dates import date_of, day_number
from mumei_core.epochs import SLOTS, bucket_of, days_of, epoch_of, first_day


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementStatus:
    """One epoch statement. ``first``, ``last``: the days for which cards take it."""

    epoch: int
    recognises: bool
    first: date
    last: date
    good_today: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStatus:
    """The lists of one epoch. ``lists``: how many, of ``expected``; ``numbers``: lowest, highest; ``entries``: in
    all of them; ``oldest``: days since the oldest was issued.
    """

    epoch: int
    lists: int
    expected: int
    numbers: tuple[int, int]
    entries: int
    oldest: int
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationStatus:
    """All of it. ``good_until``: the last day on which this terminal can decide with what it has, if any."""

    today: date
    epoch: int
    bucket: int
    rule: Rule
    knows_signers: bool
    signs_itself: bool
    statements: tuple[StatementStatus, ...]
    lists: tuple[ListStatus, ...]
    good_until: date | None

    def text(self) -> str:
        """One line a statement and an epoch's lists."""
        lines = [
            f"today: {self.today.isoformat()}, epoch {self.epoch}; this terminal's bucket is {self.bucket}",
            f"revocation: {self.rule}",
        ]
        if not self.knows_signers:
            lines.append("nobody's statements and lists count yet: mumei terminal trust")
        for found in self.statements:
            kind = "recognise" if found.recognises else "slots"
            today = "good today" if found.good_today else "not good today"
            lines.append(
                f"statement of epoch {found.epoch} ({kind}): {found.first.isoformat()} to "
                f"{found.last.isoformat()}, {today}"
            )
        if self.signs_itself:
            lines.append("statement of any day: signed on the spot (DEVELOPMENT)")
        for held in self.lists:
            low, high = held.numbers
            number = f"number {low}" if low == high else f"numbers {low} to {high}"
            lines.append(
                f"lists of epoch {held.epoch}: {held.lists} of {held.expected}, {number}, {held.entries} entries, "
                f"oldest {held.oldest} day(s) old, good until {held.last.isoformat()}"
            )
        if not self.lists:
            lines.append("lists: none")
        until = self.good_until
        lines.append(f"can decide until: {until.isoformat()}" if until else "CANNOT DECIDE today: update it")
        return "\n".join(lines)


def status_of(folder: RevocationFolder, rights: TerminalRights, today: date) -> RevocationStatus:
    """Raises TrustError for files that were altered since they were taken in."""
    day = day_number(today)
    stored = StoredCalendar.load(folder.statements).stored
    statements = tuple(
        StatementStatus(
            epoch=found.epoch,
            recognises=found.recognises,
            first=date_of(found.record.days[0]),
            last=date_of(found.record.days[1]),
            good_today=found.covers(day),
        )
        for found in sorted(stored, key=lambda found: (found.epoch, found.recognises))
    )
    lists = _lists(folder, rights, day)
    return RevocationStatus(
        today=today,
        epoch=epoch_of(day),
        bucket=bucket_of(rights.rp_context),
        rule=folder.rule,
        knows_signers=folder.signers is not None,
        signs_itself=folder.development,
        statements=statements,
        lists=lists,
        good_until=_good_until(folder, rights, statements, lists, day),
    )


def _lists(folder: RevocationFolder, rights: TerminalRights, day: int) -> tuple[ListStatus, ...]:
    store, found = folder.lists, []
    for epoch in store.epochs() if store is not None else ():
        names = (
            [ListName.of_context(epoch, rights.rp_context)]
            if rights.recognise
            else [ListName.of_slot(epoch, bucket_of(rights.rp_context), slot) for slot in range(SLOTS)]
        )
        headers = [header for name in names if (header := folder.header_of(name)) is not None]
        if headers:
            found.append(
                ListStatus(
                    epoch=epoch,
                    lists=len(headers),
                    expected=len(names),
                    numbers=(min(h.number for h in headers), max(h.number for h in headers)),
                    entries=sum(header.count for header in headers),
                    oldest=day - min(header.day for header in headers),
                    last=date_of(days_of(epoch)[1]),
                )
            )
    return tuple(found)


def _good_until(
    folder: RevocationFolder,
    rights: TerminalRights,
    statements: tuple[StatementStatus, ...],
    lists: tuple[ListStatus, ...],
    day: int,
) -> date | None:
    """By the rule; for questions about dates where no list is wanted."""
    required = folder.rule in (Rule.REQUIRED, Rule.CURRENT)
    if not required and folder.development:
        return date_of(rights.not_after)
    whole = {found.epoch for found in lists if found.lists == found.expected}
    usable = [
        found.epoch
        for found in statements
        if found.recognises == (rights.recognise and required) and (not required or found.epoch in whole)
    ]
    if folder.development:
        usable += whole
    last_days = [
        first_day(epoch + 1) - 1 if folder.rule is Rule.CURRENT else days_of(epoch)[1] for epoch in usable
    ]
    good = [last for last in last_days if last >= day]
    return date_of(max(good)) if good else None
