"""Modelled time of a visit on a chip: counted operations times published timings; nothing is measured.

The profiles are the software card's own (:mod:`mumei_card.chip.profiles`); ``--chip`` keeps the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tools.bench import fixed_base
from tools.bench.bars import Bar, Details, Progress, Section
from tools.bench.phases import SECURED
from tools.bench.world import AGE_ONLY, CountedCommand, World

from mumei.session.channel import Channel
from mumei.terminal.phases import Phase, phase_of
from mumei_card.chip.chip_profile import Estimate, Implementation, Operation
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.profiles import CHIPS, find
from mumei_core.commands import codes

#: The chip of the bars.
CHIP: Final = "J3R180"
_VISITS: Final = 3
_WHOLE_SECONDS: Final = 0.90
_SPOKEN_MULTIPLICATIONS: Final = 12
_SPOKEN_SECONDS: Final = 0.43
_ARITHMETIC: Final = (
    Operation.G1_MULTIPLICATION,
    Operation.G1_ADDITION,
    Operation.SCALAR_PRODUCT,
    Operation.SCALAR_INVERSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A visit as counted, commands after SELECT, and what the card did between them where it had the time."""

    commands: Sequence[CountedCommand]
    idle: OperationCounters

    @property
    def phases(self) -> Mapping[Phase, OperationCounters]:
        """Counts by phase."""
        return {
            phase: total([c.operations for c in self.commands if phase_of(c.ins, c.p1) is phase])
            for phase in SECURED
        }

    @property
    def whole(self) -> OperationCounters:
        """All of it, the time between commands included."""
        return total([self.idle, *self.phases.values()])

    @property
    def presentation(self) -> OperationCounters:
        """What is left once the request is there."""
        return self.phases[Phase.PRESENTATION]

    def link_ms(self, name: str) -> float:
        """Octets on their way, without SELECT."""
        profile = find(name)
        return sum(
            profile.link.milliseconds(c.command, c.response, profile.estimate(c.operations).milliseconds)
            for c in self.commands
        )


def total(counts: Sequence[OperationCounters]) -> OperationCounters:
    """The sum, count by count."""
    names = OperationCounters.__slots__
    return OperationCounters(**{name: sum(getattr(each, name) for each in counts) for name in names})


def measure(world: World, say: Progress) -> Section:
    """The bars on modelled arithmetic, and the model for an age check on a standard card."""
    say("modelling the time on a chip")
    at_once, ahead = (count(world, works_idle=works_idle) for works_idle in (False, True))
    return Section(
        bars=_bars(ahead),
        details=(
            _by_phase(at_once, ahead),
            _by_operation(ahead),
            _by_chip(ahead),
            fixed_base.details(CHIP, ahead.whole.fixed_base_multiplications),
        ),
    )


def count(world: World, *, works_idle: bool) -> Model:
    """The dearest of some visits. ``works_idle``: the chip uses the time between answer and command."""
    chip, connection = world.insert(works_idle=works_idle)
    found = []
    with connection:
        channel = Channel(connection)
        for _ in range(_VISITS):
            chip.counted.clear()
            chip.idle = OperationCounters()
            world.ask(channel, AGE_ONLY)
            commands = [c for c in chip.counted if c.ins != codes.INS_SELECT]
            found.append(Model(commands=commands, idle=chip.idle))
    return max(found, key=lambda model: find(CHIP).estimate(model.whole).milliseconds)


def _bars(model: Model) -> tuple[Bar, ...]:
    def seconds(counted: OperationCounters) -> float:
        only = OperationCounters(g1_multiplications=counted.g1_multiplications)
        return find(CHIP).estimate(only).milliseconds / 1000

    return (
        Bar(
            what=f"MODEL {CHIP}, age check: G1 multiplications of the whole visit",
            measured=seconds(model.whole),
            limit=_WHOLE_SECONDS,
            unit="s",
        ),
        Bar(
            what="age check, standard card: G1 multiplications once the request is there",
            measured=model.presentation.g1_multiplications,
            limit=_SPOKEN_MULTIPLICATIONS,
            digits=0,
        ),
        Bar(
            what=f"MODEL {CHIP}, age check: G1 multiplications once the request is there",
            measured=seconds(model.presentation),
            limit=_SPOKEN_SECONDS,
            unit="s",
        ),
    )


