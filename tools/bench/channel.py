"""Exchanges of an age check on a standard card, counted: real transmits of the terminal's own visits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from tools.bench.bars import Bar, Details, Progress, Section
from tools.bench.phases import AFTER_SELECT, SECURED, command_name
from tools.bench.world import AGE_ONLY, World

from mumei.session.channel import Channel
from mumei.terminal.phases import Phase, phase_of
from mumei.transport.watched import Exchange

_VISITS: Final = 5
_DESIGN: Final = 14
_WISHED: Final = 12
_WHY_NOT: Final = "the standards take 13"


def measure(world: World, say: Progress) -> Section:
    """Both bars on exchanges."""
    say("counting the exchanges of a standard card")
    exchanges = _longest_visit(world)
    phases = [phase_of(exchange.ins, exchange.p1) for exchange in exchanges]
    return Section(
        bars=(
            Bar(
                what="standard card, age only: exchanges after SELECT, extended length",
                measured=len(exchanges),
                limit=_DESIGN,
                digits=0,
            ),
            Bar(
                what="of which PACE + Terminal Authentication + presentation",
                measured=sum(phase in SECURED for phase in phases),
                limit=_WISHED,
                digits=0,
                by_design=_WHY_NOT,
            ),
        ),
        details=(_details(exchanges),),
    )


def _longest_visit(world: World) -> Sequence[Exchange]:
    _, connection = world.insert()
    visits = []
    with connection:
        channel = Channel(connection)
        for _ in range(_VISITS):
            world.ask(channel, AGE_ONLY)
            visits.append(connection.after_select())
    return max(visits, key=len)


def _details(exchanges: Sequence[Exchange]) -> Details:
    return Details(
        title="exchanges of an age check on a standard card, after SELECT",
        columns=("phase", "exchanges", "octets sent", "received", "commands"),
        rows=[
            _row(phase, [e for e in exchanges if phase_of(e.ins, e.p1) is phase]) for phase in AFTER_SELECT
        ],
        said=(
            f"The design has {_DESIGN}: EF.CardAccess 1, PACE 5, Terminal Authentication 7 with two certificates,"
            " presentation 1. The terminal knows EF.CardAccess, and reads EF.ATR/INFO instead, which tells it that"
            f" it may use extended length. The bar of {_WISHED} cannot be met with these standards: PACE is one MSE"
            " and four GENERAL AUTHENTICATE (TR-03110-3, B.1); each of two certificates is MSE and PSO, then MSE,"
            " GET CHALLENGE and EXTERNAL AUTHENTICATE (B.3); and one PRESENT. It is missed by design.",
        ),
    )


def _row(phase: Phase, exchanges: Sequence[Exchange]) -> tuple[str, ...]:
    runs = [(command_name(ins), len(list(run))) for ins, run in groupby(e.ins for e in exchanges)]
    return (
        phase,
        str(len(exchanges)),
        str(sum(exchange.sent for exchange in exchanges)),
        str(sum(exchange.received for exchange in exchanges)),
        ", ".join(name if count == 1 else f"{count} {name}" for name, count in runs),
    )
