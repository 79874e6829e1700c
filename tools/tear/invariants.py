"""What must hold of a card that lost its power, whatever it was doing (mumei protocol 2.8; project 1, point 6).

:class:`Facts` is what one state of a card says of itself; :func:`between` compares two states of one card's life,
:func:`within` looks at one, and :func:`after` asks whether a state knows of what had happened before the cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tools.tear.watched import Event, Kind, Records

from mumei_card.applet.calendar import RECORD_EPOCH, is_accepted
from mumei_card.applet.coupons import RECORD_COUPON
from mumei_card.applet.log import RECORD_LAST_SEQUENCE
from mumei_card.applet.records import (
    RECORD_ATTESTATION_CERTIFICATE,
    RECORD_ATTESTATION_KEY,
    RECORD_CREDENTIAL,
    RECORD_LAST_DATE,
    RECORD_PARAMETERS,
    RECORD_PENDING,
    RECORD_TABLE_A,
    RECORD_TABLE_W,
    PendingEnrolment,
    StoredCredential,
)
from mumei_card.applet.security_domain import RECORD_SECURITY_DOMAIN, RECORD_STATIC_KEYS, SecurityDomain
from mumei_card.applet.slots import SlotRow
from mumei_card.applet.trust_points import RECORD_AUDITOR_KEYS, RECORD_TRUST
from mumei_card.os.context import RECORD_CARD_KEY, RECORD_PROFILE, RECORD_RNG_COUNTER
from mumei_card.os.lifecycle import RECORD_LIFE_CYCLE
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_core.commands.card_log import LogEntry, Outcome
from mumei_core.commands.codes import LOG_ENTRIES
from mumei_core.eac.trust import Trust
from mumei_core.gp.life_cycle import LifeCycle

_PLACE: Final = "log_{:02}"
_ROW: Final = re.compile(r"slot_\d+")
#: A card may be locked and unlocked; all other steps lead one way.
_AGE: Final = {
    LifeCycle.OP_READY: 0,
    LifeCycle.INITIALIZED: 1,
    LifeCycle.SECURED: 2,
    LifeCycle.LOCKED: 2,
    LifeCycle.TERMINATED: 3,
}
_PINNED: Final = (RECORD_PARAMETERS, RECORD_TABLE_A, RECORD_TABLE_W, RECORD_LAST_DATE)
#: All that a terminated card still holds.
_OF_A_TERMINATED: Final = {
    RECORD_PROFILE,
    RECORD_RNG_COUNTER,
    RECORD_PIN,
    RECORD_PUK,
    RECORD_LIFE_CYCLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One state of a card. ``tries``: per record that counts them. ``newest``: the log's newest entry."""

    random_counter: int
    tries: dict[str, int]
    sequence: int
    life_cycle: LifeCycle | None
    date: tuple[int, int]
    newest: int
    outcome: Outcome | None
    has_coupon: bool
    epoch: int
    slots: frozenset[tuple[int, int, int]]
    """Burned: epoch, bucket, k."""

    @classmethod
    def of(cls, records: Records) -> Facts:
        tries = {
            name: Password.from_bytes(records[name]).tries
            for name in (RECORD_PIN, RECORD_PUK)
            if name in records
        }
        sequence = 0
        if RECORD_SECURITY_DOMAIN in records:
            domain = SecurityDomain.from_bytes(records[RECORD_SECURITY_DOMAIN])
            sequence, tries[RECORD_SECURITY_DOMAIN] = domain.sequence, domain.tries
        state = records.get(RECORD_LIFE_CYCLE)
        newest = int.from_bytes(records.get(RECORD_LAST_SEQUENCE, b""))
        entry = _entry(records, newest) if newest else None
        trust = records.get(RECORD_TRUST)
        return cls(
            random_counter=int.from_bytes(records.get(RECORD_RNG_COUNTER, b"")),
            tries=tries,
            sequence=sequence,
            life_cycle=LifeCycle(state[0]) if state else None,
            date=(
                int.from_bytes(records.get(RECORD_LAST_DATE, b"")),
                Trust.from_octets(trust).today.toordinal() if trust else 0,
            ),
            newest=newest,
            outcome=entry.outcome if entry is not None else None,
            has_coupon=RECORD_COUPON in records,
            epoch=int.from_bytes(records.get(RECORD_EPOCH, b"")),
            slots=frozenset(
                (row.epoch, row.bucket, row.k)
                for row in (SlotRow.from_bytes(records[name]) for name in records if _ROW.fullmatch(name))
            ),
        )


def _renews(pending: PendingEnrolment, held: StoredCredential) -> bool:
    """The same nym secret under a new handle; the handle of the credential itself would be of its own enrolment."""
    return pending.prover_nym == held.prover_nym and pending.revocation_handle not in held.secrets


