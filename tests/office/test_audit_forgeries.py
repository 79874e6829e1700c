"""Every way to tamper with an audit trail is found and named, and no check of it is there for nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.negative.mutants import Mutation
from tests.office.trails import KEY, Trail, line_after, signed_seal, whole_trail

from mumei.office.audit import verify as verify_module
from mumei.office.audit.actions import AuditAction
from mumei.office.audit.seals import NO_SEAL, Seal
from mumei.office.audit.trail_file import read_items, write_items
from mumei.office.audit.verify import Finding, Report, Trouble, verify_trail
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import MumeiError

FORGER = SigningKey(0xBAD)
Forge = Callable[[Trail], Trail]
#: An unsigned line of the first hour, not the last under its seal.
PLAIN = 3


@dataclass(frozen=True)
class Forgery:
    """What somebody does to the trail, and what has to be found: the first finding."""

    name: str
    forge: Forge
    trouble: Trouble
    first: int
    last: int = 0
    compared: bool = False


def verified(trail: Trail, forgery: Forgery) -> Report:
    return trail.verified(since=whole_trail().seals if forgery.compared else ())


def end() -> int:
    return len(whole_trail().lines)


def sealed() -> int:
    return whole_trail().seals[-1].entries


def first_signed() -> int:
    return min(line.entry.number for line in whole_trail().lines if line.entry.signature)


def changed(number: int, **change: Any) -> Forge:
    def forge(trail: Trail) -> Trail:
        line = trail.line(number)
        return trail.with_line(number, replace(line, entry=replace(line.entry, **change)))

    return forge


def removed(first: int, last: int, *, renumbered: bool = False) -> Forge:
    def forge(trail: Trail) -> Trail:
        kept = [line for line in trail.lines if not first <= line.entry.number <= last]
        shift = last - first + 1 if renumbered else 0
        moved = [
            replace(line, entry=replace(line.entry, number=line.entry.number - shift))
            if line.entry.number > last
            else line
            for line in kept
        ]
        return trail.with_lines(moved) if renumbered else replace(trail, lines=tuple(moved))

    return forge


def inserted_after(number: int, *, renumbered: bool) -> Forge:
    def forge(trail: Trail) -> Trail:
        before = trail.line(number)
        fake = line_after(before.link, replace(before.entry, number=number + 1, resident=99))
        later = [
            replace(line, entry=replace(line.entry, number=line.entry.number + 1)) if renumbered else line
            for line in trail.lines[number:]
        ]
        lines = [*trail.lines[:number], fake, *later]
        return trail.with_lines(lines) if renumbered else replace(trail, lines=tuple(lines))

    return forge


def twice(number: int) -> Forge:
    return lambda trail: replace(trail, lines=(*trail.lines[:number], *trail.lines[number - 1 :]))


def swapped(number: int, *, renumbered: bool) -> Forge:
    def forge(trail: Trail) -> Trail:
        a, b = trail.line(number), trail.line(number + 1)
        if renumbered:
            a, b = (
                replace(a, entry=replace(a.entry, number=number + 1)),
                replace(b, entry=replace(b.entry, number=number)),
            )
        return trail.with_line(number, b).with_line(number + 1, a)

    return forge


def one_line_anew(number: int, **change: Any) -> Forge:
    """The line with a link that fits it; the later ones as they are."""

    def forge(trail: Trail) -> Trail:
        line = trail.line(number)
        return trail.with_line(number, line_after(line.previous, replace(line.entry, **change)))

    return forge


def all_anew(number: int, *, stripped: bool = True, **change: Any) -> Forge:
    """The line changed, all links computed anew, and the clerks' signatures, which no longer hold, taken off."""

    def forge(trail: Trail) -> Trail:
        entries = [
            replace(
                line.entry,
                signature=None if stripped and line.entry.number >= number else line.entry.signature,
                **(change if line.entry.number == number else {}),
            )
            for line in trail.lines
        ]
        return trail.computed_anew(entries)

    return forge


