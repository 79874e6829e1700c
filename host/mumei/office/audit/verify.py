"""Verifies an audit trail with nothing but the seals' public key: what was removed, changed, moved or put in.

A line keeps the link before it and its own. Whoever changes lines without the arithmetic is found at the line.
Whoever computes all links anew is found at the next seal, and where the line carried a clerk's signature, at the
line again. Whoever cuts off the end, seals and all, is found by any earlier checkpoint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.entry import AuditEntry, entry_digest, first_link, link_after
from mumei.office.audit.seals import NO_SEAL, Seal
from mumei.office.audit.trail_file import ClerkKey, Head, Item, Line
from mumei_core.eac.signature import verify
from mumei_core.errors import DecodingError, InvalidProof

#: How many lines put in or taken out at one place are recognised after all later ones were given new numbers.
_FAR: Final = 16
_LONGEST: Final = 100


class Trouble(StrEnum):
    """What does not hold."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT_OFF = "cut off"
    CLERK_SIGNATURE = "not signed by the clerk it names"
    SEAL_SIGNATURE = "seal not signed by the key"
    SEAL_MISSING = "seal removed"
    REWRITTEN = "not what was sealed"
    OTHER_TRAIL = "of another registry"


_OF_SEALS: Final = frozenset({Trouble.SEAL_SIGNATURE, Trouble.SEAL_MISSING, Trouble.OTHER_TRAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What does not hold, and of which lines; for troubles with seals, of which seals."""

    trouble: Trouble
    first: int
    last: int

    @property
    def sentence(self) -> str:
        """As the auditor reads it."""
        many = self.first != self.last
        lines = f"lines {self.first} to {self.last}" if many else f"line {self.first}"
        seals = f"seals {self.first} to {self.last}" if many else f"seal {self.first}"
        were = "were" if many else "was"
        return {
            Trouble.CHANGED: f"{lines} {were} changed",
            Trouble.REMOVED: f"{lines} {were} removed",
            Trouble.INSERTED: f"{lines} {were} inserted",
            Trouble.REORDERED: f"{lines} {were} moved",
            Trouble.CUT_OFF: f"the end was cut off: {lines} {'are' if many else 'is'} missing",
            Trouble.CLERK_SIGNATURE: f"{lines}: not signed by the clerk named there",
            Trouble.SEAL_SIGNATURE: f"{seals}: not signed by the audit key",
            Trouble.SEAL_MISSING: f"{seals} {were} removed",
            Trouble.REWRITTEN: f"among {lines} some {'are' if many else 'is'} not what was sealed",
            Trouble.OTHER_TRAIL: f"{seals}: of another registry",
        }[self.trouble]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. ``unsealed`` lines at the end have no seal yet; ``signed`` ones carry a clerk's signature."""

    entries: int
    signed: int
    seals: int
    unsealed: int
    sealed_until: datetime | None
    findings: tuple[Finding, ...]


def verify_trail(items: Iterable[Item], *, keys: Collection[bytes], since: Iterable[Seal] = ()) -> Report:
    """Verify a trail under the seals' public keys (04 || X || Y each) and against earlier checkpoints.

    Whether there are findings is for the caller to see: nothing is raised for them.
    """
    walk = _Walk(keys=frozenset(keys))
    for item in items:
        if isinstance(item, Line):
            walk.line(item)
        elif isinstance(item, Seal):
            walk.seal(item)
        elif isinstance(item, ClerkKey):
            walk.clerk_keys[item.fingerprint] = item.point
        else:
            walk.begin(item)
    walk.end()
    for seal in since:
        walk.compare(seal)
    return Report(
        entries=walk.lines,
        signed=walk.signed,
        seals=len(walk.seals),
        unsealed=max(0, walk.number - walk.sealed),
        sealed_until=walk.seals[-1].at if walk.seals else None,
        findings=tuple(walk.findings),
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One pass over a trail. ``number`` is a line's place in the true trail, ``shift`` what its own adds to it."""

    keys: frozenset[bytes]
    trail_id: bytes = b""
    head: Head | None = None
    link: bytes = b""
    number: int = 0
    shift: int = 0
    lines: int = 0
    signed: int = 0
    sealed: int = 0
    links: dict[int, bytes] = field(default_factory=dict)
    clerk_keys: dict[bytes, bytes] = field(default_factory=dict)
    current: dict[str, bytes] = field(default_factory=dict)
    seals: list[Seal] = field(default_factory=list)
    missing: set[int] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def begin(self, head: Head) -> None:
        self.head, self.trail_id, self.link = head, head.trail_id, first_link(head.trail_id)

    def line(self, line: Line) -> None:
        self.lines += 1
        entry = self._renumbered(line)
        if entry is None:
            # Not what was written here; the chain goes on with the link that was kept for it.
            self._find(Trouble.CHANGED, line.entry.number - self.shift)
            entry = replace(line.entry, number=line.entry.number - self.shift)
        place = entry.number
        if place in self.missing:
            self.missing.discard(place)
            self._move(place)
            self._keep(place, line, entry)
            return
        if place <= self.number:
            self._find(Trouble.INSERTED, place)
            return
        if place > self.number + 1:
            self.missing.update(range(self.number + 1, min(place, self.number + 1 + _FAR * 1000)))
            self._find(Trouble.REMOVED, self.number + 1, place - 1)
        elif line.previous != self.link and not self._known(place - 1):
            # It was computed behind another line than stands there now.
            self._find(Trouble.CHANGED, max(1, place - 1))
        self.number, self.link = place, line.link
        self._keep(place, line, entry)

    def seal(self, seal: Seal) -> None:
        before = self.seals[-1] if self.seals else None
        expected = before.number + 1 if before else 1
        if seal.trail_id != self.trail_id:
            self._find(Trouble.OTHER_TRAIL, seal.number)
        if seal.number > expected:
            self._find(Trouble.SEAL_MISSING, expected, seal.number - 1)
        elif seal.number < expected or seal.previous != (before.digest if before else NO_SEAL):
            self._find(Trouble.SEAL_SIGNATURE, seal.number)
        if not self._is_signed(seal):
            self._find(Trouble.SEAL_SIGNATURE, seal.number)
        else:
            self._check_sealed(seal, self.sealed)
        self.sealed = max(self.sealed, seal.entries)
        self.seals.append(seal)

    def end(self) -> None:
        if self.head is None:
            return
        entries = self.head.entries - self.shift
        if self.number < entries:
            self._find(Trouble.CUT_OFF, self.number + 1, entries)
        elif self.number > entries:
            self._find(Trouble.INSERTED, entries + 1, self.number)
        elif self.link != self.head.link and not self._known(self.number):
            self._find(Trouble.CHANGED, self.number)

    def compare(self, seal: Seal) -> None:
        if seal.trail_id != self.trail_id:
            self._find(Trouble.OTHER_TRAIL, seal.number)
        elif not self._is_signed(seal):
            self._find(Trouble.SEAL_SIGNATURE, seal.number)
        else:
            if all(known.digest != seal.digest for known in self.seals):
                self._find(Trouble.SEAL_MISSING, seal.number)
            self._check_sealed(seal, 0)

    # How

    def _renumbered(self, line: Line) -> AuditEntry | None:
        """The entry as it was written, if only its number was changed, as for all lines behind it."""
        for shift in (self.shift, *(self.shift + far * sign for far in range(1, _FAR) for sign in (-1, 1))):
            entry = replace(line.entry, number=line.entry.number - shift)
            if link_after(entry_digest(entry.to_body(line.previous)), entry.signature) == line.link:
                self.shift = shift
                return entry
        return None

    def _keep(self, place: int, line: Line, entry: AuditEntry) -> None:
        self.links[place] = line.link
        if entry.action is AuditAction.CLERK_KEY_SET and entry.about and entry.digest:
            self.current[entry.about] = entry.digest
        if entry.signature is None:
            return
        self.signed += 1
        point = self.clerk_keys.get(self.current.get(entry.clerk, b""), b"")
        try:
            verify(point, entry_digest(entry.to_body(line.previous)), entry.signature)
        except (InvalidProof, DecodingError):
            self._find(Trouble.CLERK_SIGNATURE, place)

    def _check_sealed(self, seal: Seal, before: int) -> None:
        if seal.entries > self.number:
            self._find(Trouble.CUT_OFF, self.number + 1, seal.entries)
        elif (
            self.links.get(seal.entries) != seal.link
            and not self._known_among(before + 1, seal.entries)
            # Later seals cannot fit either: only the first says something.
            and all(found.trouble is not Trouble.REWRITTEN for found in self.findings)
        ):
            self._find(Trouble.REWRITTEN, min(before + 1, seal.entries), seal.entries)

    def _is_signed(self, seal: Seal) -> bool:
        try:
            seal.check()
        except (InvalidProof, DecodingError):
            return False
        return seal.key in self.keys

    def _move(self, place: int) -> None:
        """A line that was missed stands further behind."""
        kept = []
        for found in self.findings:
            if found.trouble is Trouble.REMOVED and found.first <= place <= found.last:
                for first, last in ((found.first, place - 1), (place + 1, found.last)):
                    if first <= last:
                        kept.append(replace(found, first=first, last=last))
            else:
                kept.append(found)
        self.findings = kept
        self._find(Trouble.REORDERED, place)

    def _known(self, place: int) -> bool:
        return self._known_among(place, place)

    def _known_among(self, first: int, last: int) -> bool:
        return any(
            found.first <= last and first <= found.last and found.trouble not in _OF_SEALS
            for found in self.findings
        )

    def _find(self, trouble: Trouble, first: int, last: int | None = None) -> None:
        found = Finding(trouble=trouble, first=first, last=last or first)
        if self.findings:
            newest = self.findings[-1]
            if newest.trouble is trouble and newest.last + 1 == found.first:
                self.findings[-1] = replace(newest, last=found.last)
                return
        if found not in self.findings and len(self.findings) < _LONGEST:
            self.findings.append(found)