def within(records: Records) -> Iterator[str]:
    """What is wrong with one state by itself."""
    facts = Facts.of(records)
    if RECORD_CREDENTIAL in records:
        stored = StoredCredential.from_bytes(records[RECORD_CREDENTIAL])
        if stored.to_bytes() != records[RECORD_CREDENTIAL]:
            yield "half a credential"
        pending = records.get(RECORD_PENDING)
        if pending is not None and not _renews(PendingEnrolment.from_bytes(pending), stored):
            yield "a credential beside a pending enrolment that is no renewal of it"
        if {RECORD_ATTESTATION_KEY, RECORD_ATTESTATION_CERTIFICATE} & records.keys():
            yield "a credential, and what tells the chip from others is still there"
    if len({name in records for name in _PINNED}) > 1 and facts.life_cycle is not LifeCycle.TERMINATED:
        yield "some of the parameters without the others"
    if (RECORD_TRUST in records) != (RECORD_AUDITOR_KEYS in records):
        yield "trust points without the auditor, or the auditor without them"
    for age in range(min(facts.newest, LOG_ENTRIES)):
        entry = _entry(records, facts.newest - age)
        if entry is None or entry.sequence != facts.newest - age:
            yield "a gap in the log, or an entry twice"
    if facts.newest == 0 and any(_PLACE.format(place) in records for place in range(LOG_ENTRIES)):
        yield "a log entry without a number"
    if facts.life_cycle is LifeCycle.TERMINATED and records.keys() - _OF_A_TERMINATED:
        yield "a terminated card that still holds something"
    if facts.life_cycle is not LifeCycle.TERMINATED and RECORD_CARD_KEY not in records:
        yield "no key for the generator"


def between(before: Records, now: Records, *, gives_back: frozenset[str]) -> Iterator[str]:
    """What went back from ``before`` to ``now``. ``gives_back``: records whose tries the command may restore."""
    then, here = Facts.of(before), Facts.of(now)
    terminated = here.life_cycle is LifeCycle.TERMINATED
    if here.random_counter < then.random_counter:
        yield "the random counter went back"
    for name, tries in here.tries.items():
        if tries > then.tries.get(name, tries) and name not in gives_back:
            yield f"the cut gave tries of {name} back"
    if then.life_cycle and (here.life_cycle is None or _AGE[here.life_cycle] < _AGE[then.life_cycle]):
        yield "the life cycle went back"
    if not terminated:
        if here.sequence < then.sequence:
            yield "the SCP03 sequence counter went back"
        if here.date < then.date or here.date[1] < then.date[1]:
            yield "the last known date went back"
        if here.newest < then.newest:
            yield "the log went back"
        if here.epoch < then.epoch:
            yield "the calendar went back"
        if any(is_accepted(slot[0], here.epoch) for slot in then.slots - here.slots):
            yield "a burned slot is free again"
        if (RECORD_STATIC_KEYS in before) != (RECORD_STATIC_KEYS in now):
            yield "the card's keys are gone"


def after(event: Event, start: Facts, now: Facts) -> str | None:
    """What ``now`` should know of ``event``, which came before the cut, and does not. ``start``: before both.

    Where PREPARE has begun the log's entry, it is there at the start, interrupted.
    """
    if event.kind is Kind.DRAWN and event.value > now.random_counter:
        return "randoms were drawn under a counter value that the card will use again"
    if event.kind is Kind.SEQUENCE and event.value > now.sequence:
        return "an SCP03 sequence counter that left the card will be used again"
    begun = start.outcome is Outcome.INTERRUPTED
    if event.kind is Kind.PRESENTED and now.newest <= start.newest and not begun:
        return "a presentation was computed and is not in the log"
    if event.kind is Kind.PRESENTED and now.has_coupon:
        return "a presentation was computed and the session's coupon is still there"
    if event.kind is Kind.SLOT and event.value not in now.slots:
        return "a slot that was named is not burned"
    if event.kind is Kind.SLOT and now.newest <= start.newest:
        return "a slot was named and the presentation is not in the log"
    if event.kind is Kind.ANSWERED and now.outcome is not Outcome.PROVEN:
        return "a presentation was answered and the log does not say so"
    return None


def twice(earlier: list[Event], later: list[Event]) -> Iterator[str]:
    """What a card did before a cut, and does again in its next session: use a random twice."""
    drawn = {event.value for event in earlier if event.kind is Kind.DRAWN}
    if drawn & {event.value for event in later if event.kind is Kind.DRAWN}:
        yield "randoms are drawn again under a counter value used before the cut"
    challenges: dict[bytes, int] = {}
    for event in (*earlier, *later):
        if event.kind is Kind.PRESENTED:
            first_moves, challenge = event.value
            if challenges.setdefault(first_moves, challenge) != challenge:
                yield "the same first moves answer two challenges"
    sequences = [event.value for event in (*earlier, *later) if event.kind is Kind.SEQUENCE]
    if len(set(sequences)) != len(sequences):
        yield "an SCP03 sequence counter was used twice"


def counted_first(event: Event, start: Facts, known: Facts, guess: str) -> str | None:
    """Whether a comparison of the secret in record ``guess`` came before its try was counted. ``known``: the last
    state that was acknowledged before it."""
    if event.kind is Kind.COMPARED and known.tries[guess] >= start.tries[guess]:
        return f"{guess} was compared before the try was counted"
    return None


def _entry(records: Records, sequence: int) -> LogEntry | None:
    octets = records.get(_PLACE.format(sequence % LOG_ENTRIES))
    return LogEntry.from_octets(octets) if octets is not None else None
