"""Hashing to octets and scalars, and every domain separation tag of the project in one table.

Source: RFC 9380, 5.3 (expand_message); draft-irtf-cfrg-bbs-signatures, "Hash to Scalar", "Ciphersuites".
Nothing here hashes to a curve, so a card can use all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mumei_core.crypto.curve import Point, R, scalar_to_octets
from mumei_core.metering import count_sha256

#: expand_len = ceil((ceil(log2(r)) + k) / 8) for both ciphersuites.
EXPAND_LENGTH: Final = 48


def expand_message_xmd(message: bytes, dst: bytes, length: int) -> bytes:
    """expand_message_xmd with SHA-256 (RFC 9380, 5.3.1): ``length`` octets, at most 255 * 32."""
    blocks = -(-length // 32)
    if blocks > 255 or len(dst) > 255:
        raise ValueError("expand_message: output or tag too long")
    dst_prime = dst + bytes([len(dst)])
    b_0 = sha256(bytes(64) + message + length.to_bytes(2, "big") + b"\0" + dst_prime)
    block = sha256(b_0 + b"\1" + dst_prime)
    uniform = bytearray(block)
    for i in range(2, blocks + 1):
        mixed = bytes(x ^ y for x, y in zip(b_0, block, strict=True))
        block = sha256(mixed + bytes([i]) + dst_prime)
        uniform += block
    return bytes(uniform[:length])


def expand_message_xof(message: bytes, dst: bytes, length: int) -> bytes:
    """expand_message_xof with SHAKE-256 (RFC 9380, 5.3.2): ``length`` octets, at most 65,535."""
    if length > 65535 or len(dst) > 255:
        raise ValueError("expand_message: output or tag too long")
    return hashlib.shake_256(message + length.to_bytes(2, "big") + dst + bytes([len(dst)])).digest(length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ciphersuite:
    """A BBS ciphersuite as far as both sides need it.

    ``p1``: the fixed point P1, 48 octets. hash_to_curve is host only and lives in ``hash_to_curve``.
    """

    ciphersuite_id: bytes
    expand_message: Callable[[bytes, bytes, int], bytes]
    p1: Point

    def hash_to_scalar(self, message: bytes, dst: bytes) -> int:
        """hash_to_scalar of the BBS draft: OS2IP(expand_message(message, dst, 48)) mod r."""
        return int.from_bytes(self.expand_message(message, dst, EXPAND_LENGTH), "big") % R


SHA_256: Final = Ciphersuite(
    ciphersuite_id=b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_",
    expand_message=expand_message_xmd,
    p1=Point.from_octets(
        bytes.fromhex(
            "a8ce256102840821a3e94ea9025e4662b205762f9776b3a766c872b948f1fd225e7c59698588e70d11406d161b4e28c9"
        )
    ),
)
SHAKE_256: Final = Ciphersuite(
    ciphersuite_id=b"BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_",
    expand_message=expand_message_xof,
    p1=Point.from_octets(
        bytes.fromhex(
            "8929dfbc7e6642c4ed9cba0856e493f8b9d7d5fcb0c31ef8fdcd34d50648a56c795e106e9eada6e0bda386b414150755"
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A BBS Interface: a ciphersuite under its own ``api_id``, which separates its proofs from all others'."""

    suite: Ciphersuite
    name: bytes

    @property
    def api_id(self) -> bytes:
        return self.suite.ciphersuite_id + self.name

    def dst(self, label: bytes) -> bytes:
        """``api_id || label``; the labels are the constants below."""
        return self.api_id + label

    def hash_to_scalar(self, message: bytes, label: bytes) -> int:
        return self.suite.hash_to_scalar(message, self.dst(label))


