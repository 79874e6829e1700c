"""What tables of multiples would cost and save where a multiplication's point is a constant of the card; a model.

Lim and Lee's comb (CRYPTO 1994) with w teeth: 2^w - 1 points of 96 octets a base, and for 255 bits ceil(255/w)
additions and as many doublings less one. An entry's index is secret, so every addition reads the whole table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools.bench.bars import Details

from mumei_card.chip.chip_profile import Operation
from mumei_card.chip.figures import Figure
from mumei_card.chip.profiles import find
from mumei_core.crypto.curve import UNCOMPRESSED_LENGTH, R

_TEETH: Final = (2, 3, 4, 5, 6, 8)
#: H_1..H_5, Q_2, J_1, J_2 of the credential's proof, and G_d of the digits'.
_BASES: Final = 9
#: JCAlgTest at 76b01cf, fixed/NXP_JCOP4_J3R180_SECID_P71: UTIL Util_arrayCopy_EEPROM2RAM(), milliseconds of 256
#: octets, and JCSystem.MEMORY_TYPE_PERSISTENT, octets.
_READ_MS: Final = 0.17
_READ_OCTETS: Final = 256
_PERSISTENT: Final = 139_360


@dataclass(frozen=True, slots=True, kw_only=True)
class Comb:
    """A table with so many ``teeth``, for one base."""

    teeth: int

    @property
    def octets(self) -> int:
        """Of memory."""
        return ((1 << self.teeth) - 1) * UNCOMPRESSED_LENGTH

    @property
    def additions(self) -> int:
        return -(-R.bit_length() // self.teeth)

    @property
    def steps(self) -> int:
        """Additions and doublings, each taken as an addition."""
        return 2 * self.additions - 1

    @property
    def octets_read(self) -> int:
        """In one multiplication."""
        return self.additions * self.octets


def details(chip: str, multiplications: int) -> Details:
    """The table, for as many multiplications with fixed bases as a visit has."""
    native, applet = (find(f"{chip}/{name}") for name in ("native", "java-card"))
    product = _figure(native.chip.costs[native.implementation][Operation.G1_MULTIPLICATION])
    step = _figure(native.chip.costs[native.implementation][Operation.G1_ADDITION])
    applets_step = _figure(applet.chip.costs[applet.implementation][Operation.G1_ADDITION])
    rows = []
    for teeth in _TEETH:
        comb = Comb(teeth=teeth)
        whole = comb.octets * _BASES
        rows.append(
            (
                str(teeth),
                f"{comb.octets:,}",
                f"{whole:,} ({100 * whole / _PERSISTENT:.0f} %)",
                str(comb.steps),
                f"{comb.steps * step:.1f}",
                f"{multiplications * (product - comb.steps * step):.0f}",
                f"{comb.octets_read / _READ_OCTETS * _READ_MS:.0f}",
                f"{comb.steps * applets_step:,.0f}",
            )
        )
    return Details(
        title=f"tables for fixed bases on {native.chip.title}, modelled and derived; not built",
        columns=(
            "teeth",
            "octets a base",
            f"octets, {_BASES} bases",
            "steps",
            "native ms each",
            f"native ms saved by {multiplications}",
            "masked reads ms each",
            "Java Card ms each",
        ),
        rows=rows,
        said=(
            f"A multiplication takes {product} ms without a table. Native: a step taken as {step} ms, derived and"
            " not measured: an upper bound. In brackets the part of the memory that the measured card had left"
            f" ({_PERSISTENT:,} octets). All {multiplications} are in the coupon, so a table shortens what is done"
            " ahead, not the answer to a request.",
            "Masked reads: the whole table once for each addition, at the speed at which Java Card copies from"
            f" memory ({_READ_MS} ms for {_READ_OCTETS} octets); a chip's own code reads faster, by how much"
            " nobody published.",
            f"On Java Card no table pays: each step is a call of {applets_step:g} ms (JCMathLib), so even with"
            " eight teeth a multiplication takes longer than the coprocessor's whole one. The software card"
            " therefore computes them all with the constant-time library and counts them apart.",
        ),
    )


def _figure(cost: object) -> float:
    if not isinstance(cost, Figure):
        raise RuntimeError("the bench models a chip whose figures are known")
    return cost.per_call