def _by_phase(at_once: Model, ahead: Model) -> Details:
    rows = [
        *(_phase_row(phase, counted) for phase, counted in at_once.phases.items()),
        _phase_row("sum", at_once.whole),
        _phase_row("with time between: ahead", ahead.idle),
        *(
            _phase_row(f"  then {phase}", counted)
            for phase, counted in ahead.phases.items()
            if phase is not Phase.PACE
        ),
    ]
    return Details(
        title=f"model of an age check on a chip ({find(CHIP).chip.title}), standard card",
        columns=(
            "phase",
            "G1 mult.",
            "fixed base",
            "G1 add.",
            "scalar prod.",
            "P-256",
            "ECDSA",
            "SHA-256",
            "AES",
            "draws",
            "commits",
            *(f"ms {implementation}" for implementation in Implementation),
        ),
        rows=rows,
        said=(
            "THIS IS A MODEL, not a measurement: operations that the software card counted, times timings that"
            " others published for this chip. Nobody has published BLS12-381 on these chips. 'mumei-card chips"
            f" {CHIP}' gives every figure with its source and what the profile cannot know.",
            "SHA-256 and AES: messages and runs (blocks). Native: the chip maker's own code, on the coprocessor;"
            " products of scalars are without a figure there. Java Card: an applet, with JCMathLib's figures.",
            "Ahead: the coupon, which needs no request. A chip that has the time between answer and command makes"
            " it there, once PACE has opened a channel; one that has not, in the last command of Terminal"
            " Authentication, as in the upper rows.",
        ),
    )


def _phase_row(name: str, counted: OperationCounters) -> tuple[str, ...]:
    times = [
        find(f"{CHIP}/{implementation}").estimate(counted).milliseconds for implementation in Implementation
    ]
    return (
        name,
        str(counted.g1_multiplications),
        str(counted.fixed_base_multiplications),
        str(counted.g1_additions),
        str(counted.scalar_products),
        str(counted.p256_multiplications),
        str(counted.p256_verifications),
        f"{counted.sha256_messages} ({counted.sha256_blocks})",
        f"{counted.aes_runs} ({counted.aes_blocks})",
        str(counted.random_draws),
        str(counted.nvm_writes),
        *(f"{milliseconds:.0f}" for milliseconds in times),
    )


def _by_operation(model: Model) -> Details:
    spans = (("whole visit", model.whole), ("once the request is there", model.presentation))
    estimates = [
        find(f"{CHIP}/{implementation}").estimate(counted)
        for _, counted in spans
        for implementation in Implementation
    ]
    return Details(
        title=f"the same by operation, milliseconds on {find(CHIP).chip.title}",
        columns=(
            "operation",
            *(f"{name}, {implementation}" for name, _ in spans for implementation in Implementation),
        ),
        rows=[(operation, *(_part(found, operation) for found in estimates)) for operation in Operation],
        said=("Calls x milliseconds, units in brackets; '?' where nobody published a figure.",),
    )


def _part(estimate: Estimate, operation: Operation) -> str:
    part = next(found for found in estimate.parts if found.operation is operation)
    if not part.calls:
        return "-"
    units = f" ({part.units})" if part.units else ""
    return f"{part.calls}{units}: {'?' if part.milliseconds is None else format(part.milliseconds, '.0f')}"


def _by_chip(model: Model) -> Details:
    return Details(
        title="the same visit on every chip, modelled milliseconds",
        columns=(
            "chip, implementation",
            "arithmetic, whole",
            "arithmetic, request",
            "card, whole",
            "card, request",
            "link",
            "own link",
        ),
        rows=[
            _chip_row(f"{name}/{implementation}", model)
            for name in CHIPS
            for implementation in Implementation
        ],
        said=(
            "Arithmetic: multiplications, additions and products of scalars in G1. Request: once it is there."
            " '> ' where an operation has no figure: the true time is longer. Link: contacts or air as of the card"
            " that was measured, its name beside.",
        ),
    )


def _chip_row(name: str, model: Model) -> tuple[str, ...]:
    profile = find(name)
    whole, request = profile.estimate(model.whole), profile.estimate(model.presentation)
    return (
        f"{profile.chip.name}, {profile.implementation}",
        *(_sum(found, _ARITHMETIC) for found in (whole, request)),
        *(_sum(found, tuple(Operation)) for found in (whole, request)),
        f"{model.link_ms(name):.0f}",
        profile.link.name,
    )


def _sum(estimate: Estimate, operations: Sequence[Operation]) -> str:
    parts = [part for part in estimate.parts if part.operation in operations]
    done = [part for part in parts if part.calls]
    if all(part.milliseconds is None for part in done):
        return "unknown"
    least = any(part.milliseconds is None for part in done)
    return f"{'> ' if least else ''}{sum(part.milliseconds or 0.0 for part in done):.0f}"
