"""A batch: every reader takes card after card and issues what the order has for it, each in a process of its own.

A card is opened and known before an item is taken for it, so that a card that broke off goes on with its own item.
What is wrong with a card costs that card; what is wrong with the keys stops its reader at the first failure, for
cards count failures and block; what is wrong with the office's own machines stops the reader, and no item fails.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection, wait
from typing import Final, Protocol

from mumei.office.batch.events import Event, EventKind, Report
from mumei.office.batch.feeders import Feeder
from mumei.office.batch.orders import Claim, Orders
from mumei.office.clerks.approvals import ApprovalNeededError
from mumei.office.clerks.session import ClerkSession
from mumei.office.counter.enrol import BEGIN, ENROL, EnrolDesk, OfficeSteps
from mumei.office.counter.journal import HeldPlan, Journal
from mumei.office.counter.plan import carry_out
from mumei.office.counter.seat import Seat
from mumei.office.database.models import EnrolmentState
from mumei.office.database.models_plans import PlanKind
from mumei.office.registry import Registry
from mumei.session.channel import Channel
from mumei.session.scp03 import Scp03Channel
from mumei.transport.base import CardConnection
from mumei_core.errors import (
    CardRefused,
    HostEnvironmentError,
    MumeiError,
    SessionLostError,
    TrustError,
    UsageError,
    WrongCardError,
)

#: Failures one after the other at which a reader stops: then it is hardly the cards.
STOP_AFTER: Final = 5
#: How often a card is tried whose contact was lost.
_TRIES: Final = 2


@dataclass(frozen=True, kw_only=True)
class BatchDesk:
    """What one reader's process works with; opened in that process. ``session``: who runs the batch, for second
    cards that somebody else has to approve.
    """

    registry: Registry
    office: OfficeSteps
    clerk: str
    today: date
    session: ClerkSession | None = None


OpenDesk = Callable[[], AbstractContextManager[BatchDesk]]


class Stop(Protocol):
    """Whether the clerk has asked to stop."""

    def is_set(self) -> bool:
        """After the card that is being worked on."""


def run(order: int, feeders: Sequence[Feeder], open_desk: OpenDesk, report: Report) -> None:
    """Work until the order or the cards are used up, or every reader has stopped.

    ``open_desk`` is called once in each reader's process: databases and sockets are not to be shared. Raises
    UsageError for two readers of one name.
    """
    names = [feeder.name for feeder in feeders]
    if len(set(names)) != len(names) or not names:
        raise UsageError("each reader of a batch has a name of its own", hint="Name each with one --reader.")
    if len(feeders) == 1 or not hasattr(os, "fork"):
        for feeder in feeders:
            _serve(order, feeder, open_desk, report)
        return
    # Forked: keys that were opened once go to the readers in memory, and through no pipe or file.
    context = multiprocessing.get_context("fork")
    sys.stdout.flush()
    sys.stderr.flush()
    running: dict[Connection, str] = {}
    for feeder in feeders:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_in_process, args=(order, feeder, open_desk, theirs), name=feeder.name, daemon=True
        )
        process.start()
        theirs.close()
        running[ours] = feeder.name
    ended: set[str] = set()
    while running:
        for ready in wait(list(running)):
            if isinstance(ready, Connection) and (event := _heard(ready, running, ended)) is not None:
                if event.kind in (EventKind.STOPPED, EventKind.FINISHED):
                    ended.add(event.reader)
                report(event)


def _heard(ready: Connection, running: dict[Connection, str], ended: set[str]) -> Event | None:
    try:
        event: Event = ready.recv()
    except EOFError:
        ready.close()
        name = running.pop(ready)
        if name in ended:
            return None
        return Event(
            reader=name,
            kind=EventKind.STOPPED,
            words="its process was ended from outside",
            hint="Run the batch again: it goes on where it stood.",
        )
    return event


def _in_process(order: int, feeder: Feeder, open_desk: OpenDesk, out: Connection) -> None:
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        _serve(order, feeder, open_desk, out.send)
    out.close()


def _serve(order: int, feeder: Feeder, open_desk: OpenDesk, report: Report) -> None:
    """One reader until its end, whatever ends it."""
    try:
        with open_desk() as desk:
            _Reader(order, feeder, desk, report).work()
    except MumeiError as error:
        report(_stopped(feeder, error))
    except Exception as error:
        # A defect of ours: the other readers go on, and the clerk is told.
        report(
            Event(
                reader=feeder.name, kind=EventKind.STOPPED, words=f"an error in mumei: {type(error).__name__}"
            )
        )
        raise
    else:
        report(Event(reader=feeder.name, kind=EventKind.FINISHED))


class _Reader:
    def __init__(self, order: int, feeder: Feeder, desk: BatchDesk, report: Report) -> None:
        self._order, self._feeder, self._desk, self._report = order, feeder, desk, report
        self._orders = Orders(desk.registry, clerk=desk.clerk)
        self._journal = Journal(desk.registry, clerk=desk.clerk)
        self._failures = 0

    def work(self) -> None:
        """Card after card. Raises what stops the reader."""
        while (connection := self._feeder.next()) is not None:
            issued: bool | None = None
            try:
                with self._seat(connection) as seat:
                    issued = self._card(seat)
            finally:
                self._feeder.put_out(issued=issued)
            if issued is None:
                return
            self._failures = 0 if issued else self._failures + 1
            if self._failures >= STOP_AFTER:
                raise CardRefused(
                    f"{self._failures} cards one after the other failed",
                    sw=0,
                    hint="Look at cards and reader first.",
                )

    def _seat(self, connection: CardConnection) -> Seat[Channel]:
        return Seat(lambda: connection, lambda channel: self._desk.office.open(channel, None))

    def _card(self, seat: Seat[Channel]) -> bool | None:
        """Whether the card was issued; None where the order has nothing for it."""
        try:
            channel = seat.card()
        except WrongCardError as error:
            self._say(EventKind.REJECTED, error=error)
            return False
        claim = self._orders.claim(self._order, self._feeder.name, _number(channel) or self._feeder.mark)
        if claim is None:
            return None
        start = time.monotonic()
        try:
            enrolment = self._issue(seat, claim)
        except (HostEnvironmentError, TrustError) as error:
            if isinstance(error, WrongCardError | ApprovalNeededError):
                return self._failed(claim, error)
            # Not the card's fault: the item waits for a reader that can.
            self._orders.put_back(claim)
            raise
        except MumeiError as error:
            return self._failed(claim, error)
        except BaseException:
            self._orders.put_back(claim)
            raise
        self._orders.finish(claim, enrolment)
        self._say(EventKind.ISSUED, claim=claim, seconds=time.monotonic() - start)
        return True

    def _issue(self, seat: Seat[Channel], claim: Claim) -> int:
        desk = EnrolDesk(
            registry=self._desk.registry,
            office=self._desk.office,
            seat=seat,
            clerk=self._desk.clerk,
            today=self._desk.today,
            session=self._desk.session,
        )
        for left in reversed(range(_TRIES)):
            try:
                return carry_out(ENROL, self._hold(claim), desk).plan.integer(BEGIN, "enrolment")
            except SessionLostError:
                if not left:
                    raise
                seat.again()
        raise AssertionError("unreachable")

    def _hold(self, claim: Claim) -> HeldPlan:
        arguments = {"replacement": claim.item.replacement}
        return self._journal.begin(PlanKind.ENROL, claim.item.resident, arguments)

    def _failed(self, claim: Claim, error: MumeiError) -> bool:
        records = self._desk.registry.enrolments_of(claim.item.resident)
        begun = any(record.state in (EnrolmentState.COMMITTED, EnrolmentState.SIGNED) for record in records)
        self._orders.fail(claim, error, keep_card=begun)
        self._say(EventKind.FAILED, claim=claim, error=error)
        return False

    def _say(
        self,
        kind: EventKind,
        *,
        claim: Claim | None = None,
        seconds: float = 0.0,
        error: MumeiError | None = None,
    ) -> None:
        self._report(
            Event(
                reader=self._feeder.name,
                kind=kind,
                resident=None if claim is None else claim.item.resident,
                seconds=seconds,
                words="" if error is None else error.message,
                hint="" if error is None else error.hint,
            )
        )


def _number(channel: Channel) -> bytes | None:
    return channel.diversification_data if isinstance(channel, Scp03Channel) else None


def _stopped(feeder: Feeder, error: MumeiError) -> Event:
    return Event(reader=feeder.name, kind=EventKind.STOPPED, words=error.message, hint=error.hint)
