"""Hashing to G1 and the generators that come of it: the host's side only.

Source: RFC 9380 (suites BLS12381G1_XMD:SHA-256_SSWU_RO_ and, with expand_message_xof, the BBS draft's
Appendix A.1); draft-irtf-cfrg-bbs-signatures, "Generators Calculation".
"""

from __future__ import annotations

import functools

import py_arkworks_bls12381 as _arkworks
import pyblst as _blst

from mumei_core.crypto import hashing
from mumei_core.crypto.curve import P, Point
from mumei_core.crypto.hashing import EXPAND_LENGTH, Ciphersuite, Interface
from mumei_core.crypto.revocation.messages import recognise_input, slots_input
from mumei_core.epochs import SLOTS

_FIELD_LENGTH = 64  # L of RFC 9380 for the base field


def hash_to_curve_g1(suite: Ciphersuite, message: bytes, dst: bytes) -> Point:
    """hash_to_curve of the ciphersuite's suite: never the identity but with negligible probability."""
    if suite is hashing.SHA_256:
        return Point(_blst.BlstP1Element.hash_to_group(message, dst))
    # No library at hand has the SHAKE suite; both maps below clear the cofactor, which is a homomorphism.
    uniform = suite.expand_message(message, dst, 2 * _FIELD_LENGTH)
    u_0, u_1 = (int.from_bytes(uniform[i : i + _FIELD_LENGTH], "big") % P for i in (0, _FIELD_LENGTH))
    mapped = _arkworks.G1Point.map_from_fp_be(u_0.to_bytes(48, "big")) + _arkworks.G1Point.map_from_fp_be(
        u_1.to_bytes(48, "big")
    )
    return Point.from_octets(bytes(mapped.to_compressed_bytes()))


def create_generators(suite: Ciphersuite, count: int, api_id: bytes) -> tuple[Point, ...]:
    """create_generators(count, api_id); results are cached, in order."""
    return _generators(suite.ciphersuite_id, count, api_id)


@functools.lru_cache(maxsize=64)
def _generators(ciphersuite_id: bytes, count: int, api_id: bytes) -> tuple[Point, ...]:
    suite = hashing.SHA_256 if ciphersuite_id == hashing.SHA_256.ciphersuite_id else hashing.SHAKE_256
    seed_dst = api_id + hashing.GENERATOR_SEED
    generator_dst = api_id + hashing.GENERATOR_DST
    v = suite.expand_message(api_id + hashing.MESSAGE_GENERATOR_SEED, seed_dst, EXPAND_LENGTH)
    generators = []
    for i in range(1, count + 1):
        v = suite.expand_message(v + hashing.i2osp8(i), seed_dst, EXPAND_LENGTH)
        generators.append(hash_to_curve_g1(suite, v, generator_dst))
    return tuple(generators)


def blind_generators(interface: Interface, count: int) -> tuple[Point, ...]:
    """create_generators(count, "BLIND_" || api_id): Q_2, J_1, J_2, … of the Blind draft."""
    return create_generators(interface.suite, count, hashing.BLIND_PREFIX + interface.api_id)


def context_point(rp_context: bytes) -> Point:
    """OP = hash_to_curve("MUMEI-CTX-V1" || rp_context) under the mumei interface (design 2.3)."""
    return hash_to_curve_g1(hashing.MUMEI.suite, hashing.CONTEXT_PREFIX + rp_context, hashing.MUMEI.api_id)


def digit_base() -> Point:
    """G_d = hash_to_curve("MUMEI-DIGIT-BASE-V1") under the mumei interface (design 2.4)."""
    return hash_to_curve_g1(hashing.MUMEI.suite, hashing.DIGIT_BASE, hashing.MUMEI.api_id)


def slot_point(epoch: int, bucket: int, k: int) -> Point:
    """Q_k = hash_to_curve("MUMEI-REV-V1" || I2OSP(epoch,4) || I2OSP(b,2) || I2OSP(k,1)) (design 2.5)."""
    message = slots_input(epoch, bucket) + bytes([k])
    return hash_to_curve_g1(hashing.MUMEI.suite, message, hashing.MUMEI.api_id)


def slot_points(epoch: int, bucket: int) -> tuple[Point, ...]:
    """Q_0 .. Q_15 of one epoch and bucket."""
    return tuple(slot_point(epoch, bucket, k) for k in range(SLOTS))


def recognise_point(epoch: int, rp_context: bytes) -> Point:
    """R = hash_to_curve("MUMEI-RECOG-V1" || I2OSP(epoch,4) || rp_context) (design 2.5)."""
    message = recognise_input(epoch, rp_context)
    return hash_to_curve_g1(hashing.MUMEI.suite, message, hashing.MUMEI.api_id)