def cut_after(number: int, *, seals: bool = False, head: bool = True) -> Forge:
    def forge(trail: Trail) -> Trail:
        lines = trail.lines[:number]
        kept = tuple(seal for seal in trail.seals if not seals or seal.entries <= number)
        shorter = trail.with_lines(lines) if head else replace(trail, lines=lines)
        return replace(shorter, seals=kept)

    return forge


def with_seals(change: Callable[[tuple[Seal, ...]], tuple[Seal, ...]]) -> Forge:
    return lambda trail: replace(trail, seals=change(trail.seals))


def sealed_anew(key: SigningKey, forge: Forge) -> Forge:
    """A forger's own seals over a forged trail."""

    def forged(trail: Trail) -> Trail:
        made = forge(trail)
        previous, seals = NO_SEAL, []
        for seal in made.seals:
            fitting = replace(seal, link=made.line(seal.entries).link, previous=previous)
            seals.append(signed_seal(fitting, key))
            previous = seals[-1].digest
        return replace(made, seals=tuple(seals))

    return forged


def named(key: bytes, forge: Forge) -> Forge:
    """The same, with another public key beside the seals."""
    return lambda trail: with_seals(lambda seals: tuple(replace(seal, key=key) for seal in seals))(
        forge(trail)
    )


def appended(trail: Trail) -> Trail:
    last = trail.lines[-1]
    fake = line_after(last.link, replace(last.entry, number=last.entry.number + 1, signature=None))
    return replace(trail, lines=(*trail.lines, fake))


def other_trail(trail: Trail) -> Trail:
    first = signed_seal(replace(trail.seals[0], trail_id=bytes(16)), KEY)
    return replace(trail, seals=(first,))


def forked(trail: Trail) -> Trail:
    second = signed_seal(replace(trail.seals[1], previous=bytes(range(32))), KEY)
    return replace(trail, seals=(trail.seals[0], second))


FIELDS: dict[str, Any] = {
    "at": whole_trail().line(PLAIN).entry.at + timedelta(microseconds=1),
    "clerk": "mori",
    "action": AuditAction.LOGGED_OUT,
    "resident": 4,
    "enrolment": 4,
    "card": 4,
    "order": 4,
    "plan": 4,
    "case": 4,
    "approval": 4,
    "about": "mori",
    "digest": bytes(32),
    "signature": bytes(64),
}
ANEW = all_anew(PLAIN, resident=4)

