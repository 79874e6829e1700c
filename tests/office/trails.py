"""A sealed audit trail to forge, and the arithmetic of a forger who can compute links but has no key."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fixtures import world
from tests.fixtures.clerks import name_clerks, noon_clock
from tests.fixtures.postgres import sqlite_registry

from mumei.office.audit.actions import AuditAction
from mumei.office.audit.entry import AuditEntry, entry_digest, first_link, link_after
from mumei.office.audit.seals import Seal, Sealer
from mumei.office.audit.signer import signing_as
from mumei.office.audit.trail_file import ClerkKey, Head, Item, Line, TrailReader
from mumei.office.audit.verify import Report, verify_trail
from mumei.office.registry import Registry
from mumei_core.eac.signature import SigningKey

KEY = SigningKey(0xA0D17)


@dataclass(frozen=True)
class Trail:
    """The items of an exported trail, sorted by kind."""

    head: Head
    keys: tuple[ClerkKey, ...]
    lines: tuple[Line, ...]
    seals: tuple[Seal, ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> Trail:
        found = list(items)
        return cls(
            head=next(item for item in found if isinstance(item, Head)),
            keys=tuple(item for item in found if isinstance(item, ClerkKey)),
            lines=tuple(item for item in found if isinstance(item, Line)),
            seals=tuple(item for item in found if isinstance(item, Seal)),
        )

    def items(self) -> list[Item]:
        return [self.head, *self.keys, *self.lines, *self.seals]

    def verified(self, since: Sequence[Seal] = ()) -> Report:
        return verify_trail(self.items(), keys=[KEY.point], since=since)

    def line(self, number: int) -> Line:
        return self.lines[number - 1]

    def with_lines(self, lines: Sequence[Line]) -> Trail:
        """Other lines; what the head says follows them."""
        last = lines[-1]
        head = replace(self.head, entries=last.entry.number, link=last.link)
        return replace(self, lines=tuple(lines), head=head)

    def with_line(self, number: int, line: Line) -> Trail:
        return replace(self, lines=(*self.lines[: number - 1], line, *self.lines[number:]))

    def computed_anew(self, entries: Sequence[AuditEntry]) -> Trail:
        """These entries in this order, with numbers and links as they should be."""
        link, lines = first_link(self.head.trail_id), []
        for number, entry in enumerate(entries, start=1):
            numbered = replace(entry, number=number)
            lines.append(line_after(link, numbered))
            link = lines[-1].link
        return self.with_lines(lines)


def line_after(previous: bytes, entry: AuditEntry) -> Line:
    link = link_after(entry_digest(entry.to_body(previous)), entry.signature)
    return Line(entry=entry, previous=previous, link=link)


def signed_seal(seal: Seal, key: SigningKey) -> Seal:
    unsigned = replace(seal, key=key.point, signature=b"")
    return replace(unsigned, signature=key.sign(unsigned.to_body()))


@functools.cache
def whole_trail() -> Trail:
    """Three hours' work: three seals, then two entries of the fourth hour, the last one signed by a clerk."""
    clock = noon_clock()
    with TemporaryDirectory() as folder:
        where = sqlite_registry(Path(folder))
        with Registry.open(where, clock=clock) as registry:
            sealer = Sealer(registry)
            sealer.adopt_key(KEY, clerk="root")
            registry.import_residents(world.residents()[:4], clerk="root")
            clock.forward(hours=1)
            sealer.seal(KEY)
            sessions = name_clerks(registry)
            clock.forward(hours=1)
            sealer.seal(KEY)
        for hours in (1, 0):
            with signing_as(sessions["sato"]), Registry.open(where, clock=clock) as registry:
                registry.begin_enrolment(2 - hours, clerk="sato")
                registry.cancel_enrolment(2 - hours, clerk="sato")
                if hours:
                    registry.import_residents(world.residents()[4:6], clerk="root")
                    clock.forward(hours=1)
                    Sealer(registry).seal(KEY)
                else:
                    return Trail.of(TrailReader(registry).items())
    raise AssertionError


def places(trail: Trail, action: AuditAction, *, signed: bool) -> list[int]:
    return [
        line.entry.number
        for line in trail.lines
        if line.entry.action is action and (line.entry.signature is not None) is signed
    ]
