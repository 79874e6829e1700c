"""Modelled time of a visit on a chip, by phase: counted operations times published timings; nothing is measured.

Timings: JCAlgTest, repository crocs-muni/jcalgtest_results, commit 76b01cf, javacard/Profiles/performance/fixed/,
file NXP_JCOP4_J3R180_SECID_P71; averages per operation, less the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

from tools.bench.bars import Details, Progress, Section
from tools.bench.phases import SECURED, Phase, phase_of
from tools.bench.recording import Primitive, record
from tools.bench.world import AGE_ONLY, CountedCommand, WatchedConnection, World

from mumei.session.channel import Channel
from mumei.transport.base import CardConnection
from mumei_core.commands import codes

_VISITS: Final = 3
_DRAW: Final = 32
_HASHED: Final = 256
#: HKDF-SHA256 to 48 octets compresses 14 blocks, the end of its transcript one; 256 octets are five with padding.
_HASHES_PER_HEDGED_DRAW: Final = 3
#: expand_message to 48 octets hashes twice more after the message.
_HASHES_AFTER_MESSAGE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipTimings:
    """Milliseconds of one operation on a chip."""

    name: str
    g1_multiplication: float
    p256_multiplication: float
    p256_verification: float
    sha256: float
    random_draw: float


J3R180: Final = ChipTimings(
    name="NXP JCOP4 J3R180",
    g1_multiplication=35.8,
    p256_multiplication=20.04,
    p256_verification=31.96,
    sha256=7.92,
    random_draw=1.18,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a phase asks of the chip. ``hashes``: SHA-256 of 256 octets; ``draws``: of up to 32 random octets.

    ``g1_additions`` and ``nvm_writes`` are counted, and have no timing.
    """

    g1_multiplications: int = 0
    p256_multiplications: int = 0
    p256_verifications: int = 0
    hashes: int = 0
    draws: int = 0
    g1_additions: int = 0
    nvm_writes: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    @property
    def counts(self) -> tuple[str, ...]:
        """For a table, in the order of the fields."""
        return tuple(str(getattr(self, name)) for name in self.__slots__)

    def milliseconds(self, chip: ChipTimings) -> float:
        """The model: a sum of products."""
        return (
            self.g1_multiplications * chip.g1_multiplication
            + self.p256_multiplications * chip.p256_multiplication
            + self.p256_verifications * chip.p256_verification
            + self.hashes * chip.sha256
            + self.draws * chip.random_draw
        )


def work_of(command: CountedCommand, hashed: Sequence[int]) -> Work:
    """What one command asked of the chip. ``hashed``: octets of each message that it hashed to a scalar."""
    counted = command.operations
    draws = -(-counted.random_octets // _DRAW)
    # Only a presentation's randoms are hedged; a channel's come from the generator as they are.
    hedging = draws * _HASHES_PER_HEDGED_DRAW if command.ins == codes.INS_PRESENT else 0
    scalars = sum(-(-octets // _HASHED) + _HASHES_AFTER_MESSAGE for octets in hashed)
    return Work(
        g1_multiplications=counted.g1_multiplications,
        p256_multiplications=counted.p256_multiplications,
        p256_verifications=counted.p256_verifications,
        hashes=hedging + scalars,
        draws=draws,
        g1_additions=counted.g1_additions,
        nvm_writes=counted.nvm_writes,
    )


def measure(world: World, say: Progress) -> Section:
    """No bar, as no figure is published to set one by: the model for an age check on a standard card."""
    say("modelling the time on a chip")
    chip, inner = world.insert()
    with _HashesSeen(inner) as connection:
        channel = Channel(connection)
        most = dict.fromkeys(SECURED, Work())
        for _ in range(_VISITS):
            chip.counted.clear()
            connection.hashed.clear()
            world.ask(channel, AGE_ONLY)
            for phase, work in _by_phase(chip.counted, connection.hashed).items():
                most[phase] = max(most[phase], work, key=lambda found: found.milliseconds(J3R180))
    return Section(bars=(), details=(details(most, J3R180),))


class _HashesSeen(WatchedConnection):
    """A card in this process, watched at work. ``hashed``: by command, octets of what it hashed to scalars."""

    def __init__(self, inner: CardConnection) -> None:
        super().__init__(inner)
        self.hashed: list[list[int]] = []

    def transmit(self, apdu: bytes) -> bytes:
        answers: list[bytes] = []
        transmit = super().transmit
        recording = record(lambda: answers.append(transmit(apdu)))
        operations = cast("list[partial[int]]", recording[Primitive.HASH_TO_SCALAR])
        self.hashed.append([len(operation.args[0]) for operation in operations])
        return answers[0]


def _by_phase(counted: Sequence[CountedCommand], hashed: Sequence[Sequence[int]]) -> dict[Phase, Work]:
    found = dict.fromkeys(SECURED, Work())
    for command, octets in zip(counted, hashed, strict=True):
        if command.ins == codes.INS_SELECT:
            continue
        phase = phase_of(command.ins, command.p1)
        if phase in found:
            found[phase] += work_of(command, octets)
    return found


def details(found: Mapping[Phase, Work], chip: ChipTimings) -> Details:
    """The table, and what it is not."""
    total = sum(found.values(), Work())
    rows = [(phase, *work.counts, f"{work.milliseconds(chip):.0f}") for phase, work in found.items()]
    return Details(
        title=f"model of an age check on a chip ({chip.name}), standard card",
        columns=(
            "phase",
            "G1 mult.",
            "P-256 mult.",
            "ECDSA verif.",
            "SHA-256",
            "draws",
            "(G1 add.)",
            "(memory writes)",
            "ms",
        ),
        rows=[*rows, ("sum", *total.counts, f"{total.milliseconds(chip):.0f}")],
        said=(
            "THIS IS A MODEL, not a measurement: operations that the software card counted, times timings that"
            " JCAlgTest published for this chip. Nobody has published BLS12-381 on these chips.",
            f"Each: multiplication in G1 {chip.g1_multiplication} ms (stand-in: ECDH at 384 bits with setting the"
            f" scalar and the key), on P-256 {chip.p256_multiplication} ms (ECDH), ECDSA verification"
            f" {chip.p256_verification} ms (stand-in: signing), SHA-256 {chip.sha256} ms for {_HASHED} octets, a"
            f" draw of up to {_DRAW} random octets {chip.random_draw} ms. SHA-256 is reckoned, not counted:"
            f" {_HASHES_PER_HEDGED_DRAW} for each draw of the hedged generator; for hash_to_scalar"
            f" {_HASHES_AFTER_MESSAGE} and one for each {_HASHED} octets of the message.",
            "What the model cannot know: whether the chip's coprocessor takes this curve at all (381 bits, an order"
            " much shorter than the field, a large cofactor) and gives y as well as x; arithmetic modulo the order,"
            " which Java Card does not offer; additions of points and memory writes, counted but without a timing;"
            " AES and CMAC of PACE and secure messaging; masked reads of the digit table; the way of the APDUs"
            " over contacts or air; the card's own code around all that.",
            "Additions and modular arithmetic may outweigh the rest where they are done in Java Card code:"
            " JCMathLib on a J3R200, at 256 bits, takes 86 ms for an addition of points and 180 ms for a modular"
            " multiplication (PERFORMANCE.md at commit 0e53ada).",
        ),
    )