FORGERIES = [
    *(
        Forgery(f"{name} changed", changed(PLAIN, **{name: value}), Trouble.CHANGED, PLAIN)
        for name, value in FIELDS.items()
    ),
    Forgery("the last line changed", changed(end(), clerk="x"), Trouble.CHANGED, end()),
    Forgery("the first line removed", removed(1, 1), Trouble.REMOVED, 1),
    Forgery("a line removed", removed(PLAIN, PLAIN), Trouble.REMOVED, PLAIN),
    Forgery("lines removed", removed(4, 9), Trouble.REMOVED, 4, 9),
    Forgery("removed, renumbered", removed(PLAIN, PLAIN, renumbered=True), Trouble.REMOVED, PLAIN),
    Forgery("lines removed, renumbered", removed(4, 9, renumbered=True), Trouble.REMOVED, 4, 9),
    Forgery("inserted", inserted_after(PLAIN, renumbered=False), Trouble.INSERTED, PLAIN + 1),
    Forgery("inserted, renumbered", inserted_after(PLAIN, renumbered=True), Trouble.INSERTED, PLAIN + 1),
    Forgery("a line twice", twice(PLAIN), Trouble.INSERTED, PLAIN),
    Forgery("two lines exchanged", swapped(4, renumbered=False), Trouble.REORDERED, 4),
    Forgery("two lines exchanged, renumbered", swapped(4, renumbered=True), Trouble.REORDERED, 4),
    Forgery("a line replaced, its link computed", one_line_anew(PLAIN, resident=4), Trouble.CHANGED, PLAIN),
    Forgery("a line put at the end", appended, Trouble.INSERTED, end() + 1),
    Forgery("the last line replaced", one_line_anew(end(), signature=None), Trouble.CHANGED, end()),
    Forgery("the end cut off", cut_after(end() - 1, head=False), Trouble.CUT_OFF, end()),
    Forgery("cut off under a seal", cut_after(sealed() - 2), Trouble.CUT_OFF, sealed() - 1, sealed()),
    Forgery("cut off with its seal", cut_after(sealed() - 2, seals=True), Trouble.SEAL_MISSING, 3, 3, True),
    Forgery("all links computed anew", ANEW, Trouble.REWRITTEN, 1, whole_trail().seals[0].entries),
    Forgery(
        "signatures kept",
        all_anew(PLAIN, stripped=False, resident=4),
        Trouble.CLERK_SIGNATURE,
        first_signed(),
    ),
    Forgery("a forger's seals", sealed_anew(FORGER, ANEW), Trouble.SEAL_SIGNATURE, 1),
    Forgery(
        "the same under our name", named(KEY.point, sealed_anew(FORGER, ANEW)), Trouble.SEAL_SIGNATURE, 1
    ),
    Forgery(
        "a clerk's line after the last seal",
        all_anew(end(), stripped=False, resident=1),
        Trouble.CLERK_SIGNATURE,
        end(),
    ),
    Forgery("a seal removed", with_seals(lambda seals: seals[1:]), Trouble.SEAL_MISSING, 1),
    Forgery("seals exchanged", with_seals(lambda seals: (seals[1], seals[0])), Trouble.SEAL_MISSING, 1),
    Forgery(
        "a seal's hour changed",
        with_seals(lambda seals: (replace(seals[0], at=seals[1].at), *seals[1:])),
        Trouble.SEAL_SIGNATURE,
        1,
    ),
    Forgery("seals of another registry", other_trail, Trouble.OTHER_TRAIL, 1),
    Forgery("a fork that was sealed too", forked, Trouble.SEAL_SIGNATURE, 2),
    Forgery("the last seal removed", cut_after(sealed() - 1, seals=True), Trouble.SEAL_MISSING, 3, 3, True),
    Forgery(
        "a clerk's public key replaced",
        lambda trail: replace(trail, keys=tuple(replace(key, point=FORGER.point) for key in trail.keys)),
        Trouble.CLERK_SIGNATURE,
        first_signed(),
    ),
]


def test_the_trail_as_it_was_written_is_whole() -> None:
    trail = whole_trail()
    report = trail.verified(since=trail.seals)
    assert report.findings == ()
    assert (report.entries, report.seals, report.unsealed) == (len(trail.lines), 3, 2)
    assert report.signed == sum(line.entry.signature is not None for line in trail.lines) > 10


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_it_is_found_and_named(forgery: Forgery) -> None:
    report = verified(forgery.forge(whole_trail()), forgery)
    assert report.findings, "nothing was found"
    found = report.findings[0]
    assert (found.trouble, found.first) == (forgery.trouble, forgery.first), found.sentence
    assert found.last == (forgery.last or found.last)
    assert str(found.first) in found.sentence


def test_what_is_found_is_said_once() -> None:
    """Two lines changed and one removed are three findings, whatever follows from them."""
    trail = changed(9, clerk="x")(removed(6, 6)(changed(3, clerk="x")(whole_trail())))
    lines = [(found.trouble, found.first, found.last) for found in trail.verified().findings]
    # The list has one line less: what stood at 10 is the ninth.
    assert lines == [(Trouble.CHANGED, 3, 3), (Trouble.REMOVED, 6, 6), (Trouble.CHANGED, 10, 10)]


@dataclass(frozen=True)
class Check:
    """A forgery that nothing but this piece of the verification finds."""

    method: str
    old: str
    new: str
    forge: Forge
    compared: bool = False