def hash_to_scalars(interface: Interface, prefix: bytes, count: int, label: bytes) -> list[int]:
    """hash_to_scalar(prefix || I2OSP(j,4), api_id || label) for j from 0, in less than half the time.

    For suites with SHA-256; what the messages have in common is hashed once. Host only: not counted as a card's.
    """
    dst = interface.dst(label)
    tail = EXPAND_LENGTH.to_bytes(2, "big") + b"\0" + dst + bytes([len(dst)])
    dst_prime = tail[3:]
    begun = hashlib.sha256(bytes(64) + prefix)
    scalars = []
    for j in range(count):
        state = begun.copy()
        state.update(j.to_bytes(4, "big") + tail)
        b_0 = state.digest()
        b_1 = hashlib.sha256(b_0 + b"\1" + dst_prime).digest()
        mixed = (int.from_bytes(b_0, "big") ^ int.from_bytes(b_1, "big")).to_bytes(32, "big")
        b_2 = hashlib.sha256(mixed + b"\2" + dst_prime).digest()
        scalars.append(int.from_bytes(b_1 + b_2[: EXPAND_LENGTH - 32], "big") % R)
    return scalars


# Labels that follow api_id in a domain separation tag.
H2S: Final = b"H2S_"  # BBS: signatures, domains, challenges
MAP_MESSAGE: Final = b"MAP_MSG_TO_SCALAR_AS_HASH_"  # BBS: messages_to_scalars
GENERATOR_SEED: Final = b"SIG_GENERATOR_SEED_"  # BBS: create_generators
GENERATOR_DST: Final = b"SIG_GENERATOR_DST_"
MESSAGE_GENERATOR_SEED: Final = b"MESSAGE_GENERATOR_SEED"
BLIND_PREFIX: Final = b"BLIND_"  # Blind: goes *before* api_id
NYM_SECRETS: Final = b"VECT_NYM_SECRETS"  # Nym: powers of a vector of nym secrets
KEYGEN: Final = b"KEYGEN_DST_"  # BBS: KeyGen
COMMON_KEY: Final = b"COMMON_KEY_H2S_"  # mumei: proof that a signature is under the common key
TRUSTEE_WEIGHT: Final = b"TRUSTEE_W_"  # mumei: weights of a trustee's evaluations
TRUSTEE: Final = b"TRUSTEE_H2S_"  # mumei: proof that they are right
ENROL: Final = b"ENROL_H2S_"  # mumei: link proof of enrolment

# Labels inside messages hashed to a curve under the mumei interface.
CONTEXT_PREFIX: Final = b"MUMEI-CTX-V1"
DIGIT_BASE: Final = b"MUMEI-DIGIT-BASE-V1"
SLOT_PREFIX: Final = b"MUMEI-REV-V1"
RECOGNISE_PREFIX: Final = b"MUMEI-RECOG-V1"

# Labels of plain SHA-256 inputs and of the presentation header.
CHANNEL_BINDING: Final = b"MUMEI-CB-V1"
PRESENTATION_HEADER: Final = b"MUMEI-PH-V1"
SHARE: Final = b"MUMEI-SHARE-V1"

#: The drafts' own interfaces, by ciphersuite.
BBS_H2G_HM2S: Final = b"H2G_HM2S_"
BLIND_H2G_HM2S: Final = b"BLIND_H2G_HM2S_"
NYM_H2G_HM2S: Final = b"H2G_HM2S_PSEUDONYM_"

#: The interface of the card (design 2.1): typed messages to scalars.
MUMEI: Final = Interface(suite=SHA_256, name=b"MUMEI_H2G_TM2S_V1_")


def serialize(*elements: Point | int) -> bytes:
    """``serialize`` of the BBS draft for points and scalars; use :func:`i2osp8` for the 8-octet integers."""
    return b"".join(e.to_octets() if isinstance(e, Point) else scalar_to_octets(e) for e in elements)


def i2osp8(value: int) -> bytes:
    """I2OSP(value, 8): counts, indexes and lengths in ``serialize``."""
    return value.to_bytes(8, "big")


def sha256(octets: bytes) -> bytes:
    """SHA-256, 32 octets."""
    count_sha256(len(octets))
    return hashlib.sha256(octets).digest()
