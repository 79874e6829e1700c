"""The terminal's side of PACE-ECDH-GM-AES-CBC-CMAC-128 on P-256: TR-03110-2 v2.21, 3.2; TR-03110-3 v2.21, A.3, B.1.

Written from the texts on top of the packages ``ecdsa`` and ``cryptography``; nothing here imports the project.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from ecdsa.curves import NIST256p
from ecdsa.ellipticcurve import Point

from .tlv import tlv

PROTOCOL = bytes.fromhex("04007F00070202040202")
_CURVE, _G, _N = NIST256p.curve, NIST256p.generator, int(NIST256p.order)


@dataclass(frozen=True, slots=True)
class PaceKeys:
    """What a channel has: session keys, and both ephemeral public keys as 04 || X || Y."""

    enc: bytes
    mac: bytes
    card_key: bytes
    terminal_key: bytes


def derive(secret: bytes, counter: int) -> bytes:
    """KDF of A.2.3 for AES-128."""
    return hashlib.sha1(secret + counter.to_bytes(4, "big")).digest()[:16]


def encode_point(point: Point) -> bytes:
    """04 || X || Y."""
    return b"\x04" + int(point.x()).to_bytes(32, "big") + int(point.y()).to_bytes(32, "big")


def decode_point(data: bytes) -> Point:
    """A point of the curve from 04 || X || Y; AssertionError otherwise."""
    assert len(data) == 65 and data[0] == 4, "a public key is 04 || X || Y"
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    assert _CURVE.contains_point(x, y), "the card's key is no point of the curve"
    return Point(_CURVE, x, y, _N)


def cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC, 16 octets."""
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


class PaceTerminal:
    """One run. The methods give the values of DO 81, 83 and 85, and take those of 80, 82, 84 and 86."""

    def __init__(self, password: str) -> None:
        self._password_key = derive(password.encode("latin-1"), 3)
        self._mapping, self._ephemeral = (1 + secrets.randbelow(_N - 1) for _ in range(2))
        self._nonce = 0
        self._generator: Point | None = None
        self._keys: PaceKeys | None = None

    def take_nonce(self, encrypted: bytes) -> bytes:
        """Decrypts z; gives the mapping key."""
        decryptor = Cipher(algorithms.AES(self._password_key), modes.CBC(bytes(16))).decryptor()
        self._nonce = int.from_bytes(decryptor.update(encrypted) + decryptor.finalize(), "big")
        return encode_point(_G * self._mapping)

    def take_mapping(self, card: bytes) -> bytes:
        """Maps the generator; gives the ephemeral key."""
        self._generator = _G * (self._nonce % _N) + decode_point(card) * self._mapping
        return encode_point(self._generator * self._ephemeral)

    def take_key(self, card: bytes) -> bytes:
        """Agrees on the keys; gives the terminal's token."""
        assert self._generator is not None
        own = encode_point(self._generator * self._ephemeral)
        shared = int((decode_point(card) * self._ephemeral).x()).to_bytes(32, "big")
        self._keys = PaceKeys(enc=derive(shared, 1), mac=derive(shared, 2), card_key=card, terminal_key=own)
        return _token(self._keys.mac, card)

    def take_token(self, card: bytes) -> PaceKeys:
        """Checks the card's token; gives the keys."""
        assert self._keys is not None
        assert card == _token(self._keys.mac, self._keys.terminal_key), "the card's token is wrong"
        return self._keys


def _token(key: bytes, public: bytes) -> bytes:
    return cmac(key, tlv("7F49", tlv("06", PROTOCOL) + tlv("86", public)))[:8]