CHECKS = [
    Check(
        "line",
        "self._find(Trouble.CHANGED, line.entry.number - self.shift)",
        "pass",
        changed(PLAIN, clerk="x"),
    ),
    Check("line", "self._find(Trouble.INSERTED, place)", "pass", twice(PLAIN)),
    Check("line", "self._find(Trouble.REMOVED, self.number + 1, place - 1)", "pass", removed(PLAIN, PLAIN)),
    Check("line", "line.previous != self.link and", "False and", one_line_anew(PLAIN, resident=4)),
    Check("_move", "self._find(Trouble.REORDERED, place)", "pass", swapped(4, renumbered=False)),
    Check(
        "end",
        "self._find(Trouble.CUT_OFF, self.number + 1, entries)",
        "pass",
        cut_after(end() - 1, head=False),
    ),
    Check("end", "self._find(Trouble.INSERTED, entries + 1, self.number)", "pass", appended),
    Check("end", "self.link != self.head.link and", "False and", one_line_anew(end(), signature=None)),
    Check(
        "_check_sealed",
        "self._find(Trouble.CUT_OFF, self.number + 1, seal.entries)",
        "pass",
        cut_after(sealed() - 2),
    ),
    Check("_check_sealed", "self.links.get(seal.entries) != seal.link", "False", ANEW),
    Check(
        "_keep",
        "self._find(Trouble.CLERK_SIGNATURE, place)",
        "pass",
        all_anew(end(), stripped=False, resident=1),
    ),
    Check("_is_signed", "return seal.key in self.keys", "return True", sealed_anew(FORGER, ANEW)),
    Check("_is_signed", "seal.check()", "pass", named(KEY.point, sealed_anew(FORGER, ANEW))),
    Check(
        "seal",
        "self._find(Trouble.SEAL_MISSING, expected, seal.number - 1)",
        "pass",
        with_seals(lambda seals: seals[1:]),
    ),
    Check("seal", "seal.previous != (before.digest if before else NO_SEAL)", "False", forked),
    Check("seal", "if seal.trail_id != self.trail_id:", "if False:", other_trail),
    Check(
        "compare",
        "self._find(Trouble.SEAL_MISSING, seal.number)",
        "pass",
        with_seals(lambda seals: seals[:2]),
        True,
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.method}: {check.old[:40]}")
def test_no_check_is_there_for_nothing(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    since = whole_trail().seals if check.compared else ()
    trail = check.forge(whole_trail())
    assert trail.verified(since=since).findings
    walk = verify_module._Walk
    Mutation(owner=walk, name=check.method, old=check.old, new=check.new).apply(monkeypatch)
    assert trail.verified(since=since).findings == (), "another check finds it too: no test of this one"


def test_no_octet_of_an_exported_trail_can_be_changed(tmp_path: Path) -> None:
    """Whatever is changed, taken out or put in: the file is refused, or something is found."""
    file, draw = tmp_path / "trail", random.Random(3)
    with file.open("wb") as out:
        write_items(iter(whole_trail().items()), out)
    whole, refused = file.read_bytes(), 0
    for _ in range(200):
        octets = bytearray(whole)
        at = draw.randrange(len(octets))
        if draw.random() < 0.7:
            octets[at] ^= 1 << draw.randrange(8)
        else:
            octets[at : at + draw.randrange(1, 40)] = draw.randbytes(draw.randrange(8))
        file.write_bytes(octets)
        try:
            assert verify_trail(read_items(file), keys=[KEY.point]).findings
        except MumeiError:
            refused += 1
    assert 0 < refused < 200


def test_a_checkpoint_of_another_key_or_registry_is_said() -> None:
    trail = whole_trail()
    foreign = signed_seal(trail.seals[0], FORGER)
    elsewhere = signed_seal(replace(trail.seals[0], trail_id=bytes(16)), KEY)
    for seal, trouble in ((foreign, Trouble.SEAL_SIGNATURE), (elsewhere, Trouble.OTHER_TRAIL)):
        assert trail.verified(since=[seal]).findings == (Finding(trouble=trouble, first=1, last=1),)
