"""BBS signatures: utilities, core operations and the draft's own interface H2G_HM2S_.

Source: draft-irtf-cfrg-bbs-signatures, repository state 2025-07-07; section names stand in the docstrings.
Where the draft returns INVALID, Invalid is raised. Message scalars are ints mod r, generators are
(Q_1, H_1, ..., H_L).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from .curve import BP2, G1, linear_combination
from .encoding import (
    POINT,
    SCALAR,
    Invalid,
    Reader,
    i2osp,
    octets_to_pubkey,
    os2ip,
    point_to_octets_e2,
    serialize,
)
from .field import R
from .hash_to_curve import ExpandMessage, expand_message_xmd, expand_message_xof, hash_to_curve_g1
from .pairing import product_is_one

EXPAND_LEN: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Ciphersuite:
    """A BBS ciphersuite over BLS12-381: they differ in the way they expand messages."""

    ciphersuite_id: bytes
    expand_message: ExpandMessage

    def api_id(self, interface: str) -> bytes:
        """ciphersuite_id || interface, for instance H2G_HM2S_."""
        return self.ciphersuite_id + interface.encode("ascii")


SHA_256: Final = Ciphersuite(
    ciphersuite_id=b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_", expand_message=expand_message_xmd
)
SHAKE_256: Final = Ciphersuite(
    ciphersuite_id=b"BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_", expand_message=expand_message_xof
)


# Utilities


def hash_to_scalar(suite: Ciphersuite, msg: bytes, dst: bytes) -> int:
    """"Hash to Scalar": 48 expanded octets mod r."""
    return os2ip(suite.expand_message(msg, dst, EXPAND_LEN)) % R


def messages_to_scalars(suite: Ciphersuite, messages: Sequence[bytes], api_id: bytes) -> list[int]:
    """"Messages to Scalars"."""
    return [hash_to_scalar(suite, m, api_id + b"MAP_MSG_TO_SCALAR_AS_HASH_") for m in messages]


def _generator_chain(suite: Ciphersuite, seed: bytes, seed_dst: bytes, generator_dst: bytes) -> Iterator[G1]:
    v = suite.expand_message(seed, seed_dst, EXPAND_LEN)
    for i in itertools.count(1):
        v = suite.expand_message(v + i2osp(i, 8), seed_dst, EXPAND_LEN)
        yield hash_to_curve_g1(suite.expand_message, v, generator_dst)


@cache
def create_generators(suite: Ciphersuite, count: int, api_id: bytes) -> tuple[G1, ...]:
    """"Generators Calculation"."""
    chain = _generator_chain(
        suite,
        api_id + b"MESSAGE_GENERATOR_SEED",
        api_id + b"SIG_GENERATOR_SEED_",
        api_id + b"SIG_GENERATOR_DST_",
    )
    return tuple(itertools.islice(chain, count))


@cache
def fixed_point_p1(suite: Ciphersuite) -> G1:
    """P1 of the ciphersuite, as "BLS12-381 Ciphersuites" derives it."""
    prefix = suite.api_id("H2G_HM2S_")
    return next(
        _generator_chain(
            suite,
            prefix + b"BP_MESSAGE_GENERATOR_SEED",
            prefix + b"SIG_GENERATOR_SEED_",
            prefix + b"SIG_GENERATOR_DST_",
        )
    )


def calculate_domain(
    suite: Ciphersuite, pk: bytes, generators: Sequence[G1], header: bytes, api_id: bytes
) -> int:
    """"Domain Calculation"; generators = (Q_1, H_1, ..., H_L)."""
    dom_octs = serialize(i2osp(len(generators) - 1, 8), *generators) + api_id
    return hash_to_scalar(suite, pk + dom_octs + i2osp(len(header), 8) + header, api_id + b"H2S_")


def compute_b(
    suite: Ciphersuite, generators: Sequence[G1], domain: int, messages: Sequence[int]
) -> G1:
    """B = P1 + Q_1 * domain + H_1 * msg_1 + ... + H_L * msg_L."""
    return fixed_point_p1(suite) + linear_combination(generators, [domain, *messages])


# Keys


def keygen(suite: Ciphersuite, key_material: bytes, key_info: bytes, key_dst: bytes) -> int:
    """"Secret Key"."""
    if len(key_material) < 32 or len(key_info) > 65535:
        raise Invalid("key material of at least 32 octets, key info of at most 65535")
    return hash_to_scalar(suite, key_material + i2osp(len(key_info), 2) + key_info, key_dst)


def sk_to_pk(sk: int) -> bytes:
    """"Public Key": W = BP2 * SK, 96 octets."""
    return point_to_octets_e2(BP2 * sk)


# Signatures


def octets_to_signature(octets: bytes) -> tuple[G1, int]:
    """"Octets to Signature": (A, e) from 80 octets."""
    reader = Reader(octets)
    a, e = reader.point(), reader.scalar()
    reader.end()
    return a, e


def core_sign(
    suite: Ciphersuite,
    sk: int,
    pk: bytes,
    generators: Sequence[G1],
    header: bytes,
    messages: Sequence[int],
    api_id: bytes,
) -> bytes:
    """"CoreSign": 80 octets A || e."""
    domain = calculate_domain(suite, pk, generators, header, api_id)
    e = hash_to_scalar(suite, serialize(sk, *messages, domain), api_id + b"H2S_")
    b = compute_b(suite, generators, domain, messages)
    return serialize(b * pow(sk + e, -1, R), e)


def core_verify(
    suite: Ciphersuite,
    pk: bytes,
    signature: bytes,
    generators: Sequence[G1],
    header: bytes,
    messages: Sequence[int],
    api_id: bytes,
) -> None:
    """"CoreVerify": e(A, W) e(A * e - B, BP2) = 1, or raises Invalid."""
    a, e = octets_to_signature(signature)
    w = octets_to_pubkey(pk)
    if len(generators) != len(messages) + 1:
        raise Invalid("as many message generators as messages")
    b = compute_b(suite, generators, calculate_domain(suite, pk, generators, header, api_id), messages)
    if not product_is_one([(a, w), (a * e - b, BP2)]):
        raise Invalid("signature does not verify")


# Proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRandoms:
    """The random scalars of one proof: r1, r2, e~, r1~, r3~ and one m~_j for each undisclosed message."""

    r1: int
    r2: int
    e: int
    r1_tilde: int
    r3_tilde: int
    m: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """What both sides compute before the challenge ("Proof Initialization")."""

    a_bar: G1
    b_bar: G1
    d: G1
    t1: G1
    t2: G1
    domain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Abar, Bbar, D, e^, r1^, r3^, (m^_j1, ..., m^_jU), c."""

    a_bar: G1
    b_bar: G1
    d: G1
    e: int
    r1: int
    r3: int
    m: tuple[int, ...]
    c: int

    def to_octets(self) -> bytes:
        """"Proof to Octets"."""
        return serialize(self.a_bar, self.b_bar, self.d, self.e, self.r1, self.r3, *self.m, self.c)


