"""Bars 3 and 4: multiplications, octets and exchanges of the terminal's own visits, counted and not timed.

And the same with a revocation token, which the design's own budget bounds: two multiplications more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tools.bench.bars import Bar, Details, Progress, Section
from tools.bench.world import AGE_AND_PSEUDONYM, AGE_ONLY, World
from tools.linkage_audit.tokens import EveryToken

from mumei.session.channel import Channel
from mumei.terminal.question import Question

_VISITS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The most that any visit took. ``commands``: INS and octets both ways, after SELECT."""

    multiplications: int
    additions: int
    hashes_to_curve: int
    verifications: int
    nvm_writes: int
    octets: int
    commands: tuple[str, ...]


def measure(world: World, say: Progress) -> Section:
    """Bars 3 and 4."""
    say("counting what the card does")
    revocation = EveryToken(calendar=world.terminal.revocation.calendar)
    with_tokens = replace(world, terminal=replace(world.terminal, revocation=revocation))
    (age, both), (age_token, all_three) = (
        [_count(made, question) for question in (AGE_ONLY, AGE_AND_PSEUDONYM)]
        for made in (world, with_tokens)
    )
    return Section(
        bars=(
            _bar("card, age only: G1 multiplications", age.multiplications, 23),
            _bar("card, age only: octets of the presentation", age.octets, 870),
            _bar("card, age only: exchanges after SELECT, extended length", len(age.commands), 3),
            _bar("card, age + pseudonym: G1 multiplications", both.multiplications, 25),
            _bar("card, age + pseudonym: octets of the presentation", both.octets, 920),
            _bar("card, age + revocation token: G1 multiplications", age_token.multiplications, 25),
            _bar("card, age + pseudonym + token: G1 multiplications", all_three.multiplications, 27),
        ),
        details=(
            Details(
                title="on the card",
                columns=(
                    "visit",
                    "multiplications",
                    "additions",
                    "hashes to curve",
                    "P-256 verifications",
                    "memory writes",
                    "octets",
                ),
                rows=(
                    _row("age only", age),
                    _row("age + pseudonym", both),
                    _row("age + token", age_token),
                    _row("age + pseudonym + token", all_three),
                ),
                said=(
                    f"Exchanges after SELECT (age only): {', '.join(age.commands)};"
                    f" with a token: {', '.join(age_token.commands)}."
                    " Verifications: both signatures of a statement.",
                ),
            ),
        ),
    )


def _count(world: World, question: Question) -> Counts:
    chip, connection = world.insert()
    most = Counts(
        multiplications=0,
        additions=0,
        hashes_to_curve=0,
        verifications=0,
        nvm_writes=0,
        octets=0,
        commands=(),
    )
    with connection:
        channel = Channel(connection)
        for _ in range(_VISITS):
            chip.counters.reset()
            wire = world.ask(channel, question).wire or b""
            commands = tuple(
                f"INS {exchange.ins:02X} ({exchange.sent} octets, answer {exchange.received})"
                for exchange in connection.after_select()
            )
            most = Counts(
                multiplications=max(most.multiplications, chip.counters.g1_multiplications),
                additions=max(most.additions, chip.counters.g1_additions),
                hashes_to_curve=max(most.hashes_to_curve, chip.counters.hash_to_curve),
                verifications=max(most.verifications, chip.counters.p256_verifications),
                nvm_writes=max(most.nvm_writes, chip.counters.nvm_writes),
                octets=max(most.octets, len(wire)),
                commands=max(most.commands, commands, key=len),
            )
    return most


def _bar(what: str, measured: int, limit: int) -> Bar:
    return Bar(what=what, measured=measured, limit=limit, digits=0)


def _row(name: str, counts: Counts) -> tuple[str, ...]:
    return (
        name,
        str(counts.multiplications),
        str(counts.additions),
        str(counts.hashes_to_curve),
        str(counts.verifications),
        str(counts.nvm_writes),
        str(counts.octets),
    )
