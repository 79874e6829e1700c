"""Key generation and signing. Source: draft-irtf-cfrg-bbs-signatures, "Key Generation Operations", "CoreSign";
draft-irtf-cfrg-bbs-blind-signatures at 981ea65, "Finalize Blind Sign".
"""

from __future__ import annotations

from collections.abc import Sequence

from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.messages import Signature, calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.curve import BP1, GROUP, Point, R
from mumei_core.crypto.hashing import EXPAND_LENGTH, Interface, serialize
from mumei_core.crypto.pairing import BP2
from mumei_core.errors import UsageError

_MINIMUM_KEY_MATERIAL = 32


def key_gen(
    suite: hashing.Ciphersuite, key_material: bytes, key_info: bytes = b"", key_dst: bytes = b""
) -> int:
    """KeyGen: a secret key from at least 32 octets of key material and at most 65,535 of key info."""
    if len(key_material) < _MINIMUM_KEY_MATERIAL:
        raise UsageError("key material must have at least 32 octets")
    if len(key_info) > 65535:
        raise UsageError("key info must have at most 65,535 octets")
    derive_input = key_material + len(key_info).to_bytes(2, "big") + key_info
    dst = key_dst or suite.ciphersuite_id + hashing.KEYGEN
    return int.from_bytes(suite.expand_message(derive_input, dst, EXPAND_LENGTH), "big") % R


def public_key(secret_key: int) -> bytes:
    """SkToPk: W = BP2 * SK, 96 octets."""
    return (BP2 * secret_key).to_octets()


def public_key_g1(secret_key: int) -> Point:
    """W1 = BP1 * sk, the public key's twin in G1 (design 2.2)."""
    return BP1 * secret_key


def core_sign(
    interface: Interface,
    secret_key: int,
    pk: bytes,
    generators: Sequence[Point],
    header: bytes,
    messages: Sequence[int],
) -> Signature:
    """CoreSign over message scalars; ``generators`` = (Q_1, H_1, …, H_L)."""
    domain = calculate_domain(interface, pk, generators, header)
    e = interface.hash_to_scalar(serialize(secret_key, *messages, domain), hashing.H2S)
    B = calculate_b(GROUP, interface.suite.p1, generators, domain, messages)
    return _sign(secret_key, B, e)


def sign_b(interface: Interface, secret_key: int, B: Point) -> Signature:
    """The last steps of FinalizeBlindSign over a finished B.

    The Blind and Nym texts hash the domain into e too; every vector of all three drafts has
    e = hash_to_scalar(serialize((SK, B))), and B contains the domain already: the vectors are followed.
    """
    return _sign(secret_key, B, interface.hash_to_scalar(serialize(secret_key, B), hashing.H2S))


def _sign(secret_key: int, B: Point, e: int) -> Signature:
    if (secret_key + e) % R == 0 or B.is_identity:
        raise UsageError("this message cannot be signed under this key")
    return Signature(A=B * pow(secret_key + e, -1, R), e=e)
