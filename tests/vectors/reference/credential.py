"""The credential `mumei-resident-1`: mapping, header, commitment, blind issuance, common key (2.1 and 2.2).

Our interface is BBS with pseudonyms (N = 1) under api_id = ciphersuite_id || "MUMEI_H2G_TM2S_V1_"; only the
mapping of messages is ours.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from . import bbs, blind, dates, pseudonym
from .curve import BP1, G1
from .encoding import POINT, Invalid, Reader, i2osp, octets_to_g1, os2ip, serialize
from .field import R
from .hash_to_curve import hash_to_curve_g1

SUITE: Final = bbs.SHA_256
API_ID: Final = SUITE.api_id("MUMEI_H2G_TM2S_V1_")

CREDENTIAL_TYPE: Final = "mumei-resident-1"
TYPES: Final = ("uint", "uint", "uint", "bytes", "text")
"""Types of attributes 0..4: birth_date, prefecture, municipality, civil_identity, resident_code."""
BLIND_INDEX: Final = 5
HANDLE_INDEX: Final = 6
NYM_INDEX: Final = 7
NYMS: Final = 1
"""N: the type's number of nym secrets, never taken from the wire."""


def hash_to_curve(msg: bytes) -> G1:
    """Every hash_to_curve of the design: DST = api_id."""
    return hash_to_curve_g1(SUITE.expand_message, msg, API_ID)


def hash_to_scalar(msg: bytes, label: str) -> int:
    """hash_to_scalar under api_id || label."""
    return bbs.hash_to_scalar(SUITE, msg, API_ID + label.encode("ascii"))


@cache
def generators() -> tuple[G1, ...]:
    """(Q_1, H_1, ..., H_5, Q_2, J_1, J_2)."""
    return bbs.create_generators(SUITE, 6, API_ID) + blind_generators()


@cache
def blind_generators() -> tuple[G1, ...]:
    """(Q_2, J_1, J_2)."""
    return blind.blind_generators(SUITE, 2 + NYMS, API_ID)


# Messages


def attribute_octets(index: int, value: int | str | bytes) -> bytes:
    """A typed value as the octets in which it is disclosed; text is brought to NFC. Raises ValueError."""
    kind = TYPES[index]
    if kind == "uint" and isinstance(value, int) and 0 <= value < 2**32:
        return i2osp(value, 4)
    if kind == "text" and isinstance(value, str):
        return unicodedata.normalize("NFC", value).encode("utf-8")
    if kind == "bytes" and isinstance(value, bytes):
        return value
    raise ValueError(f"attribute {index} is of type {kind}")


def map_attribute(index: int, octets: bytes) -> int:
    """The scalar of disclosed octets, or raises Invalid."""
    kind = TYPES[index]
    if kind == "uint":
        if len(octets) != 4:
            raise Invalid("uint has four octets")
        return os2ip(octets)
    if kind == "text":
        try:
            octets.decode("utf-8")
        except UnicodeDecodeError:
            raise Invalid("text is not UTF-8") from None
    return hash_to_scalar(octets, "MAP_MSG_TO_SCALAR_AS_HASH_")


def map_attributes(attributes: Sequence[bytes]) -> list[int]:
    if len(attributes) != len(TYPES):
        raise ValueError("five attributes")
    return [map_attribute(i, octets) for i, octets in enumerate(attributes)]


def _der(tag: int, value: bytes) -> bytes:
    if len(value) >= 0x80:
        raise ValueError("no element of the header is that long")
    return bytes([tag, len(value)]) + value


