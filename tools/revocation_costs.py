"""What one multiplication, one check and one combined entry of a revocation list cost on this machine, measured.

All of it with the product's own code on one core; the bench and the plan both read it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Final

from mumei.revocation.combining import CombineBlock, Evaluations, combine_block
from mumei.trustee.blocks import HANDLES_OF_A_BLOCK, Block, HandleShare, evaluate_block
from mumei.trustee.points import PointSet
from mumei_core.crypto.curve import BP1, R
from mumei_core.crypto.sharing.evaluation import evaluation_length
from mumei_core.epochs import epoch_of

_T, _N = 2, 3
_EPOCH: Final = epoch_of(53_652)
POINTS: Final = PointSet(epoch=_EPOCH)
_HANDLES: Final = HANDLES_OF_A_BLOCK
_FEW: Final = 8
_CHECKED: Final = 6
_MULTIPLICATIONS: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCosts:
    """Microseconds of one core's own time.

    ``multiplication``: the library's, constant-time; ``evaluation``: a trustee's product in a whole block with
    tables, proof included; ``alone``: in a small block, without tables; ``entry``: checking t = 2 evaluations of a
    product and combining them.
    """

    multiplication: float
    evaluation: float
    alone: float
    entry: float


def measure(*, handles: int = _HANDLES, few: int = _FEW, checked: int = _CHECKED) -> UnitCosts:
    """In about a minute."""
    block = evaluation_block(handles, 1)
    block.points.points()
    small = evaluation_block(few, 1)
    return UnitCosts(
        multiplication=multiplication(),
        evaluation=_microseconds(lambda: evaluate_block(block)) / block.multiplications,
        alone=_microseconds(lambda: evaluate_block(small)) / small.multiplications,
        entry=_entry(checked),
    )


def multiplication(count: int = _MULTIPLICATIONS) -> float:
    """Microseconds of one multiplication in G1 by a full scalar."""
    scalars = [secrets.randbelow(R) for _ in range(100)]
    point = BP1 * secrets.randbelow(R)

    def run() -> None:
        for at in range(count):
            point * scalars[at % 100]

    return _microseconds(run) / count


def evaluation_block(handles: int, index: int, points: PointSet = POINTS) -> Block:
    """A block over fresh handles."""
    return Block(
        points=points,
        index=index,
        trustees=bytes(32),
        handles=tuple(handle_share(polynomial, index) for polynomial in polynomials(handles)),
    )


def polynomials(count: int) -> Iterator[Sequence[int]]:
    """Fresh ones, t coefficients each."""
    for _ in range(count):
        yield [secrets.randbelow(R - 1) + 1 for _ in range(_T)]


def handle_share(polynomial: Sequence[int], index: int) -> HandleShare:
    """What trustee ``index`` knows of it."""
    share = sum(a * pow(index, k, R) for k, a in enumerate(polynomial)) % R
    feldman = b"".join((BP1 * a).to_octets() for a in polynomial)
    return HandleShare(digest=secrets.token_bytes(32), feldman=feldman, share=share)


def _entry(count: int) -> float:
    made = list(polynomials(count))
    digests = [secrets.token_bytes(32) for _ in made]
    by_trustee: list[list[tuple[int, bytes]]] = [[] for _ in made]
    length = evaluation_length(len(POINTS))
    for index in range(1, _T + 1):
        shares = tuple(handle_share(polynomial, index) for polynomial in made)
        octets = evaluate_block(Block(points=POINTS, index=index, trustees=bytes(32), handles=shares))
        for at, found in enumerate(by_trustee):
            found.append((index, octets[at * length : (at + 1) * length]))
    job = CombineBlock(
        points=POINTS,
        handles=tuple(
            Evaluations(
                digest=digest,
                feldman=handle_share(polynomial, 1).feldman,
                n=_N,
                by_trustee=tuple(found),
            )
            for digest, polynomial, found in zip(digests, made, by_trustee, strict=True)
        ),
    )
    return _microseconds(lambda: combine_block(job)) / (count * len(POINTS))


def _microseconds(run: Callable[[], object]) -> float:
    begin = process_time()
    run()
    return (process_time() - begin) * 1e6
