"""The issuer's side of the common-key proof. Source: mumei protocol 2.2. Host only."""

from __future__ import annotations

import hmac
import secrets

from mumei_core.common_key.messages import CommonKeyProof, common_key_challenge
from mumei_core.crypto.bbs.messages import Signature
from mumei_core.crypto.curve import BP1, Point, R, scalar_to_octets


def prove_common_key(secret_key: int, signature: Signature, B: Point) -> CommonKeyProof:
    """Prove that ``signature`` over ``B`` is under ``secret_key``'s public key.

    k is fresh and hedged: a failing random generator gives a k that is still bound to key and statement.
    """
    S = B - signature.A * signature.e
    W1 = BP1 * secret_key
    k = _hedged_scalar(secret_key, signature.to_octets() + B.to_octets())
    T1, TA = BP1 * k, signature.A * k
    c = common_key_challenge(W1, signature.A, S, T1, TA)
    return CommonKeyProof(c=c, z=(k + c * secret_key) % R)


def _hedged_scalar(secret_key: int, statement: bytes) -> int:
    key = scalar_to_octets(secret_key)
    while True:
        seed = secrets.token_bytes(64) + statement
        wide = hmac.digest(key, b"\0" + seed, "sha256") + hmac.digest(key, b"\1" + seed, "sha256")
        if k := int.from_bytes(wide[:48], "big") % R:
            return k