def header(pk: bytes, valid_until: int) -> bytes:
    """DER SEQUENCE { UTF8String type, OCTET STRING SHA-256(PK), INTEGER valid_until }, without I2OSP(N, 8).

    Raises Invalid unless the day is a 30 June or 31 December of 4 octets.
    """
    if not 0 <= valid_until < 2**32 or not dates.is_validity_end(valid_until):
        raise Invalid("validity ends on a 30 June or 31 December")
    integer = i2osp(valid_until, valid_until.bit_length() // 8 + 1)  # one bit more, for the sign
    body = _der(0x0C, CREDENTIAL_TYPE.encode("utf-8"))
    body += _der(0x04, hashlib.sha256(pk).digest())
    return _der(0x30, body + _der(0x02, integer))


# Enrolment and issuance


def commit(
    handle: int, prover_nym: int, secret_prover_blind: int, s_tilde: int, handle_tilde: int, nym_tilde: int
) -> bytes:
    """CommitWithNym on the scalars (handle, nym): C || s^ || h^ || n^ || c, 176 octets."""
    return blind.core_commit(
        SUITE,
        blind_generators(),
        [handle, prover_nym],
        API_ID,
        secret_prover_blind,
        s_tilde,
        [handle_tilde, nym_tilde],
    )


def verify_commit(commitment_with_proof: bytes) -> G1:
    """C, or raises Invalid; a commitment to another number of scalars is refused."""
    return blind.core_commit_verify(SUITE, commitment_with_proof, blind_generators(), API_ID)


def issue_with_b(
    sk: int,
    attributes: Sequence[bytes],
    valid_until: int,
    commitment_with_proof: bytes,
    signer_nym_entropy: int,
) -> tuple[bytes, G1]:
    """BlindSignWithNym: (signature of 80 octets A || e, B)."""
    verify_commit(commitment_with_proof)
    pk = bbs.sk_to_pk(sk)
    return pseudonym.blind_sign_with_nym(
        SUITE,
        sk,
        pk,
        commitment_with_proof,
        NYMS,
        signer_nym_entropy,
        header(pk, valid_until),
        map_attributes(attributes),
        API_ID,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a card holds: public key, signature, the five attributes' octets, and its own scalars."""

    pk: bytes
    signature: bytes
    attributes: tuple[bytes, ...]
    valid_until: int
    secret_prover_blind: int
    revocation_handle: int
    nym_secret: int
    """prover_nym + signer_nym_entropy mod r."""

    def header(self) -> bytes:
        """What is signed and shown: header || I2OSP(N, 8)."""
        return pseudonym.combined_header(header(self.pk, self.valid_until), NYMS)

    def messages(self) -> list[int]:
        """The eight message scalars in order of index."""
        secrets = [self.secret_prover_blind, self.revocation_handle, self.nym_secret]
        return map_attributes(self.attributes) + secrets

    def b(self) -> G1:
        """B, as the card computes it."""
        domain = bbs.calculate_domain(SUITE, self.pk, generators(), self.header(), API_ID)
        return bbs.compute_b(SUITE, generators(), domain, self.messages())


def verify_credential(credential: Credential) -> None:
    """The signature under the public key, with pairings (a card cannot); raises Invalid."""
    messages = credential.messages()
    bbs.core_verify(
        SUITE, credential.pk, credential.signature, generators(), credential.header(), messages, API_ID
    )


# Common key: W1 = BP1 * sk and S = A * sk have one logarithm


def _common_key_challenge(w1: G1, a: G1, s: G1, t1: G1, ta: G1) -> int:
    return hash_to_scalar(serialize(BP1, w1, a, s, t1, ta), "COMMON_KEY_H2S_")


def prove_common_key(sk: int, signature: bytes, b: bytes, k: int) -> bytes:
    """c || z, 64 octets, for S = B - A * e; b is B's 48 octets."""
    a, e = bbs.octets_to_signature(signature)
    s = octets_to_g1(b) - a * e
    c = _common_key_challenge(BP1 * sk, a, s, BP1 * k, a * k)
    return serialize(c, (k + c * sk) % R)


def check_common_key(w1: bytes, signature: bytes, b: bytes, proof: bytes) -> None:
    """The card's check, subgroup check of A included; raises Invalid."""
    a, e = bbs.octets_to_signature(signature)
    key = octets_to_g1(w1)
    reader = Reader(proof)
    c, z = reader.scalar(), reader.scalar()
    reader.end()
    if len(b) != POINT:
        raise Invalid("B has 48 octets")
    s = octets_to_g1(b) - a * e
    if c != _common_key_challenge(key, a, s, BP1 * z - key * c, a * z - s * c):
        raise Invalid("the signature is not under the common key")
