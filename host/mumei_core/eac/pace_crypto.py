"""The functions of PACE with generic mapping over ECDH and AES (TR-03110-3 v2.21, A.2 and A.3; ICAO Doc 9303-11,
8th edition, 4.4.3 and 9.7).

They know nothing of sides, steps or commands: both state machines of :mod:`mumei_core.eac.pace` use the same ones.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from mumei_core.commands import codes
from mumei_core.eac.ec import EcGroup, EcPoint
from mumei_core.errors import DecodingError
from mumei_core.iso7816.ber_tlv import encode
from mumei_core.metering import count_aes, count_cmac, count_sha256

BLOCK: Final = 16
TOKEN_LENGTH: Final = 8

# Counters of the key derivation function (A.2.3).
_FOR_ENCRYPTION, _FOR_AUTHENTICATION, _FOR_PASSWORD = 1, 2, 3


class PaceAlgorithm(Enum):
    """id-PACE-ECDH-GM-AES-CBC-CMAC-*; the value is what DO 80 carries: the identifier without tag and length."""

    AES_128 = codes.OID_PACE_ECDH_GM_AES_128
    AES_192 = codes.OID_PACE_ECDH_GM_AES_192
    AES_256 = codes.OID_PACE_ECDH_GM_AES_256

    @property
    def key_length(self) -> int:
        """Octets of each key: 16, 24 or 32."""
        return {PaceAlgorithm.AES_128: 16, PaceAlgorithm.AES_192: 24, PaceAlgorithm.AES_256: 32}[self]

    @classmethod
    def from_oid(cls, oid: bytes) -> PaceAlgorithm:
        """Raises :class:`DecodingError` for any other protocol."""
        try:
            return cls(oid)
        except ValueError as error:
            raise DecodingError("not a PACE protocol that is known here") from error


def kdf(algorithm: PaceAlgorithm, secret: bytes, counter: int) -> bytes:
    """KDF(K, c), A.2.3: SHA-1 for 16 octets, SHA-256 for 24 and 32, its first octets."""
    octets = secret + counter.to_bytes(4)
    count_sha256(len(octets))
    if algorithm is PaceAlgorithm.AES_128:
        # The standard's choice; as a derivation function it needs no resistance to collisions.
        return hashlib.sha1(octets, usedforsecurity=False).digest()[: algorithm.key_length]
    return hashlib.sha256(octets).digest()[: algorithm.key_length]


def password_key(algorithm: PaceAlgorithm, password: bytes) -> bytes:
    """K_pi from f(pi), A.2.3.2: digits as ISO 8859-1 characters, or the hash of the MRZ."""
    return kdf(algorithm, password, _FOR_PASSWORD)


def session_keys(algorithm: PaceAlgorithm, shared: EcPoint) -> tuple[bytes, bytes]:
    """(K_Enc, K_MAC) from the shared point: K is its x-coordinate, leading zeros kept (A.2.3.1)."""
    return kdf(algorithm, shared.x, _FOR_ENCRYPTION), kdf(algorithm, shared.x, _FOR_AUTHENTICATION)


def encrypt_nonce(key: bytes, nonce: bytes) -> bytes:
    """z = E(K_pi, s): AES-CBC, IV zero, no padding (A.3.3). ``nonce``: a multiple of 16 octets."""
    count_aes(len(nonce))
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).encryptor()
    return encryptor.update(nonce) + encryptor.finalize()


def decrypt_nonce(key: bytes, encrypted: bytes) -> bytes:
    """s = D(K_pi, z). With a wrong password this is another nonce, and nobody can tell."""
    count_aes(len(encrypted))
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()


def map_generator(group: EcGroup, nonce: bytes, shared: EcPoint) -> EcPoint:
    """G~ = s * G + H, A.3.4.1; H is the shared *point*. Raises :class:`PointError` for infinity.

    s is reduced modulo the order; s = 0, which no honest side draws, is refused as well.
    """
    return group.add(group.multiply(group.generator, int.from_bytes(nonce) % group.order), shared)


def token_input(algorithm: PaceAlgorithm, key: EcPoint) -> bytes:
    """What a token authenticates, A.2.4: ``7F49{06 OID, 86 04||X||Y}`` of the *other* side's ephemeral key."""
    inner = encode(codes.TAG_OBJECT_IDENTIFIER, algorithm.value) + encode(codes.TAG_PUBLIC_POINT, key.octets)
    return encode(codes.TAG_PUBLIC_KEY, inner)


def auth_token(algorithm: PaceAlgorithm, k_mac: bytes, key: EcPoint) -> bytes:
    """T = first 8 octets of CMAC(K_MAC, token_input)."""
    authenticated = token_input(algorithm, key)
    count_cmac(len(authenticated))
    cmac = CMAC(algorithms.AES(k_mac))
    cmac.update(authenticated)
    return cmac.finalize()[:TOKEN_LENGTH]
