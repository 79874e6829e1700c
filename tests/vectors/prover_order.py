"""The scalars of a presentation by name, in the order in which our prover draws them.

The protocol and the reference draw d~[0][0] and derive m~_birth; our prover, which works ahead, draws m~_birth and
derives d~[0][0]. It also draws what this request then has no use for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mumei_core.commands.request import Request
from mumei_core.credential import MESSAGES, Index
from mumei_core.crypto.curve import R
from mumei_core.crypto.predicate.messages import BASE

UNUSED = 1
"""In the place of every scalar that the request has no use for."""


def prover_order(request: Request, named: Mapping[str, int]) -> Iterator[int]:
    """A presentation's draws, coupon first, for the protocol's scalars ``named``."""
    for name in ("r1", "r2", "e~", "r1~", "r3~"):
        yield named[name]
    for i in range(MESSAGES):
        if i == Index.BIRTH_DATE and request.predicates:
            sign = request.date_predicates()[0].kind.sign
            yield -sign * (named["d~[0][0]"] + BASE * named["d~[0][1]"]) % R
        else:
            yield named.get(f"m~[{i}]", UNUSED)
    yield from (named.get(f"v~[0][{j}]", UNUSED) for j in (0, 1))
    several = range(len(request.predicates))
    yield from (named[f"d~[{p}][1]"] for p in several)
    for p in several:
        if p:
            yield from (named[f"v~[{p}][{j}]"] for j in (0, 1))
        yield from (named[f"v[{p}][{j}]"] for j in (0, 1))