def octets_to_proof(octets: bytes) -> Proof:
    """"Octets to Proof"; U follows from the length."""
    undisclosed, odd = divmod(len(octets) - 3 * POINT - 4 * SCALAR, SCALAR)
    if undisclosed < 0 or odd:
        raise Invalid("a proof has three points and at least four scalars")
    reader = Reader(octets)
    a_bar, b_bar, d = reader.point(), reader.point(), reader.point()
    e, r1, r3 = reader.scalar(), reader.scalar(), reader.scalar()
    m = tuple(reader.scalar() for _ in range(undisclosed))
    return Proof(a_bar=a_bar, b_bar=b_bar, d=d, e=e, r1=r1, r3=r3, m=m, c=reader.scalar())


def complement(indexes: Sequence[int], total: int) -> list[int]:
    """(0, ..., total - 1) without indexes, which must be ascending and inside; raises Invalid."""
    if list(indexes) != sorted(set(indexes)) or any(not 0 <= i < total for i in indexes):
        raise Invalid("indexes ascending, each once, and below the number of messages")
    return [i for i in range(total) if i not in set(indexes)]


def proof_init(
    suite: Ciphersuite,
    pk: bytes,
    signature: tuple[G1, int],
    generators: Sequence[G1],
    randoms: ProofRandoms,
    header: bytes,
    messages: Sequence[int],
    undisclosed: Sequence[int],
    api_id: bytes,
) -> InitResult:
    """"Proof Initialization"."""
    a, e = signature
    domain = calculate_domain(suite, pk, generators, header, api_id)
    b = compute_b(suite, generators, domain, messages)
    d = b * randoms.r2
    a_bar = a * (randoms.r1 * randoms.r2 % R)
    b_bar = d * randoms.r1 - a_bar * e
    t1 = a_bar * randoms.e + d * randoms.r1_tilde
    hidden = [generators[1 + j] for j in undisclosed]
    t2 = d * randoms.r3_tilde + linear_combination(hidden, randoms.m)
    return InitResult(a_bar=a_bar, b_bar=b_bar, d=d, t1=t1, t2=t2, domain=domain)


