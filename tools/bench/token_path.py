"""What a token costs a visit: exchanges, octets, and the terminal's own time around the proof (2.5, 2.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter_ns
from typing import Final

from tools.bench.bars import Bar, Details, Progress, Section
from tools.bench.world import AGE_ONLY, World

from mumei.revocation.lists import ENTRY_LENGTH, ListName, RevocationList
from mumei.revocation.store import ListStore
from mumei.session.channel import Channel
from mumei.terminal.calendar import SigningCalendar
from mumei.terminal.revocation_check import RevocationCheck, Rule
from mumei.terminal.trust import Terminal
from mumei_core.crypto.hash_to_curve import slot_point
from mumei_core.crypto.hashing import sha256
from mumei_core.dates import day_number
from mumei_core.epochs import SLOTS, bucket_of, epoch_of

#: The card gives one shop no more in a week without the PIN.
_VISITS: Final = 12
_ENTRIES: Final = 10_000
_EXCHANGES: Final = 15
_TURNS: Final = 200
_MILLION: Final = 1e6


def measure(world: World, say: Progress) -> Section:
    """The bar on exchanges, and where the terminal's time goes."""
    say(f"visiting a standard card with tokens, against lists of {_ENTRIES} entries")
    at = _with_lists(world)
    exchanges, octets = _visits(replace(world, terminal=at))
    plain_exchanges, plain_octets = _visits(world)
    return Section(
        bars=(
            Bar(
                what="standard card, age + revocation token: exchanges after SELECT, extended length",
                measured=exchanges,
                limit=_EXCHANGES,
                digits=0,
            ),
        ),
        details=(
            Details(
                title="what a revocation token costs a visit to a standard card",
                columns=("visit", "exchanges after SELECT", "octets of the presentation"),
                rows=[
                    ("age only", str(plain_exchanges), str(plain_octets)),
                    ("age + token", str(exchanges), str(octets)),
                ],
                said=(_own_time(world, at),),
            ),
        ),
    )


def _with_lists(world: World) -> Terminal:
    """The terminal with this week's lists, in which the card is not."""
    calendar, rights = world.terminal.revocation.calendar, world.terminal.rights
    assert isinstance(calendar, SigningCalendar)  # noqa: S101 - the bench's own world
    day = day_number(world.today)
    stick = world.folder / "stick"
    stick.mkdir(exist_ok=True)
    for slot in range(SLOTS):
        name = ListName.of_slot(epoch_of(day), bucket_of(rights.rp_context), slot)
        entries = [sha256(f"{slot} {n}".encode())[:ENTRY_LENGTH] for n in range(_ENTRIES)]
        made = RevocationList.make(name, entries, number=1, day=day, key=calendar.authority)
        (stick / name.file_name).write_bytes(made.to_octets())
    store = ListStore.open(
        world.folder / "lists", [calendar.authority.point], bucket=bucket_of(rights.rp_context)
    )
    store.take_in(stick, day=day)
    check = RevocationCheck(calendar=calendar, lists=store, rule=Rule.REQUIRED)
    return replace(world.terminal, revocation=check)


def _visits(world: World) -> tuple[int, int]:
    """(exchanges after SELECT, octets of the presentation), the most of any visit."""
    _, connection = world.insert()
    most = (0, 0)
    with connection:
        channel = Channel(connection)
        for _ in range(_VISITS):
            wire = world.ask(channel, AGE_ONLY).wire or b""
            most = (max(most[0], len(connection.after_select())), max(most[1], len(wire)))
    return most


def _own_time(world: World, at: Terminal) -> str:
    day, rights = day_number(world.today), at.rights
    epoch, bucket = epoch_of(day), bucket_of(rights.rp_context)
    planned = _time(lambda: at.revocation.plan(rights, day, dates=True))
    points = _time(lambda: [slot_point(epoch, bucket, slot) for slot in range(SLOTS)])
    assert at.revocation.lists is not None  # noqa: S101 - made above
    loaded = at.revocation.lists.list_for(epoch, bucket, 0)
    token = bytes(48)
    looked_up = _time(lambda: loaded.holds(token))
    return (
        f"The terminal's own: choosing statement and token, root compared, {planned * 1e3:.0f} us, and"
        f" {points:.1f} ms once a week for sixteen points hashed to the curve; the look-up"
        f" {looked_up * 1e3:.1f} us. Medians of {_TURNS}; a token adds two multiplications to the verification."
    )


def _time(operation: Callable[[], object]) -> float:
    """Milliseconds, median."""
    taken = []
    for _ in range(_TURNS):
        begin = perf_counter_ns()
        operation()
        taken.append(perf_counter_ns() - begin)
    return median(taken) / _MILLION
