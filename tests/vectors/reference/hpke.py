"""HPKE base mode with P-256, HKDF-SHA256 and AES-128-GCM, slowly (RFC 9180; FIPS 197, SP 800-38D by a library).

The curve is written out with affine coordinates, so that nothing is shared with what it judges.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .encoding import Invalid, i2osp, os2ip

Affine: TypeAlias = tuple[int, int] | None

_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_A: Final = _P - 3
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def public_key(sk: int) -> bytes:
    """04 || X || Y."""
    return _encode(_multiply(_G, sk))


def seal_base(pk_r: bytes, info: bytes, aad: bytes, pt: bytes, *, sk_e: int) -> bytes:
    """enc || ct, with the ephemeral key given."""
    enc = public_key(sk_e)
    key, nonce = _key_schedule(_x(_multiply(_decode(pk_r), sk_e)), enc, pk_r, info)
    return enc + AESGCM(key).encrypt(nonce, pt, aad)


def open_base(sk_r: int, sealed: bytes, info: bytes, aad: bytes) -> bytes:
    """The plaintext, or raises Invalid."""
    enc, ct = sealed[:65], sealed[65:]
    key, nonce = _key_schedule(_x(_multiply(_decode(enc), sk_r)), enc, public_key(sk_r), info)
    try:
        return AESGCM(key).decrypt(nonce, ct, aad)
    except InvalidTag:
        raise Invalid("does not open") from None


def _key_schedule(dh: bytes, enc: bytes, pk_r: bytes, info: bytes) -> tuple[bytes, bytes]:
    kem, suite = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x01"
    prk = _extract(b"", b"HPKE-v1" + kem + b"eae_prk" + dh)
    shared = _expand(prk, i2osp(32, 2) + b"HPKE-v1" + kem + b"shared_secret" + enc + pk_r, 32)
    psk_id_hash = _extract(b"", b"HPKE-v1" + suite + b"psk_id_hash")
    info_hash = _extract(b"", b"HPKE-v1" + suite + b"info_hash" + info)
    context = b"\x00" + psk_id_hash + info_hash
    secret = _extract(shared, b"HPKE-v1" + suite + b"secret")
    key = _expand(secret, i2osp(16, 2) + b"HPKE-v1" + suite + b"key" + context, 16)
    nonce = _expand(secret, i2osp(12, 2) + b"HPKE-v1" + suite + b"base_nonce" + context, 12)
    return key, nonce


def _extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()


def _expand(prk: bytes, info: bytes, length: int) -> bytes:
    okm, t, i = b"", b"", 1
    while len(okm) < length:
        t = hmac.new(prk, t + info + bytes([i]), hashlib.sha256).digest()
        okm, i = okm + t, i + 1
    return okm[:length]


def _add(p: Affine, q: Affine) -> Affine:
    if p is None or q is None:
        return q if p is None else p
    (x1, y1), (x2, y2) = p, q
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P) if p == q else (y2 - y1) * pow(x2 - x1, -1, _P)
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P


def _multiply(p: Affine, k: int) -> Affine:
    total: Affine = None
    for bit in f"{k:b}":
        total = _add(total, total)
        if bit == "1":
            total = _add(total, p)
    return total


def _encode(p: Affine) -> bytes:
    if p is None:
        raise Invalid("the point at infinity")
    return b"\x04" + i2osp(p[0], 32) + i2osp(p[1], 32)


def _x(p: Affine) -> bytes:
    return _encode(p)[1:33]


def _decode(octets: bytes) -> Affine:
    x, y = os2ip(octets[1:33]), os2ip(octets[33:])
    if len(octets) != 65 or octets[0] != 4 or x >= _P or y >= _P or (y * y - x * x * x - _A * x - _B) % _P:
        raise Invalid("not a point of P-256")
    return x, y
