"""Enrolment, version 2: shares of the handle, the link proof, what a chip attests, renewal's base (2.2, 2.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from . import hpke
from .credential import blind_generators, hash_to_curve, hash_to_scalar
from .curve import BP1, G1, linear_combination
from .encoding import Invalid, Reader, i2osp, os2ip, serialize
from .field import R


@dataclass(frozen=True, kw_only=True)
class TrusteeList:
    """``keys``: 65 octets each."""

    version: int
    t: int
    keys: tuple[bytes, ...]

    def digest(self) -> bytes:
        octets = i2osp(self.version, 4) + i2osp(self.t, 1) + i2osp(len(self.keys), 1) + b"".join(self.keys)
        return hashlib.sha256(octets).digest()


def renewal_base() -> G1:
    """OP of rp_context "mumei:renewal"."""
    return hash_to_curve(b"MUMEI-CTX-V1" + b"mumei:renewal")


def make_answer(
    nonce: bytes,
    commitment: G1,
    secrets: Sequence[int],
    trustees: TrusteeList,
    *,
    higher: Sequence[int],
    ephemerals: Sequence[int],
    tildes: Sequence[int],
) -> bytes:
    """What follows the commitment in the attested message, with every random given.

    ``secrets``: blind, handle, nym; ``higher``: a_1..a_(t-1); ``ephemerals``: one each; ``tildes``: b~, h~, n~.
    """
    blind, handle, nym = secrets
    coefficients = [handle, *higher]
    F = [BP1 * a for a in coefficients]
    N = renewal_base() * nym
    sealed = b""
    for i, (key, sk_e) in enumerate(zip(trustees.keys, ephemerals, strict=True), start=1):
        share = sum(a * i**k for k, a in enumerate(coefficients)) % R
        info = b"MUMEI-SHARE-V1" + trustees.digest() + i2osp(i, 1)
        sealed += hpke.seal_base(key, info, serialize(commitment, *F), i2osp(share, 32), sk_e=sk_e)
    T_C = linear_combination(blind_generators(), tildes)
    T_F, T_N = BP1 * tildes[1], renewal_base() * tildes[2]
    c = _challenge(commitment, F, N, (T_C, T_F, T_N), nonce, trustees, sealed)
    hats = [(tilde + c * secret) % R for tilde, secret in zip(tildes, (blind, handle, nym), strict=True)]
    return serialize(*F, N, c, *hats) + trustees.digest() + sealed


def verify_answer(nonce: bytes, commitment: G1, octets: bytes, trustees: TrusteeList) -> tuple[list[G1], G1]:
    """(F_0.., N') of what follows the commitment in the attested message, or raises Invalid."""
    reader = Reader(octets)
    F = [reader.point() for _ in range(trustees.t)]
    N = reader.point()
    c, b_hat, h_hat, n_hat = (reader.scalar() for _ in range(4))
    digest = reader.octets(32)
    sealed = reader.octets(113 * len(trustees.keys))
    reader.end()
    if digest != trustees.digest():
        raise Invalid("other trustees")
    T_C = linear_combination([*blind_generators(), commitment], [b_hat, h_hat, n_hat, R - c])
    T_F = linear_combination([BP1, F[0]], [h_hat, R - c])
    T_N = linear_combination([renewal_base(), N], [n_hat, R - c])
    if c != _challenge(commitment, F, N, (T_C, T_F, T_N), nonce, trustees, sealed):
        raise Invalid("the link proof does not hold")
    return F, N


def open_share(sk: int, i: int, commitment: G1, octets: bytes, trustees: TrusteeList) -> int:
    """Trustee i's share, checked against F, or raises Invalid."""
    reader = Reader(octets)
    F = [reader.point() for _ in range(trustees.t)]
    sealed = octets[-113 * len(trustees.keys) :][113 * (i - 1) : 113 * i]
    info = b"MUMEI-SHARE-V1" + trustees.digest() + i2osp(i, 1)
    share = os2ip(hpke.open_base(sk, sealed, info, serialize(commitment, *F)))
    if serialize(BP1 * share) != serialize(linear_combination(F, [i**k % R for k in range(len(F))])):
        raise Invalid("a share of something else")
    return share


def combine(shares: dict[int, int]) -> int:
    """f(0). Nobody does this but a test."""
    total = 0
    for i, share in shares.items():
        weight = 1
        for j in shares:
            if j != i:
                weight = weight * j * pow(j - i, -1, R) % R
        total = (total + share * weight) % R
    return total


def _challenge(
    commitment: G1,
    F: Sequence[G1],
    N: G1,
    moves: Sequence[G1],
    nonce: bytes,
    trustees: TrusteeList,
    sealed: bytes,
) -> int:
    context = nonce + trustees.digest() + hashlib.sha256(sealed).digest()
    return hash_to_scalar(serialize(commitment, *F, N, *moves) + context, "ENROL_H2S_")