def proof_finalize(
    init: InitResult, c: int, e: int, randoms: ProofRandoms, undisclosed_messages: Sequence[int]
) -> Proof:
    """"Proof Finalization"."""
    r3 = pow(randoms.r2, -1, R)
    return Proof(
        a_bar=init.a_bar,
        b_bar=init.b_bar,
        d=init.d,
        e=(randoms.e + e * c) % R,
        r1=(randoms.r1_tilde - randoms.r1 * c) % R,
        r3=(randoms.r3_tilde - r3 * c) % R,
        m=tuple((m + x * c) % R for m, x in zip(randoms.m, undisclosed_messages, strict=True)),
        c=c,
    )


def proof_verify_init(
    suite: Ciphersuite,
    pk: bytes,
    proof: Proof,
    generators: Sequence[G1],
    header: bytes,
    disclosed_messages: Sequence[int],
    disclosed: Sequence[int],
    api_id: bytes,
) -> InitResult:
    """"Proof Verification Initialization"."""
    total = len(disclosed) + len(proof.m)
    if len(generators) != total + 1 or len(disclosed_messages) != len(disclosed):
        raise Invalid("number of messages, indexes and generators do not agree")
    hidden = [generators[1 + j] for j in complement(disclosed, total)]
    shown = [generators[1 + i] for i in disclosed]
    domain = calculate_domain(suite, pk, generators, header, api_id)
    t1 = proof.b_bar * proof.c + proof.a_bar * proof.e + proof.d * proof.r1
    bv = fixed_point_p1(suite) + generators[0] * domain + linear_combination(shown, disclosed_messages)
    t2 = bv * proof.c + proof.d * proof.r3 + linear_combination(hidden, proof.m)
    return InitResult(a_bar=proof.a_bar, b_bar=proof.b_bar, d=proof.d, t1=t1, t2=t2, domain=domain)


def disclosed_octets(disclosed_messages: Sequence[int], disclosed: Sequence[int]) -> bytes:
    """R || i1 || msg_i1 || ... || iR || msg_iR, the head of every challenge."""
    octets = i2osp(len(disclosed), 8)
    for i, m in zip(disclosed, disclosed_messages, strict=True):
        octets += serialize(i2osp(i, 8), m)
    return octets


def proof_challenge_calculate(
    suite: Ciphersuite,
    init: InitResult,
    disclosed_messages: Sequence[int],
    disclosed: Sequence[int],
    ph: bytes,
    api_id: bytes,
) -> int:
    """"Challenge Calculation"."""
    c_octs = disclosed_octets(disclosed_messages, disclosed) + serialize(
        init.a_bar, init.b_bar, init.d, init.t1, init.t2, init.domain, i2osp(len(ph), 8), ph
    )
    return hash_to_scalar(suite, c_octs, api_id + b"H2S_")


def core_proof_gen(
    suite: Ciphersuite,
    pk: bytes,
    signature: bytes,
    generators: Sequence[G1],
    header: bytes,
    ph: bytes,
    messages: Sequence[int],
    disclosed: Sequence[int],
    api_id: bytes,
    randoms: ProofRandoms,
) -> bytes:
    """"CoreProofGen" with the random scalars given."""
    a, e = octets_to_signature(signature)
    undisclosed = complement(disclosed, len(messages))
    init = proof_init(
        suite, pk, (a, e), generators, randoms, header, messages, undisclosed, api_id
    )
    c = proof_challenge_calculate(suite, init, [messages[i] for i in disclosed], disclosed, ph, api_id)
    return proof_finalize(init, c, e, randoms, [messages[j] for j in undisclosed]).to_octets()


def core_proof_verify(
    suite: Ciphersuite,
    pk: bytes,
    proof_octets: bytes,
    generators: Sequence[G1],
    header: bytes,
    ph: bytes,
    disclosed_messages: Sequence[int],
    disclosed: Sequence[int],
    api_id: bytes,
) -> None:
    """"CoreProofVerify", or raises Invalid."""
    proof = octets_to_proof(proof_octets)
    w = octets_to_pubkey(pk)
    init = proof_verify_init(
        suite, pk, proof, generators, header, disclosed_messages, disclosed, api_id
    )
    if proof.c != proof_challenge_calculate(suite, init, disclosed_messages, disclosed, ph, api_id):
        raise Invalid("challenge does not agree")
    if not product_is_one([(proof.a_bar, w), (-proof.b_bar, BP2)]):
        raise Invalid("pairing equation of the proof does not hold")
