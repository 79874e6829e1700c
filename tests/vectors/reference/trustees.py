"""Trustees' evaluations with their proof, checked and combined, as slowly and plainly as protocol 2.5 has them.

Points are 48 octets, scalars ints; refusals raise Invalid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from .credential import hash_to_curve, hash_to_scalar
from .curve import BP1
from .encoding import Invalid, i2osp, octets_to_g1, octets_to_scalar, point_to_octets_e1, serialize
from .field import R


def slot_point(epoch: int, bucket: int, k: int) -> bytes:
    """Q_k."""
    label = b"MUMEI-REV-V1" + i2osp(epoch, 4) + i2osp(bucket, 2) + i2osp(k, 1)
    return point_to_octets_e1(hash_to_curve(label))


def recognise_point(epoch: int, rp_context: bytes) -> bytes:
    """R."""
    return point_to_octets_e1(hash_to_curve(b"MUMEI-RECOG-V1" + i2osp(epoch, 4) + rp_context))


def weight(seed: bytes, j: int) -> int:
    """w_j."""
    return hash_to_scalar(seed + i2osp(j, 4), "TRUSTEE_W_")


def evaluate(share: int, i: int, feldman: Sequence[bytes], points: Sequence[bytes], k: int) -> bytes:
    """I2OSP(i,2) || I2OSP(number,2) || R.. || c || z for the first move's ``k``."""
    q = [octets_to_g1(each) for each in points]
    r = [each * share for each in q]
    f = [octets_to_g1(each) for each in feldman]
    seed = hashlib.sha256(serialize(*f, *q, *r) + i2osp(len(q), 2) + i2osp(i, 2)).digest()
    q_star, r_star = q[0] * weight(seed, 0), r[0] * weight(seed, 0)
    for j in range(1, len(q)):
        q_star, r_star = q_star + q[j] * weight(seed, j), r_star + r[j] * weight(seed, j)
    c = hash_to_scalar(serialize(BP1 * share, q_star, r_star, BP1 * k, q_star * k), "TRUSTEE_H2S_")
    z = (k + c * share) % R
    return i2osp(i, 2) + i2osp(len(q), 2) + serialize(*r, c, z)


def check(octets: bytes, i: int, feldman: Sequence[bytes], points: Sequence[bytes]) -> list[bytes]:
    """R_j, or Invalid."""
    n = len(points)
    if len(octets) != 4 + 48 * n + 64 or octets[:4] != i2osp(i, 2) + i2osp(n, 2):
        raise Invalid("form")
    products = [octets[4 + 48 * j : 52 + 48 * j] for j in range(n)]
    c, z = octets_to_scalar(octets[-64:-32]), octets_to_scalar(octets[-32:])
    q, r, f = ([octets_to_g1(each) for each in part] for part in (points, products, feldman))
    p_i = f[0]
    for power in range(1, len(f)):
        p_i = p_i + f[power] * i**power
    seed = hashlib.sha256(serialize(*f, *q, *r) + i2osp(n, 2) + i2osp(i, 2)).digest()
    q_star, r_star = q[0] * weight(seed, 0), r[0] * weight(seed, 0)
    for j in range(1, n):
        q_star, r_star = q_star + q[j] * weight(seed, j), r_star + r[j] * weight(seed, j)
    first, second = BP1 * z - p_i * c, q_star * z - r_star * c
    if hash_to_scalar(serialize(p_i, q_star, r_star, first, second), "TRUSTEE_H2S_") != c:
        raise Invalid("proof")
    return products


def combine(products: Mapping[int, bytes]) -> bytes:
    """Q * f(0) from Q * f(i) by trustee."""
    total = None
    for i, each in products.items():
        coefficient = 1
        for j in products:
            if j != i:
                coefficient = coefficient * j * pow(j - i, -1, R) % R
        term = octets_to_g1(each) * coefficient
        total = term if total is None else total + term
    if total is None:
        raise ValueError("nothing to combine")
    return point_to_octets_e1(total)
