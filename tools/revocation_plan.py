"""``python -m tools.revocation_plan``: what weekly revocation lists cost a nation, from unit costs measured here.

The work is |revoked| x buckets x slots multiplications a trustee and epoch: relying parties enter it only through
their bucket, so 100,000 of them cost what 64 do. What each choice buys and costs is printed beside the bill.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tools.bench.machine import Machine
from tools.revocation_costs import UnitCosts, measure

from mumei.revocation.lists import ENTRY_LENGTH
from mumei_core.crypto.curve import POINT_LENGTH
from mumei_core.epochs import BUCKETS, SLOTS

_HOUR: Final = 3600.0
_MICRO: Final = 1e-6
_GIGA: Final = 1e9
_NEEDED: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """``days`` an epoch; relying parties in ``buckets``; ``slots`` a card may show in each of them an epoch."""

    days: int
    buckets: int
    slots: int

    @property
    def points(self) -> int:
        return self.buckets * self.slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One structure's bill: core-hours a week for one trustee and for the authority; cores that make an epoch's
    lists within a day; gigabytes that a trustee sends and that all lists are, an epoch; megabytes a terminal takes
    in a week; relying parties that share a card's slots; a week's price, trustees needed and authority together.
    """

    structure: Structure
    trustee_hours: float
    authority_hours: float
    trustee_cores: float
    authority_cores: float
    trustee_gigabytes: float
    lists_gigabytes: float
    terminal_megabytes: float
    contexts_a_bucket: float
    price: float


#: The protocol's own first; what others would cost.
STRUCTURES: Final = (
    Structure(days=7, buckets=BUCKETS, slots=SLOTS),
    Structure(days=7, buckets=256, slots=8),
    Structure(days=7, buckets=64, slots=8),
    Structure(days=7, buckets=16, slots=16),
    Structure(days=1, buckets=BUCKETS, slots=SLOTS),
    Structure(days=14, buckets=BUCKETS, slots=SLOTS),
)


def bill(structure: Structure, costs: UnitCosts, *, revoked: int, contexts: int, hour_price: float) -> Bill:
    """What ``structure`` costs for so many revoked cards."""
    products = revoked * structure.points
    epochs_a_week = 7 / structure.days
    trustee = products * costs.evaluation * _MICRO / _HOUR
    authority = products * costs.entry * _MICRO / _HOUR
    return Bill(
        structure=structure,
        trustee_hours=trustee * epochs_a_week,
        authority_hours=authority * epochs_a_week,
        trustee_cores=trustee / 24,
        authority_cores=authority / 24,
        trustee_gigabytes=products * POINT_LENGTH / _GIGA,
        lists_gigabytes=products * ENTRY_LENGTH / _GIGA,
        terminal_megabytes=revoked * structure.slots * ENTRY_LENGTH * epochs_a_week / 1e6,
        contexts_a_bucket=contexts / structure.buckets,
        price=(trustee * _NEEDED + authority) * epochs_a_week * hour_price,
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.revocation_plan", description=__doc__)
    parser.add_argument("--cards", type=int, default=125_000_000, help="in people's hands")
    parser.add_argument("--revoked", type=_share, default=0.01, help="of them, as 1%% or 0.01")
    parser.add_argument("--contexts", type=int, default=100_000, help="relying parties")
    parser.add_argument(
        "--recognising", type=int, default=100, help="of them that recognise cards in an epoch"
    )
    parser.add_argument("--core-hour", type=float, default=0.05, help="its price, for the bill")
    parser.add_argument("--costs", type=Path, help="unit costs measured before: JSON of --save")
    parser.add_argument("--save", type=Path, help="keep the unit costs that are measured now")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    options = parser.parse_args(arguments)
    if options.costs:
        costs = UnitCosts(**json.loads(options.costs.read_text()))
    else:
        print("measuring unit costs, about a minute", file=sys.stderr)
        costs = measure()
    if options.save:
        options.save.write_text(json.dumps(asdict(costs)))
    revoked = round(options.cards * options.revoked)
    bills = [
        bill(each, costs, revoked=revoked, contexts=options.contexts, hour_price=options.core_hour)
        for each in STRUCTURES
    ]
    if options.json:
        print(json.dumps({"costs": asdict(costs), "revoked": revoked, "bills": [asdict(b) for b in bills]}))
    else:
        print(_text(costs, bills, revoked, options.recognising, options.core_hour))
    return 0


def _share(text: str) -> float:
    value = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("a share between 0 and 1, or a percentage")
    return value


def _text(costs: UnitCosts, bills: list[Bill], revoked: int, recognising: int, hour_price: float) -> str:
    machine = Machine.this()
    own = bills[0]
    recognised = revoked * recognising * costs.evaluation * _MICRO / _HOUR
    lines = [
        f"measured on one core of {machine.cpu}:",
        f"  multiplication in G1, constant-time     {costs.multiplication:7.1f} us",
        f"  trustee: a product with its proof       {costs.evaluation:7.1f} us in large blocks, "
        f"{costs.alone:.1f} us in small ones",
        f"  authority: check {_NEEDED} answers and combine    {costs.entry:7.1f} us an entry",
        "",
        f"revoked cards: {revoked:,}; t = {_NEEDED} trustees needed; a core-hour at {hour_price:g}",
        "",
        f"{'epoch':>6} {'buckets':>8} {'slots':>6} | {'trustee':>9} {'authority':>10} | {'cores for a day':>16} | "
        f"{'trustee':>8} {'lists':>7} | {'terminal':>9} | {'RPs a':>8} | {'price':>7}",
        f"{'days':>6} {'':>8} {'':>6} | {'core-h/wk':>9} {'core-h/wk':>10} | {'trustee / auth.':>16} | "
        f"{'GB':>8} {'GB':>7} | {'MB/week':>9} | {'bucket':>8} | {'a week':>7}",
    ]
    lines += [_row(each) for each in bills]
    lines += [
        "",
        f"Chosen: the first, {own.structure.buckets} buckets of {own.structure.slots} slots, weekly. "
        "Cost grows with buckets x slots, never with relying parties.",
        f"A week's lists take each trustee {own.trustee_cores:.1f} cores for a day and the authority "
        f"{own.authority_cores:.1f}; blocks are independent, so more machines make it hours.",
        f"Each relying party that recognises within a week adds {revoked * costs.evaluation * _MICRO / _HOUR:.3f} "
        f"core-hours a trustee, {recognising} of them {recognised:.1f}: a right for few.",
        "More buckets: fewer shops share a card's slots, and a terminal takes in the same. Fewer slots: smaller "
        "downloads, and more holders meet the PIN.",
    ]
    return "\n".join(lines)


def _row(found: Bill) -> str:
    structure = found.structure
    return (
        f"{structure.days:>6} {structure.buckets:>8} {structure.slots:>6} | "
        f"{found.trustee_hours:>9.1f} {found.authority_hours:>10.1f} | "
        f"{f'{found.trustee_cores:.1f} / {found.authority_cores:.1f}':>16} | "
        f"{found.trustee_gigabytes:>8.0f} {found.lists_gigabytes:>7.1f} | {found.terminal_megabytes:>9.0f} | "
        f"{found.contexts_a_bucket:>8.0f} | {found.price:>7.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
