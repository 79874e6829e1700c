"""Makes lists' products in so many blocks, and prints the most memory that it ever held, in MB."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from typing import Final

from tools.revocation_costs import evaluation_block

from mumei.trustee.blocks import Block, evaluate_block
from mumei.trustee.engine import LocalEngine
from mumei.trustee.points import PointSet
from mumei_core.epochs import epoch_of

_HANDLES: Final = 100
_POINTS: Final = PointSet(
    epoch=epoch_of(53_652), contexts=tuple(f"{number:03d}.example".encode() for number in range(64))
)


def main() -> None:
    """``python -m tools.bench.generating_process BLOCKS``."""
    for _ in LocalEngine(1).run(evaluate_block, _blocks(int(sys.argv[1]))):
        pass
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6)


def _blocks(count: int) -> Iterator[Block]:
    for _ in range(count):
        yield evaluation_block(_HANDLES, 1, _POINTS)


if __name__ == "__main__":
    main()
