"""Splitting a scalar t of n: Shamir over r with Feldman's points. What a card computes.

Source: mumei protocol 2.2, 2.5; Shamir 1979; Feldman 1987.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mumei_core.crypto.curve import BP1, Group, Point, R, scalar_to_octets
from mumei_core.crypto.sealing.seal import seal
from mumei_core.crypto.sharing.messages import share_aad, share_info
from mumei_core.eac.ec import EcGroup, RandomSource
from mumei_core.metering import count_scalars


def draw_polynomial(secret: int, t: int, draw: Callable[[], int]) -> tuple[int, ...]:
    """(a_0, .., a_(t-1)): a_0 the secret, the others fresh and independent."""
    return (secret, *(draw() for _ in range(t - 1)))


def feldman_points(group: Group, polynomial: Sequence[int]) -> tuple[Point, ...]:
    """F_k = BP1 * a_k: t multiplications."""
    return tuple(group.multiply_fixed(BP1, a) for a in polynomial)


def evaluate(polynomial: Sequence[int], i: int) -> int:
    """f(i) mod r, the share of trustee ``i``, from 1."""
    count_scalars(products=len(polynomial) - 1)
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * i + coefficient) % R
    return value


def seal_shares(
    ec_group: EcGroup,
    random: RandomSource,
    polynomial: Sequence[int],
    keys: Sequence[bytes],
    *,
    trustee_list: bytes,
    C: Point,
    F: Sequence[Point],
) -> bytes:
    """n * 113 octets: share i sealed to the i-th of ``keys``. ``trustee_list``: the list's digest."""
    aad = share_aad(C, F)
    return b"".join(
        seal(
            ec_group,
            random,
            key,
            info=share_info(trustee_list, i),
            aad=aad,
            plaintext=scalar_to_octets(evaluate(polynomial, i)),
        )
        for i, key in enumerate(keys, start=1)
    )
